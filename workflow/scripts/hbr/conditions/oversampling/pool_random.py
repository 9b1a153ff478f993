"""Images of a pool, at random."""

import numpy as np

from hbr.conditions.pools import Pool, draw_from_pool
from hbr.conditions.strategies import Added, Counts


def add(labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, class_names: tuple[str, ...], pool: Pool) -> Added:
    """Return so many images of each class, none twice."""
    return draw_from_pool(wanted, class_names, pool, lambda places, count, label: rng.choice(places, count, replace=False))
