"""Placebos: ratios as unequal as the true ones, given to the wrong classes."""

import numpy as np

from hbr.errors import StudyError

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
