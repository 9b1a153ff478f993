"""What strategies of over- and undersampling are handed, and what they hand back.

An oversampling strategy is a module under ``oversampling`` with ``add(material, wanted, rng) -> Added``, an undersampling one
under ``undersampling`` with ``drop(material, surplus, rng) -> places``; ``wanted`` and ``surplus`` are samples by class. Each
declares ``NEEDS``, some of :data:`NEEDS`, and is handed nothing else.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

# No strategy: the classes of that side stay as they are.
NONE = "none"
# hardness: the difficulty of each sample; images: their pixels; reserve: what the base left out; pool: other images, scored.
NEEDS = ("hardness", "images", "reserve", "pool")


@dataclass(frozen=True)
class Reserve:
    """Real samples that a base left out: their places in the prepared data, and their labels."""

    source: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Pool:
    """Images of no data set: uint8 of the samples' shape, their labels, and a score of each, high = hard."""

    images: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Added:
    """Examples that a strategy adds, of one ``origin``: sources as in a plan, labels, and synthetic images where there are."""

    source: np.ndarray
    labels: np.ndarray
    origin: int
    images: np.ndarray | None = None


@dataclass(frozen=True)
class Material:
    """The samples to be resampled; ``given`` makes what a strategy needs, by need."""

    labels: np.ndarray
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    sharpness: float
    given: Mapping[str, Callable[[], Any]]

    def limited(self, needs: Collection[str]) -> "Material":
        """Return the material with what is declared, and nothing else; raise ``KeyError`` on a need that nothing meets."""
        return replace(self, given={need: self.given[need] for need in needs})

    @property
    def difficulty(self) -> np.ndarray:
        """Return a number a sample, high = hard, whatever the estimator."""
        return self.given["hardness"]()

    @property
    def images(self) -> np.ndarray:
        """Return the images, uint8."""
        return self.given["images"]()

    @property
    def reserve(self) -> Reserve:
        """Return the reserve of the base."""
        return self.given["reserve"]()

    @property
    def pool(self) -> Pool:
        """Return the pool of the data set."""
        return self.given["pool"]()


def drop_by_rank(material: Material, surplus: Mapping[int, int], hardest: bool) -> np.ndarray:
    """Return the places of each class's ``surplus`` easiest, or hardest, samples."""
    difficulty, dropped = material.difficulty, []
    for label, count in surplus.items():
        samples = np.flatnonzero(material.labels == label)
        order = samples[np.argsort(difficulty[samples], kind="stable")]
        dropped.append(order[len(order) - count :] if hardest else order[:count])
    return np.concatenate(dropped)


def draw_copies(
    material: Material,
    wanted: Mapping[int, int],
    rng: np.random.Generator,
    weights: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Added:
    """Return copies of each class's samples, drawn with replacement; ``weights`` turns their places into probabilities."""
    from hbr.data.plans import DUPLICATE

    sources = []
    for label, count in wanted.items():
        samples = np.flatnonzero(material.labels == label)
        sources.append(rng.choice(samples, count, replace=True, p=weights(samples) if weights else None))
    return Added(np.concatenate(sources), np.repeat(list(wanted), list(wanted.values())), DUPLICATE)


def draw_by_rank(material: Material, wanted: Mapping[int, int], rng: np.random.Generator, favour: str) -> Added:
    """Return copies drawn by :func:`rank_weights`."""
    difficulty = material.difficulty
    return draw_copies(material, wanted, rng, lambda places: rank_weights(difficulty[places], favour, material.sharpness))


def rank_weights(difficulty: np.ndarray, favour: str, sharpness: float = 1.0) -> np.ndarray:
    """Return sampling probabilities by difficulty rank (sum to 1), as arXiv 2504.07031 (v1) weighs them.

    w = 0.5 + 0.5 (1 - exp(-5 (1 - x))) / (1 - exp(-5)), x = rank / (n - 1), x = 0 for the favoured end (``hard`` or
    ``easy``). That spans only 2 : 1; ``sharpness`` s raises w to the power s, which spans 2^s : 1.
    """
    n = len(difficulty)
    keys = -difficulty if favour == "hard" else difficulty
    rank = np.empty(n)
    rank[np.argsort(keys, kind="stable")] = np.arange(n)
    x = rank / max(n - 1, 1)
    weights = (0.5 + 0.5 * (1 - np.exp(-5 * (1 - x))) / (1 - np.exp(-5))) ** sharpness
    return weights / weights.sum()
