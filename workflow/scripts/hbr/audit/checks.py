"""The checks of one data set of a finished study: invariants of what trainings left, and the rest made anew from it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.columns import CONDITION_COLUMNS, PARTS
from hbr.analysis.comparisons import compare_runs, contrasts_of, gaps_of_runs, mark_same_plans, pair_runs
from hbr.analysis.measures import measure_runs
from hbr.analysis.predictions import load_predictions, predictions_of
from hbr.analysis.statistics.study import judge_gaps
from hbr.audit.findings import Findings
from hbr.audit.hardness import check_allocations, check_hardness, check_noise, check_robustness
from hbr.audit.place import Place
from hbr.audit.plans import check_plans
from hbr.audit.record import RECORD, artifacts_under
from hbr.audit.tables import same_arrays, same_bytes
from hbr.conditions.names import needs_control
from hbr.data.datasets import PreparedDataset, load_dataset
from hbr.data.files import read_arrays, read_table, sha256_of
from hbr.data.plans import load_plan
from hbr.errors import StudyError
from hbr.notebooks import kernel_heard_by, made_from, numbers_of, render
from hbr.seeds import derive_seed, seed_of_test_sets
from hbr.training.dynamics import load_dynamics
from hbr.training.outcomes import Outcomes, load_outcomes, load_runs
from hbr.training.settings import TrainingSettings


class StudyAudit:
    """The checks of what lies in the folders of one data set of one study."""

    def __init__(self, config: Mapping[str, Any], dataset: str, root: Path = Path()) -> None:
        self.place = Place(config, dataset, root)
        self.findings = Findings()

    def run(self, pages: bool = True) -> Findings:
        """Return the findings of all checks; ``pages`` says whether the report's pages are made again, which takes longest."""
        place, findings = self.place, self.findings
        self._unchanged()
        with findings.check("prepared data carries its own checksum") as check:
            check.artifacts = 1
            data = load_dataset(place.results / "dataset.npz")
            stored = str(read_arrays(place.results / "dataset.npz", "checksum")["checksum"])
            check.expect(data.checksum == stored, f"{place.results / 'dataset.npz'} holds other data than its checksum says")
        if findings.checks[-1].problems:
            return findings
        with findings.check("plans name existing samples, and are made again") as check:
            check_plans(place, data, check)
        self._members(data)
        self._dynamics(data)
        with findings.check("hardness follows from the dynamics") as check:
            check_hardness(place, data, check)
        with findings.check("stability of hardness follows from the dynamics, agreement from hardness") as check:
            check_robustness(place, data, check)
        with findings.check("label noise follows from the dynamics") as check:
            check_noise(place, data, check)
        with findings.check("allocations follow from hardness and have the right total") as check:
            check_allocations(place, check)
        self._measures()
        self._comparisons()
        if pages:
            self._pages()
        return findings

    def _unchanged(self) -> None:
        with self.findings.check("artifacts are as recorded") as check:
            if not (self.place.results / RECORD).is_file():
                raise StudyError(f"{self.place.results / RECORD} is missing: the study is not finished; run it first")
            record = read_table(self.place.results / RECORD).set_index("path")
            present = {path.as_posix() for path in artifacts_under([self.place.results, self.place.reports])}
            check.artifacts = len(record)
            for path in sorted(set(record.index) - present):
                check.expect(False, f"{path} is recorded, but missing")
            for path in sorted(present - set(record.index)):
                check.expect(False, f"{path} is not recorded; remove it, or run the study to its end")
            for path in sorted(present & set(record.index)):
                check.expect(sha256_of(Path(path)) == record.at[path, "sha256"], f"{path} was changed after the study ended")

    def _members(self, data: PreparedDataset) -> None:
        settings = self.place.settings()
        with self.findings.check("trainings have their data, settings and seeds, and differ") as check:
            seen: dict[bytes, tuple[str, Path]] = {}
            for condition, variant, member in self.place.runs():
                path = self.place.member(condition, variant, member) / "outcomes.npz"
                run = load_outcomes(path)
                check.artifacts += 1
                plan = load_plan(self.place.plan(condition, variant))
                key = (self.place.config["seed"], self.place.name, variant, member)
                for holds, what in (
                    (run.dataset == data.checksum, "was trained on other data"),
                    (run.plan == plan.checksum and run.examples == len(plan), "was trained on another plan"),
                    (
                        TrainingSettings.read(run.settings) == settings,
                        "was trained with other settings than the study file has",
                    ),
                    ((run.variant, run.member) == (variant, member), "is of another variant or member"),
                    (run.weight_seed == derive_seed(*key, "weights"), "has another weight seed"),
                    (run.order_seed == derive_seed(*key, "order"), "has another order seed"),
                    (_is_finite(run), "holds NaN or infinity"),
                    (np.array_equal(run.test_labels, data.test_labels), "was tested on other samples"),
                    (
                        _is_consistent(run, "predictions" in read_arrays(path)),
                        "has logits or predictions that do not give the accuracy of its last epoch",
                    ),
                ):
                    check.expect(holds, f"{path} {what}")
                # Conditions may have one plan: where a rule flags nothing, or alpha is too small to move a sample.
                training = f"{run.plan} {run.order_seed}"
                same, first = seen.setdefault(run.test_logits.tobytes(), (training, path))
                check.expect(same == training, f"{path} has the same logits as {first}")

    def _dynamics(self, data: PreparedDataset) -> None:
        with self.findings.check("dynamics are finite and of the right size") as check:
            for condition, variant, member in self.place.runs():
                path = self.place.member(condition, variant, member) / "dynamics.npz"
                dynamics = load_dynamics(path)
                check.artifacts += 1
                arrays = [value for value in vars(dynamics).values() if isinstance(value, np.ndarray)]
                check.expect(all(np.isfinite(array).all() for array in arrays), f"{path} holds NaN or infinity")
                size = len(load_plan(self.place.plan(condition, variant)))
                check.expect(dynamics.dataset == data.checksum, f"{path} is of other data")
                check.expect(dynamics.examples == size, f"{path} tells of {dynamics.examples} examples, its plan of {size}")

    def _measures(self) -> None:
        place = self.place
        with self.findings.check("measures follow from the outcomes") as check:
            for condition, stated in place.conditions.items():
                runs = load_runs([place.member(condition, *run) / "outcomes.npz" for run in stated.runs])
                own = {part: getattr(stated, part) for part in PARTS}
                tables = measure_runs(runs, {"dataset": place.name, "condition": condition, **own})
                folder = place.results / f"measures/{condition}"
                check.artifacts += 4
                for name, table in zip(("classes", "confusion", "history"), tables, strict=True):
                    path = folder / f"{name}.csv"
                    check.expect(same_bytes(path, table), f"{path} does not follow from its outcomes")
                path = folder / "predictions.npz"
                check.expect(same_arrays(path, **vars(predictions_of(runs))), f"{path} does not follow from its outcomes")

    def _comparisons(self) -> None:
        place, statistics = self.place, self.place.config["statistics"]
        with self.findings.check("gaps, differences and verdicts follow from the measures") as check:
            if not needs_control(place.config):
                return
            first = place.config["resampling"]["estimators"][0]
            hard = (read_table(place.allocation(first, "0"))["group"] == "hard").to_numpy()
            measures = {condition: place.results / f"measures/{condition}" for condition in place.conditions}
            classes = pd.concat([read_table(folder / "classes.csv") for folder in measures.values()])
            contrasts = contrasts_of(classes[CONDITION_COLUMNS].drop_duplicates())
            runs = {condition: load_predictions(folder / "predictions.npz") for condition, folder in measures.items()}
            judged = judge_gaps(
                read_table(place.results / "gaps.csv"),
                contrasts,
                runs,
                hard,
                float(statistics["margin_points"]) / 100,
                (statistics["metrics"], statistics["gaps"]),
                statistics["resamples"],
                seed_of_test_sets(place.config["seed"], place.name),
            )
            pairs = mark_same_plans(pair_runs(classes, contrasts, ["metric", "class"]), runs)
            by_class = compare_runs(pairs, ["metric", "class"])
            for name, table in (
                ("gaps", gaps_of_runs(classes, hard)),
                ("class_differences", by_class),
                ("gap_differences", judged),
            ):
                check.artifacts += 1
                path = place.results / f"{name}.csv"
                check.expect(same_bytes(path, table), f"{path} does not follow from the measures")

    def _pages(self) -> None:
        with self.findings.check("report pages, made again from the artifacts, show the same numbers") as check:
            for path in sorted(self.place.reports.glob("*.html")):
                page = path.read_text(encoding="utf-8")
                told = made_from(page)
                check.artifacts += 1
                with tempfile.TemporaryDirectory(prefix="hbr-") as folder, kernel_heard_by(lambda said: None):
                    again = render(Path(told["notebook"]), told["dataset"], told["inputs"], Path(folder))
                check.expect(numbers_of(again) == numbers_of(page), f"{path} shows other numbers than its artifacts give")


def _is_finite(run: Outcomes) -> bool:
    """Return whether logits and history are finite, apart from test accuracies that the recipe did not ask for."""
    every = TrainingSettings.read(run.settings).recipe
    asked = np.array([every.is_evaluated(int(epoch)) for epoch in run.history[:, 0]])
    kept = np.isfinite(run.history[:, :4]).all() and np.isfinite(run.history[asked, 4]).all()
    return bool(kept and np.isfinite(run.test_logits).all() and np.array_equal(np.isnan(run.history[:, 4]), ~asked))


def _is_consistent(run: Outcomes, has_predictions: bool) -> bool:
    """Return whether the predictions give the last test accuracy, and are of the largest of the stored logits.

    Where a file of an earlier version has none, they are of logits rounded to float16, whose ties may move the accuracy.
    """
    accuracy = float((run.predictions == run.test_labels).mean())
    ordered = np.sort(run.test_logits.astype(np.float32), axis=1)
    predicted = np.take_along_axis(run.test_logits, run.predictions[:, None].astype(np.int64), axis=1)[:, 0]
    slack = 0.0 if has_predictions else float((ordered[:, -1] == ordered[:, -2]).mean()) + 1e-9
    return bool((predicted == ordered[:, -1]).all()) and abs(accuracy - run.history[-1, 4]) <= slack
