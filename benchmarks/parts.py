"""Where a training step's time goes, part by part, in one run of the engine: what is there beside the convolutions.

python benchmarks/parts.py --data results/cifar10-quick/cifar10/dataset.npz --network quick-cnn
python benchmarks/parts.py --network resnet8 --precision bfloat16 --threads 2

Every layer is run forward and back by itself, on what it is given in a step of the whole; so are augmentation, tracking,
optimiser and lookahead. Seconds are those that processors worked, which other work on the machine hardly changes.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from measuring import circumstances, load_images, network_for, table
from torch import Tensor, nn
from torch.nn import functional

from hbr.data.plans import identity_plan
from hbr.training.augmentation import draw_epoch
from hbr.training.engine import MemberSeeds, Training
from hbr.training.precision import autocast, dtype_of, forbid_tf32, name_of
from hbr.training.recipe import Recipe
from hbr.training.steps import Batch

CPU = torch.device("cpu")
CONVOLUTIONS = "convolutions"
KINDS: dict[str, tuple[type, ...]] = {
    CONVOLUTIONS: (nn.Conv2d,),
    "normalisation": (nn.BatchNorm2d,),
    "activations": (nn.GELU, nn.ReLU),
    "pooling": (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d),
    "head": (nn.Linear,),
}
RECIPE = Recipe(
    epochs=1,
    batch_size=500,
    learning_rate=0.02,
    el2n_epoch=1,
    momentum=0.85,
    bias_factor=64.0,
    frozen_scale=True,
    schedule="one-cycle",
    start_factor=0.2,
    lookahead_steps=1,
    alternating_flips=True,
    crop_padding=2,
)


@dataclass
class Layer:
    """A layer, what it was given, and the gradient that came back to it."""

    module: nn.Module
    given: Tensor
    gradient: Tensor | None = None

    def run(self) -> None:
        """Run forward and back, as far as a training does."""
        returned = self.module(self.given)
        if self.gradient is not None:
            inputs = [tensor for tensor in (self.given, *self.module.parameters()) if tensor.requires_grad]
            torch.autograd.grad(returned, inputs, self.gradient)


def layers_of(member: Training, batch: Batch) -> list[Layer]:
    """Return every layer of a network without layers in it, as it stands in a step."""
    found: list[Layer] = []

    def keep(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        layer = Layer(module, inputs[0].detach().requires_grad_(inputs[0].requires_grad))
        found.append(layer)
        if output.requires_grad:
            output.register_hook(lambda gradient: setattr(layer, "gradient", gradient.detach()))

    with ExitStack() as hooks:
        for module in member.network.modules():
            if not list(module.children()):
                hooks.callback(module.register_forward_hook(keep).remove)
        member.train_batch(batch, 0.0)
    return found


def parts_of(member: Training) -> tuple[dict[str, list[Callable[[], object]]], Callable[[], object]]:
    """Return what each part of a step does, and the whole step."""
    recipe, size = member.recipe, member.recipe.batch_size
    order, offsets, flips = draw_epoch(torch.Generator().manual_seed(0), member.examples, recipe.crop_padding, True, CPU)
    batch = Batch(order, member.labels[order], offsets, flips).part(slice(0, size))
    logits = torch.randn(size, member.classes).requires_grad_()

    def run(layer: Layer) -> None:
        with autocast(CPU, member.dtype):
            layer.run()

    def track() -> None:
        member.recorder.update(0, logits, batch.labels, order[:size])
        member.recorder.score_waiting()

    def whole() -> None:
        member.train_batch(batch, 0.0)
        track()
        if member.lookahead is not None and recipe.lookahead_steps == 1:
            member.lookahead.update(0.5)

    parts: dict[str, list[Callable[[], object]]] = defaultdict(list)
    # The last run of all layers leaves gradients for the optimiser.
    for layer in layers_of(member, batch):
        kind = next((kind for kind, types in KINDS.items() if isinstance(layer.module, types)), "other layers")
        parts[kind].append(lambda layer=layer: run(layer))
    parts["augmentation"].append(lambda: member.bank.batch(batch.images, batch.offsets, batch.flips))
    parts["loss"].append(lambda: functional.cross_entropy(logits, batch.labels).backward())
    parts["optimiser"].append(member.descent.step)
    parts["tracking"].append(track)
    if member.lookahead is not None and recipe.lookahead_steps == 1:
        parts["lookahead, in every step"].append(lambda: member.lookahead.update(0.5))
    return parts, whole


def tables(options: argparse.Namespace) -> Iterator[str]:
    """Yield the table of one network."""
    data = load_images(options.data, options.batch, 100, options.side)
    network = network_for(options.network, data, 1, width=options.width)
    recipe = replace(RECIPE, batch_size=options.batch, precision=options.precision)
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    member = Training(data, plan, network, recipe, MemberSeeds(1, 2, 0, 0), CPU, True, None, print)
    member.network.train()
    parts, whole = parts_of(member)
    rounds: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.repetitions):
        rounds["a whole step"].append(seconds_of(whole))
        for part, works in parts.items():
            rounds[part].append(sum(map(seconds_of, works)))
    # The least of several: what other work does to caches only adds.
    seconds = {part: min(values) for part, values in rounds.items()}
    in_all = seconds.pop("a whole step")
    seconds["the rest: copies, sums of branches, Python"] = in_all - sum(seconds.values())
    rows = [
        [part, f"{value:.4f}", f"{value / in_all:.1%}", f"{value / seconds[CONVOLUTIONS]:.3f}"]
        for part, value in [*sorted(seconds.items(), key=lambda item: -item[1]), ("a whole step", in_all)]
    ]
    how = f"{options.network}, batch {options.batch} of {data.train_images.shape[1]} pixels, "
    how += f"{name_of(dtype_of(options.precision, CPU))}, {options.threads} thread{'s' * (options.threads > 1)}"
    columns = ["part", "processor seconds a step", "share", "ratio to convolutions"]
    yield table(f"Parts of a training step, {how} (least of {options.repetitions})", columns, rows)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds that processors worked for it."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--network", default="quick-cnn")
    parser.add_argument("--width", type=int)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--side", type=int, default=32, help="of images of noise")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    forbid_tf32()
    print(circumstances(torch.device("cpu")), flush=True)
    for text in tables(options):
        print("\n" + text)


if __name__ == "__main__":
    main()
