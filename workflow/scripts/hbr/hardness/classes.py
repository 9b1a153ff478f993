"""Tables of hardness: one row a sample, one row a class, with intervals over members."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.intervals import mean_interval


def sample_table(
    scores: np.ndarray, labels: np.ndarray, direction: str, members: Sequence[int], places: np.ndarray | None = None
) -> pd.DataFrame:
    """Return sample, class, hardness (mean over members), its standard deviation, difficulty rank, and each member's score.

    ``scores`` are ``(members, samples)``; ``members`` name the columns ``member_<number>`` (float32). ``places`` are the
    samples' indices in the training set, by default all of it.
    ``difficulty_rank`` runs from 0 (easiest) to 1 (hardest) whatever the direction of the estimator, ties averaged.
    """
    hardness = scores.mean(0)
    harder = hardness if direction == HIGH_IS_HARD else -hardness
    rank = (pd.Series(harder).rank().to_numpy() - 1) / max(len(harder) - 1, 1)
    spread = scores.std(0, ddof=1) if len(scores) > 1 else np.full(scores.shape[1], np.nan)
    columns = {"sample": np.arange(len(labels)) if places is None else places, "class": labels, "hardness": hardness}
    own = {f"member_{member}": row.astype(np.float32) for member, row in zip(members, scores, strict=True)}
    return pd.DataFrame({**columns, "hardness_std": spread, "difficulty_rank": rank, **own})


def class_table(
    scores: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    direction: str,
    definition: str = "",
    always_positive: bool = False,
) -> pd.DataFrame:
    """Return class hardness H_c, the mean instance score of the class, with a 95 % t-interval over members.

    Where scores are ``always_positive``, whatever was trained, the interval ends at 0, and not below it.
    Also the number of samples, of members, the difficulty rank of the class (1 = easiest; classes that tie have the lowest),
    and the ``definition`` of the estimator (:func:`hbr.hardness.estimators.definition`).
    """
    counts = np.bincount(labels, minlength=len(class_names))
    means = class_means(scores, labels, len(class_names))
    hardness = means.mean(0)
    lower, upper = mean_interval(means)
    if always_positive:
        # NaN stays.
        lower = np.maximum(lower, 0)
    harder = hardness if direction == HIGH_IS_HARD else -hardness
    return pd.DataFrame(
        {
            "class": np.arange(len(class_names)),
            "class_name": class_names,
            "samples": counts,
            "hardness": hardness,
            "hardness_lower": lower,
            "hardness_upper": upper,
            "members": len(scores),
            "direction": direction,
            "always_positive": always_positive,
            "difficulty_rank": pd.Series(harder).rank(method="min").astype(int),
            "definition": definition,
        }
    )


def class_means(scores: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the mean score of each class for each member, float64 ``(members, classes)``; NaN for a class without samples."""
    counts = np.bincount(labels, minlength=classes)
    sums = np.stack([np.bincount(labels, weights=member, minlength=classes) for member in scores])
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
