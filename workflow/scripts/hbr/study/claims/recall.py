"""Claims on the baseline: how far classes are apart, which are hard."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hbr.hardness.allocation import resampling_ratios
from hbr.study.claims.evidence import Evidence, NotMeasuredError, bootstrap_means
from hbr.study.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, UNAVAILABLE, Finding, above
from hbr.study.claims.regime import nearest
from hbr.words import interval, number, rounded


def gap_exists(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the gap of mean class recall against a number of points; interval: bootstrap over members."""
    recall = 100 * evidence.baseline_recall()
    mean, gap, lower, upper = _gap(recall)
    limit, members = claim["at_least_points"], len(recall)
    verdict = above(lower, upper, limit)
    return Finding(
        f"recall {mean.min():.1f} to {mean.max():.1f} %, mean {mean.mean():.1f}, "
        f"gap {rounded(gap)} points ({interval(lower, upper)})",
        verdict,
        f"wide means above {limit} points; {_place(lower, upper, limit)}",
        f"{members} members",
        gap,
        lower,
        upper,
    )


def gap_grows(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the ratio of this data set's gap to that of the smaller one; both bootstrapped over members."""
    ours, theirs = 100 * evidence.baseline_recall(), 100 * smaller_data_set(evidence, claim, others).baseline_recall()
    large, small = (np.ptp(bootstrap_means(recall, seed=seed), axis=1) for seed, recall in enumerate((ours, theirs)))
    if _gap(theirs)[1] == 0 or not small.all():
        raise NotMeasuredError(f"the classes of {claim['smaller']} have no gap, or none that is sure, to compare with")
    ratio = _gap(ours)[1] / _gap(theirs)[1]
    lower, upper = _ends(large / small, min(len(ours), len(theirs)))
    limit = claim["at_least_times"]
    return Finding(
        f"{rounded(ratio, 2)} times ({interval(lower, upper, 2)})",
        above(lower, upper, limit),
        f"far larger means above {limit} times; {_place(lower, upper, limit)}",
        f"{len(ours)} and {len(theirs)} members",
        ratio,
        lower,
        upper,
    )


def smaller_data_set(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Evidence:
    """Return what a data set is compared with: of several the one of the nearest regime to the paper's, the first of these."""
    smaller = [other for other in others if other.stands_for == claim["smaller"] and other is not evidence]
    if not smaller:
        raise NotMeasuredError(f"it compares with {claim['smaller']}, which the study does not have")
    return nearest(smaller)


def easy_count(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge how many classes get fewer samples than N/k at alpha = 1; interval: bootstrap over members."""
    ratios, members = _ratios(evidence)
    counts = (ratios * ratios.shape[1] <= 1).sum(1)
    count = int((evidence.allocation["group"] == "easy").sum())
    lower, upper = _ends(counts, members)
    reported = claim["numbers"].get(evidence.stands_for)
    if reported is None:
        verdict, why = INCONCLUSIVE, UNAVAILABLE
    elif count == reported:
        verdict, why = REPRODUCED, "the counts agree"
    elif members == 1:
        verdict, why = INCONCLUSIVE, "the counts differ, and one member gives no interval"
    elif not lower <= reported <= upper:
        verdict, why = NOT_REPRODUCED, "the interval over members does not hold the reported count"
    else:
        verdict, why = INCONCLUSIVE, "the counts differ, but the interval over members holds the reported one"
    measured = f"{count} of {ratios.shape[1]} ({interval(lower, upper, 0)})"
    return Finding(measured, verdict, why, f"{members} members", count, lower, upper)


def extreme_classes(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge which class is the hardest and which the easiest, by the share of bootstrap draws of members that agree."""
    names = evidence.class_names
    ratios, members = _ratios(evidence)
    order = evidence.allocation.sort_values("position")["class_name"]
    hardest, easiest = order.iloc[-1], order.iloc[0]
    agree = np.mean([(names[row.argmax()], names[row.argmin()]) == (claim["hardest"], claim["easiest"]) for row in ratios])
    share = claim["share"]
    verdict = REPRODUCED if agree >= share else NOT_REPRODUCED if agree <= 1 - share else INCONCLUSIVE
    return Finding(
        f"{hardest} hardest, {easiest} easiest",
        verdict if members > 1 else INCONCLUSIVE,
        f"both classes are the reported ones in {rounded(100 * float(agree), 0)} % of bootstrap draws of members; "
        f"{number(100 * share)} % are asked for",
        f"{members} members",
    )


def _ratios(evidence: Evidence) -> tuple[np.ndarray, int]:
    """Return ratios under bootstrap draws of members, and the number of members; draws without ratios are left out.

    Raise ``NotMeasuredError`` where all classes are equally hard, so that none is hard or easy, or no draw has ratios.
    """
    if np.allclose(evidence.allocation["ratio"], 1 / len(evidence.allocation)):
        raise NotMeasuredError("all classes are equally hard: none is hard, none easy")
    hardness, direction = evidence.member_hardness(evidence.estimator), evidence.direction(evidence.estimator)
    offset, names = float(evidence.allocation["hardness_offset"].iloc[0]), tuple(evidence.class_names)
    drawn = bootstrap_means(hardness)
    drawn = drawn[(drawn + offset > 0).all(1)]
    if not len(drawn):
        raise NotMeasuredError("hardness of single members is not positive in every class and gives no ratios")
    return np.stack([resampling_ratios(row, direction, names, offset) for row in drawn]), len(hardness)


def _gap(recall: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    mean = recall.mean(0)
    return mean, float(np.ptp(mean)), *_ends(np.ptp(bootstrap_means(recall), axis=1), len(recall))


def _ends(drawn: np.ndarray, members: int) -> tuple[float, float]:
    """Return the middle 95 % of bootstrap draws; NaN of one member, which is the same in all."""
    lower, upper = np.quantile(drawn, [0.025, 0.975]) if members > 1 else (np.nan, np.nan)
    return float(lower), float(upper)


def _place(lower: float, upper: float, limit: float) -> str:
    if not np.isfinite(lower):
        return "one member gives no interval"
    place = "above it" if lower > limit else "below it" if upper < limit else "on both sides of it"
    return f"the interval is {place}"
