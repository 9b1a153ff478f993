"""The tables of the ledger, for people."""

import re
from collections.abc import Mapping
from html import escape

import pandas as pd

from hbr.analysis.shown import COLOURS, html_table
from hbr.hardness.review import sentences_of
from hbr.words import number, rounded

_SHOWN = ["id", "version", "claim", "data_set", "setting", "control_accuracy", "regime", "reported", "measured", "n", "here"]
_SHOWN += ["verdict", "why", "what_would_decide"]


def claims_html(claims: pd.DataFrame) -> str:
    """Return the ledger as HTML, with the number of rows of each verdict above it; columns without any entry are left out."""
    counts = claims["verdict"].value_counts()
    summary = ", ".join(f"{counts[name]} {name}" for name in COLOURS if name in counts)
    table = claims[_SHOWN].replace("", pd.NA).dropna(axis="columns", how="all")
    return f"<p><b>{summary}.</b></p>{html_table(table.rename(columns=lambda name: name.replace('_', ' ')))}"


def deviations_html(deviations: pd.DataFrame) -> str:
    """Return the deviations as HTML, words of a study file, which stand between backticks, as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html_table(deviations))


def review_html(reviews: Mapping[str, pd.DataFrame]) -> str:
    """Return warnings and remarks of :func:`hbr.hardness.review.review_table`, by data set; empty where there are none."""
    items = [
        f"<li><b>{escape(f'{dataset}, {where}')}</b>: {escape(sentence)}</li>"
        for dataset, review in reviews.items()
        for where, sentence in sentences_of(review)
    ]
    return f"<p>Of the allocations that were trained on:</p><ul>{''.join(items)}</ul>" if items else ""


def costs_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the costs with units in the column names and sensible digits."""
    return pd.DataFrame(
        {
            "data set": costs["dataset"],
            "condition": costs["condition"],
            "machine": costs["machine"],
            "precision": costs["precision"].fillna(""),
            "trainings": costs["trainings"],
            "seconds a training (median)": costs["median_seconds"].map(rounded),
            "hours in all": costs["hours"].map(lambda hours: rounded(hours, 2) if hours >= 1 else number(hours, 2)),
            "peak memory (MB)": costs["peak_memory_mb"].map(lambda megabytes: rounded(megabytes, 0)),
        }
    )
