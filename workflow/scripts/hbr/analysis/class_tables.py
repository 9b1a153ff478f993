"""Tables of classes for people: their metrics, hardness and samples."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import summarise
from hbr.analysis.labels import GAP_TITLES, METRIC_NAMES
from hbr.words import interval, number, rounded, with_interval


def metrics_table(measured: pd.DataFrame, names: Mapping[int, str]) -> pd.DataFrame:
    """Return each class's metrics in percent, mean and 95 % interval over the members, with the accuracy above them."""
    table = summarise(measured, ["class", "metric"])
    table = table.assign(cell=[_percent(row) for row in table.to_dict("records")], metric=table["metric"].replace(METRIC_NAMES))
    wide = table.pivot(index="class", columns="metric", values="cell").fillna("")
    order = [name for name in ("accuracy", *METRIC_NAMES.values()) if name in wide]
    wide = wide[order].rename(columns={name: f"{name} (%)" for name in order})
    wide.insert(0, "class", [names.get(int(label), "all") for label in wide.index])
    return wide.assign(members=int(table["n"].max()))


def hardness_table(classes: pd.DataFrame) -> pd.DataFrame:
    """Return the mean hardness of each class with its interval over members, the easiest first."""
    table = classes.sort_values("difficulty_rank")
    rows = table[["hardness", "hardness_lower", "hardness_upper"]].itertuples(index=False)
    return pd.DataFrame(
        {
            "rank, easiest first": table["difficulty_rank"],
            "class": table["class_name"],
            "samples": table["samples"],
            "mean hardness (95 % interval)": [with_interval(number(own), interval(low, high, 2)) for own, low, high in rows],
            "members": table["members"],
        }
    )


def allocation_in_words(allocation: pd.DataFrame) -> pd.DataFrame:
    """Return what each class is granted and why, in the order of the figures, the hardest last."""
    table = allocation.sort_values("position")
    words = {
        "class": table["class_name"],
        "samples": table["samples"],
        "mean hardness": table["hardness"].map(number),
        "with offset": (table["hardness"] + table["hardness_offset"]).map(number),
        "ratio (%)": (100 * table["ratio"]).map(lambda share: rounded(share, 2)),
        "in the control": table["control"].map(number),
        "wanted": table["wanted"].map(rounded),
        "granted": table["granted"],
        "change": [f"{change:+,d}" if change else "0" for change in table["change"].astype(int)],
        "times the control": table["factor"].map(lambda factor: rounded(factor, 2)),
        "group": table["group"],
    }
    if not table["hardness_offset"].any():
        del words["with offset"]
    return pd.DataFrame(words)


def conditions_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`hbr.analysis.tables.condition_summary` in words."""
    units = {"runs": "runs", "accuracy": "accuracy (%)", "mean": "mean recall (%)"}
    # Means over runs, with their sign: only changes are those of sizes.
    titles = GAP_TITLES | {"hard_easy": "hard - easy"}
    units |= {gap: f"{title} (points)" for gap, title in titles.items() if gap != "mean"}
    table = summary.rename(columns=units).rename_axis("condition").reset_index()
    return table.assign(**{name: table[name].map(rounded) for name in units.values() if name in table and name != "runs"})


def _percent(row: Mapping[Hashable, Any]) -> str:
    # A t-interval knows nothing of the ends of what it is of.
    lower, upper = np.clip([row["lower"], row["upper"]], -1 if row["metric"] == "mcc" else 0, 1)
    return with_interval(rounded(100 * row["mean"]), interval(100 * lower, 100 * upper))
