"""The recipe: everything scientific that shapes one training, apart from data, plan, network and seed."""

from dataclasses import dataclass
from math import cos, pi

from hbr.errors import StudyError
from hbr.training.precision import PRECISIONS


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; the values of arXiv 2504.07031 (v1) stand in ``studies/cifar10.yaml``.

    ``schedule`` is ``step`` (times ``decay_factor`` after each of ``milestones``), ``cosine`` (down to 0, per step) or
    ``one-cycle`` (linear up for ``warmup_epochs``, then linear down to 0, per step). ``precision`` is one of
    :data:`hbr.training.precision.PRECISIONS`.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    schedule: str
    milestones: tuple[int, ...]
    decay_factor: float
    warmup_epochs: float
    flip: bool
    crop_padding: int
    el2n_epoch: int
    precision: str = "auto"

    def __post_init__(self) -> None:
        if not 1 <= self.el2n_epoch <= self.epochs:
            raise StudyError(f"el2n_epoch is {self.el2n_epoch}; it must lie between 1 and epochs, {self.epochs}")
        if self.precision not in PRECISIONS:
            raise StudyError(f"precision {self.precision!r} is unknown; use {', '.join(PRECISIONS)}")

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of optimisation step ``step``, counted from 0."""
        if self.schedule == "step":
            passed = sum(step // steps_per_epoch >= milestone for milestone in self.milestones)
            return self.learning_rate * self.decay_factor**passed
        total = self.epochs * steps_per_epoch
        warmup = self.warmup_epochs * steps_per_epoch
        if step < warmup:
            return self.learning_rate * (step + 1) / (warmup + 1)
        progress = (step - warmup) / max(total - warmup, 1)
        if self.schedule == "one-cycle":
            return self.learning_rate * (1 - progress)
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 + cos(pi * progress))
        raise StudyError(f"schedule {self.schedule!r} is unknown; use step, cosine or one-cycle")
