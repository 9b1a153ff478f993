"""Placebos: ratios as unequal as the true ones, given to the wrong classes."""

import numpy as np
import pandas as pd

from hbr.errors import StudyError
from hbr.hardness.allocation import allocate, wanted_counts

SHUFFLED, RANDOM = "shuffled", "random"
_TRIES = 10_000


def placebo_ratios(ratios: np.ndarray, kind: str, smallest: float, rng: np.random.Generator) -> np.ndarray:
    """Return ratios (float64, sum to 1) that say nothing of the classes' hardness.

    ``shuffled``: the true ratios, every class with that of another. ``random``: normal draws with the mean and the standard
    deviation of the true ratios. ``smallest`` is the ratio below which alpha leaves a class without samples; draws that
    hold one are drawn again. Raises ``StudyError`` where none of 10,000 draws will do.
    """
    for _ in range(_TRIES):
        if kind == SHUFFLED:
            order = rng.permutation(len(ratios))
            if (order != np.arange(len(ratios))).all():
                return ratios[order]
            continue
        drawn = rng.normal(size=len(ratios))
        drawn = ratios.mean() + ratios.std() * (drawn - drawn.mean()) / drawn.std()
        if drawn.min() > smallest:
            return drawn
    raise StudyError(
        f"placebos.kinds: no {kind} ratios as unequal as the true ones leave every class with samples at this alpha; "
        "write a smaller alpha under placebos.alphas"
    )


def placebo_allocation(true: pd.DataFrame, kind: str, alpha: float, compat: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return an allocation at ``alpha`` like the ``true`` one (of any alpha), with the ratios of a placebo."""
    total, balanced = int(true["samples"].sum()), true["samples"].sum() / len(true)
    # S_c >= 1 where r_c >= (1 - (1 - alpha) N/k) / (alpha N).
    smallest = (1 - (1 - alpha) * balanced) / (alpha * total)
    ratios = placebo_ratios(true["ratio"].to_numpy(), kind, smallest, rng)
    granted = allocate(ratios, total, alpha, tuple(true["class_name"].astype(str)), compat)
    return true.assign(
        ratio=ratios,
        alpha=alpha,
        wanted=wanted_counts(ratios, total, alpha),
        granted=granted,
        change=granted - true["samples"],
        group=np.where(ratios * len(ratios) > 1, "hard", "easy"),
        position=np.argsort(np.argsort(ratios, kind="stable"), kind="stable"),
    )
