"""Whether a study's data are there: asked at each start, before results are touched."""

import zipfile
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hbr.data.archives import ARCHIVES
from hbr.data.files import read_arrays
from hbr.data.references import fingerprint_of_reference
from hbr.data.trees import AbsentError, ImageTree, fingerprint, image_tree
from hbr.errors import StudyError
from hbr.study.scored import scored_sets

PATHS = ("root", "file", "archive_folder")
# Sections of a data set whose entries have paths, too.
PARTS = ("scored", "pools", "references")
# Whether sources have to be there: who was given results to look at may not have them.
SOURCES_ASKED = ContextVar("SOURCES_ASKED", default=True)


def expand_paths(config: Mapping[str, Any]) -> None:
    """Replace the ~ of every path that a user writes by the home folder it means, in place."""
    for name, dataset in config["datasets"].items():
        inside = {f"{part}.{own}": keys for part in PARTS for own, keys in dataset.get(part, {}).items()}
        places = inside | {"": dataset, "labels": dataset.get("labels", {})}
        for place, keys in places.items():
            for key in PATHS:
                if (path := keys.get(key, "")).startswith("~"):
                    try:
                        keys[key] = str(Path(path).expanduser())
                    except RuntimeError:
                        where = ".".join(filter(None, ("datasets", name, place, key)))
                        raise StudyError(f"{where}: {path} begins with ~ and is nobody's home; write ./~ if meant") from None


def source_fingerprint(dataset: Mapping[str, Any]) -> str:
    """Return what a user's own data, or a pool, are known by, wherever they lie: names and sizes, checksums inside an ``.npz``.

    Empty for other sources, which cannot change. Raises ``StudyError`` where the data are not there or cannot be read.
    """
    if dataset["source"] == "folder":
        return fingerprint(image_tree(Path(dataset["root"])))
    if dataset["source"] == "arrays":
        return fingerprint_of_arrays(Path(dataset["file"]))
    return ""


def fingerprint_of_arrays(path: Path) -> str:
    """Return a digest of the checksums inside an ``.npz``; raise ``StudyError`` where it is away or none."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile
        return fingerprint_of_reference(path)
    except zipfile.BadZipFile:
        raise StudyError(f"{path} is damaged or not an .npz of plain arrays; replace it and run again") from None
    except OSError as error:
        raise AbsentError(f"{path} cannot be read ({error.strerror})") from None


def present_sources(config: Mapping[str, Any], resources: Path = Path("resources")) -> dict[str, str]:
    """Return the fingerprint of each data set's source.

    Raises ``StudyError`` where a source is away, or lacks a class that results were made from: Snakemake would take it for
    changed, and begin by deleting what was prepared.
    """
    found: dict[str, str] = {}
    for name, dataset in config["datasets"].items() if SOURCES_ASKED.get() else ():
        prepared = Path("results") / config["study"] / name / "dataset.npz"
        try:
            _check_scored(dataset)
            _check_pools(dataset)
            _check_references(dataset)
            found[name] = _present_source(dataset, prepared, resources)
        except AbsentError as error:
            if not prepared.is_file():
                raise StudyError(f"datasets.{name}: {error}") from None
            key = {"folder": "root", "arrays": "file"}[dataset["source"]]
            made = f"results were made from {_prepared_images(prepared):,} images: mount it, or change `{key}`"
            raise StudyError(f"datasets.{name}: {error}; {made}") from None
        except StudyError as error:
            raise StudyError(f"datasets.{name}: {error}") from None
    return found


def _present_source(dataset: Mapping[str, Any], prepared: Path, resources: Path) -> str:
    if dataset["source"] == "torchvision" and not prepared.is_file():
        _check_archives(dataset, resources)
    if dataset["source"] != "folder":
        return source_fingerprint(dataset)
    tree = image_tree(Path(dataset["root"]))
    if prepared.is_file():
        _check_classes(tree, prepared)
    return fingerprint(tree)


def _check_scored(dataset: Mapping[str, Any]) -> None:
    for key, scored in scored_sets(dataset).items():
        try:
            if scored.file:
                fingerprint_of_arrays(Path(scored.file))
        except AbsentError as error:
            raise StudyError(f"scored.{key}.file: {error}; mount it, or name another") from None


def _check_pools(dataset: Mapping[str, Any]) -> None:
    for name, keys in dataset.get("pools", {}).items():
        try:
            source_fingerprint(keys)
        except AbsentError as error:
            raise StudyError(f"pools.{name}: {error}; mount it, or name another") from None


def _check_references(dataset: Mapping[str, Any]) -> None:
    named = {f"references.{name}": keys for name, keys in dataset.get("references", {}).items()}
    for name, keys in (named | {"labels": dataset.get("labels")}).items():
        try:
            if keys:
                fingerprint_of_reference(Path(keys["file"]))
        except OSError as error:
            where = f"{name}.file: {keys['file']} cannot be read ({error.strerror})"
            raise StudyError(f"{where}; mount it, name another, or leave {name} out") from None


def _check_classes(tree: ImageTree, prepared: Path) -> None:
    before = [str(name) for name in read_arrays(prepared, "class_names")["class_names"]]
    held = [{tree.class_names[file.label] for file in files} for files in tree.splits.values()]
    # Other classes are other data, which a changed `root` may well mean.
    if set(tree.class_names) <= set(before):
        for name in before:
            if not all(name in names for names in held):
                raise AbsentError(f"{tree.root} holds no images of class {name!r} (delete {prepared} if it is to go)")


def _check_archives(dataset: Mapping[str, Any], resources: Path) -> None:
    if folder := dataset.get("archive_folder"):
        for archive in ARCHIVES[dataset["name"]]:
            path = Path(folder) / archive.filename
            if not (resources / archive.filename).is_file() and not path.is_file():
                raise StudyError(f"{path} does not exist; put {archive.filename} from {archive.url} there")


def _prepared_images(prepared: Path) -> int:
    return sum(map(len, read_arrays(prepared, "train_labels", "test_labels").values()))
