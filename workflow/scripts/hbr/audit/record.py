"""The record of a finished study: every artifact with its size and SHA-256."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from hbr.data.files import sha256_of

RECORD = "checksums.csv"


def artifacts_under(folders: Iterable[Path]) -> list[Path]:
    """Return every artifact in some folders, sorted: all files but the record, checkpoints and unfinished ones."""
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path.name != RECORD and not path.name.startswith((".", "checkpoint.")))


def record_of(folders: Iterable[Path]) -> pd.DataFrame:
    """Return path, bytes and SHA-256 of every artifact."""
    rows = [(path.as_posix(), path.stat().st_size, sha256_of(path)) for path in artifacts_under(folders)]
    return pd.DataFrame(rows, columns=["path", "bytes", "sha256"])
