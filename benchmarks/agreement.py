"""Whether members of several recipes call the same classes and samples hard: what ``gpu.py`` and ``recipes.py`` both ask."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import mean

import numpy as np
import torch
from measuring import table, wait_for
from torch import nn

from hbr.data.datasets import PreparedDataset
from hbr.data.plans import identity_plan
from hbr.hardness.allocation import resampling_ratios
from hbr.hardness.classes import class_means
from hbr.hardness.estimators import LOW_IS_HARD
from hbr.hardness.ranks import rank_correlations
from hbr.training.engine import MemberSeeds, train_member
from hbr.training.recipe import Recipe


@dataclass(frozen=True)
class Trained:
    """What is compared of a member: accuracy on the test set, seconds of its training, and the AUM of every sample."""

    accuracy: float
    seconds: float
    aum: np.ndarray


def trained(data: PreparedDataset, network: nn.Module, recipe: Recipe, seed: int, device: torch.device) -> Trained:
    """Return a member trained on all images."""
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    wait_for(device)
    started = time.perf_counter()
    outcomes, dynamics = train_member(data, plan, network, recipe, MemberSeeds(seed, seed, 0, seed), device, keep_epochs=False)
    seconds = time.perf_counter() - started
    return Trained(float(outcomes.history[-1, 4]), seconds, dynamics.margin_sum / dynamics.epochs)


def agreement(groups: Mapping[str, Sequence[Trained]], data: PreparedDataset) -> list[str]:
    """Return two tables: how alike members of two groups order classes and samples, and what each group calls hard.

    Every pair of members counts; pairs within a group differ in their seeds alone and are the ceiling for those of two.
    A class is hard where the allocation of the package gives it more than an equal share. AUM from which that cannot be
    told, not being positive, is raised by one offset for all, which the title names.
    """
    samples = {name: np.stack([member.aum for member in members]) for name, members in groups.items() if members}
    classes = {name: class_means(aum, data.train_labels, data.classes) for name, aum in samples.items()}
    lowest = min(float(values.min()) for values in classes.values())
    offset = 0.0 if lowest > 0 else 1 - lowest
    pairs = {
        f"{one} and {other}": list(product(members_of(classes, one), members_of(classes, other)))
        for one, other in combinations(samples, 2)
    }
    pairs |= {f"{name}, two seeds": list(combinations(members_of(classes, name), 2)) for name in samples}
    rows = []
    for name, chosen in pairs.items():
        if not chosen:
            rows.append([name, 0, *[""] * 6])
            continue
        firsts, seconds = zip(*chosen, strict=True)
        cells: list[object] = [name, len(chosen)]
        for values in (classes, samples):
            correlations = rank_correlations(
                *(np.stack([values[group][place] for group, place in side]) for side in (firsts, seconds))
            )
            cells += [f"{mean(correlations):.4f}", f"{min(correlations):.4f}"]
        hard = [[hard_classes(classes[group][place], data.class_names, offset) for group, place in pair] for pair in chosen]
        changes = [int((one != other).sum()) for one, other in hard]
        rows.append([*cells, f"{changes.count(0)} of {len(changes)}", max(changes)])
    columns = ["between", "pairs", "classes", "least", "samples", "least", "same hard classes", "classes that differ, at most"]
    title = "Spearman correlation of AUM, and the split of classes into hard and easy"
    found = [table(title + (f" (AUM + {offset:.2f})" if offset else ""), columns, rows)]
    rows = []
    for name, values in classes.items():
        own = values.mean(0)
        hard_ones = hard_classes(own, data.class_names, offset)
        hardest = " ".join(data.class_names[place] for place in np.argsort(own, kind="stable")[:4])
        rows.append([name, len(values), hardest, " ".join(np.array(data.class_names)[hard_ones])])
    title = "Hard classes by the mean AUM of members"
    return [*found, table(title, ["members of", "n", "four hardest, hardest first", "hard classes"], rows)]


def members_of(values: Mapping[str, np.ndarray], name: str) -> list[tuple[str, int]]:
    """Return group and place of every member of a group."""
    return [(name, place) for place in range(len(values[name]))]


def hard_classes(aum: np.ndarray, names: Sequence[str], offset: float = 0.0) -> np.ndarray:
    """Return which classes the allocation gives more than an equal share, by their AUM raised by ``offset``."""
    return resampling_ratios(aum, LOW_IS_HARD, tuple(names), offset) * len(aum) > 1
