"""Claims on hardness: which estimator is robust, how many members it takes, how much label noise there is."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from hbr.hardness.ensembles import DISJOINT
from hbr.hardness.ranks import rank_correlations, stepped_up
from hbr.hardness.uncertainty import middle, shifted
from hbr.study.claims.evidence import Evidence, NotMeasuredError, bootstrap_means
from hbr.study.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, UNAVAILABLE, Finding, above
from hbr.words import interval, number, rounded

_LEVEL = 0.05
# Of fewer pairs of ensembles the middle 95 % are hardly more than two of them.
_FEWEST_PAIRS = 10


def rankings_differ(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the lowest Spearman correlation between the class orders of two estimators; bootstrap over shared members.

    Orders that few members give correlate less than those of many would, even where these are one: two estimators differ
    where the whole interval lies below ``alike`` (Bonferroni over pairs) also once both have been corrected for their
    reliability (Spearman 1904), and are alike where it lies above without. Two classes have no order worth the name, nor
    have classes that are all equally hard: they are no evidence.
    """
    if len(evidence.class_names) < 3:
        raise NotMeasuredError(f"{len(evidence.class_names)} classes have one order or its reverse")
    orders = {}
    for name in evidence.matching("hardness/*/samples.parquet"):
        estimator = name.split("/")[1]
        if evidence.sources.get(estimator) == "baseline":
            orders[estimator] = evidence.member_difficulty(estimator)
    if len(orders) < 2:
        raise NotMeasuredError("the study has one estimator of hardness only")
    orders = {name: order for name, order in orders.items() if np.ptp(order.mean(0)) > 0}
    if len(orders) < 2:
        raise NotMeasuredError("all classes are equally hard by all estimators but one")
    found, highest = {}, {}
    # The same draws of members for all, since they saw the same trainings.
    means = {name: bootstrap_means(own) for name, own in orders.items()}
    reliable = {name: reliability(own) for name, own in orders.items()}
    pairs = list(combinations(orders, 2))
    for left, right in pairs:
        own = float(rank_correlations(orders[left].mean(0)[None], orders[right].mean(0)[None])[0])
        # A draw in which all classes are alike has no order.
        drawn = shifted(np.nan_to_num(rank_correlations(means[left], means[right])), own)
        found[left, right] = own, *(float(end) for end in middle(drawn, len(orders[left])))
        end, scale = float(np.quantile(drawn, 1 - _LEVEL / (2 * len(pairs)))), float(np.sqrt(reliable[left] * reliable[right]))
        highest[left, right] = end / scale if scale > 0 else np.inf
    (left, right), (rho, lower, upper) = min(found.items(), key=lambda item: item[1][0])
    limit, members = claim["alike"], len(orders[left])
    differ = [pair for pair, high in highest.items() if high < limit]
    alike = all(low > limit for _, low, _ in found.values())
    verdict = REPRODUCED if differ else NOT_REPRODUCED if alike else INCONCLUSIVE
    why = f"{len(differ)} of {len(found)} pairs of estimators lie below {limit} whatever noise of few members takes away"
    if members == 1:
        why = "one member gives no interval"
    measured = f"lowest rank correlation {rounded(rho, 2)} ({interval(lower, upper, 2)}), {left} and {right}"
    n = f"{members} members, {len(evidence.class_names)} classes"
    return Finding(measured, verdict if members > 1 else INCONCLUSIVE, why, n, float(rho), float(lower), float(upper))


def reliability(orders: np.ndarray) -> float:
    """Return how well the mean order of members would correlate with that of as many others: 0 with one, or where none agree.

    ``orders`` are ``(members, classes)``; the mean correlation between two members is stepped up to all of them.
    """
    if len(orders) < 2:
        return 0.0
    one, other = np.array(list(combinations(range(len(orders)), 2))).T
    found = np.nan_to_num(rank_correlations(orders[one], orders[other]))
    return max(0.0, stepped_up(float(found.mean()), len(orders)))


def noise_count(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge how many samples have an AUM below a threshold; below 0, and what other rules flag, stand beside it."""
    name = f"hardness/{evidence.noise_estimator}/samples.parquet"
    samples = evidence.table(name)
    members = sum(column.startswith("member_") for column in map(str, samples))
    aum, limit = samples["hardness"].to_numpy(), claim["below"]
    count = int((aum < limit).sum())
    parts = [f"{count} below AUM {number(limit)}", f"{int((aum < 0).sum())} below 0"]
    if "noise/rules.csv" in evidence.files:
        rules = evidence.table("noise/rules.csv")
        parts += [f"{flagged} by rule {rule}" for rule, flagged in zip(rules["rule"], rules["flagged"], strict=True)]
    measured, n = ", ".join(parts), f"{len(aum):,} samples, {members} members"
    reported = claim["numbers"].get(evidence.stands_for)
    if reported is None:
        return Finding(measured, INCONCLUSIVE, UNAVAILABLE, n, count)
    slack = claim["within_percent"] / 100 * reported
    verdict = REPRODUCED if abs(count - reported) <= slack else NOT_REPRODUCED
    why = f"{count} below AUM {number(limit)} against {reported}, within {claim['within_percent']} % is asked for"
    return Finding(measured, verdict, why, n, count)


def most_robust(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge by what the easiest samples of disjoint ensembles have in common beyond chance, at the largest size.

    Mean over the pruning rates of the chance-corrected share, with the middle 95 % of pairs of ensembles. The first of
    ``methods`` is the most robust where its range lies above those of all others, and is not where one lies above its own.
    """
    found, sizes = {}, set()
    for method in claim["methods"]:
        names = [name for name, own in evidence.methods.items() if own == method and evidence.sources[name] == "baseline"]
        if not names:
            raise NotMeasuredError(f"the study has no {method}")
        table = evidence.table(f"stability/{names[0]}/pruning.csv")
        table = table[(table["way"] == "disjoint") & (table["measure"] == "common")]
        if table.empty:
            raise NotMeasuredError("two disjoint ensembles need more members")
        size = int(table["members"].max())
        at_size = table[table["members"] == size]
        sizes.add((size, int(at_size["pairs"].min())))
        found[method] = tuple(float(at_size[name].mean()) for name in ("corrected", "corrected_lower", "corrected_upper"))
        if not np.isfinite(found[method]).all():
            raise NotMeasuredError(f"what ensembles of {method} have in common beyond chance has no value")
    first, *rest = claim["methods"]
    value, lower, upper = found[first]
    measured = "in common beyond chance: " + ", ".join(
        f"{method} {rounded(100 * own, 0)} % ({interval(100 * low, 100 * high, 0)})"
        for method, (own, low, high) in found.items()
    )
    size, pairs = min(sizes)
    if pairs < _FEWEST_PAIRS:
        verdict, why = INCONCLUSIVE, f"{pairs} pairs of ensembles are too few to tell; more members give more"
    elif all(lower > found[other][2] for other in rest):
        verdict, why = REPRODUCED, f"the range of {first} lies above all others"
    elif above := [other for other in rest if found[other][1] > upper]:
        verdict, why = NOT_REPRODUCED, f"the range of {' and of '.join(above)} lies above that of {first}"
    else:
        verdict, why = INCONCLUSIVE, f"the range of {first} overlaps with others"
    why += "; mean over pruning rates 10 to 90 %, middle 95 % of pairs of ensembles"
    n = f"{pairs} pairs of disjoint ensembles of {size}"
    return Finding(measured, verdict, why, n, value, lower, upper)


def size_suffices(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge how far allocations of disjoint ensembles of so many members are apart, by the middle 95 % of pairs.

    Reproduced where these lie within the tolerance, at the claim's size or at the largest that could be tested; not where
    they lie above it at the claim's. The smallest sizes that suffice, and those of nested ensembles, stand beside.
    """
    enough = evidence.table(f"stability/{evidence.estimator}/members_enough.csv")
    rows = {(row["criterion"], row["way"]): dict(row) for _, row in enough.iterrows()}
    nested, disjoint, ranks = (
        rows[key] for key in (("allocation", "nested"), ("allocation", "disjoint"), ("ranks", "disjoint"))
    )
    limit, tested, tolerance = claim["members"], disjoint["largest_tested"], disjoint["tolerance_percent"]
    measured = f"allocation: {_size(nested)} nested, {_size(disjoint)} disjoint; class ranks: {_size(ranks)} disjoint"
    n = f"{int(disjoint['members_available'])} members"
    lacks = f"two disjoint ensembles of {limit} need {2 * limit} members"
    if not np.isfinite(tested):
        return Finding(measured, INCONCLUSIVE, lacks, n, float(disjoint["members"]))
    table = evidence.table(f"stability/{evidence.estimator}/allocation.csv")
    table = table[(table["way"] == DISJOINT) & (table["unit"] == "percent") & (table["statistic"] == "mean")]
    size = int(min(limit, tested))
    row = table[table["members"] == size].iloc[0]
    # Below a limit is above its negative.
    verdict = above(-row["upper"], -row["lower"], -tolerance)
    told = f"{rounded(row['value'])} % ({interval(row['lower'], row['upper'])}, middle 95 % of {row['pairs']} pairs)"
    why = f"allocations of disjoint ensembles of {size} differ by {told}; {number(tolerance)} % are asked for"
    if size < limit and verdict != REPRODUCED:
        verdict, why = INCONCLUSIVE, f"{lacks}; {why}"
    elif row["pairs"] < _FEWEST_PAIRS:
        verdict, why = INCONCLUSIVE, f"{why}; so few pairs are too few to tell"
    return Finding(measured, verdict, why, n, float(disjoint["members"]))


def _size(row: Mapping[str, Any]) -> str:
    if np.isfinite(row["members"]):
        return f"{row['members']:.0f}"
    return f"more than {row['largest_tested']:.0f}" if np.isfinite(row["largest_tested"]) else "not tested"
