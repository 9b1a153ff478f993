"""Resampling: from granted class counts to a plan of exactly that size."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from hbr.conditions.kind import Base, Condition, Draw, Kind, alpha_text, load, module_of
from hbr.conditions.strategies import NONE, Added, Material, Reserve
from hbr.data.plans import DUPLICATE, KEPT, Plan
from hbr.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("oversampling", "undersampling")


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
        """Yield one condition a base, strategy and alpha of a section; the estimator's first base goes without saying."""
        for base, strategy, alpha in product(bases, section["strategies"], map(alpha_text, section["alphas"])):
            over, under = strategy["oversampling"], strategy["undersampling"]
            on = () if base == bases[0] else (base.name,)
            yield Condition(
                words[0],
                (*words, estimator, *on, over, under, f"alpha{alpha}"),
                *self.runs(config),
                base=base,
                compared=base,
                allocation=estimator,
                estimator=estimator,
                oversampling=over,
                undersampling=under,
                alpha=alpha,
                method=method,
            )

    def inputs(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, str]:
        """Return the allocation and what the strategy needs: the hardness of the estimator that the allocation is of."""
        estimator, needs = condition.allocation, self.needs(self.settings(condition, config))
        hardness = {"samples": f"hardness/{estimator}/samples.parquet"} if "hardness" in needs else {}
        return hardness | {"allocation": f"allocations/{estimator}/alpha{condition.alpha}.csv"}

    def settings(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the strategy and its sharpness."""
        own = {"oversampling": condition.oversampling, "undersampling": condition.undersampling}
        return own | {"sharpness": float(config["resampling"]["sharpness"])}

    def modules(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the modules of the strategy."""
        return [module_of(side, settings[side]) for side in SIDES if settings[side] != NONE]

    def needs(self, settings: Mapping[str, Any]) -> set[str]:
        """Return what the strategy needs."""
        return {need for side in SIDES if settings[side] != NONE for need in load(side, settings[side]).NEEDS}

    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return a plan that meets the allocation."""
        return self.resampled(draw, draw.table("allocation", "class_name", "samples", "granted"), **settings)

    def resampled(
        self, draw: Draw, allocation: "pd.DataFrame", oversampling: str, undersampling: str, sharpness: float
    ) -> Plan:
        """Return a plan that meets an allocation; raise ``StudyError`` where it speaks of other samples or classes."""
        counts = np.bincount(draw.labels, minlength=len(draw.class_names))
        if list(allocation["class_name"]) != list(draw.class_names) or not np.array_equal(allocation["samples"], counts):
            raise StudyError(
                f"{draw.files['allocation']} was made from other data than {draw.dataset}; delete it and run again"
            )
        material = Material(
            draw.labels,
            draw.class_names,
            draw.image_shape,
            sharpness,
            {
                "hardness": lambda: draw.samples("samples", "difficulty_rank")["difficulty_rank"].to_numpy(),
                "images": lambda: draw.images,
                "reserve": lambda: Reserve(draw.reserve, draw.all_labels[draw.reserve]),
            },
        )
        granted = allocation["granted"].to_numpy()
        return plan_resampled(material, granted, oversampling, undersampling, draw.rng(draw.variant, "plan"))

    def strategy_label(self, condition: Condition, by: str) -> str:
        """Return `random / easy, alpha 1`; with ``by`` `random / easy by aum, alpha 1`."""
        return f"{condition.oversampling} / {condition.undersampling}{by}, alpha {float(condition.alpha):g}"


def plan_resampled(
    material: Material, granted: np.ndarray, oversampling: str, undersampling: str, rng: np.random.Generator
) -> Plan:
    """Return the plan that gives class c ``granted[c]`` examples.

    ``none`` on either side leaves the classes of that side as they are. Kept samples stay in their places and added ones
    fill the places left free, so that paired seeds show paired conditions the same images at the same steps; alpha = 0 on
    balanced data is the identity.
    """
    change = granted - np.bincount(material.labels, minlength=len(granted))
    removed = np.zeros(len(material.labels), dtype=bool)
    surplus = {int(label): int(-change[label]) for label in np.flatnonzero(change < 0)}
    wanted = {int(label): int(change[label]) for label in np.flatnonzero(change > 0)}
    if surplus and undersampling != NONE:
        strategy = load("undersampling", undersampling)
        removed[strategy.drop(material.limited(strategy.NEEDS), surplus, rng)] = True
    added = Added(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), DUPLICATE)
    if wanted and oversampling != NONE:
        strategy = load("oversampling", oversampling)
        added = strategy.add(material.limited(strategy.NEEDS), wanted, rng)
    return _fill(material, removed, added)


def _fill(material: Material, removed: np.ndarray, added: Added) -> Plan:
    source = np.arange(len(removed))
    labels = material.labels.astype(np.int64).copy()
    origin = np.full(len(removed), KEPT, dtype=np.int8)
    free = np.flatnonzero(removed)
    inside = min(len(free), len(added.source))
    places = free[:inside]
    source[places], labels[places], origin[places] = added.source[:inside], added.labels[:inside], added.origin
    keep = np.ones(len(removed), dtype=bool)
    keep[free[inside:]] = False
    return Plan(
        source=np.concatenate([source[keep], added.source[inside:]]).astype(np.int64),
        labels=np.concatenate([labels[keep], added.labels[inside:]]).astype(np.int64),
        origin=np.concatenate([origin[keep], np.full(len(added.source) - inside, added.origin, dtype=np.int8)]),
        synthetic=np.empty((0, *material.image_shape), dtype=np.uint8) if added.images is None else added.images,
    )
