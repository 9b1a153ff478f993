"""Claims on what resampling and pruning do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from hbr.analysis import labels
from hbr.analysis.columns import RESAMPLED, against_control
from hbr.analysis.comparisons import pair_runs
from hbr.analysis.statistics.decisions import what_decides_all
from hbr.analysis.statistics.paired import Estimate, beyond_p, reach, t_estimate
from hbr.analysis.statistics.verdicts import INCONCLUSIVE as UNDECIDED
from hbr.analysis.statistics.verdicts import NOT_TESTED, VERDICTS, holm, variants_needed
from hbr.hardness.ranks import rank_correlations
from hbr.study.claims.beside import told_beside
from hbr.study.claims.evidence import Evidence, NotMeasuredError
from hbr.study.claims.finding import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, UNAVAILABLE, Finding
from hbr.words import change, counted, interval, number, rounded

LEVEL = 0.05
# Of few classes so many orders are alike that t is too sure of rho: with 4 variants it finds an order where none is in 10 % of
# studies of 3 classes, in 6 % of 5, in 5 % of 6.
FEWEST_RANKED = 6
_TEST_SETS = 500
_NO_POOL = "none draws images of another source, as version 2 did"


def no_effect(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the declared family: reproduced where all its rows are equivalent, not where one is shown to exceed the margin.

    A row that improves or worsens differs from 0; whether by more than the margin is tested on its own, with Holm over the
    family. Rows that compare nothing are no evidence, and are told apart.
    """
    rows, untested = _records(evidence, ["resampled"], family="resampling", keep=_is_gap)
    n, tests = _variants(rows), len(rows)
    largest = max(rows, key=lambda row: abs(row["difference"]))
    by_verdict = {verdict: [row for row in rows if row["verdict"] == verdict] for verdict in VERDICTS}
    counts = ", ".join(f"{len(found)} {verdict}" for verdict, found in by_verdict.items() if found)
    shown = f"{counts}; largest change {_change(largest)} points, {largest['condition']}{untested}"
    shown += told_beside(evidence, largest)
    beyond = holm(np.array([_beyond_margin(row) for row in rows]))
    if counts_for := [row for row, p in zip(rows, beyond, strict=True) if p <= LEVEL]:
        names = ", ".join(f"{row['condition']} ({row['gap']})" for row in counts_for)
        return Finding(shown, NOT_REPRODUCED, f"larger than the margin, after Holm over {tests} tests: {names}", n)
    if len(by_verdict["equivalent"]) == tests:
        return Finding(shown, REPRODUCED, f"all {tests} changes are equivalent to none within the margin", n)
    reasons = []
    if changed := [*by_verdict["improves"], *by_verdict["worsens"]]:
        reasons.append(f"{len(changed)} of {tests} changes differ from none, and none is shown to be larger than the margin")
    if undecided := by_verdict["inconclusive"]:
        reasons.append(f"{len(undecided)} of {tests} tests are undecided")
    decides = what_decides_all([*(_undecided(row, tests) for row in changed), *undecided])
    return Finding(shown, INCONCLUSIVE, f"{'; '.join(reasons)}; what would decide each: {decides}", n, decides=decides)


def _undecided(row: Mapping[str, Any], tests: int) -> dict[str, Any]:
    """Return a row that differs from none as one that is undecided: with the variants that tell whether by the margin."""
    shared = float(np.nan_to_num(row["shared_error"])) ** 2
    beyond, above = abs(row["difference"]) - row["margin"], int(row["variants"])
    if beyond > 0:
        # One-sided.
        needed = variants_needed(beyond, row["spread"], shared_variance=shared, level=2 * LEVEL / tests, above=above)
    else:
        needed = variants_needed(row["difference"], row["spread"], row["margin"], shared, level=0.0, above=above)
    return {**row, "verdict": UNDECIDED, "variants_needed": needed, "test_samples_needed": np.nan}


def _beyond_margin(row: Mapping[str, Any]) -> float:
    errors = row["error"], row["variants"] - 1, row["total_error"], row["total_df"]
    return beyond_p(row["difference"], row["margin"], *errors)


def no_system(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the rank correlation between a class's place in the allocation and its change of recall, per condition.

    Spearman's rho of every variant (mean over members), a t-test over variants with the test set's error, which all variants
    share, and Holm over conditions: whether rho exceeds ``weak``, below which it counts as none. No system is shown where rho
    is below ``weak`` in every condition and hard against easy classes change by less than the margin: noise alone makes rho
    small, however classes change. Conditions with the control's plans are no evidence, nor are those by estimators with another
    order of classes than the first's.
    """
    recall, contrasts = evidence.classes, evidence.contrasts
    recall = recall[(recall["metric"] == "recall") & ~recall["condition"].isin(untested_conditions(evidence))]
    others_order = set(recall.loc[(recall["estimator"] != evidence.estimator) & recall["estimator"].notna(), "condition"])
    asked = contrasts[(contrasts["family"] == "resampling") & ~contrasts["condition"].isin(others_order)]
    paired = pair_runs(recall, asked, ["metric", "class"])
    if paired.empty:
        raise NotMeasuredError("the study has no resampled condition whose plans differ from the control's")
    table = evidence.allocation
    position, is_hard = table.set_index("class")["position"], table.set_index("class")["group"] == "hard"
    if np.allclose(table["ratio"], 1 / len(table)):
        raise NotMeasuredError("all classes are equally hard, so no change can follow hardness")
    if len(position) < FEWEST_RANKED:
        raise NotMeasuredError(f"{len(position)} classes are too few to tell an order that changes follow from chance")
    estimates: dict[str, Estimate] = {}
    exceeds, moved = [], {}
    for condition, cell in paired.groupby("condition", sort=False):
        changes = cell.pivot_table(index="variant", columns="class", values="difference")
        places = position[changes.columns].to_numpy()
        # A variant in which no class changes has no order, and follows none.
        rho = _rank_correlations(changes.to_numpy(), places)
        errors = _class_errors(evidence, dict(cell.iloc[0]), changes.columns.to_numpy())
        shared = _shared_variance(changes.to_numpy(), places, errors)
        estimates[str(condition)] = found = t_estimate(rho, shared, margin=claim["weak"])
        own = float(rho.std(ddof=1)) / np.sqrt(len(rho)) if np.isfinite(found.error) else np.nan
        exceeds.append(beyond_p(found.mean, claim["weak"], own, len(rho) - 1, found.error, found.df))
        hard = is_hard[changes.columns].to_numpy()
        moved[str(condition)] = changes.to_numpy(), np.where(hard, 1 / hard.sum(), -1 / (~hard).sum()), errors
    adjusted = holm(np.array(exceeds))
    follow = [name for name, p in zip(estimates, adjusted, strict=True) if p <= LEVEL]
    # What decides is shown.
    largest = max(follow or estimates, key=lambda name: abs(estimates[name].mean))
    shown = estimates[largest]
    ends = interval(shown.lower, shown.upper, 2, signed=True)
    measured = f"rank correlation up to {rounded(shown.mean, 2, signed=True)} ({ends}), {largest}"
    if others_order:
        measured += f"; {len(others_order)} by other estimators not judged"
    weak, limit = all(estimate.equivalence_p <= LEVEL for estimate in estimates.values()), f"+-{claim['weak']}"
    if follow:
        verdict, why = (
            NOT_REPRODUCED,
            f"after Holm the change of recall follows hardness, beyond {limit}, under {', '.join(follow)}",
        )
    elif not weak:
        verdict, why = (
            INCONCLUSIVE,
            f"no correlation is shown to exceed {limit} after Holm, and not all are shown to lie within",
        )
    elif _hard_easy_stays(evidence, moved):
        verdict, why = (
            REPRODUCED,
            f"all correlations lie within {limit}, changes of hard against easy classes within the margin",
        )
    else:
        verdict, why = INCONCLUSIVE, f"all correlations lie within {limit}, but hard against easy may change by the margin"
    n = f"{counted([paired['variant'].nunique()], 'variant')}, {counted([len(estimates)], 'condition')}"
    return Finding(measured, verdict, why, n, shown.mean, shown.lower, shown.upper)


def _hard_easy_stays(evidence: Evidence, moved: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> bool:
    """Return whether hard against easy classes stay as in the control, in every condition judged: their gap, and its sign.

    ``moved`` are by condition changes ``(variants, classes)``, weights whose sum with a row is hard less easy, and the test
    set's error in each class. By size alone a gap that is turned around were no change.
    """
    try:
        rows, _ = _records(
            evidence,
            ["resampled"],
            keep=lambda row: row["gap"] == "hard_easy" and row["reference"] == "control" and row["condition"] in moved,
        )
    except NotMeasuredError:
        return False
    signed = {}
    for row in rows:
        changes, weights, errors = moved[row["condition"]]
        signed[row["condition"]] = t_estimate(changes @ weights, float(((weights * errors) ** 2).sum()), row["margin"])
    stays = all(row["equivalence_p"] <= LEVEL and signed[row["condition"]].equivalence_p <= LEVEL for row in rows)
    return stays and len(signed) == len(moved)


def _rank_correlations(changes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return Spearman's rho between ``places`` and the last axis; 0 where nothing changes, which follows no order."""
    rows = changes.reshape(-1, len(places))
    found = rank_correlations(rows, np.broadcast_to(places, rows.shape))
    return np.nan_to_num(found).reshape(changes.shape[:-1])


def _class_errors(evidence: Evidence, who: Mapping[str, Any], classes: np.ndarray) -> np.ndarray:
    """Return the test set's shared error in each class's change of recall, ``who`` against its reference; 0 if not known."""
    if "class_differences.csv" not in evidence.files:
        return np.zeros(len(classes))
    table = evidence.table("class_differences.csv")
    compared = (table["condition"] == who["condition"]) & (table["reference"] == who["reference"])
    # Studies of earlier versions lack the column.
    own = table[(table["metric"] == "recall") & compared].reindex(columns=["class", "shared_error"]).set_index("class")
    return np.nan_to_num(own["shared_error"].reindex(classes).to_numpy(np.float64))


def _shared_variance(changes: np.ndarray, places: np.ndarray, errors: np.ndarray) -> float:
    """Return the variance of the mean rho over test sets where no class changes but by chance.

    All variants' changes move alike then, each class by its error, beside what the variants differ by.
    """
    moved = np.random.default_rng(0).normal(size=(_TEST_SETS, 1, len(errors))) * errors
    return float(_rank_correlations(changes - changes.mean(0) + moved, places).mean(-1).var(ddof=1))


def size_constant(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the sizes of the plans that resample on both sides; a plan with one side left as it is must change in size."""
    size = int(evidence.allocation["samples"].sum())
    conditions = evidence.classes.drop_duplicates("condition").set_index("condition").to_dict("index")
    untested = untested_conditions(evidence)
    both: list[int] = []
    one_side: list[int] = []
    for name, path in evidence.matching("plans/resampled-*/variant*/plan.parquet").items():
        condition = name.split("/")[1]
        row = conditions[condition]
        if row["reference"] == "control" and condition not in untested:
            sizes = one_side if "none" in (row["oversampling"], row["undersampling"]) else both
            sizes.append(pq.read_metadata(path).num_rows)
    if not both:
        changes = " whose plans differ from the control's" if untested else ""
        raise NotMeasuredError(f"the study has no condition that both over- and undersamples{changes}")
    same = sum(rows == size for rows in both)
    why = "every plan that resamples on both sides is counted"
    if one_side:
        why += f"; with one side left as it is plans hold {min(one_side):,} to {max(one_side):,}"
    verdict = REPRODUCED if same == len(both) else NOT_REPRODUCED
    return Finding(f"{size:,} examples in {same} of {len(both)} plans", verdict, why, f"{len(both)} plans", size)


def imbalance_helps(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge DLP against CLP: reproduced where at some rate mean recall rises and the gap falls.

    Holm over both and all rates; not reproduced where at every rate one of them is worse, or equivalent within the margin.
    """
    rows, untested = _records(
        evidence,
        ["pruned"],
        keep=lambda row: row["reference_kind"] == "pruned" and row["gap"] in ("mean", "max_min"),
        missing="the study does not prune by DLP and CLP at one rate",
    )
    adjusted = holm(np.array([row["total_p"] for row in rows], np.float64))
    # A gain that is shown to be smaller than the margin is none, as in every verdict.
    helped: dict[tuple[str, float], list[bool]] = {}
    failed: dict[tuple[str, float], list[bool]] = {}
    for row, p in zip(rows, adjusted, strict=True):
        gain = row["difference"] * row["direction"]
        key = (row["estimator"], row["rate"])
        helped.setdefault(key, []).append(p <= LEVEL and gain > 0 and not row["equivalence_p"] <= LEVEL)
        # Of two that may be equivalent one would be by chance too often.
        failed.setdefault(key, []).append(row["equivalence_p"] <= LEVEL / 2 or (p <= LEVEL and gain < 0))
    names = {"mean": "mean recall", "max_min": "gap"}
    shown = "; ".join(f"{names[row['gap']]} {_change(row)} at {number(row['rate'])} %" for row in rows)
    measured = f"DLP - CLP: {shown}{untested}"
    if any(map(all, helped.values())):
        verdict, why = REPRODUCED, f"both are better at some rate, after Holm over {len(rows)} tests"
    elif all(map(any, failed.values())):
        verdict, why = NOT_REPRODUCED, "at every rate DLP is worse in one of them, or no different within the margin"
    else:
        verdict, why = INCONCLUSIVE, f"no rate shows both better after Holm over {len(rows)} tests, nor is it excluded"
    return Finding(measured, verdict, why, _variants(rows), decides=what_decides_all(rows))


def holdout_best(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge real samples against copies, paired, all else alike, over the declared family and all rates.

    Reproduced where they do better in some row and worse in none, not reproduced where all are equivalent or one is worse.
    """
    rows, untested = _records(
        evidence,
        ["limited"],
        family="holdout",
        keep=_is_gap,
        missing="the study does not resample limited data by holdout and by random",
    )
    n, tests = _variants(rows), len(rows)
    shown = "; ".join(f"{labels.measured(row['metric'], row['gap'])} {_change(row)} at {_place(row)}" for row in rows)
    verdicts = [row["verdict"] for row in rows]
    counts = ", ".join(f"{verdicts.count(one)} {one}" for one in VERDICTS if one in verdicts)
    if "worsens" in verdicts or set(verdicts) == {"equivalent"}:
        verdict = NOT_REPRODUCED
    else:
        verdict = REPRODUCED if "improves" in verdicts else INCONCLUSIVE
    return Finding(
        f"holdout - random: {shown}{untested}",
        verdict,
        f"of {tests} tests after Holm: {counts}",
        n,
        decides=what_decides_all(rows),
    )


def gap_falls(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge the largest fall of the recall gap, in percent of the control's, with Bonferroni over all that is resampled.

    Conditions on limited data are among them; what they are compared with is the control of the same samples.
    """
    rows, untested = _records(
        evidence, RESAMPLED, keep=lambda row: row["gap"] == "max_min" and row["reference_kind"] == "control"
    )
    if any(row["reference_value"] == 0 for row in rows):
        raise NotMeasuredError("the control has no gap that could fall")
    falls = []
    for row in rows:
        half = float(reach(LEVEL / len(rows), row["error"], row["variants"] - 1, row["total_error"], row["total_df"]))
        falls.append((-100 * row["difference"] / row["reference_value"], 100 * half / row["reference_value"]))
    reported = claim["numbers"].get(evidence.stands_for)
    # Of several whose interval leaves out none and holds the reported fall the largest, else the largest of all.
    places = range(len(rows))
    shows = [place for place in places if reported and falls[place][0] > falls[place][1] >= reported - falls[place][0]]
    best = max(shows or places, key=lambda place: falls[place][0])
    value, half = falls[best]
    lower, upper = value - half, value + half
    measured = f"best {rounded(value, 0)} % ({interval(lower, upper, 0)}), {rows[best]['condition']}{untested}"
    measured += told_beside(evidence, rows[best])
    n = _variants(rows)
    if reported is None:
        return Finding(measured, INCONCLUSIVE, UNAVAILABLE, n, value, lower, upper)
    if not np.isfinite(half):
        return Finding(measured, INCONCLUSIVE, f"no interval of {n}", n, value)
    if shows:
        verdict, why = REPRODUCED, "a fall is shown and may be as large as reported"
    elif not all(fall + half < reported for fall, half in falls):
        verdict, why = INCONCLUSIVE, "no fall is shown that may be as large as reported, nor do all intervals exclude it"
    elif not any(row["pool"] in evidence.pools for row in rows):
        verdict, why = INCONCLUSIVE, f"no condition reaches the reported fall, but {_NO_POOL}"
    else:
        verdict, why = NOT_REPRODUCED, "no condition reaches the reported fall"
    note = f"of {len(rows)} conditions, interval with Bonferroni"
    return Finding(measured, verdict, f"{why}; {note}", n, value, lower, upper)


def beats_random(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge what ``strategy`` chooses from a pool against random images of it, paired by seed: reproduced where it improves.

    Not reproduced where it worsens in any declared comparison, or is equivalent in all.
    """
    rows, found, by_others = _against_random(evidence, claim)
    if by_others["worsens"]:
        return replace(rows, verdict=NOT_REPRODUCED, why=f"worse than random images in {by_others['worsens']} {rows.why}")
    if found["improves"]:
        return replace(rows, verdict=REPRODUCED, why=f"better than random images in {found['improves']} {rows.why}")
    # What the workflow's own generator makes speaks for no other.
    alone = f"but of these {_NO_POOL}"
    if found["worsens"]:
        why = f"worse than random images in {found['worsens']} {rows.why}, {alone}"
        return replace(rows, verdict=INCONCLUSIVE, why=why)
    judged = _no_difference(rows, found)
    if judged.verdict == NOT_REPRODUCED and not by_others["equivalent"]:
        return replace(judged, verdict=INCONCLUSIVE, why=f"{judged.why}, {alone}")
    return judged


def differs_from_random(evidence: Evidence, claim: Mapping[str, Any], others: Sequence[Evidence]) -> Finding:
    """Judge whether what ``strategy`` chooses from a pool does better or worse than random images of it: then reproduced.

    Not reproduced where it is equivalent in all declared comparisons.
    """
    rows, found, _ = _against_random(evidence, claim)
    if changed := found["improves"] + found["worsens"]:
        return replace(rows, verdict=REPRODUCED, why=f"other than random images in {changed} {rows.why}")
    return _no_difference(rows, found)


def _against_random(evidence: Evidence, claim: Mapping[str, Any]) -> tuple[Finding, dict[str, int], dict[str, int]]:
    """Return a finding without verdict on a strategy against random images of its pool, and how often each verdict stands.

    Then how often it does of pools of another source than the workflow's own generator.
    """
    strategy = claim["strategy"]
    rows, untested = _records(
        evidence,
        RESAMPLED,
        family="pool",
        keep=lambda row: row["oversampling"] == strategy,
        missing=f"the study does not compare {strategy} with pool-random",
    )
    shown = "; ".join(
        f"{labels.measured(row['metric'], row['gap'])} {_change(row)} of {row['pool']} at {_place(row)}" for row in rows
    )
    tests = f"of {len(rows)} comparisons, after Holm over all of the family"
    found, by_others = (
        {verdict: sum(row["verdict"] == verdict for row in some) for verdict in VERDICTS}
        for some in (rows, [row for row in rows if row["pool"] in evidence.pools])
    )
    told = f"{strategy} - pool-random: {shown}{untested}"
    return Finding(told, "", tests, _variants(rows), decides=what_decides_all(rows)), found, by_others


def _no_difference(rows: Finding, found: Mapping[str, int]) -> Finding:
    """Return the finding where nothing differs after Holm."""
    if found["equivalent"] == sum(found.values()):
        return replace(rows, verdict=NOT_REPRODUCED, why="equivalent to random images within the margin in every comparison")
    return replace(rows, verdict=INCONCLUSIVE, why=f"undecided in {found['inconclusive']} {rows.why}")


def _records(
    evidence: Evidence,
    kinds: Sequence[str],
    family: str | None = None,
    keep: Callable[[Mapping[str, Any]], bool] = lambda row: True,
    missing: str = "",
) -> tuple[list[dict[str, Any]], str]:
    """Return the tested contrasts of some kinds, those of recall or of a declared family, and words on those not tested.

    Raise ``NotMeasuredError`` where there is none, with ``missing``, or where none is tested, with the reason.
    """
    table = evidence.gap_differences
    chosen = table["metric"] == "recall" if family is None else table["family"] == family
    records = [dict(row) for _, row in table[table["kind"].isin(kinds) & chosen].iterrows()]
    records = [row for row in records if keep(row)]
    if not records:
        raise NotMeasuredError(missing or f"the study has no {kinds[0]} condition")
    tested = [row for row in records if row["verdict"] != NOT_TESTED]
    reasons = "; ".join(dict.fromkeys(str(row["remark"]) for row in records if row["verdict"] == NOT_TESTED))
    if not tested:
        raise NotMeasuredError(reasons)
    return tested, f"; {len(records) - len(tested)} not tested: {reasons}" if reasons else ""


def untested_conditions(evidence: Evidence) -> set[str]:
    """Return the conditions whose plans are those of their control: they are no evidence of anything."""
    if "gap_differences.csv" not in evidence.files:
        return set()
    table = evidence.gap_differences
    verdicts = table[against_control(table)].groupby("condition")["verdict"]
    return {str(name) for name, found in verdicts if (found == NOT_TESTED).all()}


def _change(row: Mapping[str, Any]) -> str:
    return change(row["difference"], row["total_lower"], row["total_upper"])


def _is_gap(row: Mapping[str, Any]) -> bool:
    """Return whether a row is of a gap between classes: the mean over classes is none."""
    return bool(row["gap"] != "mean")


def _place(row: Mapping[str, Any]) -> str:
    """Return alpha, on limited data after its rate and before whose hardness it is where that is not the baseline's."""
    own = ", hardness of the base" if row["method"] == "base" else ""
    rate = f"{number(row['rate'])} %, " if pd.notna(row["rate"]) else ""
    return f"{rate}alpha {number(float(row['alpha']))}{own}"


def _variants(rows: Sequence[Mapping[str, Any]]) -> str:
    counts, conditions = [int(row["variants"]) for row in rows], len({row["condition"] for row in rows})
    return f"{counted(counts, 'variant')}, {counted([conditions], 'condition')}"
