"""What a study file says of pools: other images of a data set's classes."""

from collections.abc import Mapping
from typing import Any

from hbr.data.pools import PoolKeys
from hbr.errors import StudyError
from hbr.study.scored import TRAIN


def pools_of_dataset(dataset: Mapping[str, Any]) -> dict[str, PoolKeys]:
    """Return the pools of a data set by name; raise ``StudyError`` where one says too much or too little."""
    found = {}
    for name, keys in dataset.get("pools", {}).items():
        # Networks score both, each under its name.
        if name in {TRAIN, "test", *dataset.get("scored", {})}:
            raise StudyError(f"pools.{name}: is the name of a scored set; write another")
        try:
            found[name] = PoolKeys.of(**keys)
        except StudyError as error:
            raise StudyError(f"pools.{name}.{error}") from None
    return found
