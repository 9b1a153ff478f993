"""Small tables for people, made from stored ones."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.labels import GAP_TITLES, METRIC_NAMES, measured
from hbr.analysis.statistics.decisions import what_decides
from hbr.analysis.statistics.verdicts import NOT_TESTED
from hbr.data.datasets import PreparedDataset
from hbr.data.plans import ORIGINS, OWN_IMAGES
from hbr.words import change, counted, in_points, number, p_value, rounded

# Beyond this, a sentence is no place for comparisons.
_MOST_TOLD = 8


def dataset_summary(data: PreparedDataset) -> pd.DataFrame:
    """Return one row of facts on a prepared data set."""
    counts = np.bincount(data.train_labels, minlength=data.classes)
    height, width, channels = data.train_images.shape[1:]
    return pd.DataFrame(
        {
            "train": [len(data.train_labels)],
            "test": [len(data.test_labels)],
            "classes": [data.classes],
            "smallest class": [counts.min()],
            "largest class": [counts.max()],
            "image": [f"{height} x {width} x {channels}"],
            "SHA-256": [data.checksum[:16]],
        }
    )


def plan_summary(plans: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return size and origins of each plan; beside the usual three, origins are told where a plan has them."""
    rows = []
    found = {origin for plan in plans.values() for origin in plan["origin"].astype(str).unique()}
    shown = [origin for origin in ORIGINS if origin in found | {"kept", "duplicate", "synthetic"}]
    for condition, plan in plans.items():
        origins = plan["origin"].astype(str).value_counts()
        counts = {origin: int(origins.get(origin, 0)) for origin in shown}
        rows.append({"condition": condition, "examples": len(plan), **counts})
    return pd.DataFrame(rows)


def draw_rates(plans: Mapping[str, pd.DataFrame], samples: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return how many real copies an average sample of each within-class difficulty decile has in each plan.

    ``samples`` is the hardness that each plan derives from, by condition as ``plans``. An estimator that reads a denoised
    condition knows fewer samples than the data set has; the others are not counted.
    """
    rows = []
    for condition, plan in plans.items():
        known = samples[condition]
        rank = known.groupby("class")["difficulty_rank"].rank(method="first", pct=True)
        decile = np.ceil(rank * 10).clip(1, 10).astype(int).to_numpy()
        real = plan[~plan["origin"].astype(str).isin([ORIGINS[own] for own in OWN_IMAGES])]
        copies = np.bincount(real["source"], minlength=int(known["sample"].max()) + 1)[known["sample"]]
        means = pd.Series(copies).groupby(decile).mean()
        rows += [{"condition": condition, "decile": place, "copies": value} for place, value in means.items()]
    return pd.DataFrame(rows)


def recall_summary(classes: pd.DataFrame) -> pd.DataFrame:
    """Return the mean recall of each class under each condition over its runs, with their number n."""
    recall = classes[classes["metric"] == "recall"]
    who = ["condition", "kind", "reference", "strategy", "alpha", "class"]
    return recall.groupby(who, sort=False, dropna=False)["value"].agg(mean="mean", n="size").reset_index()


def condition_summary(classes: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy (%) and recall gaps (points) of every condition, means over its runs, with the number of runs."""
    accuracy = classes[classes["metric"] == "accuracy"].groupby("label", sort=False)["value"]
    table = pd.DataFrame({"runs": accuracy.size(), "accuracy": 100 * accuracy.mean()})
    recall = gaps[gaps["metric"] == "recall"]
    return table.join(100 * recall.pivot_table(index="label", columns="gap", values="value", sort=False))


def gap_summary(differences: pd.DataFrame) -> pd.DataFrame:
    """Return differences of gaps in points, with the primary 95 % interval, tests and verdicts, one row a comparison and gap.

    hard_easy enters a difference by its size. effect is Hedges's g, in standard deviations between variants.
    """
    points = ["reference_value", "value", "difference", "total_lower", "total_upper"]
    judged = ["p_adjusted", "equivalence_p", "effect", "effect_lower", "effect_upper", "verdict", "variants_needed"]
    table = differences[["label", "reference_label", "metric", "gap", *points, *judged, "variants", "pairs"]].copy()
    table[points] *= 100
    new = {"label": "condition", "reference_label": "reference", "total_lower": "lower", "total_upper": "upper"}
    return table.rename(columns=new)


def gap_table(differences: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`gap_summary` in words: changes with their interval, no verdict without its reason, and what would decide.

    All cells are text or counts; what has no value is empty, and columns of tests are left out where none was made.
    """
    table = gap_summary(differences)
    rows = differences.to_dict("records")
    words = pd.DataFrame(
        {
            "condition": table["condition"],
            "reference": table["reference"],
            "metric": table["metric"].replace(METRIC_NAMES),
            "gap": table["gap"].replace(GAP_TITLES),
            "of the reference": [rounded(value, 2) if pd.notna(value) else "" for value in table["reference_value"]],
            "of the condition": [rounded(value, 2) if pd.notna(value) else "" for value in table["value"]],
            "change, points (95 % interval)": [_change(row) for row in rows],
            "p, Holm": table["p_adjusted"].map(p_value),
            "p of equivalence": table["equivalence_p"].map(p_value),
            "Hedges's g (95 % interval)": [_effect(row) for row in rows],
            "verdict": [f"{row['verdict']}: {row['remark']}" if _says_why(row) else row["verdict"] for row in rows],
            "what would decide": [what_decides(row) for row in rows],
            "variants": table["variants"],
            "pairs": table["pairs"],
        }
    )
    # Of what is not declared nothing is corrected or decided.
    return words.drop(columns=[name for name in ("p, Holm", "what would decide") if not words[name].any()])


def noise_table(rules: pd.DataFrame) -> pd.DataFrame:
    """Return what each rule flags, for people; of precision and recall only where labels were flipped on purpose."""
    table = rules[["rule", "samples", "flagged"]].assign(**{"share (%)": (100 * rules["share"]).map(number)})
    if not rules["planted"].any():
        return table
    table[["planted", "found"]] = rules[["planted", "found"]]
    for share in ("precision", "recall"):
        ends = rules[[share, f"{share}_lower", f"{share}_upper"]].itertuples(index=False)
        table[share] = [f"{number(own)} ({number(low)} to {number(high)})" if pd.notna(own) else "" for own, low, high in ends]
    return table.assign(chance=rules["chance"].map(number))


def noise_sentences(rules: pd.DataFrame) -> str:
    """Return what cannot be said of the rules, and why; empty where all can."""
    sentences = []
    if not rules["planted"].any():
        sentences.append("No labels were flipped on purpose, so nothing can be said of precision and recall.")
    if len(none := rules.loc[rules["flagged"] == 0, "rule"]):
        sentences.append(f"Nothing is flagged by {', '.join(none)}: a training without what it flags is that of the control.")
    return " ".join(sentences)


def placebo_sentences(differences: pd.DataFrame) -> str:
    """Return what the declared comparisons with placebos say: where true hardness does better, no better, or cannot be told.

    ``differences`` are labelled rows of gap differences of the family placebo, condition - placebo. Many comparisons are
    counted, and not told one by one.
    """
    margin = in_points(float(differences["margin"].max()))
    words = {
        "improves": "Resampling by true hardness does better than a placebo",
        "equivalent": f"It does no better than a placebo, up to the margin of equivalence of {margin},",
        "worsens": "It does worse than a placebo",
        "inconclusive": "It cannot be told from a placebo",
        NOT_TESTED: "It is not tested against a placebo",
    }
    are_told = len(differences) <= _MOST_TOLD
    sentences = []
    for verdict, words_of in words.items():
        rows = differences[differences["verdict"] == verdict]
        if rows.empty and verdict != "improves":
            continue
        told = "; ".join(_comparison(row) for row in rows.to_dict("records")) if are_told else ""
        sentences.append(f"{words_of} in {len(rows)} of {len(differences)} comparisons{f': {told}' if told else ''}.")
    return " ".join(sentences) + ("" if are_told else " The table has each of them.")


def _comparison(row: Mapping[Hashable, Any]) -> str:
    who = f"{row['label']} against {row['reference_label']}"
    if row["verdict"] == NOT_TESTED:
        return f"{who} ({row['remark']})"
    what = measured(row["metric"], row["gap"])
    return f"{who} ({what} {_change(row)} points, {counted([row['variants']], 'variant')})"


def _change(row: Mapping[Hashable, Any]) -> str:
    known = pd.notna(row["difference"])
    return change(row["difference"], row["total_lower"], row["total_upper"]) if known else ""


def _effect(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["effect_lower"]):
        return ""
    own = rounded(row["effect"]) if pd.notna(row["effect"]) else f"no g of {counted([row['variants']], 'variant')}"
    return f"{own} ({rounded(row['effect_lower'])} to {rounded(row['effect_upper'])})"


def _says_why(row: Mapping[Hashable, Any]) -> bool:
    return bool(row["remark"]) and pd.notna(row["remark"])
