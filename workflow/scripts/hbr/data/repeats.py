"""Images that a data set holds more than once, pixel for pixel: between training and test, and under two labels."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pandas as pd

from hbr.data.datasets import PreparedDataset
from hbr.data.files import fingerprint_of


def first_alike(*images: np.ndarray) -> np.ndarray:
    """Return for each image the place of the first that is the same, its own where none is before it, ``(images,)``.

    Places count through all parts given, each ``(images, height, width, channels)``.
    """
    first: dict[bytes, int] = {}
    every = chain.from_iterable(images)
    return np.array([first.setdefault(fingerprint_of(image.tobytes()), place) for place, image in enumerate(every)])


def repeat_table(dataset: PreparedDataset) -> pd.DataFrame:
    """Return one row an image that one before it is the same as: split, id and class of it, and ``first_`` of that one.

    Training images come before those to be tested on.
    """
    sizes = (len(dataset.train_images), len(dataset.test_images))
    table = pd.DataFrame(
        {
            "split": np.repeat(["train", "test"], sizes),
            "id": np.concatenate([np.asarray(ids, object) for ids in (dataset.train_ids, dataset.test_ids)]),
            "class_name": np.asarray(dataset.class_names, object)[np.concatenate([dataset.train_labels, dataset.test_labels])],
        }
    )
    alike = first_alike(dataset.train_images, dataset.test_images)
    copies = np.flatnonzero(alike != np.arange(len(alike)))
    first = table.iloc[alike[copies]].reset_index(drop=True).add_prefix("first_")
    return pd.concat([table.iloc[copies].reset_index(drop=True), first], axis=1)


def repeated(dataset: PreparedDataset) -> Iterator[str]:
    """Yield a line on test images that are training images, and one on images under two labels."""
    table = repeat_table(dataset)
    for rows, one, many in (
        (
            table[(table["split"] == "test") & (table["first_split"] == "train")],
            "test image is a training image",
            "test images are training images",
        ),
        (
            table[table["class_name"] != table["first_class_name"]],
            "image stands under another label too",
            "images stand under another label too",
        ),
    ):
        if len(rows):
            row = rows.iloc[0]
            yield (
                f"{len(rows):,} {one if len(rows) == 1 else many}, pixel for pixel, such as {row['split']} {row['id']} "
                f"({row['first_split']} {row['first_id']}); leave out one of the two (`make lists` names all in repeats.csv)"
            )
