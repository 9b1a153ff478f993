"""Pools of other images: gaps against alpha, and captions of the images that the baseline is least and most sure of."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hbr.analysis.figures.names import ABOVE_IMAGE, class_labels
from hbr.analysis.figures.style import NEUTRAL, PAGE, PALETTE, ends_of, headline, legend_below, limit_by_means, unpaired
from hbr.analysis.labels import GAP_TITLES

_MARKERS = "os^Dvp*X"


def pool_gaps(summary: pd.DataFrame, dataset: str) -> Figure:
    """Return recall gaps against alpha, a line a strategy, with intervals (version 2, figure 6).

    ``summary`` is one of :func:`hbr.analysis.pools.pool_summaries`; alpha 0 is the control.
    """
    strategies, gaps = list(summary["strategy"].unique()), list(summary["gap"].unique())
    colours = PALETTE if len(strategies) <= len(PALETTE) else sns.color_palette("husl", len(strategies))
    columns = min(3, len(gaps))
    rows = -(-len(gaps) // columns)
    height = 1.0 + 2.1 * rows + 0.16 * -(-len(strategies) // 2)
    figure, grid = plt.subplots(rows, columns, figsize=(PAGE, height), sharex=True, squeeze=False)
    width = 0.03 * float(summary["alpha"].max())
    for axes, gap in zip(grid.flat, gaps, strict=False):
        cell = summary[summary["gap"] == gap]
        for place, strategy in enumerate(strategies):
            line = cell[cell["strategy"] == strategy].sort_values("alpha")
            # A little apart, so that one interval does not hide the other.
            shift = width * (place - (len(strategies) - 1) / 2) * (line["alpha"] > 0)
            look: dict[str, Any] = {"ms": 3.5, "lw": 1, "capsize": 2, "color": colours[place], "label": strategy}
            look["fmt"] = f"{_MARKERS[place % len(_MARKERS)]}-"
            axes.errorbar(line["alpha"] + shift, 100 * line["mean"], yerr=ends_of(line), **look)
        axes.axhline(100 * float(cell.loc[cell["alpha"] == 0, "mean"].iloc[0]), color=NEUTRAL, lw=0.7, ls=":")
        limit_by_means(axes, cell)
        axes.set_title("mean class recall" if gap == "mean" else GAP_TITLES[gap], fontsize=8.5)
    for row in grid:
        row[0].set_ylabel("points of recall")
    for axes in grid[-1]:
        axes.set_xlabel("alpha (0: control)")
        axes.set_xticks(sorted(summary["alpha"].unique()))
    for axes in list(grid.flat)[len(gaps) :]:
        axes.set_axis_off()
    legend_below(figure, grid[0, 0], 2)
    headline(figure, f"{dataset}: recall gaps by what hard classes get", unpaired(summary["variants"]))
    return figure


def pool_captions(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the captions of images of a pool: class, confidence, and the share of members that say another class.

    ``rows`` have class, confidence and otherwise; ``names`` are those of all classes.
    """
    labels = class_labels(range(len(names)), names, ABOVE_IMAGE)
    captions = []
    for row in rows.to_dict("records"):
        others = f"\n{100 * row['otherwise']:.0f} % other" if row["otherwise"] else ""
        captions.append(f"{labels[row['class']]}\n{row['confidence']:.2f}{others}")
    return captions
