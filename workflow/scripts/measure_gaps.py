"""Measure the gaps between the classes of every run of one data set."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.analysis.columns import hard_classes
from hbr.analysis.comparisons import gaps_of_runs
from hbr.data.files import read_table, write_table
from hbr.errors import StudyError
from hbr.registry import COMPAT
from hbr.study.command import run


def main(arguments: argparse.Namespace) -> None:
    """Write one row a run, metric and gap."""
    hard = hard_classes(read_table(arguments.allocation, "group"))
    tables = [read_table(path, "class", "metric", "value") for path in arguments.classes]
    for path, table in zip(arguments.classes, tables, strict=True):
        if table["class"].max() + 1 != len(hard):
            raise StudyError(
                f"{path} tells of {table['class'].max() + 1} classes, but {arguments.allocation} of {len(hard)}; "
                "one of them is of another study: delete it and run again"
            )
    write_table(arguments.gaps, gaps_of_runs(pd.concat(tables), hard, arguments.compat))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--allocation", type=Path, required=True, help="says which classes are hard")
parser.add_argument("--compat", choices=COMPAT, default="none")
parser.add_argument("--gaps", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
