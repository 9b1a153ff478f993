"""Precision beside recall: class by class, and in the mean of each condition."""

import textwrap
from typing import Any, cast

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.figures.fonts import font_family, plain
from hbr.analysis.figures.names import ABOVE_IMAGE, class_labels, say_of_names
from hbr.analysis.figures.style import (
    EASY,
    HARD,
    NEUTRAL,
    PAGE,
    PALETTE,
    counted,
    ends_of,
    headline,
    legend_below,
    limit_by_means,
    marks,
    reach_of,
    unpaired,
)
from hbr.analysis.limited import CONTROL
from hbr.analysis.precision import BOTH, COEFFICIENTS, correlation_of
from hbr.words import rounded

_MARKERS = "os^Dvp*X"
_AXES = {"alpha": "alpha (0: control)", "rate": "pruned at random (%)"}
# More names than these hide each other.
_MOST_NAMED = 20


def precision_recall(points: pd.DataFrame, changes: pd.DataFrame, dataset: str) -> Figure:
    """Return precision against recall of each class: of the baseline, and their changes (v2, figure 7).

    ``points`` are of :func:`hbr.analysis.precision.baseline_points`, ``changes`` of :func:`..precision.change_points` with
    the column group.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 4.1))
    look: dict[str, Any] = marks(len(points)) | {"capsize": 0, "elinewidth": 0.6}
    for group, colour, marker in (("easy", EASY, "o"), ("hard", HARD, "s")):
        own = points[(points["group"] == "hard") == (group == "hard")]
        # A t-interval knows nothing of 0 and 100 %; what lies beyond is not drawn.
        ends: dict[str, Any] = {
            way: [
                100 * (own[metric] - own[f"{metric}_lower"].clip(lower=0)),
                100 * (own[f"{metric}_upper"].clip(upper=1) - own[metric]),
            ]
            for way, metric in (("xerr", "recall"), ("yerr", "precision"))
        }
        # Intervals of few members are wide, and must not hide the points.
        ends |= {"ecolor": (colour, 0.35), "fmt": marker, "color": colour, "label": group}
        left.errorbar(100 * own["recall"], 100 * own["precision"], **ends, **look)
        moved = changes[(changes["group"] == "hard") == (group == "hard")]
        dots: dict[str, Any] = {"s": 9, "lw": 0, "alpha": 0.6, "color": colour, "marker": marker, "label": group}
        right.scatter(100 * moved["recall"], 100 * moved["precision"], **dots)
    left.axline((50, 50), slope=1, color=NEUTRAL, lw=0.7, ls=":")
    lowest = 100 * float(points[BOTH].min().min())
    room = max(0.5, 0.06 * (100 - lowest))
    left.set(xlim=(lowest - room, 100 + room), ylim=(lowest - room, 100 + room))
    if len(points) <= _MOST_NAMED:
        _name_points(left, points)
    reach = max(reach_of(100 * changes[metric]) for metric in BOTH)
    right.axhline(0, color=NEUTRAL, lw=0.7, ls=":")
    right.axvline(0, color=NEUTRAL, lw=0.7, ls=":")
    right.set(xlim=(-reach, reach), ylim=(-reach, reach))
    left.set(xlabel="recall (%)", ylabel="precision (%)")
    right.set(xlabel="change of recall (points)", ylabel="change of precision (points)")
    left.set_title(f"baseline\n{_correlated(points)}", fontsize=8)
    right.set_title(f"changes against the control\n{_correlated(changes)}", fontsize=8)
    legend_below(figure, left)
    told = f"left: mean and 95 % t-interval over {counted(points['n'], 'member')}, dotted where both are equal"
    compared = counted([changes["condition"].nunique()], "condition")
    note = f"{told}; right: each class under each of {compared}, mean over {counted(changes['variants'], 'variant')}"
    headline(figure, f"{dataset}: precision against recall of each class", note)
    return figure


def mean_recall_precision(summary: pd.DataFrame, dataset: str) -> Figure:
    """Return mean class recall and precision against alpha, and against the share pruned at random (v2, figure 8).

    ``summary`` is of :func:`hbr.analysis.precision.mean_summary`; there is a row of panels for what it holds of the two.
    """
    ways = list(summary["along"].unique())
    lines = {way: list(summary.loc[summary["along"] == way, "line"].unique()) for way in ways}
    # Room for the names beside the panels.
    heights = [max(2.2, 0.5 + 0.24 * len(lines[way])) for way in ways]
    size = (PAGE, min(11.6, 0.6 + sum(heights)))
    figure, grid = plt.subplots(len(ways), 2, figsize=size, squeeze=False, height_ratios=heights)
    for row, way in zip(grid, ways, strict=True):
        looks = _looks(lines[way])
        for axes, metric in zip(row, BOTH, strict=True):
            cell = summary[(summary["along"] == way) & (summary["metric"] == metric)]
            places = sorted(cell["place"].unique())
            apart = 0.012 * (max(25, places[-1] - places[0]) if way == "rate" else places[-1])
            for number, (name, look) in enumerate(looks.items()):
                line = cell[cell["line"] == name].sort_values("place")
                # A little apart, so that one interval does not hide the other; all stand on one control.
                shift = apart * (number - (len(looks) - 1) / 2) * ((line["place"] > 0) | (way == "rate"))
                axes.errorbar(line["place"] + shift, 100 * line["mean"], yerr=ends_of(line), label=name, **look)
            limit_by_means(axes, cell)
            axes.set_xticks(places)
            # One rate alone would be stretched over all of the panel.
            beside = max(6, len(looks) / 2 + 1) * apart if way == "rate" else 0.08 * places[-1]
            axes.set_xlim(places[0] - beside, places[-1] + beside)
            axes.set_xlabel(_AXES[way], fontsize=8)
            axes.set_ylabel(f"mean {metric} (%)", fontsize=8)
        handles, names = row[0].get_legend_handles_labels()
        wrapped = [textwrap.fill(name, 28) for name in names]
        row[1].legend(handles, wrapped, loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=6.5)
    headline(figure, f"{dataset}: mean recall and precision over classes", unpaired(summary["variants"]))
    return figure


def _correlated(points: pd.DataFrame) -> str:
    found = {name: correlation_of(points, name) for name in COEFFICIENTS}
    told = [f"{name.capitalize()} {rounded(value, 2) if pd.notna(value) else 'none'}" for name, value in found.items()]
    return f"{', '.join(told)}, n = {len(points)}"


def _name_points(axes: Axes, points: pd.DataFrame) -> None:
    """Write the name of each class beside its point, on the side where it hides least; the axis must be set."""
    labels = class_labels(points["class"], points["class_name"], ABOVE_IMAGE)
    family = font_family(labels)
    low, high = axes.get_xlim()
    # In typographic points; a panel takes some 3 inches, and letters are 0.6 of their size wide.
    places = 3 * 72 * (100 * points[BOTH].to_numpy() - low) / (high - low)
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in places]
    for label, (x, y), at in zip(labels, places, 100 * points[BOTH].to_numpy(), strict=True):
        wide = 0.6 * 6.5 * len(label)
        sides = {(right, dy): (x + (4 if right else -4 - wide), y + dy) for dy in (3, -9, 11, -17) for right in (True, False)}
        boxes = {side: (start, foot, start + wide, foot + 6.5) for side, (start, foot) in sides.items()}
        side = min(boxes, key=lambda one: sum(_overlap(boxes[one], other) for other in taken))
        taken.append(boxes[side])
        look: dict[str, Any] = {"xytext": (4 if side[0] else -4, side[1]), "textcoords": "offset points"}
        look["ha"] = "left" if side[0] else "right"
        axes.annotate(plain(label), tuple(at), **look, fontsize=6.5, fontfamily=family)
    say_of_names(cast(Figure, axes.figure), labels)


_Box = tuple[float, float, float, float]


def _overlap(one: _Box, other: _Box) -> float:
    """Return the area that two boxes share; a box is left, low, right and high."""
    wide, high = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)


def _looks(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return how each line is drawn; the control of limited data is black."""
    others = [name for name in names if name != CONTROL]
    colours = PALETTE[:6] if len(others) <= 6 else sns.color_palette("husl", len(others))
    common: dict[str, Any] = {"ms": 3.5, "capsize": 2, "lw": 1}
    looks = {name: {**common, "fmt": f"{_MARKERS[n % 8]}-", "color": colours[n]} for n, name in enumerate(others)}
    control = {CONTROL: {**common, "fmt": "D--", "color": "black"}} if CONTROL in names else {}
    return control | looks
