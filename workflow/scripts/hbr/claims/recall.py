"""Claims on the baseline: how far classes are apart, which are hard."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hbr.claims.evidence import Evidence, NotMeasuredError, bootstrap_means
from hbr.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Finding, above
from hbr.hardness.allocation import resampling_ratios


def gap_exists(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the gap of mean class recall against a number of points; interval: bootstrap over members."""
    recall = 100 * evidence.baseline_recall()
    mean, gap, lower, upper = _gap(recall)
    limit, members = claim["at_least_points"], len(recall)
    verdict = above(lower, upper, limit) if members > 1 else INCONCLUSIVE
    return Finding(
        f"recall {mean.min():.1f} to {mean.max():.1f} %, mean {mean.mean():.1f}, "
        f"gap {gap:.1f} points ({lower:.1f} to {upper:.1f})",
        verdict,
        f"wide means above {limit} points; the interval is {_place(lower, upper, limit)}",
        f"{members} members",
        gap,
        lower,
        upper,
    )


def gap_grows(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the ratio of this data set's gap to that of the smaller one; both bootstrapped over members."""
    smaller = [other for other in others if other.stands_for == claim["smaller"] and other is not evidence]
    if not smaller:
        raise NotMeasuredError(f"it compares with {claim['smaller']}, which the study does not have")
    ours, theirs = 100 * evidence.baseline_recall(), 100 * smaller[0].baseline_recall()
    ratio = _gap(ours)[1] / _gap(theirs)[1]
    drawn = np.ptp(bootstrap_means(ours), axis=1) / np.ptp(bootstrap_means(theirs), axis=1)
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    limit = claim["at_least_times"]
    return Finding(
        f"{ratio:.2f} times ({lower:.2f} to {upper:.2f})",
        above(lower, upper, limit) if min(len(ours), len(theirs)) > 1 else INCONCLUSIVE,
        f"far larger means above {limit} times; the interval is {_place(lower, upper, limit)}",
        f"{len(ours)} and {len(theirs)} members",
        ratio,
        lower,
        upper,
    )


def easy_count(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge how many classes get fewer samples than N/k at alpha = 1; interval: bootstrap over members."""
    ratios, members = _ratios(evidence)
    counts = (ratios * ratios.shape[1] <= 1).sum(1)
    count = int((evidence.allocation["group"] == "easy").sum())
    lower, upper = np.quantile(counts, [0.025, 0.975])
    reported = claim["numbers"].get(evidence.stands_for)
    if count == reported:
        verdict, why = REPRODUCED, "the counts agree"
    elif members > 1 and not lower <= (np.nan if reported is None else reported) <= upper:
        verdict, why = NOT_REPRODUCED, "the interval over members does not hold the reported count"
    else:
        verdict, why = INCONCLUSIVE, "the counts differ, but the interval over members holds the reported one"
    measured = f"{count} of {ratios.shape[1]} ({lower:.0f} to {upper:.0f})"
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
        f"both classes are the reported ones in {100 * agree:.0f} % of bootstrap draws of members; "
        f"{100 * share:.0f} % are asked for",
        f"{members} members",
    )


def _ratios(evidence: Evidence) -> tuple[np.ndarray, int]:
    """Return ratios under bootstrap draws of members, and the number of members; draws without ratios are left out."""
    hardness, direction = evidence.member_hardness(evidence.estimator), evidence.direction(evidence.estimator)
    offset, names = float(evidence.allocation["hardness_offset"].iloc[0]), tuple(evidence.class_names)
    drawn = bootstrap_means(hardness)
    drawn = drawn[(drawn + offset > 0).all(1)]
    return np.stack([resampling_ratios(row, direction, names, offset) for row in drawn]), len(hardness)


def _gap(recall: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    mean = recall.mean(0)
    lower, upper = np.quantile(np.ptp(bootstrap_means(recall), axis=1), [0.025, 0.975])
    return mean, float(np.ptp(mean)), float(lower), float(upper)


def _place(lower: float, upper: float, limit: float) -> str:
    return "above it" if lower > limit else "below it" if upper < limit else "on both sides of it"
