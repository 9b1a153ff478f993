"""The hardest samples leave."""

import numpy as np

from hbr.conditions.strategies import Counts, drop_by_rank


def drop(labels: np.ndarray, surplus: Counts, rng: np.random.Generator, *, hardness: np.ndarray) -> np.ndarray:
    """Return the places of what leaves."""
    return drop_by_rank(labels, surplus, hardness, rng, hardest=True)
