"""From class hardness to the number of samples each class gets."""

from bisect import bisect_left

import numpy as np
import pandas as pd

from hbr.errors import StudyError
from hbr.hardness.estimators import HIGH_IS_HARD, always_positive

# What alpha = 0 makes of classes that are not equally large: leave them as they come, or give each N/k samples.
KEEP, EQUAL = "keep", "equal"
# Beyond twice or half of its samples a class is another data set.
MOST_CHANGE = 2.0
_LIFTED = 1e-4
_EQUAL = 1e-9


def resampling_ratios(
    hardness: np.ndarray,
    direction: str,
    class_names: tuple[str, ...],
    offset: float = 0.0,
    control: np.ndarray | None = None,
) -> np.ndarray:
    """Return the share r_c of the training set each of equally large classes should get (float64, sums to 1).

    R_c = 1 / H_c where low is hard, else H_c; r_c = R_c / sum R (arXiv 2504.07031, section 3). ``offset`` is added to
    every H_c first. A class whose H_c is not positive would take all the data, or none: refused, with the class named and
    what can be done; ``control`` is what each class has at alpha = 0, by default as much as any other.
    """
    shifted = np.asarray(hardness, dtype=np.float64) + offset
    if not (shifted > 0).all():
        worst = int(np.argmin(shifted))
        mild = sensible_offset(hardness, direction, np.ones(len(shifted)) if control is None else control)
        share = "nothing" if direction == HIGH_IS_HARD else "all"
        raise StudyError(
            f"class {class_names[worst]!r} has hardness {shifted[worst]:.4g}, and ratios need positive hardness: set "
            f"`resampling.hardness_offset` of this estimator to {mild:g}, where no class gets more than twice or less than "
            f"half of its samples at alpha 1 (just above {-float(np.min(hardness)):.4g} that class would get nearly {share}), "
            "look at another window of epochs (first_epoch, last_epoch), or take an estimator that is always positive "
            f"({', '.join(always_positive())})"
        )
    raw = shifted if direction == HIGH_IS_HARD else 1 / shifted
    return raw / raw.sum()


def sensible_offset(hardness: np.ndarray, direction: str, control: np.ndarray, most: float = MOST_CHANGE) -> float:
    """Return the least offset, rounded up to two digits, at which no class gets over ``most`` times its samples at alpha = 1.

    Nor less than 1 / ``most`` of them. A larger offset makes any two ratios more alike, so that all larger offsets do.
    """
    lowest = -float(np.min(hardness))
    # What differs by rounding alone is no scale: offsets of it would vanish in the sum.
    spread, size = float(np.ptp(hardness)), float(np.max(np.abs(hardness)))
    scale = spread if spread > _EQUAL * size else size or 1.0

    def is_sensible(offset: float) -> bool:
        factor = wanted_counts(resampling_ratios(hardness, direction, (), offset), control, 1) / control
        return bool(factor.max() <= most and factor.min() >= 1 / most)

    offsets = lowest + scale * np.geomspace(0.01, 1e6, 2000)
    sensible = float(offsets[bisect_left(offsets, True, key=is_sensible)])
    step = 10.0 ** (np.floor(np.log10(abs(sensible))) - 1)
    # Few enough digits that 0.30000000000000004 is written 0.3.
    return float(f"{np.ceil(sensible / step) * step:.12g}")


def ratios_of_rows(
    hardness: np.ndarray, direction: str, class_names: tuple[str, ...], offset: float = 0.0, compat: str = "none"
) -> np.ndarray:
    """Return the ratios of each row of class hardness ``(rows, classes)``; NaN where a row's hardness is not positive."""
    ratios = np.full(hardness.shape, np.nan)
    for row, own in zip(ratios, hardness, strict=True):
        if (own + (acting := offset_of(own, offset, compat)) > 0).all():
            row[:] = resampling_ratios(own, direction, class_names, acting)
    return ratios


def offset_of(hardness: np.ndarray, offset: float, compat: str) -> float:
    """Return the offset that acts: version 2 of the authors' code lifts the lowest class hardness above 0 where it is below."""
    lowest = float(np.min(hardness)) + offset
    return offset + _LIFTED - lowest if compat == "v2" and lowest < 0 else offset


def control_counts(samples: np.ndarray, balance: str = KEEP) -> np.ndarray:
    """Return what each class has at alpha = 0, before rounding (float64): its ``samples``, or N/k with ``balance="equal"``.

    Of equally large classes both are N/k, as in arXiv 2504.07031.
    """
    counts = np.asarray(samples, dtype=np.float64)
    return counts if balance == KEEP else np.full(len(counts), counts.sum() / len(counts))


def allocate(
    ratios: np.ndarray, control: np.ndarray, alpha: float, class_names: tuple[str, ...], compat: str = "none"
) -> np.ndarray:
    """Return :func:`wanted_counts` as integers that sum to exactly the samples of the ``control``.

    Rounded by largest remainder; ``compat="v1"`` rounds class by class as the authors do, so the sum may drift, and ``"v2"``
    as version 2 of their code, where no alpha above 0 is below 1 (:func:`counts_of_v2`). Refused where a class would get no
    sample, naming the largest alpha that works.
    """
    wanted = wanted_counts(ratios, control, alpha_of(alpha, compat))
    if compat == "v2" and alpha > 0:
        granted = counts_of_v2(ratios, control, alpha)
    else:
        granted = np.rint(wanted).astype(np.int64) if compat == "v1" else largest_remainder(wanted, total_of(control))
    if granted.min() < 1:
        poorest, largest = int(np.argmin(granted)), largest_alpha(ratios, control)
        left, works = wanted[poorest], f"the largest alpha that works here is {largest:.10g}"
        if compat == "v2":
            left, of_v2 = granted[poorest], _largest_alpha_of_v2(ratios, control)
            works = f"with compat v2 none works, as any below 1 acts as 1: write another compat, and alpha {largest:.10g}"
            works = f"the largest alpha that works here is {of_v2:.6g}" if of_v2 >= 1 else works
        raise StudyError(f"alpha {alpha:g} would leave class {class_names[poorest]!r} with {left:.1f} samples; {works}")
    return granted


def alpha_of(alpha: float, compat: str) -> float:
    """Return the alpha that an allocation is made at: in version 2 of the authors' code any between 0 and 1 acts as 1."""
    return max(alpha, 1.0) if compat == "v2" and alpha > 0 else alpha


def compat_of(allocation: pd.DataFrame) -> str:
    """Return whose rules an :func:`allocation_table` was made by."""
    return str(allocation["compat"].iloc[0]) if "compat" in allocation else "none"


def counts_of_v2(ratios: np.ndarray, control: np.ndarray, alpha: float) -> np.ndarray:
    """Return the counts of version 2 of the authors' code, int64; they may be negative and miss the total.

    Each class's N r_c is rounded; above alpha 1 its distance from the mean, whose decimals are cut off, is stretched by
    alpha, and cut off too. Of classes that differ in size, of which that code knows none, from what the control has.
    """
    rounded, middle = _rounded_of_v2(ratios, control)
    stretched = middle + np.sign(rounded - middle) * np.floor(alpha * np.abs(rounded - middle))
    return (stretched if alpha > 1 else rounded).astype(np.int64)


def _rounded_of_v2(ratios: np.ndarray, control: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each class's N r_c, rounded, and what its distance is stretched from."""
    rounded = np.rint(wanted_counts(ratios, control, 1))
    alike = (control == control[0]).all()
    return rounded, np.floor(np.full(len(rounded), rounded.mean()) if alike else control)


def _largest_alpha_of_v2(ratios: np.ndarray, control: np.ndarray) -> float:
    """Return the largest alpha, rounded down to 4 digits, at which :func:`counts_of_v2` leaves every class a sample."""
    rounded, middle = _rounded_of_v2(ratios, control)
    shrinking = rounded < middle
    # A distance that is cut off must stay below what it is taken from.
    limit = float((middle[shrinking] / (middle - rounded)[shrinking]).min(initial=np.inf))
    largest = float(np.floor(limit * 1e4) / 1e4)
    return largest if counts_of_v2(ratios, control, largest).min() >= 1 else largest - 1e-4


def wanted_counts(ratios: np.ndarray, control: np.ndarray, alpha: float) -> np.ndarray:
    """Return S_c(alpha) = n_c + alpha (N s_c - n_c) before rounding (float64, sums to N).

    n_c is the ``control``, of :func:`control_counts`, and s_c = n_c r_c / sum n r: every class grows or shrinks by its
    ratio against the mean ratio of all samples, whatever its size, and equal ratios change nothing. With n_c = N/k this is
    N/k + alpha (r_c N - N/k) of arXiv 2504.07031. ``ratios`` may have rows, ``(..., classes)``.
    """
    return control + alpha * (_shares(ratios, control) * total_of(control) - control)


def total_of(control: np.ndarray) -> int:
    """Return the number of samples N."""
    return round(float(control.sum()))


def _shares(ratios: np.ndarray, control: np.ndarray) -> np.ndarray:
    # The paper's case to the bit.
    if (control == control[0]).all():
        return ratios
    weighted = ratios * control
    return weighted / weighted.sum(-1, keepdims=True)


def largest_remainder(wanted: np.ndarray, total: int) -> np.ndarray:
    """Return integers next to ``wanted`` that sum to ``total`` (Hamilton's method); ties go to the first class."""
    floor = np.floor(wanted).astype(np.int64)
    # Rounded, so that classes whose remainders differ only by floating-point noise count as tied.
    remainder = np.round(wanted - floor, 9)
    short = int(total - floor.sum())
    order = np.argsort(-remainder, kind="stable")
    floor[order[:short]] += 1
    return floor


def largest_alpha(ratios: np.ndarray, control: np.ndarray) -> float:
    """Return the largest alpha, rounded down to 4 digits, at which every class is still owed one sample."""
    target = _shares(ratios, control) * total_of(control)
    # Equal ratios differ in their last digit.
    shrinking = target < control * (1 - _EQUAL)
    if not shrinking.any():
        return float("inf")
    limit = float(((control - 1)[shrinking] / (control - target)[shrinking]).min())
    return float(np.floor(limit * 1e4) / 1e4)


def largest_alpha_within(ratios: np.ndarray, control: np.ndarray, most: np.ndarray, compat: str = "none") -> float:
    """Return the largest alpha, rounded down to 4 digits, at which no class is owed more than its ``most`` samples; 0 for none.

    With ``compat="v2"`` no class is granted more (:func:`counts_of_v2`), whose rounding is another, and no alpha lies below 1.
    """
    if compat == "v2":
        return _largest_alpha_of_v2_within(ratios, control, most)
    target = _shares(ratios, control) * total_of(control)
    # Where alpha 0 asks for more than there is already, a smaller alpha only asks for more still.
    if (control > most * (1 + _EQUAL)).any():
        return 0.0
    growing = target > control * (1 + _EQUAL)
    limit = ((most - control)[growing] / (target - control)[growing]).min(initial=np.inf)
    return max(0.0, float(np.floor(limit * 1e4) / 1e4))


def _largest_alpha_of_v2_within(ratios: np.ndarray, control: np.ndarray, most: np.ndarray) -> float:
    """Return the largest alpha, down to 4 digits, whose counts (:func:`counts_of_v2`) exceed none of ``most``; 0 for none."""
    rounded, middle = _rounded_of_v2(ratios, control)
    if (rounded > most).any():
        return 0.0
    growing = rounded > middle
    # The stretched distance is cut off, so that it may come near the next whole number.
    limit = ((np.floor(most) - middle + 1)[growing] / (rounded - middle)[growing]).min(initial=np.inf)
    if np.isinf(limit):
        return float("inf")
    largest = float(np.floor(limit * 1e4) / 1e4)
    return max(1.0, largest if (counts_of_v2(ratios, control, largest) <= most).all() else round(largest - 1e-4, 4))


def allocation_table(
    classes: pd.DataFrame, alpha: float, offset: float = 0.0, compat: str = "none", balance: str = KEEP
) -> pd.DataFrame:
    """Return the explained allocation, one row a class.

    class, samples, hardness, ratio, what the control has, wanted, granted, change against the samples, factor against the
    control, and hard or easy. ``classes`` is the table of :func:`hbr.hardness.classes.class_table`. A class is hard when
    alpha = 1 gives it more than the control has: of equally large classes, when its ratio exceeds 1/k. With ``compat="v2"``
    hardness below 0 is shifted so that the lowest is 0.0001, as in the authors' code; hardness_offset tells it. A ``compat``
    other than none stands in a column, for who allocates anew.
    """
    names = tuple(classes["class_name"].astype(str))
    counts = classes["samples"].to_numpy()
    control = control_counts(counts, balance)
    offset = offset_of(classes["hardness"].to_numpy(), offset, compat)
    ratios = resampling_ratios(classes["hardness"].to_numpy(), str(classes["direction"].iloc[0]), names, offset, control)
    table = classes[["class", "class_name", "samples", "hardness"]].copy()
    table["hardness_offset"] = offset
    told = {} if compat == "none" else {"compat": compat}
    return with_counts(table.assign(control=control, **told), ratios, alpha, compat)


def with_counts(table: pd.DataFrame, ratios: np.ndarray, alpha: float, compat: str = "none") -> pd.DataFrame:
    """Return a table of classes (class_name, samples, control) with the columns that follow from ``ratios`` and ``alpha``."""
    control = table["control"].to_numpy()
    granted = allocate(ratios, control, alpha, tuple(table["class_name"].astype(str)), compat)
    return table.assign(
        ratio=ratios,
        alpha=alpha,
        wanted=wanted_counts(ratios, control, alpha_of(alpha, compat)),
        granted=granted,
        change=granted - table["samples"],
        factor=granted / control,
        group=np.where(wanted_counts(ratios, control, 1) > control * (1 + _EQUAL), "hard", "easy"),
        # Figures stand in this order, hardest right.
        position=np.argsort(np.argsort(ratios, kind="stable"), kind="stable"),
    )
