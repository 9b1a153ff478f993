"""Gap against error: the trajectory of the control, each condition on it, and the changes at equal error."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.columns import against_control
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, PAGE, PALETTE, counted, headline, legend_below, nothing, reach_of
from hbr.analysis.gap_accuracy import BEYOND, EQUAL, GAP, PREDICTED
from hbr.analysis.gap_lines import PUBLISHED, PUBLISHED_HIGH, TRAJECTORY
from hbr.analysis.labels import GAP_TITLES
from hbr.analysis.trajectories import later_half, sized
from hbr.words import interval

_MOST_PANELS = 6
_MARKERS = "os^Dvp*X"
_PANELS = {
    GAP: "change\nof the gap",
    PREDICTED: "by accuracy\nalone",
    BEYOND: "beyond\nthe line",
    EQUAL: "at equal\nerror",
}
_COLOURS = {GAP: NEUTRAL, PREDICTED: EASY, BEYOND: HARD, EQUAL: "#009E73"}


def gap_against_error(
    trajectories: pd.DataFrame,
    shown: Mapping[str, Sequence[str]],
    lines: pd.DataFrame,
    networks: pd.DataFrame | None,
    gap: str,
    dataset: str,
) -> Figure:
    """Return gap against error, a panel for each control with its trajectory, its line, and where conditions end.

    ``trajectories`` has the columns kind and label of its conditions, ``shown`` the conditions by their control, ``lines`` is
    ``gap_lines.csv``, ``networks`` are of :func:`hbr.analysis.gap_lines.gaps_of_networks`, ``None`` where none are given.
    """
    rows = sized(trajectories)
    # More panels than these fill a page; the others have their tables.
    shown = dict(list(shown.items())[:_MOST_PANELS])
    columns = min(2, len(shown))
    deep = -(-len(shown) // columns)
    figure, grid = plt.subplots(deep, columns, figsize=(PAGE, 1.5 + 2.9 * deep), squeeze=False)
    kinds = [kind for kind in dict.fromkeys(rows["kind"]) if any(kind in set(_of(rows, own)["kind"]) for own in shown.values())]
    # The first epochs lie far outside.
    compared = {
        control: pd.concat([later_half(rows[rows["condition"] == control]), _of(rows, own).groupby("condition").tail(1)])
        for control, own in shown.items()
    }
    outside = ""
    if networks is not None and networks["error"].max() < min(part["error"].min() for part in compared.values()):
        errors = 100 * networks["error"]
        outside = f"; published networks err less, {interval(errors.min(), errors.max(), 0)} %, and lie outside"
        # They would press together what is compared.
        networks = None
    for axes, (control, conditions) in zip(grid.flat, shown.items(), strict=False):
        own = rows[rows["condition"] == control]
        _draw_control(axes, own, gap)
        _draw_ends(axes, _of(rows, conditions), kinds, gap)
        _draw_line(axes, lines, (TRAJECTORY, control), gap, "line", {"color": "black", "ls": "--"})
        if networks is not None:
            look: dict[str, Any] = {"marker": "o", "ls": "", "ms": 3, "mfc": "none", "mew": 0.7, "color": NEUTRAL}
            axes.plot(100 * networks["error"], 100 * networks[gap].abs(), label="published networks", **look)
            for source, label in ((PUBLISHED, "their line"), (PUBLISHED_HIGH, "their line above 90 %")):
                style = {"color": NEUTRAL, "ls": ":" if source == PUBLISHED else "-."}
                _draw_line(axes, lines, (source, ""), gap, label, style)
        _limit(axes, compared[control], networks, gap)
        axes.set_title(own["label"].iloc[0], fontsize=8.5)
        axes.set(xlabel="error (% of the test images)", ylabel=f"recall gap, {GAP_TITLES[gap]} (points)")
    for axes in list(grid.flat)[len(shown) :]:
        axes.remove()
    legend_below(figure, grid[0, 0], 4, 7)
    traced = rows[rows["condition"].isin(shown)].drop_duplicates(["condition", "variant", "member"])
    runs = counted(traced.groupby("condition").size(), "run")
    note = f"thin: {runs}, epoch by epoch; thick: their mean, its end a square; dashed: fitted to the second half of the epochs"
    note += f"; conditions: mean over runs{outside}"
    headline(figure, f"{dataset}: gap against error, and where each condition ends", note)
    return figure


def changes_at_equal_accuracy(changes: pd.DataFrame, gap: str, dataset: str) -> Figure:
    """Return, a row a condition against its control, the change of one gap and what accuracy leaves of it.

    ``changes`` are labelled rows of ``gap_accuracy.csv``.
    """
    rows = changes[(changes["gap"] == gap) & changes["line"].fillna("").isin(["", TRAJECTORY]) & against_control(changes)]
    labels = list(dict.fromkeys(rows["label"]))
    if not labels:
        return nothing(f"{dataset}: no condition is compared with a control")
    height = max(0.11, min(0.3, 8 / max(len(labels), 1)))
    size = max(5.0, min(7.5, 44 * height))
    figure, grid = plt.subplots(1, len(_PANELS), figsize=(PAGE, 1.5 + height * len(labels)), sharey=True, sharex=True)
    means = 100 * rows.loc[rows["quantity"].isin(_PANELS), "difference"]
    reach = reach_of(means)
    ends = 100 * rows.loc[rows["quantity"].isin(_PANELS), ["lower", "upper"]].abs().max().max()
    reach = max(reach, min(2.5 * reach, 1.05 * float(np.nan_to_num(ends))))
    for axes, (quantity, title) in zip(grid, _PANELS.items(), strict=True):
        cell = rows[rows["quantity"] == quantity].set_index("label").reindex(labels)
        axes.axvline(0, color=NEUTRAL, lw=0.8)
        colour = _COLOURS[quantity]
        for place, row in enumerate(cell.to_dict("records")):
            axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], "-", lw=1.2, color=colour)
        axes.plot(100 * cell["difference"], range(len(labels)), "D", ms=3.8, color=colour, label=title)
        axes.set_title(title, fontsize=8)
        axes.set_xlabel("points", fontsize=8)
        axes.tick_params(axis="x", labelsize=7.5)
    grid[0].set_xlim(-reach, reach)
    grid[0].set_yticks(range(len(labels)), labels, fontsize=size)
    grid[0].set_ylim(len(labels) - 0.5, -0.5)
    told = f"mean and 95 % t-interval over {counted(rows.loc[rows['variants'] > 0, 'variants'], 'variant')}, cut at the axis"
    title = f"{dataset}: change of the recall gap ({GAP_TITLES[gap]}) against the control, and what accuracy leaves of it"
    headline(figure, title, f"{told}; below 0: a smaller gap")
    return figure


def _of(rows: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    return rows[rows["condition"].isin(list(conditions))]


def _draw_control(axes: Axes, own: pd.DataFrame, gap: str) -> None:
    for _, run in own.groupby(["variant", "member"]):
        axes.plot(100 * run["error"], 100 * run[gap], color=NEUTRAL, lw=0.6, alpha=0.35)
    mean = 100 * own.groupby("epoch")[["error", gap]].mean()
    axes.plot(mean["error"], mean[gap], color="black", lw=1.5, label=own["kind"].iloc[0])
    axes.plot(mean["error"].iloc[-1:], mean[gap].iloc[-1:], "s", color="black", ms=5, zorder=4)


def _draw_ends(axes: Axes, rows: pd.DataFrame, kinds: Sequence[str], gap: str) -> None:
    ends = rows.groupby(["condition", "variant", "member"], sort=False).tail(1)
    means = 100 * ends.groupby(["kind", "condition"], sort=False)[["error", gap]].mean()
    for place, kind in enumerate(kinds):
        own = means.loc[[kind]] if kind in means.index else means.iloc[:0]
        look: dict[str, Any] = {"marker": _MARKERS[place % 8], "color": PALETTE[place % 6], "ls": "", "ms": 4.5, "mew": 0}
        axes.plot(own["error"], own[gap], label=kind, zorder=5, **look)


def _draw_line(axes: Axes, lines: pd.DataFrame, whose: tuple[str, str], gap: str, label: str, look: dict[str, Any]) -> None:
    chosen = lines[(lines["source"] == whose[0]) & (lines["condition"].fillna("") == whose[1]) & (lines["gap"] == gap)]
    for row in chosen.dropna(subset="slope").to_dict("records"):
        ends = np.array([row["lowest_error"], row["highest_error"]])
        axes.plot(100 * ends, 100 * (row["intercept"] + row["slope"] * ends), lw=1.2, label=label, zorder=3, **look)


def _limit(axes: Axes, rows: pd.DataFrame, networks: pd.DataFrame | None, gap: str) -> None:
    """Set the axes by what is compared, and by other networks where some err as much."""
    every = rows[["error", gap]]
    if networks is not None and networks["error"].max() >= every["error"].min():
        every = pd.concat([every, networks[["error", gap]].abs()])
    every = 100 * every
    for limit, column in ((axes.set_xlim, "error"), (axes.set_ylim, gap)):
        low, high = float(every[column].min()), float(every[column].max())
        room = max(0.5, 0.08 * (high - low))
        limit(max(0.0, low - room), min(101.0, high + room))
