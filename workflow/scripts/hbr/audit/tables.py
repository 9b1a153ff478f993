"""Whether a file is what its making again gives."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.data.files import read_arrays, write_table
from hbr.errors import StudyError


def same_bytes(path: Path, table: pd.DataFrame) -> bool:
    """Return whether writing ``table`` gives the very bytes of the file."""
    if not path.is_file():
        raise StudyError(f"{path} is missing")
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder:
        again = Path(folder) / path.name
        write_table(again, table)
        return again.read_bytes() == path.read_bytes()


def same_arrays(path: Path, **arrays: np.ndarray) -> bool:
    """Return whether a file holds these arrays and no others."""
    found = read_arrays(path)
    return set(found) == set(arrays) and all(np.array_equal(found[name], array) for name, array in arrays.items())
