"""Write lists of a study's samples by their ids: hardness, suspects, what is flagged, and each plan as a table to train by."""

import argparse
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.lists import (
    TRAIN,
    flagged_list,
    hardness_list,
    is_of_files,
    plan_list,
    resampled_list,
    sample_list,
    weights_list,
    with_paths,
)
from hbr.conditions.names import conditions_of
from hbr.data.datasets import load_dataset, load_ids
from hbr.data.files import read_table, write_table
from hbr.data.repeats import repeat_table
from hbr.errors import StudyError
from hbr.study.command import answer
from hbr.study.studies import load_study


def lists_of(results: Path, config: Mapping[str, Any], root: Path | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield file and table of each list that results of a data set give so far; ``root`` is its folder of images, if any.

    What lies there of estimators, rules and conditions that the study does not have is left out.
    """
    dataset = load_dataset(results / "dataset.npz")
    labels, names = dataset.train_labels, list(dataset.class_names)
    ids, test_ids = (load_ids(results / "ids.parquet", split) for split in (TRAIN, "test"))
    of_samples: list[pd.DataFrame] = []
    repeats = repeat_table(replace(dataset, train_ids=tuple(ids), test_ids=tuple(test_ids)))
    if len(repeats):
        yield "repeats.csv", repeats
    estimators, rules = config["hardness"]["estimators"], config["noise"]["rules"]
    hardness = {name: path for name in estimators if (path := results / f"hardness/{name}/samples.parquet").is_file()}
    if hardness:
        of_samples.append(hardness_list({name: read_table(path, "id") for name, path in hardness.items()}, names))
        yield "hardness.csv", of_samples[-1]
    flagged = {rule: path for rule in rules if (path := results / f"noise/{rule}/samples.parquet").is_file()}
    preferred = results / "noise/preferred.parquet"
    if flagged and preferred.is_file():
        tables = {rule: read_table(path, "id") for rule, path in flagged.items()}
        of_samples.append(flagged_list(tables, read_table(preferred), names))
        yield "flagged.csv", of_samples[-1]
    if (path := results / "suspects.csv").is_file():
        suspects = read_table(path)
        yield "suspects.csv", with_paths(suspects, root) if root else suspects
    splits = {TRAIN: (ids, labels), "test": (test_ids, dataset.test_labels)}
    samples = sample_list(splits, root, names, of_samples)
    yield "samples.csv", samples
    yield "samples.parquet", samples
    for name, condition in sorted(conditions_of(config).items()):
        plans = {
            variant: read_table(path, "source", "class", "origin")
            for variant in condition.variants
            if (path := results / f"plans/{name}/variant{variant}/plan.parquet").is_file()
        }
        yield from lists_of_plans(name, plans, labels, ids, names)


def lists_of_plans(
    condition: str, plans: dict[int, pd.DataFrame], labels: np.ndarray, ids: np.ndarray, names: list[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what a condition's plans change, and each of them as a table to train by, weights too where they say all of it."""
    if len(table := plan_list(plans, labels, ids, names) if plans else ()):
        yield f"plans/{condition}.csv", table
    for variant, plan in plans.items():
        own = f"plans/{condition}/variant{variant}"
        # Classes of a plan with threshold samples are not the data set's.
        if plan["class"].max() < len(names):
            yield f"{own}/resampled.csv", resampled_list(plan, ids, names)
        if is_of_files(plan):
            yield f"{own}/weights.csv", weights_list(plan, labels, ids, names)


def main(arguments: argparse.Namespace) -> None:
    """Write each list and say where."""
    config = load_study(arguments.study)
    for dataset, keys in config["datasets"].items():
        results, lists = Path("results") / config["study"] / dataset, Path("lists") / config["study"] / dataset
        for needed, what in (("ids.parquet", "ids of samples"), ("dataset.npz", "prepared images")):
            if not (results / needed).is_file():
                raise StudyError(f"{results} holds no {what}; run the study first")
        root = Path(keys["root"]).absolute() if keys["source"] == "folder" else None
        # They may hold plans of conditions that the study had then.
        if (lists / "plans").exists():
            shutil.rmtree(lists / "plans")
        for name, table in lists_of(results, config, root):
            write_table(lists / name, table)
            print(f"{lists / name}: {len(table):,} rows")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path, nargs="?", default=Path("config.yaml"))

if __name__ == "__main__":
    answer(main, parser)
