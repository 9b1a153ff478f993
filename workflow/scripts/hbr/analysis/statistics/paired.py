"""Tests and intervals on the variant means of paired differences.

Members of one variant share a plan and are not independent. Their differences are averaged first, and every number here is
made of one value a variant.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special, stats

from hbr.intervals import has_spread

# Variants up to which all 2^V sign patterns are tried.
EXACT_VARIANTS = 16


@dataclass(frozen=True)
class Estimate:
    """A mean difference, in the unit of the differences, with what t says about it; NaN where it says nothing.

    ``equivalence_p`` is that of the two one-sided tests, NaN without a margin.
    """

    mean: float
    error: float
    df: float
    lower: float
    upper: float
    p: float
    equivalence_p: float


def difference_matrix(cell: pd.DataFrame, column: str = "difference") -> np.ndarray:
    """Return one condition's paired differences as float64 ``(variants, members)``, NaN where a variant has fewer members.

    ``cell`` holds the columns variant, member and ``column``, one row a pair, as ``pair_runs`` returns them.
    """
    table = cell.pivot(index="variant", columns="member", values=column)
    # Members may be numbered anew in every variant; what counts is how many there are.
    rows = [row[~np.isnan(row)] for row in table.to_numpy(np.float64)]
    kept = [row for row in rows if len(row)]
    matrix = np.full((len(kept), max(map(len, kept), default=0)), np.nan)
    for target, row in zip(matrix, kept, strict=True):
        target[: len(row)] = row
    return matrix


def variant_means(matrix: np.ndarray) -> np.ndarray:
    """Return the mean of each variant's members, float64 ``(variants,)``; every variant counts alike."""
    present = ~np.isnan(matrix)
    return np.where(present, matrix, 0).sum(1) / present.sum(1)


def t_estimate(means: np.ndarray, shared_variance: float = 0.0, margin: float = np.nan, level: float = 0.05) -> Estimate:
    """Return the mean of variant means with its standard error, ``1 - level`` interval, p and equivalence p.

    Without ``shared_variance`` this is the paired t-test on variant means, with variants - 1 degrees of freedom.
    ``shared_variance`` is a known variance of the mean that more variants do not reduce, as that of a finite test set; it is
    added to the squared standard error, and the degrees of freedom are those of Satterthwaite (1946) with infinitely many
    for it. Where few variants lie close together by chance these are far too many, and an error that is added would make
    the test surer: interval and p values are the less sure ones of with and without it (:func:`reach`). Equivalence is tested
    by two one-sided t-tests against ``-margin`` and ``margin`` (Schuirmann 1987).

    Variant means that are all equal give NaN except for the mean: their spread of zero comes of coarse values, not of
    certainty.
    """
    variants = len(means)
    mean = float(means.mean()) if variants else np.nan
    if not has_spread(means):
        return Estimate(mean, *[np.nan] * 6)
    own = float(means.var(ddof=1)) / variants
    errors = np.sqrt([own, own + shared_variance])
    df = np.array([1, (errors[1] / errors[0]) ** 4]) * (variants - 1)
    half = float(reach(level, errors[0], df[0], errors[1], df[1]))
    p = 2 * float(np.max(stats.t.sf(abs(mean) / errors, df)))
    equivalence = float(np.max(stats.t.sf((margin - abs(mean)) / errors, df)))
    return Estimate(mean, float(errors[1]), float(df[1]), mean - half, mean + half, p, equivalence)


Number = float | np.ndarray


def reach(level: float, error: Number, df: Number, total_error: Number, total_df: Number) -> np.ndarray:
    """Return how far a two-sided ``1 - level`` interval reaches to each side: the wider of without and with a shared error."""
    half: np.ndarray = special.stdtrit(np.asarray(df, np.float64), 1 - level / 2) * error
    if np.any(total_error != error):
        half = np.maximum(half, special.stdtrit(np.asarray(total_df, np.float64), 1 - level / 2) * total_error)
    return half


def beyond_p(difference: float, margin: float, error: float, df: float, total_error: float, total_df: float) -> float:
    """Return the p value of the t-test that a change is no larger than ``margin``, up or down, the less sure of both errors.

    Small where the change is shown to count. To differ from 0 is less: a change may do so and be smaller than the margin. What
    is as large as the margin may seem larger on either side: the tail of the other is added, which counts where errors exceed
    the margin. NaN without an error.
    """
    errors, dfs = np.array([error, total_error], np.float64), np.array([df, total_df], np.float64)
    near, far = (stats.t.sf((abs(difference) + side * margin) / errors, dfs) for side in (-1, 1))
    return float(np.max(near + far))


def sign_flip_p(means: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the two-sided p value of the sign-flip permutation test of variant means, over the last axis.

    Under the null the differences are symmetric about 0, so any of the 2^V patterns of signs was as likely: p is the share of
    patterns whose mean is at least as far from 0 as the one observed (Fisher 1935, section 21). All patterns are tried up to
    16 variants; above, 65,536 random ones from ``rng``, counting the observed one (Phipson and Smyth 2010). No p lies below
    2 / 2^V: 0.125 with 4 variants, 0.0078 with 8. Raise ``ValueError`` above 16 variants without ``rng``.
    """
    variants = means.shape[-1]
    sums = means.sum(-1)
    scale = np.abs(means).sum(-1)
    signs = _half_of_signs(variants) if variants <= EXACT_VARIANTS else _random_signs(variants, rng)
    # Sums that differ by rounding alone are ties.
    reached = np.abs(means @ signs.T) >= (np.abs(sums) - 1e-9 * scale)[..., None]
    p: np.ndarray = reached.mean(-1)
    return p


@cache
def _half_of_signs(variants: int) -> np.ndarray:
    """Return the patterns with a first sign of +; the others are their mirror images and have the same two-sided values."""
    bits = (np.arange(2 ** (variants - 1))[:, None] >> np.arange(variants - 1)) & 1
    return np.hstack([np.ones((len(bits), 1)), 1.0 - 2.0 * bits])


def _random_signs(variants: int, rng: np.random.Generator | None) -> np.ndarray:
    if rng is None:
        raise ValueError(f"{variants} variants have too many patterns of signs to try all; hand in a generator")
    signs = rng.choice([-1.0, 1.0], size=(2**EXACT_VARIANTS, variants))
    signs[0] = 1
    return signs


def smallest_sign_flip_p(variants: int) -> float:
    """Return the smallest p that the sign-flip test can reach."""
    return 2.0 ** (1 - min(variants, EXACT_VARIANTS + 1))


def hedges_g(means: np.ndarray, level: float = 0.05) -> tuple[float, float, float]:
    """Return the standardised effect with its ``1 - level`` interval, in standard deviations between variant means.

    The effect is Hedges's (1981) g for one sample: mean over standard deviation, times the exact correction for bias; NaN
    with 2 variants, where the expectation that it corrects does not exist. The interval inverts the noncentral t
    distribution (Steiger and Fouladi 1997). All NaN without spread.
    """
    if not has_spread(means):
        return np.nan, np.nan, np.nan
    variants = len(means)
    df = variants - 1
    d = float(means.mean() / means.std(ddof=1))
    correction = np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2) if df > 1 else np.nan
    lower, upper = (_noncentrality(df, d * np.sqrt(variants), p) / np.sqrt(variants) for p in (1 - level / 2, level / 2))
    return float(correction * d), float(lower), float(upper)


def _noncentrality(df: int, t: float, p: float) -> float:
    """Return the noncentrality at which t is the p quantile."""
    # The solver takes nonnegative quantiles best; the distribution at -t mirrors that at t.
    return float(special.nctdtrinc(df, p, t)) if t >= 0 else -float(special.nctdtrinc(df, 1 - p, -t))


def better(gap: str | None) -> Literal[-1, 1]:
    """Return 1 where a higher value is better, -1 where a lower one is.

    Gaps are better small, but for the mean over classes; without a gap the value is a metric itself, better high.
    """
    return -1 if gap is not None and gap != "mean" else 1
