"""What a study file says of references: people's judgements, or other networks', of a data set's images."""

from collections.abc import Mapping
from typing import Any

from hbr.data.references import ReferenceKeys
from hbr.errors import StudyError


def references_of_dataset(dataset: Mapping[str, Any]) -> dict[str, ReferenceKeys]:
    """Return the references of a data set by name; raise ``StudyError`` where one says too much or too little."""
    found = {}
    for name, keys in dataset.get("references", {}).items():
        try:
            found[name] = ReferenceKeys.of(**keys)
        except StudyError as error:
            raise StudyError(f"references.{name}.{error}") from None
    return found
