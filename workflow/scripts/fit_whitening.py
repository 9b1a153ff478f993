"""Fit the filters that whiten the patches of a data set's training images, the same for every condition."""

import argparse
from pathlib import Path

from hbr.data.datasets import load_dataset
from hbr.data.whitening import save_whitening, whitening_of
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Fit and save."""
    dataset = load_dataset(arguments.dataset)
    filters = whitening_of(dataset)
    save_whitening(arguments.whitening, filters, dataset)
    append(arguments.log, f"{len(filters)} filters of {len(dataset.train_labels):,} training images")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--whitening", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
