"""What an archive of a study tells of itself: an RO-Crate, one JSON file that names every other one with size and SHA-256."""

import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from hbr.data.files import sha256_of
from hbr.errors import StudyError
from hbr.version import VERSION

CRATE = "ro-crate-metadata.json"
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
_WORKFLOW = "#workflow"


@dataclass(frozen=True)
class Packed:
    """One file of a crate: its bytes, and their SHA-256."""

    size: int
    sha256: str


def crate_of(
    study: str, study_file: str, files: Mapping[str, Path], machines: Iterable[str], pictures: bool, made_by: str = VERSION
) -> dict[str, Any]:
    """Return the metadata of an archive: ``files`` are paths inside of it, and where each is; the study file is one of them.

    ``made_by`` is the version that made the results. The date is that of the youngest of them, so that equal results give
    equal metadata, whenever they are packed.
    """
    results = [path for name, path in files.items() if name.startswith("results/")]
    youngest = max(path.stat().st_mtime for path in results or files.values())
    parts = [
        {
            "@id": name,
            "@type": "File",
            "contentSize": str(path.stat().st_size),
            "sha256": sha256_of(path),
            "encodingFormat": mimetypes.guess_type(name)[0] or "application/octet-stream",
        }
        for name, path in files.items()
    ]
    date = datetime.fromtimestamp(int(youngest), UTC).isoformat()
    shown = "" if pictures else " Images, and figures and pages that show training images, are left out."
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study,
        "description": f"A study of hardness-based resampling: study file, plans, trainings, tables and pages.{shown}",
        "datePublished": date,
        "license": "not stated; that of the images holds for what shows them",
        "mainEntity": {"@id": study_file},
        "includesImages": pictures,
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": [{"@id": "#run"}],
    }
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"run of {study}",
        "instrument": {"@id": _WORKFLOW},
        "object": {"@id": study_file},
        "result": {"@id": "./"},
        "endTime": date,
        "description": f"trained on {', '.join(sorted(set(machines))) or 'a machine that is not named'}",
    }
    workflow = {"@id": _WORKFLOW, "@type": ["SoftwareApplication"], "name": "HBR", "softwareVersion": made_by}
    about = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    return {"@context": _CONTEXT, "@graph": [about, root, workflow, run, *parts]}


def parts_of(crate: Mapping[str, Any]) -> dict[str, Packed]:
    """Return size and checksum of each file that a crate names; raise ``StudyError`` where it is none of :func:`crate_of`."""
    try:
        return {
            item["@id"]: Packed(int(item["contentSize"]), item["sha256"]) for item in crate["@graph"] if item["@type"] == "File"
        }
    except (KeyError, TypeError, ValueError):
        raise StudyError(f"{CRATE} is not what `make pack` writes") from None


def told_by(crate: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    """Return the study's name, the path of its file, the version that made it, and whether images are in it."""
    try:
        graph = {item["@id"]: item for item in crate["@graph"]}
        root = graph["./"]
        return root["name"], root["mainEntity"]["@id"], graph[_WORKFLOW]["softwareVersion"], bool(root["includesImages"])
    except (KeyError, TypeError):
        raise StudyError(f"{CRATE} is not what `make pack` writes") from None


def is_inside(name: str) -> bool:
    """Return whether a path of an archive stays inside of the folder it is unpacked into."""
    place = PurePosixPath(name)
    return not place.is_absolute() and ".." not in place.parts and bool(place.parts)
