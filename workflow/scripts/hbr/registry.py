"""What an entry of a registry may be set by in a study file: stated where the entry is, read by schema, checks and commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hbr.errors import StudyError

# Whose rules a study takes where the authors' public code differs: its own, or those of a version of the paper.
COMPAT = ("none", "v1", "v2")


@dataclass(frozen=True)
class Setting:
    """A key of its own: what it means, its values as JSON schema, and its default, ``None`` where it must be given.

    ``default_v1`` is the default of studies with ``compat: v1`` or ``v2``, where it differs.
    """

    description: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    default: Any = None
    default_v1: Any = None

    def default_of(self, compat: str) -> Any:
        """Return the default of studies of this ``compat``."""
        return self.default_v1 if compat != "none" and self.default_v1 is not None else self.default


def choice(description: str, *values: str, v1: str | None = None) -> Setting:
    """Return a setting that is one of some words, the first by default."""
    return Setting(description, {"enum": list(values)}, values[0], v1)


def complete(owner: str, own: Mapping[str, Setting], given: Mapping[str, Any], compat: str = "none") -> dict[str, Any]:
    """Return a value for every setting of an entry; raise ``StudyError``, key first, on one that it lacks or does not have.

    Numbers are given back as the default or the schema has them, so that 1 and 1.0 are one setting.
    """
    for key in given:
        if key not in own:
            raise StudyError(f"{key}: {owner} has no such key; it takes {', '.join(own) or 'none of its own'}")
    found = {}
    for key, setting in own.items():
        value = given.get(key, setting.default_of(compat))
        if value is None:
            raise StudyError(f"{key}: {owner} needs it ({setting.description})")
        if value not in setting.schema.get("enum", [value]):
            raise StudyError(f"{key}: {value!r} is none of {', '.join(setting.schema['enum'])}")
        found[key] = float(value) if setting.schema.get("type") == "number" else value
    return found
