"""Small tables for people, made from stored ones."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import summarise
from hbr.analysis.figures.style import counted, in_points
from hbr.data.datasets import PreparedDataset

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


def percent_summary(measured: pd.DataFrame, names: Mapping[int, str]) -> pd.DataFrame:
    """Return mean and 95 % interval, in percent, of accuracy and of each class's metrics over the members."""
    table = summarise(measured, ["class", "metric"])
    table["class"] = table["class"].map(lambda label: names.get(label, "all"))
    table[["mean", "lower", "upper"]] *= 100
    return table


def plan_summary(plans: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return size and origins of each plan."""
    rows = []
    for condition, plan in plans.items():
        origins = plan["origin"].astype(str).value_counts()
        counts = {origin: int(origins.get(origin, 0)) for origin in ("kept", "duplicate", "synthetic")}
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
        real = plan[plan["origin"].astype(str) != "synthetic"]
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
    ends = f", {100 * row['total_lower']:+.2f} to {100 * row['total_upper']:+.2f}" if pd.notna(row["total_lower"]) else ""
    change = f"{100 * row['difference']:+.2f} points{ends}, {counted([row['variants']], 'variant')}"
    return f"{row['label']} against {row['reference_label']} ({row['metric']} {row['gap']} {change})"
