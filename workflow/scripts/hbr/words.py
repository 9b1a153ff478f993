"""Numbers as people read them: zero is zero, and no exponent, NaN or infinity stands in a sentence or a table."""

import math
from collections.abc import Iterable

# Below it a number is what rounding left of 0.
_NOTHING = 1e-9
NO_INTERVAL, UNKNOWN = "no interval", "unknown"


def rounded(value: float, decimals: int = 1, signed: bool = False) -> str:
    """Return a number with so many decimals, what rounds to 0 without a sign; `unknown` where there is none."""
    if not math.isfinite(value):
        return UNKNOWN
    # Adding 0 takes the sign from -0.
    near = round(float(value), decimals) + 0.0
    return f"{near:+,.{decimals}f}" if signed and near else f"{near:,.{decimals}f}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits and no exponent: `0.0123`, `4.5`, `0`; empty where there is none."""
    if not math.isfinite(value):
        return ""
    if abs(value) < _NOTHING:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{float(value):.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_value(p: float) -> str:
    """Return a p value with three decimals: `0.012`, `< 0.001`; empty where there is none."""
    return "" if not math.isfinite(p) else "< 0.001" if p < 0.0005 else f"{p:.3f}"


def interval(lower: float, upper: float, decimals: int = 1, signed: bool = False) -> str:
    """Return an interval, `0.2 to 1.3` or `above 0.2`, or that there is none."""
    if math.isfinite(lower) and upper == math.inf:
        return f"above {rounded(lower, decimals, signed)}"
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return NO_INTERVAL
    return f"{rounded(lower, decimals, signed)} to {rounded(upper, decimals, signed)}"


def with_interval(own: str, ends: str) -> str:
    """Return a number with its :func:`interval` in brackets, alone where there is none."""
    return own if ends == NO_INTERVAL else f"{own} ({ends})"


def points(share: float, decimals: int = 1) -> str:
    """Return a difference of shares in points, with its sign: `+1.3`, `-0.2`, `0.0`."""
    return rounded(100 * share, decimals, signed=True)


def change(difference: float, lower: float, upper: float) -> str:
    """Return a difference of shares in points with its interval: `-44.0 (-50.7 to -37.3)`; below one point two decimals."""
    if not math.isfinite(difference):
        return "no value"
    largest = max(abs(value) for value in (difference, lower, upper) if math.isfinite(value))
    decimals = 1 if largest >= 0.01 else 2
    return f"{points(difference, decimals)} ({interval(100 * lower, 100 * upper, decimals, signed=True)})"


def counted(numbers: Iterable[int], noun: str) -> str:
    """Return a number with its noun, or the smallest and the largest where they differ: `4 variants`, `2 to 4 variants`."""
    found = sorted(numbers)
    low, high = (found[0], found[-1]) if found else (0, 0)
    return f"{low} {noun}{'' if low == 1 else 's'}" if low == high else f"{low} to {high} {noun}s"


def in_points(share: float) -> str:
    """Return a difference of shares in words: `1 point`, `0.5 points`."""
    return f"{number(100 * share)} point{'' if math.isclose(share, 0.01) else 's'}"
