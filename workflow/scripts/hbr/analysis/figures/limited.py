"""Limited data: gaps against the share that is pruned at random."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hbr.analysis.figures.style import PAGE, PALETTE, ends_of, headline, legend_below, limit_by_means, unpaired
from hbr.analysis.labels import GAP_TITLES
from hbr.analysis.limited import CONTROL

# A signed gap in its size stands only beside a difference.
_TITLES = GAP_TITLES | {"hard_easy": "hard - easy"}
_MARKERS = "os^vP*X"


def limited_gaps(summary: pd.DataFrame, gaps: Sequence[str], dataset: str) -> Figure:
    """Return gaps of recall and of precision against the pruned share, a line a strategy (v2, figure 5).

    ``summary`` is of :func:`hbr.analysis.limited.limited_summary`; there is a row of panels a metric, and a column a gap.
    """
    metrics, looks = list(summary["metric"].unique()), _looks(list(summary["line"].unique()))
    size = (PAGE, 1.4 + 2.1 * len(metrics))
    figure, grid = plt.subplots(len(metrics), len(gaps), figsize=size, sharex=True, squeeze=False)
    rates = sorted(summary["rate"].unique())
    # A little apart, so that one interval does not hide the others, and nearer to their own rate than to the next.
    nearest = min(np.diff(rates), default=25)
    apart = min(0.02 * max(25, rates[-1] - rates[0]), 0.8 * nearest / len(looks))
    beside = max(6, len(looks) / 2 + 1) * apart
    for row, metric in zip(grid, metrics, strict=True):
        for axes, gap in zip(row, gaps, strict=True):
            cell = summary[(summary["metric"] == metric) & (summary["gap"] == gap)]
            for place, (name, look) in enumerate(looks.items()):
                line = cell[cell["line"] == name].sort_values("rate")
                places = line["rate"] + (place - (len(looks) - 1) / 2) * apart
                axes.errorbar(places, 100 * line["mean"], yerr=ends_of(line), label=name, **look)
            limit_by_means(axes, cell)
            axes.set_xticks(rates)
            axes.set_xlim(rates[0] - beside, rates[-1] + beside)
            axes.set_title(f"{metric}: {_TITLES[gap]}", fontsize=8.5)
        row[0].set_ylabel("points", fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("pruned at random (%)", fontsize=8)
    legend_below(figure, grid[0, 0], min(len(looks), 4))
    headline(figure, f"{dataset}: class-wise gaps on limited data", unpaired(summary["variants"]))
    return figure


def _looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how each line is drawn."""
    common: dict[str, Any] = {"ms": 4, "capsize": 2, "lw": 1}
    looks = {}
    for place, name in enumerate(name for name in names if name != CONTROL):
        looks[name] = {**common, "fmt": f"{_MARKERS[place % 7]}-", "color": PALETTE[place % 6]}
    return {CONTROL: {**common, "fmt": "D--", "color": "black"}, **looks}
