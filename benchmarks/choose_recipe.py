r"""Which settings of a short recipe or network do best, on a slice held out of the training set: no test image is looked at.

python benchmarks/choose_recipe.py studies/cifar10-quick.yaml --data results/cifar10-quick/cifar10/dataset.npz \
    --vary learning_rate=0.16,0.32,0.64 --vary bias_factor=1,64 --vary network_settings.logit_scale=0.111,0.167 --seeds 4

The first line is the study's own settings, every other one changes one of them. Seeds are taken in turn, so that what is done
when time is up is a fair comparison of all; the held-out slice is the same for all, and of all classes alike.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
import yaml
from measuring import circumstances, network_for, operations, table

from hbr.data.datasets import PreparedDataset, load_dataset, prepare
from hbr.data.plans import identity_plan
from hbr.training.engine import MemberSeeds, train_member
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
    keys: Mapping[str, Any], recipe: Mapping[str, Any], varied: list[str]
) -> Iterator[tuple[str, dict[str, Any], Recipe]]:
    """Yield name, settings of the network and recipe: the study's own, then with each value of each key."""
    own = network_settings(keys)
    yield "the study's own", own, Recipe.of(recipe)
    for text in varied:
        key, _, values = text.partition("=")
        # Lists stand in brackets, so that a comma outside of them parts values.
        for value in json.loads(f"[{values}]") if values[:1] not in ("t", "f") else [values == "true"]:
            if key.startswith("network_settings."):
                yield f"{key} {value}", {**own, key.removeprefix("network_settings."): value}, Recipe.of(recipe)
            else:
                yield f"{key} {value}", own, Recipe.of({**recipe, key: value})


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe with that many epochs, warm-up and EL2N in proportion; 0 leaves it as it is."""
    share = epochs / recipe.epochs if epochs else 1.0
    el2n_epoch = max(1, round(recipe.el2n_epoch * share))
    return replace(recipe, epochs=epochs or recipe.epochs, warmup_epochs=recipe.warmup_epochs * share, el2n_epoch=el2n_epoch)


def trained(data: PreparedDataset, name: str, settings: Mapping[str, Any], recipe: Recipe, seed: int) -> dict[str, float]:
    """Return the accuracy on the slice, the operations and the processor's seconds of one training."""
    network = network_for(name, data, seed, **settings)
    work = operations(network, data.train_images.shape[1:]) * recipe.epochs * len(data.train_labels)
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    seeds, started = MemberSeeds(seed, seed, 0, seed), time.process_time()
    outcomes, _ = train_member(data, plan, network, recipe, seeds, CPU, keep_epochs=False)
    accuracy = float((outcomes.predictions == outcomes.test_labels).mean())
    return {"accuracy": accuracy, "petaflop": work / 1e15, "seconds": time.process_time() - started}


def main() -> None:
    """Print the table, after every seed anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a prepared data set, dataset.npz")
    parser.add_argument("--dataset", help="its name in the study; default: the first")
    parser.add_argument("--vary", action="append", default=[], help="key=value,value of the recipe, or network_settings.key=")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--samples", type=int, default=0, help="training images; default: all but the slice")
    parser.add_argument("--share", type=float, default=0.1, help="of the training set, held out")
    parser.add_argument("--epochs", type=int, default=0, help="default: the recipe's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no other seed after so long")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    forbid_tf32()
    config = yaml.safe_load(options.study.read_text(encoding="utf-8"))
    keys = config["datasets"][options.dataset or next(iter(config["datasets"]))]
    data = held_out(load_dataset(options.data), options.samples, options.share)
    wanted = list(candidates(keys, config["recipes"][keys["recipe"]], options.vary))
    print(circumstances(CPU), flush=True)
    found: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in wanted}
    until = time.monotonic() + 60 * options.minutes
    for seed in range(options.seeds):
        if seed and time.monotonic() > until:
            break
        for name, settings, recipe in wanted:
            found[name].append(trained(data, keys["network"], settings, shortened(recipe, options.epochs), seed))
            print(f"seed {seed}, {name}: {found[name][-1]['accuracy']:.2%}", flush=True)
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
