"""Compare every condition with the control, paired by seed."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.analysis.comparisons import compare_to_control
from hbr.command import run
from hbr.data.files import read_table, write_table


def main(arguments: argparse.Namespace) -> None:
    """Write the differences of class metrics and of gaps."""
    classes = pd.concat([read_table(path) for path in arguments.classes])
    write_table(arguments.class_differences, compare_to_control(classes, ["metric", "class"]))
    write_table(arguments.gap_differences, compare_to_control(read_table(arguments.gaps), ["metric", "gap"]))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--gaps", type=Path, required=True)
parser.add_argument("--class-differences", type=Path, required=True)
parser.add_argument("--gap-differences", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
