"""Training without label noise: what a rule leaves, as it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hbr.conditions.kind import ALL, Base, Condition, Draw, Kind, joined
from hbr.data.plans import Plan, identity_plan
from hbr.errors import StudyError
from hbr.sentences import nearest, short


class Denoised(Kind):
    """One condition a rule of ``noise.denoised``."""

    order, section = 50, "noise"

    def conditions(self, config: Mapping[str, Any], bases: Mapping[str, Sequence[Base]]) -> Iterator[Condition]:
        """Yield one condition a rule, compared with the control of all samples."""
        for rule in config["noise"]["denoised"]:
            base = Base("denoised", (joined("denoised", rule),), rule)
            yield Condition("denoised", ("denoised", rule), *self.runs(config), base=base, compared=ALL, method=rule)

    def plan(self, draw: Draw, **settings: Any) -> Plan:
        """Return every sample of the base once."""
        return identity_plan(draw.labels, draw.image_shape)

    def label(self, condition: Condition, by: str) -> str:
        """Return `without lowest`."""
        return f"without {condition.method}"

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse rules that are not there, and runs that have no partner."""
        rules, denoised = config["noise"]["rules"], config["noise"]["denoised"]
        for name in denoised:
            if name not in rules:
                raise StudyError(f"noise.denoised: {short(repr(name))} is not under noise.rules{nearest(name, rules)}")
        if denoised:
            self.check_paired(config)


KIND = Denoised()
