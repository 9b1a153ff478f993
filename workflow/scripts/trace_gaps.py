"""Trace gap and error of every run of one condition over the epochs that were evaluated."""

import argparse
from pathlib import Path

from hbr.analysis.columns import hard_classes
from hbr.analysis.trajectories import trajectories_of
from hbr.data.files import read_table, write_table
from hbr.registry import COMPAT
from hbr.study.command import append, run
from hbr.training.outcomes import load_runs


def main(arguments: argparse.Namespace) -> None:
    """Write one row a run and evaluated epoch."""
    hard = hard_classes(read_table(arguments.allocation[0], "group")) if arguments.allocation else None
    who = {"dataset": arguments.dataset_name, "condition": arguments.condition}
    table = trajectories_of(load_runs(arguments.outcomes), hard, who, arguments.compat)
    write_table(arguments.trajectory, table)
    append(arguments.log, f"{len(table)} evaluated epochs")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--outcomes", type=Path, nargs="+", required=True)
parser.add_argument("--allocation", type=Path, nargs="*", help="says which classes are hard; empty where the study groups none")
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--condition", required=True)
parser.add_argument("--compat", choices=COMPAT, default="none")
parser.add_argument("--trajectory", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
