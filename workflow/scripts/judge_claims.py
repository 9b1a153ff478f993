"""Judge the paper's claims by what the study measured."""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from hbr.claims.deviations import deviations_table
from hbr.claims.evidence import Evidence
from hbr.claims.ledger import judge
from hbr.command import append, run
from hbr.data.files import reading, write_table


def main(arguments: argparse.Namespace) -> None:
    """Write the ledger, the columns of it that a report opens with, and the table of deviations."""
    claims, deviations = entries(arguments.claims), entries(arguments.deviations)
    results = arguments.ledger.parent
    evidences = []
    for dataset, settings in json.loads(arguments.settings).items():
        home = results / dataset
        files = {path.relative_to(home).as_posix(): path for path in arguments.tables if path.is_relative_to(home)}
        evidences.append(Evidence(dataset, files, **settings))
    ledger = judge(claims, evidences)
    write_table(arguments.ledger, ledger)
    opening = ledger[["id", "version", "data_set", "reported", "measured", "n", "verdict", "why"]]
    write_table(arguments.opening, opening)
    write_table(arguments.deviations_table, deviations_table(deviations, evidences))
    append(arguments.log, ledger[["id", "data_set", "verdict", "why"]].to_string(index=False))


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a YAML list."""
    with reading(path, "a YAML list"):
        found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


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
