"""The figure of a data set: changes of a gap with intervals, on an axis in points."""

import math
from collections.abc import Sequence

import numpy as np

from hbr.study.start_page.parts import Bar, Figure, Link, Name
from hbr.study.start_page.words import Row, changed, measure, verdict
from hbr.words import counted, in_points, number


def change_figure(dataset: str, rows: Sequence[Row], of: int, sources: tuple[Link, ...]) -> Figure:
    """Return the changes of one gap against the control, a bar a condition; ``of`` is how many conditions there are."""
    margin = 100 * float(max(row["margin"] for row in rows))
    means = np.array([100 * float(row["difference"]) for row in rows])
    ends = np.array([[100 * float(row["total_lower"]), 100 * float(row["total_upper"])] for row in rows])
    reach = _reach(means, ends, margin)

    def place(value: float) -> float:
        inside = min(max(value, -reach), reach)
        return round(50 * (1 + inside / reach), 2)

    bars = []
    for row, mean, (lower, upper) in zip(rows, means, ends, strict=True):
        known = bool(np.isfinite([lower, upper]).all())
        low, high = (lower, upper) if known else (mean, mean)
        text, cut = changed(row), (bool(low < -reach), bool(high > reach))
        bars.append(Bar(Name(row["label"]), text, verdict(row), place(mean), place(low), place(high), *cut, known))
    what, better = measure(rows[0]), "right" if rows[0]["gap"] == "mean" else "left"
    told = "; ".join(f"{row['label']}: {changed(row)}, {verdict(row).text}" for row in rows)
    alt = f"{dataset}: change of the {what}, in points with 95 % intervals, {told}."
    variants = counted([row["variants"] for row in rows], "variant")
    shown = f"the {len(rows)} of {of} conditions that change it most; " if len(rows) < of else ""
    caption = (
        f"Change of the {what} against the control, in points: {shown}{better} of 0 it is better. "
        f"Line: 95 % interval over {variants} with the test set's error, an arrow where it goes on; "
        f"band: the margin of {in_points(margin / 100)} that counts as no change. "
        "Conditions are called by what hard classes get / which images easy classes lose, and by alpha: "
        "0 is no imbalance, 1 the ratios that hardness has."
    )
    ticks = tuple((place(tick), number(tick) if tick <= 0 else f"+{number(tick)}") for tick in _ticks(reach))
    return Figure(Name(dataset), caption, alt, tuple(bars), 50.0, (place(-margin), place(margin)), ticks, sources)


def _reach(means: np.ndarray, ends: np.ndarray, margin: float) -> float:
    """Return the end of an axis around 0: intervals of two variants are far too wide to set it alone."""
    least = 1.3 * max(margin, float(np.nanmax(np.abs(means))), 0.1)
    widest = np.abs(ends[np.isfinite(ends)])
    return max(least, min(2.5 * least, 1.05 * float(widest.max()) if len(widest) else 0.0))


def _ticks(reach: float) -> list[float]:
    """Return round numbers along an axis from -reach to reach: one or two on each side, so that a phone has room for them."""
    rough = reach / 2.5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(size * unit for size in (1, 2, 2.5, 5, 10) if size * unit >= rough)
    return [place * step for place in range(-int(reach / step), int(reach / step) + 1)]
