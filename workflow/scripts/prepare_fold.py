"""Bring one fold into a prepared file of its own, whose test images are those left out, and plan a training on all others."""

import argparse
from pathlib import Path

from hbr.data.datasets import load_dataset, save_dataset
from hbr.data.files import read_table
from hbr.data.folds import fold_dataset
from hbr.data.plans import identity_plan, save_plan
from hbr.errors import StudyError
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write data and plan."""
    dataset, table = load_dataset(arguments.dataset), read_table(arguments.folds, "label", "fold")
    if len(table) != len(dataset.train_labels) + len(dataset.test_labels):
        raise StudyError(f"{arguments.folds} was made from other data than {arguments.dataset}; delete it and run again")
    fold = fold_dataset(dataset, table, arguments.fold, bool(arguments.mirrored))
    save_dataset(arguments.output, fold)
    save_plan(arguments.plan, identity_plan(fold.train_labels, fold.train_images.shape[1:]))
    left_out = int((table["fold"] == arguments.fold).sum())
    append(arguments.log, f"{len(fold.train_labels):,} images to train on, {left_out:,} left out")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--folds", type=Path, required=True, help="of divide_folds")
parser.add_argument("--fold", type=int, required=True)
parser.add_argument("--mirrored", type=int, choices=(0, 1), default=0, help="whether mirror images of the fold are tested")
parser.add_argument("--output", type=Path, required=True)
parser.add_argument("--plan", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
