"""Pruning: the easiest samples leave the training set, of all of it (DLP) or of each class (CLP)."""

import numpy as np

from hbr.data.plans import KEPT, Plan
from hbr.errors import StudyError
from hbr.hardness.allocation import largest_remainder

DATASET, CLASS = "dataset", "class"
# By the names that studies give them.
METHODS = {"dlp": DATASET, "clp": CLASS}


def plan_pruned(
    labels: np.ndarray,
    image_shape: tuple[int, ...],
    difficulty: np.ndarray,
    method: str,
    rate: float,
    class_names: tuple[str, ...],
) -> Plan:
    """Return the plan without the easiest ``rate`` (0 to 1) of the samples; what is kept stands in its old order.

    ``difficulty`` is one number a sample, high = hard. ``method`` is ``dataset`` (DLP: classes may become unequal) or
    ``class`` (CLP: every class loses the same share). Both remove round(rate N) samples in total; samples of equal
    difficulty leave in their order. Raises ``StudyError`` where a class would be left empty.
    """
    removed = pruned_samples(labels, difficulty, method, rate)
    kept = np.setdiff1d(np.arange(len(labels)), removed)
    counts = np.bincount(labels[kept], minlength=len(class_names))
    if counts.min() < 1:
        raise StudyError(
            f"pruning.rates: {rate:g} of the {method} leaves class {class_names[int(np.argmin(counts))]!r} without samples; "
            "write a smaller rate"
        )
    return Plan(
        source=kept.astype(np.int64),
        labels=labels[kept].astype(np.int64),
        origin=np.full(len(kept), KEPT, dtype=np.int8),
        synthetic=np.empty((0, *image_shape), dtype=np.uint8),
    )


def pruned_samples(labels: np.ndarray, difficulty: np.ndarray, method: str, rate: float) -> np.ndarray:
    """Return the indices of the easiest samples that pruning removes, easiest first (DLP) or class by class (CLP)."""
    order = np.argsort(difficulty, kind="stable")
    total = round(rate * len(labels))
    if method == DATASET:
        return order[:total]
    quotas = largest_remainder(rate * np.bincount(labels), total)
    of_class = [order[labels[order] == label] for label in range(len(quotas))]
    return np.concatenate([samples[:quota] for samples, quota in zip(of_class, quotas, strict=True)])
