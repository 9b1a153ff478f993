"""Resampling by hardness: hard classes grow, easy ones shrink, by an allocation at some alpha."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hbr.conditions.kind import Base, Condition, check_known
from hbr.conditions.pools import check_pools
from hbr.conditions.resampling import ByAllocation
from hbr.conditions.strategies import needs_of
from hbr.errors import StudyError


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

    def contrasts(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Compare what is chosen from a pool with what is drawn from it at random."""
        return self.against_random(condition, conditions)

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse estimators that are not there, strategies without their pool, and those that draw from what none left out."""
        check_known("resampling.estimators", config["resampling"]["estimators"], config)
        for place, strategy in enumerate(config["resampling"]["strategies"]):
            if "reserve" in needs_of("oversampling", strategy["oversampling"]):
                raise StudyError(
                    f"resampling.strategies.{place}.oversampling: {strategy['oversampling']} adds samples that were left out, "
                    "and none are left out of all; write it under limited.strategies, or random here"
                )
        check_pools(config)


KIND = Resampled()
