"""Copies drawn at random, with replacement."""

from collections.abc import Mapping

import numpy as np

from hbr.conditions.strategies import Added, Material, draw_copies

NEEDS: tuple[str, ...] = ()


def add(material: Material, wanted: Mapping[int, int], rng: np.random.Generator) -> Added:
    """Return copies of each class's samples."""
    return draw_copies(material, wanted, rng)
