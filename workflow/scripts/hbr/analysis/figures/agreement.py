"""Estimators side by side, and what the choice of members leaves open."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hbr.analysis.figures.names import name_classes
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, class_axis_width, marks, nothing

_MARKERS = "osD^vP*X"


def estimator_overlap(overlap: pd.DataFrame, dataset: str) -> Figure:
    """Return the overlap of the sets pruned by each pair of estimators against the rate, with chance (v1, figure 10).

    ``overlap`` is the table of :func:`hbr.hardness.agreement.agreement_tables`; every pair stands under both its names.
    """
    if overlap.empty:
        return nothing(f"{dataset}: one estimator can be compared with no other")
    jaccard = overlap[overlap["measure"] == "jaccard"]
    turned = jaccard.rename(columns={"first": "second", "second": "first"})
    both = pd.concat([jaccard, turned])
    names = list(dict.fromkeys([*overlap["first"], *overlap["second"]]))
    looks = dict(zip(names, zip(sns.color_palette("colorblind", len(names)), _cycle(len(names)), strict=True), strict=True))
    columns = max(1, len(names))
    figure, grid = plt.subplots(2, columns, figsize=(1 + 2.5 * columns, 5.2), sharex=True, sharey="row", squeeze=False)
    for column, name in zip(grid.T, names, strict=False):
        own = both[both["first"] == name]
        for axes, prefix in zip(column, ("", "corrected"), strict=True):
            value, low, high = (prefix or "value"), f"{prefix}_lower".strip("_"), f"{prefix}_upper".strip("_")
            for partner in (other for other in names if other != name):
                line = own[own["second"] == partner].sort_values("rate_percent")
                colour, marker = looks[partner]
                axes.plot(line["rate_percent"], line[value], marker=marker, ms=3.5, lw=1, color=colour, label=partner)
                axes.fill_between(line["rate_percent"], line[low], line[high], color=colour, alpha=0.15, lw=0)
            level = own.drop_duplicates("rate_percent").sort_values("rate_percent")
            chance = level["chance"] if not prefix else 0 * level["chance"]
            axes.plot(level["rate_percent"], chance, color="black", lw=1.1, ls="--", label="chance")
            axes.set_xticks(range(10, 100, 20))
        column[0].set_title(f"{name} and ...", fontsize=9)
        column[0].legend(fontsize=7)
        column[1].set_xlabel("pruned, easiest first (%)")
    grid[0, 0].set(ylabel="Jaccard index", ylim=(0, 1))
    grid[1, 0].set(ylabel="Jaccard index beyond chance", ylim=(min(-0.1, jaccard["corrected_lower"].min()), 1))
    samples, members = _range(overlap["samples"]), _range(overlap["members"])
    figure.suptitle(
        f"{dataset}: overlap of the samples that two estimators prune, 1 = the same\n"
        f"({samples} samples, means of {members} members; bands: 95 % Wilson interval over samples)"
    )
    return figure


def estimator_agreement(correlations: pd.DataFrame, dataset: str) -> Figure:
    """Return Spearman's correlation between estimators, over samples and over classes, each with its interval below."""
    if correlations.empty:
        return nothing(f"{dataset}: one estimator can be compared with no other")
    names = list(dict.fromkeys([*correlations["first"], *correlations["second"]]))
    side = max(2.8, 0.95 * len(names))
    figure, grid = plt.subplots(1, 2, figsize=(2 * side + 2.4, 0.75 * side + 1.2))
    words = {"samples": ("samples", "95 % bootstrap over samples"), "classes": ("classes", "95 % bootstrap over members")}
    for axes, (level, (unit, interval)) in zip(grid, words.items(), strict=True):
        matrix = np.eye(len(names))
        own = correlations[correlations["level"] == level]
        ends = own[["spearman", "lower", "upper"]].to_numpy(dtype=float)
        for first, second, (value, lower, upper) in zip(own["first"], own["second"], ends, strict=True):
            places = names.index(first), names.index(second)
            matrix[places] = matrix[places[::-1]] = value
            below = "" if np.isnan(lower) else f"\n{lower:.2f} to {upper:.2f}"
            shade = "black" if value > 0.25 else "white"
            for y, x in (places, places[::-1]):
                text = "none" if np.isnan(value) else f"{value:.2f}{below}"
                axes.text(x, y, text, ha="center", va="center", fontsize=7, color=shade)
        image = axes.imshow(matrix.astype(float), cmap="cividis", vmin=-1, vmax=1, aspect="auto")
        for place in range(len(names)):
            axes.text(place, place, "1", ha="center", va="center", fontsize=7)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
        axes.set_title(f"over {unit} ({interval})", fontsize=8.5)
    figure.colorbar(image, ax=grid, label="Spearman, 1 = same order of difficulty", shrink=0.8)
    samples, members = _range(correlations["samples"]), _range(correlations["members"])
    figure.suptitle(f"{dataset}: agreement of estimators ({samples} samples, {members} members)")
    return figure


def class_uncertainty(uncertainty: pd.DataFrame, dataset: str) -> Figure:
    """Return rank and allocation of each class with intervals over members, a row an estimator, hardest class right.

    ``uncertainty`` is the table of :func:`hbr.hardness.agreement.comparison_tables`.
    """
    estimators = list(uncertainty["estimator"].unique())
    classes = uncertainty["class"].nunique()
    size = (2 * class_axis_width(classes), 2.9 * len(estimators) + 0.6)
    figure, grid = plt.subplots(len(estimators), 2, figsize=size, squeeze=False)
    for (left, right), name in zip(grid, estimators, strict=True):
        own = uncertainty[uncertainty["estimator"] == name]
        ranks = own[own["quantity"] == "rank"].sort_values(["value", "class"])
        places = {label: place for place, label in enumerate(ranks["class"])}
        members = int(ranks["members"].iloc[0])
        left.errorbar(range(len(ranks)), ranks["value"], yerr=_error(ranks), fmt="o", color=EASY, **marks(classes))
        left.set(ylabel="difficulty rank, high = hard", title=f"{name}: rank ({members} members)")
        allocation = own[own["quantity"] == "allocation"]
        alphas = sorted(allocation["alpha"].unique())
        for index, (alpha, colour) in enumerate(zip(alphas, sns.color_palette("viridis", len(alphas) + 1), strict=False)):
            line = allocation[allocation["alpha"] == alpha]
            shift = (index - (len(alphas) - 1) / 2) * 0.5 / len(alphas)
            place = line["class"].map(places) + shift
            look = {"fmt": _MARKERS[index % len(_MARKERS)], "color": colour, "label": f"alpha = {alpha:g}"}
            right.errorbar(place, line["value"], yerr=_error(line), **marks(classes), **look)
        if allocation["lower"].min() < 0 or allocation["value"].min() < 0:
            right.axhline(0, color=HARD, lw=0.9, ls=":", label="below: no samples left, refused")
        if allocation["value"].notna().any():
            right.axhline(allocation["value"].mean(), color=NEUTRAL, lw=0.8, ls="--", label="balanced")
            right.legend(fontsize=7)
        right.set(ylabel="training samples S", title=f"{name}: allocation ({members} members){_lack(allocation)}")
        for axes in (left, right):
            name_classes(axes, ranks)
    resamples = int(uncertainty["resamples"].iloc[0])
    figure.suptitle(
        f"{dataset}: what the choice of members leaves open, hardest class right\n"
        f"(95 % bootstrap intervals over members, {resamples:,} resamples)"
    )
    return figure


def _lack(allocation: pd.DataFrame) -> str:
    """Return on a line of its own why a panel has no allocation, or none with an interval; empty where it has."""
    if allocation["value"].isna().all():
        return "\nnone: class hardness is not positive"
    said = next(iter(allocation["remark"].dropna()), "") if allocation["lower"].isna().all() else ""
    return f"\nno interval: {said}" if said else ""


def _error(rows: pd.DataFrame) -> list[pd.Series]:
    # A percentile interval of a rank may lie beside the rank of the mean.
    return [(rows["value"] - rows["lower"]).clip(lower=0), (rows["upper"] - rows["value"]).clip(lower=0)]


def _cycle(length: int) -> list[str]:
    return [_MARKERS[place % len(_MARKERS)] for place in range(length)]


def _range(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
