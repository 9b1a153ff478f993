"""Placebos: resampling by ratios as unequal as the true ones, given to the wrong classes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hbr.conditions.kind import Base, Condition, Draw, joined
from hbr.conditions.resampling import ByAllocation
from hbr.data.plans import Plan
from hbr.errors import StudyError
from hbr.sentences import short


class Placebo(ByAllocation):
    """One condition a kind of placebo, strategy and alpha, beside a resampled one of the first estimator."""

    order = 30

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the conditions, compared with the control."""
        placebos, estimator = config["placebos"], config["resampling"]["estimators"][0]
        for kind in placebos["kinds"]:
            yield from self.grid(("placebo", kind), config, placebos, estimator, bases[estimator], kind)

    def least_classes(self, config: Mapping[str, Any]) -> int:
        """Return 3 where ratios are drawn: with two classes half of the draws are the true ones."""
        from hbr.conditions.placebos import RANDOM

        return 3 if RANDOM in config["placebos"]["kinds"] else super().least_classes(config)

    def inputs(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, str]:
        """Return the table of hardness and the true ratios, which stand in the allocation of any alpha."""
        return super().inputs(condition, config) | {"allocation": f"allocations/{condition.allocation}/alpha0.csv"}

    def settings(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of resampling, and what the ratios are drawn by."""
        own = {"placebo": condition.method, "alpha": float(condition.alpha), "compat": config["compat"]}
        return super().settings(condition, config) | own

    def plan(self, draw: Draw, placebo: str = "", alpha: float = 0, compat: str = "", **settings: Any) -> Plan:
        """Return a plan that meets the placebo's allocation, which the log shows."""
        from hbr.conditions.placebos import placebo_allocation

        table = placebo_allocation(self.allocation(draw), placebo, alpha, compat, draw.rng(draw.variant, placebo))
        draw.note(table.to_string(index=False))
        return self.resampled(draw, table, **settings)

    def label(self, condition: Condition, by: str) -> str:
        """Return `placebo shuffled: random / easy, alpha 1`."""
        return f"placebo {condition.method}: {self.strategy_label(condition, by)}"

    def contrasts(self, condition: Condition, conditions: Mapping[str, Condition]) -> list[tuple[str, str, str]]:
        """Compare what is resampled by true hardness with the placebo."""
        return [(joined("resampled", *condition.words[2:]), condition.name, "placebo")]

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse placebos without a resampled partner."""
        placebos, resampling = config["placebos"], config["resampling"]
        for key in ("strategies", "alphas") if placebos["kinds"] else ():
            if not placebos[key]:
                raise StudyError(f"placebos.{key}: name at least one of resampling.{key}, which the placebo is compared with")
            for value in placebos[key]:
                if value not in resampling[key]:
                    raise StudyError(
                        f"placebos.{key}: {short(str(value))} is not among resampling.{key}; a placebo needs its partner"
                    )


KIND = Placebo()
