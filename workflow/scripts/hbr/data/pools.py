"""Pools: other images of a data set's classes. What a study may say of one, and the file that is made of it."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hbr.data.files import fingerprint_of
from hbr.data.streams import write_rows
from hbr.errors import StudyError
from hbr.registry import Setting, complete

BATCH = 1000
_FILE = {"type": "string", "pattern": "^[^<>{}-][^<>{}]*$"}
_MOST = Setting(
    "at most so many images of each class are kept, drawn at random; 0 keeps all",
    {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
    0,
)


def _number(description: str, most: int, default: int | None = None) -> Setting:
    return Setting(description, {"type": "integer", "minimum": 1, "maximum": most}, default)


# What each source of a pool takes beside its name; hbr.data.pool_sources reads them.
SOURCES: dict[str, dict[str, Setting]] = {
    "gaussian-mixture": {
        "per_class": _number("images of each class that are made", 1_000_000),
        "components": _number("Gaussians a class", 1000, 3),
        "dimensions": _number("principal components of a class's training images that they lie in", 1000, 20),
    },
    "arrays": {
        "file": Setting(".npz with images and labels; the path holds none of < > { } and does not begin with -", _FILE),
        "most_per_class": _MOST,
    },
    "folder": {
        "root": Setting("folder with one folder of images a class", {"type": "string", "minLength": 1}),
        "most_per_class": _MOST,
    },
}
# Where images lie is no part of what they are.
PATHS = ("file", "root")


@dataclass(frozen=True)
class PoolKeys:
    """A pool as a study sets it: ``source`` is a key of :data:`SOURCES`, ``settings`` are all of its own but its ``path``."""

    source: str
    settings: Mapping[str, Any]
    path: str = ""

    @classmethod
    def of(cls, source: str, **keys: Any) -> "PoolKeys":
        """Return the pool that the keys of a study file mean; raise ``StudyError``, key first."""
        if source not in SOURCES:
            raise StudyError(f"source: {source!r} is none of {', '.join(SOURCES)}")
        settings = complete(f"source {source}", SOURCES[source], keys)
        paths = [settings.pop(key) for key in PATHS if key in settings]
        return cls(source, settings, "".join(paths))

    @property
    def text(self) -> str:
        """Return source and settings as one JSON text, the same for equal pools wherever their images lie."""
        return json.dumps({"source": self.source, **self.settings}, sort_keys=True)


def known_settings() -> dict[str, Setting]:
    """Return the settings of all sources by key."""
    return {key: setting for own in SOURCES.values() for key, setting in own.items()}


def shuffled(labels: np.ndarray, most_per_class: int, rng: np.random.Generator) -> np.ndarray:
    """Return the places of a source's images in the random order of their pool: all, or the first so many of each class.

    Published files are sorted, by class or by how sure a network is of them: a strategy that takes the first would know.
    """
    order = rng.permutation(len(labels))
    if not most_per_class:
        return order
    drawn = labels[order]
    by_class = np.argsort(drawn, kind="stable")
    first = np.searchsorted(drawn[by_class], drawn[by_class])
    kept = by_class[np.arange(len(order)) - first < most_per_class]
    return order[np.sort(kept)]


def known_images(**parts: np.ndarray) -> dict[bytes, str]:
    """Return what tells images of a data set, as they are or mirrored, from others: the part of each, of several the last."""
    every = ((name, image) for name, images in parts.items() for image in images)
    return {fingerprint_of(one.tobytes()): name for name, image in every for one in (image, image[:, ::-1])}


def save_pool(
    path: Path,
    batches: Iterable[np.ndarray],
    labels: np.ndarray,
    order: np.ndarray,
    dataset: str,
    without: Mapping[bytes, str] = MappingProxyType({}),
) -> tuple[str, Counter[str]]:
    """Write a pool: the images at the places ``order`` of a source, in that order, but for those that are ``without``.

    Return the SHA-256 of pixels and labels, and how many were left out, by the values of ``without``, which is of
    :func:`known_images`. ``batches`` of uint8 images come in the order of the source and ``labels``; no more than one is in
    memory at a time, as each image is put at its place on disk first.
    ``dataset`` is the checksum of the data that the classes are of.
    """
    place, kept, left_out = np.full(len(labels), -1), np.ones(len(order), dtype=bool), Counter[str]()
    place[order] = np.arange(len(order))
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, shape, done = hashlib.sha256(), (0, 0, 0), 0
    with tempfile.TemporaryFile(dir=path.parent) as unordered:
        for batch in batches:
            shape = batch.shape[1:]
            for image, where in zip(batch, place[done : done + len(batch)], strict=True):
                if where >= 0:
                    content = image.tobytes()
                    if without and (known := without.get(fingerprint_of(content))):
                        kept[where], left_out[known] = False, left_out[known] + 1
                    unordered.seek(int(where) * image.size)
                    unordered.write(content)
            done += len(batch)
        unordered.seek(0)
        size, left = int(np.prod(shape)), order[kept].astype(np.int64)
        if not len(left):
            raise StudyError("it holds no image that the data set does not hold; name another")

        def rows() -> Iterator[np.ndarray]:
            for start in range(0, len(order), BATCH):
                here = kept[start : start + BATCH]
                part = np.frombuffer(unordered.read(len(here) * size), np.uint8).reshape(len(here), size)[here]
                digest.update(part.tobytes())
                yield part

        def others() -> dict[str, np.ndarray]:
            own = labels[left].astype(np.int64)
            digest.update(own.data)
            return {
                "labels": own,
                # Which image of the source each one is.
                "places": left,
                "checksum": np.asarray(digest.hexdigest()),
                "dataset": np.asarray(dataset),
            }

        write_rows(path, "images", (len(left), *shape), np.uint8, rows(), others)
    return digest.hexdigest(), left_out
