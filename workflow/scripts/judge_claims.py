"""Judge the paper's claims by what the study measured."""

import argparse
import json
from pathlib import Path

from hbr.data.files import write_table
from hbr.study.claims.ledger import study_ledger
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write the ledger, the columns of it that a report opens with, and the table of deviations."""
    settings, results = json.loads(arguments.settings), arguments.ledger.parent
    found = study_ledger(arguments.claims, arguments.deviations, settings, results, arguments.tables)
    write_table(arguments.ledger, found["claims"])
    write_table(arguments.opening, found["opening"])
    write_table(arguments.deviations_table, found["deviations"])
    append(arguments.log, found["claims"][["id", "data_set", "verdict", "why"]].to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--claims", type=Path, required=True)
parser.add_argument("--deviations", type=Path, required=True)
parser.add_argument("--settings", required=True, help="JSON: what each data set stands for, and how it was trained")
parser.add_argument("--tables", type=Path, nargs="+", required=True, help="under the folder of the ledger")
parser.add_argument("--ledger", type=Path, required=True)
parser.add_argument("--opening", type=Path, required=True, help="the columns that a report opens with")
parser.add_argument("--deviations-table", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
