"""Bring what people or other networks say of a data set's images into the order of its samples."""

import argparse
import json
from pathlib import Path

import numpy as np

from hbr.data.datasets import load_ids
from hbr.data.files import read_arrays, write_arrays
from hbr.data.reference_readers import Images, read_reference
from hbr.data.references import TEST, TRAIN
from hbr.errors import StudyError
from hbr.study.command import run, say


def main(arguments: argparse.Namespace) -> None:
    """Read, match, and say what was found."""
    held = read_arrays(arguments.dataset, "train_labels", "test_labels", "class_names", "planted", "checksum")
    part, labels = arguments.part, held[f"{arguments.part}_labels"]
    known = ~held["planted"] if part == TRAIN else np.ones(len(labels), bool)
    ids = load_ids(arguments.ids, part).tolist()
    published = len(held["train_labels"]) + len(held["test_labels"])
    images = Images(labels, ids, published, len(held["class_names"]), known)
    try:
        arrays = read_reference(arguments.reference, arguments.file, images)
    except StudyError as error:
        # What is wrong with a whole file names no key.
        where = f"datasets.{arguments.dataset_name}.references.{arguments.name}"
        key = ".file: " if str(error).startswith(str(arguments.file)) else "."
        raise StudyError(f"{where}{key}{error}") from None
    about = {"kind": arguments.reference["kind"], "part": part, "dataset": str(held["checksum"])}
    write_arrays(arguments.output, **arrays, **{name: np.asarray(value) for name, value in about.items()})
    shapes = ", ".join(f"{name} {' x '.join(map(str, array.shape))}" for name, array in arrays.items())
    say(arguments.log, f"reference {arguments.name} of the {part} images: {shapes}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--ids", type=Path, required=True)
parser.add_argument("--name", required=True, help="of the reference")
parser.add_argument("--reference", type=json.loads, required=True, help="JSON: kind and its settings")
parser.add_argument("--part", choices=(TRAIN, TEST), required=True)
parser.add_argument("--file", type=Path, required=True)
parser.add_argument("--output", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
