"""Record size and SHA-256 of every artifact of one data set, for the audit."""

import argparse
from pathlib import Path

from hbr.data.files import write_table
from hbr.study.audit.record import record_of
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Hash everything in the folders of the record and of the pages."""
    record = record_of([arguments.record.parent, arguments.pages[0].parent])
    write_table(arguments.record, record)
    append(arguments.log, f"{len(record)} artifacts, {record['bytes'].sum() / 1e6:,.1f} MB")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--pages", type=Path, nargs="+", required=True)
parser.add_argument("--record", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
