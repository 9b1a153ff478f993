"""Numbers as people read them, and the tables that are made of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbr.analysis.ledger_tables import costs_table
from hbr.analysis.noise import rule_summary
from hbr.analysis.tables import gap_table, noise_sentences, noise_table
from hbr.words import NO_INTERVAL, UNKNOWN, change, counted, interval, number, p_value, points, rounded


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (rounded(-0.04), "0.0"),
        (rounded(1234.56), "1,234.6"),
        (rounded(0.26, signed=True), "+0.3"),
        (rounded(-0.0, 0, signed=True), "0"),
        (rounded(np.nan), "unknown"),
        (number(3.7e-15), "0"),
        (number(1e-5), "0.00001"),
        (number(41.0), "41"),
        (number(4130.7), "4131"),
        (number(np.inf), ""),
        (p_value(1e-9), "< 0.001"),
        (p_value(0.0123), "0.012"),
        (p_value(np.nan), ""),
        (interval(0.2, np.inf), "above 0.2"),
        (interval(np.nan, 1), "no interval"),
        (points(3.7e-15), "0.0"),
        (change(-0.44, -0.507, -0.373), "-44.0 (-50.7 to -37.3)"),
        (change(0.0004, -0.001, 0.0018), "+0.04 (-0.10 to +0.18)"),
        (change(0.02, np.nan, np.nan), "+2.0 (no interval)"),
        (change(np.nan, np.nan, np.nan), "no value"),
        (counted([], "variant"), "0 variants"),
    ],
)
def test_words_of_numbers(found, expected):
    assert found == expected


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_is_written_with_an_exponent(value):
    texts = (rounded(value), number(value), points(value), interval(value, value), change(value, value, value))
    words = (UNKNOWN, NO_INTERVAL, "no value", "above", " to ", " ()")
    for text in texts:
        for word in words:
            text = text.replace(word, "")
        assert set(text) <= set("0123456789.,+-() "), text


def row(**changes):
    common = {
        "label": "x",
        "reference_label": "control",
        "metric": "recall",
        "gap": "std",
        "reference_value": 0.1,
        "value": 0.2,
    }
    common |= {"difference": -0.44, "total_lower": -0.507, "total_upper": -0.373, "p_adjusted": np.nan, "equivalence_p": 0.9}
    common |= {"effect": 1.0, "effect_lower": 0.1, "effect_upper": 2.0, "variants_needed": np.inf, "variants": 4, "pairs": 8}
    return {**common, "verdict": "exploratory", "remark": np.nan, **changes}


def test_gaps_in_words():
    nothing = dict.fromkeys(("difference", "total_lower", "total_upper", "equivalence_p", "effect", "effect_lower"), np.nan)
    remark = "alpha 1 changes no class's count; nothing is tested"
    untested = row(verdict="not tested", remark=remark, variants=0, **nothing)
    table = gap_table(pd.DataFrame([row(), untested, row(verdict="inconclusive", test_samples_needed=2200.0)]))
    assert table["change, points (95 % interval)"].tolist() == ["-44.0 (-50.7 to -37.3)", "", "-44.0 (-50.7 to -37.3)"]
    assert table["verdict"].tolist() == ["exploratory", f"not tested: {remark}", "inconclusive"]
    assert table["what would decide"].tolist()[:2] == ["", ""]
    # Of two variants no g is unbiased, though there is an interval.
    two = gap_table(pd.DataFrame([row(variants=2, effect=np.nan)]))
    assert two["Hedges's g (95 % interval)"].tolist() == ["no g of 2 variants (0.1 to 2.0)"]
    assert "a test set of 2,200 samples or more" in table["what would decide"].iloc[2]


def test_rules_of_noise_say_nothing_of_labels_that_nobody_flipped():
    flags = {"some": pd.DataFrame({"flagged": [True, False]}), "none": pd.DataFrame({"flagged": [False, False]})}
    rules = rule_summary(flags, np.zeros(2, dtype=bool))
    assert list(noise_table(rules)) == ["rule", "samples", "flagged", "share (%)"]
    assert noise_sentences(rules) == (
        "No labels were flipped on purpose, so nothing can be said of precision and recall. "
        "Nothing is flagged by none: a training without what it flags is that of the control."
    )
    planted = rule_summary(flags, np.array([True, False]))
    table = noise_table(planted).set_index("rule")
    assert table.loc["some", "precision"].startswith("1 (0.025 to 1")
    assert (table.loc["none", "precision"], table.loc["none", "found"]) == ("", 0)


def test_costs_that_are_not_known_say_so():
    names = {"dataset": "d", "condition": "c", "machine": "m", "precision": "", "trainings": 0}
    costs = {"median_seconds": np.nan, "hours": 1234.5, "peak_memory_mb": np.nan}
    table = costs_table(pd.DataFrame([names | costs])).iloc[0]
    assert table.tolist()[5:] == ["unknown", "1,234.50", "unknown"]
    # Half a minute is no 0.01 hours.
    assert costs_table(pd.DataFrame([names | costs | {"hours": 30 / 3600}])).loc[0, "hours in all"] == "0.0083"
