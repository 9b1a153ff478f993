"""Oversampling from a pool: other images of the classes, scored by the networks of the baseline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hbr.conditions.kind import registered
from hbr.conditions.strategies import Added, Counts, ShortageError, needs_of
from hbr.data.files import read_arrays, read_table
from hbr.data.plans import POOL
from hbr.data.streams import map_rows
from hbr.errors import StudyError


@dataclass(frozen=True)
class Pool:
    """Other images of the classes: uint8 of the samples' shape, read from disk where they are asked for, and their labels.

    ``confidence`` is the softmax of each one's label in evaluation mode, mean over members: low = hard; ``real`` is the mean
    confidence of each class's training images.
    """

    images: np.ndarray
    labels: np.ndarray
    confidence: np.ndarray
    real: np.ndarray


def pools_of(config: Mapping[str, Any]) -> list[str]:
    """Return the names of a study's pools, in an order that no study file decides."""
    return sorted({name for dataset in config["datasets"].values() for name in dataset.get("pools", {})})


def draws_from_pool(oversampling: str) -> bool:
    """Return whether a strategy needs a pool."""
    return "pool" in needs_of("oversampling", oversampling)


def check_pools(config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` where strategies and pools of a study do not need each other, or data sets have other pools."""
    names = pools_of(config)
    strategies = [
        (section, one["oversampling"]) for section in ("resampling", "limited") for one in config[section]["strategies"]
    ]
    drawing = [f"{name} of {section}.strategies" for section, name in strategies if draws_from_pool(name)]
    if drawing and not names:
        dataset = min(config["datasets"])
        raise StudyError(
            f"datasets.{dataset}.pools: there is none, and {drawing[0]} draws from one; name one under `pools` of every "
            "data set"
        )
    for dataset, keys in config["datasets"].items():
        for name in names:
            if name not in keys.get("pools", {}):
                raise StudyError(
                    f"datasets.{dataset}.pools: lacks {name!r}, which another data set has; conditions are those of all: add it"
                )
            if not drawing:
                known = [strategy for strategy in registered("oversampling") if draws_from_pool(strategy)]
                raise StudyError(
                    f"datasets.{dataset}.pools: no strategy draws from {name!r}; name one of {', '.join(known)} under "
                    "resampling.strategies or limited.strategies, or leave the pool out"
                )


def pool_files(name: str) -> dict[str, str]:
    """Return what is read of a pool, by name, relative to the data set's results."""
    home = f"pools/{name}"
    return {"pool": f"{home}/pool.npz", "pool_scores": f"{home}/scores.parquet", "pool_classes": f"{home}/classes.csv"}


def read_pool(files: Mapping[str, Path]) -> Pool:
    """Return the pool of :func:`pool_files`; raise ``StudyError`` where the scores are of another one."""
    path, labels = files["pool"], read_arrays(files["pool"], "labels")["labels"]
    scores = read_table(files["pool_scores"], "class", "confidence")
    if not np.array_equal(scores["class"], labels):
        raise StudyError(f"{files['pool_scores']} is of another pool than {path}; delete it and run again")
    real = read_table(files["pool_classes"], "real_confidence")["real_confidence"].to_numpy()
    return Pool(map_rows(path, "images"), labels, scores["confidence"].to_numpy(), real)


def draw_from_pool(
    wanted: Counts,
    class_names: tuple[str, ...],
    pool: Pool,
    choose: Callable[[np.ndarray, int, int], np.ndarray],
    times: int = 1,
) -> Added:
    """Return images of each class: of its places, its count and its label ``choose`` makes as many places, each once.

    Raises :class:`ShortageError` where the pool holds fewer than ``times`` as many of a class.
    """
    held = np.bincount(pool.labels, minlength=len(class_names))
    for label, count in wanted.items():
        if held[label] < times * count:
            needed = f"{count:,} images from the pool" + (f", drawn out of {times} times as many" if times > 1 else "")
            raise ShortageError(f"class {class_names[label]!r} needs {needed}; the pool holds {held[label]:,}", held // times)
    drawn = [choose(np.flatnonzero(pool.labels == label), count, label) for label, count in wanted.items()]
    places = np.concatenate(drawn)
    return Added(np.arange(len(places)), pool.labels[places], POOL, np.asarray(pool.images[places]))


def least(values: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Return the ``count`` places of the least values; ties go to the first."""
    order: np.ndarray = places[np.argsort(values[places], kind="stable")[:count]]
    return order
