"""Copies drawn with replacement, easy samples more often."""

import numpy as np

from hbr.conditions.strategies import Added, Counts, draw_copies, rank_weights


def add(labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, hardness: np.ndarray, sharpness: float) -> Added:
    """Return copies of each class's samples, drawn by :func:`hbr.conditions.strategies.rank_weights`."""
    return draw_copies(labels, wanted, rng, lambda places: rank_weights(hardness[places], "easy", sharpness))
