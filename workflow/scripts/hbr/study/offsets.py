"""The offset of class hardness, set from the baseline where 0 would give a class more than twice its images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from hbr.data.files import read_table
from hbr.hardness.allocation import control_counts, sensible_offset
from hbr.hardness.estimators import estimator_of_study

OFFSET = ("resampling", "hardness_offset")


def hardness_tables(config: Mapping[str, Any]) -> dict[str, Path]:
    """Return by data set the table of class hardness that resampling goes by; none where nothing is resampled."""
    if not config["resampling"]["strategies"]:
        return {}
    estimator, results = config["resampling"]["estimators"][0], Path("results") / config["study"]
    return {dataset: results / dataset / f"hardness/{estimator}/classes.csv" for dataset in config["datasets"]}


def offset_by(config: Mapping[str, Any], estimator: str) -> float:
    """Return what is added to the class hardness of an estimator.

    A single number is in the unit of the first estimator that allocates, and of all others of its method and settings, no
    matter over which epochs or trainings; to others it would be another intervention.
    """
    given = config["resampling"]["hardness_offset"]
    if isinstance(given, Mapping):
        return float(given.get(estimator, 0))
    first = config["resampling"]["estimators"][0]
    one, other = ((found.method, found.settings) for found in (estimator_of_study(config, name) for name in (first, estimator)))
    return float(given) if one == other else 0.0


def needed_offset(tables: Mapping[str, pd.DataFrame], balance: str) -> float:
    """Return the least offset, at least 0, that is sensible (:func:`hbr.hardness.allocation.sensible_offset`) everywhere."""
    found = [
        sensible_offset(
            table["hardness"].to_numpy(), str(table["direction"].iloc[0]), control_counts(table["samples"].to_numpy(), balance)
        )
        for table in tables.values()
    ]
    return max(0.0, *found)


def is_unset(config: Mapping[str, Any]) -> bool:
    """Return whether a study says no offset, and none by estimator either."""
    given = config["resampling"]["hardness_offset"]
    return not given and not isinstance(given, Mapping)


def offset_to_set(config: Mapping[str, Any]) -> float | None:
    """Return the offset that a study should have, from its results; nothing where it needs none, or says one, or one by one."""
    if not is_unset(config):
        return None
    tables = {dataset: read_table(path) for dataset, path in hardness_tables(config).items() if path.is_file()}
    return needed_offset(tables, config["resampling"]["balance"]) or None if tables else None
