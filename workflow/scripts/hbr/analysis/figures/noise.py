"""Label noise: what each rule flags, where its threshold lies, and how well it finds what was planted."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hbr.analysis.figures.images import shown_id
from hbr.analysis.figures.names import ABOVE_IMAGE, class_labels, name_classes
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, PAGE, PALETTE

_DASHES = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def noise_by_class(shares: pd.DataFrame, order: Sequence[int], dataset: str) -> Figure:
    """Return the share of each class that each rule flags, a panel a rule (v1, figure 5a).

    ``order`` are the classes by mean AUM, hardest last.
    """
    rules = list(shares["rule"].unique())
    names = shares.drop_duplicates("class").set_index("class", drop=False).loc[list(order)]
    size = (PAGE, 1.2 + max(1.1, min(1.6, 8 / len(rules))) * len(rules))
    figure, grid = plt.subplots(len(rules), 1, figsize=size, sharex=True, squeeze=False)
    for index, (axes, rule) in enumerate(zip(grid[:, 0], rules, strict=True)):
        rows = shares[shares["rule"] == rule].set_index("class").loc[list(order)]
        flagged, samples = int(rows["flagged"].sum()), int(rows["samples"].sum())
        axes.bar(range(len(rows)), 100 * rows["share"], width=0.75, color=PALETTE[index % len(PALETTE)])
        axes.axhline(100 * flagged / samples, color=NEUTRAL, lw=0.8, ls="--")
        axes.set_title(f"{rule}: {flagged:,} of {samples:,} samples flagged ({100 * flagged / samples:.2f} %)", fontsize=8.5)
        axes.set_ylabel("flagged (%)", fontsize=8)
        axes.set_xlim(-0.6, len(rows) - 0.4)
    name_classes(grid[-1, 0], names)
    grid[-1, 0].set_xlabel("class, hardest (lowest mean AUM) right")
    figure.suptitle(f"{dataset}: share of each class that is flagged as label noise (dashed: all classes)")
    return figure


def cumulative_aum(flagged: Mapping[str, pd.DataFrame], planted: np.ndarray, members: int, dataset: str) -> Figure:
    """Return the number of samples below an AUM, with each rule's threshold (v1, figure 5b).

    ``flagged`` are samples with aum, score, threshold and flag, by rule. A rule whose score is not the AUM itself, as that of
    threshold samples, stands in a panel of its own. ``planted`` are the samples whose labels are known to be wrong.
    """
    own = {name: table for name, table in flagged.items() if not np.allclose(table["score"], table["aum"])}
    figure, grid = plt.subplots(1, 2 if own else 1, figsize=(PAGE if own else 5.5, 3.4), sharey=True, squeeze=False)
    left = grid[0, 0]
    first = next(iter(flagged.values()))
    _cumulate(left, first["aum"].to_numpy(), planted, EASY)
    others = [name for name in flagged if name not in own]
    for index, name in enumerate(others):
        table = flagged[name]
        label = f"{name}: {table['threshold'].iloc[0]:.3g}, {_flags(table)}"
        look: dict[str, Any] = {
            "color": PALETTE[(index + 1) % len(PALETTE)],
            "ls": _DASHES[index % len(_DASHES)],
            "lw": 1.2,
            "label": label,
        }
        left.axvline(float(table["threshold"].iloc[0]), **look)
    left.set(xlabel=f"AUM, low = hard (mean of {members} members)", ylabel="samples below", yscale="log")
    left.set_ylim(0.8, 1.4 * len(first))
    left.set_title("baseline's AUM", fontsize=8.5)
    for axes in grid[0, 1:]:
        for place, (name, table) in enumerate(own.items()):
            colour = PALETTE[(len(others) + 1 + place) % len(PALETTE)]
            _cumulate(axes, table["score"].to_numpy(), planted, colour, f"{name}, {_flags(table)}")
        axes.axvline(0, color=HARD, ls="--", lw=1.2, label="threshold")
        axes.set_xlabel("AUM above that of threshold samples")
        axes.set_title("trained with threshold samples", fontsize=8.5)
    for axes in grid[0]:
        axes.legend(fontsize=7, loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    figure.suptitle(f"{dataset}: cumulative number of {len(first):,} samples below an AUM")
    return figure


def noise_detection(rules: pd.DataFrame, dataset: str) -> Figure:
    """Return how much each rule flags and, where labels were planted, its precision and recall with exact 95 % intervals."""
    planted = int(rules["planted"].iloc[0])
    samples = int(rules["samples"].iloc[0])
    panels = 2 if planted else 1
    figure, grid = plt.subplots(
        1, panels, figsize=(PAGE if planted else 5.5, 1.5 + 0.34 * len(rules)), sharey=True, squeeze=False
    )
    left, places = grid[0, 0], np.arange(len(rules))
    left.barh(places, 100 * rules["share"], color=EASY, height=0.6)
    for place, (share, count) in enumerate(zip(rules["share"], rules["flagged"], strict=True)):
        left.annotate(f"{count:,}", (100 * share, place), (3, 0), textcoords="offset points", va="center", fontsize=7.5)
    left.margins(x=0.15)
    left.set_yticks(places, rules["rule"])
    left.set_ylim(len(rules) - 0.4, -0.6)
    left.set(xlabel="samples flagged (%)", title=f"flagged, of {samples:,}")
    if planted:
        chance = 100 * float(rules["chance"].iloc[0])
        for shift, name, colour, marker in ((-0.14, "precision", HARD, "D"), (0.14, "recall", "#009E73", "o")):
            error = [100 * (rules[name] - rules[f"{name}_lower"]), 100 * (rules[f"{name}_upper"] - rules[name])]
            look: dict[str, Any] = {"fmt": marker, "ms": 4.5, "color": colour, "capsize": 2, "lw": 1.1, "label": name}
            grid[0, 1].errorbar(100 * rules[name], places + shift, xerr=error, **look)
        for axes in grid[0]:
            axes.axvline(chance, color=NEUTRAL, lw=0.9, ls="--", label=f"chance: {planted:,}\nof {samples:,}")
        grid[0, 1].set(xlim=(-3, 103), xlabel="%", title="exact 95 % intervals")
        grid[0, 1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
        figure.suptitle(f"{dataset}: rules of label noise against {planted:,} labels that are known to be wrong", fontsize=8.5)
    else:
        figure.suptitle(f"{dataset}: samples that each rule flags (no labels are known to be wrong)", fontsize=8.5)
    return figure


def image_captions(rows: pd.DataFrame, names: Sequence[str], planted: np.ndarray) -> list[str]:
    """Return the captions of images: given label, the class that the ensemble prefers with its votes, AUM and id.

    ``rows`` have sample, id, class, preferred, votes, members and aum. A star marks labels that are known to be wrong.
    """
    labels = class_labels(range(len(names)), names, ABOVE_IMAGE)
    captions = []
    for row in rows.to_dict("records"):
        star = "* " if planted[row["sample"]] else ""
        given, preferred = (labels[row[column]] for column in ("class", "preferred"))
        captions.append(
            f"{star}{given}\n→ {preferred} ({row['votes']} of {row['members']})\nAUM {row['aum']:.2f}, {shown_id(row['id'])}"
        )
    return captions


def _cumulate(axes: Axes, scores: np.ndarray, planted: np.ndarray, colour: str, label: str = "all samples") -> None:
    lines = ((scores, "-", colour, label), (scores[planted], (0, (1, 1.5)), "black", "known to be wrong"))
    for values, style, shade, words in lines:
        if len(values):
            axes.step(np.sort(values), np.arange(1, len(values) + 1), where="post", color=shade, ls=style, lw=1.5, label=words)


def _flags(table: pd.DataFrame) -> str:
    return f"{int(table['flagged'].sum()):,} flagged"
