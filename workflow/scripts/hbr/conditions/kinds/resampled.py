"""Resampling by hardness: hard classes grow, easy ones shrink, by an allocation at some alpha."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hbr.conditions.kind import Base, Condition, check_known
from hbr.conditions.resampling import ByAllocation


class Resampled(ByAllocation):
    """One condition an estimator, strategy and alpha, on the base that the estimator speaks of."""

    order, family = 20, "resampling"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the conditions, compared with the control of their base."""
        resampling = config["resampling"]
        for estimator in resampling["estimators"]:
            yield from self.grid(("resampled",), config, resampling, estimator, bases[estimator])

    def label(self, condition: Condition, by: str) -> str:
        """Return `random / easy, alpha 1`."""
        return self.strategy_label(condition, by)

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse estimators that are not there."""
        check_known("resampling.estimators", config["resampling"]["estimators"], config)


KIND = Resampled()
