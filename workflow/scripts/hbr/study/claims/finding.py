"""What a check of a claim finds."""

from collections.abc import Iterable
from dataclasses import dataclass, field

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, ABSENT = "reproduced", "not reproduced", "inconclusive", "not in this study"
# What a finding says of the very network and recipe that were trained, whatever the paper trained.
HERE = {REPRODUCED: "holds", NOT_REPRODUCED: "does not hold", INCONCLUSIVE: "undecided", ABSENT: ""}
UNAVAILABLE = "the reported value is unavailable"


@dataclass(frozen=True)
class Finding:
    """A measured value in words, as numbers where there is one (value and 95 % interval), its n, and the verdict with why.

    ``decides`` is what would decide it, in words, where it is inconclusive for want of variants or test samples.
    """

    measured: str
    verdict: str
    why: str
    n: str = ""
    value: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    decides: str = field(default="", kw_only=True)


def above(lower: float, upper: float, limit: float) -> str:
    """Return whether an interval lies above a limit (reproduced), below (not reproduced) or holds it, or is missing."""
    if lower > limit:
        return REPRODUCED
    return NOT_REPRODUCED if upper < limit else INCONCLUSIVE


def agreed(verdicts: Iterable[str]) -> str:
    """Return the verdict of several: not reproduced where one is not, inconclusive where one is, else reproduced."""
    found = set(verdicts)
    return next((verdict for verdict in (NOT_REPRODUCED, INCONCLUSIVE) if verdict in found), REPRODUCED)
