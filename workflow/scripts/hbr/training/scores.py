"""Scores: what the network of one member says of a named set of images, apart from the test images of its outcomes."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from hbr.data.files import read_arrays
from hbr.data.streams import write_rows
from hbr.errors import StudyError
from hbr.training.outcomes import smallest_integers
from hbr.training.recorder import to_half


@dataclass(frozen=True)
class Scores:
    """Scores of one member on one set.

    ``logits`` are float16 ``(samples, classes)`` of the data set's own classes, ``predictions`` the classes of the largest
    before they were rounded. ``images`` is the name of the set and ``checksum`` the SHA-256 of its pixels; ``dataset``,
    ``plan``, ``settings``, ``variant`` and ``member`` are those of the training, as in its outcomes, ``machine`` and
    ``precision`` say where and how the images were scored.
    """

    logits: np.ndarray
    predictions: np.ndarray
    images: str
    checksum: str
    dataset: str
    plan: str
    settings: str
    variant: int
    member: int
    machine: str
    precision: str


def save_scores(
    path: Path, batches: Iterator[Tensor], samples: int, classes: int, told: Callable[[], Mapping[str, Any]]
) -> None:
    """Write scores from ``batches`` of float32 logits, of which no more than one is in memory at a time.

    ``told``, which is asked when the last batch has come, returns the other fields of :class:`Scores`.
    """
    predictions = smallest_integers(np.zeros(samples, np.int64), classes)

    def rows() -> Iterator[np.ndarray]:
        done = 0
        for batch in batches:
            # A class of threshold samples is none that an image could be of.
            logits = batch[:, :classes]
            predictions[done : done + len(logits)] = logits.argmax(1).cpu().numpy()
            done += len(logits)
            yield to_half(logits).cpu().numpy()

    def others() -> dict[str, np.ndarray]:
        return {name: np.asarray(value) for name, value in told().items()} | {"predictions": predictions}

    write_rows(path, "logits", (samples, classes), np.float16, rows(), others)


_NUMBERS = ("variant", "member")


def load_scores(path: str | os.PathLike[str]) -> Scores:
    """Return the scores of :func:`save_scores`."""
    arrays = read_arrays(path)
    if missing := sorted(set(Scores.__dataclass_fields__) - set(arrays)):
        raise StudyError(f"{path} has no {missing[0]}; it is not of this version: delete it and run again")
    kinds: dict[str, Any] = dict.fromkeys(_NUMBERS, int)
    fields: dict[str, Any] = {name: array if array.ndim else kinds.get(name, str)(array) for name, array in arrays.items()}
    return Scores(**fields)
