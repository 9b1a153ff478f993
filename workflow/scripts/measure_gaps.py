"""Measure the gaps between the classes of every run of one data set."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.analysis.comparisons import CONDITION_COLUMNS
from hbr.analysis.gaps import gap_metrics
from hbr.command import run
from hbr.data.files import read_table, write_table


def main(arguments: argparse.Namespace) -> None:
    """Write one row a run, metric and gap."""
    hard = (read_table(arguments.allocation)["group"] == "hard").to_numpy()
    values = pd.concat([read_table(path) for path in arguments.classes])
    values = values[values["metric"].isin(["recall", "precision"])]
    run_columns = [*CONDITION_COLUMNS, "variant", "member", "metric"]
    rows = []
    for key, cell in values.groupby(run_columns, sort=False, dropna=False):
        who = dict(zip(run_columns, key, strict=True))
        gaps = gap_metrics(cell.sort_values("class")["value"].to_numpy(), hard)
        rows += [{**who, "gap": gap, "value": value} for gap, value in gaps.items()]
    write_table(arguments.gaps, pd.DataFrame(rows))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--allocation", type=Path, required=True, help="says which classes are hard")
parser.add_argument("--gaps", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
