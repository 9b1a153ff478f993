"""The control: alpha 0 sent through the very same code as a resampled condition."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hbr.conditions.kind import ALL, Base, Condition, section_runs
from hbr.conditions.resampling import ByAllocation


class Control(ByAllocation):
    """One condition a base; a study runs those that anything is compared with."""

    order = 10

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield one condition a base, that of all samples first, by the first estimator that speaks of the base."""
        first: dict[Base, str] = {}
        for estimator, of_estimator in bases.items():
            for base in of_estimator:
                first.setdefault(base, estimator)
        for base, allocation in sorted(first.items(), key=lambda item: (item[0] != ALL, item[0].name)):
            name = () if base == ALL else (base.name,)
            yield Condition(
                "control",
                ("control", *name),
                *section_runs(config[base.section]),
                base=base,
                allocation=allocation,
                alpha="0",
                method="".join(name),
            )

    def settings(self, condition: Condition, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a strategy; on balanced data none would change anything."""
        return {"oversampling": "random", "undersampling": "easy"}

    def label(self, condition: Condition, by: str) -> str:
        """Return `control`, or `control of denoised-lowest`."""
        return f"control of {condition.method}" if condition.method else "control"


KIND = Control()
