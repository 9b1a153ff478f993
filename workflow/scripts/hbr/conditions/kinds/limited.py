"""Limited data: resampling what random pruning leaves of each class (arXiv 2504.07031 v2, case study 1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from hbr.conditions.bases.random import kept_count
from hbr.conditions.kind import Base, Condition, joined
from hbr.conditions.resampling import ByAllocation
from hbr.errors import StudyError

# What copies are compared with.
REAL, COPIES = "holdout", "random"


class Limited(ByAllocation):
    """One condition a rate, strategy and alpha, by the first of ``resampling.estimators``, which knows all samples."""

    order, section, family = 35, "limited", "limited"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the conditions, compared with the control of their base."""
        estimator = config["resampling"]["estimators"][0]
        for condition in self.grid(("limited",), config, config["limited"], estimator, bases[estimator]):
            yield replace(condition, rate=condition.base.argument)

    def least_samples(self, config: Mapping[str, Any]) -> int:
        """Return how many samples a class needs so that a strategy has enough of those that the highest rate leaves."""
        least = super().least_samples(config)
        rate = max(config["limited"]["rates"], default=0)
        return next(samples for samples in count(least) if kept_count(samples, rate) >= least)

    def label(self, condition: Condition, by: str) -> str:
        """Return `holdout / easy on random-50, alpha 1`."""
        return self.strategy_label(condition, by)

    def contrasts(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Compare real samples with copies, all else alike."""
        copies = joined(*condition.words[:-3], COPIES, *condition.words[-2:])
        return [(condition.name, copies, "holdout")] if condition.oversampling == REAL and copies in conditions else []

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse rates without a strategy."""
        if config["limited"]["rates"] and not config["limited"]["strategies"]:
            raise StudyError(
                "limited.strategies: name at least one pair of oversampling and undersampling, or no limited.rates"
            )


KIND = Limited()
