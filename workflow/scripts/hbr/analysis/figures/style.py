"""One look for all figures: legible in print, safe for colour-blind readers, equal bytes for equal content."""

import textwrap
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import LogLocator, NullFormatter

from hbr.analysis.figures.fonts import drop_missing
from hbr.analysis.shown import show_drawing
from hbr.words import counted as counted
from hbr.words import in_points as in_points

# The width of a page, in inches.
PAGE = 7.2
EASY, HARD, NEUTRAL = "#0072B2", "#D55E00", "#4D4D4D"
# The id of a figure that only says why there is none.
NOTHING = "nothing"
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
    """Write ``name.svg`` and ``name.png`` into a folder, without dates, and show the figure; one without a name is only shown.

    An SVG holds names as text, which a reader may have a font for; from pictures letters that no font has are left out. What
    is shown is the SVG: sharp at any size, and drawn once.
    """
    drawn = BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    show_drawing(drawn.getvalue(), _told_by(figure), figure.get_figwidth())
    if name:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.svg").write_bytes(drawn.getvalue())
        if not drop_missing(figure):
            # The layout stands, and making it takes as long as drawing.
            figure.set_layout_engine("none")
        figure.savefig(Path(folder) / f"{name}.png", metadata={"Software": None})
    # Else a notebook would show it once more.
    plt.close(figure)


def _told_by(figure: Figure) -> str:
    """Return the titles of a figure, for those who cannot see it."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return ", ".join(dict.fromkeys(title.replace("\n", " ").replace(r"\$", "$") for title in titles if title)) or "Figure"


def nothing(said: str) -> Figure:
    """Return a figure that only says why there is none; its SVG says so in the id of its outermost group."""
    figure, axes = plt.subplots(figsize=(PAGE, 0.8))
    figure.set_gid(NOTHING)
    axes.set_axis_off()
    axes.set_title(said, fontsize=8.5)
    return figure


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


def plain_ticks(*axes: Axis) -> None:
    """Write 0.5, 1, 2 along logarithmic axes: over less than a few powers of ten those alone tell too little."""
    for axis in axes:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def reach_of(values: pd.Series) -> float:
    """Return a limit for an axis around 0 on which all values lie; NaN are passed over."""
    return 1.3 * max(0.1, float(np.nan_to_num(values.abs().max())))


def ends_of(rows: pd.DataFrame) -> list[pd.Series]:
    """Return how far intervals (lower, upper) reach below and above their mean, in percent, as error bars are given.

    Of what a t-interval has beyond 100 %, which no recall and no gap can be, nothing is drawn.
    """
    return [100 * (rows["mean"] - rows["lower"]), 100 * (rows["upper"].clip(upper=1) - rows["mean"])]


def limit_by_means(axes: Axes, rows: pd.DataFrame) -> None:
    """Set the axis by the means: an interval of two variants is 12.7 standard errors a side and would hide them."""
    low, high = 100 * float(rows["mean"].min()), 100 * float(rows["mean"].max())
    room = max(0.2, 0.6 * (high - low))
    half = 100 * float(np.nan_to_num((rows["upper"] - rows["lower"]).max())) / 2
    room = min(room, 1.1 * half + 0.1 * room)
    # No recall and no gap lies beyond; what stands at the end is not cut in half.
    axes.set_ylim(max(low - room, -1), min(high + room, 101))
    point_beyond(axes)


def point_beyond(axes: Axes) -> None:
    """Draw an arrow where an upright interval goes on beyond the axis."""
    low, high = axes.get_ylim()
    for container in (own for own in axes.containers if isinstance(own, ErrorbarContainer)):
        for bars in container.lines[2]:
            # Of what has no interval a segment is empty.
            for (place, start), (_, end) in filter(len, bars.get_segments()):
                for inside, edge, marker in ((start >= low, low, "v"), (end <= high, high, "^")):
                    if not inside:
                        axes.plot(place, edge, marker, ms=3, color=bars.get_color()[0], clip_on=False, zorder=6)


def unpaired(variants: pd.Series, more: str = "") -> str:
    """Return what intervals of means over variants are, which look surer than the paired comparisons that are tested."""
    told = f"mean and 95 % t-interval over {counted(variants, 'variant')}{more}"
    return f"{told}, unpaired, without the test set's error; arrow: cut"


def class_axis_width(classes: int) -> float:
    """Return a figure width in inches, at most that of a page, at which the names of classes can be read."""
    return min(PAGE, max(5.5, 2.5 + 0.32 * classes))
