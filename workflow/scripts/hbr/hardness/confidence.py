"""How sure an ensemble is of the labels that images bear: what a pool is chosen from, and reported by."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

BATCH = 10_000


def label_confidence(members: Sequence[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the softmax of each image's label, mean over members, and the share of members that say another class.

    ``members`` are logits ``(images, classes)``, or what reads them from disk: no more than a batch is in memory at a time.
    """
    confidence, otherwise = np.zeros(len(labels)), np.zeros(len(labels))
    for logits in members:
        for where in _batches(len(labels)):
            part, own = np.asarray(logits[where], dtype=np.float64), labels[where]
            shares = np.exp(part - part.max(1, keepdims=True))
            confidence[where] += shares[np.arange(len(own)), own] / shares.sum(1)
            otherwise[where] += part.argmax(1) != own
    return confidence / len(members), otherwise / len(members)


def pool_table(members: Sequence[np.ndarray], labels: np.ndarray) -> pd.DataFrame:
    """Return one row an image of a pool: its place, its class, and :func:`label_confidence` in columns."""
    confidence, otherwise = label_confidence(members, labels)
    columns = {"class": labels, "confidence": confidence, "otherwise": otherwise}
    return pd.DataFrame({"image": np.arange(len(labels)), **columns})


def pool_classes(pool: pd.DataFrame, real: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row a class: how many images a pool has, and means of confidence and of the share of other classes.

    ``pool`` and ``real``, the training images, are of :func:`pool_table`. A class that the pool lacks has no means.
    """
    table = pd.DataFrame({"class": range(len(class_names)), "class_name": list(class_names)})
    for prefix, images in (("", pool), ("real_", real)):
        grouped = images.groupby("class")
        table[f"{prefix}images"] = table["class"].map(grouped.size()).fillna(0).astype(int)
        for column in ("confidence", "otherwise"):
            table[f"{prefix}{column}"] = table["class"].map(grouped[column].mean())
    return table


def _batches(count: int) -> Iterator[slice]:
    for start in range(0, count, BATCH):
        yield slice(start, start + BATCH)
