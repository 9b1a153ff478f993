"""Class names in figures: as they are where there is room and a font has their letters, else so that classes stay apart."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.figures.fonts import font_family, missing_letters, plain
from hbr.analysis.figures.style import NEUTRAL

# Characters of a name that are shown along an axis, and above an image of a tenth of a page.
LONGEST, ABOVE_IMAGE = 36, 15
# Names along an axis as long as a page is wide.
MOST_NAMES = 100
# The height that figures have for names, and that of the tallest, in inches.
_USUAL_ROOM, _TALLEST = 0.9, 11.6


def shortened(text: str, most: int = LONGEST) -> str:
    """Return text of at most so many characters, its middle left out: names that are numbered differ at an end."""
    end = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - end]}…{text[-end:]}"


def class_labels(classes: Iterable[int], names: Iterable[str], most: int = LONGEST) -> list[str]:
    """Return what classes are called in a figure, in the order given: their names, the middle of long ones left out.

    The class's number stands before a name that no font of this machine can write, and before those that were shortened to
    the same.
    """
    short = [shortened(str(name), most) for name in names]
    times, family = Counter(short), font_family(short)
    return [
        f"{number}: {name}" if times[name] > 1 or missing_letters(name, family) else name
        for number, name in zip(classes, short, strict=True)
    ]


def name_classes(axes: Axes, classes: pd.DataFrame, upright: bool = False, most: int = MOST_NAMES) -> None:
    """Write class names under an axis whose classes stand at 0, 1, 2 ..., slanted, or upright where there are many.

    ``classes`` has class and class_name, one row a place. Where there are more than can be read, one in so many is named; a
    figure grows by what long names take.
    """
    labels = class_labels(classes["class"], classes["class_name"])
    shown, longest = named_places(len(labels), most), max(map(len, labels), default=0)
    texts, family = [plain(labels[place]) for place in shown], font_family(labels)
    if len(labels) <= 12 and longest <= 2:
        axes.set_xticks(shown, texts, fontfamily=family)
    elif upright or len(labels) > 12:
        size = min(7.5, max(4.2, 4.3 * most / len(shown)))
        axes.set_xticks(shown, texts, rotation=90, fontsize=size, fontfamily=family)
        axes.tick_params(axis="x", length=2, pad=1)
        _make_room(axes, longest * size)
    else:
        axes.set_xticks(shown, texts, rotation=30, ha="right", rotation_mode="anchor", fontfamily=family)
        _make_room(axes, 0.5 * longest * 9)
    say_of_names(cast(Figure, axes.figure), labels, shown)


def name_lowest(grid: np.ndarray, panels: int, classes: pd.DataFrame) -> None:
    """Name the classes under the lowest of the first ``panels`` of a grid in each column, where there is room for names."""
    for axes in list(grid.flat)[: panels if len(classes) > 20 else 0]:
        axes.tick_params(axis="x", length=0)
    for axes in list(grid.flat)[max(0, panels - grid.shape[1]) : panels]:
        if len(classes) <= 20 or grid.shape[1] == 1:
            name_classes(axes, classes, upright=True)
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(classes)} classes, hardest right", fontsize=8)
        # In a row that is not full, a panel ends above the last row.
        axes.tick_params(axis="x", labelbottom=True)
    for axes in list(grid.flat)[panels:]:
        axes.set_axis_off()


def named_places(classes: int, most: int = MOST_NAMES) -> list[int]:
    """Return the places of at most so many classes that are named along an axis of classes: all, or one in two, three ..."""
    return list(range(0, classes, max(1, -(-classes // most))))


def say_of_names(figure: Figure, labels: Sequence[str], shown: Sequence[int] = ()) -> None:
    """Write below a figure how many of its classes are named, and what numbers before names mean, where either is needed."""
    said = []
    if 1 < len(shown) < len(labels):
        said.append(f"one class in {shown[1]} of {len(labels)} is named; tables name all")
    if missing_letters("".join(labels), font_family(labels)):
        said.append("number: the class; no font of this machine has the letters of its name, tables have")
    if said:
        figure.supxlabel(textwrap.fill("; ".join(said), int(19 * figure.get_figwidth())), fontsize=6.5, color=NEUTRAL)


def _make_room(axes: Axes, points: float) -> None:
    """Make a figure taller by what names need, once for a row of panels; letters are 0.6 of their size wide."""
    place, figure = axes.get_subplotspec(), cast(Figure, axes.figure)
    if place is None or place.is_first_col():
        height = float(figure.get_figheight())
        figure.set_figheight(max(height, min(height + 0.6 * points / 72 - _USUAL_ROOM, _TALLEST)))
