"""Outcomes: the test logits, the history and the seeds of one member, from which every metric derives."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbr.data.files import read_arrays, write_arrays

HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss", "train_accuracy", "test_accuracy")


@dataclass(frozen=True)
class Outcomes:
    """What remains of one member.

    ``test_logits`` are float16 ``(test samples, classes)``, ``test_labels`` int64, ``history`` float64
    ``(epochs, 5)`` with the columns :data:`HISTORY_COLUMNS`; ``examples`` is the size of the plan it was trained on.
    """

    test_logits: np.ndarray
    test_labels: np.ndarray
    history: np.ndarray
    weight_seed: int
    order_seed: int
    variant: int
    member: int
    examples: int

    @property
    def predictions(self) -> np.ndarray:
        """Return the predicted class of every test sample."""
        return self.test_logits.argmax(1)


_SCALARS = ("weight_seed", "order_seed", "variant", "member", "examples")


def save_outcomes(path: str | os.PathLike[str], outcomes: Outcomes) -> None:
    """Write outcomes as ``.npz``."""
    write_arrays(path, **{name: np.asarray(value) for name, value in vars(outcomes).items()})


def load_outcomes(path: str | os.PathLike[str]) -> Outcomes:
    """Return the outcomes of :func:`save_outcomes`."""
    fields: dict[str, Any] = dict(read_arrays(path))
    return Outcomes(**fields | {name: int(fields[name]) for name in _SCALARS})
