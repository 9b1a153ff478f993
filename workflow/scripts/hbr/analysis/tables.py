"""Small tables for people, made from stored ones."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import summarise
from hbr.data.datasets import PreparedDataset


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


def draw_rates(plans: Mapping[str, pd.DataFrame], samples: pd.DataFrame) -> pd.DataFrame:
    """Return how many real copies an average sample of each within-class difficulty decile has in each plan."""
    rank = samples.groupby("class")["difficulty_rank"].rank(method="first", pct=True)
    decile = np.ceil(rank * 10).clip(1, 10).astype(int)
    rows = []
    for condition, plan in plans.items():
        real = plan[plan["origin"].astype(str) != "synthetic"]
        copies = np.bincount(real["source"], minlength=len(samples))
        means = pd.Series(copies).groupby(decile.to_numpy()).mean()
        rows += [{"condition": condition, "decile": place, "copies": value} for place, value in means.items()]
    return pd.DataFrame(rows)


def condition_summary(classes: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy (%) and recall gaps (points) of every condition, means over its runs, with the number of runs."""
    accuracy = classes[classes["metric"] == "accuracy"].groupby("label", sort=False)["value"]
    table = pd.DataFrame({"runs": accuracy.size(), "accuracy": 100 * accuracy.mean()})
    recall = gaps[gaps["metric"] == "recall"]
    return table.join(100 * recall.pivot_table(index="label", columns="gap", values="value", sort=False))


def gap_summary(differences: pd.DataFrame) -> pd.DataFrame:
    """Return gap changes in points, with intervals and n."""
    columns = ["label", "gap", "control", "value", "difference", "lower", "upper", "pair_std", "variants", "pairs"]
    table = differences[columns].copy()
    table[columns[2:8]] *= 100
    return table
