"""Random samples leave."""

from collections.abc import Mapping

import numpy as np

from hbr.conditions.strategies import Material

NEEDS: tuple[str, ...] = ()


def drop(material: Material, surplus: Mapping[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the places of what leaves."""
    classes = ((np.flatnonzero(material.labels == label), count) for label, count in surplus.items())
    return np.concatenate([rng.choice(samples, count, replace=False) for samples, count in classes])
