r"""Which settings of a short recipe or network do best, on a slice held out of the training set: no test image is looked at.

python benchmarks/choose_recipe.py studies/cifar10-quick.yaml --data results/cifar10-quick/cifar10/dataset.npz \
    --vary learning_rate=0.16,0.32,0.64 --vary bias_factor=1,64 --vary network_settings.logit_scale=0.111,0.167 --seeds 4 \
    --change '{"epochs": 20, "network_settings.widths": [32, 96, 256]}' --keep results/choice --jobs 2

The first line is the study's own settings, every other one changes one of them (`--vary`) or several (`--change`). Seeds are
taken in turn, so that what is done when time is up is a fair comparison of all; the held-out slice is the same for all, and of
all classes alike. With `--keep` what was stopped goes on where it was, and what is finished is not trained again.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
import yaml
from measuring import circumstances, network_for, operations, shortened, table

from hbr.data.datasets import PreparedDataset, load_dataset, prepare
from hbr.data.files import write_text
from hbr.data.plans import identity_plan
from hbr.training.checkpoints import Checkpoints, digest_of
from hbr.training.engine import MemberSeeds, Progress, train_member
from hbr.training.precision import dtype_of, forbid_tf32, name_of
from hbr.training.recipe import Recipe
from hbr.training.settings import network_settings

CPU = torch.device("cpu")
SLICE_SEED = 20_240_229


def held_out(data: PreparedDataset, samples: int, share: float) -> PreparedDataset:
    """Return ``samples`` training images and a slice of ``share`` of all of them to test on; the test set is left alone."""
    rng = np.random.default_rng(SLICE_SEED)
    places = [rng.permutation(np.flatnonzero(data.train_labels == label)) for label in range(data.classes)]
    tested = np.sort(np.concatenate([own[: round(share * len(own))] for own in places]))
    rest = [own[round(share * len(own)) :] for own in places]
    each = samples // data.classes or max(map(len, rest))
    trained = np.sort(np.concatenate([own[:each] for own in rest]))
    images, labels = data.train_images, data.train_labels
    return prepare(images[trained], labels[trained], images[tested], labels[tested], data.class_names)


def candidates(
    keys: Mapping[str, Any], recipe: Mapping[str, Any], varied: list[str], changes: list[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any], Recipe]]:
    """Yield name, settings of the network and recipe: the study's own, with each value of each key, with several changed.

    Where ``epochs`` are among several, warm-up and EL2N go in proportion.
    """
    own = network_settings(keys)
    yield "the study's own", own, Recipe.of(recipe)
    for text in varied:
        key, _, values = text.partition("=")
        # Lists stand in brackets, so that a comma outside of them parts values.
        for value in json.loads(f"[{values}]") if values[:1] not in ("t", "f") else [values == "true"]:
            yield f"{key} {value}", *_changed(own, recipe, {key: value})
    for change in changes:
        settings, other = _changed(own, recipe, {key: value for key, value in change.items() if key != "epochs"})
        yield ", ".join(f"{key} {value}" for key, value in change.items()), settings, shortened(other, change.get("epochs", 0))


def _changed(own: dict[str, Any], recipe: Mapping[str, Any], change: Mapping[str, Any]) -> tuple[dict[str, Any], Recipe]:
    prefix = "network_settings."
    settings = {key.removeprefix(prefix): value for key, value in change.items() if key.startswith(prefix)}
    return own | settings, Recipe.of({**recipe, **{key: value for key, value in change.items() if not key.startswith(prefix)}})


def trained(
    options: argparse.Namespace, network_name: str, settings: Mapping[str, Any], recipe: Recipe, seed: int, name: str
) -> dict[str, float] | None:
    """Return the accuracy on the slice, the operations and the processor's seconds of one training; ``None`` if time is up.

    Seconds of one that was stopped and resumed are those of its last run.
    """
    if seed and time.time() > options.until:
        return None
    torch.set_num_threads(options.threads)
    forbid_tf32()
    data = slice_of(options)
    kept: Path | None = None
    checkpoints: Checkpoints | None = None
    who = f"seed {seed}, {name}"
    if options.keep:
        made_of = (data.checksum, network_name, json.dumps(settings, sort_keys=True), recipe.text, str(seed), torch.__version__)
        digest = digest_of(*made_of)
        kept = options.keep / f"{digest[:16]}.json"
        if kept.is_file():
            found: dict[str, float] = json.loads(kept.read_text(encoding="utf-8"))
            return found
        options.keep.mkdir(parents=True, exist_ok=True)
        checkpoints = Checkpoints(kept.with_suffix(".npz"), digest, 5, lambda line: print(f"{who}: {line}", flush=True))
    network = network_for(network_name, data, seed, **settings)
    work = operations(network, data.train_images.shape[1:]) * recipe.epochs * len(data.train_labels)
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])

    def report(progress: Progress) -> None:
        if progress.test_accuracy is not None:
            print(f"{who}: {progress}", flush=True)

    seeds, started = MemberSeeds(seed, seed, 0, seed), time.process_time()
    outcomes, _ = train_member(data, plan, network, recipe, seeds, CPU, False, report, checkpoints)
    accuracy = float((outcomes.predictions == outcomes.test_labels).mean())
    found = {"accuracy": accuracy, "petaflop": work / 1e15, "seconds": time.process_time() - started}
    if kept and checkpoints:
        write_text(kept, json.dumps(found) + "\n")
        checkpoints.clear()
    return found


def slice_of(options: argparse.Namespace) -> PreparedDataset:
    """Return the images to train on, and those to test on."""
    return held_out(load_dataset(options.data), options.samples, options.share)


def main() -> None:
    """Print the table, after every seed anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared data set, dataset.npz")
    parser.add_argument("--dataset", help="its name in the study; default: the first")
    parser.add_argument("--vary", action="append", default=[], help="key=value,value of the recipe, or network_settings.key=")
    parser.add_argument(
        "--change", action="append", default=[], type=json.loads, help="JSON: several such keys, each with a value"
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--samples", type=int, default=0, help="training images; default: all but the slice")
    parser.add_argument("--share", type=float, default=0.1, help="of the training set, held out")
    parser.add_argument("--epochs", type=int, default=0, help="default: the recipe's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side, of --threads each")
    parser.add_argument("--keep", type=Path, help="where checkpoints and results go")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no other seed after so long")
    options = parser.parse_args()
    forbid_tf32()
    config = yaml.safe_load(options.study.read_text(encoding="utf-8"))
    keys = config["datasets"][options.dataset or next(iter(config["datasets"]))]
    data = slice_of(options)
    wanted = list(candidates(keys, config["recipes"][keys["recipe"]], options.vary, options.change))
    print(circumstances(CPU), flush=True)
    found: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in wanted}
    options.until = time.time() + 60 * options.minutes
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        begun: list[dict[str, Future[dict[str, float] | None]]] = []
        for seed in range(options.seeds):
            begun.append({})
            for name, settings, recipe in wanted:
                own = shortened(recipe, options.epochs)
                begun[seed][name] = pool.submit(trained, options, keys["network"], settings, own, seed, name)
        for seed, trainings in enumerate(begun):
            members = {name: training.result() for name, training in trainings.items()}
            for name, member in members.items():
                # A seed that not all have is no fair comparison.
                if member is None or None in members.values():
                    continue
                found[name].append(member)
                print(f"seed {seed}, {name}: {member['accuracy']:.2%}", flush=True)
    rows = []
    for name, members in found.items():
        values = [member["accuracy"] for member in members]
        gained = [value - own["accuracy"] for value, own in zip(values, next(iter(found.values())), strict=True)]
        spread = f"{stdev(values):.2%}" if len(values) > 1 else ""
        work, seconds = members[0]["petaflop"], mean(member["seconds"] for member in members)
        rows.append([name, len(values), f"{mean(values):.2%}", spread, f"{mean(gained):+.2%}", f"{work:.4f}", f"{seconds:.0f}"])
    columns = ["settings", "n", "accuracy", "standard deviation", "against the first", "PFLOP", "processor seconds"]
    recipe = shortened(wanted[0][2], options.epochs)
    title = f"{keys['network']} on {len(data.train_labels):,} images, {recipe.epochs} epochs, "
    title += name_of(dtype_of(recipe.precision, CPU))
    print(f"\n{table(f'{title}; accuracy on {len(data.test_labels):,} held-out ones', columns, rows)}")
    print(f"\nThe first: {json.dumps(asdict(recipe))}")


if __name__ == "__main__":
    main()
