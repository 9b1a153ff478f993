"""Placebos: ratios as unequal as the true ones, given to the wrong classes."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from hbr.errors import StudyError
from hbr.hardness.allocation import alpha_of, wanted_counts, with_counts

SHUFFLED, RANDOM = "shuffled", "random"
_TRIES = 10_000


def placebo_ratios(ratios: np.ndarray, kind: str, fits: Callable[[np.ndarray], bool], rng: np.random.Generator) -> np.ndarray:
    """Return ratios (float64, sum to 1) as unequal as the true ones, given to the wrong classes.

    ``shuffled``: the true ratios, every class with that of another; with two classes that is the reverse, with three half of it
    (correlation -1 / (k - 1) in the mean over draws of k classes). ``random``: normal draws with the mean and the standard
    deviation of the true ratios. Draws that do not fit (``fits``), as a class would be left without samples, are drawn again.
    Raises ``StudyError`` where none of 10,000 will do, and for ``random`` with two classes, whose draws are the true ratios or
    those of the other class, each half of the time.
    """
    if kind == RANDOM and len(ratios) == 2:
        raise StudyError(
            "placebos.kinds: random is no placebo with two classes, half of its draws are the truth; leave it out, or write "
            "shuffled, which is the reverse of the truth then"
        )
    for _ in range(_TRIES):
        if kind == SHUFFLED:
            order = rng.permutation(len(ratios))
            if (order != np.arange(len(ratios))).all() and fits(ratios[order]):
                return ratios[order]
            continue
        drawn = rng.normal(size=len(ratios))
        drawn = ratios.mean() + ratios.std() * (drawn - drawn.mean()) / drawn.std()
        if fits(drawn):
            return drawn
    raise StudyError(
        f"placebos.kinds: no {kind} ratios as unequal as the true ones leave every class with samples at this alpha; "
        "write a smaller alpha under placebos.alphas"
    )


def placebo_allocation(true: pd.DataFrame, kind: str, alpha: float, compat: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return an allocation at ``alpha`` like the ``true`` one (of any alpha), with the ratios of a placebo."""
    control, own = true["control"].to_numpy(), true["ratio"].to_numpy()
    # Where rounding grants the poorest class its sample, ratios that are only dealt out anew may owe it less than one.
    acting = alpha_of(alpha, compat)
    least = min(1.0, float(wanted_counts(own, control, acting).min())) if kind == SHUFFLED else 1.0
    ratios = placebo_ratios(own, kind, lambda drawn: bool(wanted_counts(drawn, control, acting).min() >= least), rng)
    return with_counts(true, ratios, alpha, compat)
