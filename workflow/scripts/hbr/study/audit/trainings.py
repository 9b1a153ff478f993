"""The audit of what trainings left, which is not made again: it is of this data, plan, settings and seeds, and consistent."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hbr.data.datasets import PreparedDataset
from hbr.data.files import read_arrays
from hbr.data.plans import load_plan
from hbr.seeds import derive_seed
from hbr.study.audit.findings import Check
from hbr.study.dry_run import PlannedJob
from hbr.training.dynamics import load_dynamics
from hbr.training.outcomes import Outcomes, load_outcomes
from hbr.training.settings import TrainingSettings

_UNKNOWN = "a precision that was not kept"


def check_trainings(
    config: Mapping[str, Any], name: str, data: PreparedDataset, jobs: Iterable[PlannedJob], check: Check
) -> None:
    """Check outcomes and dynamics of ``jobs``, every training on some prepared data of the data set ``name``."""
    settings = TrainingSettings.of(config, name)
    seen: dict[bytes, tuple[str, Path]] = {}
    alike: tuple[str, Path] | None = None
    for job in jobs:
        variant, member = int(job.wildcards["variant"]), int(job.wildcards["member"])
        path = _named(job.output, "outcomes.npz")
        run = load_outcomes(path)
        plan = load_plan(_named(job.input, "plan.parquet"))
        key = (config["seed"], name, variant, member)
        check.artifacts += 2
        for holds, what in (
            (run.dataset == data.checksum, "was trained on other data"),
            (run.plan == plan.checksum and run.examples == len(plan), "was trained on another plan"),
            (TrainingSettings.read(run.settings) == settings, "was trained with other settings than the study file has"),
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
        precision, one = alike = alike or (run.precision, path)
        check.expect(
            run.precision == precision,
            f"{path} was trained in {run.precision or _UNKNOWN}, {one} in {precision or _UNKNOWN}: "
            "fix the precision in the recipe, so that no comparison is one of precisions",
        )
        # Conditions may have one plan: where a rule flags nothing, or alpha is too small to move a sample.
        training = f"{run.plan} {run.order_seed}"
        same, first = seen.setdefault(run.test_logits.tobytes(), (training, path))
        check.expect(same == training, f"{path} has the same logits as {first}")
        path = path.with_name("dynamics.npz")
        dynamics = load_dynamics(path)
        arrays = [value for value in vars(dynamics).values() if isinstance(value, np.ndarray)]
        check.expect(all(np.isfinite(array).all() for array in arrays), f"{path} holds NaN or infinity")
        check.expect(dynamics.dataset == data.checksum, f"{path} is of other data")
        check.expect(dynamics.examples == len(plan), f"{path} tells of {dynamics.examples} examples, its plan of {len(plan)}")


def data_of(job: PlannedJob) -> Path:
    """Return the prepared data that a training was trained on."""
    return _named(job.input, "dataset.npz")


def _named(paths: Iterable[str], name: str) -> Path:
    return next(path for path in map(Path, paths) if path.name == name)


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
