"""The tables of the ledger, for people."""

from collections.abc import Mapping
from html import escape

import pandas as pd

from hbr.hardness.review import sentences_of
from hbr.words import rounded

# Dark enough for white text, told apart by colour-blind readers; the words stand in them too.
_COLOURS = {"reproduced": "#0072B2", "not reproduced": "#B34700", "inconclusive": "#595959", "not in this study": "#707070"}
_SHOWN = ["id", "version", "claim", "data_set", "setting", "control_accuracy", "regime", "reported", "measured", "n", "here"]
_SHOWN += ["verdict", "why", "what_would_decide"]


def claims_html(claims: pd.DataFrame) -> str:
    """Return the ledger as HTML, with the number of rows of each verdict above it; columns without any entry are left out."""
    counts = claims["verdict"].value_counts()
    summary = ", ".join(f"{counts[name]} {name}" for name in _COLOURS if name in counts)
    table = claims[_SHOWN].replace("", pd.NA).dropna(axis="columns", how="all").fillna("").map(lambda cell: escape(str(cell)))
    table["verdict"] = [_badge(verdict) for verdict in claims["verdict"]]
    return f"<p><b>{summary}.</b></p>{_html(table.rename(columns=lambda name: name.replace('_', ' ')))}"


def review_html(reviews: Mapping[str, pd.DataFrame]) -> str:
    """Return warnings and remarks of :func:`hbr.hardness.review.review_table`, by data set; empty where there are none."""
    items = [
        f"<li><b>{escape(f'{dataset}, {where}')}</b>: {escape(sentence)}</li>"
        for dataset, review in reviews.items()
        for where, sentence in sentences_of(review)
    ]
    return f"<p>Of the allocations that were trained on:</p><ul>{''.join(items)}</ul>" if items else ""


def plain_table(table: pd.DataFrame) -> str:
    """Return a table as HTML with its text at the left and wrapped."""
    return _html(table.fillna("").map(lambda cell: escape(str(cell))))


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
            "hours in all": costs["hours"].map(lambda hours: rounded(hours, 2)),
            "peak memory (MB)": costs["peak_memory_mb"].map(lambda megabytes: rounded(megabytes, 0)),
        }
    )


def _badge(verdict: str) -> str:
    style = f"background: {_COLOURS.get(verdict, '#000000')}; color: white; padding: 1px 5px; white-space: nowrap"
    return f'<span style="{style}">{escape(verdict)}</span>'


def _html(table: pd.DataFrame) -> str:
    # Notebook pages align cells at the right and keep them on one line.
    cell = 'style="text-align: left; vertical-align: top; white-space: normal; min-width: 4em"'
    html = table.to_html(index=False, escape=False, border=0, justify="left")
    return html.replace("<td>", f"<td {cell}>").replace("<th>", f"<th {cell}>")
