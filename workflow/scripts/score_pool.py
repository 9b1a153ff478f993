"""Say how sure the baseline is of each image of a pool, beside the training images."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.data.files import read_arrays, write_table
from hbr.data.streams import map_rows
from hbr.errors import StudyError
from hbr.hardness.confidence import pool_classes, pool_table
from hbr.study.command import run, say


def table_of(paths: Sequence[Path], labels: np.ndarray) -> pd.DataFrame:
    """Return the table of images with these labels from the scores of members."""
    logits = [map_rows(path, "logits") for path in paths]
    for path, own in zip(paths, logits, strict=True):
        if len(own) != len(labels):
            raise StudyError(f"{path} is of {len(own):,} images, not of {len(labels):,}; delete it and run again")
    return pool_table(logits, labels)


def main(arguments: argparse.Namespace) -> None:
    """Write one row an image and one a class."""
    prepared = read_arrays(arguments.dataset, "train_labels", "class_names")
    pool = table_of(arguments.scores, read_arrays(arguments.pool, "labels")["labels"])
    real = table_of(arguments.real, prepared["train_labels"])
    write_table(arguments.table, pool)
    write_table(arguments.classes, pool_classes(pool, real, [str(name) for name in prepared["class_names"]]))
    say(
        arguments.log,
        f"pool {arguments.name}: {len(pool):,} images, mean confidence {pool['confidence'].mean():.3f} "
        f"(training images {real['confidence'].mean():.3f}), {100 * pool['otherwise'].mean():.1f} % labelled otherwise",
    )


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--pool", type=Path, required=True)
parser.add_argument("--name", required=True, help="of the pool")
parser.add_argument("--scores", type=Path, nargs="+", required=True, help="of the pool, one a member")
parser.add_argument("--real", type=Path, nargs="+", required=True, help="of the training images, one a member")
parser.add_argument("--table", type=Path, required=True)
parser.add_argument("--classes", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
