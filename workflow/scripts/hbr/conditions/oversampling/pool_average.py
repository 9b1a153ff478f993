"""Images of a pool, at random out of twice as many that the baseline is about as sure of as of real ones.

What arXiv 2504.07031 v2 means: the authors' code compares with NaN, and takes the first of the file.
"""

import numpy as np

from hbr.conditions.pools import Pool, draw_from_pool, least
from hbr.conditions.strategies import Added, Counts


def add(labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, class_names: tuple[str, ...], pool: Pool) -> Added:
    """Return so many images of each class, none twice, near the mean confidence of its training images."""

    def choose(places: np.ndarray, count: int, label: int) -> np.ndarray:
        distance = np.abs(pool.confidence - pool.real[label])
        return rng.choice(least(distance, places, 2 * count), count, replace=False)

    return draw_from_pool(wanted, class_names, pool, choose, times=2)
