"""Claims on hardness and label noise against what people see: ours, declared before any run was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.ground_truth import CLASSES, share_changes
from hbr.data.references import FLIPPED, GIVEN
from hbr.study.claims.effect import LEVEL, untested_conditions
from hbr.study.claims.evidence import Evidence, NotMeasuredError
from hbr.study.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Finding, above, agreed
from hbr.words import change, counted, interval, rounded

_NOISE = "ground_truth/noise.csv"


def human_order(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge Spearman's correlation of class AUM with human doubt, by its interval over members, images and classes.

    Human doubt is that of votes, or of labels by people where there are no votes; every such reference must agree.
    """
    estimator, table = _aum(evidence), evidence.table("ground_truth/order.csv")
    rows = table[(table["level"] == CLASSES) & (table["estimator"] == estimator)]
    rows = rows[rows["kind"] == "votes"] if (rows["kind"] == "votes").any() else rows
    rows = rows.dropna(subset="correlation")
    if rows.empty:
        raise NotMeasuredError("no people's votes or labels of three classes or more, not all alike, are under references")
    limit, worst = claim["above"], rows.iloc[int(rows["correlation"].argmin())]
    verdict = agreed(above(row["classes_lower"], row["classes_upper"], limit) for _, row in rows.iterrows())
    told = "; ".join(
        f"{rounded(row['correlation'], 2)} ({interval(row['classes_lower'], row['classes_upper'], 2)}) with "
        f"{row['reference']}, {interval(row['lower'], row['upper'], 2)} without drawing classes"
        for _, row in rows.iterrows()
    )
    allowed = rounded(worst["ceiling"], 2)
    why = f"the interval over members, images and classes against {limit}; people's reliability allows at most {allowed}"
    if worst["members"] < 2:
        why = "one member gives no interval"
    n = f"{counted([int(worst['members'])], 'member')}, {int(worst['classes'])} classes"
    ends = (float(worst["classes_lower"]), float(worst["classes_upper"]))
    return Finding(f"rank correlation {told}", verdict, why, n, float(worst["correlation"]), *ends)


def human_noise(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the AUROC of AUM for labels by others that differ, minus that for as many labels flipped on purpose.

    Labels by others are those that the data set is trained on; where it has its own, those of every other data set of the study
    with the same classes, network and epochs, and each must agree. The interval is of both intervals, of independent trainings
    (Newcombe 1998). As well means no worse than by a margin.
    """
    _aum(evidence)
    beside = [other for other in others if (other.study, other.setting) == (evidence.study, evidence.setting)]
    asked = [other for other in beside if _NOISE in other.files]
    if not asked:
        evidence.table(_NOISE)
    alike = [other for other in asked if other.class_names == evidence.class_names]
    given = [(one.dataset, ours) for one in alike if (ours := _known(one, GIVEN)) is not None]
    given = [one for one in given if one[0] == evidence.dataset] or given
    if not given:
        raise NotMeasuredError("no data set of the study is trained on labels by people")
    flipped = [(one.dataset, flips) for one in alike if (flips := _known(one, FLIPPED)) is not None]
    compared = []
    for name, ours in given:
        near = [one for one in flipped if 100 * abs(one[1]["chance"] - ours["chance"]) <= claim["rate_points"]]
        if near:
            compared.append(_against_flips(name, ours, *min(near, key=lambda one: abs(one[1]["chance"] - ours["chance"]))))
    if not compared:
        rates = " or ".join(dict.fromkeys(rounded(100 * ours["chance"], 0) for _, ours in given))
        raise NotMeasuredError(f"no data set of the study has about {rates} % of its labels flipped to compare with")
    worst, margin = min(compared, key=lambda one: one.value), claim["margin"]
    return replace(
        worst,
        measured="; ".join(one.measured for one in compared),
        verdict=agreed(above(one.lower, one.upper, -margin) for one in compared),
        why=f"as well means no more than {margin} less" if np.isfinite(worst.lower) else "one member gives no interval",
    )


def _against_flips(name: str, ours: pd.Series, other: str, theirs: pd.Series) -> Finding:
    """Return how much better labels by others are found than flipped ones, in AUROC; not judged yet."""
    difference = float(ours["auroc"] - theirs["auroc"])
    lower = difference - float(np.hypot(ours["auroc"] - ours["auroc_lower"], theirs["auroc_upper"] - theirs["auroc"]))
    upper = difference + float(np.hypot(ours["auroc_upper"] - ours["auroc"], theirs["auroc"] - theirs["auroc_lower"]))
    rates = [rounded(100 * one["chance"]) for one in (ours, theirs)]
    told = (
        f"AUROC {rounded(ours['auroc'], 3)} of {rates[0]} % labels by people ({name}), {rounded(theirs['auroc'], 3)} of "
        f"{rates[1]} % flipped ({other}): {rounded(difference, 3, signed=True)} ({interval(lower, upper, 3, signed=True)})"
    )
    n = f"{counted([int(ours['members'])], 'member')}, {int(ours['images']):,} images"
    return Finding(told, "", "", n, difference, lower, upper)


def noise_oversampled(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the change of the share of images that people call mislabelled, by its interval over variants of each condition.

    It rises where the whole interval of every condition lies above 0, and does not where, with Bonferroni, one lies below.
    """
    table = with_conditions(evidence.table("ground_truth/doubtful.csv"), evidence.table("conditions.csv"))
    judged = set(table.loc[table["kind"] == "resampled", "condition"]) - untested_conditions(evidence)
    changes = _of_judged(share_changes(table), judged)
    if changes.empty:
        raise NotMeasuredError("the study resamples nothing, or has no people's labels of training images under references")
    worst = changes.iloc[int(changes["change"].argmin())]
    # That all rise needs no correction, that one of them falls does.
    up, down = changes["lower"] > 0, _of_judged(share_changes(table, 1 - LEVEL / len(changes)), judged)["upper"] < 0
    verdict = REPRODUCED if up.all() else NOT_REPRODUCED if down.any() else INCONCLUSIVE
    least, most = changes["change"].min(), changes["change"].max()
    return Finding(
        f"from {rounded(100 * worst['before'], 2)} % by {rounded(100 * least, 2, signed=True)} to "
        f"{rounded(100 * most, 2, signed=True)} points; least {worst['label']} "
        f"{change(worst['change'], worst['lower'], worst['upper'])}",
        verdict,
        f"with its whole interval the share rises in {int(up.sum())} of {len(changes)} conditions, and falls, with Bonferroni, "
        f"in {int(down.sum())}",
        f"{counted(changes['variants'].astype(int), 'variant')}",
        *(float(worst[name]) for name in ("change", "lower", "upper")),
    )


def _of_judged(changes: pd.DataFrame, judged: set[str]) -> pd.DataFrame:
    """Return the changes of some conditions; a plan of no image that people judged has none."""
    return changes[changes["condition"].isin(judged)].dropna(subset="change")


def _aum(evidence: Evidence) -> str:
    for name, method in evidence.methods.items():
        if method == "aum" and evidence.sources[name] == "baseline":
            return name
    raise NotMeasuredError("the study has no estimator of method aum")


def _known(evidence: Evidence, why: str) -> pd.Series | None:
    """Return the row of AUM against labels that are known to be wrong, if that is why."""
    table = evidence.table(_NOISE)
    rows = table[(table["truth"] == why) & (table["finder"] == "estimator") & (table["name"] == _aum(evidence))]
    return None if rows.empty else rows.iloc[0]
