"""What a study file says of references: people's judgements, or other networks', of a data set's images."""

from collections.abc import Mapping
from typing import Any

from hbr.data.references import FLIPPED, GIVEN, TRAIN, ReferenceKeys
from hbr.errors import StudyError


def labels_of_dataset(dataset: Mapping[str, Any]) -> ReferenceKeys | None:
    """Return the labels that a data set is trained on instead of its own, if any; raise ``StudyError``, key first."""
    if not (keys := dict(dataset.get("labels", {}))):
        return None
    if dataset.get("flipped_labels"):
        raise StudyError("labels: flipped_labels flips the data set's own labels; leave one of the two out")
    try:
        return ReferenceKeys.of("labels", part=TRAIN, keys=[keys.pop("key")], **keys)
    except StudyError as error:
        raise StudyError(f"labels.{error}") from None


def has_ground_truth(config: Mapping[str, Any]) -> bool:
    """Return whether a data set of a study has references or labels by others."""
    return any(dataset.get(key) for dataset in config["datasets"].values() for key in ("references", "labels"))


def known_noise(dataset: Mapping[str, Any]) -> str:
    """Return in words why labels of a data set are known to be wrong; empty where none are."""
    return GIVEN if dataset.get("labels") else FLIPPED if dataset.get("flipped_labels") else ""


def references_of_dataset(dataset: Mapping[str, Any]) -> dict[str, ReferenceKeys]:
    """Return the references of a data set by name; raise ``StudyError`` where one says too much or too little."""
    found = {}
    for name, keys in dataset.get("references", {}).items():
        try:
            found[name] = ReferenceKeys.of(**keys)
        except StudyError as error:
            raise StudyError(f"references.{name}.{error}") from None
    return found
