"""Claims on the baseline: how far classes are apart, which are hard."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hbr.analysis.statistics.cross_fitted import CrossFittedGap, cross_fitted_gap
from hbr.hardness.allocation import ratios_of_rows
from hbr.hardness.uncertainty import above_zero, middle
from hbr.study.claims.evidence import Evidence, NotMeasuredError, bootstrap_means
from hbr.study.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, UNAVAILABLE, Finding, above
from hbr.study.claims.regime import nearest
from hbr.words import interval, number, rounded

_RESAMPLES = 1000


def gap_exists(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the gap of mean class recall against a number of points, by :func:`.statistics.cross_fitted.cross_fitted_gap`.

    What the test images at hand show of classes that are alike is no gap: the more so, the more classes and the fewer images.
    """
    recall, (gap, members) = 100 * evidence.baseline_recall().mean(0), _cross_fitted(evidence)
    limit, lower, upper = claim["at_least_points"], 100 * gap.lower, 100 * gap.upper
    return Finding(
        f"recall {recall.min():.1f} to {recall.max():.1f} %, mean {recall.mean():.1f}, gap {rounded(np.ptp(recall))} points; "
        f"{rounded(100 * gap.value)} ({interval(lower, upper)}) between classes that other test images picked",
        above(lower, upper, limit),
        f"wide means above {limit} points; {_place(lower, upper, limit)}",
        f"{members} members",
        100 * gap.value,
        lower,
        upper,
    )


def gap_grows(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the ratio of this data set's gap to that of the smaller one, both as in :func:`gap_exists`."""
    other = smaller_data_set(evidence, claim, others)
    (ours, our_members), (theirs, their_members) = _cross_fitted(evidence, seed=0), _cross_fitted(other, seed=1)
    if theirs.value <= 0 or not (theirs.draws > 0).all():
        raise NotMeasuredError(f"the classes of {claim['smaller']} have no gap, or none that is sure, to compare with")
    ratio = ours.value / theirs.value
    lower, upper = (float(end) for end in middle(ours.draws / theirs.draws, min(our_members, their_members)))
    limit = claim["at_least_times"]
    return Finding(
        f"{rounded(ratio, 2)} times ({interval(lower, upper, 2)}), between classes that other test images picked",
        above(lower, upper, limit),
        f"far larger means above {limit} times; {_place(lower, upper, limit)}",
        f"{our_members} and {their_members} members",
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
    _refuse_equal(evidence)
    hardness, names = evidence.member_hardness(evidence.estimator), tuple(evidence.class_names)
    offset, members = float(evidence.allocation["hardness_offset"].iloc[0]), len(hardness)
    drawn = bootstrap_means(hardness)
    if evidence.is_always_positive(evidence.estimator):
        drawn = above_zero(drawn, hardness.mean(0))
    ratios = ratios_of_rows(drawn, evidence.direction(evidence.estimator), names, offset)
    counts = np.where(np.isnan(ratios).any(1), np.nan, (ratios * len(names) <= 1).sum(1))
    count = int((evidence.allocation["group"] == "easy").sum())
    lower, upper = (float(end) for end in middle(counts, members))
    reported = claim["numbers"].get(evidence.stands_for)
    if reported is None:
        verdict, why = INCONCLUSIVE, UNAVAILABLE
    elif not np.isfinite(lower):
        lacks = "one member gives" if members == 1 else "members whose hardness may not be positive give"
        verdict, why = INCONCLUSIVE, f"the counts {'agree' if count == reported else 'differ'}, and {lacks} no interval"
    elif count == reported:
        verdict, why = REPRODUCED, "the counts agree"
    elif not lower <= reported <= upper:
        verdict, why = NOT_REPRODUCED, "the interval over members does not hold the reported count"
    else:
        verdict, why = INCONCLUSIVE, "the counts differ, but the interval over members holds the reported one"
    measured = f"{count} of {len(names)} ({interval(lower, upper, 0)})"
    return Finding(measured, verdict, why, f"{members} members", count, lower, upper)


def extreme_classes(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge which class is the hardest and which the easiest, by the share of bootstrap draws of members that agree."""
    _refuse_equal(evidence)
    names, difficulty = evidence.class_names, evidence.member_difficulty(evidence.estimator)
    order = evidence.allocation.sort_values("position")["class_name"]
    hardest, easiest = order.iloc[-1], order.iloc[0]
    drawn = bootstrap_means(difficulty)
    agree = np.mean([(names[row.argmax()], names[row.argmin()]) == (claim["hardest"], claim["easiest"]) for row in drawn])
    share, members = claim["share"], len(difficulty)
    # Of any one pair most draws disagree where nothing is known. Who is beyond the reported class is asked of each other class.
    beyond = [
        (sign * drawn > sign * drawn[:, [names.index(claim[end])]]).mean(0).max()
        for end, sign in (("hardest", 1), ("easiest", -1))
        if claim[end] in names
    ]
    verdict = REPRODUCED if agree >= share else INCONCLUSIVE
    if max(beyond, default=0) >= 1 - (1 - share) / (2 * (len(names) - 1)):
        verdict = NOT_REPRODUCED
    return Finding(
        f"{hardest} hardest, {easiest} easiest",
        verdict if members > 1 else INCONCLUSIVE,
        f"both classes are the reported ones in {rounded(100 * float(agree), 0)} % of bootstrap draws of members; "
        f"{number(100 * share)} % are asked for, and against them, with Bonferroni, as many in which one other is beyond",
        f"{members} members",
    )


def _refuse_equal(evidence: Evidence) -> None:
    """Raise ``NotMeasuredError`` where all classes are equally hard."""
    if np.allclose(evidence.allocation["ratio"], 1 / len(evidence.allocation)):
        raise NotMeasuredError("all classes are equally hard: none is hard, none easy")


def _cross_fitted(evidence: Evidence, seed: int = 0) -> tuple[CrossFittedGap, int]:
    """Return the gap of the baseline's recall, and the number of its members."""
    runs = evidence.baseline_predictions()
    try:
        gap = cross_fitted_gap(runs, int(runs.labels.max()) + 1, _RESAMPLES, np.random.default_rng(seed))
    except ValueError as lacks:
        raise NotMeasuredError(f"a gap needs two test images of every class: {lacks}") from None
    return gap, len(runs.predictions)


def _place(lower: float, upper: float, limit: float) -> str:
    if not np.isfinite(lower):
        return "one member gives no interval"
    place = "above it" if lower > limit else "below it" if upper < limit else "on both sides of it"
    return f"the interval is {place}"
