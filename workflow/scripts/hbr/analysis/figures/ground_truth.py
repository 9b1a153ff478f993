"""Hardness and label noise against what people see: orders of classes and images, who finds what, what resampling draws."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hbr.analysis.figures.names import MOST_NAMES, name_classes
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, PAGE, PALETTE, counted, headline, nothing
from hbr.analysis.ground_truth import CLASSES, SAMPLES, WITHIN

_LOOKS = {CLASSES: (EASY, "o"), SAMPLES: (HARD, "D"), WITHIN: ("#009E73", "s")}


def human_doubt(doubt: pd.DataFrame, hardness: pd.DataFrame, estimator: str, dataset: str) -> Figure:
    """Return the mean human doubt of each class, in their order of difficulty by an estimator, a panel a reference.

    ``doubt`` has reference, class, doubt and its ends; ``hardness`` is the table of classes of the estimator.
    """
    references = list(doubt["reference"].unique())
    if not references:
        return nothing(f"{dataset}: no people's votes or labels under references")
    figure, grid = plt.subplots(1, len(references), figsize=(max(3.6, min(PAGE, 3.4 * len(references))), 3.4), squeeze=False)
    ordered = hardness.sort_values("difficulty_rank")
    ranks = pd.Series(range(len(ordered)), index=ordered["class"])
    for axes, reference in zip(grid[0], references, strict=True):
        rows = doubt[(doubt["reference"] == reference) & doubt["doubt"].notna()].set_index("class")
        error = [100 * (rows["doubt"] - rows["doubt_lower"]), 100 * (rows["doubt_upper"] - rows["doubt"])]
        look = {"fmt": "o", "ms": 4, "lw": 1, "capsize": 2, "color": EASY, "label": reference}
        axes.errorbar(ranks.loc[rows.index], 100 * rows["doubt"], yerr=error, **look)
        name_classes(axes, ordered, most=MOST_NAMES // len(references))
        axes.set_title(reference, fontsize=8.5)
        axes.set_xlabel(f"class, hardest by {estimator} right", fontsize=8)
    grid[0, 0].set_ylabel("human doubt (%)")
    headline(figure, f"{dataset}: what people doubt and what is hard to learn", "mean of a class, 95 % interval over images")
    return figure


def human_order(order: pd.DataFrame, dataset: str) -> Figure:
    """Return rank correlations of hardness with human doubt, with their ends over members and images, and their ceiling.

    A panel a reference; rows of ``ground_truth/order.csv``. The ceiling is a vertical stroke.
    """
    references = list(order["reference"].unique())
    if not references:
        return nothing(f"{dataset}: no people's votes or labels under references")
    counts = [len(order[order["reference"] == one]) for one in references]
    size = (PAGE, 1.6 + 0.27 * sum(counts) + 0.3 * len(counts))
    figure, grid = plt.subplots(
        len(references), 1, figsize=size, sharex=True, squeeze=False, gridspec_kw={"height_ratios": counts}
    )
    for axes, reference in zip(grid[:, 0], references, strict=True):
        rows = order[order["reference"] == reference].reset_index(drop=True)
        for level, (colour, marker) in _LOOKS.items():
            own = rows[rows["level"] == level]
            if own.empty:
                continue
            error = [own["correlation"] - own["lower"], own["upper"] - own["correlation"]]
            look = {"fmt": marker, "ms": 4.5, "lw": 1.1, "capsize": 2, "color": colour}
            axes.errorbar(own["correlation"], own.index, xerr=np.nan_to_num(error), label=level, **look)
            wide = own[own["classes_lower"].notna()]
            axes.hlines(wide.index, wide["classes_lower"], wide["classes_upper"], color=colour, lw=0.7, ls=":")
        known = rows[rows["ceiling"].notna() & (rows["level"] != WITHIN)]
        axes.plot(known["ceiling"], known.index, "|", color=NEUTRAL, ms=11, mew=1.6, label="ceiling")
        axes.set_yticks(rows.index, [f"{row['estimator']}, {row['level']}" for _, row in rows.iterrows()], fontsize=7.5)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.axvline(0, color=NEUTRAL, lw=0.7)
        axes.set_title(reference, fontsize=8.5)
    low = np.nanmin([0, order["lower"].min(), order["classes_lower"].min(), order["correlation"].min()])
    grid[-1, 0].set(xlim=(low - 0.06, 1.06), xlabel="rank correlation with human doubt")
    grid[0, 0].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    note = "95 % intervals over members and images; dotted: over classes, too; ceiling: what people's reliability allows"
    headline(figure, f"{dataset}: hardness against human doubt", note)
    return figure


def human_noise(noise: pd.DataFrame, dataset: str) -> Figure:
    """Return how well estimators and rules find the images that people call mislabelled: AUROC, and precision and recall.

    Rows of ``ground_truth/noise.csv``; one block a reference and truth.
    """
    rows = noise[noise["positives"] > 0].reset_index(drop=True)
    if rows.empty:
        return nothing(f"{dataset}: nobody calls an image mislabelled, as far as references say")
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 1.7 + 0.24 * len(rows)), sharey=True)
    blocks = rows.groupby(["reference", "truth"], sort=False).ngroup()
    for block in range(blocks.max() + 1):
        own, colour = rows[blocks == block], PALETTE[block % len(PALETTE)]
        error = np.nan_to_num([own["auroc"] - own["auroc_lower"], own["auroc_upper"] - own["auroc"]])
        first = own.iloc[0]
        label = f"{first['reference']}: {first['truth']} ({int(first['positives']):,} images)"
        left.errorbar(own["auroc"], own.index, xerr=error, fmt="o", ms=4, lw=1, capsize=2, color=colour, label=label)
        found = own[own["finder"] == "rule"]
        if block:
            for axes in (left, right):
                axes.axhline(own.index[0] - 0.5, color=NEUTRAL, lw=0.5)
        for name, marker, shift in (("precision", "D", -0.15), ("recall", "o", 0.15)):
            ends = np.nan_to_num(100 * np.array([found[name] - found[f"{name}_lower"], found[f"{name}_upper"] - found[name]]))
            right.errorbar(100 * found[name], found.index + shift, xerr=ends, fmt=marker, ms=4, lw=1, capsize=2, color=colour)
        ranked = own[own["finder"] == "estimator"]
        right.plot(100 * ranked["precision_as_many"], ranked.index, "P", ms=5, color=colour)
    for marker, name in (("D", "precision of a rule"), ("o", "recall of a rule"), ("P", "precision of as many as there are")):
        right.plot([], [], marker, ms=4, color=NEUTRAL, label=name)
    left.set_yticks(rows.index, rows["name"], fontsize=7.5)
    left.set_ylim(len(rows) - 0.4, -0.6)
    left.axvline(0.5, color=NEUTRAL, lw=0.8, ls="--")
    left.set(xlabel="AUROC (dashed: chance)", xlim=(min(0.45, rows["auroc"].min() - 0.05), 1.02))
    right.set(xlabel="%", xlim=(-3, 103))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", fontsize=7)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", fontsize=7)
    headline(figure, f"{dataset}: who finds what people call mislabelled", "95 % intervals: over members and images; exact")
    return figure


def doubtful_share(changes: pd.DataFrame, dataset: str) -> Figure:
    """Return how the share of images that people call mislabelled changes by each plan, in points, a panel a reference.

    ``changes`` are of :func:`hbr.analysis.ground_truth.share_changes`.
    """
    references = list(changes["reference"].unique())
    if not references:
        return nothing(f"{dataset}: nothing is planned anew, or no people's labels of training images are under references")
    rows = changes[changes["reference"] == references[0]]
    figure, grid = plt.subplots(1, len(references), figsize=(PAGE, 1.4 + 0.25 * len(rows)), sharey=True, squeeze=False)
    for axes, reference in zip(grid[0], references, strict=True):
        own = changes[changes["reference"] == reference].reset_index(drop=True)
        error = np.nan_to_num(100 * np.array([own["change"] - own["lower"], own["upper"] - own["change"]]))
        axes.errorbar(100 * own["change"], own.index, xerr=error, fmt="o", ms=4, lw=1, capsize=2, color=EASY, label=reference)
        axes.axvline(0, color=NEUTRAL, lw=0.8)
        axes.set_title(f"{reference}: {100 * own['training_set'].iloc[0]:.2f} % of the training set", fontsize=8.5)
        axes.set_xlabel("change (points)")
    grid[0, 0].set_yticks(range(len(rows)), rows["label"], fontsize=7.5)
    grid[0, 0].set_ylim(len(rows) - 0.4, -0.6)
    variants = counted(rows["variants"].astype(int), "variant")
    note = f"change against its control, or the training set; 95 % t-interval over {variants}"
    headline(figure, f"{dataset}: share of images that most people call mislabelled", note)
    return figure
