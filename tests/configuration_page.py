"""The page of all keys of a study file, from the schema and from what entries of registries state themselves."""

import html
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from hbr.conditions import noise
from hbr.conditions.kind import registered
from hbr.conditions.strategies import NONE
from hbr.data import pools, references
from hbr.hardness import estimators
from hbr.registry import Setting
from hbr.study.configuration import _REQUIRED, SOURCE_KEYS
from hbr.study.studies import SCHEMA

Schema = Mapping[str, Any]
HEAD = """\
# Keys of a study file

A study is one YAML file; [config.yaml](../config.yaml) is one with a remark beside each key. Every other key is refused
by name. [what-reruns.md](what-reruns.md) says what reruns after a change of each.

`<name>` stands for a name of yours, `[]` for each entry of a list. A key that says *required* must be given; where the
default is empty, a key that is left out has no effect, or its description says what holds then.

This page is written from the schema (`workflow/scripts/hbr/study/config.schema.yaml`) and from what estimators, rules of label
noise, pools and references state where they are defined: `WRITE_PAGE=1 python -m pytest tests/test_configuration_page.py`
writes it anew.
"""
TYPES = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text", "object": "keys below"}
BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
# Of each registry, entry by entry, the keys that it takes.
ENTRIES: dict[str, Mapping[str, Mapping[str, Setting]]] = {
    "estimators": {name: method.settings for name, method in estimators.METHODS.items()},
    "rules": {name: method.settings for name, method in noise.METHODS.items()},
    "pools": pools.SOURCES,
    "references": references.KINDS,
}


def page() -> str:
    """Return the page: a table of the keys that are no section, then one for each section, in the order of the schema."""
    schema = yaml.safe_load(SCHEMA.read_text())
    required = schema["required"]
    sections = {key: value for key, value in schema["properties"].items() if value.get("type") == "object"}
    above = [_row(key, value, key in required) for key, value in schema["properties"].items() if key not in sections]
    parts = [HEAD, _table("At the top", "", above)]
    for key, value in sections.items():
        also = " *Required.*" if key in required else ""
        default = f" Left out, it is `{_plain(value['default'])}`." if value.get("default") else ""
        parts.append(_table(f"`{key}`", f"{_text(value['description'])}.{also}{default}", list(rows(value))))
    return "\n".join(parts)


def rows(schema: Schema, path: str = "") -> Iterator[str]:
    """Yield a row for each key below an object of the schema."""
    for key, value in schema.get("properties", {}).items():
        yield _row(f"{path}{key}", value, key in schema.get("required", []), _sources(path, key))
        yield from rows(value.get("items", {}), f"{path}{key}[].")
        yield from rows(value, f"{path}{key}.")
    if isinstance(inner := schema.get("additionalProperties"), Mapping):
        names = schema.get("propertyNames", {}).get("description")
        yield _row(f"{path}<name>", inner, False, names)
        yield from rows(inner, f"{path}<name>.")
    if "settingsOf" in schema:
        yield from _settings(schema["settingsOf"], path)


def values(schema: Schema) -> str:
    """Return in words which values a key takes."""
    if "enum" in schema:
        return ", ".join(f"`{_plain(value)}`" for value in schema["enum"])
    if "registry" in schema:
        return ", ".join(f"`{name}`" for name in (NONE, *registered(schema["registry"])))
    types = schema.get("type", [])
    # A list of types shares the bounds of the schema, but a list has its own of entries.
    return " or ".join(_one_type(one, schema) for one in ([types] if isinstance(types, str) else types))


def _one_type(name: str, schema: Schema) -> str:
    if name == "array":
        inner = schema["items"]
        entries = "entries with the keys below" if "properties" in inner else values(inner)
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        count = f"{least} to {most}" if least and most else f"at least {least}" if least else f"up to {most}" if most else ""
        return f"list ({count}): {entries}" if count else f"list: {entries}"
    if name not in ("integer", "number"):
        return TYPES[name]
    if "minimum" in schema and "maximum" in schema:
        return f"{TYPES[name]}, {schema['minimum']} to {schema['maximum']}"
    return ", ".join([TYPES[name], *(f"{word} {schema[key]}" for key, word in BOUNDS.items() if key in schema)])


def _settings(registry: str, path: str) -> Iterator[str]:
    """Yield a row for each key that entries of a registry take."""
    entries = ENTRIES[registry]
    for key in dict.fromkeys(key for settings in entries.values() for key in settings):
        owners = [name for name, settings in entries.items() if key in settings]
        setting = entries[owners[0]][key]
        default = {} if setting.default is None else {"default": setting.default}
        remark = f"of {', '.join(owners)}"
        if setting.default_v1 is not None:
            remark += f"; with compat v1 or v2 the default is {_plain(setting.default_v1)}"
        schema = {"description": setting.description, **setting.schema, **default}
        yield _row(f"{path}{key}", schema, setting.default is None, remark)


def _sources(path: str, key: str) -> str | None:
    """Return which sources of a data set take or need a key, where not all do."""
    if path != "<name>.":
        return None
    takers = [
        f"{source}{', which needs it' * (key in _REQUIRED[source])}" for source, keys in SOURCE_KEYS.items() if key in keys
    ]
    return f"with source {'; '.join(takers)}" if takers else None


def _row(path: str, schema: Schema, required: bool, remark: str | None = None) -> str:
    default = "*required*" if required else f"`{_plain(schema['default'])}`" if "default" in schema else ""
    told = _text(schema["description"]) + (f" ({_text(remark)})" if remark else "")
    return f"| `{path}` | {_text(values(schema))} |{f' {default} ' if default else ' '}| {told} |"


def _table(title: str, told: str, lines: list[str]) -> str:
    head = f"## {title}\n\n" + (f"{told[0].upper()}{told[1:]}\n\n" if told else "")
    return "\n".join([head + "| key | values | default | meaning |", "|---|---|---|---|", *lines]) + "\n"


def _plain(value: object) -> str:
    """Return a value as a study file has it, in one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n").removesuffix("\n...")


def _text(text: str) -> str:
    """Return text that neither HTML nor a table takes apart."""
    return html.escape(text, quote=False).replace("|", "\\|")
