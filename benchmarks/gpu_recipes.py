"""Parts "recipes" and "precisions" of ``gpu.py``: whether less work, or less precision, finds the same hardness."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mean

import numpy as np
import yaml
from agreement import Trained, agreement, trained
from gpu_setting import Setting, epoch_seconds
from measuring import RECIPE, shortened, table

from hbr.hardness.ranks import rank_correlations
from hbr.training.recipe import Recipe

ROOT = Path(__file__).parents[1]

# From what is published for ResNet-18, not measured.
SHORT = Recipe(
    epochs=18,
    batch_size=512,
    learning_rate=0.4,
    schedule="one-cycle",
    warmup_epochs=4.0,
    flip=True,
    crop_padding=4,
    el2n_epoch=9,
)
# What a training takes besides its epochs: images to the device, first kernels, recordings.
START_SECONDS = 3
# Epochs of a whole training may be slower than the two that were timed.
CAUTION = 1.1


def study_recipe(study: str, name: str) -> Recipe:
    """Return a recipe of a study file."""
    settings = yaml.safe_load((ROOT / f"studies/{study}.yaml").read_text(encoding="utf-8"))
    return Recipe.of(settings["recipes"][name])


def fitted(setting: Setting, recipe: Recipe, seconds: float) -> Recipe | None:
    """Return the recipe, shortened where finding its pace and a training would take longer; ``None`` if no epoch fits."""
    started = time.monotonic()
    pace = epoch_seconds(setting, recipe)
    epochs = int((seconds - (time.monotonic() - started) - START_SECONDS) / (CAUTION * pace))
    return None if epochs < 1 else recipe if epochs >= recipe.epochs else shortened(recipe, epochs)


def recipes(setting: Setting) -> Iterator[str]:
    """Yield what each recipe reaches, in how many seconds, and whether they call the same hard.

    These are the quick network with its recipe, the paper's network with a short recipe, and with the paper's.
    """
    wanted = {"quick": study_recipe("cifar10-quick", "quick"), "short": SHORT, "paper": study_recipe("cifar10", "paper")}
    of_all = {name: recipe.epochs for name, recipe in wanted.items()}
    settings = dict.fromkeys(wanted, setting) | {"quick": replace(setting, network="quick-cnn")}
    if setting.smoke:
        wanted = {name: shortened(recipe, 4 if name == "paper" else 2) for name, recipe in wanted.items()}
    groups: dict[str, list[Trained]] = {name: [] for name in wanted}
    rows = []
    # Half of the seconds are the paper's, which are still too few for all its epochs; of the other two's members, two must
    # fit in the other half, since seeds of one recipe are the ceiling.
    half = setting.seconds_left() / 2
    for name, least, most, until in (
        ("quick", 2, 2 if setting.smoke else 4, 1.6 * half),
        ("short", 2, 2, half),
        ("paper", 1, 1, 0.0),
    ):
        recipe = fitted(settings[name], wanted[name], (setting.seconds_left() - until) / least)
        if recipe is None:
            rows.append([name, "", f"no time left for one of {of_all[name]}", "", ""])
            continue
        for member in range(most):
            if member and not setting.has_time(until + CAUTION * groups[name][-1].seconds):
                break
            # No seed is shared: what is alike between recipes is due to the data.
            seed = member + 100 * list(wanted).index(name)
            groups[name].append(trained(setting.data, settings[name].fresh(seed), recipe, seed, setting.device))
            found = groups[name][-1]
            rows.append([name, seed, f"{recipe.epochs} of {of_all[name]}", f"{found.seconds:.1f}", f"{found.accuracy:.2%}"])
    title = f"quick: cifar10-quick.yaml; short and paper (cifar10.yaml): {setting.network}; recordings included"
    yield table(f"{title}; fewer epochs: milestones in proportion", ["recipe", "seed", "epochs", "seconds", "accuracy"], rows)
    if any(groups.values()):
        yield from agreement(groups, setting.data)


def precisions(setting: Setting) -> Iterator[str]:
    """Yield accuracy in both precisions, and how alike they order samples by AUM, beside two seeds of one precision."""
    setting = setting.part(25_000)
    recipe = replace(RECIPE, epochs=6, batch_size=512, learning_rate=0.4, warmup_epochs=1.5)
    # Two seeds in both precisions are the least that says anything; bfloat16 is taken to be twice as fast.
    full_recipe = fitted(setting, replace(recipe, precision="float32"), setting.seconds_left() / 3)
    if full_recipe is None:
        yield "precisions: no time left for an epoch of several members"
        return
    recipe = shortened(full_recipe, 2) if setting.smoke else full_recipe
    found: dict[str, list[Trained]] = {"float32": [], "bfloat16": []}
    for seed in range(2 if setting.smoke else 5):
        if seed and not setting.has_time(CAUTION * sum(members[-1].seconds for members in found.values())):
            break
        for precision, members in found.items():
            of_precision = replace(recipe, precision=precision)
            members.append(trained(setting.data, setting.fresh(seed), of_precision, seed, setting.device))
    rows = []
    for precision, members in found.items():
        accuracies = [member.accuracy for member in members]
        spread = f"{np.std(accuracies, ddof=1):.2%}" if len(members) > 1 else ""
        seconds = mean(member.seconds for member in members)
        rows.append([precision, len(members), f"{mean(accuracies):.2%}", spread, f"{seconds:.1f}"])
    columns = ["precision", "seeds", "mean", "standard deviation", "seconds each"]
    yield table(f"Accuracy after {recipe.epochs} epochs of {len(setting.data.train_labels):,} images", columns, rows)
    full, half = ([member.aum for member in members] for members in found.values())
    rows = [["float32 and bfloat16, same seed", *_spread(list(zip(full, half, strict=True)))]]
    rows.append(["float32, two seeds", *_spread(list(pairwise(full)))])
    rows.append(["means over seeds, both precisions", *_spread([(np.mean(full, 0), np.mean(half, 0))])])
    yield table("Spearman correlation of the AUM of samples", ["between", "n", "mean", "least"], rows)


def _spread(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[object]:
    if not pairs:
        return [0, "", ""]
    values = rank_correlations(*(np.stack(side) for side in zip(*pairs, strict=True)))
    return [len(values), f"{values.mean():.4f}", f"{values.min():.4f}"]
