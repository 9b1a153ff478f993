"""The audit of a finished study, and what it makes of tampered artifacts."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Study

from hbr.audit.checks import StudyAudit
from hbr.audit.record import RECORD, record_of
from hbr.data.files import read_arrays, write_arrays, write_table
from hbr.studies import load_study

RESULTS, REPORTS = "results/digits/digits", "reports/digits/digits"
RESAMPLED = "resampled-aum-smote-easy-alpha1"
# One of each kind of artifact that the study leaves.
KINDS = [
    f"{RESULTS}/dataset.npz",
    f"{RESULTS}/plans/baseline/variant0/plan.parquet",
    f"{RESULTS}/plans/{RESAMPLED}/variant2/plan.parquet",
    f"{RESULTS}/plans/{RESAMPLED}/variant1/synthetic.npz",
    f"{RESULTS}/members/baseline/variant0/member1/outcomes.npz",
    f"{RESULTS}/members/baseline/variant0/member2/dynamics.npz",
    f"{RESULTS}/members/control/variant2/member1/dynamics.npz",
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


@pytest.fixture
def own(copied, monkeypatch) -> Study:
    monkeypatch.chdir(copied.folder)
    return copied


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


def test_one_flipped_byte_in_any_kind_of_artifact_is_caught(own, record_property):
    caught = 0
    for path in map(Path, KINDS):
        whole = path.read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            content = bytearray(whole)
            content[place] ^= 1
            path.write_bytes(content)
            problems = audit()
            assert any(str(path) in problem for problem in problems), (path, place, problems)
            caught += 1
        path.write_bytes(whole)
    assert audit() == []
    record_property("tampered and caught", caught)
    print(f"{caught} of {3 * len(KINDS)} tampered artifacts caught")


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
        ("members/baseline/variant0/member1/outcomes.npz", {"order_seed": lambda a: a + 1}, "has another order seed"),
        ("members/baseline/variant0/member1/dynamics.npz", {"margin_sum": _nan}, "dynamics.npz holds NaN"),
        ("members/baseline/variant0/member1/dynamics.npz", {"margin_sum": lambda a: a + 1}, "samples.parquet does not follow"),
        ("dataset.npz", {"train_images": lambda a: a ^ 1}, "holds other data than its checksum says"),
        (f"plans/{RESAMPLED}/variant1/synthetic.npz", {"images": lambda a: a ^ 1}, "was trained on another plan"),
    ],
)
def test_forged_arrays_are_caught_though_the_record_agrees(own, path, changes, sentence):
    _edit_arrays(Path(RESULTS) / path, **changes)
    record_again()
    assert any(sentence in problem for problem in audit())


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
