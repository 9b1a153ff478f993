"""Tables of the chapters, as people read them."""

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from hbr.analysis.class_tables import allocation_in_words, conditions_table, hardness_table, metrics_table
from hbr.analysis.ledger_tables import deviations_html
from hbr.analysis.robustness_tables import agreement_table, definitions_table, enough_table, uncertainty_table
from hbr.analysis.shown import html_table
from hbr.hardness.allocation import allocation_table


def cells(html: str) -> list[list[str]]:
    rows = BeautifulSoup(html, "html.parser").find_all("tr")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]


def test_a_table_is_escaped_empty_where_nothing_is_and_alike_for_alike():
    table = pd.DataFrame({"name": ["<b>cat</b>", None], "share": [0.123456, np.nan], "n": [3, 1200]}, index=[7, 9])
    page = html_table(table)
    assert "<b>cat" not in page
    assert cells(page) == [["name", "share", "n"], ["<b>cat</b>", "0.123", "3"], ["", "", "1200"]]
    assert html_table(table.copy()) == page
    other = html_table(table.assign(n=4))
    ids = [BeautifulSoup(one, "html.parser").find("table")["id"] for one in (page, other)]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("column", "left"),
    [
        (["1.5", "-2.0 (-4.0 to +0.1)", ""], False),
        ([1.5, 2.5, np.nan], False),
        (["< 0.001", "0.5", "1,200"], False),
        (["cat", "1.5", ""], True),
        (["more than 5", "3", "2"], True),
    ],
)
def test_numbers_stand_at_the_right_and_text_at_the_left(column, left):
    assert (".col0 {\n  text-align: left" in html_table(pd.DataFrame({"column": column}))) == left


def test_verdicts_have_the_colour_of_their_first_words():
    page = html_table(pd.DataFrame({"verdict": ["improves", "not tested: too few", "exploratory"]}))
    assert page.count("background:") == 2
    looks = [cell.get("id") in page.partition("<table")[0] for cell in BeautifulSoup(page, "html.parser").find_all("td")]
    assert looks == [True, True, False]


def test_metrics_of_classes_in_percent_one_row_a_class():
    rows = [(label, metric, member, value) for member, values in enumerate([(0.9, 0.8), (0.7, 0.8)]) for label, metric, value in
            [(-1, "accuracy", 0.5), (0, "recall", values[0]), (0, "f1", values[1])]]  # fmt: skip
    measured = pd.DataFrame(rows, columns=["class", "metric", "member", "value"])
    table = metrics_table(measured, {0: "cat"})
    assert list(table) == ["class", "accuracy (%)", "recall (%)", "F1 (%)", "members"]
    # Two members 10 points from their mean: the standard error is 10, and t with one degree of freedom 12.706, which is cut at
    # what a recall can be. Members that are alike have no interval.
    assert table.iloc[1].tolist() == ["cat", "", "80.0 (0.0 to 100.0)", "80.0", 2]
    assert table.iloc[0].tolist()[:3] == ["all", "50.0", ""]


def test_hardness_of_classes_has_its_interval_where_there_is_one():
    rows = {"class_name": ["a", "b"], "samples": [5, 6], "hardness": [1.0, 2.5], "members": [2, 2], "difficulty_rank": [2, 1]}
    table = hardness_table(pd.DataFrame(rows | {"hardness_lower": [np.nan, 2.0], "hardness_upper": [np.nan, 3.0]}))
    assert table["class"].tolist() == ["b", "a"]
    assert table["mean hardness (95 % interval)"].tolist() == ["2.5 (2.00 to 3.00)", "1"]


def test_allocations_in_words_hold_what_was_granted():
    classes = pd.DataFrame(
        {"class": [0, 1], "class_name": ["a", "b"], "samples": [40, 40], "hardness": [1.0, 3.0], "direction": "high-is-hard"}
    )
    for offset, columns in ((0.0, 10), (1.0, 11)):
        table = allocation_in_words(allocation_table(classes, alpha=1, offset=offset))
        assert len(table.columns) == columns
        assert table["granted"].sum() == 80
    assert table["with offset"].tolist() == ["2", "4"]
    assert table["change"].tolist() == ["-13", "+13"]
    assert table["ratio (%)"].tolist() == ["33.33", "66.67"]


def test_conditions_have_units():
    summary = pd.DataFrame({"runs": [4], "accuracy": [97.66], "max_min": [5.04], "mean": [97.0]}, index=["control"])
    row = conditions_table(summary).iloc[0].to_dict()
    assert row == {
        "condition": "control", "runs": 4, "accuracy (%)": "97.7", "max - min (points)": "5.0", "mean recall (%)": "97.0"
    }  # fmt: skip


def test_robustness_in_words():
    rows = {"estimator": "aum", "criterion": ["allocation", "ranks"], "way": ["nested", "disjoint"], "tolerance_percent": 2.0}
    rows |= {"members": [2, np.nan], "members_expected": [3, np.nan], "largest_tested": [5, 3], "members_available": 6}
    enough = enough_table(pd.DataFrame(rows))
    assert enough["enough members"].tolist() == ["2", "more than 3"]
    assert enough["where pure noise would be within it"].tolist() == ["3", ""]

    pair = {"first": ["b", "b", "a", "a"], "second": "c", "samples": 9, "members": 2}
    pair |= {"level": ["samples", "classes"] * 2, "spearman": [0.5, 1, 0.25, np.nan], "lower": [0.4, 1, 0.2, np.nan]}
    agreement = agreement_table(pd.DataFrame(pair | {"upper": [0.6, 1, 0.3, np.nan]}))
    assert agreement["first"].tolist() == ["b", "a"]
    assert agreement.iloc[0].tolist()[4:] == ["0.50 (0.40 to 0.60)", "1.00 (1.00 to 1.00)"]

    # One estimator agrees with no other.
    assert agreement_table(pd.DataFrame(pair | {"upper": 1.0}).iloc[:0]).empty

    quantities = {"quantity": ["hardness"] * 2 + ["allocation"] * 2, "alpha": [np.nan] * 2 + [1.0] * 2, "class": [0, 1] * 2}
    values = {"value": [1.0, 2, 30, 50], "lower": [0.5, 1, 20, np.nan], "upper": [1.5, 3, 40, np.nan]}
    both = {"estimator": "aum", "class_name": ["a", "b"] * 2, "members": 3, "remark": [None, None, "why", "why"]}
    table = uncertainty_table(pd.DataFrame(quantities | values | both))
    assert table.iloc[0].tolist() == ["aum", "a", "1 (0.5 to 1.5)", "30 (20 to 40)", 3, "why"]
    assert table.iloc[1]["samples at alpha 1"] == "50"


def test_estimators_of_one_definition_are_told_apart_by_their_trainings():
    rows = [("aum", "mean margin", 6), ("el2n", "norm", 6), ("aum_denoised", "mean margin", 2)]
    enough = pd.DataFrame([row for row in rows for _ in range(2)], columns=["estimator", "definition", "members_available"])
    assert definitions_table(enough).to_numpy().tolist() == [
        ["aum", "mean margin; as aum_denoised, each by the trainings that its source names", 6],
        ["el2n", "norm", 6],
        ["aum_denoised", "mean margin; as aum, each by the trainings that its source names", 2],
    ]


def test_words_of_a_study_file_are_code_in_deviations():
    page = deviations_html(pd.DataFrame({"here": ["alpha is theirs with `compat v2`", "<b>"]}))
    assert "theirs with <code>compat v2</code>" in page and "&lt;b&gt;" in page
