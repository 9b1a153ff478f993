"""A finished study as one archive that somebody else can audit and go on with, and back again."""

import json
import os
import shutil
import tarfile
import tempfile
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import pyarrow.parquet as pq

from hbr.data.files import read_arrays, replacing, sha256_of
from hbr.errors import StudyError, one_line, printable
from hbr.study.audit.findings import Check
from hbr.study.audit.record import RECORD, artifacts_under, check_record, version_of
from hbr.study.costs import outcomes_of
from hbr.study.crate import CRATE, crate_of, is_inside, parts_of, told_by
from hbr.study.finished import check_trained_as

# What Snakemake knows of each result: without it, it would go by dates, and a fresh clone is younger than any result.
METADATA = Path(".snakemake/metadata")
OWN = Path("studies/own")
_PLACES = ("results", "reports", "benchmarks/results", "lists")
# What was installed, to be looked up; a clone keeps its own.
_LOCK = Path("requirements.lock")
_PICTURES = ("dataset.npz", "pool.npz")


def files_of(study_file: Path, config: Mapping[str, Any], hidden: Mapping[str, list[str]] | None = None) -> dict[str, Path]:
    """Return what an archive of a finished study holds: path inside of it, and where each file is, sorted.

    ``hidden`` are figures that show training images, by chapter, where these and all prepared images are to be left out.
    Raises ``StudyError`` where the study is not finished, was changed since, or has a file of a name that none is unpacked by.
    """
    name = config["study"]
    if not _is_study_file(_inside(study_file).as_posix()):
        raise StudyError(f"{study_file} would not be unpacked; end its name in .yaml, outside of hidden folders and workflow/")
    _check_finished(study_file, config, hidden)
    found = [path for place in _PLACES for path in _all_under(Path(place) / name)]
    if hidden is not None:
        found = [path for path in found if not _shows_images(path, hidden)]
    records = [path for path, target in _records() if any(_is_under(target, Path(place) / name) for place in _PLACES)]
    files = {path.as_posix(): path for path in (*found, *records)}
    files[_inside(study_file).as_posix()] = study_file
    if _LOCK.is_file():
        files[_LOCK.as_posix()] = _LOCK
    return dict(sorted(files.items()))


def pack(archive: Path, study_file: Path, config: Mapping[str, Any], hidden: Mapping[str, list[str]] | None = None) -> int:
    """Write the archive, a ``.tar.gz``, and return how many files it holds; ``hidden`` as for :func:`files_of`."""
    files = files_of(study_file, config, hidden)
    machines = [str(read_arrays(path, "machine")["machine"]) for path in outcomes_of(config["study"], "*")]
    version = version_of(Path("results") / config["study"] / next(iter(config["datasets"])))
    crate = crate_of(config["study"], _inside(study_file).as_posix(), files, machines, hidden is None, version)
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder, replacing(archive) as temporary:
        metadata = Path(folder) / CRATE
        metadata.write_text(json.dumps(crate, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        with tarfile.open(temporary, "w:gz", format=tarfile.PAX_FORMAT) as packed:
            for name, path in {CRATE: metadata, **files}.items():
                packed.add(path.resolve(), name, recursive=False, filter=_nobodys)
    return len(files)


def unpack(archive: Path, here: Path = Path()) -> tuple[Path, str, bool]:
    """Put what an archive holds into a clone of the project; return study file, version, and whether images are in it.

    Everything is unpacked aside and held against the checksums of the crate first. Raises ``StudyError`` where the archive is
    damaged, holds what its crate does not name, or where the clone has results, or a study file, of that name already.
    """
    if archive == Path():
        raise StudyError("no archive is named; write make unpack FILE=<study>.tar.gz")
    if not archive.is_file():
        raise StudyError(f"{archive} does not exist; name an archive of `make pack` (FILE=...)")
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=here) as folder:
        aside = Path(folder)
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(aside, filter="data")
            crate = json.loads((aside / CRATE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StudyError(f"{archive} holds no {CRATE}; name an archive of `make pack`") from None
        except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
            raise StudyError(
                f"{archive} is damaged or no archive of `make pack` ({one_line(error)}); have it sent again"
            ) from None
        study, study_file, version, pictures = told_by(crate)
        _check(archive, aside, crate, study, study_file)
        target = _place_of_study(aside / study_file, here / study_file, here / OWN / f"{study}.yaml")
        for place in _PLACES:
            if (here / place / study).exists() and (aside / place / study).exists():
                raise StudyError(f"{here / place / study} is there already; move it away, or unpack into another clone")
        _move([(aside / place / study, here / place / study) for place in _PLACES if (aside / place / study).exists()])
        for path in sorted(_all_under(aside / METADATA, hidden=True)):
            kept = here / path.relative_to(aside)
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)
        target.parent.mkdir(parents=True, exist_ok=True)
        (aside / study_file).replace(target)
    return target, version, pictures


def _check(archive: Path, aside: Path, crate: Mapping[str, Any], study: str, study_file: str) -> None:
    # A study file is only ever a study file: nothing of the project is replaced by it.
    if not _is_study_file(study_file):
        raise StudyError(f"{archive} names {printable(study_file)}, which is no study file; it is not unpacked")
    parts = parts_of(crate)
    if study_file not in parts:
        raise StudyError(f"{archive} does not hold its study file, {printable(study_file)}; it is not unpacked")
    present = {path.relative_to(aside).as_posix() for path in _all_under(aside, hidden=True)} - {CRATE}
    if odd := sorted(present ^ set(parts)):
        what = f"not named in {CRATE}" if odd[0] in present else "missing"
        raise StudyError(f"{archive}: {printable(odd[0])} is {what}; the archive was changed")
    allowed = tuple(f"{place}/{study}/" for place in _PLACES)
    for name, part in parts.items():
        known = name.startswith(allowed) or name in (study_file, _LOCK.as_posix())
        if name.startswith(f"{METADATA}/"):
            target = _target_of(PurePosixPath(name).relative_to(METADATA))
            known = target is not None and f"{target}/".startswith(allowed)
        if not known or not is_inside(name):
            raise StudyError(f"{archive} holds {printable(name)}, which is no part of a study; it is not unpacked")
        path = aside / name
        if path.stat().st_size != part.size or sha256_of(path) != part.sha256:
            raise StudyError(f"{archive}: {printable(name)} is not what its checksum says; have the archive sent again")


def _check_finished(study_file: Path, config: Mapping[str, Any], hidden: Mapping[str, list[str]] | None) -> None:
    name = config["study"]
    first = f"make run STUDY={study_file} first"
    for dataset in config["datasets"]:
        if not (record := Path("results") / name / dataset / RECORD).is_file():
            raise StudyError(f"{record} is missing: the study is not finished; {first}")
    if not (page := Path("reports") / name / "index.html").is_file():
        raise StudyError(f"{page} is missing: the study is not finished; {first}")
    check_trained_as(study_file, config)
    for dataset in config["datasets"]:
        check = Check("what is packed")
        results, reports = (Path(place) / name / dataset for place in ("results", "reports"))
        # A study that came without pictures can be handed on without them.
        check_record(results, reports, check, lambda path: hidden is not None and _may_show_images(path, hidden))
        if check.problems:
            more = f" (and {len(check.problems) - 1:,} more)" if len(check.problems) > 1 else ""
            raise StudyError(f"{check.problems[0]}{more}; {first}")


def _is_study_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml", ".json")) and not name.startswith((".", "workflow/")) and is_inside(name)


def _move(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move folders to places where nothing is, on other disks too; where one cannot be moved, none is."""
    done: list[Path] = []
    try:
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            done.append(target)
            shutil.move(source, target)
    except BaseException:
        for target in done:
            shutil.rmtree(target, ignore_errors=True)
        raise


def _place_of_study(packed: Path, *places: Path) -> Path:
    for place in places:
        if not place.exists() or place.read_bytes() == packed.read_bytes():
            return place
    raise StudyError(f"{places[-1]} is another study file; rename it, and unpack again")


def _inside(study_file: Path) -> Path:
    """Return where a study file lies in an archive: as here, or with studies of own images where it lies outside."""
    relative = Path(os.path.relpath(study_file))
    return OWN / study_file.name if relative.parts[0] == ".." else relative


def _all_under(folder: Path, hidden: bool = False) -> list[Path]:
    if hidden:
        return sorted(path for path in folder.rglob("*") if path.is_file())
    records = sorted(folder.rglob(RECORD))
    return [*artifacts_under([folder]), *records]


def _records() -> Iterator[tuple[Path, Path]]:
    """Yield Snakemake's record of each result, and whose it is."""
    for path in _all_under(METADATA, hidden=True):
        if target := _target_of(path.relative_to(METADATA)):
            yield path, target


def _target_of(record: PurePath) -> Path | None:
    """Return whose a record of Snakemake is, by its path among them."""
    # Long names are cut into folders that begin with @.
    coded = "".join(part.removeprefix("@") for part in record.parts)
    try:
        return Path(urlsafe_b64decode(coded).decode())
    except ValueError:
        return None


def _is_under(path: Path, folder: Path) -> bool:
    return folder in path.parents


def _shows_images(path: Path, hidden: Mapping[str, list[str]]) -> bool:
    if path.parts[0] == "reports":
        figures = [figure for names in hidden.values() for figure in names]
        return path.stem in figures or path.name in {f"{chapter}.html" for chapter in hidden} | {"report.html"}
    return path.name in _PICTURES or (path.name == "plan.parquet" and "image" in pq.read_schema(path).names)


def _may_show_images(path: Path, hidden: Mapping[str, list[str]]) -> bool:
    return path.name == "plan.parquet" or _shows_images(path, hidden)


def _nobodys(item: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member without the name of whose computer it comes from; its date stays."""
    item.uid = item.gid = 0
    item.uname = item.gname = ""
    return item
