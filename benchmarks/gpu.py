"""Everything a GPU should tell, in at most nine minutes; each part has its share of them, and stops when it is spent.

python benchmarks/gpu.py --data results/cifar10/cifar10/dataset.npz     CIFAR-10; without --data noise, and no accuracies
python benchmarks/gpu.py --smoke                                        the same code in seconds, on a CPU too
"""

import argparse
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path
from statistics import mean, median

import numpy as np
import torch
import yaml
from measuring import RECIPE, circumstances, interleaved, load_images, seconds_of, table, wait_for
from plain import PlainTraining
from scipy.stats import spearmanr
from stacking import Stacked
from torch import nn
from train_member import set_determinism

from hbr.data.datasets import PreparedDataset
from hbr.data.plans import identity_plan
from hbr.training.engine import MemberSeeds, Training, train_member
from hbr.training.networks import build_network
from hbr.training.precision import dtype_of
from hbr.training.recipe import Recipe

ROOT = Path(__file__).parents[1]

# Seconds of each part; what is left of nine minutes is for imports, data and recordings.
SHARES = {"epochs": 80, "authors": 40, "packing": 170, "quick": 70, "precisions": 120}


@dataclass
class Setting:
    """What is measured, where, and how much of it."""

    data: PreparedDataset
    path: Path | None
    device: torch.device
    network: str
    smoke: bool
    deadline: float = float("inf")

    def has_time(self, seconds: float = 0.0) -> bool:
        """Return whether the running part has that many seconds left."""
        return time.monotonic() + seconds < self.deadline

    def seconds_left(self) -> float:
        """Return how long the running part may still wait."""
        return min(60.0, max(5.0, self.deadline - time.monotonic()))

    def fresh(self, seed: int = 1) -> nn.Module:
        """Return a network."""
        return build_network(self.network, self.data.train_images.shape[3], self.data.classes, seed)

    def member(self, precision: str = "auto", is_recorded: bool = True, seed: int = 1) -> Training:
        """Return the engine's training of one member, with recorded or with eager steps."""
        plan = identity_plan(self.data.train_labels, self.data.train_images.shape[1:])
        recipe = replace(RECIPE, precision=precision)
        seeds = MemberSeeds(seed, seed, 0, seed)
        member = Training(self.data, plan, self.fresh(seed), recipe, seeds, self.device, True, None, print)
        if not is_recorded:
            member.train_batch = getattr(member.train_batch, "eager", member.train_batch)
        return member


def one_epoch(member: Training, is_tested: bool = True) -> None:
    """Train one epoch; test after it, as every epoch of the engine does."""
    member.step = 0
    member.train_epoch()
    member.recorder.epoch_summary()
    if is_tested:
        member.test_logits()


def epochs(setting: Setting) -> Iterator[str]:
    """Yield epochs: eager and recorded steps, both precisions, tracking on and off; tests included."""
    members = {}
    for precision, is_recorded in product(("bfloat16", "float32"), (True, False)):
        name = f"{'recorded' if is_recorded else 'eager'}, {precision}"
        members[f"{name}, tracking"] = setting.member(precision, is_recorded)
        if precision == "bfloat16" and is_recorded:
            members[f"{name}, no tracking"] = untracked = setting.member(precision, is_recorded)
            untracked.recorder.update = lambda *batch: None
    first: dict[str, float] = {}
    works: dict[str, Callable[[], object]] = {}
    for name, member in members.items():
        if first and not setting.has_time(2 * max(first.values())):
            break
        works[name] = lambda member=member: one_epoch(member)
        first[name] = seconds_of(works[name], setting.device)
    repetitions = 1 if setting.smoke else 5
    seconds = interleaved(works, repetitions, setting.device, warm_up=False, deadline=setting.deadline - sum(first.values()))
    images = len(setting.data.train_labels)
    own = seconds["recorded, bfloat16, tracking"]
    rows = [
        [
            name,
            len(values),
            f"{median(values):.3f}",
            f"{median(value / base for value, base in zip(values, own, strict=True)):.3f}",
            f"{images / median(values):,.0f}",
            f"{first[name]:.2f}",
        ]
        for name, values in seconds.items()
    ]
    columns = ["step", "n", "seconds", "ratio", "images/s", "first epoch, with recording"]
    yield table(f"Epoch of {images:,} images, {setting.network}, batch {RECIPE.batch_size}", columns, rows)


def undetermined(work: Callable[[], object]) -> None:
    """Do some work with whatever kernels are fastest, as the authors do."""
    mode = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        work()
    finally:
        torch.set_deterministic_debug_mode(mode)


def authors(setting: Setting) -> Iterator[str]:
    """Yield an epoch in the authors' manner, from some of its batches, beside the engine's on as many images."""
    images = 256 if setting.smoke else min(6_400, len(setting.data.train_labels))
    names = ("train_images", "train_labels", "test_images", "test_labels")
    sizes = dict(zip(names, (images, images, images // 5, images // 5), strict=True))
    data = replace(
        setting.data,
        **{name: getattr(setting.data, name)[:size] for name, size in sizes.items()},
        planted=setting.data.planted[:images],
    )
    part = replace(setting, data=data)
    member, plain = part.member(), PlainTraining(data, part.fresh(), setting.device, workers=0 if setting.smoke else 2)
    works = {
        "engine: train, track, test": lambda: one_epoch(member),
        "authors' manner: train, track": lambda: undetermined(plain.epoch),
        "authors' manner: test once a class": lambda: undetermined(plain.accuracies),
    }
    seconds = interleaved(works, 1 if setting.smoke else 3, setting.device, deadline=setting.deadline - 15)
    own = seconds["engine: train, track, test"]
    rows = []
    for name, values in seconds.items():
        ratio = median(value / base for value, base in zip(values, own, strict=False))
        rows.append([name, len(values), f"{median(values):.3f}", f"{ratio:.1f}", f"{median(values) * 50_000 / images:.2f}"])
    title = f"{images:,} training and {images // 5:,} test images, {setting.network}"
    yield table(title, ["what", "n", "seconds", "ratio", "seconds for 50,000 and 10,000"], rows)


def packing(setting: Setting) -> Iterator[str]:
    """Yield how many images a second several members train together, by way of packing."""
    rows = []
    for network in (setting.network, "resnet8")[: 1 if setting.smoke else 2]:
        part = replace(setting, network=network)
        ways: list[tuple[str, int, Callable[[Setting, int], float]]] = [("one by one", 1, in_processes)]
        counts = (2,) if setting.smoke else (2, 4, 8)
        ways += [("streams", 2 if setting.smoke else 4, in_streams), ("torch.func, no tracking", 2, stacked)]
        ways += [("processes", count, in_processes) for count in counts]
        alone = 0.0
        for name, members, way in ways:
            if not setting.has_time(25 if not setting.smoke else 0):
                rows.append([network, name, members, "no time left", ""])
                continue
            try:
                pace = way(part, members)
            except RuntimeError as error:
                rows.append([network, name, members, f"failed: {str(error).splitlines()[0][:60]}", ""])
                continue
            alone = alone or pace
            rows.append([network, name, members, f"{pace:,.0f}", f"{pace / alone:.2f}"])
    yield table("Packing of members on one device", ["network", "way", "members", "images/s in all", "to one"], rows)


def in_processes(setting: Setting, members: int) -> float:
    """Return images a second of members in processes of their own, all of which train at once."""
    context = multiprocessing.get_context("spawn")
    ready, go, spent = context.Barrier(members + 1), context.Event(), context.Queue()
    processes = [
        context.Process(target=_train_beside, args=(setting, seed, ready, go, spent), daemon=True) for seed in range(members)
    ]
    for process in processes:
        process.start()
    try:
        ready.wait(setting.seconds_left())
        go.set()
        found = [spent.get(timeout=setting.seconds_left()) for _ in processes]
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__} in one of {members} processes") from error
    finally:
        for process in processes:
            process.join(5)
            process.kill()
    begin, end = min(start for start, _, _ in found), max(end for _, end, _ in found)
    return sum(images for _, _, images in found) / (end - begin)


def _train_beside(setting: Setting, seed: int, ready, go, spent) -> None:
    torch.set_num_threads(1)
    set_determinism()
    member = setting.member(seed=seed)
    one_epoch(member)
    wait_for(setting.device)
    ready.wait(90)
    go.wait()
    begin = time.time()
    one_epoch(member)
    wait_for(setting.device)
    spent.put((begin, time.time(), member.examples))


def in_streams(setting: Setting, members: int) -> float:
    """Return images a second of members in threads of one process, each with a stream of its own."""
    trained = [setting.member(seed=seed) for seed in range(members)]
    for member in trained:
        # Recordings of several threads would disturb one another.
        one_epoch(member)

    def work(member: Training) -> None:
        if setting.device.type == "cuda":
            with torch.cuda.stream(torch.cuda.Stream()):
                one_epoch(member)
        else:
            one_epoch(member)

    def together() -> None:
        threads = [threading.Thread(target=work, args=(member,)) for member in trained]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return members * len(setting.data.train_labels) / seconds_of(together, setting.device)


def stacked(setting: Setting, members: int) -> float:
    """Return images a second of members stacked by torch.func, in steps of their networks alone."""
    networks = [setting.fresh(seed) for seed in range(members)]
    step = Stacked(networks, setting.device, dtype_of("auto", setting.device)).step
    side = setting.data.train_images.shape[1]
    images = torch.randn(members, RECIPE.batch_size, 3, side, side, device=setting.device)
    labels = torch.randint(10, (members, RECIPE.batch_size), device=setting.device)
    rounds = 2 if setting.smoke else 30
    for _ in range(2):
        step(images, labels)
    return (
        members * RECIPE.batch_size * rounds / seconds_of(lambda: [step(images, labels) for _ in range(rounds)], setting.device)
    )


def quick_recipe() -> Recipe:
    """Return the recipe of studies/cifar10-quick.yaml, with the schema's defaults."""
    schema, study = (
        yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
        for path in ("workflow/schemas/config.schema.yaml", "studies/cifar10-quick.yaml")
    )
    keys = schema["properties"]["recipes"]["additionalProperties"]["properties"]
    settings = {name: key["default"] for name, key in keys.items() if "default" in key} | study["recipes"]["quick"]
    return Recipe(**settings | {"milestones": tuple(settings["milestones"])})


def quick(setting: Setting) -> Iterator[str]:
    """Yield what the quick recipe of studies/cifar10-quick.yaml reaches, and in how many seconds."""
    recipe = quick_recipe()
    if setting.smoke:
        recipe = replace(recipe, epochs=2, warmup_epochs=0.5, el2n_epoch=1)
    rows, spent = [], 0.0
    for seed in range(1 if setting.smoke else 3):
        if seed and not setting.has_time(1.1 * spent):
            break
        accuracy, spent, _ = trained(setting, recipe, seed)
        rows.append([seed, f"{spent:.1f}", f"{accuracy:.2%}"])
    yield table(f"The quick recipe, {recipe.epochs} epochs, recordings included", ["seed", "seconds", "accuracy"], rows)


def precisions(setting: Setting) -> Iterator[str]:
    """Yield accuracy in both precisions, and how alike they order samples by AUM, beside two seeds of one precision."""
    epochs = 2 if setting.smoke else 6
    recipe = replace(RECIPE, epochs=epochs, batch_size=512, learning_rate=0.4, warmup_epochs=epochs / 4)
    found: dict[str, list[tuple[float, np.ndarray]]] = {"float32": [], "bfloat16": []}
    spent = 0.0
    for seed in range(2 if setting.smoke else 5):
        if seed and not setting.has_time(1.1 * spent):
            break
        begun = time.monotonic()
        for precision, results in found.items():
            accuracy, _, margins = trained(setting, replace(recipe, precision=precision), seed)
            results.append((accuracy, margins))
        spent = time.monotonic() - begun
    rows = []
    for precision, results in found.items():
        accuracies = [accuracy for accuracy, _ in results]
        rows.append([precision, len(results), f"{mean(accuracies):.2%}", f"{np.std(accuracies, ddof=len(results) > 1):.2%}"])
    yield table(f"Accuracy after {epochs} epochs", ["precision", "seeds", "mean", "standard deviation"], rows)
    full, half = ([margins for _, margins in found[name]] for name in ("float32", "bfloat16"))
    rows = [["float32 and bfloat16, same seed", *_spread(list(zip(full, half, strict=True)))]]
    rows.append(["float32, two seeds", *_spread(list(pairwise(full)))])
    rows.append(["means over seeds, both precisions", *_spread([(np.mean(full, 0), np.mean(half, 0))])])
    yield table("Spearman correlation of the AUM of samples", ["between", "n", "mean", "least"], rows)


def _spread(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[object]:
    values = [float(spearmanr(*pair).statistic) for pair in pairs]
    return [len(values), *((f"{mean(values):.4f}", f"{min(values):.4f}") if values else ("", ""))]


def trained(setting: Setting, recipe: Recipe, seed: int) -> tuple[float, float, np.ndarray]:
    """Return accuracy, seconds and sums of margins of one member."""
    plan = identity_plan(setting.data.train_labels, setting.data.train_images.shape[1:])
    network, seeds = setting.fresh(seed), MemberSeeds(seed, seed, 0, seed)
    wait_for(setting.device)
    started = time.perf_counter()
    outcomes, dynamics = train_member(setting.data, plan, network, recipe, seeds, setting.device)
    return float(outcomes.history[-1, 4]), time.perf_counter() - started, dynamics.margin_sum


PARTS = {part.__name__: part for part in (epochs, authors, packing, quick, precisions)}


def main() -> None:
    """Print the tables of all parts, each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--part", choices=PARTS, action="append", help="may be given several times; default: all")
    parser.add_argument("--smoke", action="store_true", help="tiny nets on few images")
    options = parser.parse_args()
    set_determinism()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not options.smoke:
        parser.error("there is no GPU; --smoke runs on a CPU")
    torch.set_num_threads(1)
    data = load_images(options.data, *((256, 64, 8) if options.smoke else (50_000, 10_000, 32)))
    print(circumstances(device), flush=True)
    for name in options.part or PARTS:
        setting = Setting(data, options.data, device, "small-cnn" if options.smoke else "resnet18", options.smoke)
        setting.deadline = time.monotonic() + SHARES[name]
        started = time.monotonic()
        try:
            for text in PARTS[name](setting):
                print(f"\n{text}", flush=True)
        except Exception as error:
            # The other parts have something to tell all the same.
            if options.smoke:
                raise
            print(f"\n{name} failed: {type(error).__name__}: {error}", flush=True)
        print(f"\n({name}: {time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
