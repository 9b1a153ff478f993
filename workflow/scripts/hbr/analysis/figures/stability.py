"""How hardness depends on the members it is averaged over."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, headline, legend_below
from hbr.analysis.labels import WAYS

_MARKERS = "osD^vP*X"
_PAIRS = "pairs of ensembles"


def pruning_stability(pruning: pd.DataFrame, dataset: str) -> Figure:
    """Return how many of the pruned samples change, by ensemble size and rate; a column an estimator (v1, figure 7).

    ``pruning`` holds the tables of :func:`hbr.hardness.stability.pruning_stability` of all estimators.
    """
    changed = pruning[pruning["measure"] == "changed"]
    if changed.empty:
        return _too_few(dataset)
    estimators = list(changed["estimator"].unique())
    width = max(2.4, 0.8 + 0.34 * changed["members"].nunique())
    figure, grid = plt.subplots(2, len(estimators), figsize=(1.2 + width * len(estimators), 6.2), squeeze=False)
    top = max(1.0, 100 * float(changed["value"].max()))
    for row, (way, words) in zip(grid, WAYS.items(), strict=True):
        for axes, name in zip(row, estimators, strict=True):
            cell = changed[(changed["way"] == way) & (changed["estimator"] == name)]
            if cell.empty:
                _say_nothing(axes)
                continue
            table = 100 * cell.pivot(index="rate_percent", columns="members", values="value").sort_index(ascending=False)
            image = axes.imshow(table.astype(float), cmap="cividis", vmin=0, vmax=top, aspect="auto")
            if table.shape[1] <= 10:
                for (line, place), value in np.ndenumerate(table.to_numpy()):
                    shade = "white" if value < 0.6 * top else "black"
                    axes.text(place, line, f"{value:.0f}", ha="center", va="center", fontsize=6.5, color=shade)
            axes.set_xticks(range(table.shape[1]), table.columns)
            axes.set_yticks(range(len(table)), table.index)
            axes.set_title(f"{name}: {words}", fontsize=8.5)
            axes.set_xlabel(f"members j (pairs: {_range(cell['pairs'])})")
        row[0].set_ylabel("pruned, easiest first (%)")
    figure.colorbar(image, ax=grid, label="pruned samples that change (%)", shrink=0.7)
    headline(figure, f"{dataset}: pruned samples that change with the ensemble", f"mean over {_PAIRS}")
    return figure


def allocation_stability(allocation: pd.DataFrame, dataset: str) -> Figure:
    """Return the change of S_c at alpha = 1 against ensemble size, with what pure noise gives (v1, figure 8).

    ``allocation`` holds the tables of :func:`hbr.hardness.stability.allocation_stability` of all estimators.
    """
    if allocation.empty:
        return _too_few(dataset)
    estimators = list(allocation["estimator"].unique())
    rows = [(way, unit) for way in WAYS for unit in ("samples", "percent")]
    size = (max(5.5, 1 + 2.5 * len(estimators)), 1.9 * len(rows) + 1)
    figure, grid = plt.subplots(len(rows), len(estimators), figsize=size, squeeze=False, sharey="row", sharex="col")
    styles = {"max": (HARD, "^"), "mean": (EASY, "o"), "min": ("#009E73", "v")}
    for row, (way, unit) in zip(grid, rows, strict=True):
        for axes, name in zip(row, estimators, strict=True):
            keep = (allocation["way"] == way) & (allocation["unit"] == unit) & (allocation["estimator"] == name)
            panel = allocation[keep]
            for statistic, (colour, marker) in styles.items():
                line = panel[panel["statistic"] == statistic].sort_values("members")
                look = {"marker": marker, "color": colour, "label": f"{statistic} over classes"}
                axes.plot(line["members"], line["value"], ms=3.5, lw=1, **look)
                axes.fill_between(line["members"], line["lower"], line["upper"], color=colour, alpha=0.13, lw=0)
                noise = "pure noise" if statistic == "mean" else None
                axes.plot(line["members"], line["pure_noise"], color=NEUTRAL, ls=":", lw=1.3, label=noise, zorder=3)
            if not panel["value"].notna().any():
                _say_nothing(axes, "class hardness is not positive" if len(panel) else "too few members")
            elif (panel["value"] > 0).any():
                # Estimators differ by powers of ten.
                axes.set_yscale("log", nonpositive="mask")
            axes.set_title(f"{name}: {WAYS[way]}", fontsize=8.5)
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        row[0].set_ylabel("change (samples)" if unit == "samples" else "change (% of S)")
    for axes in grid[-1]:
        axes.set_xlabel("members j")
    legend_below(figure, grid[0, 0])
    note = f"mean over {_range(allocation['pairs'])} {_PAIRS}; bands: middle 95 % of the pairs"
    offsets = allocation[allocation["hardness_offset"] != 0].groupby("estimator", sort=False)["hardness_offset"].first()
    note += "".join(f"; {name} with its offset of {offset:g}" for name, offset in offsets.items())
    headline(figure, f"{dataset}: change of the allocation at alpha = 1 with the ensemble", note)
    return figure


def members_enough(allocation: pd.DataFrame, ranks: pd.DataFrame, enough: pd.DataFrame, dataset: str) -> Figure:
    """Return both criteria against ensemble size with the tolerance; a ring marks the size from which on it is kept."""
    mean = allocation[(allocation["unit"] == "percent") & (allocation["statistic"] == "mean")]
    if mean.empty:
        return _too_few(dataset)
    ranks = ranks.assign(**{name: 100 * (1 - ranks[name]) for name in ("lower", "upper")}, value=100 * (1 - ranks["spearman"]))
    curves = {"allocation": (mean, "mean change of S (%)"), "ranks": (ranks, "100 (1 - Spearman of classes)")}
    estimators = list(enough["estimator"].unique())
    colours = dict(zip(estimators, sns.color_palette("colorblind", len(estimators)), strict=True))
    figure, grid = plt.subplots(2, 2, figsize=(9.6, 5.6), sharex="col", sharey="row")
    for row, (criterion, (table, words)) in zip(grid, curves.items(), strict=True):
        for axes, (way, title) in zip(row, WAYS.items(), strict=True):
            rules = enough[(enough["criterion"] == criterion) & (enough["way"] == way)].set_index("estimator")
            for place, name in enumerate(estimators):
                line = table[(table["estimator"] == name) & (table["way"] == way)].sort_values("members")
                rule = rules.loc[name]
                stop = f"{rule['members']:.0f}" if pd.notna(rule["members"]) else f"more than {rule['largest_tested']:.0f}"
                stop = "not tested" if line["value"].isna().all() else stop
                look = {"marker": _MARKERS[place % len(_MARKERS)], "color": colours[name], "label": f"{name}: {stop}"}
                axes.plot(line["members"], line["value"], ms=4, lw=1, **look)
                axes.fill_between(line["members"], line["lower"], line["upper"], color=colours[name], alpha=0.1, lw=0)
                kept = line[line["members"] == rule["members"]] if pd.notna(rule["members"]) else line[:0]
                axes.plot(kept["members"], kept["value"], "o", ms=10, mfc="none", mec=colours[name], mew=1.3)
            tolerance = float(rules["tolerance_percent"].iloc[0])
            axes.axhline(tolerance, color=NEUTRAL, lw=0.9, ls="--")
            axes.set_title(title, fontsize=9)
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            # Linear up to the tolerance: equal rankings have 0, which has no logarithm.
            axes.set_yscale("symlog", linthresh=tolerance)
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(ScalarFormatter())
            axes.set_yticks([0, tolerance, *(tick for tick in (5, 10, 20, 50, 100, 200) if tick > 1.6 * tolerance)])
            axes.yaxis.set_minor_locator(NullLocator())
            axes.legend(fontsize=7, title="enough members", title_fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
        row[0].set_ylabel(words)
    for axes in grid[-1]:
        axes.set_xlabel("members j")
    members = int(enough["members_available"].max())
    figure.suptitle(
        f"{dataset}: how many members are enough, of {members} (dashed: tolerance; ring: enough)\n"
        f"means over {_range(mean['pairs'])} {_PAIRS}, bands: middle 95 % of the pairs"
    )
    return figure


def _range(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return str(low) if low == high else f"{low} to {high}"


def _too_few(dataset: str) -> Figure:
    figure, axes = plt.subplots(figsize=(5.5, 1.6))
    axes.axis("off")
    _say_nothing(axes, f"{dataset}: one member can be compared with no other")
    return figure


def _say_nothing(axes: Axes, why: str = "too few members") -> None:
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", fontsize=8, color=NEUTRAL)
