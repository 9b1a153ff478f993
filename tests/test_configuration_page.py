"""docs/configuration.md says what the schema says.

`WRITE_PAGE=1 python -m pytest tests/test_configuration_page.py` writes the page anew.
"""

import os
import re

import pytest
import yaml
from configuration_page import ENTRIES, page, values
from conftest import ROOT

from hbr.study.configuration import SETTINGS
from hbr.study.studies import SCHEMA

PAGE = ROOT / "docs/configuration.md"


@pytest.fixture(scope="module")
def cells() -> dict[str, list[str]]:
    """Return the cells of each row by section and key."""
    if "WRITE_PAGE" in os.environ:
        PAGE.write_text(page())
    found: dict[str, list[str]] = {}
    section = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ").strip("`")
        elif row := re.match(r"\| `(\S+)` \| (.*) \|$", line):
            assert f"{section} {row[1]}" not in found, line
            found[f"{section} {row[1]}"] = [cell.strip() for cell in re.split(r"(?<!\\)\|", row[2])]
    return found


def test_the_page_is_what_the_schema_says(cells):
    assert PAGE.read_text() == page(), __doc__


def test_every_section_stands_on_the_page(cells):
    sections = [key for key, value in yaml.safe_load(SCHEMA.read_text())["properties"].items() if value.get("type") == "object"]
    assert {key.split()[0] for key in cells} == {"At", *sections}


@pytest.mark.parametrize(
    ("key", "told", "default"),
    [
        ("recipes <name>.learning_rate", "number, above 0", "*required*"),
        ("recipes <name>.momentum", "number, at least 0, below 1", "`0.9`"),
        ("recipes <name>.schedule", "`step`, `cosine`, `one-cycle`", "`cosine`"),
        ("recipes <name>.milestones", "list (up to 100): whole number, 1 to 100000", "`[]`"),
        ("statistics metrics", "list (at least 1): `recall`, `precision`", "`[recall]`"),
        ("datasets <name>.width", "whole number, 1 to 4096", ""),
        ("datasets <name>.pools.<name>.components", "whole number, 1 to 1000", "`3`"),
    ],
)
def test_a_row_says_values_and_default(cells, key, told, default):
    assert cells[key][:2] == [told, default]


def test_keys_of_some_entries_alone_name_them(cells):
    assert cells["datasets <name>.root"][2].endswith("(with source folder, which needs it)")
    assert cells["datasets <name>.pools.<name>.file"][2].endswith("(of arrays)")
    assert {name: {key for own in ENTRIES[name].values() for key in own} for name in ENTRIES} == {
        name: set(known()) for name, known in SETTINGS.items()
    }


def test_values_of_several_types_and_of_registries_are_told():
    assert values({"type": ["integer", "array"], "minimum": 1, "minItems": 1, "items": {"type": "integer"}}) == (
        "whole number, at least 1 or list (at least 1): whole number"
    )
    assert "`smote`" in values({"registry": "oversampling"})
