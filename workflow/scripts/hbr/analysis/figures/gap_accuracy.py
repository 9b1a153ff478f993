"""Gap against error: the trajectory of the control, each condition on it, and the changes at equal error."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.columns import against_control
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, PAGE, PALETTE, counted, headline, nothing, reach_of
from hbr.analysis.gap_accuracy import BEYOND, EQUAL, GAP, PREDICTED
from hbr.analysis.gap_lines import PUBLISHED, PUBLISHED_HIGH, TRAJECTORY
from hbr.analysis.labels import GAP_TITLES
from hbr.analysis.trajectories import later_half, sized
from hbr.words import interval

_MOST_PANELS = 6
# More conditions than these cannot be told apart.
_MOST_NAMED = 24
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
    looks = _looks(rows, [name for own in shown.values() for name in own])
    # Long names take half a page each.
    beside = 2 if max((len(name) for name, _ in looks.values()), default=0) > 30 else 4
    below = -(-(len(looks) + 5) // beside)
    size = (PAGE, min(11.6, 1.1 + 2.9 * deep + 0.15 * below))
    figure, grid = plt.subplots(deep, columns, figsize=size, squeeze=False)
    others = pd.DataFrame(columns=["error", gap], dtype=float) if networks is None else networks[["error", gap]].abs()
    limits = {control: _limits(rows, control, own, others, gap) for control, own in shown.items()}
    outside = ""
    if len(others) and not any(len(_near(others, error)) for error, _ in limits.values()):
        outside = f"; published networks err {interval(*_reach(others['error']), 0)} % and lie outside"
        others = others.iloc[:0]
    for axes, (control, conditions) in zip(grid.flat, shown.items(), strict=False):
        own = rows[rows["condition"] == control]
        _draw_control(axes, own, gap)
        _draw_ends(axes, _of(rows, conditions), looks, gap)
        _draw_line(axes, lines, (TRAJECTORY, control), gap, "line", {"color": "black", "ls": "--"})
        if len(others):
            look: dict[str, Any] = {"marker": "o", "ls": "", "ms": 3, "mfc": "none", "mew": 0.7, "color": NEUTRAL}
            axes.plot(100 * others["error"], 100 * others[gap], label="published networks", **look)
            for source, label in ((PUBLISHED, "their line"), (PUBLISHED_HIGH, "their line above 90 %")):
                style = {"color": NEUTRAL, "ls": ":" if source == PUBLISHED else "-."}
                _draw_line(axes, lines, (source, ""), gap, label, style)
        axes.axis((*limits[control][0], *limits[control][1]))
        axes.set_title(own["label"].iloc[0], fontsize=8.5)
        axes.set_xlabel("error (% of the test images)", fontsize=8)
        axes.set_ylabel(f"recall gap, {GAP_TITLES[gap]} (points)", fontsize=8)
    for axes in list(grid.flat)[len(shown) :]:
        axes.remove()
    named = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    told = [textwrap.fill(name, 62) for name in named]
    figure.legend(named.values(), told, loc="outside lower center", ncols=beside, fontsize=6.5)
    traced = rows[rows["condition"].isin(shown)].drop_duplicates(["condition", "variant", "member"])
    runs = counted(traced.groupby("condition").size(), "run")
    note = f"thin: {runs}, epoch by epoch; thick: their mean, its end a square; dashed: fitted to the second half of the epochs"
    note += f"; conditions: mean over runs at the end, by which the axes are set{outside}"
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


def _looks(rows: pd.DataFrame, conditions: Sequence[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return name and look of each condition: its own while all can be told apart, else that of its kind."""
    told = _of(rows, conditions).drop_duplicates("condition").set_index("condition")
    told = told.loc[[name for name in conditions if name in told.index]]
    names = told["label"] if len(told) <= _MOST_NAMED else told["kind"]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return {
        str(condition): (name, {"color": PALETTE[places[name] % 6], "marker": _MARKERS[(places[name] + places[name] // 6) % 8]})
        for condition, name in names.items()
    }


def _draw_ends(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, tuple[str, dict[str, Any]]], gap: str) -> None:
    means = 100 * _ends(rows).groupby("condition", sort=False)[["error", gap]].mean()
    for name in dict.fromkeys(looks[condition][0] for condition in means.index):
        own = means[[looks[condition][0] == name for condition in means.index]]
        look = looks[own.index[0]][1]
        axes.plot(own["error"], own[gap], label=name, zorder=5, ls="", ms=4.5, mew=0, **look)


def _draw_line(axes: Axes, lines: pd.DataFrame, whose: tuple[str, str], gap: str, label: str, look: dict[str, Any]) -> None:
    chosen = lines[(lines["source"] == whose[0]) & (lines["condition"].fillna("") == whose[1]) & (lines["gap"] == gap)]
    for row in chosen.dropna(subset="slope").to_dict("records"):
        ends = np.array([row["lowest_error"], row["highest_error"]])
        axes.plot(100 * ends, 100 * (row["intercept"] + row["slope"] * ends), lw=1.2, label=label, zorder=3, **look)


_Limits = tuple[float, float]


def _limits(
    rows: pd.DataFrame, control: str, conditions: Sequence[str], networks: pd.DataFrame, gap: str
) -> tuple[_Limits, _Limits]:
    """Return what a panel shows of error and gap: where control and conditions end, and networks that err as much.

    The way there would press them together; a control without conditions has nothing else.
    """
    own = _of(rows, [control, *conditions])
    ends = _ends(own).groupby("condition").mean(numeric_only=True) if conditions else later_half(own)
    error = _with_room(ends["error"])
    return error, _with_room(pd.concat([ends[gap], _near(networks, error)[gap]]))


def _near(networks: pd.DataFrame, error: _Limits) -> pd.DataFrame:
    return networks[(100 * networks["error"]).between(*error)]


def _reach(shares: pd.Series) -> _Limits:
    return 100 * float(shares.min()), 100 * float(shares.max())


def _with_room(shares: pd.Series) -> _Limits:
    low, high = _reach(shares)
    room = max(0.5, 0.2 * (high - low))
    return max(0.0, low - room), min(101.0, high + room)


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the last epoch of each run."""
    return rows.groupby(["condition", "variant", "member"], sort=False).tail(1)
