"""Random samples leave."""

import numpy as np

from hbr.conditions.strategies import Counts


def drop(labels: np.ndarray, surplus: Counts, rng: np.random.Generator) -> np.ndarray:
    """Return the places of what leaves."""
    drawn = [rng.choice(np.flatnonzero(labels == label), count, replace=False) for label, count in surplus.items()]
    return np.concatenate(drawn)
