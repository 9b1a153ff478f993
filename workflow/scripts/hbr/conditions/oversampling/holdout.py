"""Real samples that the base left out, without replacement (arXiv 2504.07031 v2, case study 1)."""

import numpy as np

from hbr.conditions.strategies import Added, Counts, Reserve, ShortageError
from hbr.data.plans import HOLDOUT


def add(
    labels: np.ndarray, wanted: Counts, rng: np.random.Generator, *, reserve: Reserve, class_names: tuple[str, ...]
) -> Added:
    """Return samples of the reserve; raise :class:`ShortageError` where a class needs more than it holds."""
    held = np.bincount(reserve.labels, minlength=len(class_names))
    for label, count in wanted.items():
        if count > held[label]:
            own = int((labels == label).sum())
            raise ShortageError(
                f"class {class_names[label]!r} needs {count} samples beside its {own}, but the base left out {held[label]} of "
                f"it, enough for {(own + held[label]) / own:.3g} times: write a smaller alpha, a higher rate, or random",
                held,
            )
    drawn = [rng.choice(reserve.source[reserve.labels == label], count, replace=False) for label, count in wanted.items()]
    return Added(np.concatenate(drawn), np.repeat(list(wanted), list(wanted.values())), HOLDOUT)
