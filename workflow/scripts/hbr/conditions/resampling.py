"""Resampling: from granted class counts to a plan of exactly that size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from hbr.conditions.kind import Base, Condition, Draw, Kind, alpha_text, joined, module_of
from hbr.conditions.pools import draws_from_pool, pool_files, pools_of, read_pool
from hbr.conditions.strategies import NONE, Added, Counts, Reserve, ShortageError, apply, least_samples, needs_of
from hbr.data.plans import DUPLICATE, Plan, identity_plan
from hbr.errors import StudyError
from hbr.hardness.allocation import EQUAL, KEEP, compat_of, control_counts, largest_alpha_within, with_counts

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("oversampling", "undersampling")
# What other choices from a pool are compared with.
AT_RANDOM = "pool-random"


class ByAllocation(Kind):
    """What resampled conditions, controls and placebos share: a strategy that makes classes as large as an allocation says."""

    section = "resampling"

    def grid(
        self,
        words: tuple[str, ...],
        config: Mapping[str, Any],
        section: Mapping[str, Any],
        estimator: str,
        bases: Sequence[Base],
        method: str = "",
    ) -> Iterator[Condition]:
        """Yield one condition a base of the kind's section, strategy, pool to draw from and alpha.

        The estimator's first base goes without saying; a pool does not, so that another one changes no names.
        """
        own = [base for base in bases if base.section == self.section]
        pooled = [
            (strategy["oversampling"], strategy["undersampling"], pool)
            for strategy in section["strategies"]
            for pool in (pools_of(config) if draws_from_pool(strategy["oversampling"]) else [""])
        ]
        for base, (over, under, pool), alpha in product(own, pooled, map(alpha_text, section["alphas"])):
            on = () if base == bases[0] else (base.name,)
            yield Condition(
                words[0],
                (*words, estimator, *on, joined(over, pool) if pool else over, under, f"alpha{alpha}"),
                *self.runs(config),
                base=base,
                compared=base,
                allocation=estimator,
                estimator=estimator,
                oversampling=over,
                undersampling=under,
                pool=pool,
                alpha=alpha,
                method=method,
            )

    def inputs(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, str]:
        """Return the allocation and what the strategy needs: the hardness of the estimator that it is of, or a pool."""
        estimator, settings = condition.allocation, self.settings(condition, config)
        hardness = {"samples": f"hardness/{estimator}/samples.parquet"} if "hardness" in self.needs(settings) else {}
        pool = pool_files(condition.pool) if condition.pool else {}
        return hardness | pool | {"allocation": f"allocations/{estimator}/alpha{condition.alpha}.csv"}

    def settings(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the strategy, and the settings that it needs."""
        own = {side: getattr(condition, side) for side in SIDES}
        return own | ({"sharpness": float(config["resampling"]["sharpness"])} if "sharpness" in self.needs(own) else {})

    def modules(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the modules of the strategy."""
        return [module_of(side, settings[side]) for side in SIDES if settings[side] != NONE]

    def needs(self, settings: Mapping[str, Any]) -> set[str]:
        """Return what the strategy needs."""
        return {need for side in SIDES for need in needs_of(side, settings[side])}

    def least_samples(self, config: Mapping[str, Any]) -> int:
        """Return what the strategies of the kind's section need."""
        return least_samples(strategy["oversampling"] for strategy in config[self.section]["strategies"])

    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return a plan that meets the allocation."""
        return self.resampled(draw, self.allocation(draw), **settings)

    def allocation(self, draw: Draw) -> "pd.DataFrame":
        """Return the allocation of the base's samples; raise ``StudyError`` where it was made from other data."""
        path, counts = draw.files["allocation"], np.bincount(draw.labels, minlength=len(draw.class_names))
        table = draw.table("allocation", "class_name", "samples", "control", "ratio", "alpha", "granted")
        if list(table["class_name"]) == list(draw.class_names):
            if np.array_equal(table["samples"], counts):
                return table
            if np.array_equal(table["samples"], np.bincount(draw.all_labels)):
                # The base leaves out samples that its hardness speaks of: the same ratios, of what it holds.
                balance = KEEP if np.array_equal(table["control"], table["samples"]) else EQUAL
                table = table.assign(samples=counts, control=control_counts(counts, balance))
                return with_counts(table, table["ratio"].to_numpy(), float(table["alpha"].iloc[0]), compat_of(table))
        raise StudyError(f"{path} was made from other data than {draw.dataset}; delete it and run again")

    def resampled(self, draw: Draw, allocation: "pd.DataFrame", **settings: Any) -> Plan:
        """Return a plan that meets an allocation of the base's samples."""
        offered = {
            "hardness": lambda: draw.samples("samples", "difficulty_rank")["difficulty_rank"].to_numpy(),
            "images": lambda: draw.images,
            "class_names": lambda: draw.class_names,
            "sharpness": lambda: settings["sharpness"],
            "reserve": lambda: Reserve(draw.reserve, draw.all_labels[draw.reserve]),
            "pool": lambda: read_pool(draw.files),
        }
        needs, (over, under) = self.needs(settings), (settings[side] for side in SIDES)
        if unmet := needs - offered.keys():
            raise StudyError(f"{over} / {under} needs a {min(unmet)}, and the study has none")
        given, granted = {need: offered[need]() for need in needs}, allocation["granted"].to_numpy()
        try:
            return plan_resampled(draw.labels, draw.image_shape, granted, over, under, draw.rng(draw.variant, "plan"), given)
        except ShortageError as error:
            ratio, control, samples = (allocation[column].to_numpy() for column in ("ratio", "control", "samples"))
            alpha = largest_alpha_within(ratio, control, samples + error.most, compat_of(allocation))
            works = f"the largest alpha that works is {alpha:g}" if alpha else "no alpha works"
            raise StudyError(f"{error}; {works}") from None

    def against_random(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Compare what is chosen from a pool with what is drawn from it at random, all else equal."""
        if not condition.pool or condition.oversampling == AT_RANDOM:
            return []
        partner = replace(condition, words=(), oversampling=AT_RANDOM)
        return [(condition.name, name, "pool") for name, one in conditions.items() if replace(one, words=()) == partner]

    def strategy(self, condition: Condition, by: str) -> str:
        """Return `random / easy`, with the estimator (``by``), pool and base where they do not go without saying."""
        on = f" on {condition.base.name}" if condition.base.name in condition.words else ""
        of = f" of {condition.pool}" if condition.pool else ""
        return f"{condition.oversampling}{of} / {condition.undersampling}{by}{on}" if condition.oversampling else ""

    def strategy_label(self, condition: Condition, by: str) -> str:
        """Return `random / easy, alpha 1`."""
        return f"{self.strategy(condition, by)}, alpha {float(condition.alpha):g}"


def plan_resampled(
    labels: np.ndarray,
    image_shape: tuple[int, ...],
    granted: np.ndarray,
    oversampling: str,
    undersampling: str,
    rng: np.random.Generator,
    given: Mapping[str, Any],
) -> Plan:
    """Return the plan that gives class c ``granted[c]`` examples; ``given`` is what strategies need, by need.

    ``none`` on either side leaves the classes of that side as they are. Kept samples stay in their places and added ones
    fill the places left free, so that paired seeds show paired conditions the same images at the same steps; alpha = 0 on
    balanced data is the identity.
    """
    change = granted - np.bincount(labels, minlength=len(granted))
    removed = np.zeros(len(labels), dtype=bool)
    surplus = {int(label): int(-change[label]) for label in np.flatnonzero(change < 0)}
    wanted = {int(label): int(change[label]) for label in np.flatnonzero(change > 0)}
    if surplus and undersampling != NONE:
        removed[apply("undersampling", undersampling, labels, surplus, rng, given)] = True
        _check_counts("undersampling", undersampling, labels[removed], surplus, len(granted))
    added = Added(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), DUPLICATE)
    if wanted and oversampling != NONE:
        added = apply("oversampling", oversampling, labels, wanted, rng, given)
        _check_counts("oversampling", oversampling, added.labels, wanted, len(granted))
        _check_images(oversampling, added.images, image_shape)
    plan = identity_plan(labels, image_shape)
    free = np.flatnonzero(removed)
    inside = min(len(free), len(added.source))
    places, keep = free[:inside], np.ones(len(labels), dtype=bool)
    plan.source[places], plan.labels[places] = added.source[:inside], added.labels[:inside]
    plan.origin[places], keep[free[inside:]] = added.origin, False
    rest = np.full(len(added.source) - inside, added.origin, dtype=np.int8)
    return Plan(
        source=np.concatenate([plan.source[keep], added.source[inside:]]).astype(np.int64),
        labels=np.concatenate([plan.labels[keep], added.labels[inside:]]).astype(np.int64),
        origin=np.concatenate([plan.origin[keep], rest]),
        synthetic=plan.synthetic if added.images is None else added.images,
    )


def _check_counts(side: str, name: str, labels: np.ndarray, asked: Counts, classes: int) -> None:
    """Raise ``StudyError`` where a strategy adds or drops another number of samples of a class than it was asked to."""
    found = np.bincount(labels, minlength=classes)
    for label, count in enumerate(found.tolist()):
        if count != asked.get(label, 0):
            raise StudyError(
                f"{side} {name} was asked for {asked.get(label, 0)} samples of class {label} and gave {count}; it "
                "must give as many as it is asked for"
            )


def _check_images(name: str, images: np.ndarray | None, shape: tuple[int, ...]) -> None:
    """Raise ``StudyError`` where a strategy adds images of its own that are not as those of the data set."""
    if images is not None and (images.dtype != np.uint8 or images.shape[1:] != shape):
        given, wanted = (" x ".join(map(str, size)) for size in (images.shape[1:], shape))
        raise StudyError(f"oversampling {name} gave images of {given} ({images.dtype}); they must be of {wanted} (uint8)")
