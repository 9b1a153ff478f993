"""The engine against a plain training, part by part, each comparison side by side in one run.

python benchmarks/engine.py --data results/cifar10-cpu/cifar10/dataset.npz        all parts but the study
python benchmarks/engine.py --part tracker --device cpu                           one part, on noise instead of images
python benchmarks/engine.py --part study --folder . --study digits                where a finished study's time went

A ratio above 1 says how many times longer something takes than the first line of its table.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from aum import AUMCalculator
from engine_processes import ensemble, memory, startup
from measuring import RECIPE, circumstances, comparison, interleaved, load_images, network_for, one_epoch, train_epoch
from plain import PlainImages, PlainTracker, PlainTraining
from study_time import study_table
from torch import nn
from torch.utils.data import DataLoader

from hbr.data.datasets import PreparedDataset
from hbr.data.plans import identity_plan
from hbr.training.augmentation import ImageBank, draw_epoch
from hbr.training.engine import MemberSeeds, Training
from hbr.training.precision import forbid_tf32
from hbr.training.recorder import Recorder

SAMPLES = 50_000


def network_of(options: argparse.Namespace, data: PreparedDataset, seed: int = 1) -> nn.Module:
    """Return the network that is measured."""
    return network_for(options.network, data, seed, width=options.width)


def member_of(options: argparse.Namespace, data: PreparedDataset, epochs: int = 1) -> Training:
    """Return the engine's training of one member on all images."""
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    recipe = replace(RECIPE, epochs=epochs, precision=options.precision)
    network = network_of(options, data)
    return Training(data, plan, network, recipe, MemberSeeds(1, 2, 0, 0), options.device, True, None, print)


def without_tracking(member: Training) -> Training:
    """Return the same training, which no longer scores its samples."""
    member.recorder.update = lambda *batch: None
    return member


def epoch(options: argparse.Namespace) -> Iterator[str]:
    """Yield (a): an epoch of training and testing, on as many batches as asked for and a fifth as many test images."""
    images = options.batches * RECIPE.batch_size
    data = load_images(options.data, images, images // 5)
    tracked, untracked = member_of(options, data), without_tracking(member_of(options, data))
    plain = PlainTraining(data, network_of(options, data), options.device, workers=options.workers)

    works = {
        "engine, with tracking": partial(one_epoch, tracked),
        "engine, without tracking": partial(one_epoch, untracked),
        "authors' manner: train, track": plain.epoch,
        "authors' manner: train, track, test": lambda: (plain.epoch(), plain.accuracies()),
    }
    seconds = interleaved(works, options.repetitions, options.device)
    title = f"Epoch of {images:,} training and {images // 5:,} test images, {options.network}"
    yield comparison(title, seconds, images)


def tracker(options: argparse.Namespace) -> Iterator[str]:
    """Yield (b): what tracking costs for one epoch of samples, on one core or the GPU."""
    samples = 2_000 if options.smoke else SAMPLES
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(samples, 10, generator=generator).to(options.device)
    labels = torch.randint(10, (samples,), generator=generator).to(options.device)
    order = torch.randperm(samples, generator=generator).to(options.device)
    batches = [(logits[part], labels[part], part) for part in order.split(RECIPE.batch_size)]

    def ours() -> None:
        recorder = Recorder(samples, 1, 1, True, options.device)
        for batch in batches:
            recorder.update(0, *batch)
        recorder.epoch_summary()

    def loop() -> None:
        plain = PlainTracker(samples)
        for batch in batches:
            plain.update(*batch)

    def package() -> None:
        calculator = AUMCalculator(".")
        for outputs, given, places in batches:
            calculator.update(outputs, given, places.tolist())

    works = {"recorder: 4 scores, sums and history": ours, "loop over samples: 6 scores": loop, "package aum: 1 score": package}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield comparison(
        f"Tracking of {samples:,} samples, 1 thread", interleaved(works, options.repetitions, options.device), samples
    )
    torch.set_num_threads(threads)


def augmentation(options: argparse.Namespace) -> Iterator[str]:
    """Yield (c): flips, crops and normalisation, in two threads or two workers."""
    samples = 512 if options.smoke else 20_000
    data = load_images(options.data, samples, 500)
    mean, std = torch.from_numpy(data.mean), torch.from_numpy(data.std)
    bank = ImageBank(torch.from_numpy(data.train_images), mean, std, 4, options.device)
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(PlainImages(data, "train", True), RECIPE.batch_size, num_workers=options.workers)

    def ours() -> None:
        drawn = draw_epoch(generator, samples, 4, True, options.device)
        for order, offsets, flips in zip(*(part.split(RECIPE.batch_size) for part in drawn if part is not None), strict=True):
            bank.batch(order, offsets, flips)

    def pil() -> None:
        for images, _, _ in loader:
            images.to(options.device)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    seconds = interleaved({"image bank, 2 threads": ours, "PIL, DataLoader": pil}, options.repetitions, options.device)
    yield comparison(f"Augmentation of {samples:,} images, {options.workers} workers", seconds, samples)
    torch.set_num_threads(threads)


def evaluation(options: argparse.Namespace) -> Iterator[str]:
    """Yield (d): the test set once, and once for every class."""
    samples = 128 if options.smoke else 2_000
    data = load_images(options.data, 512, samples)
    member = member_of(options, data)
    plain = PlainTraining(data, member.network, options.device, workers=options.workers)
    works = {
        "engine, once": member.test_logits,
        "engine's pass, once a class": lambda: [member.test_logits() for _ in range(data.classes)],
        "authors' manner, once a class": plain.accuracies,
    }
    seconds = interleaved(works, options.repetitions, options.device)
    yield comparison(f"Evaluation on {samples:,} test images, {data.classes} classes, {options.network}", seconds, samples)


def precision(options: argparse.Namespace) -> Iterator[str]:
    """Yield training steps in float32 and in bfloat16, of a small network and of the paper's: processors differ in it."""
    for network, batches in (("resnet8", 10), ("resnet18", 2)):
        images = RECIPE.batch_size * (1 if options.smoke else batches)
        own = argparse.Namespace(**vars(options) | {"network": options.network if options.smoke else network, "width": None})
        data = load_images(options.data, images, 100)
        works = {}
        for name in ("float32", "bfloat16"):
            own.precision = name
            works[name] = partial(train_epoch, member_of(own, data))
        seconds = interleaved(works, options.repetitions, options.device)
        yield comparison(f"Training steps on {images:,} images, {own.network}", seconds, images)


def study(options: argparse.Namespace) -> Iterator[str]:
    """Yield (g): the time of a finished study."""
    yield study_table(options.folder, options.study, options.cores)


PARTS = {
    part.__name__: part for part in (epoch, precision, tracker, augmentation, evaluation, startup, memory, ensemble, study)
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="may be given several times; default: all but study")
    parser.add_argument("--device", type=torch.device, help="cpu or cuda; default: a GPU where there is one")
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--network", default="resnet8")
    parser.add_argument("--width", type=int, help="channels of the first layer; default: the network's own")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1, help="of torch; a job of the workflow has 1")
    parser.add_argument("--workers", type=int, default=2, help="of the DataLoader; the authors have 2")
    parser.add_argument("--batches", type=int, default=20, help="of 128 images, for epoch and memory")
    parser.add_argument("--samples", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the study was run")
    parser.add_argument("--study", default="digits")
    parser.add_argument("--cores", type=int, default=2, help="that the study was run on")
    parser.add_argument("--smoke", action="store_true", help="as little as shows that it runs")
    options = parser.parse_args(arguments)
    options.device = options.device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if options.smoke:
        options.batches, options.repetitions, options.network, options.width, options.workers = 2, 1, "small-cnn", 4, 0
    torch.set_num_threads(options.threads)
    forbid_tf32()
    return options


def main() -> None:
    """Print the tables."""
    options = parse()
    print(circumstances(options.device), flush=True)
    for name in options.part or [name for name in PARTS if name != "study"]:
        for text in PARTS[name](options):
            print(f"\n{text}", flush=True)


if __name__ == "__main__":
    main()
