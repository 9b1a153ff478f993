"""Images of a pool from whatever they come in, a batch at a time, with labels that are the data set's."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hbr.data.datasets import PreparedDataset
from hbr.data.files import reading
from hbr.data.folders import read_batches
from hbr.data.mixtures import sample_mixture
from hbr.data.pools import BATCH
from hbr.data.streams import open_images
from hbr.data.trees import image_tree
from hbr.errors import StudyError

# Names of images and labels as they are published: CIFAR-10.2 and this workflow's own, samples of EDM, CIFAR-5m.
PUBLISHED = (("images", "labels"), ("image", "label"), ("X", "Y"))


@dataclass(frozen=True)
class PoolImages:
    """What a source holds: the class of each image, as the data set numbers them, and uint8 images in that order."""

    labels: np.ndarray
    batches: Iterator[np.ndarray]


def mixture_images(
    settings: Mapping[str, Any], path: Path, data: PreparedDataset, rng: np.random.Generator, report: Callable[[str], None]
) -> PoolImages:
    """Return images of a mixture of Gaussians for each class, fitted to the training images."""

    def batches() -> Iterator[np.ndarray]:
        for label, name in enumerate(data.class_names):
            try:
                yield from sample_mixture(data.train_images[data.train_labels == label], **settings, rng=rng)
            except StudyError as error:
                raise StudyError(f"class {name!r}: {error}") from None

    return PoolImages(np.repeat(np.arange(data.classes), settings["per_class"]), batches())


def arrays_images(
    settings: Mapping[str, Any], path: Path, data: PreparedDataset, rng: np.random.Generator, report: Callable[[str], None]
) -> PoolImages:
    """Return the images of an ``.npz`` with names that are :data:`PUBLISHED`; labels are checked before images are read.

    Labels are indices of the data set's classes, or of the ``class_names`` that the file brings along.
    """
    with reading(path, "an .npz of plain arrays"), np.load(path, allow_pickle=False) as archive:
        pair = next((names for names in PUBLISHED if set(names) <= set(archive.files)), None)
        if pair is None:
            expected = " or ".join(" and ".join(names) for names in PUBLISHED)
            raise StudyError(f"{path} holds {', '.join(sorted(archive.files)) or 'nothing'}; a pool needs {expected}")
        labels = archive[pair[1]]
        named = archive["class_names"] if "class_names" in archive.files else data.class_names
        own = [unicodedata.normalize("NFC", name.decode() if isinstance(name, bytes) else str(name)) for name in named]
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise StudyError(f"{path}: {pair[1]} are {labels.dtype} of shape {labels.shape}; give one integer an image")
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(own)):
        raise StudyError(
            f"{path}: {pair[1]} run from {labels.min()} to {labels.max()}, but there are {len(own)} classes; number them from 0"
        )
    return PoolImages(_classes(path, own, data)[labels], _streamed(path, pair[0], len(labels), data.train_images.shape[1:]))


def folder_images(
    settings: Mapping[str, Any], path: Path, data: PreparedDataset, rng: np.random.Generator, report: Callable[[str], None]
) -> PoolImages:
    """Return the images below folders of classes, brought to the size of the data set's; train and test count alike."""
    tree = image_tree(path)
    for remark in tree.remarks:
        report(f"{path}: {remark}")
    files = [file for split in tree.splits.values() for file in split]
    labels = _classes(path, tree.class_names, data)[[file.label for file in files]]
    height, width, channels = data.train_images.shape[1:]
    if height != width:
        raise StudyError(f"{path}: files are brought to square images, and the data set's are {height} x {width}; use arrays")
    return PoolImages(labels, read_batches(path, files, height, channels, BATCH))


READERS: dict[str, Callable[..., PoolImages]] = {
    "gaussian-mixture": mixture_images,
    "arrays": arrays_images,
    "folder": folder_images,
}


def _classes(path: Path, names: Sequence[str], data: PreparedDataset) -> np.ndarray:
    """Return which class of the data set each name is; raise ``StudyError`` where one is none."""
    if strange := [name for name in names if name not in data.class_names]:
        known = ", ".join(data.class_names[:5]) + (" ..." if data.classes > 5 else "")
        raise StudyError(f"{path}: class {strange[0]!r} is none of the data set's ({known}); rename it or leave it out")
    return np.array([data.class_names.index(name) for name in names])


def _streamed(path: Path, name: str, count: int, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    with open_images(path, name) as images:
        if images.samples != count:
            raise StudyError(f"{path}: {images.samples:,} images but {count:,} labels; give one label an image")
        if images.shape != shape:
            given, wanted = (" x ".join(map(str, size)) for size in (images.shape, shape))
            raise StudyError(f"{path}: the images of the pool are {given}, those of the data set {wanted}; bring them to one")
        for start in range(0, count, BATCH):
            yield images.read(min(BATCH, count - start))
