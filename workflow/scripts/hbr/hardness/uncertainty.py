"""What the choice of members leaves open: bootstrap intervals of class hardness, class rank and allocation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special, stats

from hbr.hardness.allocation import KEEP, alpha_of, control_counts, ratios_of_rows, wanted_counts
from hbr.hardness.classes import class_means
from hbr.hardness.estimators import HIGH_IS_HARD


def member_scores(samples: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """Return the names of the members' columns and their scores, float64 ``(members, samples)``.

    ``samples`` is the table of :func:`hbr.hardness.classes.sample_table`.
    """
    names = [name for name in map(str, samples) if name.startswith("member_")]
    return names, samples[names].to_numpy(dtype=np.float64).T


def member_weights(members: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return how much each member weighs in each bootstrap resample, float64 ``(resamples, members)``; rows sum to 1.

    Members drawn with replacement show too little of what few of them leave open: the middle 95 % of the means of 4 covers
    the truth in some 80 % of ensembles (docs/statistics.md). So weights are stretched about 1 / n, some below 0, until it is
    as wide as the t interval of the mean (Hesterberg 2015, the expanded percentile interval).
    """
    drawn = rng.multinomial(members, np.full(members, 1 / members), resamples) / members
    if members < 2:
        return drawn
    stretch = special.stdtrit(members - 1, 0.975) / special.ndtri(0.975) * np.sqrt(members / (members - 1))
    stretched: np.ndarray = 1 / members + stretch * (drawn - 1 / members)
    return stretched


def above_zero(resampled: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return resampled means ``(resamples, classes)`` of a quantity that is above 0, stretched on the scale of its logarithm.

    ``value`` are the means of all members. Stretched weights of few members give means below 0, which the quantity cannot
    have: a mean m becomes value exp(m / value - 1), by the linear error of the logarithm, which near ``value`` is m itself.
    """
    whole = np.where(value > 0, value, 1)
    return np.where(value > 0, value * np.exp(resampled / whole - 1), resampled)


def middle(resampled: np.ndarray, members: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the middle 95 % of resampled values, over the first axis; NaN with one member, or where one is NaN."""
    lower, upper = np.quantile(resampled, [0.025, 0.975], axis=0, method="inverted_cdf")
    missing = np.isnan(resampled).any(0) | (members < 2)
    return np.where(missing, np.nan, lower), np.where(missing, np.nan, upper)


def shifted(resampled: np.ndarray, value: np.ndarray | float) -> np.ndarray:
    """Return resampled correlations moved until their mean over the first axis is ``value``, at most 1 and at least -1.

    A resample weighs some members twice and others not at all, so that it averages over fewer, and correlations of it lie
    below that of the whole ensemble.
    """
    moved: np.ndarray = np.clip(resampled + (value - resampled.mean(0)), -1, 1)
    return moved


def uncertainty_table(
    samples: pd.DataFrame,
    classes: pd.DataFrame,
    alphas: Sequence[float],
    offset: float,
    weights: np.ndarray,
    balance: str = KEEP,
    compat: str = "none",
) -> pd.DataFrame:
    """Return hardness, difficulty rank (1 = easiest) and allocation of each class with 95 % intervals over members.

    ``samples`` and ``classes`` are the tables of :mod:`hbr.hardness.classes`, ``weights`` those of :func:`member_weights`.
    The allocation is S_c before rounding, at each of ``alphas``, as ``compat`` has it. Where a resample has a class hardness
    that is not positive, the allocation has no interval, and ``remark`` says so; scores that are always positive are resampled
    by :func:`above_zero`. Intervals are of this training set; another one would have other samples.
    """
    names, direction = tuple(classes["class_name"].astype(str)), str(classes["direction"].iloc[0])
    hardness, control = classes["hardness"].to_numpy(), control_counts(classes["samples"].to_numpy(), balance)
    columns, scores = member_scores(samples)
    resampled = weights @ class_means(scores, samples["class"].to_numpy(), len(names))
    if classes["always_positive"].all():
        resampled = above_zero(resampled, hardness)
    sign = 1 if direction == HIGH_IS_HARD else -1
    own, drawn = (ratios_of_rows(rows, direction, names, offset, compat) for rows in (hardness[None], resampled))
    refused = int(np.isnan(drawn).any(1).sum())
    remark = f"class hardness is not positive in {refused} of {len(drawn)} resamples" if refused else None
    quantities: list[tuple[str, float, np.ndarray, np.ndarray]] = [
        ("hardness", np.nan, hardness, resampled),
        ("rank", np.nan, stats.rankdata(sign * hardness), stats.rankdata(sign * resampled, axis=1)),
    ]
    for alpha in alphas:
        wanted = [wanted_counts(ratios, control, alpha_of(alpha, compat)) for ratios in (own, drawn)]
        quantities.append(("allocation", alpha, wanted[0][0], wanted[1]))
    parts = []
    for quantity, alpha, value, draws in quantities:
        lower, upper = middle(draws, len(columns))
        part = classes[["class", "class_name"]].assign(quantity=quantity, alpha=alpha, value=value, lower=lower, upper=upper)
        part = part.assign(members=len(columns), resamples=len(draws), remark=remark if quantity == "allocation" else None)
        parts.append(part.astype({"remark": object}))
    return pd.concat(parts, ignore_index=True)
