"""The recipe: everything scientific that shapes one training, apart from data, plan, network and seed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import cos, inf, pi
from typing import Any

from hbr.errors import StudyError

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of one training; the values of arXiv 2504.07031 (v1) stand in ``studies/cifar10.yaml``.

    What each key means stands in the schema of study files, whose defaults these are. ``schedule`` is ``step`` (times
    ``decay_factor`` after each of ``milestones``), ``cosine`` or ``one-cycle`` (a line), the two down to ``end_factor`` times
    ``learning_rate``, per step; each after ``warmup_epochs`` of a line up from ``start_factor`` times it.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    el2n_epoch: int
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    bias_factor: float = 1.0
    frozen_scale: bool = False
    schedule: str = "cosine"
    milestones: tuple[int, ...] = ()
    decay_factor: float = 0.2
    warmup_epochs: float = 0.0
    start_factor: float = 0.0
    end_factor: float = 0.0
    lookahead_steps: int = 0
    lookahead_decay: float = 0.95
    lookahead_power: float = 3.0
    flip: bool = True
    alternating_flips: bool = False
    crop_padding: int = 4
    evaluate_every: int = 1
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "el2n_epoch", "evaluate_every"):
            if getattr(self, name) < 1:
                raise StudyError(f"{name}: {getattr(self, name)} is below 1")
        if not 0 < self.learning_rate < inf:
            raise StudyError(f"learning_rate: {self.learning_rate:g} is no number above 0")
        if self.el2n_epoch > self.epochs:
            raise StudyError(f"el2n_epoch: {self.el2n_epoch} lies after the last epoch, {self.epochs}")
        if self.nesterov and not self.momentum:
            raise StudyError("nesterov: needs a momentum above 0")
        if self.schedule not in ("step", "cosine", "one-cycle"):
            raise StudyError(f"schedule: {self.schedule!r} is unknown; use step, cosine or one-cycle")
        if self.schedule == "step" and not self.milestones:
            raise StudyError("milestones: schedule step needs at least one; or write schedule: cosine")
        if list(self.milestones) != sorted(set(self.milestones)) or max(self.milestones, default=0) >= self.epochs:
            raise StudyError(f"milestones: {list(self.milestones)} must rise, and lie below epochs, {self.epochs}")
        if self.schedule == "step" and self.end_factor:
            raise StudyError("end_factor: schedule step ends by decay_factor; leave end_factor out")
        if self.schedule != "step" and self.milestones:
            raise StudyError(f"milestones: schedule {self.schedule} has none; leave them out, or write schedule: step")
        if self.warmup_epochs >= self.epochs:
            raise StudyError(f"warmup_epochs: {self.warmup_epochs:g} is not below epochs, {self.epochs}")
        if self.alternating_flips and not self.flip:
            raise StudyError("alternating_flips: needs flip: true")
        if self.precision not in PRECISIONS:
            raise StudyError(f"precision: {self.precision!r} is unknown; use {', '.join(PRECISIONS)}")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Recipe":
        """Return the recipe of a study file's keys; equal values written differently (1 and 1.0) give equal recipes."""
        kinds = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(settings) - set(kinds)):
            raise StudyError(f"{unknown[0]}: is no key of a recipe; known are {', '.join(kinds)}")
        if missing := [name for name in ("epochs", "batch_size", "learning_rate", "el2n_epoch") if name not in settings]:
            raise StudyError(f"{missing[0]}: is missing in the recipe")
        return cls(**{name: _typed(value, kinds[name]) for name, value in settings.items()})

    @classmethod
    def read(cls, text: str) -> "Recipe":
        """Return the recipe of a JSON text."""
        return cls.of(json.loads(text))

    @property
    def text(self) -> str:
        """Return all keys as one JSON text, the same for equal recipes."""
        return json.dumps(asdict(self), sort_keys=True)

    def is_evaluated(self, epoch: int) -> bool:
        """Return whether the test images are evaluated after ``epoch``, counted from 1; after the last one they always are."""
        return epoch == self.epochs or epoch % self.evaluate_every == 0

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of optimisation step ``step``, counted from 0."""
        total = self.epochs * steps_per_epoch
        warmup = self.warmup_epochs * steps_per_epoch
        if step < warmup:
            return self.learning_rate * (self.start_factor * (warmup - step) + step + 1) / (warmup + 1)
        if self.schedule == "step":
            passed = sum(step // steps_per_epoch >= milestone for milestone in self.milestones)
            return self.learning_rate * self.decay_factor**passed
        progress = (step - warmup) / max(total - warmup, 1)
        if self.schedule == "one-cycle":
            return self.learning_rate * (1 - (1 - self.end_factor) * progress)
        return self.learning_rate * (self.end_factor + (1 - self.end_factor) * 0.5 * (1 + cos(pi * progress)))

    def lookahead_share_at(self, step: int, steps_per_epoch: int) -> float | None:
        """Return which share of the average stays after step ``step``, counted from 0; ``None`` where nothing is averaged."""
        if not self.lookahead_steps or (step + 1) % self.lookahead_steps:
            return None
        progress = (step + 1) / (self.epochs * steps_per_epoch)
        return float(self.lookahead_decay**self.lookahead_steps * progress**self.lookahead_power)


def _typed(value: Any, kind: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(value)
    return float(value) if kind is float else value
