"""Trajectories: gap and error of a run after every epoch that was evaluated, and its gap at an error that it passed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import SIGNED_GAPS
from hbr.analysis.gaps import GAPS, gap_metrics
from hbr.analysis.metrics import class_metrics, confusion_matrix
from hbr.training.outcomes import HISTORY_COLUMNS, Outcomes

# The mean over classes is no gap: where classes have as many test images it is the accuracy.
TRACED = tuple(gap for gap in GAPS if gap != "mean")
_ACCURACY = HISTORY_COLUMNS.index("test_accuracy")
_WHO = ["dataset", "condition", "variant", "member"]


def trajectories_of(
    runs: Sequence[Outcomes], hard: np.ndarray | None, description: Mapping[str, str], compat: str = "none"
) -> pd.DataFrame:
    """Return one row a run and evaluated epoch: epoch, error (share of wrong test images), and each gap of class recall.

    ``hard`` is a boolean a class, ``None`` where the study groups none: then hard_easy has no value. Epochs without an
    evaluation are left out, and all but the last of outcomes that kept no recalls; ``description`` are the columns dataset and
    condition.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        groups = np.zeros(run.recalls.shape[1], bool) if hard is None else hard
        who = {**description, "variant": run.variant, "member": run.member}
        classes = run.recalls.shape[1]
        ends = confusion_matrix(run.test_labels, run.predictions, classes)
        # Outcomes of versions that kept no recalls still say them of the end.
        traced = np.vstack([run.recalls[:-1], class_metrics(ends)["recall"]])
        for told, recalls in zip(run.history, traced, strict=True):
            if np.isfinite(recalls).all() and np.isfinite(told[_ACCURACY]):
                gaps = gap_metrics(recalls, groups, compat)
                row = {"epoch": int(told[0]), "error": 1 - float(told[_ACCURACY])}
                rows.append({**who, **row, **{gap: gaps[gap] for gap in TRACED}})
    return pd.DataFrame(rows, columns=[*_WHO, "epoch", "error", *TRACED])


def sized(trajectories: pd.DataFrame) -> pd.DataFrame:
    """Return trajectories with gaps that have a sign in their size, as changes of gaps are taken."""
    return trajectories.assign(**{gap: trajectories[gap].abs() for gap in SIGNED_GAPS})


def later_half(trajectories: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the second half of each run's epochs.

    Before, a network that knows next to nothing may put all images into one class, and its gap says nothing of what it knows.
    """
    last = trajectories.groupby(["variant", "member"])["epoch"].transform("max")
    return trajectories[trajectories["epoch"] > last / 2]


def value_at_error(errors: np.ndarray, values: np.ndarray, error: float) -> float:
    """Return the value of a run when it last had an error, NaN where it never had it.

    ``errors`` and ``values`` are in the order of epochs; between two of them both move in a straight line.
    """
    if len(errors) and errors[-1] == error:
        return float(values[-1])
    for place in range(len(errors) - 2, -1, -1):
        here, after = errors[place], errors[place + 1]
        if min(here, after) <= error <= max(here, after):
            share = (error - here) / (after - here) if here != after else 1.0
            return float(values[place] + share * (values[place + 1] - values[place]))
    return np.nan


def difference_at_equal_error(condition: pd.DataFrame, reference: pd.DataFrame, gap: str) -> float:
    """Return gap of the condition's run less that of the reference's, both at the larger of the two last errors.

    The run that ends there is taken at its end, the other when it last passed that error; NaN where that never did. The rows
    of each are those of one run in the order of epochs.
    """
    if condition.empty or reference.empty:
        return np.nan
    own, other = (rows["error"].to_numpy() for rows in (condition, reference))
    error = max(own[-1], other[-1])
    return value_at_error(own, condition[gap].to_numpy(), error) - value_at_error(other, reference[gap].to_numpy(), error)
