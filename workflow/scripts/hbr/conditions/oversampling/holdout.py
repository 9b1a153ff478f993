"""Real samples that the base left out, without replacement (arXiv 2504.07031 v2, case study 1)."""

from typing import TYPE_CHECKING

import numpy as np

from hbr.conditions.strategies import Added, Counts, Reserve
from hbr.data.plans import HOLDOUT
from hbr.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd


def add(labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, reserve: Reserve, allocation: "pd.DataFrame") -> Added:
    """Return samples of the reserve; raise ``StudyError`` where a class needs more than it holds."""
    held = np.bincount(reserve.labels, minlength=len(allocation))
    for label, count in wanted.items():
        if count > held[label]:
            own = int((labels == label).sum())
            raise StudyError(
                f"class {allocation['class_name'].iloc[label]!r} needs {count} samples beside its {own}, but the base left out "
                f"{held[label]} of it, enough for {(own + held[label]) / own:.3g} times; holdout works here up to alpha "
                f"{largest_alpha(allocation, held):g}: write a smaller alpha, a higher rate, or random"
            )
    drawn = [rng.choice(reserve.source[reserve.labels == label], count, replace=False) for label, count in wanted.items()]
    return Added(np.concatenate(drawn), np.repeat(list(wanted), list(wanted.values())), HOLDOUT)


def largest_alpha(allocation: "pd.DataFrame", held: np.ndarray) -> float:
    """Return the largest alpha, rounded down to 4 digits, at which no class needs more than ``held`` beside its samples.

    Where classes are equally large and the share p of each is held, the largest ratio to the mean is 1 / (1 - p) there.
    """
    control = allocation["control"].to_numpy()
    slope = (allocation["wanted"].to_numpy() - control) / float(allocation["alpha"].iloc[0])
    room = allocation["samples"].to_numpy() + held - control
    most = np.full(len(room), np.inf)
    np.divide(room, slope, out=most, where=slope > 0)
    most[room < 0] = 0
    return float(np.floor(most.min() * 1e4) / 1e4)
