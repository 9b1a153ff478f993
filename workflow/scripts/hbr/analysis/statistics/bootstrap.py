"""The hierarchical bootstrap: variants with replacement, then members within each."""

import numpy as np


def hierarchical_weights(variants: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return how much each run weighs in each resample, float64 ``(resamples, runs)``; rows sum to 1.

    ``variants`` names the variant of each run. A resample draws as many variants as there are, with replacement, and for
    every drawn one as many members as it has, with replacement (Davison and Hinkley 1997, section 3.8). A resample's
    weights times the runs' values are its mean of variant means.
    """
    names, index, members = np.unique(variants, return_inverse=True, return_counts=True)
    # Runs in order of their variants: those of variant v begin at start[v].
    order = np.argsort(index, kind="stable")
    start = np.concatenate([[0], np.cumsum(members)[:-1]])
    drawn = rng.integers(0, len(names), (resamples, len(names)))
    size = members[drawn][..., None]
    slots = np.arange(members.max())
    place = start[drawn][..., None] + rng.integers(0, size, (*drawn.shape, len(slots)))
    share = np.where(slots < size, 1 / (size * len(names)), 0)
    flat = np.arange(resamples)[:, None, None] * len(order) + order[np.minimum(place, len(order) - 1)]
    weights = np.bincount(flat.ravel(), share.ravel(), resamples * len(order))
    return weights.reshape(resamples, len(order))


def percentile_interval(resampled: np.ndarray, level: float = 0.05) -> tuple[float, float]:
    """Return the central ``1 - level`` of resampled values, its lower and upper end."""
    lower, upper = np.quantile(resampled, [level / 2, 1 - level / 2])
    return float(lower), float(upper)


def hierarchical_interval(
    matrix: np.ndarray, rng: np.random.Generator, resamples: int = 2000, level: float = 0.05
) -> tuple[float, float]:
    """Return the bootstrap percentile interval of the mean of variant means, in the unit of the differences.

    ``matrix`` is ``(variants, members)`` with NaN where there is no pair. NaN with fewer than two variants. Members differ
    within variants, so drawing both levels adds their share once more; few variants take more away (see docs/statistics.md).
    """
    if len(matrix) < 2:
        return np.nan, np.nan
    present = ~np.isnan(matrix)
    variants = np.repeat(np.arange(len(matrix)), present.sum(1))
    return percentile_interval(hierarchical_weights(variants, resamples, rng) @ matrix[present], level)
