"""References that were prepared, as what compares with them reads them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hbr.data.files import read_arrays
from hbr.errors import StudyError

# The kinds that are people's judgements of images.
PEOPLE = ("votes", "labels")


def load_reference(path: Path, dataset: Path) -> Mapping[str, np.ndarray]:
    """Return the arrays of a prepared reference; raise ``StudyError`` where they are not of the prepared ``dataset``."""
    arrays = read_arrays(path)
    if str(arrays["dataset"]) != str(read_arrays(dataset, "checksum")["checksum"]):
        raise StudyError(f"{path} is of other data than {dataset}: delete it and run again")
    return arrays
