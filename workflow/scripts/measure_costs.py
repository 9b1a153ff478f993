"""Gather what every training cost: seconds, memory, machine."""

import argparse
import json
from pathlib import Path

from hbr.data.files import write_table
from hbr.study.command import append, run
from hbr.study.costs import cost_table, timed_trainings
from hbr.study.labellings import outcomes_of_runs


def main(arguments: argparse.Namespace) -> None:
    """Write one row a data set, condition and machine, and one a data set and machine for all."""
    runs = json.loads(arguments.runs)
    # Those of the study as it is: what was trained when it had more variants may still lie there.
    outcomes = [
        Path(path) for dataset in arguments.datasets for path in outcomes_of_runs(f"results/{arguments.study}/{dataset}", runs)
    ]
    table = cost_table(timed_trainings(outcomes))
    write_table(arguments.costs, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--study", required=True)
parser.add_argument("--datasets", nargs="+", required=True)
parser.add_argument("--runs", required=True, help="JSON: variant and member of each training, by condition or labels of folds")
parser.add_argument("--costs", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
