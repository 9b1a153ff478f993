"""The change of a gap beside that of accuracy, for people: tables in words, and the sentence that a verdict is read with."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.gap_accuracy import ACCURACY, BEYOND, EQUAL, GAP, PREDICTED
from hbr.analysis.gap_lines import TRAJECTORY
from hbr.analysis.labels import GAP_TITLES
from hbr.words import change, counted, number, rounded

Row = Mapping[Hashable, Any]
_MORE, _LESS, _ASIDE, _OPEN = "more", "less", "not on the line, though its own change may be chance", "not shown to be more"
# How a clause on one change ends.
_ENDS = {_ASIDE: "it is not where accuracy alone would put it, though its own change may be chance"}
# Beyond this a sentence is no place for comparisons.
_MOST_TOLD = 8
# Of one contrast and gap: its rows by quantity, and by line where there is one.
Beside = Mapping[tuple[str, str], Row]


def by_contrast(changes: pd.DataFrame) -> Mapping[tuple[str, str, str], Beside]:
    """Return the rows of ``gap_accuracy.csv`` by condition, reference and gap, then by quantity and line."""
    found: dict[tuple[str, str, str], dict[tuple[str, str], Row]] = {}
    for row in changes.astype({"line": object}).fillna({"line": ""}).to_dict("records"):
        found.setdefault((row["condition"], row["reference"], row["gap"]), {})[row["quantity"], row["line"]] = row
    return found


def explained(rows: Beside) -> str:
    """Return in one clause whether the gap changes by more than accuracy explains; empty where nothing can be said."""
    predicted, beyond = rows.get((PREDICTED, TRAJECTORY)), rows.get((BEYOND, TRAJECTORY))
    if predicted is None or beyond is None or not np.isfinite(beyond["difference"]):
        return ""
    lead = f"the change of accuracy alone would change it by {rounded(100 * predicted['difference'], 1, signed=True)} points"
    word = _word(rows[GAP, ""], beyond)
    return f"{lead}, and beyond that it changes by {told(beyond)}: {_ENDS.get(word, f'{word} than accuracy explains')}"


def _word(gap: Row, beyond: Row) -> str:
    if not (beyond["lower"] > 0 or beyond["upper"] < 0):
        return _OPEN
    if not (gap["lower"] > 0 or gap["upper"] < 0):
        # Its sign may be chance, so that it is neither.
        return _ASIDE
    return _MORE if gap["difference"] * beyond["difference"] > 0 else _LESS


def told(row: Row | None) -> str:
    """Return a change in points with its interval, empty where it has no value."""
    if row is None or not np.isfinite(row["difference"]):
        return ""
    return change(row["difference"], row["lower"], row["upper"])


def change_table(changes: pd.DataFrame, gap: str, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return one row a contrast in words: what gap and accuracy do, what the lines predict, and what is left.

    ``changes`` is ``gap_accuracy.csv``, ``labels`` the conditions in words. Columns without any entry are left out.
    """
    lines = [line for line in changes["line"].dropna().unique() if line]
    rows = []
    for (condition, reference, own), beside in by_contrast(changes).items():
        if own != gap:
            continue
        row: dict[str, object] = {"condition": labels[condition], "reference": labels[reference]}
        row |= {"change of the gap": told(beside[GAP, ""]), "of accuracy": told(beside[ACCURACY, ""])}
        for line in lines:
            named = "" if line == TRAJECTORY else f", {line} networks"
            row |= {f"the line predicts{named}": told(beside[PREDICTED, line]), f"beyond{named}": told(beside[BEYOND, line])}
        row["at equal error"] = told(beside[EQUAL, ""])
        row["beside what accuracy explains"] = _short(beside)
        row["variants"] = beside[GAP, ""]["variants"]
        row["pairs at equal error"] = f"{beside[EQUAL, '']['pairs']} of {beside[GAP, '']['pairs']}"
        rows.append(row)
    return pd.DataFrame(rows).replace("", np.nan).dropna(axis="columns", how="all").fillna("")


def _short(rows: Beside) -> str:
    beyond = rows[BEYOND, TRAJECTORY]
    if not np.isfinite(beyond["difference"]):
        return str(beyond["remark"])
    return _word(rows[GAP, ""], beyond)


def line_table(lines: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return ``gap_lines.csv`` in words, errors and gaps in points; ``labels`` are the conditions in words."""
    rows = []
    for row in lines.astype({"condition": object, "remark": object}).fillna({"condition": "", "remark": ""}).to_dict("records"):
        whose = labels.get(row["condition"], row["source"] + " networks")
        known = np.isfinite(row["slope"])
        error = f" ({rounded(row['slope_error'], 2)})" if np.isfinite(row["slope_error"]) else ""
        slope = f"{rounded(row['slope'], 2)}{error}" if known else ""
        reach = f"{rounded(100 * row['lowest_error'])} to {rounded(100 * row['highest_error'])}" if known else row["remark"]
        ends = {"slope (standard error)": slope, "intercept (points)": _points(row["intercept"])}
        ends |= {"residual (points)": _points(row["residual"]), "Spearman of error and gap": _plain(-row["spearman"])}
        rows.append(
            {
                "line": whose,
                "gap": GAP_TITLES.get(row["gap"], row["gap"]),
                **ends,
                "error (%)": reach,
                "points": row["points"],
                "runs": row["runs"],
            }
        )
    return pd.DataFrame(rows)


def _points(share: float) -> str:
    return rounded(100 * share) if np.isfinite(share) else ""


def _plain(value: float) -> str:
    return rounded(value, 2) if np.isfinite(value) else ""


def shown_conditions(trajectories: pd.DataFrame, conditions: pd.DataFrame) -> dict[str, list[str]]:
    """Return the conditions that are compared with each control, by its name; the baseline alone where there is no control."""
    traced = set(trajectories["condition"])
    known = conditions[conditions["condition"].isin(traced)]
    controls = known.loc[known["kind"] == "control", "condition"]
    alone: dict[str, list[str]] = {name: [] for name in conditions.loc[conditions["kind"] == "baseline", "condition"]}
    return {name: list(known.loc[known["reference"] == name, "condition"]) for name in controls} or alone


def lines_sentences(changes: pd.DataFrame, gap: str, labels: Mapping[str, str], networks: bool) -> str:
    """Return of how many contrasts one gap changes by more than accuracy explains, which, and what is missing for the rest.

    ``networks`` says whether published networks are given.
    """
    found = {key: rows for key, rows in by_contrast(changes).items() if key[2] == gap}
    compared = counted([len(found)], "comparison")
    sentences = []
    if not found:
        sentences.append("The study compares no condition with another, so there is no change to explain.")
    judged = {key: _short(rows) for key, rows in found.items()}
    words = {_MORE: "The gap changes by more than accuracy explains", _LESS: "The gap changes by less than accuracy explains"}
    words |= {_ASIDE: "The gap is not where accuracy alone would put it, though its own change may be chance,"}
    for word, means in words.items():
        names = [labels[key[0]] for key, own in judged.items() if own == word]
        if names:
            few = f": {'; '.join(names)}" if len(names) <= _MOST_TOLD else ""
            sentences.append(f"{means} in {len(names)} of {compared}{few}.")
    if found and not set(judged.values()) & {_MORE, _LESS}:
        sentences.append(f"In none of {compared} is the gap shown to change by more than accuracy explains.")
    lacks = [own for own in judged.values() if own not in (*words, _OPEN)]
    if (several := sum(np.isfinite(rows[BEYOND, TRAJECTORY]["lower"]) for rows in found.values())) > 1:
        chance = f"about {number(several / 20, 1)} of {several}"
        sentences.append(f"The intervals are not corrected for their number: {chance} would miss 0 by chance alone.")
    sentences += [f"{lacks.count(lack)} of {compared} cannot be judged: {lack}." for lack in dict.fromkeys(lacks)]
    if not networks:
        sentences.append("The study names no published networks, so the lines are of its own trainings alone.")
    return " ".join(sentences)
