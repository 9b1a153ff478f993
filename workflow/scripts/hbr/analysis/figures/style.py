"""One look for all figures: legible in print, safe for colour-blind readers, equal bytes for equal content."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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


def name_classes(axes: Axes, names: Iterable[str]) -> None:
    """Write class names under an axis whose classes stand at 0, 1, 2 ..., slanted, or upright where there are many."""
    labels = [str(name).replace("$", r"\$") for name in names]
    if len(labels) > 12:
        axes.set_xticks(range(len(labels)), labels, rotation=90)
    else:
        axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right", rotation_mode="anchor")


def class_axis_width(classes: int) -> float:
    """Return a figure width in inches at which the names of all classes can be read."""
    return min(14.0, max(5.5, 2.5 + 0.32 * classes))
