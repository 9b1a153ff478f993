"""What the runs of one condition predict, in one file: all that resampled test sets need."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hbr.training.outcomes import Outcomes


@dataclass(frozen=True)
class RunPredictions:
    """Predicted classes of one condition's runs, int16 ``(runs, samples)``, each run's variant and member, the labels."""

    predictions: np.ndarray
    variants: np.ndarray
    members: np.ndarray
    labels: np.ndarray


def predictions_of(runs: Sequence[Outcomes]) -> RunPredictions:
    """Return the predictions of the runs of one condition."""
    return RunPredictions(
        predictions=np.stack([run.predictions for run in runs]).astype(np.int16),
        variants=np.array([run.variant for run in runs]),
        members=np.array([run.member for run in runs]),
        labels=runs[0].test_labels,
    )
