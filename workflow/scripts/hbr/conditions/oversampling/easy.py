"""Copies drawn with replacement, easy samples more often."""

from collections.abc import Mapping

import numpy as np

from hbr.conditions.strategies import Added, Material, draw_by_rank

NEEDS: tuple[str, ...] = ("hardness",)


def add(material: Material, wanted: Mapping[int, int], rng: np.random.Generator) -> Added:
    """Return copies of each class's samples."""
    return draw_by_rank(material, wanted, rng, favour="easy")
