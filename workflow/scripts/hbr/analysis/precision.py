"""Precision beside recall: how they go together over classes, and their means under each condition."""

from typing import Any, Literal, get_args

import pandas as pd

from hbr.analysis.alphas import alpha_summary
from hbr.analysis.columns import WHO
from hbr.analysis.comparisons import summarise, summarise_variants
from hbr.analysis.limited import limited_summary
from hbr.words import interval, rounded, with_interval

BOTH = ["recall", "precision"]
Coefficient = Literal["pearson", "spearman"]
# Below it a coefficient has no interval.
_FEWEST = 3
COEFFICIENTS: tuple[Coefficient, ...] = get_args(Coefficient)


def baseline_points(classes: pd.DataFrame, allocation: pd.DataFrame) -> pd.DataFrame:
    """Return one row a class: mean recall and precision over the baseline's members, with the ends of their 95 % t-intervals.

    ``classes`` are class metrics with the columns of their conditions; class_name and group are those of ``allocation``.
    Columns are recall, recall_lower, recall_upper, the same of precision, and n, the members.
    """
    own = classes[(classes["kind"] == "baseline") & classes["metric"].isin(BOTH)]
    table = summarise(own, ["class", "metric"])
    points = allocation[["class", "class_name", "group"]].set_index("class")
    for metric in BOTH:
        one = table[table["metric"] == metric].set_index("class")
        points[metric] = one["mean"]
        points[[f"{metric}_lower", f"{metric}_upper"]] = one[["lower", "upper"]]
        points["n"] = one["n"]
    return points.reset_index()


def change_points(differences: pd.DataFrame) -> pd.DataFrame:
    """Return one row a comparison and class: the changes of its recall and of its precision, and columns of the comparison.

    ``differences`` are class differences with the columns of their conditions.
    """
    own = differences[differences["metric"].isin(BOTH) & (differences["class"] >= 0)]
    who = ["condition", "reference", "class"]
    wide = own.pivot_table(index=who, columns="metric", values="difference", sort=False).reset_index()
    told = own.drop_duplicates(["condition", "reference"])[["condition", "reference", "label", "variants"]]
    return wide.merge(told, on=["condition", "reference"])


def correlation_of(points: pd.DataFrame, coefficient: Coefficient) -> float:
    """Return the Pearson or Spearman correlation of recall and precision over rows; NaN where either is the same in all."""
    if min(points[metric].nunique() for metric in BOTH) < 2:
        return float("nan")
    return float(points["recall"].corr(points["precision"], method=coefficient))


def correlations(classes: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Return how recall and precision of classes go together, one row a condition and coefficient (pearson, spearman).

    ``value`` is of the classes' means over runs. ``mean``, ``lower`` and ``upper`` are over the coefficients of single runs,
    with a 95 % t-interval, cut at -1 and 1, over ``units``: variants, of the baseline members; of fewer than three of them, or
    of classes, there is none. Noise of a run lowers its coefficient, so that the mean lies nearer to 0. ``of_changes`` is of
    the changes against the control, which ``changes`` are (see :func:`change_points`). Where a coefficient has no value it is
    NaN.
    """
    own = classes[classes["metric"].isin(BOTH)]
    runs = own.pivot_table(index=[*WHO, "variant", "member", "class"], columns="metric", values="value", sort=False)
    moved = dict(tuple(changes.groupby("condition", sort=False)))
    rows = []
    for condition, cell in runs.groupby("condition", sort=False):
        told = own[own["condition"] == condition].iloc[0]
        by_run = cell.groupby(["variant", "member"], sort=False)
        means = cell.groupby("class").mean()
        for coefficient in COEFFICIENTS:
            found = pd.Series({run: correlation_of(one, coefficient) for run, one in by_run}).dropna()
            units: Any = found.index.get_level_values(1 if told["kind"] == "baseline" else 0) if len(found) else []
            single = pd.DataFrame({"coefficient": coefficient, "variant": units, "value": found.to_numpy()})
            over = summarise_variants(single, ["coefficient"]).to_dict("records") if len(found) else [{}]
            row = {"condition": condition, "label": told["label"], "coefficient": coefficient}
            row |= {"value": correlation_of(means, coefficient)}
            row |= {name: over[0].get(name, float("nan")) for name in ("mean", "lower", "upper")}
            # The interval of two would be all there is, and of two classes every coefficient is -1 or 1.
            if min(over[0].get("variants", 0), len(means)) < _FEWEST:
                row |= {"lower": float("nan"), "upper": float("nan")}
            of_changes = correlation_of(moved[condition], coefficient) if condition in moved else float("nan")
            rows.append({**row, "of_changes": of_changes, "units": over[0].get("variants", 0)})
    table = pd.DataFrame(rows)
    # No coefficient lies beyond, but the interval of few would.
    table[["lower", "upper"]] = table[["lower", "upper"]].clip(-1, 1)
    return table


def correlation_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`correlations` in words, one row a condition; what has no value is empty."""
    rows = []
    for label, cell in found.groupby("label", sort=False):
        row: dict[str, object] = {"condition": label}
        by_name = {one["coefficient"]: one for one in cell.to_dict("records")}
        for name in COEFFICIENTS:
            row[name.capitalize()] = _told(by_name[name]["value"])
        for name in COEFFICIENTS:
            one = by_name[name]
            ends = interval(one["lower"], one["upper"], 2)
            row[f"{name.capitalize()} of a run (95 % interval)"] = (
                with_interval(_told(one["mean"]), ends) if one["units"] else ""
            )
        for name in COEFFICIENTS:
            row[f"{name.capitalize()} of changes"] = _told(by_name[name]["of_changes"])
        rows.append({**row, "n": int(cell["units"].max())})
    return pd.DataFrame(rows)


def mean_summary(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return mean class recall and precision of resampled conditions by alpha, and of limited data by rate (percent).

    ``gaps`` are those of runs with the columns of their conditions. ``along`` says which of the two a row is of, ``place`` is
    its alpha or rate, ``line`` its strategy or control; the other columns are of :func:`.comparisons.summarise_variants`.
    """
    means = gaps[gaps["gap"] == "mean"]
    kinds, tables = set(means["kind"]), []
    if "resampled" in kinds:
        own = means[means["kind"].isin(["control", "resampled"])]
        table = alpha_summary(own, ["metric"]).rename(columns={"strategy": "line", "alpha": "place"})
        tables.append(table.assign(along="alpha"))
    if "limited" in kinds:
        tables.append(limited_summary(means).rename(columns={"rate": "place"}).drop(columns="gap").assign(along="rate"))
    return pd.concat(tables, ignore_index=True)


def _told(value: float) -> str:
    return rounded(value, 2) if pd.notna(value) else ""
