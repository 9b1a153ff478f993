"""The audit of a finished study, and what it makes of tampered artifacts."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, Study, whole_config
from forked import Job, planned_jobs

from hbr.data.files import read_arrays, read_table, write_arrays, write_table
from hbr.data.plans import KEPT, load_plan, save_plan
from hbr.study.audit.findings import Check
from hbr.study.audit.record import RECORD, check_record, record_of
from hbr.study.audit.replay import differences
from hbr.study.audit.study import audit_study, is_held, other_version
from hbr.study.studies import load_study
from hbr.training.outcomes import EARLIER_SECONDS, load_outcomes, save_outcomes

RESULTS, REPORTS = "results/digits/digits", "reports/digits/digits"
RESAMPLED = "resampled-aum-smote-easy-alpha1"
PLACEBO = "placebo-shuffled-aum-smote-easy-alpha1"


def handed_over(study: Study) -> Study:
    """Return the study as somebody else would get it: results do not depend on logs or on Snakemake's records."""
    shutil.rmtree(study.folder / "logs")
    shutil.rmtree(study.folder / ".snakemake")
    return study


@pytest.fixture
def own(copied, monkeypatch) -> Study:
    monkeypatch.chdir(copied.folder)
    return handed_over(copied)


@pytest.fixture
def own_whole(whole, tmp_path, monkeypatch) -> Study:
    study = whole.copied(tmp_path / "copy")
    monkeypatch.chdir(study.folder)
    return handed_over(study)


def audit(pages: bool = False, rules: str = "") -> list[str]:
    """Return the problems of the study here; ``rules`` names those whose commands are run again, all without."""
    jobs = planned_jobs(Path.cwd(), "--forceall")
    jobs = [job for job in jobs if not rules or is_held(job) or re.search(rules, job.rule)]
    findings = audit_study(load_study(Path("config.yaml")), jobs, pages)
    print(findings)
    return findings.problems


def record_again() -> None:
    """Do what a forger would do: make the record agree."""
    write_table(f"{RESULTS}/{RECORD}", record_of([Path(RESULTS), Path(REPORTS)]))


def test_a_study_of_a_resumed_training_passes(own):
    """What its earlier runs took stands beside what it left."""
    outcomes = next(own.folder.glob("results/digits/digits/members/baseline/*/member1/outcomes.npz"))
    outcomes.with_name(EARLIER_SECONDS).write_text("100.5\n", encoding="utf-8")
    (job,) = (job for job in planned_jobs(own.folder, "--forceall") if job.rule == "measure_costs")
    assert differences(job) == ["results/digits/costs.csv is not what its command makes"]
    _, script, *words = shlex.split(job.command)
    subprocess.run([sys.executable, script, *words], check=True)
    assert differences(job) == []


def test_a_finished_study_passes_as_a_command_though_its_images_are_away(own):
    rules = {job.rule for job in planned_jobs(own.folder, "--forceall") if not is_held(job)}
    digits = own.config["datasets"]["digits"]
    own.config["datasets"]["digits"] = {"source": "arrays", "file": "away.npz", "test_fraction": digits["test_fraction"]}
    own.config["datasets"]["digits"] |= {key: digits[key] for key in ("network", "width", "recipe")}
    own.write(own.config)
    command = [sys.executable, "workflow/scripts/audit_study.py", "config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "nothing to object to" in done.stdout
    # Every rule of the study is run again, apart from those that the record and the checksums in outcomes hold.
    assert set(re.findall(r"^(\w+), run again, makes the same +\d+  holds$", done.stdout, re.MULTILINE)) == rules


def test_a_study_that_has_not_run_is_refused_in_one_sentence(tmp_path):
    command = [sys.executable, ROOT / "workflow/scripts/audit_study.py", ROOT / "config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: results/digits does not exist: the study has not run here; make run STUDY=")
    assert done.stderr.count("\n") == 1


def flip(path: Path, place: float) -> None:
    """Flip one bit of a file, at a place from 0, its first byte, to 1, its last."""
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_one_flipped_byte_in_any_artifact_is_caught(own_whole, place, record_property):
    recorded = [Path(path) for path in read_table(f"{RESULTS}/{RECORD}")["path"] if Path(path).stat().st_size]
    for path in recorded:
        flip(path, place)
    check = Check("")
    check_record(Path(RESULTS), Path(REPORTS), check)
    assert check.problems == [f"{path} was changed after the study ended" for path in recorded]
    record_property("tampered and caught", len(recorded))


@pytest.fixture(scope="module")
def one_of_each(whole) -> dict[str, Job]:
    """One job of every rule that is run again, pages apart."""
    jobs = {job.rule: job for job in whole.jobs("--forceall") if not is_held(job)}
    return {rule: job for rule, job in jobs.items() if not any(path.endswith(".html") for path in job.output)}


def test_one_flipped_byte_in_what_any_rule_makes_is_caught_though_the_record_agrees(own_whole, one_of_each):
    for rule, job in one_of_each.items():
        kept = {path: Path(path).read_bytes() for path in job.output}
        for path in map(Path, job.output):
            flip(path, 0.5)
        assert {problem.partition(" ")[0] for problem in differences(job)} == set(job.output), rule
        for path, content in kept.items():
            Path(path).write_bytes(content)
        assert differences(job) == []


def test_commands_are_python_scripts_with_plain_arguments(whole):
    for job in whole.jobs("--forceall"):
        words = shlex.split(job.command)
        assert words[0] == "python"
        # Were there anything for a shell to expand, it would stand unquoted.
        assert not re.search(r"[$`;|&<>*]", re.sub(r"'[^']*'", "", job.command)), job.command


def test_a_study_with_every_kind_of_condition_passes_with_its_ledger(own_whole):
    assert audit() == []


def test_results_of_another_version_say_so(own):
    study = load_study(Path("config.yaml"))
    assert other_version(study) == ""
    for version, said in (("0.1.9", "was made by version 0.1.9 of the project"), (None, "was made by version before 0.2.0")):
        table = read_table(f"{RESULTS}/{RECORD}")
        write_table(f"{RESULTS}/{RECORD}", table.drop(columns="version") if version is None else table.assign(version=version))
        assert said in other_version(study)


def _unflag(path: Path) -> None:
    table = pd.read_parquet(path)
    table["flagged"] = ~table["flagged"]
    table.to_parquet(path, index=False)


def _other_source(path: Path) -> None:
    plan, labels = load_plan(path), read_arrays(f"{RESULTS}/dataset.npz", "train_labels")["train_labels"]
    sample = np.setdiff1d(np.arange(len(labels)), plan.source)[0]
    source = plan.source.copy()
    source[np.flatnonzero((plan.labels == labels[sample]) & (plan.origin == KEPT))[0]] = sample
    save_plan(path, replace(plan, source=source))


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (f"plans/{PLACEBO}/variant1/plan.parquet", _other_source),
        ("plans/pruned-aum-dlp-30/variant1/plan.parquet", _other_source),
        ("plans/pruned-aum-clp-30/variant1/plan.parquet", _other_source),
        ("plans/denoised-lowest/variant1/plan.parquet", _other_source),
        (f"plans/{RESAMPLED}/variant2/plan.parquet", _other_source),
        ("noise/lowest/samples.parquet", _unflag),
        ("noise/pleiss/samples.parquet", _unflag),
    ],
)
def test_forgeries_of_what_only_some_studies_have_are_caught(own_whole, path, change):
    change(Path(RESULTS) / path)
    record_again()
    assert f"{RESULTS}/{path} is not what its command makes" in audit(rules="plan|allocate|detect")


def test_a_threshold_run_that_was_never_trained_with_its_class_is_caught(own_whole):
    folder = Path(RESULTS) / "members/threshold"
    for name in ("outcomes.npz", "dynamics.npz"):
        shutil.copyfile(folder / f"variant2/member1/{name}", folder / f"variant1/member1/{name}")
    record_again()
    problems = "\n".join(audit(rules="detect_noise"))
    assert "threshold/variant1/member1/outcomes.npz was trained on another plan" in problems
    assert "noise/pleiss/samples.parquet is not what its command makes" in problems


def test_hardness_of_another_source_is_caught(own_whole):
    for name in ("samples.parquet", "classes.csv"):
        shutil.copyfile(Path(RESULTS) / f"hardness/aum/{name}", Path(RESULTS) / f"hardness/aum_denoised/{name}")
    record_again()
    assert "hardness/aum_denoised/samples.parquet is not what its command makes" in "\n".join(audit(rules="hardness"))


@pytest.mark.parametrize("table", ["claims.csv", "deviations.csv", "costs.csv", "opening.csv"])
def test_a_forged_ledger_is_caught(own_whole, table, one_of_each):
    path = Path("results/digits") / table
    text, job = path.read_text(), one_of_each["measure_costs" if table == "costs.csv" else "judge_claims"]
    assert differences(job) == []
    path.write_text(text.replace("inconclusive", "reproduced", 1) if "inconclusive" in text else text.replace("1", "2", 1))
    assert path.read_text() != text
    assert differences(job) == [f"{path} is not what its command makes"]


def test_conditions_of_one_plan_may_end_alike_and_classes_may_differ_in_size(tmp_path, monkeypatch):
    config = whole_config()
    del config["hardness"]["estimators"]["aum_denoised"], config["datasets"]["digits"]["scored"]
    config["resampling"]["estimators"] = ["aum"]
    config["resampling"]["strategies"] = config["placebos"]["strategies"]
    # What has no say in it.
    config["pruning"]["rates"] = config["limited"]["rates"] = []
    config["datasets"]["digits"]["pools"], config["suspects"]["folds"] = {}, 0
    # So small an alpha moves no sample, and the rule flags none: all these conditions train on what the control does.
    config["resampling"]["alphas"] = config["placebos"]["alphas"] = [0.00001]
    config["noise"]["rules"]["lowest"] = {"method": "below", "threshold": -1000}
    config["datasets"]["digits"]["flipped_labels"] = 0.1
    Study(tmp_path, config).snakemake()
    monkeypatch.chdir(tmp_path)
    assert audit() == []


def test_a_removed_a_foreign_and_an_unrecorded_file_are_named(own):
    outcomes = Path(RESULTS) / "members/control/variant1/member1/outcomes.npz"
    shutil.copyfile(Path(RESULTS) / "members/control/variant2/member1/outcomes.npz", outcomes)
    (Path(RESULTS) / "gaps.csv").unlink()
    (Path(RESULTS) / "extra.csv").write_text("x\n")
    problems = "\n".join(audit(rules="measure_gaps"))
    assert f"{outcomes} is of another variant or member" in problems
    assert f"{outcomes} has another weight seed" in problems
    assert "extra.csv is not recorded" in problems
    assert "gaps.csv is recorded, but missing" in problems


def test_an_unfinished_study_is_not_passed(own):
    (Path(RESULTS) / RECORD).unlink()
    assert "the study is not finished" in audit(rules="none")[0]


def _edit_csv(path: Path, column: str, change) -> None:
    table = pd.read_csv(path, keep_default_na=False)
    table.loc[0, column] = change(table.loc[0, column])
    write_table(path, table)


@pytest.mark.parametrize(
    ("path", "column", "change", "rule"),
    [
        ("measures/control/classes.csv", "value", lambda value: value - 0.01, "measure_classes"),
        ("hardness/forgetting/classes.csv", "hardness", lambda value: value + 0.1, "estimate_hardness"),
        ("stability/aum/ranks.csv", "spearman", lambda value: 0.5, "measure_stability"),
        ("estimators/overlap.csv", "value", lambda value: value / 2, "compare_estimators"),
        ("allocations/aum/alpha1.csv", "granted", lambda value: value + 1, "allocate_samples"),
        ("gaps.csv", "value", lambda value: value / 2, "measure_gaps"),
        ("gap_differences.csv", "lower", lambda value: value - 1, "compare_conditions"),
        ("class_differences.csv", "difference", lambda value: 0.5, "compare_conditions"),
    ],
)
def test_a_forged_table_is_caught_though_the_record_agrees(own, path, column, change, rule):
    _edit_csv(Path(RESULTS) / path, column, change)
    record_again()
    assert f"{RESULTS}/{path} is not what its command makes" in audit(rules=rule)


def _edit_arrays(path: Path, **changes) -> None:
    arrays = dict(read_arrays(path))
    write_arrays(path, **arrays | {name: change(arrays[name].copy()) for name, change in changes.items()})


def _nan(array):
    array.flat[0] = np.nan
    return array


@pytest.mark.parametrize(
    ("path", "changes", "sentence"),
    [
        ("members/baseline/variant0/member1/outcomes.npz", {"test_logits": _nan}, "holds NaN"),
        ("members/baseline/variant0/member1/outcomes.npz", {"test_logits": lambda a: a[:, ::-1]}, "do not give the accuracy"),
        ("members/baseline/variant0/member1/outcomes.npz", {"predictions": lambda a: a[::-1]}, "do not give the accuracy"),
        ("members/baseline/variant0/member1/outcomes.npz", {"order_seed": lambda a: a + 1}, "has another order seed"),
        ("members/baseline/variant0/member1/dynamics.npz", {"margin_sum": _nan}, "dynamics.npz holds NaN"),
        (
            "members/baseline/variant0/member1/dynamics.npz",
            {"margin_sum": lambda a: a + 1},
            "samples.parquet is not what its command makes",
        ),
        ("dataset.npz", {"train_images": lambda a: a ^ 1}, "holds other data than its checksum says"),
    ],
)
def test_forged_arrays_are_caught_though_the_record_agrees(own, path, changes, sentence):
    _edit_arrays(Path(RESULTS) / path, **changes)
    record_again()
    assert any(sentence in problem for problem in audit(rules="estimate_hardness"))


def test_a_study_of_a_version_that_kept_no_predictions_passes(own):
    for path in Path(RESULTS).glob("members/*/*/*/outcomes.npz"):
        arrays = dict(read_arrays(path))
        # Of logits that round alike another class might be taken for the largest.
        predicted = arrays.pop("predictions")
        arrays["test_logits"][np.arange(len(predicted)), predicted] += 1
        write_arrays(path, **arrays)
    record_again()
    assert audit() == []


def test_trainings_of_several_precisions_are_caught(own):
    path = sorted(Path(RESULTS).glob("members/control/*/*/outcomes.npz"))[-1]
    save_outcomes(path, replace(load_outcomes(path), precision="bfloat16"))
    record_again()
    assert any("fix the precision in the recipe" in problem for problem in audit(rules="none"))


def test_other_settings_than_the_study_file_has_are_caught(own):
    own.config["recipes"]["quick"]["weight_decay"] = 0.001
    own.write(own.config)
    assert any("other settings than the study file has" in problem for problem in audit(rules="none"))


def test_a_forged_number_on_a_page_is_caught_though_the_record_agrees(own):
    page = Path(REPORTS) / "effect.html"
    text = page.read_text()
    start = text.index("<td", text.index("Conditions in one table"))
    digit = next(place for place in range(start, len(text)) if text[place].isdigit() and text[place - 1] == ".")
    page.write_text(text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :])
    record_again()
    assert audit(pages=True, rules="render_effect") == [f"{page} is not what its command makes"]
