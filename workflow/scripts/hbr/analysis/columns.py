"""The columns that say which condition a row is of, and what is said of conditions beside."""

import numpy as np
import pandas as pd

from hbr.errors import StudyError

# How tables call a row's condition.
WHO = ["dataset", "condition"]
# Kinds of conditions that are resampled by hardness: of all data, and of limited data.
RESAMPLED = ["resampled", "limited"]


def with_conditions(table: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    """Return a table with what ``conditions`` says of each row's condition; of its reference also kind, label, oversampling.

    ``conditions`` is ``conditions.csv`` of the study: :class:`hbr.conditions.kind.Condition` says what its columns mean, and
    what does not apply is empty. Columns that the table has are kept. Raises ``StudyError`` where a condition is not there.
    """
    known = conditions.set_index("condition")
    named = [*table["condition"], *(table["reference"].dropna() if "reference" in table else ())]
    if strange := sorted({str(name) for name in named} - {str(name) for name in known.index}):
        raise StudyError(f"conditions.csv does not know {strange[0]}; one of the tables is of another study: run it again")
    joined = {str(part): table["condition"].map(known[part]) for part in known if part not in table}
    if "reference" in table:
        parts = {f"reference_{part}": part for part in ("kind", "label", "oversampling") if part in known}
        joined |= {name: table["reference"].map(known[part]) for name, part in parts.items() if name not in table}
    return table.assign(**joined)


def hard_classes(allocation: pd.DataFrame) -> np.ndarray:
    """Return a boolean a class, in the order of the labels: whether its allocation groups it with the hard ones."""
    return (allocation["group"] == "hard").to_numpy()


def against_control(differences: pd.DataFrame) -> pd.Series:
    """Return whether each row compares with a control: of the data, or of the samples that its hardness comes from."""
    return differences["reference_kind"] == "control"
