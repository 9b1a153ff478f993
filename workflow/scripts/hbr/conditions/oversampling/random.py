"""Copies drawn at random, with replacement."""

import numpy as np

from hbr.conditions.strategies import Added, Counts, draw_copies


def add(labels: np.ndarray, wanted: Counts, rng: np.random.Generator) -> Added:
    """Return copies of each class's samples."""
    return draw_copies(labels, wanted, rng)
