"""All training samples."""

from collections.abc import Mapping
from typing import Any

from hbr.conditions.kind import ALL, Base, BaseKind, Draw
from hbr.data.plans import Plan, identity_plan


class AllSamples(BaseKind):
    """The training set as it is."""

    def bases(self, config: Mapping[str, Any]) -> list[Base]:
        """Return the one base."""
        return [ALL]

    def plan(self, draw: Draw, argument: str) -> Plan:
        """Return every sample once, in order."""
        return identity_plan(draw.all_labels, draw.image_shape)


BASE = AllSamples()
