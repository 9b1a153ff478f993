"""The checks of one data set of a finished study: invariants of what trainings left, and the rest made anew from it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import compare_to_control, gaps_of_runs
from hbr.analysis.measures import measure_runs
from hbr.audit.findings import Findings
from hbr.audit.record import RECORD, artifacts_under
from hbr.conditions.names import BASELINE, CONTROL, alpha_text, conditions_of, hardness_runs, runs_of, source_of
from hbr.data.datasets import PreparedDataset, load_dataset
from hbr.data.files import read_arrays, read_table, sha256_of, write_table
from hbr.data.plans import check_plan, load_plan
from hbr.errors import StudyError
from hbr.hardness.agreement import comparison_tables
from hbr.hardness.allocation import allocation_table
from hbr.hardness.classes import class_table, sample_table
from hbr.hardness.ensembles import ensemble_pairs
from hbr.hardness.estimators import Estimator, definition, estimator_of, instance_scores
from hbr.hardness.stability import stability_tables, table_of
from hbr.notebooks import kernel_heard_by, made_from, numbers_of, render
from hbr.seeds import derive_rng, derive_seed
from hbr.training.dynamics import load_dynamics
from hbr.training.outcomes import Outcomes, load_outcomes, load_runs


class StudyAudit:
    """One data set of one study: its settings, its folders, and the checks of what lies there."""

    def __init__(self, config: Mapping[str, Any], dataset: str, root: Path = Path()) -> None:
        self.config, self.name = config, dataset
        self.results = root / "results" / config["study"] / dataset
        self.reports = root / "reports" / config["study"] / dataset
        self.conditions = conditions_of(config)
        self.findings = Findings()

    def run(self, pages: bool = True) -> Findings:
        """Return the findings of all checks; ``pages`` says whether the report's pages are made again, which takes longest."""
        self._unchanged()
        with self.findings.check("prepared data carries its own checksum") as check:
            check.artifacts = 1
            data = load_dataset(self.results / "dataset.npz")
            stored = str(read_arrays(self.results / "dataset.npz", "checksum")["checksum"])
            check.expect(data.checksum == stored, f"{self.results / 'dataset.npz'} holds other data than its checksum says")
        if self.findings.checks[-1].problems:
            return self.findings
        self._plans(data)
        self._members(data)
        self._dynamics(data)
        self._hardness(data)
        self._robustness(data)
        self._allocations()
        self._measures()
        self._comparisons()
        if pages:
            self._pages()
        return self.findings

    def runs(self) -> list[tuple[str, int, int]]:
        """Return condition, variant and member of every training of the study."""
        return [(condition, *run) for condition in self.conditions for run in runs_of(self.config, condition)]

    def member(self, condition: str, variant: int, member: int) -> Path:
        """Return the folder of one training's results."""
        return self.results / f"members/{condition}/variant{variant}/member{member}"

    def plan(self, condition: str, variant: int) -> Path:
        """Return the folder of one plan."""
        return self.results / f"plans/{condition}/variant{variant}"

    def _unchanged(self) -> None:
        with self.findings.check("artifacts are as recorded") as check:
            if not (self.results / RECORD).is_file():
                raise StudyError(f"{self.results / RECORD} is missing: the study is not finished; run it first")
            record = read_table(self.results / RECORD).set_index("path")
            present = {path.as_posix() for path in artifacts_under([self.results, self.reports])}
            check.artifacts = len(record)
            for path in sorted(set(record.index) - present):
                check.expect(False, f"{path} is recorded, but missing")
            for path in sorted(present - set(record.index)):
                check.expect(False, f"{path} is not recorded; remove it, or run the study to its end")
            for path in sorted(present & set(record.index)):
                check.expect(sha256_of(Path(path)) == record.at[path, "sha256"], f"{path} was changed after the study ended")

    def _plans(self, data: PreparedDataset) -> None:
        size, classes = len(data.train_labels), data.classes
        with self.findings.check("plans name existing samples and keep size and allocation") as check:
            for condition, parts in self.conditions.items():
                for variant in dict.fromkeys(variant for variant, _ in runs_of(self.config, condition)):
                    where = self.plan(condition, variant)
                    plan = load_plan(where / "plan.parquet", where / "synthetic.npz")
                    check.artifacts += 1
                    check_plan(plan, data.train_labels, str(where / "plan.parquet"))
                    granted = np.bincount(data.train_labels, minlength=classes)
                    if parts["kind"] == "resampled":
                        table = read_table(self._allocation(parts["estimator"], parts["alpha"]))
                        granted = table["granted"].to_numpy()
                        # A strategy that only adds, or only removes, meets the allocation on its side alone.
                        counts = np.bincount(data.train_labels, minlength=classes)
                        if parts["oversampling"] == "none":
                            granted = np.minimum(granted, counts)
                        if parts["undersampling"] == "none":
                            granted = np.maximum(granted, counts)
                    same = np.array_equal(plan.class_counts(classes), granted)
                    check.expect(same, f"{where / 'plan.parquet'} does not hold the samples per class that were allocated")
                    if condition in (BASELINE, CONTROL):
                        whole = len(plan) == size and np.array_equal(np.sort(plan.source), np.arange(size))
                        check.expect(whole, f"{where / 'plan.parquet'} is not the unchanged training set")

    def _members(self, data: PreparedDataset) -> None:
        settings = self._settings()
        with self.findings.check("trainings have their data, settings and seeds, and differ") as check:
            seen: dict[bytes, Path] = {}
            for condition, variant, member in self.runs():
                path = self.member(condition, variant, member) / "outcomes.npz"
                run = load_outcomes(path)
                check.artifacts += 1
                where = self.plan(condition, variant)
                plan = load_plan(where / "plan.parquet", where / "synthetic.npz")
                key = (self.config["seed"], self.name, variant, member)
                for holds, what in (
                    (run.dataset == data.checksum, "was trained on other data"),
                    (run.plan == plan.checksum and run.examples == len(plan), "was trained on another plan"),
                    (json.loads(run.settings) == settings, "was trained with other settings than the study file has"),
                    ((run.variant, run.member) == (variant, member), "is of another variant or member"),
                    (run.weight_seed == derive_seed(*key, "weights"), "has another weight seed"),
                    (run.order_seed == derive_seed(*key, "order"), "has another order seed"),
                    (bool(np.isfinite(run.test_logits).all() and np.isfinite(run.history).all()), "holds NaN or infinity"),
                    (np.array_equal(run.test_labels, data.test_labels), "was tested on other samples"),
                    (_consistent(run), "has logits that do not give the accuracy of its last epoch"),
                ):
                    check.expect(holds, f"{path} {what}")
                logits = run.test_logits.tobytes()
                check.expect(logits not in seen, f"{path} has the same logits as {seen.get(logits)}")
                seen[logits] = path

    def _dynamics(self, data: PreparedDataset) -> None:
        with self.findings.check("dynamics are finite and of the right size") as check:
            for condition, variant, member in self.runs():
                path = self.member(condition, variant, member) / "dynamics.npz"
                dynamics = load_dynamics(path)
                check.artifacts += 1
                arrays = [value for value in vars(dynamics).values() if isinstance(value, np.ndarray)]
                check.expect(all(np.isfinite(array).all() for array in arrays), f"{path} holds NaN or infinity")
                where = self.plan(condition, variant)
                size = len(load_plan(where / "plan.parquet", where / "synthetic.npz"))
                check.expect(dynamics.dataset == data.checksum, f"{path} is of other data")
                check.expect(dynamics.examples == size, f"{path} tells of {dynamics.examples} examples, its plan of {size}")

    def _hardness(self, data: PreparedDataset) -> None:
        with self.findings.check("hardness follows from the dynamics") as check:
            for name in self.config["hardness"]["estimators"]:
                source = source_of(self.config, name)
                runs = hardness_runs(self.config, source)
                numbers = [member if source == BASELINE else place for place, (_, member) in enumerate(runs, 1)]
                estimator, text, scores, places = self._scores(name, runs)
                labels = data.train_labels[places]
                folder = self.results / f"hardness/{name}"
                samples = sample_table(scores, labels, estimator.direction, numbers, places)
                classes = class_table(scores, labels, data.class_names, estimator.direction, text)
                check.artifacts += 2
                check.expect(_same(folder / "samples.parquet", samples), f"{folder / 'samples.parquet'} does not follow")
                check.expect(_same(folder / "classes.csv", classes), f"{folder / 'classes.csv'} does not follow")

    def _robustness(self, data: PreparedDataset) -> None:
        stability, offset = self.config["stability"], float(self.config["resampling"]["hardness_offset"])
        key = (self.config["seed"], self.name)
        with self.findings.check("stability of hardness follows from the dynamics, agreement from hardness") as check:
            names = list(self.config["hardness"]["estimators"])
            for name in names:
                runs = runs_of(self.config, source_of(self.config, name))
                estimator, text, scores, places = self._scores(name, runs)
                pairs = ensemble_pairs(len(runs), stability["partitions"], derive_rng(*key, "stability"))
                labels, tolerance = data.train_labels[places], float(stability["tolerance_percent"])
                tables = stability_tables(scores, labels, data.class_names, estimator.direction, offset, tolerance, pairs)
                for file, table in tables.items():
                    path = self.results / f"stability/{name}/{file}.csv"
                    check.artifacts += 1
                    check.expect(_same(path, table_of(table, name, text)), f"{path} does not follow from the dynamics")
            samples = {name: read_table(self.results / f"hardness/{name}/samples.parquet") for name in names}
            classes = {name: read_table(self.results / f"hardness/{name}/classes.csv") for name in names}
            alphas, resamples = map(float, self.config["resampling"]["alphas"]), self.config["statistics"]["resamples"]
            tables = comparison_tables(samples, classes, [*alphas], offset, resamples, derive_rng(*key, "estimators"))
            for file, table in tables.items():
                path = self.results / f"estimators/{file}.csv"
                check.artifacts += 1
                check.expect(_same(path, table), f"{path} does not follow from the tables of hardness")

    def _scores(self, name: str, runs: Sequence[tuple[int, int]]) -> tuple[Estimator, str, np.ndarray, np.ndarray]:
        """Return an estimator, its definition, the scores of some trainings of its source, and which samples these are of."""
        keys, source = self.config["hardness"]["estimators"][name], source_of(self.config, name)
        method = keys.get("method", name)
        never_learned = "zero" if self.config["compat"] == "v1" and method == "forgetting" else "maximum"
        estimator = estimator_of(
            method,
            keys.get("direction"),
            keys.get("first_epoch"),
            keys.get("last_epoch"),
            keys.get("never_learned", never_learned),
            keys.get("margin", "logits"),
            keys.get("norm", "l2"),
        )
        where = self.plan(source, runs[0][0])
        places = load_plan(where / "plan.parquet", where / "synthetic.npz").source
        scores = []
        for run in runs:
            dynamics = load_dynamics(self.member(source, *run) / "dynamics.npz")
            scores.append(instance_scores(dynamics, estimator))
        return estimator, definition(estimator, dynamics.epochs, dynamics.el2n_epoch), np.stack(scores), places

    def _allocations(self) -> None:
        resampling = self.config["resampling"]
        with self.findings.check("allocations follow from hardness and have the right total") as check:
            if len(self.conditions) == 1:
                return
            for estimator in resampling["estimators"]:
                classes = read_table(self.results / f"hardness/{estimator}/classes.csv")
                for alpha in ("0", *map(alpha_text, resampling["alphas"])):
                    path = self._allocation(estimator, alpha)
                    if not path.exists() and alpha == "0" and estimator != resampling["estimators"][0]:
                        continue
                    offset, compat = resampling["hardness_offset"], self.config["compat"]
                    table = allocation_table(classes, float(alpha), float(offset), compat)
                    check.artifacts += 1
                    check.expect(_same(path, table), f"{path} does not follow from its class hardness")
                    total = int(table["granted"].sum()) == int(classes["samples"].sum())
                    check.expect(total or compat == "v1", f"{path} does not sum to the size of the training set")

    def _measures(self) -> None:
        with self.findings.check("measures follow from the outcomes") as check:
            for condition, parts in self.conditions.items():
                paths = [self.member(condition, *run) / "outcomes.npz" for run in runs_of(self.config, condition)]
                keys = ("kind", "estimator", "oversampling", "undersampling", "alpha")
                description = {"dataset": self.name, "condition": condition, **{key: parts.get(key, "") for key in keys}}
                tables = measure_runs(load_runs(paths), description)
                for name, table in zip(("classes", "confusion", "history"), tables, strict=True):
                    path = self.results / f"measures/{condition}/{name}.csv"
                    check.artifacts += 1
                    check.expect(_same(path, table), f"{path} does not follow from its outcomes")

    def _comparisons(self) -> None:
        with self.findings.check("gaps and differences follow from the measures") as check:
            if len(self.conditions) == 1:
                return
            first = self.config["resampling"]["estimators"][0]
            hard = (read_table(self._allocation(first, "0"))["group"] == "hard").to_numpy()
            paths = [self.results / f"measures/{condition}/classes.csv" for condition in self.conditions]
            classes = pd.concat([read_table(path) for path in paths])
            gaps = gaps_of_runs(classes, hard)
            for name, table in (
                ("gaps", gaps),
                ("class_differences", compare_to_control(classes, ["metric", "class"])),
                ("gap_differences", compare_to_control(read_table(self.results / "gaps.csv"), ["metric", "gap"])),
            ):
                check.artifacts += 1
                path = self.results / f"{name}.csv"
                check.expect(_same(path, table), f"{path} does not follow from the measures")

    def _pages(self) -> None:
        with self.findings.check("report pages, made again from the artifacts, show the same numbers") as check:
            for path in sorted(self.reports.glob("*.html")):
                page = path.read_text(encoding="utf-8")
                told = made_from(page)
                check.artifacts += 1
                with tempfile.TemporaryDirectory(prefix="hbr-") as folder, kernel_heard_by(lambda said: None):
                    again = render(Path(told["notebook"]), told["dataset"], told["inputs"], Path(folder))
                check.expect(numbers_of(again) == numbers_of(page), f"{path} shows other numbers than its artifacts give")

    def _allocation(self, estimator: str, alpha: str) -> Path:
        return self.results / f"allocations/{estimator}/alpha{alpha}.csv"

    def _settings(self) -> dict[str, Any]:
        dataset = self.config["datasets"][self.name]
        recipe = self.config["recipes"][dataset["recipe"]]
        return {"network": dataset["network"], "width": dataset.get("width", 0), "seed": self.config["seed"], **recipe}


def _consistent(run: Outcomes) -> bool:
    """Return whether the stored logits give the last test accuracy, up to ties that rounding to float16 may make."""
    accuracy = float((run.predictions == run.test_labels).mean())
    top = np.sort(run.test_logits.astype(np.float32), axis=1)[:, -2:]
    return abs(accuracy - run.history[-1, 4]) <= float((top[:, 0] == top[:, 1]).mean()) + 1e-9


def _same(path: Path, table: pd.DataFrame) -> bool:
    """Return whether writing ``table`` gives the very bytes of the file."""
    if not path.is_file():
        raise StudyError(f"{path} is missing")
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder:
        again = Path(folder) / path.name
        write_table(again, table)
        return again.read_bytes() == path.read_bytes()
