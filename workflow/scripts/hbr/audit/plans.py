"""The audit of plans: each is made again, or held against the allocation that it must meet."""

from collections.abc import Mapping

import numpy as np

from hbr.audit.findings import Check
from hbr.audit.place import Place
from hbr.conditions.names import BASELINE, CONTROL, source_of
from hbr.conditions.noise import plan_denoised, plan_threshold
from hbr.conditions.pruning import METHODS, plan_pruned
from hbr.data.datasets import PreparedDataset
from hbr.data.files import read_table
from hbr.data.plans import SYNTHETIC, Plan, check_plan, identity_plan, load_plan
from hbr.seeds import derive_rng


def check_plans(place: Place, data: PreparedDataset, check: Check) -> None:
    """Check every plan of one data set."""
    for condition, parts in place.conditions.items():
        for variant in place.variants(condition):
            where = place.plan(condition, variant)
            path = where / "plan.parquet"
            plan = load_plan(path, where / "synthetic.npz")
            check.artifacts += 1
            check_plan(plan, data.train_labels, str(path))
            if (again := _made_again(place, data, condition, parts, variant)) is not None:
                check.expect(plan.checksum == again.checksum, f"{path} is not what its rule makes")
            else:
                _check_allocated(place, data, parts, variant, plan, check, str(path))


def _made_again(place: Place, data: PreparedDataset, condition: str, parts: Mapping[str, str], variant: int) -> Plan | None:
    """Return the plan as it must be, ``None`` for those that are drawn."""
    labels, shape, names = data.train_labels, data.train_images.shape[1:], data.class_names
    # Where classes differ in size, the control is drawn as any other condition.
    if condition == BASELINE or (condition == CONTROL and len(set(np.bincount(labels))) == 1):
        return identity_plan(labels, shape)
    if parts["kind"] == "pruned":
        rank = read_table(place.results / f"hardness/{parts['estimator']}/samples.parquet")["difficulty_rank"].to_numpy()
        return plan_pruned(labels, shape, rank, METHODS[parts["method"]], int(parts["rate"]) / 100, names)
    if parts["kind"] == "denoised":
        flagged = read_table(place.results / f"noise/{parts['method']}/samples.parquet")["flagged"].to_numpy(bool)
        return plan_denoised(labels, shape, flagged, names)
    if parts["kind"] == "threshold":
        rng = derive_rng(place.config["seed"], place.name, "threshold samples")
        return plan_threshold(labels, shape, variant, rng)
    return None


def _check_allocated(
    place: Place, data: PreparedDataset, parts: Mapping[str, str], variant: int, plan: Plan, check: Check, path: str
) -> None:
    """Check that a drawn plan holds what was allocated, of the samples that its hardness speaks of."""
    estimators = place.config["resampling"]["estimators"]
    if parts["kind"] == "control":
        source = parts.get("method", BASELINE)
        estimator = next(name for name in estimators if source_of(place.config, name) == source)
        allocation = place.allocation(estimator, "0")
        sides = ("random", "easy")
    else:
        estimator, sides = parts["estimator"], (parts["oversampling"], parts["undersampling"])
        allocation = place.allocation(estimator, parts["alpha"])
    if parts["kind"] == "placebo":
        folder = allocation.parent / f"placebo-{parts['method']}-alpha{parts['alpha']}"
        allocation = folder / f"variant{variant}.csv"
    table = read_table(allocation)
    granted, counts = table["granted"].to_numpy(), table["samples"].to_numpy()
    # A strategy that only adds, or only removes, meets the allocation on its side alone.
    if sides[0] == "none":
        granted = np.minimum(granted, counts)
    if sides[1] == "none":
        granted = np.maximum(granted, counts)
    same = np.array_equal(plan.class_counts(data.classes), granted)
    check.expect(same, f"{path} does not hold the samples per class that were allocated")
    known = read_table(place.results / f"hardness/{estimator}/samples.parquet")["sample"]
    real = plan.source[plan.origin != SYNTHETIC]
    check.expect(bool(np.isin(real, known).all()), f"{path} holds samples that its hardness does not speak of")
