"""The baseline: an ensemble on the data as they are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hbr.conditions.kind import Base, Condition, Draw, Kind
from hbr.data.plans import Plan, identity_plan


class Baseline(Kind):
    """The one condition that hardness is first estimated from; its members differ in their seeds alone."""

    order, section = 0, "baseline"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield the baseline."""
        yield Condition("baseline", ("baseline",), *self.runs(config))

    def runs(self, config: Mapping[str, Any]) -> tuple[range, range]:
        """Return the one variant 0, and the members."""
        return range(1), range(1, config["baseline"]["members"] + 1)

    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return every sample once, in order."""
        return identity_plan(draw.labels, draw.image_shape)


KIND = Baseline()
