"""Whether members of several recipes call the same classes and samples hard: what ``gpu.py`` and ``recipes.py`` both ask."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

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
    names = [name for name, members in groups.items() for _ in members]
    samples = np.stack([member.aum for members in groups.values() for member in members])
    classes = class_means(samples, data.train_labels, data.classes)
    offset = 0.0 if classes.min() > 0 else 1 - float(classes.min())
    hard = np.stack([hard_classes(own, data.class_names, offset) for own in classes])
    rows: list[list[object]] = []
    for name, pairs in pairs_of(names):
        if not len(pairs):
            rows.append([name, 0, *[""] * 6])
            continue
        one, other = pairs.T
        found = [rank_correlations(values[one], values[other]) for values in (classes, samples)]
        changes = (hard[one] != hard[other]).sum(1)
        cells = [f"{value:.4f}" for correlations in found for value in (correlations.mean(), correlations.min())]
        rows.append([name, len(pairs), *cells, f"{(changes == 0).sum()} of {len(pairs)}", changes.max()])
    columns = ["between", "pairs", "classes", "least", "samples", "least", "same hard classes", "classes that differ, at most"]
    title = "Spearman correlation of AUM, and the split of classes into hard and easy"
    tables = [table(title + (f" (AUM + {offset:.2f})" if offset else ""), columns, rows)]
    rows = []
    for name in dict.fromkeys(names):
        own = classes[np.array(names) == name].mean(0)
        hardest, split = np.argsort(own, kind="stable")[:4], np.flatnonzero(hard_classes(own, data.class_names, offset))
        rows.append(
            [name, names.count(name), *(" ".join(data.class_names[place] for place in which) for which in (hardest, split))]
        )
    title = "Hard classes by the mean AUM of members"
    return [*tables, table(title, ["members of", "n", "four hardest, hardest first", "hard classes"], rows)]


def pairs_of(names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield for every two groups, and for each with itself, its name and the places ``(pairs, 2)`` of the members' pairs.

    ``names`` are the groups of the members, those of a group side by side.
    """
    for group in combinations_with_replacement(dict.fromkeys(names), 2):
        pairs = [pair for pair in combinations(range(len(names)), 2) if (names[pair[0]], names[pair[1]]) == group]
        yield f"{group[0]}, two seeds" if group[0] == group[1] else " and ".join(group), np.array(pairs)


def hard_classes(aum: np.ndarray, names: Sequence[str], offset: float = 0.0) -> np.ndarray:
    """Return which classes the allocation gives more than an equal share, by their AUM raised by ``offset``."""
    return resampling_ratios(aum, LOW_IS_HARD, tuple(names), offset) * len(aum) > 1
