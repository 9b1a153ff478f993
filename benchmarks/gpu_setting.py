"""What all parts of ``gpu.py`` measure, and on what: images, device, network, and how much time is left."""

import time
from dataclasses import dataclass, replace

import torch
from measuring import RECIPE, network_for, one_epoch, seconds_of, shortened
from torch import nn

from hbr.data.datasets import PreparedDataset
from hbr.data.plans import identity_plan
from hbr.training.engine import MemberSeeds, Training
from hbr.training.recipe import Recipe
from hbr.training.steps import RecordedStep


@dataclass
class Setting:
    """What is measured, where, and how much of it."""

    data: PreparedDataset
    device: torch.device
    network: str
    smoke: bool
    deadline: float = float("inf")

    def seconds_left(self) -> float:
        """Return the seconds the running part has left; none are below 0."""
        return max(0.0, self.deadline - time.monotonic())

    def has_time(self, seconds: float = 0.0) -> bool:
        """Return whether the running part has more than that many seconds left."""
        return self.seconds_left() > seconds

    def part(self, images: int) -> "Setting":
        """Return the same with no more than that many training images, and a fifth as many of the test set."""
        names = ("train_images", "train_labels", "test_images", "test_labels")
        sizes = dict(zip(names, (images, images, images // 5, images // 5), strict=True))
        parts = {name: getattr(self.data, name)[:size] for name, size in sizes.items()}
        return replace(self, data=replace(self.data, **parts, planted=self.data.planted[:images]))

    def fresh(self, seed: int = 1) -> nn.Module:
        """Return a network."""
        return network_for(self.network, self.data, seed)

    def member(self, precision: str = "auto", is_recorded: bool = True, seed: int = 1, recipe: Recipe = RECIPE) -> Training:
        """Return the engine's training of one member, with recorded or with eager steps."""
        plan = identity_plan(self.data.train_labels, self.data.train_images.shape[1:])
        recipe = replace(recipe, precision=precision)
        seeds = MemberSeeds(seed, seed, 0, seed)
        member = Training(self.data, plan, self.fresh(seed), recipe, seeds, self.device, True, None, print)
        if not is_recorded:
            member.train_batch = getattr(member.train_batch, "eager", member.train_batch)
        return member


def is_replayed(member: Training) -> bool:
    """Return whether the steps of a member are replayed, which is known once it has trained."""
    return isinstance(member.train_batch, RecordedStep) and member.train_batch.is_possible


def epoch_seconds(setting: Setting, recipe: Recipe) -> float:
    """Return what an epoch of all images takes, its test included, from two of a quarter of them."""
    quarter = setting.part(max(len(setting.data.train_labels) // 4, 1))
    member = quarter.member(recipe.precision, recipe=shortened(recipe, 2))
    one_epoch(member)
    share = len(quarter.data.train_labels) / len(setting.data.train_labels)
    return seconds_of(lambda: one_epoch(member), setting.device) / share
