"""From class hardness to the number of samples each class gets."""

from contextlib import suppress

import numpy as np
import pandas as pd

from hbr.errors import StudyError
from hbr.hardness.estimators import HIGH_IS_HARD


def resampling_ratios(hardness: np.ndarray, direction: str, class_names: tuple[str, ...], offset: float = 0.0) -> np.ndarray:
    """Return the share r_c of the training set each class should get (float64, sums to 1).

    R_c = 1 / H_c where low is hard, else H_c; r_c = R_c / sum R (arXiv 2504.07031, section 3). ``offset`` is added to
    every H_c first. A class whose H_c is not positive would take all the data, or none: refused, with the class named.
    """
    shifted = np.asarray(hardness, dtype=np.float64) + offset
    if not (shifted > 0).all():
        worst = int(np.argmin(shifted))
        raise StudyError(
            f"class {class_names[worst]!r} has hardness {shifted[worst]:.4g}, and ratios need positive hardness; "
            f"set `resampling.hardness_offset` above {-float(np.min(hardness)):.4g} or choose another estimator"
        )
    raw = shifted if direction == HIGH_IS_HARD else 1 / shifted
    return raw / raw.sum()


def ratios_of_rows(hardness: np.ndarray, direction: str, class_names: tuple[str, ...], offset: float = 0.0) -> np.ndarray:
    """Return the ratios of each row of class hardness ``(rows, classes)``; NaN where a row's hardness is not positive."""
    ratios = np.full(hardness.shape, np.nan)
    for row, own in zip(ratios, hardness, strict=True):
        with suppress(StudyError):
            row[:] = resampling_ratios(own, direction, class_names, offset)
    return ratios


def allocate(ratios: np.ndarray, total: int, alpha: float, class_names: tuple[str, ...], compat: str = "none") -> np.ndarray:
    """Return S_c(alpha) = N/k + alpha (r_c N - N/k) as integers that sum to exactly ``total``.

    Rounded by largest remainder; ``compat="v1"`` rounds class by class as the authors do, so the sum may drift. Refused
    where a class would get no sample, naming the largest alpha that works.
    """
    wanted = wanted_counts(ratios, total, alpha)
    granted = np.rint(wanted).astype(np.int64) if compat == "v1" else largest_remainder(wanted, total)
    if granted.min() < 1:
        poorest = int(np.argmin(granted))
        raise StudyError(
            f"alpha {alpha:g} would leave class {class_names[poorest]!r} with {wanted[poorest]:.1f} samples; "
            f"the largest alpha that works here is {largest_alpha(ratios, total):.4g}"
        )
    return granted


def wanted_counts(ratios: np.ndarray, total: int, alpha: float) -> np.ndarray:
    """Return S_c(alpha) before rounding (float64, sums to ``total``)."""
    balanced = total / len(ratios)
    return balanced + alpha * (ratios * total - balanced)


def largest_remainder(wanted: np.ndarray, total: int) -> np.ndarray:
    """Return integers next to ``wanted`` that sum to ``total`` (Hamilton's method); ties go to the first class."""
    floor = np.floor(wanted).astype(np.int64)
    # Rounded, so that classes whose remainders differ only by floating-point noise count as tied.
    remainder = np.round(wanted - floor, 9)
    short = int(total - floor.sum())
    order = np.argsort(-remainder, kind="stable")
    floor[order[:short]] += 1
    return floor


def largest_alpha(ratios: np.ndarray, total: int) -> float:
    """Return the largest alpha, rounded down to 4 digits, at which every class is still owed one sample."""
    balanced = total / len(ratios)
    shrinking = ratios * total < balanced
    if not shrinking.any():
        return float("inf")
    limit = float(((balanced - 1) / (balanced - ratios[shrinking] * total)).min())
    return float(np.floor(limit * 1e4) / 1e4)


def allocation_table(classes: pd.DataFrame, alpha: float, offset: float = 0.0, compat: str = "none") -> pd.DataFrame:
    """Return the explained allocation: class, samples, hardness, ratio, wanted, granted, change, and hard or easy.

    ``classes`` is the table of :func:`hbr.hardness.classes.class_table`. A class is hard when S_c at alpha = 1 exceeds N/k.
    """
    names = tuple(classes["class_name"].astype(str))
    counts = classes["samples"].to_numpy()
    total = int(counts.sum())
    ratios = resampling_ratios(classes["hardness"].to_numpy(), str(classes["direction"].iloc[0]), names, offset)
    granted = allocate(ratios, total, alpha, names, compat)
    table = classes[["class", "class_name", "samples", "hardness"]].copy()
    table["hardness_offset"] = offset
    table["ratio"] = ratios
    table["alpha"] = alpha
    table["wanted"] = wanted_counts(ratios, total, alpha)
    table["granted"] = granted
    table["change"] = granted - counts
    table["group"] = np.where(ratios * len(ratios) > 1, "hard", "easy")
    # Figures stand in this order, hardest right.
    table["position"] = np.argsort(np.argsort(ratios, kind="stable"), kind="stable")
    return table
