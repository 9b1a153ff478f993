"""Sets of pruned samples, and how much two of them have in common beyond chance."""

import numpy as np

RATES_PERCENT = tuple(range(10, 100, 10))


def pruned_share(difficulty: np.ndarray, rates_percent: tuple[int, ...] = RATES_PERCENT) -> np.ndarray:
    """Return how likely each sample is pruned at each rate, float64 ``(rates, samples)``; a row sums to round(rate n).

    ``difficulty`` is one number a sample, high = hard; the easiest leave. Samples of the very hardness at the cut share the
    places that are left: 1 and 0 stand for certain, between them decides a lot.
    """
    total = _pruned_counts(len(difficulty), rates_percent)
    cuts = np.partition(difficulty, total - 1)[total - 1]
    share = np.empty((len(total), len(difficulty)))
    for row, cut, wanted in zip(share, cuts, total, strict=True):
        easier, tied = difficulty < cut, difficulty == cut
        row[:] = easier + tied * ((wanted - np.count_nonzero(easier)) / np.count_nonzero(tied))
    return share


def drawn_by_lot(share: np.ndarray) -> np.ndarray:
    """Return which part of each pruned set of :func:`pruned_share` ties decide, 0 to 1 ``(rates,)``."""
    return np.where(share < 1, share, 0).sum(1) / share.sum(1)


def in_common(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the share of samples that two pruned sets of equal size have in common, 0 to 1 ``(rates,)``.

    Lots in the one are independent of those in the other, and the share is the expected one.
    """
    common: np.ndarray = np.einsum("rn,rn->r", first, second) / first.sum(1)
    return common


def jaccard_of(common: np.ndarray) -> np.ndarray:
    """Return intersection over union of two sets of equal size m that have ``common`` m samples in common.

    With c m in the intersection, the union has (2 - c) m. Sets of n p samples drawn at random have c = p in common, whence
    a Jaccard index of p / (2 - p): .05 at 10 %, .33 at 50 %, .82 at 90 %.
    """
    return common / (2 - common)


def beyond_chance(observed: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return (observed - chance) / (1 - chance): 0 for sets drawn at random, 1 for equal sets, as in Cohen's kappa.

    NaN where chance alone gives equal sets, as among a handful of samples.
    """
    with np.errstate(invalid="ignore"):
        return (observed - chance) / (1 - chance)


def chance_in_common(samples: int, rates_percent: tuple[int, ...] = RATES_PERCENT) -> np.ndarray:
    """Return the share that two sets drawn at random have in common at each rate: the rate, of whole samples."""
    return _pruned_counts(samples, rates_percent) / samples


def _pruned_counts(samples: int, rates_percent: tuple[int, ...]) -> np.ndarray:
    return np.array([max(1, round(rate / 100 * samples)) for rate in rates_percent])
