"""The prepared data set: one file, whatever the source was."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hbr.data.files import read_arrays, read_table, write_arrays, write_table
from hbr.errors import StudyError, printable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PreparedDataset:
    """Images as uint8 ``(samples, height, width, channels)`` with 1 or 3 channels, labels as int64 ``(samples,)``.

    ``mean`` and ``std`` are per channel, on pixels scaled to [0, 1]; training normalises with them. ``planted`` marks the
    training samples whose labels were flipped on purpose or replaced by others (booleans). Ids say which sample of its source
    each one is: a file's path relative to the root, or an index. They lie in a file of their own, and no training reads them:
    files that are renamed are no other data.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    planted: np.ndarray
    train_ids: tuple[str, ...] = ()
    test_ids: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return len(self.class_names)

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of images, labels and class names, independent of how the file stores them."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(str((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\n".join(self.class_names).encode())
        return digest.hexdigest()


def prepare(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    class_names: tuple[str, ...],
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    origin: str = "data set",
    train_ids: Iterable[object] = (),
    test_ids: Iterable[object] = (),
) -> PreparedDataset:
    """Return the checked data set; ``mean`` and ``std`` default to those of the training pixels, ids to positions.

    Raises ``StudyError``, with ``origin`` in its sentence, on one class, an empty class, mismatched counts, labels
    out of range, class names that tables and figures cannot hold, or images that are not uint8 with 1 or 3 channels.
    """
    # Names of files and texts may hold a letter and its accent apart; tables and lists would then miss each other.
    class_names = tuple(unicodedata.normalize("NFC", name) for name in class_names)
    _check_names(origin, class_names)
    for part, images, labels in (("train", train_images, train_labels), ("test", test_images, test_labels)):
        _check_part(f"{origin}: {part}", images, labels, class_names)
    if train_images.shape[1:] != test_images.shape[1:]:
        raise StudyError(
            f"{origin}: train images are {train_images.shape[1:]}, test images {test_images.shape[1:]}; make them equal"
        )
    channels = train_images.shape[3]
    if mean is None or std is None:
        mean, std = channel_statistics(train_images)
    if len(mean) != channels or len(std) != channels:
        raise StudyError(f"{origin}: mean and std need one number for each of the {channels} channels")
    return PreparedDataset(
        train_images=np.ascontiguousarray(train_images),
        train_labels=train_labels.astype(np.int64),
        test_images=np.ascontiguousarray(test_images),
        test_labels=test_labels.astype(np.int64),
        class_names=class_names,
        mean=np.asarray(mean, dtype=np.float32),
        std=np.asarray(std, dtype=np.float32),
        planted=np.zeros(len(train_labels), dtype=bool),
        train_ids=tuple(_writable(str(name)) for name in train_ids) or tuple(map(str, range(len(train_labels)))),
        test_ids=tuple(_writable(str(name)) for name in test_ids) or tuple(map(str, range(len(test_labels)))),
    )


def channel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel of uint8 images, on the scale [0, 1], from exact histograms."""
    levels = np.arange(256) / 255.0
    means, stds = [], []
    for channel in range(images.shape[3]):
        share = np.bincount(images[..., channel].reshape(-1), minlength=256) / images[..., channel].size
        mean = float(share @ levels)
        means.append(mean)
        stds.append(max(float(np.sqrt(share @ (levels - mean) ** 2)), 1e-6))
    return tuple(means), tuple(stds)


def flip_labels(dataset: PreparedDataset, share: float, rng: np.random.Generator) -> PreparedDataset:
    """Return the data set with the labels of a ``share`` of the training samples of each class flipped, and these marked.

    Flipped samples exchange labels among themselves until none has its own, so that classes keep their sizes: planted noise
    must not turn balanced data into imbalanced. Raises ``StudyError`` where there is nothing to flip.
    """
    labels = dataset.train_labels
    chosen = np.concatenate(
        [
            rng.permutation(samples)[: round(share * len(samples))]
            for samples in (np.flatnonzero(labels == label) for label in range(dataset.classes))
        ]
    )
    counts = np.bincount(labels[chosen], minlength=dataset.classes)
    if not len(chosen) or 2 * counts.max() > len(chosen):
        raise StudyError(
            f"flipped_labels: {share:g} of each class is {counts.min()} to {counts.max()} samples, which cannot exchange "
            "their labels; write a larger share, or make classes alike in size"
        )
    given = rng.permutation(labels[chosen])
    while len(same := np.flatnonzero(given == labels[chosen])):
        for place in same:
            other = rng.integers(len(chosen))
            given[[place, other]] = given[[other, place]]
    flipped, planted = labels.copy(), np.zeros(len(labels), dtype=bool)
    flipped[chosen], planted[chosen] = given, True
    return replace(dataset, train_labels=flipped, planted=planted)


def relabelled(dataset: PreparedDataset, labels: np.ndarray) -> PreparedDataset:
    """Return the data set with other training labels, and those marked that differ from its own."""
    _check_part("labels", dataset.train_images, labels, dataset.class_names)
    return replace(dataset, train_labels=labels.astype(np.int64), planted=labels != dataset.train_labels)


def save_dataset(path: str | os.PathLike[str], dataset: PreparedDataset) -> None:
    """Write the prepared file, its checksum inside."""
    write_arrays(
        path,
        train_images=dataset.train_images,
        train_labels=dataset.train_labels,
        test_images=dataset.test_images,
        test_labels=dataset.test_labels,
        class_names=np.asarray(dataset.class_names, dtype=np.str_),
        mean=dataset.mean,
        std=dataset.std,
        planted=dataset.planted,
        checksum=np.asarray(dataset.checksum, dtype=np.str_),
    )


def load_dataset(path: str | os.PathLike[str]) -> PreparedDataset:
    """Return the data set of a prepared file, without its ids."""
    arrays: dict[str, Any] = dict(
        read_arrays(path, *(name for name in PreparedDataset.__dataclass_fields__ if not name.endswith("_ids")))
    )
    names = tuple(str(name) for name in arrays.pop("class_names"))
    return PreparedDataset(class_names=names, **arrays)


def save_ids(path: str | os.PathLike[str], dataset: PreparedDataset) -> None:
    """Write split, sample and id of every sample."""
    import pandas as pd

    parts = {"train": dataset.train_ids, "test": dataset.test_ids}
    tables = [pd.DataFrame({"split": split, "sample": np.arange(len(ids)), "id": list(ids)}) for split, ids in parts.items()]
    write_table(path, pd.concat(tables, ignore_index=True))


def load_ids(path: str | os.PathLike[str], split: str = "train") -> np.ndarray:
    """Return the ids of one split by sample, as objects of type str."""
    table = read_table(path, "split", "sample", "id")
    return table.loc[table["split"] == split].sort_values("sample")["id"].to_numpy(dtype=object)


def with_ids(table: "pd.DataFrame", ids: np.ndarray, path: object) -> "pd.DataFrame":
    """Return a table of training samples with each one's id beside it; ``path`` of the ids stands in the error's sentence."""
    places = table["sample"].to_numpy()
    if len(places) and places.max() >= len(ids):
        raise StudyError(f"{path} holds the ids of other data; delete it and run again")
    named = table.copy()
    named.insert(list(named).index("sample") + 1, "id", ids[places])
    return named


def _writable(name: str) -> str:
    """Return a name as tables hold it: control characters, line breaks too, break CSV or SVG, surrogates cannot be written."""
    return "".join(
        printable(c) if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\ufffe\uffff" else c for c in name
    )


def _check_names(where: str, class_names: tuple[str, ...]) -> None:
    for position, name in enumerate(class_names):
        if not name or _writable(name) != name:
            raise StudyError(f"{where}: class name {name!r} is empty or holds a control character; rename the class")
        if name in class_names[:position]:
            raise StudyError(f"{where}: two classes are named {name!r}; rename one")


def _check_part(where: str, images: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise StudyError(
            f"{where} images are {images.dtype} of shape {images.shape}; "
            "expected uint8 of shape (samples, height, width, 1 or 3)"
        )
    if 0 in images.shape[1:3]:
        raise StudyError(f"{where} images have no pixels, shape {images.shape}; give larger ones")
    if labels.ndim != 1 or len(labels) != len(images):
        raise StudyError(f"{where}: {len(images)} images but labels of shape {labels.shape}; give one label an image")
    if not np.issubdtype(labels.dtype, np.integer):
        raise StudyError(f"{where} labels are {labels.dtype}; expected integers 0 to classes - 1")
    if len(class_names) < 2:
        raise StudyError(f"{where}: {len(class_names)} class; a study of class-wise gaps needs at least 2")
    if len(labels) and (labels.min() < 0 or labels.max() >= len(class_names)):
        raise StudyError(f"{where} labels run from {labels.min()} to {labels.max()}, but there are {len(class_names)} classes")
    counts = np.bincount(labels, minlength=len(class_names))
    if (counts == 0).any():
        empty = class_names[int(np.argmin(counts))]
        raise StudyError(f"{where}: class {empty!r} has no samples; add some or remove the class")
