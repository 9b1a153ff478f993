"""Say how often each of some published networks is right in each class."""

import argparse
from pathlib import Path

from hbr.analysis.ground_truth import published_recalls
from hbr.analysis.prepared_references import load_reference
from hbr.data.files import read_arrays, write_table
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write one row a network and class."""
    held = read_arrays(arguments.dataset, "test_labels", "class_names")
    reference = load_reference(arguments.reference, arguments.dataset)
    names = [str(name) for name in held["class_names"]]
    networks = [str(name) for name in reference["networks"]]
    table = published_recalls(reference["predictions"], networks, held["test_labels"], names)
    write_table(arguments.table, table)
    append(arguments.log, table.groupby("network")["recall"].describe().to_string())


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--reference", type=Path, required=True)
parser.add_argument("--table", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
