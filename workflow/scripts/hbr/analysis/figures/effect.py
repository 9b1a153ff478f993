"""The effect of resampling by class: recall, and change against the control."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hbr.analysis.figures.names import name_lowest
from hbr.analysis.figures.style import NEUTRAL, PAGE, counted, headline, legend_below, reach_of, separate_groups

_METRICS = {"recall": "recall", "precision": "precision", "f1": "F1", "mcc": "MCC"}


def recall_by_class(recall: pd.DataFrame, allocation: pd.DataFrame, dataset: str) -> Figure:
    """Return class recall of baseline, control and resampled conditions, a panel a strategy, hardest right (v1, figure 9).

    ``recall`` is of :func:`hbr.analysis.tables.recall_summary`. Each panel shows the control of its strategy.
    """
    ordered = allocation.sort_values("position")
    places = dict(zip(ordered["class"], range(len(ordered)), strict=True))
    resampled = recall[recall["kind"] == "resampled"]
    strategies = list(resampled["strategy"].unique())
    looks = _alpha_looks(resampled["alpha"])
    columns = 1 if len(strategies) == 1 or len(ordered) > 40 else 2 if len(strategies) <= 4 or len(ordered) > 20 else 3
    rows = -(-len(strategies) // columns)
    size = (PAGE, 1.1 + rows * max(1.1, 2.4 - 0.25 * rows))
    figure, grid = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    small = len(ordered) > 40
    for axes, strategy in zip(grid.flat, strategies, strict=False):
        own = resampled[resampled["strategy"] == strategy]
        lines: dict[str, tuple[pd.DataFrame, Any, str]] = {"baseline": (recall[recall["kind"] == "baseline"], NEUTRAL, "x")}
        lines["control"] = (recall[recall["condition"] == own["reference"].iloc[0]], "#000000", "s")
        for alpha, (colour, marker) in looks.items():
            lines[f"alpha = {alpha:g}"] = (own[own["alpha"] == alpha], colour, marker)
        for index, (label, (line, colour, marker)) in enumerate(lines.items()):
            shift = (index - (len(lines) - 1) / 2) * 0.6 / len(lines)
            look: dict[str, Any] = {"marker": marker, "ms": 1.8 if small else 3.2, "color": colour, "label": label}
            axes.plot(line["class"].map(places) + shift, 100 * line["mean"], ls="", **look)
        separate_groups(axes, ordered)
        axes.set_title(strategy, fontsize=8)
    name_lowest(grid, len(strategies), ordered)
    for row in grid:
        row[0].set_ylabel("test recall (%)", fontsize=8)
    legend_below(figure, grid[0, 0], markerscale=1.5)
    runs = {kind: counted(recall.loc[recall["kind"] == kind, "n"], "run") for kind in ("baseline", "control", "resampled")}
    note = f"dotted: easy | hard; n: baseline {runs['baseline']}, control {runs['control']}, each condition {runs['resampled']}"
    headline(figure, f"{dataset}: class recall, mean over runs, hardest class right", note)
    return figure


def class_changes(differences: pd.DataFrame, allocation: pd.DataFrame, dataset: str) -> Figure:
    """Return the change against the control of four metrics per class, one line an alpha, a row a strategy (v1, figure 11).

    ``differences`` are rows of resampled conditions against their control, with the column strategy.
    """
    ordered = allocation.sort_values("position")
    places = {label: place for place, label in enumerate(ordered["class"])}
    strategies = list(differences["strategy"].unique())
    height = max(1.05, min(1.9, 9 / len(strategies)))
    size = (PAGE, height * len(strategies) + 1.3)
    figure, grid = plt.subplots(len(strategies), len(_METRICS), figsize=size, sharex=True, sharey=True, squeeze=False)
    looks = _alpha_looks(differences["alpha"])
    small = len(ordered) > 40
    for row, strategy in zip(grid, strategies, strict=True):
        for axes, metric in zip(row, _METRICS, strict=True):
            cell = differences[(differences["strategy"] == strategy) & (differences["metric"] == metric)]
            for alpha, (colour, marker) in looks.items():
                line = cell[cell["alpha"] == alpha].assign(place=lambda t: t["class"].map(places)).sort_values("place")
                look: dict[str, Any] = {
                    "ms": 0.8 if small else 2.2,
                    "lw": 0.5 if small else 0.9,
                    "color": colour,
                    "label": f"alpha = {alpha:g}",
                }
                axes.plot(line["place"], 100 * line["difference"], marker=marker, **look)
                axes.fill_between(line["place"], 100 * line["lower"], 100 * line["upper"], color=colour, alpha=0.12, lw=0)
            axes.axhline(0, color=NEUTRAL, lw=0.8)
            separate_groups(axes, ordered)
        # Long names of estimators take a line of their own.
        row[0].set_ylabel(f"{strategy.replace(' by ', chr(10) + 'by ')}\nchange (points)", fontsize=7)
    for axes, title in zip(grid[0], _METRICS.values(), strict=True):
        axes.set_title(title)
    name_lowest(grid, grid.size, ordered)
    # Intervals over few variants are wide; the axis is set by the changes, and the bands may leave it.
    reach = reach_of(100 * differences["difference"])
    grid[0, 0].set_ylim(-reach, reach)
    legend_below(figure, grid[0, 0])
    pairs, variants = counted(differences["pairs"], "seed pair"), counted(differences["variants"], "variant")
    # The test set's error is known of shares of images alone.
    bands = "bands: 95 % interval over variants, of recall and precision with the test set's error, cut at the axis"
    note = f"dotted: easy | hard; {pairs} in {variants}; {bands}"
    headline(figure, f"{dataset}: change against the control by class, hardest right", note)
    return figure


def _alpha_looks(alphas: pd.Series) -> dict[float, tuple[Any, str]]:
    """Return colour and marker of each alpha."""
    values = sorted(alphas.dropna().unique())
    # The lightest colours of the scale do not show on white.
    colours = sns.color_palette("viridis", len(values) + 1)[:-1]
    return {value: (colour, "o^vDP*X"[place % 7]) for place, (value, colour) in enumerate(zip(values, colours, strict=True))}
