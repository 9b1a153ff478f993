"""Atomic and deterministic writing: a reader finds the old file or the whole new one; equal content gives equal bytes."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hbr.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# Columns of names that users give: class "007" would be read as the number 7.
_TEXT_COLUMNS = dict.fromkeys(
    (
        *("id", "class_name", "suggested_name", "preferred", "most_class_name", "least_class_name"),
        *("dataset", "estimator", "rule", "pool", "people", "reference"),
    ),
    str,
)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the target's folder; rename it to the target on success, remove it on failure."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    with naming(target):
        try:
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix)
            os.close(descriptor)
            temporary = Path(name)
            yield temporary
            # mkstemp makes files only their owner can read; results are shared.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(target)
        finally:
            # By its name: a signal may have come before it was known here.
            remove_leftovers(target)


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Give an ``OSError`` of writing ``target`` its name: Python forgets it after the file is open."""
    try:
        yield
    except OSError as error:
        temporary = isinstance(error.filename, str) and Path(error.filename).name.startswith(f".{target.name}.")
        if error.errno is not None and (error.errno in DISK_ERRORS or temporary):
            raise OSError(error.errno, os.strerror(error.errno), str(target)) from None
        raise


def remove_leftovers(target: Path) -> None:
    """Remove temporary files of writers of ``target`` that were killed and could not do it themselves."""
    for entry in list(target.parent.iterdir()) if target.parent.is_dir() else ():
        if entry.name.startswith(f".{target.name}."):
            entry.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_arrays(path: str | os.PathLike[str], **arrays: np.ndarray) -> None:
    """Write named arrays as an uncompressed ``.npz``, sorted by name; NumPy stamps no date into it."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects, which would need pickle")
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})


def read_arrays(path: str | os.PathLike[str], *names: str) -> Mapping[str, np.ndarray]:
    """Return the named arrays of an ``.npz``, or all; pickled objects are refused, damage is reported by file name."""
    with reading(path, "an .npz of plain arrays"), np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in names or archive.files}


def write_table(path: str | os.PathLike[str], table: "pd.DataFrame") -> None:
    """Write a table as Parquet or CSV, as the file's ending says."""
    with replacing(path) as temporary:
        if str(path).endswith(".parquet"):
            table.to_parquet(temporary, index=False, write_page_checksum=True)
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")


def read_table(path: str | os.PathLike[str], *columns: str) -> "pd.DataFrame":
    """Return a table from Parquet or CSV, as the file's ending says; damage, or a lack of ``columns``, is reported by name."""
    import pandas as pd

    with reading(path, "a table"):
        if str(path).endswith(".parquet"):
            table = pd.read_parquet(path, page_checksum_verification=True)
        else:
            table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=_TEXT_COLUMNS)
        if missing := [column for column in columns if column not in table]:
            raise ValueError(f"it has no column {missing[0]!r}")
        return table


@contextmanager
def reading(path: str | os.PathLike[str], kind: str) -> Iterator[None]:
    """Turn whatever the bytes of a file make its reader raise into a ``StudyError`` with the file's name."""
    try:
        yield
    except StudyError:
        raise
    except MemoryError as error:
        raise StudyError(f"{path} does not fit into memory ({error}); use less data or more memory") from None
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        # Arrow forgets the number and the name of a file that is missing.
        if isinstance(error, FileNotFoundError):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path)) from None
        message = " ".join(str(error).split())
        raise StudyError(f"{path} is damaged or not {kind} ({message}); delete or replace it and run again") from None


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint_of(content: bytes) -> bytes:
    """Return 16 bytes that tell the contents of images apart: a quick hash, for sets of many in memory."""
    return hashlib.blake2b(content, digest_size=16).digest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
