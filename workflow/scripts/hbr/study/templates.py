"""Study files filled in: values of a commented YAML text replaced where they stand, its comments kept."""

from collections.abc import Mapping
from typing import Any

import yaml

Path = tuple[str, ...]


def filled(text: str, values: Mapping[Path, Any], names: Mapping[Path, str] | None = None) -> str:
    """Return a YAML text with other ``values`` and other ``names`` of keys, by the path of keys that leads there.

    Values are scalars, or lists and mappings where the text has them in one line. Comments stay in their column where they
    can. Raises ``KeyError`` where the text has no such path.
    """
    root: yaml.Node = yaml.compose(text)  # type: ignore[assignment]
    nodes, keys = dict(_nodes(root)), dict(_keys(root))
    changes = [(nodes[path], _written(value)) for path, value in values.items()]
    changes += [(keys[path], _written(name)) for path, name in (names or {}).items()]
    # From the end, so that what comes before keeps its place.
    for node, new in sorted(changes, key=lambda change: -change[0].start_mark.index):
        text = _replaced(text, node.start_mark.index, node.end_mark.index, new)
    return text


def value_at(config: Mapping[str, Any], path: Path) -> Any:
    """Return the value that a path of keys leads to."""
    found: Any = config
    for key in path:
        found = found[key]
    return found


def _replaced(text: str, start: int, end: int, new: str) -> str:
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    rest, line = text[end:stop], text.rfind("\n", 0, start) + 1
    before, gap = text[line:start] + new, len(rest) - len(rest.lstrip(" "))
    if gap > 1 and rest.lstrip(" ").startswith("#"):
        column = end - line + gap
        rest = " " * max(2, column - len(before)) + rest.lstrip(" ")
    return text[:line] + before + rest + text[stop:]


def _written(value: Any) -> str:
    """Return a value as one line of YAML, text in quotes where it needs them."""
    if isinstance(value, str):
        plain = yaml.safe_dump(value, allow_unicode=True, width=float("inf")).removesuffix("\n...\n").removesuffix("\n")
        return plain if "\n" not in plain else yaml.safe_dump(value, default_style='"', width=float("inf")).strip()
    return yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False).removesuffix("\n...\n").strip()


def _nodes(node: yaml.Node, path: Path = ()) -> "list[tuple[Path, yaml.Node]]":
    found = [(path, node)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found += _nodes(value, (*path, key.value))
    return found


def _keys(node: yaml.Node, path: Path = ()) -> "list[tuple[Path, yaml.Node]]":
    found = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found += [((*path, key.value), key), *_keys(value, (*path, key.value))]
    return found
