"""List the conditions of a study, and what is compared with what."""

import argparse
import json
from pathlib import Path

import pandas as pd

from hbr.data.files import write_table
from hbr.study.command import run


def main(arguments: argparse.Namespace) -> None:
    """Write one row a condition, and one a comparison."""
    write_table(arguments.conditions, pd.DataFrame(json.loads(arguments.parts)))
    write_table(arguments.contrasts, pd.DataFrame(json.loads(arguments.compared), columns=["condition", "reference", "family"]))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--parts", required=True, help="JSON: what is said of each condition")
parser.add_argument("--compared", required=True, help="JSON: condition, reference and family of each comparison")
parser.add_argument("--conditions", type=Path, required=True)
parser.add_argument("--contrasts", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
