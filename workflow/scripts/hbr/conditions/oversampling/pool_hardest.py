"""The images of a pool that the baseline is least sure of."""

import numpy as np

from hbr.conditions.pools import Pool, draw_from_pool, least
from hbr.conditions.strategies import Added, Counts


def add(labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, class_names: tuple[str, ...], pool: Pool) -> Added:
    """Return so many images of each class, the same in all variants."""
    return draw_from_pool(wanted, class_names, pool, lambda places, count, label: least(pool.confidence, places, count))
