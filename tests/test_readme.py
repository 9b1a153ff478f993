"""README and docs: commands, studies and measured numbers that are there, and links that lead somewhere."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NUMBER = r"[+-]?\d+(?:\.\d+)?"


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_a_page_that_readers_need_is_linked_from_the_readme():
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", README))
    assert linked == {f"docs/{page.name}" for page in PAGES if page.parent.name == "docs"}


def test_the_two_commands_are_targets_and_the_readme_is_short():
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"run", "test"} <= targets
    assert all(re.search(rf"^make {command} +#", README, flags=re.MULTILINE) for command in ("run", "test"))
    assert len(README.splitlines()) <= 150


def test_every_study_has_a_row_with_its_cost():
    rows = re.findall(r"^\| `(\S+\.yaml)` \| .+ \| .*\|$", README, flags=re.MULTILINE)
    assert sorted(rows) == sorted(["config.yaml", *(f"studies/{path.name}" for path in (ROOT / "studies").glob("*.yaml"))])


def test_numbers_of_what_was_found_are_those_of_the_reference():
    found = README.split("## What was found so far")[1].split("\n## ")[0]
    told = [re.split(r" \| ", line.strip("| ")) for line in found.splitlines() if re.match(r"\| [a-z]", line)]
    assert len(told) == 6
    for column, study in enumerate(("cifar10-quick-cpu", "cifar10-cpu", "cifar10-cpu-long"), start=1):
        folder = ROOT / "reports/reference" / study / "cifar10"
        conditions = pd.read_csv(folder / "conditions.csv").set_index("label")
        changes = pd.read_csv(folder / "gap_changes.csv").query("metric == 'recall' and gap == 'max_min'")
        changes = changes.set_index(["condition", "reference"])[["difference", "lower", "upper"]]
        resampled = "random / easy, alpha 1"
        placebo = f"placebo shuffled: {resampled}"
        measured = [
            [conditions.accuracy["control"]],
            [conditions.accuracy[resampled]],
            [conditions.max_min["control"]],
            *(
                changes.loc[pair].tolist() if pair in changes.index else []
                for pair in ((resampled, "control"), (placebo, "control"), (resampled, placebo))
            ),
        ]
        for row, numbers in zip(told, measured, strict=True):
            # Half a unit of the last decimal; the tables themselves are rounded.
            np.testing.assert_allclose(
                [float(one) for one in re.findall(NUMBER, row[column])], numbers, atol=0.051, err_msg=row[0]
            )
