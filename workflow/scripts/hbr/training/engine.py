"""The engine: trains one member on one plan, the same code for every condition and on every device."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hbr.data.datasets import PreparedDataset
from hbr.data.plans import SYNTHETIC, Plan
from hbr.errors import StudyError
from hbr.training.augmentation import ImageBank, draw_epoch
from hbr.training.dynamics import Dynamics
from hbr.training.outcomes import Outcomes
from hbr.training.recipe import Recipe
from hbr.training.recorder import Recorder, to_half

_EVALUATION_BATCH = 500


@dataclass(frozen=True)
class MemberSeeds:
    """Who a member is: the seed of its weights, the seed of its shuffles and crops, and its place in the study."""

    weights: int
    order: int
    variant: int
    member: int


@dataclass(frozen=True)
class Progress:
    """One finished epoch, for people."""

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    test_accuracy: float
    images_per_second: float
    seconds_left: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}/{self.epochs}  loss {self.train_loss:.4f}  train {self.train_accuracy:.2%}  "
            f"test {self.test_accuracy:.2%}  {self.images_per_second:,.0f} images/s  {_duration(self.seconds_left)} left"
        )


def train_member(
    dataset: PreparedDataset,
    plan: Plan,
    network: nn.Module,
    recipe: Recipe,
    seeds: MemberSeeds,
    device: torch.device,
    keep_epochs: bool = True,
    report: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Outcomes, Dynamics]:
    """Return outcomes and dynamics of one member trained on ``plan``.

    ``keep_epochs`` says whether dynamics keep every epoch or only sums. Raises ``StudyError`` when the loss is not finite.
    """
    member = _Member(dataset, plan, network, recipe, seeds, device, keep_epochs)
    history = []
    started = time.perf_counter()
    for epoch in range(recipe.epochs):
        rate = member.train_epoch(epoch)
        loss, accuracy = member.recorder.epoch_summary()
        if not np.isfinite(loss):
            raise StudyError(
                f"the loss is {loss} in epoch {epoch + 1} (learning rate {rate:g}); "
                "lower `learning_rate` or add `warmup_epochs` in the recipe"
            )
        if epoch + 1 == recipe.el2n_epoch:
            member.evaluate_training_set()
        logits = member.test_logits()
        test_accuracy = (logits.argmax(1) == member.test_labels).double().mean().item()
        history.append((epoch + 1, rate, loss, accuracy, test_accuracy))
        spent = time.perf_counter() - started
        pace = spent / (epoch + 1)
        left = pace * (recipe.epochs - epoch - 1)
        report(Progress(epoch + 1, recipe.epochs, loss, accuracy, test_accuracy, len(plan) / pace, left))
    outcomes = Outcomes(
        test_logits=to_half(logits).cpu().numpy(),
        test_labels=dataset.test_labels,
        history=np.asarray(history, dtype=np.float64),
        weight_seed=seeds.weights,
        order_seed=seeds.order,
        variant=seeds.variant,
        member=seeds.member,
        examples=len(plan),
    )
    return outcomes, member.recorder.finish()


class _Member:
    """The state of one training."""

    def __init__(
        self,
        dataset: PreparedDataset,
        plan: Plan,
        network: nn.Module,
        recipe: Recipe,
        seeds: MemberSeeds,
        device: torch.device,
        keep_epochs: bool,
    ) -> None:
        self.recipe, self.device, self.examples = recipe, device, len(plan)
        mean, std = torch.from_numpy(dataset.mean), torch.from_numpy(dataset.std)
        images = np.concatenate((dataset.train_images, plan.synthetic)) if len(plan.synthetic) else dataset.train_images
        place = plan.source + np.where(plan.origin == SYNTHETIC, len(dataset.train_images), 0)
        self.bank = ImageBank(torch.from_numpy(images), mean, std, recipe.crop_padding, device)
        self.test_bank = ImageBank(torch.from_numpy(dataset.test_images), mean, std, 0, device)
        self.image_index = torch.from_numpy(place).to(device)
        self.labels = torch.tensor(plan.labels, device=device)
        self.test_labels = torch.from_numpy(dataset.test_labels).to(device)
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
        )
        self.generator = torch.Generator().manual_seed(seeds.order)
        self.recorder = Recorder(self.examples, recipe.epochs, recipe.el2n_epoch, keep_epochs, device)

    def train_epoch(self, epoch: int) -> float:
        """Train one epoch, the last partial batch included; return its last learning rate."""
        size = self.recipe.batch_size
        steps = -(-self.examples // size)
        self.network.train()
        order, offsets, flips = draw_epoch(
            self.generator, self.examples, self.recipe.crop_padding, self.recipe.flip, self.device
        )
        rate = 0.0
        for step in range(steps):
            batch = slice(step * size, (step + 1) * size)
            positions = order[batch]
            labels = self.labels[positions]
            images = self.bank.batch(
                self.image_index[positions],
                None if offsets is None else offsets[batch],
                None if flips is None else flips[batch],
            )
            logits = self.network(images)
            self.optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(logits, labels).backward()
            self.recorder.update(epoch, logits, labels, positions)
            rate = self.recipe.learning_rate_at(epoch * steps + step, steps)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.step()
        return rate

    @torch.no_grad()
    def evaluate_training_set(self) -> None:
        """Record EL2N of every training example in evaluation mode, without augmentation."""
        self.network.eval()
        for positions in _batches(self.examples, self.device):
            logits = self.network(self.bank.batch(self.image_index[positions]))
            self.recorder.record_evaluated(logits, self.labels[positions], positions)

    @torch.no_grad()
    def test_logits(self) -> Tensor:
        """Return the logits of all test samples, from one pass."""
        self.network.eval()
        batches = _batches(len(self.test_labels), self.device)
        return torch.cat([self.network(self.test_bank.batch(index)).float() for index in batches])


def _batches(samples: int, device: torch.device) -> Iterator[Tensor]:
    return iter(torch.arange(samples, device=device).split(_EVALUATION_BATCH))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
