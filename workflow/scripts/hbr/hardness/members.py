"""What an estimator says of the members of an ensemble, from the dynamics that their trainings left."""

import os
from collections.abc import Sequence

import numpy as np

from hbr.errors import StudyError
from hbr.hardness.estimators import Estimator, definition, instance_scores
from hbr.training.dynamics import load_dynamics


def scores_of_members(
    paths: Sequence[str | os.PathLike[str]], estimator: Estimator, examples: int, checksum: str
) -> tuple[np.ndarray, str]:
    """Return the scores of every member, float64 ``(members, examples)``, and in words what they measure.

    Their mean over members is the hardness. ``paths`` are dynamics of trainings on ``examples`` of the data of that
    ``checksum``. Raise ``StudyError``, which names the file, where one is of others, or gives no finite scores.
    """
    scores = []
    # One at a time: all epochs of all members would take gigabytes.
    for path in paths:
        dynamics = load_dynamics(path)
        if dynamics.examples != examples or dynamics.dataset != checksum:
            raise StudyError(f"{path} was trained on other data than the study's are now: delete it and run again")
        try:
            scores.append(instance_scores(dynamics, estimator))
        except StudyError as error:
            raise StudyError(f"{path}: {error}") from None
    return np.stack(scores), definition(estimator, dynamics.epochs, dynamics.el2n_epoch)
