"""Changes of the gaps, with margins and verdicts."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.columns import against_control
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, PAGE, counted, headline, in_points, reach_of
from hbr.analysis.labels import GAP_TITLES

_COLOURS = {"improves": "#009E73", "worsens": HARD, "equivalent": EASY}
_GAPS = ("max_min", "hard_easy", "std")
# What can still be read in print, in points.
_SMALLEST = 5.0


def gap_changes(differences: pd.DataFrame, pairs: pd.DataFrame, dataset: str) -> Figure:
    """Return the change of three recall gaps against the control, a row a condition, with margin and verdict.

    ``differences`` are labelled rows of conditions against their control, ``pairs`` every seed pair of them; both of recall.
    """
    labels = list(differences["label"].unique())
    height, size = _row_height(len(labels))
    figure, grid = plt.subplots(1, len(_GAPS), figsize=(PAGE, 1.5 + height * len(labels)), sharey=True)
    for axes, gap in zip(grid, _GAPS, strict=True):
        cell = differences[differences["gap"] == gap].set_index("label").loc[labels]
        dots = pairs[pairs["gap"] == gap]
        for place, label in enumerate(labels):
            values = 100 * dots.loc[dots["label"] == label, "difference"]
            axes.plot(values, [place + 0.24] * len(values), "o", ms=2, color="#999999", alpha=0.8, zorder=1)
        _draw_changes(axes, cell, size, 100 * dots["difference"])
        tested = "declared" if cell["family"].notna().any() else "exploratory"
        axes.set_title(f"{GAP_TITLES[gap]}\n({tested})", fontsize=8.5)
    grid[0].set_yticks(range(len(labels)), labels, fontsize=size)
    grid[0].set_ylim(len(labels) - 0.5, -0.5)
    title = f"{dataset}: change of the recall gap against the control, below 0 = smaller gap"
    headline(figure, title, f"{_note(differences)}; grey: seed pairs")
    return figure


def placebo_changes(differences: pd.DataFrame, dataset: str, metric: str, gap: str) -> Figure:
    """Return the change of one gap by true hardness beside that by its placebos, and what truth has over each placebo.

    ``differences`` are all labelled differences of the study: those against the control at the left, those of a resampled
    condition against its placebo at the right.
    """
    cell = differences[(differences["metric"] == metric) & (differences["gap"] == gap)]
    against = cell[(cell["kind"] == "resampled") & (cell["reference_kind"] == "placebo")]
    names, left, right = [], [], []
    for label, rows in against.groupby("label", sort=False):
        labels = [label, *rows["reference_label"]]
        names += [f"{label}: true", *(f"{name.partition(':')[0]}" for name in rows["reference_label"])]
        changes = cell[against_control(cell)].set_index("label")
        left.append(changes.loc[labels])
        # The true condition has nothing to be compared with on the right.
        right += [rows.iloc[:0].reindex([0]), rows]
    height, size = _row_height(len(names))
    figure, grid = plt.subplots(1, 2, figsize=(PAGE, 1.6 + height * len(names)), sharey=True)
    for axes, table in zip(grid, (pd.concat(left), pd.concat(right)), strict=True):
        _draw_changes(axes, table, size, pd.Series(dtype=float))
    for place, name in enumerate(names):
        if place and name.endswith(": true"):
            for axes in grid:
                axes.axhline(place - 0.5, color="#CCCCCC", lw=0.6)
    grid[0].set_title("change against the control", fontsize=8.5)
    grid[1].set_title("truth - placebo, below 0 = truth does better", fontsize=8.5)
    grid[0].set_yticks(range(len(names)), names, fontsize=size)
    grid[0].set_ylim(len(names) - 0.5, -0.5)
    headline(figure, f"{dataset}: {metric} gap {GAP_TITLES[gap]} by true hardness and by placebos", _note(against))
    return figure


def _draw_changes(axes: Axes, rows: pd.DataFrame, size: float, others: pd.Series) -> None:
    """Draw mean, primary interval, margin and verdict of each row, from the top; the axis is set by means and ``others``."""
    margin = 100 * float(rows["margin"].max())
    axes.axvspan(-margin, margin, color="#56B4E9", alpha=0.22, lw=0, zorder=0)
    axes.axvline(0, color=NEUTRAL, lw=0.8)
    ends = 100 * rows[["total_lower", "total_upper"]]
    means = 100 * rows["difference"]
    # An interval of two variants is 12.7 standard errors a side, which would leave no room for the rest.
    reach = reach_of(pd.concat([means, others, pd.Series([margin])]))
    reach = max(reach, min(3 * reach, 1.05 * float(np.nan_to_num(ends.abs().max().max()))))
    axes.set_xlim(-reach, reach)
    for place, (mean, (lower, upper), verdict) in enumerate(zip(means, ends.to_numpy(), rows["verdict"], strict=True)):
        if not isinstance(verdict, str):
            continue
        colour = _COLOURS.get(verdict, NEUTRAL)
        axes.plot([lower, upper], [place, place], "-", lw=1.2, color=colour, zorder=2)
        axes.plot(mean, place, "D", ms=3.8, color=colour, zorder=3)
        for end, inside, marker in ((lower, lower >= -reach, "<"), (upper, upper <= reach, ">")):
            if not inside and not np.isnan(end):
                axes.plot(np.sign(end) * reach, place, marker, ms=3, color=colour, clip_on=False, zorder=3)
        look: dict[str, Any] = {"fontsize": max(_SMALLEST, size - 1), "color": colour, "va": "center"}
        axes.annotate(verdict, (1.03, place), xycoords=("axes fraction", "data"), **look)
    axes.set_xlabel("change (points)", fontsize=8)
    axes.tick_params(axis="x", labelsize=7.5)


def _note(rows: pd.DataFrame) -> str:
    rows = rows[rows["variants"] > 0]
    variants, pairs = counted(rows["variants"], "variant"), counted(rows["pairs"], "seed pair")
    return (
        f"diamond: mean; line: 95 % t-interval over {variants} of {pairs} with the test set's error, arrow: cut; "
        f"band: margin of equivalence, {in_points(float(rows['margin'].max()))}"
    )


def _row_height(rows: int) -> tuple[float, float]:
    """Return the height of a row in inches and the size of its text, so that all rows fit on a page."""
    height = max(0.11, min(0.3, 8 / max(rows, 1)))
    return height, max(_SMALLEST, min(7.5, 44 * height))
