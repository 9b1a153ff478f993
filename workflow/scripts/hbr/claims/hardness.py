"""Claims on hardness: which estimator is robust, how many members it takes, how much label noise there is."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from hbr.claims.evidence import Evidence, NotMeasuredError, bootstrap_means
from hbr.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Finding
from hbr.hardness.estimators import HIGH_IS_HARD


def rankings_differ(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the lowest Spearman correlation between the class orders of two estimators; bootstrap over shared members."""
    orders = {}
    for name in evidence.matching("hardness/*/samples.parquet"):
        estimator = name.split("/")[1]
        if evidence.sources.get(estimator) == "baseline":
            sign = 1 if evidence.direction(estimator) == HIGH_IS_HARD else -1
            orders[estimator] = sign * evidence.member_hardness(estimator)
    if len(orders) < 2:
        raise NotMeasuredError("the study has one estimator of hardness only")
    found = {}
    for left, right in combinations(orders, 2):
        # The same draws of members for both, since they saw the same trainings.
        drawn = zip(bootstrap_means(orders[left], 500), bootstrap_means(orders[right], 500), strict=True)
        rho = [stats.spearmanr(*pair).statistic for pair in drawn]
        own = stats.spearmanr(orders[left].mean(0), orders[right].mean(0)).statistic
        found[left, right] = (own, *np.quantile(rho, [0.025, 0.975]))
    (left, right), (rho, lower, upper) = min(found.items(), key=lambda item: item[1][0])
    limit, members = claim["alike"], len(orders[left])
    differ = [pair for pair, (_, _, high) in found.items() if high < limit]
    alike = all(low > limit for _, low, _ in found.values())
    verdict = REPRODUCED if differ else NOT_REPRODUCED if alike else INCONCLUSIVE
    why = f"{len(differ)} of {len(found)} pairs of estimators lie below {limit} with their whole interval"
    measured = f"lowest rank correlation {rho:.2f} ({lower:.2f} to {upper:.2f}), {left} and {right}"
    n = f"{members} members, {len(evidence.class_names)} classes"
    return Finding(measured, verdict if members > 1 else INCONCLUSIVE, why, n, float(rho), float(lower), float(upper))


def noise_count(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge how many samples have an AUM below a threshold; below 0, and what other rules flag, stand beside it."""
    name = f"hardness/{evidence.noise_estimator}/samples.parquet"
    samples = evidence.table(name)
    members = sum(column.startswith("member_") for column in map(str, samples))
    aum, limit = samples["hardness"].to_numpy(), claim["below"]
    count = int((aum < limit).sum())
    parts = [f"{count} below AUM {limit:g}", f"{int((aum < 0).sum())} below 0"]
    if "noise/rules.csv" in evidence.files:
        rules = evidence.table("noise/rules.csv")
        parts += [f"{flagged} by rule {rule}" for rule, flagged in zip(rules["rule"], rules["flagged"], strict=True)]
    measured, n = ", ".join(parts), f"{len(aum):,} samples, {members} members"
    reported = claim["numbers"].get(evidence.stands_for)
    if reported is None:
        return Finding(measured, INCONCLUSIVE, "the reported value is unavailable", n, count)
    slack = claim["within_percent"] / 100 * reported
    verdict = REPRODUCED if abs(count - reported) <= slack else NOT_REPRODUCED
    why = f"{count} below AUM {limit:g} against {reported}, within {claim['within_percent']} % is asked for"
    return Finding(measured, verdict, why, n, count)


def most_robust(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    raise NotMeasuredError("stability")


def size_suffices(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    raise NotMeasuredError("stability")
