"""Pruning the easiest samples of the whole data set (DLP) and of each class (CLP)."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.figures.names import name_classes, name_lowest
from hbr.analysis.figures.style import (
    EASY,
    HARD,
    NEUTRAL,
    PAGE,
    counted,
    ends_of,
    headline,
    legend_below,
    limit_by_means,
    point_beyond,
    separate_groups,
    unpaired,
)
from hbr.analysis.labels import GAP_TITLES

_LOOKS = {"dlp": (HARD, "o", "-", "DLP, of the data set"), "clp": (EASY, "s", "--", "CLP, of each class")}


def pruned_share(shares: pd.DataFrame, allocation: pd.DataFrame, dataset: str) -> Figure:
    """Return the share of each class that DLP prunes, a line a rate, a panel an estimator (v1, figure S4).

    ``shares`` are those of :func:`hbr.analysis.pruning.pruned_shares` with the column estimator.
    """
    ordered = allocation.sort_values("position")
    places = {label: place for place, label in enumerate(ordered["class"])}
    estimators = list(shares["estimator"].unique())
    size = (PAGE, 0.9 + 2.7 * len(estimators))
    figure, grid = plt.subplots(len(estimators), 1, figsize=size, sharex=True, sharey=True, squeeze=False)
    rates, small = sorted(shares["rate"].unique()), len(ordered) > 40
    for axes, name in zip(grid[:, 0], estimators, strict=True):
        for rate, colour in zip(rates, sns.color_palette("viridis", len(rates) + 1), strict=False):
            line = shares[(shares["estimator"] == name) & (shares["rate"] == rate)]
            line = line.assign(place=line["class"].map(places)).sort_values("place")
            look: dict[str, Any] = {"ms": 1 if small else 3, "lw": 0.6 if small else 1, "color": colour, "label": f"{rate:g} %"}
            axes.plot(line["place"], 100 * line["share"], "o-", **look)
            axes.plot([-0.5, len(ordered) - 0.5], [rate, rate], ":", lw=0.8, color=colour)
        separate_groups(axes, ordered)
        samples = int(shares.loc[(shares["estimator"] == name) & (shares["rate"] == rates[0]), "samples"].sum())
        axes.set_title(f"{name}, {samples:,} samples", fontsize=8.5)
        axes.set(ylabel="pruned of the class (%)", ylim=(-2, 102))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right upper", title="DLP rate", fontsize=7.5, title_fontsize=8)
    # The legend takes a fifth of the page.
    name_classes(grid[-1, 0], ordered, most=80)
    grid[-1, 0].set_xlabel("class, hardest right")
    title = f"{dataset}: what pruning the easiest of the whole data set takes from each class"
    headline(figure, title, "horizontal, dotted: the rate, which CLP takes from each; vertical: easy | hard")
    return figure


def pruning_by_rate(summary: pd.DataFrame, gaps: Sequence[str], dataset: str) -> Figure:
    """Return measures of recall under DLP and CLP by rate, a column a measure, a row an estimator (v1, figures 12 and S5).

    ``summary`` is of :func:`hbr.analysis.pruning.rate_summary` by gap; rate 0 is the control.
    """
    estimators = list(summary["estimator"].unique())
    size = (5.5 if len(gaps) == 1 else PAGE, 1.3 + 2.3 * len(estimators))
    figure, grid = plt.subplots(len(estimators), len(gaps), figsize=size, sharex=True, squeeze=False)
    for row, name in zip(grid, estimators, strict=True):
        for axes, gap in zip(row, gaps, strict=True):
            cell = summary[(summary["estimator"] == name) & (summary["gap"] == gap)]
            _draw_rates(axes, cell)
            title = "mean class recall" if gap == "mean" else f"recall gap {GAP_TITLES[gap]}"
            axes.set_title(title if len(estimators) == 1 else f"{title}, by {name}", fontsize=8.5)
            axes.set_ylabel("test recall (%)" if gap == "mean" else "gap (points)")
    for axes in grid[-1]:
        axes.set_xlabel("pruned, easiest first (%)")
    legend_below(figure, grid[0, 0], 3)
    what = "mean class recall" if list(gaps) == ["mean"] else "recall gaps"
    headline(figure, f"{dataset}: {what} after pruning the easiest samples", _note(summary))
    return figure


def pruning_classes(summary: pd.DataFrame, allocation: pd.DataFrame, estimator: str, dataset: str) -> Figure:
    """Return class recall under DLP, CLP and the control, a panel a rate, hardest class right (v1, figure S6).

    ``summary`` is of :func:`hbr.analysis.pruning.rate_summary` by class, of one estimator.
    """
    ordered = allocation.sort_values("position")
    places = {label: place for place, label in enumerate(ordered["class"])}
    rates = sorted(rate for rate in summary["rate"].unique() if rate)
    columns = 1 if len(ordered) > 40 else min(len(rates), 2 if len(ordered) > 20 else 3)
    rows = -(-len(rates) // columns)
    size = (PAGE, 1.5 + max(1.15, 2.4 - 0.2 * rows) * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    small = len(ordered) > 40
    for axes, rate in zip(grid.flat, rates, strict=False):
        control = summary[summary["rate"] == 0].drop_duplicates("class")
        axes.plot(
            control["class"].map(places), 100 * control["mean"], "_", ms=3 if small else 7, color="black", label="control"
        )
        for shift, (method, (colour, marker, _, label)) in zip((-0.15, 0.15), _LOOKS.items(), strict=True):
            line = summary[(summary["rate"] == rate) & (summary["method"] == method)]
            error = ends_of(line)
            look: dict[str, Any] = {
                "fmt": marker,
                "ms": 1.6 if small else 3.2,
                "color": colour,
                "lw": 0.4 if small else 0.8,
                "label": label,
            }
            axes.errorbar(line["class"].map(places) + shift, 100 * line["mean"], yerr=error, **look)
        separate_groups(axes, ordered)
        axes.set_title(f"{rate:g} % pruned", fontsize=8.5)
    for row in grid:
        row[0].set_ylabel("test recall (%)", fontsize=8)
    name_lowest(grid, len(rates), ordered)
    limit_by_means(grid[0, 0], summary)
    for axes in list(grid.flat)[1 : len(rates)]:
        point_beyond(axes)
    legend_below(figure, grid[0, 0], 3)
    headline(figure, f"{dataset}: class recall after pruning by {estimator}, hardest class right", _note(summary))
    return figure


def _draw_rates(axes: Axes, cell: pd.DataFrame) -> None:
    # A little apart, so that one interval does not hide the other.
    for shift, (method, (colour, marker, style, label)) in zip((-0.4, 0.4), _LOOKS.items(), strict=True):
        line = cell[cell["method"] == method].sort_values("rate")
        if line.empty:
            continue
        axes.plot(line["rate"] + shift, 100 * line["mean"], color=colour, ls=style, lw=1)
        pruned = line[line["rate"] > 0]
        look: dict[str, Any] = {"fmt": marker, "ms": 4, "color": colour, "capsize": 2, "lw": 1, "label": label}
        axes.errorbar(pruned["rate"] + shift, 100 * pruned["mean"], yerr=ends_of(pruned), **look)
    control = cell[cell["rate"] == 0].drop_duplicates("rate")
    look = {"fmt": "D", "ms": 4, "color": "black", "capsize": 2, "lw": 1, "label": "control"}
    axes.errorbar(control["rate"], 100 * control["mean"], yerr=ends_of(control), **look)
    axes.axhline(100 * float(control["mean"].iloc[0]), color=NEUTRAL, lw=0.7, ls=":")
    limit_by_means(axes, cell)


def _note(summary: pd.DataFrame) -> str:
    control = counted(summary.loc[summary["rate"] == 0, "variants"], "variant")
    return unpaired(summary.loc[summary["rate"] > 0, "variants"], f", control {control}")
