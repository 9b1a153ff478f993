"""Write a pool of other images of a data set's classes, in random order, from whatever they come in."""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np

from hbr.data.datasets import load_dataset
from hbr.data.files import read_arrays
from hbr.data.pool_sources import READERS
from hbr.data.pools import known_images, save_pool, shuffled
from hbr.errors import StudyError
from hbr.seeds import derive_rng
from hbr.study.command import run, say


def main(arguments: argparse.Namespace) -> None:
    """Read the labels, choose places, and let the images pass by; say what the pool holds."""
    settings = dict(arguments.pool)
    source, name = settings.pop("source"), arguments.name
    rng = partial(derive_rng, arguments.seed, arguments.dataset_name, "pool", name)
    dataset = load_dataset(arguments.dataset)
    try:
        found = READERS[source](settings, arguments.path, dataset, rng("images"), partial(say, arguments.log))
        if not len(found.labels):
            raise StudyError(f"{arguments.path} holds no images; name another")
        order = shuffled(found.labels, settings.get("most_per_class", 0), rng("order"))
        # Some published pools hold the data set, too; what is made here does not.
        known = known_images(training=dataset.train_images, test=dataset.test_images) if arguments.path else {}
        checksum, left_out = save_pool(arguments.output, found.batches, found.labels, order, dataset.checksum, known)
    except StudyError as error:
        raise StudyError(f"datasets.{arguments.dataset_name}.pools.{name}: {error}") from None
    gone = "".join(f"; left out are {count:,} that are {part} images" for part, count in sorted(left_out.items()))
    counts = np.bincount(read_arrays(arguments.output, "labels")["labels"], minlength=dataset.classes)
    say(
        arguments.log,
        f"pool {name}: {counts.sum():,} of {len(found.labels):,} images, {counts.min():,} to {counts.max():,} a class, "
        f"SHA-256 {checksum[:16]}{gone}",
    )


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--name", required=True, help="of the pool")
parser.add_argument("--pool", type=json.loads, required=True, help="JSON: source and its settings")
parser.add_argument("--path", type=Path, help="of a source that is read")
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--output", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
