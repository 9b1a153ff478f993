"""Plans: which examples a condition trains on. A plan is a small table, never a copy of images."""

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hbr.data.files import reading, replacing
from hbr.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KEPT, DUPLICATE, SYNTHETIC, HOLDOUT, THRESHOLD, POOL = range(6)
ORIGINS = ("kept", "duplicate", "synthetic", "holdout", "threshold", "pool")
# Examples whose images are no training images: the plan holds them itself.
OWN_IMAGES = (SYNTHETIC, POOL)


@dataclass(frozen=True)
class Plan:
    """The training examples of one condition, one row an example.

    ``source`` is the index into the prepared training images, or, where ``origin`` is synthetic or pool, into ``synthetic``
    (uint8 images of the same shape). ``labels`` are class indices; ``origin`` indexes :data:`ORIGINS`. Threshold samples
    (Pleiss et al. 2020) bear the label of one extra class, after the last real one.
    """

    source: np.ndarray
    labels: np.ndarray
    origin: np.ndarray
    synthetic: np.ndarray

    def __len__(self) -> int:
        return len(self.source)

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the rows and the synthetic images, independent of how the files store them."""
        digest = hashlib.sha256()
        for array in (self.source, self.labels, self.origin, self.synthetic):
            digest.update(str((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @property
    def extra_classes(self) -> int:
        """Return 1 where threshold samples make up a class of their own, else 0."""
        return int((self.origin == THRESHOLD).any())

    def on(self, base: "Plan") -> "Plan":
        """Return the plan with samples of ``base``, which it names by their rows there, named as in the prepared data.

        Images of the plan's own and real ones from outside the base stay what they are.
        """
        inside = ~np.isin(self.origin, (*OWN_IMAGES, HOLDOUT))
        source = self.source.copy()
        source[inside] = base.source[source[inside]]
        return replace(self, source=source)

    def class_counts(self, classes: int) -> np.ndarray:
        """Return the number of examples per class."""
        return np.bincount(self.labels, minlength=classes)


def identity_plan(labels: np.ndarray, image_shape: tuple[int, ...]) -> Plan:
    """Return the plan of the baseline: every sample once, in order."""
    return kept_plan(labels, np.arange(len(labels)), image_shape)


def kept_plan(labels: np.ndarray, kept: np.ndarray, image_shape: tuple[int, ...]) -> Plan:
    """Return the plan that holds the samples ``kept``, once and in that order."""
    return Plan(
        source=kept.astype(np.int64),
        labels=labels[kept].astype(np.int64),
        origin=np.full(len(kept), KEPT, dtype=np.int8),
        synthetic=np.empty((0, *image_shape), dtype=np.uint8),
    )


def check_plan(plan: Plan, labels: np.ndarray, where: str) -> None:
    """Raise ``StudyError`` where a plan does not fit the data set's training ``labels``."""
    if len(plan) and (plan.origin.min() < 0 or plan.origin.max() >= len(ORIGINS)):
        raise StudyError(f"{where}: a row's origin is none of {', '.join(ORIGINS)}; delete it and run again")
    synthetic = np.isin(plan.origin, OWN_IMAGES)
    limits = np.where(synthetic, len(plan.synthetic), len(labels))
    outside = np.flatnonzero((plan.source < 0) | (plan.source >= limits))
    if len(outside):
        row = int(outside[0])
        raise StudyError(
            f"{where}: row {row} names sample {plan.source[row]}, but there are {limits[row]}; "
            "the plan was made for other data: delete it and run again"
        )
    real = ~synthetic & (plan.origin != THRESHOLD)
    if (labels[plan.source[real]] != plan.labels[real]).any():
        raise StudyError(f"{where}: labels differ from the data set's; the plan was made for other data: delete it")
    if (plan.labels[plan.origin == THRESHOLD] != labels.max() + 1).any():
        raise StudyError(f"{where}: threshold samples are not in the one extra class; delete it and run again")


def check_samples(samples: "pd.DataFrame", labels: np.ndarray, path: object, dataset: object, whole: bool = False) -> None:
    """Raise ``StudyError`` where a table of samples (sample, class) is not of data with these training ``labels``.

    ``whole`` asks that it holds every sample, in order.
    """
    places = samples["sample"].to_numpy()
    fits = len(places) > 0 and places.min() >= 0 and places.max() < len(labels)
    fits = fits and np.array_equal(samples["class"], labels[places])
    if not fits or (whole and not np.array_equal(places, np.arange(len(labels)))):
        raise StudyError(f"{path} was made from other data than {dataset}; delete it and run again")


def save_plan(path: str | os.PathLike[str], plan: Plan) -> None:
    """Write a plan as Parquet: source, class, origin, and the bytes of images of its own where there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    origin = pa.DictionaryArray.from_arrays(pa.array(plan.origin, pa.int8()), list(ORIGINS))
    columns = {"source": pa.array(plan.source), "class": pa.array(plan.labels), "origin": origin}
    rows = np.flatnonzero(np.isin(plan.origin, OWN_IMAGES))
    if not np.array_equal(np.sort(plan.source[rows]), np.arange(len(plan.synthetic))):
        raise ValueError("each synthetic image must stand in one row of the plan")
    if len(rows):
        images: list[bytes | None] = [None] * len(plan)
        for row in rows:
            images[row] = plan.synthetic[plan.source[row]].tobytes()
        columns["image"] = pa.array(images, pa.binary())
    shape = " ".join(map(str, plan.synthetic.shape[1:]))
    with replacing(path) as temporary:
        table = pa.table(columns, metadata={"image_shape": shape})
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Return the plan of :func:`save_plan`."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with reading(path, "a plan"), pq.ParquetFile(path, page_checksum_verification=True) as file:
        columns = file.read()
        named = pc.dictionary_encode(columns["origin"].cast(pa.string())).combine_chunks()
        # An origin that is not known must not pass as 0, kept.
        known = [ORIGINS.index(name) if name in ORIGINS else -1 for name in named.dictionary.to_pylist()]
        origin = np.array(known, dtype=np.int8)[np.from_dlpack(named.indices)]
        source, shape = _numbers(columns["source"]), columns.schema.metadata[b"image_shape"].split()
        images = columns["image"].drop_null().to_pylist() if "image" in columns.column_names else []
        synthetic = np.empty((len(images), *map(int, shape)), dtype=np.uint8)
        for place, image in zip(source[np.isin(origin, OWN_IMAGES)], images, strict=True):
            synthetic[place] = np.frombuffer(image, dtype=np.uint8).reshape(synthetic.shape[1:])
        return Plan(source, _numbers(columns["class"]), origin, synthetic)


def _numbers(column: "pa.ChunkedArray") -> np.ndarray:
    """Return a column; its own ``to_numpy`` imports pandas, for which a training has no other use."""
    return np.from_dlpack(column.combine_chunks())
