"""Hardness of samples and classes, and the allocation that follows."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hbr.analysis.figures.fonts import font_family, plain
from hbr.analysis.figures.names import class_labels, name_classes, named_places, say_of_names
from hbr.analysis.figures.style import HARD, NEUTRAL, class_axis_width, legend_below, marks, plain_ticks

DIRECTIONS = {"low-is-hard": "low = hard", "high-is-hard": "high = hard"}


def hardness_distributions(samples: pd.DataFrame, classes: pd.DataFrame, estimator: str, dataset: str) -> Figure:
    """Return the distribution of instance hardness in each class, easiest class left, with the class mean."""
    order = classes.sort_values("difficulty_rank")
    few = len(order) <= 100
    direction = DIRECTIONS[str(classes["direction"].iloc[0])]
    figure, axes = plt.subplots(figsize=(class_axis_width(len(order)), 3.2))
    sns.boxplot(
        samples,
        x="class",
        y="hardness",
        order=order["class"],
        color="#C6DBEF",
        width=0.6,
        fliersize=0.8 if few else 0.3,
        linewidth=0.7 if few else 0.3,
        ax=axes,
    )
    places = range(len(order))
    look = marks(len(order)) | {"ms": 3.5 if few else 1.2}
    error = [order["hardness"] - order["hardness_lower"], order["hardness_upper"] - order["hardness"]]
    axes.errorbar(places, order["hardness"], yerr=error, fmt="D", color=HARD, label="class mean", **look)
    axes.legend(loc="best")
    name_classes(axes, order)
    members = int(classes["members"].iloc[0])
    axes.set(
        xlabel="class, hardest right",
        ylabel=f"{estimator} ({direction})",
        title=f"{dataset}: {estimator} per class, mean of {members} members\n(diamond: class mean, 95 % t-interval)",
    )
    return figure


def class_order(ranks: pd.DataFrame, dataset: str) -> Figure:
    """Return the difficulty rank of each class under each estimator; ``ranks`` has class and class name as index."""
    many = len(ranks) > 20
    labels = class_labels(ranks.index.get_level_values("class"), ranks.index.get_level_values("class_name"))
    shown = named_places(len(labels))
    size = min(8, max(4.6, 430 / len(ranks))) if many else None
    # Letters are 0.6 of their size wide, and short names have room.
    more = max(0.0, 0.6 * max(map(len, labels)) * (size or 9) / 72 - 1)
    width = max(3.4, 1.6 + 0.9 * len(ranks.columns)) + more
    figure, axes = plt.subplots(figsize=(width, 0.8 + min(0.28 * len(ranks), 8.5)))
    bar = {"label": "rank, high = hard"}
    sns.heatmap(ranks, annot=not many, fmt=".0f", cmap="cividis", cbar_kws=bar, yticklabels=False, ax=axes)
    texts = [plain(labels[place]) for place in shown]
    axes.set_yticks([place + 0.5 for place in shown], texts, va="center", fontfamily=font_family(labels))
    title = f"{dataset}: class difficulty by estimator"
    axes.set(title="" if more else title, xlabel="", ylabel="")
    if more:
        # Beside long names a panel is too narrow for it.
        figure.suptitle(title)
    axes.tick_params(axis="y", rotation=0, labelsize=size)
    say_of_names(figure, labels, shown)
    return figure


def allocation_counts(allocations: pd.DataFrame, dataset: str, estimator: str) -> Figure:
    """Return the samples each class is granted at each alpha, sorted as at alpha = 1, hardest right (v1, figure 4)."""
    ordered = allocations.sort_values("position")
    names = ordered.drop_duplicates("class")
    places = {label: place for place, label in enumerate(names["class"])}
    figure, axes = plt.subplots(figsize=(class_axis_width(len(names)), 3.2))
    alphas = sorted(allocations["alpha"].unique())
    for alpha, colour in zip(alphas, sns.color_palette("viridis", len(alphas)), strict=True):
        line = ordered[ordered["alpha"] == alpha]
        axes.plot(
            line["class"].map(places),
            line["granted"],
            "o-",
            ms=3 if len(names) <= 100 else 1,
            lw=1,
            color=colour,
            label=f"alpha = {alpha:g}",
        )
    hard = int((names["group"] == "hard").sum())
    axes.axvline(len(names) - hard - 0.5, color=NEUTRAL, lw=0.8, ls=":")
    name_classes(axes, names)
    axes.legend()
    axes.set(
        xlabel=f"class, hardest right ({len(names) - hard} easy | {hard} hard)",
        ylabel="training samples",
        title=f"{dataset}: allocation by {estimator}, {int(ordered['samples'].sum() / len(alphas)):,} samples in all",
    )
    return figure


def offset_influence(offsets: pd.DataFrame, dataset: str, estimator: str) -> Figure:
    """Return what each class is owed at alpha = 1 against the offset of class hardness, one line a class.

    ``offsets`` is the table of :func:`hbr.hardness.review.offset_table` of one estimator.
    """
    figure, axes = plt.subplots(figsize=(5.5, 3.2))
    table = offsets.assign(height=offsets["offset"] + offsets["hardness"].min())
    # Refused offsets have no allocation.
    table = table[table["factor"].notna()]
    names = table.drop_duplicates("class").sort_values("hardness")
    for label, colour in zip(names["class"], sns.color_palette("viridis", len(names)), strict=True):
        line = table[table["class"] == label].sort_values("offset")
        axes.plot(line["height"], line["factor"], lw=1, color=colour)
    labels = class_labels(names["class"], names["class_name"])
    ends = [labels[place] for place in sorted({0, len(names) - 1})]
    for place, name in zip((0, -1), ends, strict=False):
        first = table[table["class"] == names["class"].iloc[place]].sort_values("offset").iloc[0]
        text = axes.text(first["height"], first["factor"], f" {plain(name)}", fontsize=7, va="bottom")
        text.set_fontfamily(font_family(ends))
    say_of_names(figure, ends)
    for _, own in table[table["study"]].head(1).iterrows():
        axes.axvline(own["height"], color=HARD, lw=1, ls=":", label=f"this study, offset {own['offset']:g}")
        axes.legend(loc="best")
    axes.axhspan(0.5, 2, color=NEUTRAL, alpha=0.12, lw=0)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="lowest class hardness + offset",
        ylabel="samples at alpha = 1 / control",
        title=f"{dataset}: the allocation by {estimator} depends on the offset",
    )
    plain_ticks(axes.xaxis, axes.yaxis)
    return figure


def drawing_rates(rates: pd.DataFrame, dataset: str) -> Figure:
    """Return how often samples of each difficulty decile stand in the plans, a panel a strategy, 1 = as in the data.

    Rows of ``rates`` have strategy, alpha, decile and copies.
    """
    strategies, alphas = list(rates["strategy"].unique()), sorted(rates["alpha"].unique())
    columns = min(3, len(strategies))
    rows = -(-len(strategies) // columns)
    size = (max(4, 2.4 * columns), 1.2 + 1.6 * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, strategies, strict=False):
        for alpha, colour, marker in zip(alphas, sns.color_palette("viridis", len(alphas) + 1), "os^Dv*" * 20, strict=False):
            line = rates[(rates["strategy"] == name) & (rates["alpha"] == alpha)]
            axes.plot(line["decile"], line["copies"], marker=marker, ms=3, lw=1, color=colour, label=f"alpha = {alpha:g}")
        axes.axhline(1, color=NEUTRAL, lw=0.8, ls="--")
        axes.set_title(name, fontsize=8)
        axes.set_xticks(range(1, 11, 3))
    for axes in grid.flat[len(strategies) :]:
        axes.set_axis_off()
    for axes in list(grid.flat)[max(0, len(strategies) - columns) : len(strategies)]:
        axes.set_xlabel("difficulty decile (10 = hardest)", fontsize=8)
        axes.tick_params(axis="x", labelbottom=True)
    for row in grid:
        row[0].set_ylabel("real copies per sample", fontsize=8)
    legend_below(figure, grid[0, 0], min(6, len(alphas)))
    figure.suptitle(f"{dataset}: what the plans draw, by difficulty within the class", fontsize=9)
    return figure
