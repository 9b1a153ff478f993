"""Say what is extreme about the allocations of a data set, and what the offset does to them."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.data.files import read_table, write_table
from hbr.hardness.allocation import EQUAL, KEEP
from hbr.hardness.review import offset_table, review_table, sentences_of
from hbr.study.command import run, say


def main(arguments: argparse.Namespace) -> None:
    """Write the review and the table of offsets; warnings and remarks also go to the terminal."""
    classes = {name: read_table(path) for name, path in zip(arguments.estimators, arguments.classes, strict=True)}
    each = len(arguments.allocations) // len(classes)
    paths = {name: arguments.allocations[place * each :][:each] for place, name in enumerate(classes)}
    allocations = {name: [read_table(path) for path in own] for name, own in paths.items()}
    review = review_table(classes, allocations, arguments.spread_warning)
    acting = {name: float(tables[0]["hardness_offset"].iloc[0]) for name, tables in allocations.items()}
    offsets = {name: offset_table(table, acting[name], arguments.balance) for name, table in classes.items()}
    write_table(arguments.review, review)
    write_table(arguments.offsets, pd.concat([table.assign(estimator=name) for name, table in offsets.items()]))
    for where, sentence in sentences_of(review):
        say(arguments.log, f"{arguments.dataset_name}, {where}: {sentence}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--allocations", type=Path, nargs="+", required=True, help="equally many of each estimator, alpha 0 first")
parser.add_argument("--estimators", nargs="+", required=True, help="the estimators' names, as their tables stand")
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--balance", choices=(KEEP, EQUAL), default=KEEP)
parser.add_argument("--spread-warning", type=float, required=True)
parser.add_argument("--review", type=Path, required=True)
parser.add_argument("--offsets", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
