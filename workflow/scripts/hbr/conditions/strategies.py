"""What strategies of over- and undersampling are handed, and what they hand back.

An oversampling strategy is a file with ``add(labels, wanted, rng, *, ...) -> Added``, an undersampling one a file with
``drop(labels, surplus, rng, *, ...) -> places``. ``labels`` are those of the samples that are resampled, ``wanted`` and
``surplus`` say how many samples more or fewer a class gets. The names after the star are what a strategy needs, some of
:data:`NEEDS`; it is handed nothing else.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbr.conditions.kind import load
from hbr.data.plans import DUPLICATE
from hbr.errors import StudyError

# No strategy: the classes of that side stay as they are.
NONE = "none"
NEEDS = {
    "hardness": "a number a sample, high = hard, whatever the estimator",
    "images": "the samples' images, uint8",
    "class_names": "names for messages",
    "sharpness": "the setting of that name",
    "reserve": "a Reserve: real samples that the base left out",
    "pool": "a hbr.conditions.pools.Pool: other images of the classes, scored",
}
Counts = Mapping[int, int]


@dataclass(frozen=True)
class Reserve:
    """Real samples that a base left out: their places in the prepared data, and their labels."""

    source: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Added:
    """Examples that a strategy adds, of one ``origin``: sources as in a plan, labels, and synthetic images where there are."""

    source: np.ndarray
    labels: np.ndarray
    origin: int
    images: np.ndarray | None = None


class ShortageError(StudyError):
    """A class needs more than there is; ``most`` says how many samples each class can be given."""

    def __init__(self, sentence: str, most: np.ndarray) -> None:
        super().__init__(sentence)
        self.most = most


def strategy_of(side: str, name: str) -> Callable[..., Any]:
    """Return the function of a strategy; ``side`` is oversampling or undersampling."""
    function: Callable[..., Any] = getattr(load(side, name), "add" if side == "oversampling" else "drop")
    return function


def needs_of(side: str, name: str) -> set[str]:
    """Return what a strategy needs, some of :data:`NEEDS`."""
    if name == NONE:
        return set()
    parameters = inspect.signature(strategy_of(side, name)).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def least_samples(names: Iterable[str]) -> int:
    """Return how many samples of a class any of some oversampling strategies needs; which classes gain is not known yet."""
    return max((getattr(load("oversampling", name), "LEAST_SAMPLES", 1) for name in set(names) - {NONE}), default=1)


def apply(side: str, name: str, labels: np.ndarray, change: Counts, rng: np.random.Generator, given: Mapping[str, Any]) -> Any:
    """Return what a strategy adds or drops; ``given`` is what it needs, by need, and more."""
    return strategy_of(side, name)(labels, change, rng, **{need: given[need] for need in needs_of(side, name)})


def by_hardness(hardness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the places of samples, the lowest number first; equal ones stand by lot, which is drawn only where there are any.

    In the order of files ties would go to the first class of a folder: a count of forgetting has few values.
    """
    if len(np.unique(hardness)) == len(hardness):
        return np.argsort(hardness)
    return np.lexsort((rng.permutation(len(hardness)), hardness))


def drop_by_rank(
    labels: np.ndarray, surplus: Counts, hardness: np.ndarray, rng: np.random.Generator, hardest: bool
) -> np.ndarray:
    """Return the places of each class's ``surplus`` easiest, or hardest, samples, ties by lot."""
    dropped = []
    for label, count in surplus.items():
        samples = np.flatnonzero(labels == label)
        order = samples[by_hardness(hardness[samples], rng)]
        dropped.append(order[len(order) - count :] if hardest else order[:count])
    return np.concatenate(dropped)


def draw_copies(
    labels: np.ndarray,
    wanted: Counts,
    rng: np.random.Generator,
    weights: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Added:
    """Return copies of each class's samples, drawn with replacement; ``weights`` turns their places into probabilities."""
    drawn = []
    for label, count in wanted.items():
        places = np.flatnonzero(labels == label)
        drawn.append(rng.choice(places, count, replace=True, p=weights(places) if weights else None))
    return Added(np.concatenate(drawn), np.repeat(list(wanted), list(wanted.values())), DUPLICATE)


def rank_weights(difficulty: np.ndarray, favour: str, sharpness: float = 1.0) -> np.ndarray:
    """Return sampling probabilities by difficulty rank (sum to 1), as arXiv 2504.07031 (v1) weighs them.

    w = 0.5 + 0.5 (1 - exp(-5 (1 - x))) / (1 - exp(-5)), x = rank / (n - 1), x = 0 for the favoured end (``hard`` or
    ``easy``), ties averaged. That spans only 2 : 1; ``sharpness`` s raises w to the power s, which spans 2^s : 1.
    """
    from scipy.stats import rankdata

    rank = rankdata(-difficulty if favour == "hard" else difficulty) - 1
    x = rank / max(len(difficulty) - 1, 1)
    weights = (0.5 + 0.5 * (1 - np.exp(-5 * (1 - x))) / (1 - np.exp(-5))) ** sharpness
    return weights / weights.sum()
