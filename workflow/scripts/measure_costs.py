"""Gather what every training cost: seconds, memory, machine."""

import argparse
from pathlib import Path

from hbr.command import append, run
from hbr.costs import StudyFolders, cost_table
from hbr.data.files import write_table


def main(arguments: argparse.Namespace) -> None:
    """Write one row a data set, condition and machine, and one a data set and machine for all."""
    folders = {dataset: StudyFolders.of(arguments.study, dataset) for dataset in arguments.datasets}
    table = cost_table(folders)
    write_table(arguments.costs, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--study", required=True)
parser.add_argument("--datasets", nargs="+", required=True)
parser.add_argument("--costs", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
