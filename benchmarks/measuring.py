"""Side-by-side measurements: what is compared runs in turn, so that a busy machine slows all of it alike."""

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from hbr.data.datasets import PreparedDataset, prepare
from hbr.data.whitening import whitening_of
from hbr.training.devices import machine_name
from hbr.training.engine import Training
from hbr.training.networks import build_network, is_whitened
from hbr.training.recipe import Recipe

Work = Callable[[], object]

RECIPE = Recipe(
    epochs=1,
    batch_size=128,
    learning_rate=0.1,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    schedule="one-cycle",
    milestones=(),
    decay_factor=0.2,
    warmup_epochs=0.2,
    flip=True,
    crop_padding=4,
    el2n_epoch=1,
)


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe with that many epochs, and with milestones, warm-up and the epoch of EL2N in proportion.

    0 epochs leave it as it is. Where no milestone is left the learning rate falls along a cosine.
    """
    epochs = epochs or recipe.epochs
    share = epochs / recipe.epochs
    milestones = tuple(sorted({max(1, round(milestone * share)) for milestone in recipe.milestones} & set(range(epochs))))
    return replace(
        recipe,
        epochs=epochs,
        milestones=milestones,
        schedule="cosine" if recipe.schedule == "step" and not milestones else recipe.schedule,
        warmup_epochs=recipe.warmup_epochs * share,
        el2n_epoch=min(epochs, max(1, round(recipe.el2n_epoch * share))),
    )


def network_for(name: str, data: PreparedDataset, seed: int, **settings: Any) -> nn.Module:
    """Return a network for a data set, with the filters of its images where it needs them; settings ``None`` are left out."""
    settings = {key: value for key, value in settings.items() if value is not None}
    whitening = whitening_of(data) if is_whitened(name) else None
    return build_network(name, data.train_images.shape[3], data.classes, seed, settings=settings, whitening=whitening)


def operations(network: nn.Module, shape: Sequence[int]) -> int:
    """Return the operations of a training step on one image ``(height, width, channels)``: 6 a multiply-add, 2 of them forward.

    Convolutions and linear layers are counted, in the convention that the way back costs twice the way forward.
    """
    counted: list[int] = []

    def count(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        counted.append(output.numel() * module.weight[0].numel())

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was_training = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, shape[2], *shape[:2]))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return 6 * sum(counted)


def train_epoch(member: Training) -> None:
    """Train one epoch, with the scores that tracking takes, without a test."""
    member.step = 0
    member.train_epoch()
    member.recorder.epoch_summary()


def one_epoch(member: Training) -> None:
    """Train one epoch and test after it, as every epoch of the engine does."""
    train_epoch(member)
    member.test_logits()


def wait_for(device: torch.device) -> None:
    """Wait until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(work: Work, device: torch.device) -> float:
    """Return how long ``work`` takes, the device's part included."""
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started


def interleaved(
    works: Mapping[str, Work], repetitions: int, device: torch.device, warm_up: bool = True, deadline: float = float("inf")
) -> dict[str, list[float]]:
    """Return the seconds of every repetition of every work, taken in turn; one round before them is not counted.

    After the first, no round begins that would last beyond ``deadline`` on the clock ``time.monotonic``, were it as long as
    the one before it.
    """
    if warm_up:
        for work in works.values():
            work()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for repetition in range(repetitions):
        if repetition and time.monotonic() + sum(values[-1] for values in seconds.values()) > deadline:
            break
        for name, work in works.items():
            seconds[name].append(seconds_of(work, device))
    return seconds


def comparison(title: str, seconds: Mapping[str, Sequence[float]], images: int | None = None, scale: float = 1.0) -> str:
    """Return a table: median seconds times ``scale``, with least and most, and how much faster the first one is.

    The ratio is the median over rounds, each with both sides measured one after the other. ``images`` are those one work
    sees, for a column of images a second.
    """
    first = next(iter(seconds.values()))
    rows = []
    for name, values in seconds.items():
        ratio = median(value / own for value, own in zip(values, first, strict=False))
        spread = f"{scale * min(values):.3g} to {scale * max(values):.3g}"
        row = [name, str(len(values)), f"{scale * median(values):.3g}", spread, f"{ratio:.2f}"]
        rows.append(row + ([f"{images / median(values):,.0f}"] if images else []))
    return table(title, ["what", "n", "seconds", "least to most", "ratio", *(["images/s"] if images else [])], rows)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table below its title."""
    lines = [f"**{title}**", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def circumstances(device: torch.device) -> str:
    """Return hardware, versions, whether float32 is that, and how busy the machine is, in one line."""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, torchvision {torchvision.__version__}"
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    precision = f"TF32 {'allowed' if torch.backends.cudnn.allow_tf32 else 'off'} in convolutions"
    return f"{machine_name(device)}; {versions}, numpy {np.__version__}; {precision}; {load}"


def load_images(path: Path | None, samples: int, tests: int, side: int = 32) -> PreparedDataset:
    """Return ``samples`` training and ``tests`` test images of a prepared file, or of noise, ten classes of it, without one."""
    rng = np.random.default_rng(0)
    if path is None:
        names = tuple(str(number) for number in range(10))
        labels = [np.arange(count) % 10 for count in (samples, tests)]
        centres = rng.integers(40, 200, (10, 1, 1, 3))
        # A colour a class under noise: nets learn from it, so that no loss ends in infinity.
        images = [np.clip(centres[kind] + rng.normal(0, 40, (len(kind), side, side, 3)), 0, 255) for kind in labels]
        return prepare(images[0].astype(np.uint8), labels[0], images[1].astype(np.uint8), labels[1], names)
    # Timings need no check of sums, and files of earlier versions serve as well.
    with np.load(path, allow_pickle=False) as arrays:
        parts = {name: arrays[name] for name in ("train_images", "train_labels", "test_images", "test_labels")}
        names = tuple(str(name) for name in arrays["class_names"])
        mean, std = (tuple(arrays[name].tolist()) for name in ("mean", "std"))
    for part, count in (("train", samples), ("test", tests)):
        chosen = rng.permutation(len(parts[f"{part}_labels"]))[:count]
        for kind in ("images", "labels"):
            parts[f"{part}_{kind}"] = parts[f"{part}_{kind}"][chosen]
    return prepare(**parts, class_names=names, mean=mean, std=std)
