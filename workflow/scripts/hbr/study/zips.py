"""A user's .zip of images, unpacked into a folder beside it: nothing is written outside of that, and nothing overwritten."""

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from hbr.data.trees import SUFFIXES, is_left_behind
from hbr.errors import StudyError, printable

_SAYS_UTF8 = 0x800


def unpacked_beside(archive: Path) -> tuple[Path, bool]:
    """Return the folder of the archive's name beside it, and whether it was unpacked now; not where it was before.

    Raises ``StudyError`` where the archive is damaged or locked, names files outside of the folder or does not fit on the disk,
    and where a folder of that name holds other files.
    """
    target = archive.with_suffix("")
    try:
        with zipfile.ZipFile(archive) as packed:
            files = {_place(archive, _name(item)): item for item in packed.infolist() if not item.is_dir()}
            if not files:
                raise StudyError(f"{archive} holds no files; name a .zip of a folder of pictures for each class")
            if target.exists():
                _check_same(archive, target, files)
                return target, False
            _extract(packed, files, target)
            return target, True
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise StudyError(f"{archive} is damaged or no .zip ({error}); pack or fetch it again") from None
    except RuntimeError:
        raise StudyError(f"{archive} is locked by a password; unpack it and name the folder") from None
    except OSError as error:
        raise StudyError(
            f"{archive} cannot be unpacked into {target} ({error.strerror}); copy it to where you may write, or unpack it and "
            "name the folder"
        ) from None


def _name(item: zipfile.ZipInfo) -> str:
    """Return the name of a file; most programs write UTF-8 without saying so, and what is none is in the old code page."""
    if item.flag_bits & _SAYS_UTF8:
        return item.filename
    try:
        return item.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return item.filename


def _place(archive: Path, name: str) -> PurePosixPath:
    place = PurePosixPath(name.replace("\\", "/"))
    if not place.parts or place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
        raise StudyError(f"{archive} holds {printable(name)!r}, which would lie outside of its folder; it is not unpacked")
    return place


def _check_same(archive: Path, target: Path, files: dict[PurePosixPath, zipfile.ZipInfo]) -> None:
    mend = "name the folder itself, or rename one of the two"
    for place, item in files.items():
        path = target / place
        if not path.is_file() or path.stat().st_size != item.file_size or _crc_of(path) != item.CRC:
            what = f"{printable(str(place))} of {archive.name} is not in it, or has another content"
            raise StudyError(f"{target} is there, but {what}; {mend}")
    for path in target.rglob("*"):
        place = PurePosixPath(path.relative_to(target).as_posix())
        if path.suffix.lower() in SUFFIXES and place not in files and not any(map(is_left_behind, place.parts)):
            raise StudyError(f"{target} is there and holds {printable(str(place))}, which {archive.name} does not; {mend}")


def _crc_of(path: Path) -> int:
    crc = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            crc = zlib.crc32(block, crc)
    return crc


def _extract(packed: zipfile.ZipFile, files: dict[PurePosixPath, zipfile.ZipInfo], target: Path) -> None:
    needed, free = sum(item.file_size for item in files.values()), shutil.disk_usage(target.parent).free
    if needed > free:
        raise StudyError(f"{packed.filename} holds {needed / 1e9:.1f} GB, and {target.parent} has room for {free / 1e9:.1f} GB")
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        fresh = Path(folder) / "fresh"
        for place, item in files.items():
            path = fresh / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(item) as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        fresh.mkdir(exist_ok=True)
        fresh.rename(target)
