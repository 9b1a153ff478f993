"""The audit of a finished study, and what it makes of tampered artifacts."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Study, whole_config

from hbr.audit.checks import StudyAudit
from hbr.audit.record import RECORD, record_of
from hbr.audit.study import audit_ledger
from hbr.data.files import read_arrays, write_arrays, write_table
from hbr.data.plans import KEPT, load_plan, save_plan
from hbr.studies import load_study

RESULTS, REPORTS = "results/digits/digits", "reports/digits/digits"
RESAMPLED = "resampled-aum-smote-easy-alpha1"
# One of each kind of artifact that the study leaves.
KINDS = [
    f"{RESULTS}/dataset.npz",
    f"{RESULTS}/ids.parquet",
    f"{RESULTS}/plans/baseline/variant0/plan.parquet",
    f"{RESULTS}/plans/{RESAMPLED}/variant2/plan.parquet",
    f"{RESULTS}/members/baseline/variant0/member1/outcomes.npz",
    f"{RESULTS}/members/baseline/variant0/member2/dynamics.npz",
    f"{RESULTS}/members/control/variant2/member1/dynamics.npz",
    f"{RESULTS}/members/baseline/variant0/member2/weights.npz",
    f"{RESULTS}/hardness/aum/samples.parquet",
    f"{RESULTS}/hardness/forgetting/classes.csv",
    f"{RESULTS}/stability/aum/pruning.csv",
    f"{RESULTS}/stability/forgetting/allocation.csv",
    f"{RESULTS}/stability/aum/ranks.csv",
    f"{RESULTS}/stability/aum/members_enough.csv",
    f"{RESULTS}/estimators/correlations.csv",
    f"{RESULTS}/estimators/overlap.csv",
    f"{RESULTS}/estimators/uncertainty.csv",
    f"{RESULTS}/allocations/aum/alpha1.csv",
    f"{RESULTS}/measures/control/classes.csv",
    f"{RESULTS}/measures/baseline/confusion.csv",
    f"{RESULTS}/measures/control/predictions.npz",
    f"{RESULTS}/measures/{RESAMPLED}/history.csv",
    f"{RESULTS}/gaps.csv",
    f"{RESULTS}/class_differences.csv",
    f"{RESULTS}/gap_differences.csv",
    f"{REPORTS}/effect.html",
    f"{REPORTS}/figures/class_recall.svg",
    f"{REPORTS}/figures/class_recall.png",
]
PLACEBO = "placebo-shuffled-aum-smote-easy-alpha1"
# What a study with every kind of condition has besides.
MORE_KINDS = [
    f"{RESULTS}/plans/{PLACEBO}/variant1/plan.parquet",
    f"{RESULTS}/plans/control-denoised-lowest/variant2/plan.parquet",
    f"{RESULTS}/plans/pruned-aum-dlp-30/variant1/plan.parquet",
    f"{RESULTS}/plans/denoised-lowest/variant1/plan.parquet",
    f"{RESULTS}/plans/threshold/variant2/plan.parquet",
    f"{RESULTS}/members/denoised-lowest/variant1/member1/dynamics.npz",
    f"{RESULTS}/members/threshold/variant1/member1/outcomes.npz",
    f"{RESULTS}/members/baseline/variant0/member1/scores/train.npz",
    f"{RESULTS}/hardness/aum_denoised/samples.parquet",
    f"{RESULTS}/noise/lowest/samples.parquet",
    f"{RESULTS}/noise/rules.csv",
    f"{RESULTS}/noise/classes.csv",
    f"{RESULTS}/noise/preferred.parquet",
    f"{RESULTS}/measures/threshold/classes.csv",
    f"{REPORTS}/placebos.html",
    f"{REPORTS}/figures/lowest_images.png",
]


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


def audit(pages: bool = False) -> list[str]:
    findings = StudyAudit(load_study(Path("config.yaml")), "digits").run(pages)
    print(findings)
    return findings.problems


def record_again() -> None:
    """Do what a forger would do: make the record agree."""
    write_table(f"{RESULTS}/{RECORD}", record_of([Path(RESULTS), Path(REPORTS)]))


def test_a_finished_study_passes_as_a_command(finished):
    command = [sys.executable, "workflow/scripts/audit_study.py", "config.yaml"]
    done = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "nothing to object to" in done.stdout
    assert done.stdout.count("holds") == 14


def test_kinds_are_all_there_is(own):
    kinds = {Path(path).suffix for path in KINDS} | {Path(path).name for path in KINDS}
    record = pd.read_csv(f"{RESULTS}/{RECORD}")
    assert {Path(path).suffix for path in record["path"]} <= kinds
    assert {Path(path).name for path in record["path"] if path.startswith(RESULTS)} <= kinds | {"alpha0.csv"}


def flipped(whole: bytes, place: int) -> bytes:
    """Return the content of a file with one byte flipped."""
    content = bytearray(whole)
    content[place] ^= 1
    return bytes(content)


@pytest.mark.parametrize(("study", "kinds", "places"), [("own", KINDS, (0, 0.5, 1)), ("own_whole", MORE_KINDS, (0.5,))])
def test_one_flipped_byte_in_any_kind_of_artifact_is_caught(study, kinds, places, request, record_property):
    request.getfixturevalue(study)
    caught = 0
    for path in map(Path, kinds):
        whole = path.read_bytes()
        for place in places:
            path.write_bytes(flipped(whole, int(place * (len(whole) - 1))))
            problems = audit()
            assert any(str(path) in problem for problem in problems), (path, place, problems)
            path.write_bytes(whole)
            caught += 1
    assert audit() == []
    record_property("tampered and caught", caught)
    print(f"{caught} of {len(places) * len(kinds)} tampered artifacts caught")


def test_a_study_with_every_kind_of_condition_passes_with_its_pages_and_its_ledger(own_whole):
    done = subprocess.run(
        [sys.executable, "workflow/scripts/audit_study.py", "config.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


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
    ("path", "change", "sentence"),
    [
        (f"plans/{PLACEBO}/variant1/plan.parquet", _other_source, "is not what its rule makes"),
        ("plans/pruned-aum-dlp-30/variant1/plan.parquet", _other_source, "is not what its rule makes"),
        ("plans/pruned-aum-clp-30/variant1/plan.parquet", _other_source, "is not what its rule makes"),
        ("plans/denoised-lowest/variant1/plan.parquet", _other_source, "is not what its rule makes"),
        ("noise/lowest/samples.parquet", _unflag, "samples.parquet does not follow from the dynamics"),
        ("noise/pleiss/samples.parquet", _unflag, "samples.parquet does not follow from the dynamics"),
    ],
)
def test_forgeries_of_what_only_some_studies_have_are_caught(own_whole, path, change, sentence):
    change(Path(RESULTS) / path)
    record_again()
    assert any(sentence in problem and path.rpartition("/")[0] in problem for problem in audit())


def test_a_threshold_run_that_was_never_trained_with_its_class_is_caught(own_whole):
    folder = Path(RESULTS) / "members/threshold"
    for name in ("outcomes.npz", "dynamics.npz"):
        shutil.copyfile(folder / f"variant2/member1/{name}", folder / f"variant1/member1/{name}")
    record_again()
    problems = "\n".join(audit())
    assert "threshold/variant1/member1/outcomes.npz was trained on another plan" in problems
    assert "noise/pleiss/samples.parquet does not follow from the dynamics" in problems


def test_hardness_of_another_source_is_caught(own_whole):
    for name in ("samples.parquet", "classes.csv"):
        shutil.copyfile(Path(RESULTS) / f"hardness/aum/{name}", Path(RESULTS) / f"hardness/aum_denoised/{name}")
    record_again()
    problems = "\n".join(audit())
    assert "hardness/aum_denoised/samples.parquet does not follow" in problems


@pytest.mark.parametrize("table", ["claims.csv", "deviations.csv", "costs.csv", "opening.csv"])
def test_a_forged_ledger_is_caught(own_whole, table):
    path = Path("results/digits") / table
    text, study = path.read_text(), load_study(Path("config.yaml"))
    assert audit_ledger(study, pages=False).problems == []
    path.write_text(text.replace("inconclusive", "reproduced", 1) if "inconclusive" in text else text.replace("1", "2", 1))
    assert path.read_text() != text
    assert any(table in problem for problem in audit_ledger(study, pages=False).problems)


def test_conditions_of_one_plan_may_end_alike_and_classes_may_differ_in_size(tmp_path, monkeypatch):
    config = whole_config()
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
    problems = "\n".join(audit())
    assert f"{outcomes} is of another variant or member" in problems
    assert f"{outcomes} has another weight seed" in problems
    assert "extra.csv is not recorded" in problems
    assert "gaps.csv is recorded, but missing" in problems


def test_an_unfinished_study_is_not_passed(own):
    (Path(RESULTS) / RECORD).unlink()
    assert "the study is not finished" in audit()[0]


def _edit_csv(path: Path, column: str, change) -> None:
    table = pd.read_csv(path, keep_default_na=False)
    table.loc[0, column] = change(table.loc[0, column])
    write_table(path, table)


@pytest.mark.parametrize(
    ("path", "column", "change", "sentence"),
    [
        ("measures/control/classes.csv", "value", lambda value: value - 0.01, "does not follow from its outcomes"),
        ("hardness/forgetting/classes.csv", "hardness", lambda value: value + 0.1, "classes.csv does not follow"),
        ("stability/aum/ranks.csv", "spearman", lambda value: 0.5, "ranks.csv does not follow from the dynamics"),
        ("estimators/overlap.csv", "value", lambda value: value / 2, "overlap.csv does not follow from the tables of hardness"),
        ("allocations/aum/alpha1.csv", "granted", lambda value: value + 1, "does not follow from its class hardness"),
        ("gaps.csv", "value", lambda value: value / 2, "gaps.csv does not follow from the measures"),
        ("gap_differences.csv", "lower", lambda value: value - 1, "gap_differences.csv does not follow"),
        ("class_differences.csv", "difference", lambda value: 0.5, "class_differences.csv does not follow"),
    ],
)
def test_a_forged_table_is_caught_though_the_record_agrees(own, path, column, change, sentence):
    _edit_csv(Path(RESULTS) / path, column, change)
    record_again()
    assert any(sentence in problem for problem in audit())


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
        ("members/baseline/variant0/member1/dynamics.npz", {"margin_sum": lambda a: a + 1}, "samples.parquet does not follow"),
        ("dataset.npz", {"train_images": lambda a: a ^ 1}, "holds other data than its checksum says"),
    ],
)
def test_forged_arrays_are_caught_though_the_record_agrees(own, path, changes, sentence):
    _edit_arrays(Path(RESULTS) / path, **changes)
    record_again()
    assert any(sentence in problem for problem in audit())


def test_a_study_of_a_version_that_kept_no_predictions_passes(own):
    for path in Path(RESULTS).glob("members/*/*/*/outcomes.npz"):
        write_arrays(path, **{name: array for name, array in read_arrays(path).items() if name != "predictions"})
    record_again()
    assert audit() == []


def test_other_settings_than_the_study_file_has_are_caught(own):
    own.config["recipes"]["quick"]["weight_decay"] = 0.001
    own.write(own.config)
    assert any("other settings than the study file has" in problem for problem in audit())


def test_a_forged_number_on_a_page_is_caught_though_the_record_agrees(own):
    page = Path(REPORTS) / "effect.html"
    text = page.read_text()
    start = text.index("<td>", text.index("Conditions in one table")) + 4
    digit = next(place for place in range(start, len(text)) if text[place].isdigit() and text[place - 1] == ".")
    page.write_text(text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :])
    record_again()
    assert audit(pages=True) == [f"{page} shows other numbers than its artifacts give"]
