"""One look for all figures: legible in print, safe for colour-blind readers, equal bytes for equal content."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.words import counted as counted
from hbr.words import in_points as in_points

# The width of a page, in inches.
PAGE = 7.2
EASY, HARD, NEUTRAL = "#0072B2", "#D55E00", "#4D4D4D"
PALETTE = [EASY, HARD, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def use_style() -> None:
    """Set the style of all figures that follow."""
    sns.set_theme(context="paper", style="ticks", palette=PALETTE, font_scale=1.05)
    matplotlib.rcParams.update(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "legend.frameon": False,
            "savefig.dpi": 300,
            "svg.fonttype": "none",
            # Ids inside an SVG are random without it.
            "svg.hashsalt": "hbr",
        }
    )


def save_figure(figure: Figure, folder: str | Path, name: str) -> None:
    """Write ``name.svg`` and ``name.png`` into a folder, without dates."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    figure.savefig(Path(folder) / f"{name}.svg", metadata={"Date": None})
    figure.savefig(Path(folder) / f"{name}.png", metadata={"Software": None})


def headline(figure: Figure, title: str, note: str) -> None:
    """Write a title above a figure, and below it a note in brackets, in lines that are no wider than the figure."""
    lines = textwrap.wrap(f"({note})", int(14.5 * figure.get_figwidth()))
    figure.suptitle("\n".join([title, *lines]), fontsize=8.5)


def plain(text: str) -> str:
    """Return text that stands in a figure as it is: a dollar sign would start mathematics, and a class may bear any name."""
    return text.replace("$", r"\$")


def name_classes(axes: Axes, names: Iterable[str], upright: bool = False) -> None:
    """Write class names under an axis whose classes stand at 0, 1, 2 ..., slanted, or upright where there are many."""
    labels = [plain(str(name)) for name in names]
    if len(labels) <= 12 and max(map(len, labels), default=0) <= 2:
        axes.set_xticks(range(len(labels)), labels)
    elif upright or len(labels) > 12:
        size = min(7.5, max(4.2, 430 / len(labels)))
        axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=size)
        axes.tick_params(axis="x", length=2, pad=1)
    else:
        axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right", rotation_mode="anchor")


def name_lowest(grid: np.ndarray, panels: int, names: Iterable[str]) -> None:
    """Name the classes under the lowest of the first ``panels`` of a grid in each column, where there is room for names."""
    labels = list(names)
    for axes in list(grid.flat)[: panels if len(labels) > 20 else 0]:
        axes.tick_params(axis="x", length=0)
    for axes in list(grid.flat)[max(0, panels - grid.shape[1]) : panels]:
        if len(labels) <= 20 or grid.shape[1] == 1:
            name_classes(axes, labels, upright=True)
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(labels)} classes, hardest right", fontsize=8)
        # In a row that is not full, a panel ends above the last row.
        axes.tick_params(axis="x", labelbottom=True)
    for axes in list(grid.flat)[panels:]:
        axes.set_axis_off()


def separate_groups(axes: Axes, allocation: pd.DataFrame) -> None:
    """Draw a dotted line between easy and hard classes, which stand at 0, 1, 2 ... in the order of the allocation."""
    axes.axvline((allocation["group"] != "hard").sum() - 0.5, color=NEUTRAL, lw=0.8, ls=":")


def reach_of(values: pd.Series) -> float:
    """Return a limit for an axis around 0 on which all values lie; NaN are passed over."""
    return 1.3 * max(0.1, float(np.nan_to_num(values.abs().max())))


def class_axis_width(classes: int) -> float:
    """Return a figure width in inches, at most that of a page, at which the names of classes can be read."""
    return min(PAGE, max(5.5, 2.5 + 0.32 * classes))
