"""Training dynamics: what every training example looked like to the network, epoch by epoch, and the file that keeps it."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbr.data.files import read_arrays, write_arrays
from hbr.errors import StudyError


@dataclass(frozen=True)
class Dynamics:
    """Scores of the examples of one plan during one training, in train mode on augmented images, before each step.

    ``margin``, ``loss`` (cross-entropy) and ``el2n`` are float16 ``(epochs, examples)``, with 0 epochs where only sums were
    kept. Only a margin of exactly 0 is kept as 0: its sign tells right from wrong. The loss stands for p(label), which as
    float16 would be 1 from 0.9998 on, the same for all easy samples. The ``*_sum`` are float32 ``(examples,)`` over all
    ``epochs``. ``el2n_evaluated`` is float32 ``(examples,)``: EL2N after epoch ``el2n_epoch`` in evaluation mode without
    augmentation (Paul et al. 2021); ``probability_evaluated`` (float32, of the given label) and ``class_evaluated`` (int16,
    the most probable class) are of the same pass.
    ``dataset`` is the checksum of the prepared data.
    """

    margin: np.ndarray
    loss: np.ndarray
    el2n: np.ndarray
    margin_sum: np.ndarray
    probability_sum: np.ndarray
    el2n_sum: np.ndarray
    loss_sum: np.ndarray
    el2n_evaluated: np.ndarray
    probability_evaluated: np.ndarray
    class_evaluated: np.ndarray
    epochs: int
    el2n_epoch: int
    dataset: str = ""

    @property
    def examples(self) -> int:
        """Return the number of training examples."""
        return len(self.margin_sum)

    @property
    def probability(self) -> np.ndarray:
        """Return p(label), the exponential of minus the loss, float64 ``(epochs, examples)``."""
        return _probability(self.loss)

    def per_epoch(self, name: str, first_epoch: int, last_epoch: int) -> np.ndarray:
        """Return some epochs, from 1, of ``margin``, ``loss`` or ``el2n``, float32, or of ``probability``, float64."""
        array: np.ndarray = self.loss if name == "probability" else getattr(self, name)
        if len(array) < self.epochs:
            raise StudyError("this training kept only sums over all epochs; no window of epochs can be taken from it")
        window = array[first_epoch - 1 : last_epoch]
        return _probability(window) if name == "probability" else window.astype(np.float32)


def _probability(loss: np.ndarray) -> np.ndarray:
    probability = np.exp(-loss.astype(np.float64))
    # Doubles are of an earlier version's probabilities, whose logarithm leaves a last digit that was not there.
    return probability.astype(np.float32).astype(np.float64) if loss.dtype == np.float64 else probability


_SCALARS = ("epochs", "el2n_epoch")


def save_dynamics(path: str | os.PathLike[str], dynamics: Dynamics) -> None:
    """Write dynamics as ``.npz``."""
    write_arrays(path, **{name: np.asarray(value) for name, value in vars(dynamics).items()})


def load_dynamics(path: str | os.PathLike[str]) -> Dynamics:
    """Return the dynamics of :func:`save_dynamics`; files of earlier versions keep p(label) instead of the loss."""
    fields: dict[str, Any] = dict(read_arrays(path))
    if "loss" not in fields and "probability" in fields:
        smallest = float(np.finfo(np.float16).smallest_subnormal)
        # Doubles, so that p comes back as it was kept.
        fields["loss"] = -np.log(np.maximum(fields.pop("probability").astype(np.float64), smallest))
    missing = sorted(set(Dynamics.__dataclass_fields__) - set(fields))
    if missing:
        raise StudyError(f"{path} has no {missing[0]}; it is not of this version: delete it and run again")
    return Dynamics(**fields | {name: int(fields[name]) for name in _SCALARS} | {"dataset": str(fields["dataset"])})
