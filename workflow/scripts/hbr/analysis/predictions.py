"""What the runs of one condition predict, in one file: all that resampled test sets need."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hbr.data.files import read_arrays
from hbr.errors import StudyError
from hbr.training.outcomes import Outcomes


@dataclass(frozen=True)
class RunPredictions:
    """Predicted classes of one condition's runs, int16 ``(runs, samples)``, each run's variant and member, the labels.

    ``plans`` are the checksums of the plans that the runs were trained on, one a run; an empty one is not known.
    """

    predictions: np.ndarray
    variants: np.ndarray
    members: np.ndarray
    labels: np.ndarray
    plans: np.ndarray


def predictions_of(runs: Sequence[Outcomes]) -> RunPredictions:
    """Return the predictions of the runs of one condition."""
    return RunPredictions(
        predictions=np.stack([run.predictions for run in runs]).astype(np.int16),
        variants=np.array([run.variant for run in runs]),
        members=np.array([run.member for run in runs]),
        labels=runs[0].test_labels,
        plans=np.array([run.plan for run in runs], dtype=np.str_),
    )


def load_predictions(path: str | os.PathLike[str]) -> RunPredictions:
    """Return the predictions that ``measure_classes`` wrote; raise ``StudyError`` where another version did."""
    fields = read_arrays(path)
    missing = sorted(set(RunPredictions.__dataclass_fields__) - set(fields))
    if missing:
        raise StudyError(f"{path} has no {missing[0]}; it is not of this version: delete it and run again")
    return RunPredictions(**{name: fields[name] for name in RunPredictions.__dataclass_fields__})


def variants_of_one_plan(condition: RunPredictions, reference: RunPredictions) -> list[int]:
    """Return the variants in which condition and reference trained on the very same plan, so that nothing is compared."""
    plans = dict(zip(reference.variants.tolist(), reference.plans.tolist(), strict=True))
    pairs = zip(condition.variants.tolist(), condition.plans.tolist(), strict=True)
    return sorted({variant for variant, plan in pairs if plan and plans.get(variant) == plan})
