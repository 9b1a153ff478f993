"""The engine: trains one member on one plan, the same code for every condition and on every device."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from hbr.data.datasets import PreparedDataset
from hbr.data.plans import OWN_IMAGES, Plan
from hbr.errors import StudyError
from hbr.generators import host_seeded, host_state, set_host_state
from hbr.training.augmentation import ImageBank, draw_epoch, draw_flips
from hbr.training.buffers import buffers_apart, put_buffers
from hbr.training.checkpoints import Checkpoints
from hbr.training.descent import make_descent
from hbr.training.dynamics import Dynamics
from hbr.training.evaluation import evaluation_batches, logits_of
from hbr.training.lookahead import Lookahead
from hbr.training.outcomes import Outcomes, smallest_integers
from hbr.training.precision import dtype_of, forbid_tf32
from hbr.training.probe import check_network
from hbr.training.recipe import Recipe
from hbr.training.recorder import Recorder, to_half
from hbr.training.steps import Batch, EagerStep, batches_of, make_step


@dataclass(frozen=True)
class MemberSeeds:
    """Who a member is: the seed of its weights, the seed of its shuffles and crops, and its place in the study."""

    weights: int
    order: int
    variant: int
    member: int


@dataclass(frozen=True)
class Progress:
    """One finished epoch, for people; ``test_accuracy`` is ``None`` where it was not taken."""

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    test_accuracy: float | None
    images_per_second: float
    seconds_left: float

    def __str__(self) -> str:
        test = "" if self.test_accuracy is None else f"test {self.test_accuracy:.2%}  "
        return (
            f"epoch {self.epoch}/{self.epochs}  loss {self.train_loss:.4f}  train {self.train_accuracy:.2%}  "
            f"{test}{self.images_per_second:,.0f} images/s  {_duration(self.seconds_left)} left"
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
    checkpoints: Checkpoints | None = None,
    note: Callable[[str], None] = lambda line: None,
    name: str = "the network",
) -> tuple[Outcomes, Dynamics]:
    """Return outcomes and dynamics of one member trained on ``plan``; ``network`` itself is trained, from where it stands.

    ``keep_epochs`` says whether dynamics keep every epoch or only sums. With ``checkpoints`` a training that was killed
    goes on where it was; the caller clears them once the results are safe. ``note`` is told what is out of the ordinary.
    Raises ``StudyError`` when the network, called ``name`` there, does not return logits, or the loss is not finite.
    """
    # Draws of a user's own network (dropout, stochastic depth) come from global generators.
    on_gpu = device.type == "cuda"
    # Streams and graphs are the current device's.
    current = torch.cuda.device(device) if on_gpu else nullcontext()
    with current, torch.random.fork_rng([device] if on_gpu else []), host_seeded(seeds.order):
        torch.manual_seed(seeds.order)
        member = Training(dataset, plan, network, recipe, seeds, device, keep_epochs, checkpoints, note, name)
        logits = member.train(report)
    outcomes = Outcomes(
        test_logits=to_half(logits).cpu().numpy(),
        mean_test_logits=to_half(member.logit_sum / member.evaluations).cpu().numpy(),
        predictions=smallest_integers(logits.argmax(1).cpu().numpy(), dataset.classes),
        test_labels=dataset.test_labels,
        history=np.asarray(member.history, dtype=np.float64),
        recalls=np.asarray(member.recalls, dtype=np.float64),
        weight_seed=seeds.weights,
        order_seed=seeds.order,
        variant=seeds.variant,
        member=seeds.member,
        examples=len(plan),
    )
    return outcomes, member.recorder.finish()


class Training:
    """One member in training: its data on the device, its network and its recorder, and where it stands.

    Made as for :func:`train_member`, which runs it from begin to end; with ``checkpoints`` it stands where a training that was
    killed had come to. ``train_batch`` is the step, ``train_epoch`` and ``test_logits`` are what every epoch consists of.
    """

    def __init__(
        self,
        dataset: PreparedDataset,
        plan: Plan,
        network: nn.Module,
        recipe: Recipe,
        seeds: MemberSeeds,
        device: torch.device,
        keep_epochs: bool,
        checkpoints: Checkpoints | None,
        note: Callable[[str], None],
        name: str = "the network",
    ) -> None:
        self.recipe, self.device, self.examples, self.checkpoints = recipe, device, len(plan), checkpoints
        self.batches = batches_of(self.examples, recipe.batch_size)
        self.classes = dataset.classes
        mean, std = torch.from_numpy(dataset.mean), torch.from_numpy(dataset.std)
        images = np.concatenate((dataset.train_images, plan.synthetic)) if len(plan.synthetic) else dataset.train_images
        place = plan.source + np.where(np.isin(plan.origin, OWN_IMAGES), len(dataset.train_images), 0)
        self.bank = ImageBank(torch.from_numpy(images), mean, std, recipe.crop_padding, device)
        self.test_bank = ImageBank(torch.from_numpy(dataset.test_images), mean, std, 0, device)
        self.image_index = torch.from_numpy(place).to(device)
        self.labels = torch.tensor(plan.labels, device=device)
        self.test_labels = torch.from_numpy(dataset.test_labels).to(device)
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.dtype = dtype_of(recipe.precision, device)
        forbid_tf32()
        # As many as the smallest batch holds, but not more than a network needs to show what it returns.
        tried = self.image_index[: min(2, *(part.stop - part.start for part in self.batches))]
        check_network(self.network, self.bank.batch(tried), dataset.classes + plan.extra_classes, self.dtype, name)
        self.descent = make_descent(self.network, recipe)
        self.lookahead = Lookahead(self.network) if recipe.lookahead_steps else None
        self.train_batch = make_step(EagerStep(self.network, self.bank, self.descent, self.dtype), device, note)
        self.generator = torch.Generator().manual_seed(seeds.order)
        # Drawn once and turned around in every other epoch; drawn again, and the same, when a training is resumed.
        self.flips = draw_flips(self.generator, self.examples, device) if recipe.alternating_flips else None
        self.recorder = Recorder(self.examples, recipe.epochs, recipe.el2n_epoch, keep_epochs, device)

        # One entry an epoch: the columns of outcomes, and the test recall of every class; NaN where it was not taken.
        self.history: list[tuple[float, ...]] = []
        self.recalls: list[list[float]] = []
        # Of the test logits after every epoch that was evaluated.
        self.logit_sum = torch.zeros(len(dataset.test_labels), self.classes, device=device)
        # Where the training stands: steps done of the running epoch, and the generator before that epoch was drawn.
        self.epoch = self.step = 0
        self.epoch_start = self.generator.get_state()
        if checkpoints is not None and (state := checkpoints.load()) is not None:
            self._restore(state)
            checkpoints.report(f"resumed in epoch {self.epoch + 1} after {self.step} steps, from {checkpoints.path}")

    def train(self, report: Callable[[Progress], None]) -> Tensor:
        """Train all epochs that are left; return the logits of the test samples."""
        recipe, first = self.recipe, self.epoch
        started = time.perf_counter() - (self.checkpoints.earlier_seconds if self.checkpoints is not None else 0)
        for self.epoch in range(first, recipe.epochs):
            rate = self.train_epoch()
            loss, accuracy = self.recorder.epoch_summary()
            if not np.isfinite(loss):
                self._fail(f"the loss is {loss}", rate)
            if self.epoch + 1 == recipe.el2n_epoch:
                self.evaluate_training_set()
            test_accuracy, recalls = None, [np.nan] * self.classes
            if recipe.is_evaluated(self.epoch + 1):
                logits = self.test_logits()
                if not torch.isfinite(logits).all():
                    self._fail("the network's logits of the test images are not finite", rate)
                self.logit_sum += logits
                test_accuracy, recalls = self._accuracies(logits)
            self.recalls.append(recalls)
            shown = np.nan if test_accuracy is None else test_accuracy
            self.history.append((self.epoch + 1, rate, loss, accuracy, shown))
            self.step, self.epoch_start = 0, self.generator.get_state()
            pace = (time.perf_counter() - started) / (self.epoch + 1)
            left = pace * (recipe.epochs - self.epoch - 1)
            report(
                Progress(self.epoch + 1, recipe.epochs, loss, accuracy, test_accuracy, self.examples / pace, left),
            )
        return logits

    @property
    def evaluations(self) -> int:
        """Return after how many epochs the test images were evaluated."""
        return sum(self.recipe.is_evaluated(epoch + 1) for epoch in range(len(self.history)))

    def train_epoch(self) -> float:
        """Train what is left of the running epoch, all of :func:`batches_of`; return its last learning rate."""
        steps = len(self.batches)
        self.network.train()
        flip = self.recipe.flip and self.flips is None
        order, offsets, flips = draw_epoch(self.generator, self.examples, self.recipe.crop_padding, flip, self.device)
        if self.flips is not None:
            flips = self.flips[order] ^ bool(self.epoch % 2)
        examples = Batch(self.image_index[order], self.labels[order], offsets, flips)
        if self.step == 0:
            self.recorder.start_epoch()
        while self.step < steps:
            where = self.batches[self.step]
            batch = examples.part(where)
            step = self.epoch * steps + self.step
            logits = self.train_batch(batch, self.recipe.learning_rate_at(step, steps))
            if self.lookahead is not None and (share := self.recipe.lookahead_share_at(step, steps)) is not None:
                self.lookahead.update(share)
            self.recorder.update(self.epoch, logits, batch.labels, order[where])
            self.step += 1
            self._pause()
        return self.recipe.learning_rate_at(self.epoch * steps + steps - 1, steps)

    @torch.no_grad()
    def evaluate_training_set(self) -> None:
        """Record what every training example looks like in evaluation mode, without augmentation."""
        self.network.eval()
        for positions in self._places(self.examples):
            logits = self._evaluate(self.bank.batch(self.image_index[positions]))
            self.recorder.record_evaluated(logits, self.labels[positions], positions)
            self._pause()

    @torch.no_grad()
    def test_logits(self) -> Tensor:
        """Return the logits of all test samples, from one pass; an extra class of threshold samples is none to be tested."""
        self.network.eval()
        logits = []
        for index in self._places(len(self.test_labels)):
            logits.append(self._evaluate(self.test_bank.batch(index))[:, : self.classes])
            self._pause()
        return torch.cat(logits)

    def _accuracies(self, logits: Tensor) -> tuple[float, list[float]]:
        """Return accuracy and recall of every class."""
        right = self.test_labels[logits.argmax(1) == self.test_labels]
        # Of whole numbers: a mean taken on a GPU may end in another digit than that of the tables.
        found, given = (torch.bincount(labels, minlength=self.classes).tolist() for labels in (right, self.test_labels))
        return sum(found) / sum(given), [hits / of for hits, of in zip(found, given, strict=True)]

    def _places(self, samples: int) -> Iterator[Tensor]:
        places = torch.arange(samples, device=self.device)
        return (places[where] for where in evaluation_batches(samples, self.device))

    def _evaluate(self, images: Tensor) -> Tensor:
        return logits_of(self.network, images, self.dtype)

    def _fail(self, what: str, rate: float) -> NoReturn:
        if self.checkpoints is not None:
            self.checkpoints.clear()
        raise StudyError(
            f"{what} in epoch {self.epoch + 1} (learning rate {rate:g}); "
            "lower `learning_rate` or add `warmup_epochs` in the recipe"
        )

    def _pause(self) -> None:
        if self.checkpoints is not None:
            self.checkpoints.pause(self._state)

    def _state(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "step": self.step,
            "history": self.history,
            "recalls": self.recalls,
            "logit_sum": self.logit_sum,
            "epoch_start": self.epoch_start,
            "rng": torch.get_rng_state(),
            "host_rng": host_state(),
            "device_rng": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
            "network": self.network.state_dict(),
            # Those that a network keeps out of its state change in training, too.
            "buffers": buffers_apart(self.network),
            "momentum": self.descent.buffers,
            "lookahead": self.lookahead.slow if self.lookahead is not None else [],
            "recorder": self.recorder.state(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.epoch, self.step, self.history, self.recalls, self.epoch_start = (
            state[name] for name in ("epoch", "step", "history", "recalls", "epoch_start")
        )
        self.logit_sum.copy_(state["logit_sum"])
        self.generator.set_state(self.epoch_start)
        torch.set_rng_state(state["rng"])
        set_host_state(state["host_rng"])
        if state["device_rng"] is not None:
            torch.cuda.set_rng_state(state["device_rng"], self.device)
        self.network.load_state_dict(state["network"])
        put_buffers(self.network, state["buffers"])
        slow = self.lookahead.slow if self.lookahead is not None else []
        for tensor, value in zip((*self.descent.buffers, *slow), (*state["momentum"], *state["lookahead"]), strict=True):
            tensor.copy_(value)
        self.recorder.restore(state["recorder"])


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
