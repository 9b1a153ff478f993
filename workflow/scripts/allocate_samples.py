"""Turn class hardness into the number of samples each class gets, explained."""

import argparse
from pathlib import Path

from hbr.data.files import read_table, write_table
from hbr.hardness.allocation import EQUAL, KEEP, allocation_table
from hbr.registry import COMPAT
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write the explained allocation, also into the log."""
    classes = read_table(arguments.classes, "class", "class_name", "samples", "hardness", "direction")
    table = allocation_table(classes, arguments.alpha, arguments.offset, arguments.compat, arguments.balance)
    write_table(arguments.allocation, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--classes", type=Path, required=True)
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--offset", type=float, default=0.0)
parser.add_argument("--compat", choices=COMPAT, default="none")
parser.add_argument("--balance", choices=(KEEP, EQUAL), default=KEEP)
parser.add_argument("--allocation", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
