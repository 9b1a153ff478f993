"""Divide all images, of training and test set, into folds, and change some labels on purpose where that is asked for."""

import argparse
from pathlib import Path

from hbr.data.datasets import load_dataset
from hbr.data.files import write_table
from hbr.data.folds import fold_table
from hbr.seeds import derive_rng, derive_seed
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write one row an image: split, sample, class, label in the folds, whether that is planted, and fold."""
    key = (arguments.seed, arguments.dataset_name)
    table = fold_table(
        load_dataset(arguments.dataset),
        arguments.folds,
        derive_seed(*key, "folds"),
        arguments.share,
        derive_rng(*key, "planted labels"),
    )
    write_table(arguments.table, table)
    append(arguments.log, f"{len(table):,} images in {arguments.folds} folds, {int(table['planted'].sum())} labels planted")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--seed", type=int, required=True, help="the seed of the study")
parser.add_argument("--folds", type=int, required=True)
parser.add_argument("--share", type=float, default=0.0, help="of the labels of each class that are changed on purpose")
parser.add_argument("--table", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
