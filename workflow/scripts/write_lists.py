"""Write lists of a study's samples by their ids: hardness, suspects, what is flagged as label noise, what each plan changes."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from hbr.analysis.lists import flagged_list, hardness_list, plan_list, with_paths
from hbr.data.datasets import load_ids
from hbr.data.files import read_arrays, read_table, write_table
from hbr.errors import StudyError
from hbr.study.studies import load_study


def lists_of(results: Path, estimators: list[str], rules: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and the table of each list that the results of a data set give so far."""
    arrays = read_arrays(results / "dataset.npz", "train_labels", "class_names")
    labels, names = arrays["train_labels"], [str(name) for name in arrays["class_names"]]
    hardness = {name: path for name in estimators if (path := results / f"hardness/{name}/samples.parquet").is_file()}
    if hardness:
        yield "hardness", hardness_list({name: read_table(path, "id") for name, path in hardness.items()}, names)
    flagged = {rule: path for rule in rules if (path := results / f"noise/{rule}/samples.parquet").is_file()}
    preferred = results / "noise/preferred.parquet"
    if flagged and preferred.is_file():
        yield (
            "flagged",
            flagged_list({rule: read_table(path, "id") for rule, path in flagged.items()}, read_table(preferred), names),
        )
    if (suspects := results / "suspects.csv").is_file():
        yield "suspects", read_table(suspects)
    ids = load_ids(results / "ids.parquet")
    for folder in sorted((results / "plans").glob("*")):
        plans = {
            int(path.parent.name.removeprefix("variant")): read_table(path, "source", "origin")
            for path in folder.glob("variant*/plan.parquet")
        }
        if len(table := plan_list(dict(sorted(plans.items())), labels, ids, names) if plans else ()):
            yield f"plans/{folder.name}", table


def main(arguments: argparse.Namespace) -> None:
    """Write one CSV a list and say where."""
    config = load_study(arguments.study)
    for dataset, keys in config["datasets"].items():
        results, lists = Path("results") / config["study"] / dataset, Path("lists") / config["study"] / dataset
        if not (results / "ids.parquet").is_file():
            raise StudyError(f"{results} holds no ids of samples; run the study first")
        for name, table in lists_of(results, list(config["hardness"]["estimators"]), list(config["noise"]["rules"])):
            if name == "suspects" and keys["source"] == "folder":
                table = with_paths(table, Path(keys["root"]).absolute())
            write_table(lists / f"{name}.csv", table)
            print(f"{lists / name}.csv: {len(table):,} rows")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("study", type=Path, nargs="?", default=Path("config.yaml"))

if __name__ == "__main__":
    try:
        main(parser.parse_args())
    except StudyError as error:
        sys.exit(f"error: {error}")
