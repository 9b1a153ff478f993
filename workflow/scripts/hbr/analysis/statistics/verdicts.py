"""From p values to verdicts: multiplicity, direction, and how many variants would decide."""

import gc
from functools import cache

import numpy as np
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from hbr.analysis.statistics.paired import reach

INCONCLUSIVE = "inconclusive"
VERDICTS = ("improves", "worsens", "equivalent", INCONCLUSIVE)
# No verdicts: of rows outside of the declared families, and of rows that compare nothing.
EXPLORATORY, NOT_TESTED = "exploratory", "not tested"
MOST_VARIANTS = 1000
# Midpoints of equally likely slices of the distribution of the variance.
_SLICES = (np.arange(128) + 0.5) / 128


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values of one family adjusted by Holm (1979), by statsmodels.

    NaN stays NaN but counts in the family, as a test that cannot reject: the family was declared before the runs were seen.
    """
    if not len(p):
        return p.astype(np.float64)
    # It collects garbage whenever it is called, a fifth of a second where there are as many objects as here.
    gc.freeze()
    try:
        adjusted = multipletests(np.where(np.isnan(p), 1.0, p), method="holm")[1]
    finally:
        gc.unfreeze()
    return np.where(np.isnan(p), np.nan, adjusted)


def verdict(difference: float, adjusted_p: float, equivalence_p: float, direction: int, level: float = 0.05) -> str:
    """Return one of :data:`VERDICTS`; the first that holds, in this order.

    equivalent: ``equivalence_p`` is at most ``level``, the change is smaller than what counts, be it significant or not.
    improves, worsens: ``adjusted_p`` is at most ``level``; ``direction`` is 1 where higher is better, -1 where lower is.
    inconclusive: all else, a NaN included.
    """
    if equivalence_p <= level:
        return "equivalent"
    if adjusted_p <= level:
        return "improves" if difference * direction > 0 else "worsens"
    return INCONCLUSIVE


def decision_power(
    variants: np.ndarray,
    mean: float,
    spread: float,
    margin: float = np.nan,
    shared_variance: float = 0.0,
    level: float = 0.05,
    equivalence_level: float = 0.05,
) -> np.ndarray:
    """Return the probability of a verdict other than inconclusive, a value each number of ``variants`` (2 to 1000).

    ``mean`` is the true difference, ``spread`` the true standard deviation between variant means, ``margin`` that of
    equivalence (NaN for none), all in the unit of the differences; ``shared_variance`` as in ``t_estimate``. Given the
    estimated variance the mean is normal, and the verdict is out where the mean is far enough from 0 or near enough to it;
    that probability is averaged over the distribution of the variance (128 equally likely slices).
    """
    expected = spread**2 / variants + shared_variance
    own = spread**2 / variants[:, None] * _variance_slices()[variants - 2]
    total, df = own + shared_variance, (variants - 1.0)[:, None]
    errors = np.sqrt(own), df, np.sqrt(total), df * (total / own) ** 2
    far = reach(level, *errors)
    near = np.zeros_like(far)
    if not np.isnan(margin):
        # Each of its two tests is one-sided.
        near = np.clip(margin - reach(2 * equivalence_level, *errors), 0, far)
    deviation = np.sqrt(expected)[:, None]

    def within(half: np.ndarray) -> np.ndarray:
        inside: np.ndarray = special.ndtr((half - mean) / deviation) - special.ndtr((-half - mean) / deviation)
        return inside

    power: np.ndarray = 1 - (within(far) - within(near)).mean(1)
    return power


@cache
def _variance_slices() -> np.ndarray:
    """Return the estimated over the true variance, a row each number of variants from 2."""
    df = np.arange(1, MOST_VARIANTS)[:, None]
    ratio: np.ndarray = stats.chi2.ppf(_SLICES, df) / df
    return ratio


def variants_needed(
    mean: float,
    spread: float,
    margin: float = np.nan,
    shared_variance: float = 0.0,
    level: float = 0.05,
    equivalence_level: float = 0.05,
    power: float = 0.8,
    above: int = 1,
) -> float:
    """Return the smallest number of variants that decides with probability ``power``, were mean and spread the truth.

    Arguments as in :func:`decision_power`. ``level`` is that of the test for a difference: hand in level / family size, where
    Holm begins; ``above`` are the variants that did not decide. inf means more than 1000; NaN that nothing can be said, with a
    spread of 0 or NaN. Mean and spread of few variants are uncertain, and so is this number.
    """
    if not spread > 0:
        return np.nan

    def enough(variants: np.ndarray) -> np.ndarray:
        chances = decision_power(variants, mean, spread, margin, shared_variance, level, equivalence_level)
        decided: np.ndarray = variants[chances >= power]
        return decided

    # Most are found among the few, which are fast to try; above, the probability only grows.
    few = np.arange(above + 1, above + 64)
    if len(found := enough(few)):
        return float(found[0])
    low, high = int(few[-1]), MOST_VARIANTS
    if not len(enough(np.array([high]))):
        return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if len(enough(np.array([middle]))) else (middle, high)
    return float(high)


def growth_of_test_set(
    mean: float,
    spread: float,
    margin: float = np.nan,
    shared_variance: float = 0.0,
    level: float = 0.05,
    equivalence_level: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return how many times as large the test set must be, at least, for 1000 variants to decide with probability ``power``.

    Arguments as in :func:`variants_needed`. The shared variance of the test set falls as its size grows; that the spread
    between variants falls a little with it is left out. 1 where the present test set does; inf where none does.
    """

    def decides(factor: float) -> bool:
        shared = shared_variance / factor
        chances = decision_power(np.array([MOST_VARIANTS]), mean, spread, margin, shared, level, equivalence_level)
        return bool(chances[0] >= power)

    if not spread > 0 or not decides(np.inf):
        return np.inf
    low, high = 1.0, 1.0
    while not decides(high):
        low, high = high, 2 * high
    while high / low > 1.01:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high
