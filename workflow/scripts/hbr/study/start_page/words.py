"""Words of the start page for what tables call by short names."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from hbr.analysis.labels import METRIC_NAMES
from hbr.analysis.statistics.verdicts import EXPLORATORY, INCONCLUSIVE, NOT_TESTED
from hbr.study.start_page.parts import Verdict
from hbr.words import change, points

# Beyond this a sentence is no place for comparisons.
MOST_TOLD = 4
GAPS = {
    "max_min": "between the best and the worst class",
    "top_bottom": "between the best and the worst fifth of the classes",
    "hard_easy": "between hard and easy classes",
    "std": "as the standard deviation over classes",
    "mad": "as the median absolute deviation over classes",
}
_VERDICTS = {
    "improves": Verdict("smaller gap", "good"),
    "worsens": Verdict("larger gap", "bad"),
    "equivalent": Verdict("no change that counts", "none"),
    INCONCLUSIVE: Verdict("undecided", "open"),
    EXPLORATORY: Verdict("not declared", "open"),
    NOT_TESTED: Verdict("not tested", "open"),
}

Row = Mapping[Hashable, Any]


def key_of(word: str, section: str) -> str:
    """Return the key of an answer of a section of the study file; that of all data goes by the word alone."""
    return word if section == "resampling" else f"{word}-{section}"


def measure(row: Row) -> str:
    """Return what a row of gap differences measures: `gap of recall between the best and the worst class`, `mean recall`."""
    metric = METRIC_NAMES.get(row["metric"], str(row["metric"]))
    return f"mean {metric}" if row["gap"] == "mean" else f"gap of {metric} {GAPS.get(row['gap'], row['gap'])}"


def verdict(row: Row) -> Verdict:
    """Return the verdict on a row: a gap is better when smaller, a mean when larger."""
    if row["gap"] == "mean" and row["verdict"] in ("improves", "worsens"):
        return Verdict({"improves": "larger mean", "worsens": "smaller mean"}[row["verdict"]], _VERDICTS[row["verdict"]].tone)
    return _VERDICTS[row["verdict"]]


def changed(row: Row) -> str:
    """Return the change of a row in points with its primary interval, empty where there is none."""
    return change(row["difference"], row["total_lower"], row["total_upper"]) if pd.notna(row["difference"]) else ""


def in_percent(share: float) -> str:
    """Return a share in points without a sign: `12.3`."""
    return points(abs(share)).lstrip("+")
