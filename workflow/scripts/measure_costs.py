"""Gather what every training cost: seconds, memory, machine."""

import argparse
from pathlib import Path

from hbr.data.files import write_table
from hbr.study.command import append, run
from hbr.study.costs import cost_table, outcomes_of, timed_trainings


def main(arguments: argparse.Namespace) -> None:
    """Write one row a data set, condition and machine, and one a data set and machine for all."""
    folders = [(dataset, condition) for dataset in arguments.datasets for condition in arguments.conditions]
    outcomes = [path for folder in folders for path in outcomes_of(arguments.study, *folder)]
    table = cost_table(timed_trainings(outcomes))
    write_table(arguments.costs, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--study", required=True)
parser.add_argument("--datasets", nargs="+", required=True)
parser.add_argument("--conditions", nargs="+", required=True)
parser.add_argument("--costs", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
