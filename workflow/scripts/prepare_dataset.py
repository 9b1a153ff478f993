"""Bring any source into one prepared file."""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np

from hbr.data.datasets import PreparedDataset, flip_labels, relabelled, save_dataset, save_ids
from hbr.data.reference_readers import Images, read_reference
from hbr.data.repeats import repeated
from hbr.data.sizes import check_class_sizes
from hbr.data.sources import arrays_dataset, digits_dataset, folder_dataset, torchvision_dataset
from hbr.errors import StudyError
from hbr.seeds import derive_rng
from hbr.study.command import run, say


def read_source(arguments: argparse.Namespace) -> PreparedDataset:
    """Return the data set of the chosen source."""
    report = partial(say, arguments.log)
    if arguments.source == "digits":
        return digits_dataset(arguments.test_fraction, arguments.split_seed)
    if arguments.source == "torchvision":
        return torchvision_dataset(arguments.name, arguments.archives)
    if arguments.source == "folder":
        return folder_dataset(arguments.root, arguments.image_size, arguments.test_fraction, arguments.split_seed, report)
    return arrays_dataset(arguments.archives[0], arguments.test_fraction, arguments.split_seed, report)


def labels_of(arguments: argparse.Namespace, dataset: PreparedDataset) -> np.ndarray:
    """Return the labels to train on, in the order of the training images."""
    known = np.ones(len(dataset.train_labels), bool)
    published = len(dataset.train_labels) + len(dataset.test_labels)
    images = Images(dataset.train_labels, dataset.train_ids, published, dataset.classes, known)
    try:
        found = read_reference(arguments.labels, arguments.labels_file, images)["raters"][0]
    except StudyError as error:
        raise StudyError(f"labels: {error}") from None
    if (found < 0).any():
        raise StudyError(f"labels: {arguments.labels_file} lacks {int((found < 0).sum()):,} training images; it needs all")
    return found


def main(arguments: argparse.Namespace) -> None:
    """Prepare and say what was found."""
    dataset = read_source(arguments)
    for line in repeated(dataset):
        say(arguments.log, line)
    if arguments.flipped_labels:
        dataset = flip_labels(dataset, arguments.flipped_labels, derive_rng(arguments.flip_seed, "flipped labels"))
        say(arguments.log, f"{int(dataset.planted.sum())} training labels are flipped on purpose")
    if arguments.labels:
        dataset = relabelled(dataset, labels_of(arguments, dataset))
        say(arguments.log, f"{int(dataset.planted.sum())} training labels differ from the data set's own")
    counts = np.bincount(dataset.train_labels, minlength=dataset.classes).tolist()
    check_class_sizes(counts, dataset.class_names, arguments.least_samples, str(arguments.output), arguments.least_classes)
    save_dataset(arguments.output, dataset)
    if arguments.ids:
        save_ids(arguments.ids, dataset)
    height, width, channels = dataset.train_images.shape[1:]
    say(
        arguments.log,
        f"{len(dataset.train_labels)} train and {len(dataset.test_labels)} test images of {height} x {width} x {channels}, "
        f"{dataset.classes} classes, SHA-256 {dataset.checksum[:16]}",
    )


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--source", choices=("digits", "torchvision", "folder", "arrays"), required=True)
parser.add_argument("--name", default="")
parser.add_argument("--archives", type=Path, nargs="*", default=[])
parser.add_argument("--root", type=Path)
parser.add_argument("--image-size", type=int, default=32)
parser.add_argument("--test-fraction", type=lambda text: float(text) if text else None)
parser.add_argument("--split-seed", type=int, default=0)
parser.add_argument("--flipped-labels", type=lambda text: float(text) if text else 0.0, default=0.0)
parser.add_argument("--flip-seed", type=int, default=0)
parser.add_argument("--labels", type=lambda text: json.loads(text or "null"), help="JSON: how other labels are read")
parser.add_argument("--labels-file", type=Path, help="with the labels to train on")
parser.add_argument("--least-samples", type=int, default=1, help="what the study's strategies need of every class")
parser.add_argument("--least-classes", type=int, default=2, help="how many the study's conditions need")
parser.add_argument("--output", type=Path, required=True)
parser.add_argument("--ids", type=Path, help="where to write which file, or which index, each sample is")

if __name__ == "__main__":
    run(main, parser)
