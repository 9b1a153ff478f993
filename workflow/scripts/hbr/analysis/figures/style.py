"""One look for all figures: legible in print, safe for colour-blind readers, equal bytes for equal content."""

import textwrap
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from hbr.analysis.figures.fonts import drop_missing
from hbr.words import counted as counted
from hbr.words import in_points as in_points

# The width of a page, in inches.
PAGE = 7.2
EASY, HARD, NEUTRAL = "#0072B2", "#D55E00", "#4D4D4D"
PALETTE = [EASY, HARD, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def use_style() -> None:
    """Set the style of all figures that follow, whatever the user's own settings of matplotlib are."""
    matplotlib.rcdefaults()
    sns.set_theme(context="paper", style="ticks", palette=PALETTE, font_scale=1.05)
    matplotlib.rcParams.update(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "figure.dpi": 110,
            # Many small images are written sooner one by one.
            "image.composite_image": False,
            # Matplotlib brings it along: room for text is the same on every machine.
            "font.sans-serif": ["DejaVu Sans", "Arial", "Liberation Sans", "sans-serif"],
            "figure.constrained_layout.use": True,
            "legend.frameon": False,
            "savefig.dpi": 300,
            "svg.fonttype": "none",
            # Ids inside an SVG are random without it.
            "svg.hashsalt": "hbr",
        }
    )
    # Figures say themselves what no font can write.
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)


def save_figure(figure: Figure, folder: str | Path, name: str | None) -> None:
    """Write ``name.svg`` and ``name.png`` into a folder, without dates; one without a name is only made fit to be shown.

    An SVG holds names as text, which a reader may have a font for; from pictures letters that no font has are left out.
    """
    if name:
        Path(folder).mkdir(parents=True, exist_ok=True)
        figure.savefig(Path(folder) / f"{name}.svg", metadata={"Date": None})
    changed = drop_missing(figure)
    if name:
        if not changed:
            # The layout stands, and making it takes as long as drawing.
            figure.set_layout_engine("none")
        figure.savefig(Path(folder) / f"{name}.png", metadata={"Software": None})
        figure.set_layout_engine("none")


def headline(figure: Figure, title: str, note: str) -> None:
    """Write a title above a figure, and below it a note in brackets, in lines that are no wider than the figure."""
    lines = textwrap.wrap(f"({note})", int(14.5 * figure.get_figwidth()))
    figure.suptitle("\n".join([title, *lines]), fontsize=8.5)


def legend_below(figure: Figure, axes: Axes, columns: int | None = None, size: float = 7.5, **look: Any) -> None:
    """Write the legend of a panel below its figure, in one row by default; a line that stands there is written above it."""
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=columns or len(labels), fontsize=size, **look)
    if said := figure.get_supxlabel():
        # Room is made for one of them only.
        legend.set_title(said, FontProperties(size=6.5))
        legend.get_title().set_color(NEUTRAL)
        figure.supxlabel("")


def marks(classes: int) -> dict[str, Any]:
    """Return the look of a point with its interval for each of so many classes along a page."""
    return {"ms": 4, "capsize": 2, "lw": 1} if classes <= 100 else {"ms": 1.5, "capsize": 0, "lw": 0.5}


def separate_groups(axes: Axes, allocation: pd.DataFrame) -> None:
    """Draw a dotted line between easy and hard classes, which stand at 0, 1, 2 ... in the order of the allocation."""
    axes.axvline((allocation["group"] != "hard").sum() - 0.5, color=NEUTRAL, lw=0.8, ls=":")


def reach_of(values: pd.Series) -> float:
    """Return a limit for an axis around 0 on which all values lie; NaN are passed over."""
    return 1.3 * max(0.1, float(np.nan_to_num(values.abs().max())))


def class_axis_width(classes: int) -> float:
    """Return a figure width in inches, at most that of a page, at which the names of classes can be read."""
    return min(PAGE, max(5.5, 2.5 + 0.32 * classes))
