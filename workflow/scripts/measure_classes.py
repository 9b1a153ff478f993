"""Measure every class in every run of one condition, from stored logits."""

import argparse
from pathlib import Path

from hbr.analysis.measures import measure_runs
from hbr.analysis.predictions import predictions_of
from hbr.data.files import write_arrays, write_table
from hbr.study.command import run
from hbr.training.outcomes import load_runs


def main(arguments: argparse.Namespace) -> None:
    """Write class metrics, accuracy and the learning curves as long tables, confusion counts included."""
    runs = load_runs(arguments.outcomes)
    who = {"dataset": arguments.dataset_name, "condition": arguments.condition}
    classes, confusion, history = measure_runs(runs, who)
    write_table(arguments.classes, classes)
    write_table(arguments.confusion, confusion)
    write_table(arguments.history, history)
    write_arrays(arguments.predictions, **vars(predictions_of(runs)))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--outcomes", type=Path, nargs="+", required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--condition", required=True)
parser.add_argument("--classes", type=Path, required=True)
parser.add_argument("--confusion", type=Path, required=True)
parser.add_argument("--history", type=Path, required=True)
parser.add_argument("--predictions", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
