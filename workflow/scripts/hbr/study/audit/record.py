"""The record of a finished study: every artifact with its size, its SHA-256 and the version that made it."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from hbr.data.files import read_table, sha256_of
from hbr.errors import StudyError
from hbr.study.audit.findings import Check
from hbr.version import VERSION

RECORD = "checksums.csv"


def artifacts_under(folders: Iterable[Path]) -> list[Path]:
    """Return every artifact in some folders, sorted: all files but the record, checkpoints and unfinished ones."""
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    kept = (path for path in found if path.name != RECORD and not path.name.startswith((".", "checkpoint.")))
    return sorted(kept, key=Path.as_posix)


def record_of(folders: Iterable[Path]) -> pd.DataFrame:
    """Return path, bytes, SHA-256 and this version for every artifact."""
    rows = [(path.as_posix(), path.stat().st_size, sha256_of(path), VERSION) for path in artifacts_under(folders)]
    return pd.DataFrame(rows, columns=["path", "bytes", "sha256", "version"])


def check_record(results: Path, reports: Path, check: Check, away: Callable[[Path], bool] = lambda path: False) -> None:
    """Hold what lies in the two folders of a data set against its record, which lies in the first.

    ``away`` says of a file whether it may be missing.
    """
    if not (results / RECORD).is_file():
        raise StudyError(f"{results / RECORD} is missing: the study is not finished; run it first")
    record = read_table(results / RECORD).set_index("path")
    present = {path.as_posix() for path in artifacts_under([results, reports])}
    check.artifacts += len(record)
    for path in sorted(set(record.index) - present):
        check.expect(away(Path(path)), f"{path} is recorded, but missing")
    for path in sorted(present - set(record.index)):
        check.expect(False, f"{path} is not recorded; remove it, or run the study to its end")
    for path in sorted(present & set(record.index)):
        check.expect(sha256_of(path) == record.at[path, "sha256"], f"{path} was changed after the study ended")


def version_of(results: Path) -> str:
    """Return the version that a record was written by; those before 0.2.0 did not say."""
    record = read_table(results / RECORD)
    if record.empty:
        raise StudyError(f"{results / RECORD} is empty; run the study to its end")
    return str(record["version"].iloc[0]) if "version" in record else "before 0.2.0"
