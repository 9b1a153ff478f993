"""Gap metrics: how far apart the classes of one run are (arXiv 2504.07031 v2, section 3)."""

import numpy as np

GAPS = ("max_min", "top_bottom", "hard_easy", "std", "mad", "mean")


def compared_classes(classes: int, compat: str = "none") -> int:
    """Return how many classes are the best, and as many the worst: 20 % of them, at least one.

    With ``compat="v2"`` a tenth of 100, as version 2 of the authors' code has it for CIFAR-100.
    """
    return 10 if compat == "v2" and classes == 100 else max(1, round(0.2 * classes))


def gap_metrics(values: np.ndarray, hard: np.ndarray, compat: str = "none") -> dict[str, float]:
    """Return the gaps of class values (recall or precision), one a class; ``hard`` is a boolean a class.

    max_min: largest minus smallest. top_bottom: mean of the best :func:`compared_classes` minus mean of the worst.
    hard_easy: mean of hard minus mean of easy classes (NaN where all classes are alike). std: population standard
    deviation. mad: median absolute deviation from the median. mean: the mean. Classes with value 0 count.
    """
    ordered = np.sort(values)
    k = compared_classes(len(values), compat)
    mixed = bool(hard.any() and not hard.all())
    return {
        "max_min": float(ordered[-1] - ordered[0]),
        "top_bottom": float(ordered[-k:].mean() - ordered[:k].mean()),
        "hard_easy": float(values[hard].mean() - values[~hard].mean()) if mixed else float("nan"),
        "std": float(values.std()),
        "mad": float(np.median(np.abs(values - np.median(values)))),
        "mean": float(values.mean()),
    }
