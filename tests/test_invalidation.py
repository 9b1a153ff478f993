"""What reruns after which change: dry runs of finished studies against docs/what-reruns.md and plain expectations.

`WRITE_PAGE=1 python -m pytest tests/test_invalidation.py -k page` writes the page anew.
"""

import difflib
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study
from forked import Job, snakemake_forked
from reruns import KEYS, MODULES, PAGES, SCHEMA, SECTIONS, WHOLE, Bench, Case, append, page, replace_arrays, settings

from hbr.study.configuration import SETTINGS

PAGE = ROOT / "docs/what-reruns.md"
HBR = "workflow/scripts/hbr/"
LEDGER = {"judge_claims": 1, "measure_costs": 1, "render_ledger": 1, "write_start_page": 1}
MEASURING = {"list_conditions", "measure_classes", "measure_gaps", "compare_conditions", *PAGES, "record_checksums", *LEDGER}
MEASURING |= {"measure_stability", "compare_estimators", "measure_noise", "review_allocations"}
MEASURING |= {"find_suspects", "measure_suspects", "trace_gaps", "relate_gaps"}
MEASURING |= {"compare_with_humans", "measure_doubtful", "measure_published"}
# What every change of a condition ends in.
END = {"measure_gaps": 1, "compare_conditions": 1, "render_effect": 1, "render_precision": 1, "record_checksums": 1, **LEDGER}
END |= {"relate_gaps": 1, "render_gap_and_accuracy": 1}
# Where there are more conditions.
LISTED = {"list_conditions": 1, **END}
# Each holds something of the table of all gaps.
PAGES_OF_GAPS = {f"render_{page}": 1 for page in ("limited", "noise", "placebos", "pools", "pruning")}

# Which of what people call mislabelled a plan draws.
JUDGED = {"measure_doubtful": 1, "render_ground_truth": 1}


@pytest.fixture(scope="module")
def bench(finished, whole, tmp_path_factory) -> Bench:
    return Bench(finished, whole, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def measured(bench) -> dict[str, dict[str, list[Job]]]:
    return {section: bench.section(cases) for section, cases in SECTIONS.items()}


@pytest.fixture(scope="module")
def totals(finished) -> Counter[str]:
    return Counter(job.rule for job in finished.jobs("--forceall"))


def rules(jobs: list[Job]) -> set[str]:
    return {job.rule for job in jobs}


def of_baseline(jobs: list[Job]) -> list[Job]:
    """Return what is done for the baseline again, apart from its gap of hard and easy classes."""
    return [job for job in jobs if job.wildcards.get("condition") == "baseline" and job.rule != "trace_gaps"]


def modules(measured, folder: str) -> dict[str, list[Job]]:
    found = {label: jobs for label, jobs in measured["code"].items() if label.startswith(HBR + folder)}
    assert found
    return found


def test_the_page_is_what_dry_runs_say(measured, finished, whole):
    now = page(measured, finished.jobs("--forceall"), whole.jobs("--forceall"))
    if "WRITE_PAGE" in os.environ:
        PAGE.write_text(now)
    if PAGE.read_text() != now:
        before = PAGE.read_text().splitlines()
        pytest.fail(
            "\n".join(difflib.unified_diff(before, now.splitlines(), PAGE.name, "measured", n=0, lineterm="")), pytrace=False
        )


def leaves(schema: dict, path: str = "") -> Iterator[str]:
    below = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        below["*"] = schema["additionalProperties"]
    # Settings that entries of a registry state themselves.
    below |= {key: {} for key in (SETTINGS[schema["settingsOf"]]() if "settingsOf" in schema else ())}
    if "properties" in schema.get("items", {}):
        below = schema["items"]["properties"]
    for key, value in below.items():
        yield from leaves(value, f"{path}.{key}".removeprefix("."))
    if not below:
        yield path


def test_every_key_of_the_schema_is_changed():
    assert set(leaves(SCHEMA)) == set(KEYS)


# Code


def test_figures_draw_again_and_nothing_else(measured):
    for label, jobs in modules(measured, "analysis/figures/").items():
        assert rules(jobs) <= {*PAGES, "record_checksums"}, label


def test_analysis_never_trains(measured):
    for label, jobs in modules(measured, "analysis/").items():
        assert rules(jobs) <= MEASURING, label


def test_data_and_training_train_everything_again(measured):
    # They are of further images, which only conditions with a pool train on, or of folds.
    others = {"training/scores.py": {"score_images"}, "data/folds.py": {"divide_folds"}}
    others["data/references.py"] = {"prepare_reference"}
    others |= {path: {"prepare_pool"} for path in ("data/pools.py", "data/pool_sources.py", "data/mixtures.py")}
    for label, jobs in (modules(measured, "data/") | modules(measured, "training/")).items():
        if (path := label.removeprefix(HBR)) in others:
            assert rules([job for job in jobs if not job.follows]) == others[path], label
            assert not [job for job in jobs if job.rule == "train_member" and "pool" not in job.wildcards["condition"]], label
        else:
            # Readers of references read labels by others for the data set, too, and are measured where there are references.
            trainings = 26 if "reference_readers" in path else 6
            assert Counter(job.rule for job in jobs)["train_member"] == trainings, label


def test_hardness_and_conditions_never_train_the_baseline(measured):
    # What every plan is made with, the baseline's too.
    own = {"conditions/kind.py", "conditions/kinds/baseline.py", "conditions/bases/all.py"}
    for label, jobs in (modules(measured, "hardness/") | modules(measured, "conditions/")).items():
        if label.removeprefix(HBR) not in own and not label.endswith("__init__.py"):
            assert not of_baseline(jobs), label


LIMITED = {
    f"limited-{source}-aum-random-50-{over}-easy-alpha0.1" for source in ("full", "base") for over in ("random", "holdout")
}


@pytest.mark.parametrize(
    ("module", "planned"),
    [
        ("kinds/pruned", {"pruned-aum-dlp-30", "pruned-aum-clp-30"}),
        ("kinds/threshold", {"threshold"}),
        ("kinds/denoised", {"denoised-lowest"}),
        ("kinds/placebo", {"placebo-shuffled-aum-smote-easy-alpha1"}),
        ("kinds/limited", LIMITED),
        ("oversampling/holdout", {name for name in LIMITED if "holdout" in name}),
        # Hardness of a base follows from trainings on it.
        ("bases/random", {"control-random-50", *(name for name in LIMITED if "-full-" in name)}),
        ("undersampling/random", set()),
        (
            "oversampling/pool_hard",
            {
                "resampled-aum-pool-hard-mixture-easy-alpha1",
                "resampled-aum_denoised-pool-hard-mixture-easy-alpha1",
            },
        ),
    ],
)
def test_a_kind_or_strategy_plans_its_own_conditions_again(bench, module, planned):
    jobs = bench.jobs(Case("", append(f"{HBR}conditions/{module}.py"), WHOLE))
    first = {Path(path).parts[4] for job in jobs if job.rule == "plan_condition" and not job.follows for path in job.output}
    assert first == planned


@pytest.mark.parametrize("module", ["study/configuration", "study/presence", "conditions/names"])
def test_what_checks_and_names_reruns_nothing(measured, module):
    assert measured["code"][f"{HBR}{module}.py"] == []


def test_a_script_reruns_its_rule_first(measured, totals, whole):
    pages = set(PAGES) & set(totals)
    several = {"render_notebook": pages, "download_archive": set()}
    rules_of_whole = rules(whole.jobs("--forceall"))
    for label, jobs in measured["code"].items():
        if Path(label).parent == Path("workflow/scripts"):
            name = Path(label).stem
            known = rules_of_whole | {"fit_whitening"}
            assert rules([job for job in jobs if not job.follows]) == several.get(name, {name} & known), label


def test_a_notebook_reruns_its_page_alone(measured):
    for name in ("baseline", "hardness", "allocation", "effect"):
        assert rules(measured["code"][f"workflow/notebooks/{name}.py"]) == {f"render_{name}", "record_checksums"}


def test_every_module_of_the_package_is_edited(measured):
    assert {f"{HBR}{path.relative_to(ROOT / HBR).as_posix()}" for path in (ROOT / HBR).rglob("*.py")} == set(MODULES)
    assert set(MODULES) <= set(measured["code"])


def test_an_edit_is_seen_whatever_its_date(bench):
    for path in (f"{HBR}analysis/gaps.py", f"{HBR}training/engine.py", "workflow/notebooks/effect.py"):

        def edit_with_old_date(study: Study, path: str = path) -> None:
            append(path)(study)
            os.utime(study.folder / path, (1, 1))

        old = bench.jobs(Case("", edit_with_old_date))
        assert old
        assert Counter(job.rule for job in old) == Counter(job.rule for job in bench.jobs(Case("", append(path))))


def test_arrays_are_known_by_content_not_by_date(bench):
    def with_old_date(study: Study) -> None:
        replace_arrays(study)
        os.utime(study.folder / "mine.npz", (1, 1))

    assert "prepare_dataset" in rules(bench.jobs(Case("", with_old_date, "arrays")))
    assert bench.jobs(Case("", lambda study: (study.folder / "mine.npz").touch(), "arrays")) == []


# The study file


def test_recipes_and_networks_train_everything_again(measured):
    keys = [key for key in KEYS if key.startswith("recipes.")] + [f"datasets.*.{key}" for key in ("network", "width", "recipe")]
    for key in [*keys, "seed"]:
        assert Counter(job.rule for job in measured["config"][key])["train_member"] == 6, key


def test_two_settings_that_trade_values_are_seen(bench):
    # Both sets of values are the same; Snakemake compares no more than these of params.
    change = settings(recipes__quick__crop_padding=2, recipes__quick__el2n_epoch=1)
    assert Counter(job.rule for job in bench.jobs(Case("", change)))["train_member"] == 6


def test_hardness_and_resampling_never_train_the_baseline(measured):
    for key, jobs in measured["config"].items():
        if key.startswith(("hardness", "resampling", "compat")):
            assert not of_baseline(jobs), key
        if key.startswith("resampling"):
            assert not rules(jobs) & {
                "prepare_dataset",
                "estimate_hardness",
                "render_baseline",
                "render_hardness",
            }, key


def test_a_data_set_leaves_the_other_alone(bench, totals):
    jobs = bench.jobs(Case("", settings(datasets__second__split_seed=1), "two data sets"))
    # Conditions do not depend on data.
    assert Counter(job.rule for job in jobs) == totals - Counter({"list_conditions": 1})
    assert all(job.wildcards.get("dataset") == "second" for job in jobs if job.rule not in LEDGER)


@pytest.mark.parametrize("key", ["margin_points", "metrics", "gaps"])
def test_what_is_declared_beforehand_judges_anew_and_trains_nothing(measured, key):
    jobs = measured["config"][f"statistics.{key}"]
    judged = {"judge_claims", "render_effect", "render_precision", "render_ledger", "write_start_page"}
    assert rules(jobs) == {"compare_conditions", "record_checksums", *judged}
    assert [job.rule for job in jobs if not job.follows] == ["compare_conditions"]


@pytest.mark.parametrize("key", ["checkpoint_minutes", "datasets.*.mirror", "datasets.*.archive_folder"])
def test_how_to_run_is_no_part_of_the_results(measured, key):
    assert measured["config"][key] == []


def test_what_computes_nothing_reruns_nothing(measured):
    assert {label: rules(jobs) for label, jobs in measured["nothing"].items() if jobs} == {}


# Growth


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            "one more baseline member",
            {
                "train_member": 1,
                "measure_stability": 2,
                "measure_classes": 1,
                "render_baseline": 1,
                "render_robustness": 1,
                **END,
            },
        ),
        (
            "one more estimator of hardness",
            {
                "estimate_hardness": 1,
                "measure_stability": 1,
                "compare_estimators": 1,
                "render_hardness": 1,
                "render_robustness": 1,
                "record_checksums": 1,
                "judge_claims": 1,
                "render_ledger": 1,
                "write_start_page": 1,
            },
        ),
        (
            "one more estimator to resample by",
            {
                "allocate_samples": 2,
                "review_allocations": 1,
                "plan_condition": 2,
                "train_member": 2,
                "measure_classes": 1,
                "render_allocation": 1,
                **LISTED,
            },
        ),
        ("one more strategy", {"plan_condition": 2, "train_member": 2, "measure_classes": 1, "render_allocation": 1, **LISTED}),
        (
            "one more alpha",
            {
                "allocate_samples": 1,
                "review_allocations": 1,
                "compare_estimators": 1,
                "render_robustness": 1,
                "plan_condition": 2,
                "train_member": 2,
                "measure_classes": 1,
                "render_allocation": 1,
                **LISTED,
            },
        ),
        ("one more variant", {"plan_condition": 2, "train_member": 2, "measure_classes": 2, **END}),
        ("one more member a variant", {"train_member": 4, "measure_classes": 2, **END}),
        (
            "one more rate of pruning",
            {"plan_condition": 2, "train_member": 2, "measure_classes": 2, **PAGES_OF_GAPS, **JUDGED, **LISTED},
        ),
        (
            "one more kind of placebo",
            {
                "plan_condition": 2,
                "train_member": 2,
                "measure_classes": 1,
                **PAGES_OF_GAPS,
                **JUDGED,
                **LISTED,
            },
        ),
        (
            "one more rule of label noise",
            {
                "detect_noise": 1,
                **{f"{verb}_suspects": 1 for verb in ("find", "measure", "render")},
                "measure_noise": 1,
                "render_noise": 1,
                "compare_with_humans": 1,
                "render_ground_truth": 1,
                "record_checksums": 1,
                "judge_claims": 1,
                "render_ledger": 1,
                "write_start_page": 1,
            },
        ),
        (
            "one more denoised condition",
            {"plan_condition": 1, "train_member": 1, "measure_classes": 1, **PAGES_OF_GAPS, **JUDGED, **LISTED},
        ),
    ],
)
def test_growing_runs_what_is_new_and_gathers_again(measured, what, expected):
    jobs = measured["growth"][what]
    if "measure_classes" in expected:
        expected = {**expected, "trace_gaps": expected["measure_classes"]}
    assert dict(Counter(job.rule for job in jobs)) == expected
    assert all(job.new for job in jobs if job.rule not in MEASURING)


def test_one_more_data_set_runs_itself_alone(measured, totals):
    jobs = measured["growth"]["one more data set"]
    assert Counter(job.rule for job in jobs) == totals
    assert all(job.new and job.wildcards.get("dataset") == "second" for job in jobs if job.rule not in LEDGER)


# Copies


def test_a_copy_with_its_records_has_nothing_to_do(finished, tmp_path):
    study = finished.copied(tmp_path / "elsewhere")
    files = sorted(path for path in study.folder.rglob("*") if path.is_file())
    random.Random(1).shuffle(files)
    for path in files:
        path.touch()
    assert study.jobs() == []


def test_a_copy_without_records_is_declared_current_once(finished, tmp_path):
    study = finished.copied(tmp_path / "elsewhere")
    shutil.rmtree(study.folder / ".snakemake")
    status, output = snakemake_forked(study.folder, "--touch", "--forceall")
    assert status == 0, output
    assert study.jobs() == []
    settings(recipes__quick__learning_rate=0.2)(study)
    assert study.planned()["train_member"] == 6
    settings(recipes__quick__learning_rate=0.1)(study)
    append(f"{HBR}analysis/gaps.py")(study)
    assert "measure_gaps" in study.planned()


def test_data_prepared_anew_void_nothing_where_they_are_the_same(finished, tmp_path):
    study = finished.copied(tmp_path / "again")
    data = study.folder / "results/digits/digits/dataset.npz"
    before, script = data.read_bytes(), study.folder / "workflow/scripts/prepare_dataset.py"
    working = script.read_text()
    # Where preparing fails, what there was is kept.
    script.write_text(working + "\nraise SystemExit(1)\n")
    study.snakemake("prepared", fails=True)
    assert data.read_bytes() == before
    script.write_text(working + "\n# Edited.\n")
    assert study.planned()["train_member"] == 6
    study.snakemake("prepared")
    assert data.read_bytes() == before
    assert study.jobs() == []


def test_every_profile_compares_prepared_data_by_content():
    for profile in (ROOT / "workflow/profiles").glob("*/config.yaml"):
        assert yaml.safe_load(profile.read_text())["max-checksum-file-size"] >= 10**10, profile
