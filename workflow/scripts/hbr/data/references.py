"""References: what people, or other networks, say of a data set's images. What a study may say of one."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbr.errors import StudyError
from hbr.registry import Setting, choice, complete

TRAIN, TEST = "train", "test"
# Why labels of a data set are known to be wrong.
GIVEN, FLIPPED = "labels by others", "labels flipped on purpose"
_NAME = "^[A-Za-z_][A-Za-z0-9_.-]{0,63}$"
_NAMES = {"type": "array", "items": {"type": "string", "pattern": _NAME}, "uniqueItems": True, "maxItems": 1000}
_PART = Setting("which images it is of", {"enum": [TRAIN, TEST]})
_KEYS = Setting("names of the arrays that are taken, one label an image each: several are labels by several people", _NAMES)
_MATCH = choice(
    "how its rows are told: index, the place in the data set as published; stem, the same as a number that files are named by; "
    "id, by the ids beside them",
    "index",
    "stem",
    "id",
)
_IDS = Setting("name of the array, or field, with the ids of match id", {"type": "string", "pattern": _NAME}, "ids")

# What each kind of reference takes beside its file; hbr.data.reference_readers reads them.
KINDS: dict[str, dict[str, Setting]] = {
    # People's votes for every class, images x classes.
    "votes": {
        "key": Setting("name of the array of counts, images x classes", {"type": "string", "pattern": _NAME}, "counts"),
        "part": _PART,
        "match": _MATCH,
        "ids": _IDS,
    },
    # Another label for every image, by one or several people.
    "labels": {"keys": _KEYS, "part": _PART, "match": _MATCH, "ids": _IDS},
    # Images whose label was doubted and shown to people, as cleanlab/label-errors publishes them: a JSON list of objects with
    # id, given_original_label, our_guessed_label and mturk, the numbers of answers given, guessed, neither, both.
    "label-errors": {"part": _PART, "match": _MATCH},
    # The class that each of some other networks predicts for every test image.
    "predictions": {
        "networks": Setting("names of the arrays that are taken, one a network; all if left out", _NAMES, []),
        "match": _MATCH,
        "ids": _IDS,
    },
}


@dataclass(frozen=True)
class ReferenceKeys:
    """A reference as a study sets it: ``kind`` is a key of :data:`KINDS`, ``settings`` are all of the kind's own."""

    kind: str
    settings: Mapping[str, Any]
    file: str
    licence: str = ""
    citation: str = ""

    @classmethod
    def of(cls, kind: str, file: str, licence: str = "", citation: str = "", **keys: Any) -> "ReferenceKeys":
        """Return the reference that the keys of a study file mean; raise ``StudyError``, key first."""
        if kind not in KINDS:
            raise StudyError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
        settings = complete(f"kind {kind}", KINDS[kind], keys)
        if settings.get("keys") == []:
            raise StudyError(f"keys: kind {kind} needs the name of an array at least")
        return cls(kind, settings, file, licence, citation)

    @property
    def part(self) -> str:
        """Return whether it is of training or of test images."""
        return str(self.settings.get("part", TEST))

    @property
    def text(self) -> str:
        """Return kind and settings as one JSON text, the same for equal references wherever their file lies."""
        return json.dumps({"kind": self.kind, **self.settings}, sort_keys=True)


def known_settings() -> dict[str, Setting]:
    """Return the settings of all kinds by key."""
    return {key: setting for own in KINDS.values() for key, setting in own.items()}


def fingerprint_of_reference(path: Path) -> str:
    """Return a digest of what a file holds: the checksums inside an ``.npz``, else of its bytes. Raises ``OSError``."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            parts = [(part.filename, part.CRC, part.file_size) for part in file.infolist()]
        return hashlib.sha256(repr(sorted(parts)).encode()).hexdigest()
    return hashlib.sha256(path.read_bytes()).hexdigest()
