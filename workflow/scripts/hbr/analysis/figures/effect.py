"""The effect of resampling: recall by class, change by class, change of the gaps."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, class_axis_width, name_classes


def recall_by_class(summary: pd.DataFrame, allocation: pd.DataFrame, dataset: str) -> Figure:
    """Return class recall of every condition, classes sorted by allocation, hardest right (v1, figure 9)."""
    ordered = allocation.sort_values("position")
    places = {label: place for place, label in enumerate(ordered["class"])}
    # The legend stands outside and takes its own room.
    figure, axes = plt.subplots(figsize=(class_axis_width(len(ordered)) + 2.2, 3.4))
    conditions = list(summary["label"].unique())
    colours = [NEUTRAL, "#000000", *sns.color_palette("colorblind", max(len(conditions) - 2, 1))]
    for index, (condition, colour) in enumerate(zip(conditions, colours, strict=False)):
        line = summary[summary["label"] == condition]
        shift = (index - (len(conditions) - 1) / 2) * 0.6 / max(len(conditions), 1)
        place = line["class"].map(places) + shift
        runs = int(line["n"].iloc[0])
        axes.plot(place, 100 * line["mean"], "o", ms=3.5, color=colour, label=f"{condition} (n = {runs})")
    hard = int((ordered["group"] == "hard").sum())
    axes.axvline(len(ordered) - hard - 0.5, color=NEUTRAL, lw=0.8, ls=":")
    name_classes(axes, ordered["class_name"])
    axes.set(
        xlabel=f"class, hardest right ({len(ordered) - hard} easy | {hard} hard)",
        ylabel="test recall (%)",
        title=f"{dataset}: class recall by condition, mean over runs",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
    return figure


def class_changes(differences: pd.DataFrame, allocation: pd.DataFrame, dataset: str) -> Figure:
    """Return the change against the control of four metrics per class, one line an alpha, a row a strategy (v1, figure 11)."""
    ordered = allocation.sort_values("position")
    places = {label: place for place, label in enumerate(ordered["class"])}
    strategies = list(differences["strategy"].unique())
    metrics = ["recall", "precision", "f1", "mcc"]
    figure, grid = plt.subplots(
        len(strategies),
        len(metrics),
        figsize=(2.6 * len(metrics), 2.1 * len(strategies) + 0.6),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    alphas = sorted(differences["alpha"].unique())
    colours = sns.color_palette("viridis", len(alphas) + 1)[:-1]
    hard = int((ordered["group"] == "hard").sum())
    for row, strategy in zip(grid, strategies, strict=True):
        for axes, metric in zip(row, metrics, strict=True):
            cell = differences[(differences["strategy"] == strategy) & (differences["metric"] == metric)]
            for alpha, colour in zip(alphas, colours, strict=True):
                line = cell[cell["alpha"] == alpha].assign(place=lambda t: t["class"].map(places)).sort_values("place")
                axes.plot(line["place"], 100 * line["difference"], "o-", ms=2.5, lw=1, color=colour, label=f"alpha = {alpha:g}")
                axes.fill_between(line["place"], 100 * line["lower"], 100 * line["upper"], color=colour, alpha=0.12, lw=0)
            axes.axhline(0, color=NEUTRAL, lw=0.8)
            axes.axvline(len(ordered) - hard - 0.5, color=NEUTRAL, lw=0.8, ls=":")
            axes.set_title(f"{metric.upper() if metric in ('f1', 'mcc') else metric}, {strategy}", fontsize=8)
            _class_ticks(axes, ordered)
        row[0].set_ylabel("change (points)")
    # Intervals over few variants are wide; the axis is set by the changes, and the bands may leave it.
    reach = 1.3 * max(0.1, float(np.nanmax(np.abs(100 * differences["difference"]))))
    grid[0, 0].set_ylim(-reach, reach)
    grid[0, -1].legend(fontsize=7)
    variants, pairs = int(differences["variants"].iloc[0]), int(differences["pairs"].iloc[0])
    figure.suptitle(
        f"{dataset}: change against the control by class, hardest right "
        f"({pairs} seed pairs in {variants} variants; bands: 95 % t-interval over variants)"
    )
    return figure


def gap_changes(differences: pd.DataFrame, pairs: pd.DataFrame, dataset: str) -> Figure:
    """Return the change of the recall gaps against the control, a row a condition: mean, interval, and every seed pair."""
    gaps = ["max_min", "hard_easy", "std"]
    titles = {"max_min": "max - min", "hard_easy": "hard - easy", "std": "standard deviation"}
    labels = list(differences["label"].unique())
    figure, grid = plt.subplots(1, len(gaps), figsize=(9, 1.5 + 0.36 * len(labels)), sharey=True)
    for axes, gap in zip(grid, gaps, strict=True):
        cell = differences[differences["gap"] == gap].set_index("label")
        dots = pairs[pairs["gap"] == gap]
        for place, label in enumerate(labels):
            values = 100 * dots.loc[dots["label"] == label, "difference"]
            axes.plot(values, [place] * len(values), "o", ms=3, color="#999999", alpha=0.8)
            row = cell.loc[label]
            axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], "-", lw=1.2, color=EASY)
            axes.plot(100 * row["difference"], place, "D", ms=4.5, color=HARD)
        axes.axvline(0, color=NEUTRAL, lw=0.8)
        reach = 1.25 * max(0.1, float(np.nanmax(np.abs(100 * dots["difference"]))))
        axes.set_xlim(-reach, reach)
        axes.set(xlabel="change (points)", title=titles[gap])
    grid[0].set_yticks(range(len(labels)), labels)
    grid[0].set_ylim(len(labels) - 0.5, -0.5)
    variants = int(differences["variants"].iloc[0])
    figure.suptitle(
        f"{dataset}: change of the recall gap against the control\n(grey: seed pairs; diamond: mean; line: 95 % t-interval "
        f"over {variants} variants, cut at the axis)"
    )
    return figure


def _class_ticks(axes: Axes, ordered: pd.DataFrame) -> None:
    if len(ordered) <= 20:
        axes.set_xticks(range(len(ordered)), ordered["class_name"], rotation=90, fontsize=7)
    else:
        axes.set_xlabel("class, hardest right")
