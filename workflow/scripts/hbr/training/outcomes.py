"""Outcomes: the test logits, the history and the seeds of one member, from which every metric derives."""

import os
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import numpy as np

from hbr.data.files import read_arrays, write_arrays
from hbr.errors import StudyError

# Beside the outcomes of a training that was resumed: the seconds of its earlier runs, which its own timing lacks.
EARLIER_SECONDS = "earlier_seconds.txt"

HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss", "train_accuracy", "test_accuracy")


@dataclass(frozen=True)
class Outcomes:
    """What remains of one member.

    ``test_logits`` are float16 ``(test samples, classes)``, ``test_labels`` int64, ``history`` float64
    ``(epochs, 5)`` with the columns :data:`HISTORY_COLUMNS`; ``examples`` is the size of the plan it was trained on.
    ``recalls`` are the test recall of every class after every epoch, float64 ``(epochs, classes)``. These and the test accuracy
    are NaN after epochs that were not evaluated, and recalls are all NaN where an earlier version did not keep them.
    ``predictions`` are the classes of the largest logits before these were rounded, which makes some of them tie or saturate,
    in the smallest unsigned type. Files of earlier versions hold none: there they are of the largest logits kept, as in all
    tables made of such a file. ``mean_test_logits`` are the mean of the logits after all epochs that were evaluated, shaped and
    kept as ``test_logits``, which stand for them in files of earlier versions.
    ``dataset`` and ``plan`` are the checksums of what it was trained on, ``settings`` is the rest of what shaped it, as JSON.
    ``machine`` and ``precision`` say where and how it was trained; outcomes of versions that did not keep them have neither.
    """

    test_logits: np.ndarray
    test_labels: np.ndarray
    history: np.ndarray
    weight_seed: int
    order_seed: int
    variant: int
    member: int
    examples: int
    dataset: str = ""
    plan: str = ""
    settings: str = ""
    predictions: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint8))
    mean_test_logits: np.ndarray = field(default_factory=lambda: np.empty(0, np.float16))
    recalls: np.ndarray = field(default_factory=lambda: np.empty(0))
    machine: str = ""
    precision: str = ""

    def __post_init__(self) -> None:
        classes = self.test_logits.shape[1]
        if not len(self.predictions):
            object.__setattr__(self, "predictions", smallest_integers(self.test_logits.argmax(1), classes))
        if not len(self.mean_test_logits):
            object.__setattr__(self, "mean_test_logits", self.test_logits)
        if not len(self.recalls):
            object.__setattr__(self, "recalls", np.full((len(self.history), classes), np.nan))


def smallest_integers(classes_of_samples: np.ndarray, classes: int) -> np.ndarray:
    """Return class numbers in the smallest unsigned type that holds all ``classes``."""
    return classes_of_samples.astype(np.min_scalar_type(max(classes - 1, 0)))


_LATER = ("machine", "precision")
_TEXTS = ("dataset", "plan", "settings", *_LATER)
_SCALARS = ("weight_seed", "order_seed", "variant", "member", "examples")


def save_outcomes(path: str | os.PathLike[str], outcomes: Outcomes) -> None:
    """Write outcomes as ``.npz``."""
    write_arrays(path, **{name: np.asarray(value) for name, value in vars(outcomes).items()})


def load_outcomes(path: str | os.PathLike[str]) -> Outcomes:
    """Return the outcomes of :func:`save_outcomes`."""
    found: dict[str, Any] = dict.fromkeys(_LATER, "") | dict(read_arrays(path))
    # Arrays that earlier versions did not keep are made of the others.
    needed = {field.name for field in fields(Outcomes) if field.default_factory is MISSING}
    if missing := sorted(needed - set(found)):
        raise StudyError(f"{path} has no {missing[0]}; it is not of this version: delete it and run again")
    texts = {name: str(found[name]) for name in _TEXTS}
    return Outcomes(**found | texts | {name: int(found[name]) for name in _SCALARS})


def load_runs(paths: Sequence[str | os.PathLike[str]]) -> list[Outcomes]:
    """Return the outcomes of one condition's runs; raise ``StudyError`` where one of them belongs to another study."""
    runs = [load_outcomes(path) for path in paths]
    for path, run in zip(paths, runs, strict=True):
        for name, what in (("dataset", "other data"), ("settings", "another network, recipe or seed")):
            if getattr(run, name) != getattr(runs[0], name):
                raise StudyError(f"{path} was trained with {what} than {paths[0]}; delete the wrong one and run again")
    return runs
