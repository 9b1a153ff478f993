"""The easiest samples leave."""

from collections.abc import Mapping

import numpy as np

from hbr.conditions.strategies import Material, drop_by_rank

NEEDS: tuple[str, ...] = ("hardness",)


def drop(material: Material, surplus: Mapping[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the places of what leaves."""
    return drop_by_rank(material, surplus, hardest=False)
