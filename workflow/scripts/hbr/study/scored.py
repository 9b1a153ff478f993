"""Which images a study lets its networks score at their end, beside the test images, which they always do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hbr.errors import StudyError

TRAIN = "train"


@dataclass(frozen=True, kw_only=True)
class ScoredSet:
    """A named set of images: the ``array`` of a ``file``, or, without one, the data set's own training images.

    ``conditions`` says whose networks score it: those of the ``baseline``, or ``all``.
    """

    file: str = ""
    array: str = "images"
    conditions: str = "baseline"


def scored_sets(dataset: Mapping[str, Any]) -> dict[str, ScoredSet]:
    """Return the sets that the keys of a data set name; raise ``StudyError`` where one says too much or too little."""
    found = {}
    for name, keys in dataset.get("scored", {}).items():
        scored = ScoredSet(**keys)
        if name == "test":
            raise StudyError("scored.test: test images are always scored, their logits stand in the outcomes; leave it out")
        if name == TRAIN and (scored.file or "array" in keys):
            raise StudyError("scored.train: means the training images and takes no file; give images of your own another name")
        if name != TRAIN and not scored.file:
            raise StudyError(f"scored.{name}: needs a file, an .npz with uint8 images; only `train` needs none")
        found[name] = scored
    return found
