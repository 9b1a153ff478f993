"""Atomic and deterministic writing: a reader finds the old file or the whole new one; equal content gives equal bytes."""

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hbr.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the target's folder; rename it to the target on success, remove it on failure."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files only their owner can read; results are shared.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


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
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in names or archive.files}
    # A plain array under an .npz name is no context manager, hence TypeError.
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise StudyError(f"{path} is damaged or not an .npz of plain arrays ({error}); delete it and run again") from None


def write_table(path: str | os.PathLike[str], table: "pd.DataFrame") -> None:
    """Write a table as Parquet or CSV, as the file's ending says."""
    with replacing(path) as temporary:
        if str(path).endswith(".parquet"):
            table.to_parquet(temporary, index=False)
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")


def read_table(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Return a table from Parquet or CSV, as the file's ending says."""
    import pandas as pd

    return pd.read_parquet(path) if str(path).endswith(".parquet") else pd.read_csv(path, keep_default_na=False, na_values=[""])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
