"""How much hardness changes with the members it is averaged over: pruned sets, allocation, class ranks, enough members."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from hbr.hardness.allocation import KEEP, control_counts, ratios_of_rows, wanted_counts
from hbr.hardness.classes import class_means
from hbr.hardness.ensembles import DISJOINT, NESTED, Pair
from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.hardness.overlap import (
    RATES_PERCENT,
    beyond_chance,
    chance_in_common,
    drawn_by_lot,
    in_common,
    jaccard_of,
    pruned_share,
)
from hbr.hardness.ranks import rank_correlations

_CHANGES = ("max", "mean", "min")


def spread_of_pairs(pairs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return mean, and the range of the middle 95 % of the pairs, of column ``value`` for each group, with their number.

    The range says how much one pair of ensembles differs from another. It is no confidence interval of the mean: pairs of
    different orders and divisions share members. Empty where a group has one pair; a group with a NaN is NaN.
    """
    groups = pairs.astype({"value": float}).groupby(keys, sort=False)["value"]
    table = groups.agg(value=lambda values: values.mean(skipna=False), pairs="size")
    for name, share in (("lower", 0.025), ("upper", 0.975)):
        table[name] = groups.quantile(share).where((table["pairs"] > 1) & table["value"].notna())
    return table[["value", "lower", "upper", "pairs"]].reset_index()


def pruning_stability(scores: np.ndarray, direction: str, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Return what the pruned sets of two ensembles have in common, for every way, size and rate (v1, figure 7).

    ``scores`` are ``(members, samples)``. ``measure`` is ``changed``, the share of the pruned samples that are others in the
    second ensemble; ``common``, the rest; ``jaccard``; and ``by_lot``, the share that ties decide. ``chance`` is what sets
    drawn at random would give, ``corrected`` is (value - chance) / (1 - chance) of the mean.
    """
    sign = 1 if direction == HIGH_IS_HARD else -1

    # Nested pairs follow each other: the second ensemble of one is the first of the next.
    @lru_cache(maxsize=2)
    def pruned(members: tuple[int, ...]) -> np.ndarray:
        return pruned_share(sign * scores[list(members)].mean(0))

    rows = []
    for pair in pairs:
        one, other = pruned(pair.first), pruned(pair.second)
        common = in_common(one, other)
        values = {
            "changed": 1 - common,
            "common": common,
            "jaccard": jaccard_of(common),
            "by_lot": (drawn_by_lot(one) + drawn_by_lot(other)) / 2,
        }
        rows += [
            (pair.way, pair.size, rate, measure, value)
            for measure, row in values.items()
            for rate, value in zip(RATES_PERCENT, row, strict=True)
        ]
    table = spread_of_pairs(
        pd.DataFrame(rows, columns=["way", "members", "rate_percent", "measure", "value"]),
        ["way", "members", "rate_percent", "measure"],
    )
    common = chance_in_common(scores.shape[1])
    chance = {"changed": 1 - common, "common": common, "jaccard": jaccard_of(common), "by_lot": np.full(len(common), np.nan)}
    places = zip(table["measure"], table["rate_percent"], strict=True)
    table["chance"] = [chance[measure][RATES_PERCENT.index(rate)] for measure, rate in places]
    kappa = table["measure"].isin(["common", "jaccard"])
    for name in ("value", "lower", "upper"):
        corrected = beyond_chance(table[name].to_numpy(), table["chance"].to_numpy())
        table[f"corrected{'' if name == 'value' else '_' + name}"] = np.where(kappa, corrected, np.nan)
    return table


def allocation_stability(
    means: np.ndarray,
    control: np.ndarray,
    direction: str,
    class_names: tuple[str, ...],
    offset: float,
    pairs: Sequence[Pair],
    compat: str = "none",
) -> pd.DataFrame:
    """Return how S_c at alpha = 1, before rounding, differs between two ensembles: max, mean, min over classes (v1, figure 8).

    ``means`` are ``(members, classes)``, the class hardness of each member, ``control`` is what each class has at alpha = 0
    (:func:`hbr.hardness.allocation.control_counts`). ``unit`` is ``samples``, or ``percent`` of the
    mean of both S_c. ``pure_noise`` is what members give that differ by independent noise and nothing else, scaled by
    single members against single members: disjoint means of j differ by sigma sqrt(2 / j), and the j-th mean moves by
    sigma / sqrt(j (j + 1)), about sigma / (j + 1), when a member joins. Where a class hardness is not positive in any pair
    of a size, there is no allocation: NaN, and ``remark`` says in how many pairs. ``offset`` is added to every class hardness,
    and with ``compat="v2"`` what version 2 of the authors' code adds (:func:`hbr.hardness.allocation.offset_of`).
    """
    one, other = (
        wanted_counts(ratios_of_rows(_means_of(means, pairs, which), direction, class_names, offset, compat), control, 1)
        for which in ("first", "second")
    )
    change = np.abs(one - other)
    rows = []
    for unit, values in (("samples", change), ("percent", 200 * change / (one + other))):
        for statistic in _CHANGES:
            column = getattr(values, statistic)(1)
            rows += [(pair.way, pair.size, unit, statistic, value) for pair, value in zip(pairs, column, strict=True)]
    changes = pd.DataFrame(rows, columns=["way", "members", "unit", "statistic", "value"])
    keys = ["way", "members", "unit", "statistic"]
    table = spread_of_pairs(changes, keys)
    single = table[(table["way"] == DISJOINT) & (table["members"] == 1)].set_index(["unit", "statistic"])["value"]
    scale = single.reindex(pd.MultiIndex.from_frame(table[["unit", "statistic"]])).to_numpy(dtype=float)
    size = table["members"].astype(float)
    table["pure_noise"] = scale / np.sqrt(np.where(table["way"] == NESTED, 2 * size * (size + 1), size))
    missing = changes["value"].isna().groupby([changes[key] for key in keys], sort=False).sum().to_numpy()
    table["hardness_offset"] = offset
    table["remark"] = [
        f"class hardness is not positive in {lacking} of {pairs} pairs" if lacking else None
        for lacking, pairs in zip(missing, table["pairs"], strict=True)
    ]
    return table


def rank_stability(means: np.ndarray, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Return Spearman's correlation of class hardness between two ensembles, for every way and size.

    ``means`` are ``(members, classes)``. NaN where all classes of an ensemble are equally hard.
    """
    correlations = rank_correlations(_means_of(means, pairs, "first"), _means_of(means, pairs, "second"))
    rows = [(pair.way, pair.size, value) for pair, value in zip(pairs, correlations, strict=True)]
    table = spread_of_pairs(pd.DataFrame(rows, columns=["way", "members", "value"]), ["way", "members"])
    return table.rename(columns={"value": "spearman"})


def members_enough(allocation: pd.DataFrame, ranks: pd.DataFrame, tolerance_percent: float, members: int) -> pd.DataFrame:
    """Return the size from which on hardness stays within the tolerance, for both criteria and both ways.

    ``allocation``: the mean change of S_c over classes in percent; ``ranks``: 100 (1 - Spearman). Both are means over
    pairs. The size is the smallest j that is within the tolerance together with all greater sizes that were tested, so
    that a lucky one does not stop the search; empty where the greatest, ``largest_tested``, is not within.
    ``members_expected`` is the size at which ``pure_noise`` of the allocation falls to the tolerance, tested or not.
    """
    mean = allocation[(allocation["unit"] == "percent") & (allocation["statistic"] == "mean")]
    curves = {
        "allocation": mean[["way", "members", "value"]],
        "ranks": ranks[["way", "members"]].assign(value=100 * (1 - ranks["spearman"])),
    }
    rows = []
    for criterion, curve in curves.items():
        for way in (NESTED, DISJOINT):
            sizes = curve[curve["way"] == way].sort_values("members")
            outside = sizes.loc[~(sizes["value"] <= tolerance_percent), "members"]
            within = sizes.loc[sizes["members"] > outside.max(), "members"] if len(outside) else sizes["members"]
            expected = _members_expected(mean, way, tolerance_percent) if criterion == "allocation" else np.nan
            rows.append((criterion, way, tolerance_percent, within.min(), expected, sizes["members"].max(), members))
    counts = ["members", "members_expected", "largest_tested", "members_available"]
    table = pd.DataFrame(rows, columns=["criterion", "way", "tolerance_percent", *counts])
    return table.astype(dict.fromkeys(counts, "Int64"))


def stability_tables(
    scores: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    direction: str,
    offset: float,
    tolerance_percent: float,
    pairs: Sequence[Pair],
    balance: str = KEEP,
    compat: str = "none",
) -> dict[str, pd.DataFrame]:
    """Return the tables ``pruning``, ``allocation``, ``ranks`` and ``members_enough`` of one estimator, by name.

    ``scores`` are ``(members, samples)``, ``pairs`` those of :func:`hbr.hardness.ensembles.ensemble_pairs`. Without pairs the
    tables are empty, but for the last, which says that nothing was tested.
    """
    means = class_means(scores, labels, len(class_names))
    control = control_counts(np.bincount(labels, minlength=len(class_names)), balance)
    allocation = allocation_stability(means, control, direction, class_names, offset, pairs, compat)
    ranks = rank_stability(means, pairs)
    return {
        "pruning": pruning_stability(scores, direction, pairs),
        "allocation": allocation,
        "ranks": ranks,
        "members_enough": members_enough(allocation, ranks, tolerance_percent, len(scores)),
    }


def table_of(table: pd.DataFrame, estimator: str, definition: str) -> pd.DataFrame:
    """Return a table with the estimator's name and its definition in front of each row."""
    columns = {"estimator": estimator, "definition": definition}
    return table.assign(**columns)[[*columns, *table.columns]]


def _members_expected(mean: pd.DataFrame, way: str, tolerance: float) -> float:
    """Return the smallest j at which pure noise is within the tolerance, NaN where its scale is not known."""
    single = mean.loc[(mean["way"] == DISJOINT) & (mean["members"] == 1), "value"]
    if single.isna().all():
        return np.nan
    squared = (float(single.iloc[0]) / tolerance) ** 2
    # Nested, j (j + 1) >= squared / 2; disjoint, j >= squared.
    return max(1.0, float(np.ceil((np.sqrt(1 + 2 * squared) - 1) / 2 if way == NESTED else squared)))


def _means_of(means: np.ndarray, pairs: Sequence[Pair], which: str) -> np.ndarray:
    """Return the class hardness of the first or second ensemble of each pair, float64 ``(pairs, classes)``."""
    ensembles = [means[list(getattr(pair, which))].mean(0) for pair in pairs]
    return np.array(ensembles).reshape(len(pairs), means.shape[1])
