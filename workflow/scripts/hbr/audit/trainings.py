"""The audit of what trainings left, which is not made again: it is of this data, plan, settings and seeds, and consistent."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hbr.audit.findings import Check
from hbr.data.datasets import PreparedDataset
from hbr.data.plans import load_plan
from hbr.dry_run import PlannedJob
from hbr.seeds import derive_seed
from hbr.training.dynamics import load_dynamics
from hbr.training.outcomes import Outcomes, load_outcomes


def check_trainings(
    config: Mapping[str, Any], name: str, data: PreparedDataset, jobs: Iterable[PlannedJob], results: Path, check: Check
) -> None:
    """Check outcomes and dynamics of every training of one data set; ``jobs`` are those trainings."""
    dataset = config["datasets"][name]
    settings = {"network": dataset["network"], "width": dataset.get("width", 0), "seed": config["seed"]}
    settings |= config["recipes"][dataset["recipe"]]
    seen: dict[bytes, tuple[str, Path]] = {}
    for job in jobs:
        variant, member = int(job.wildcards["variant"]), int(job.wildcards["member"])
        folder, plans = (f"{kind}/{job.wildcards['condition']}/variant{variant}" for kind in ("members", "plans"))
        path = results / folder / f"member{member}/outcomes.npz"
        run = load_outcomes(path)
        plan = load_plan(results / plans / "plan.parquet", results / plans / "synthetic.npz")
        key = (config["seed"], name, variant, member)
        check.artifacts += 2
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


def _consistent(run: Outcomes) -> bool:
    """Return whether the stored logits give the last test accuracy, up to ties that rounding to float16 may make."""
    accuracy = float((run.predictions == run.test_labels).mean())
    top = np.sort(run.test_logits.astype(np.float32), axis=1)[:, -2:]
    return abs(accuracy - run.history[-1, 4]) <= float((top[:, 0] == top[:, 1]).mean()) + 1e-9
