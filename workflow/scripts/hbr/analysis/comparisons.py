"""Differences to the control: paired by seed, the variant as the unit of replication."""

import numpy as np
import pandas as pd

from hbr.analysis.gaps import gap_metrics
from hbr.intervals import mean_interval

CONDITION_COLUMNS = ["dataset", "condition", "kind", "estimator", "oversampling", "undersampling", "alpha"]


def gaps_of_runs(values: pd.DataFrame, hard: np.ndarray) -> pd.DataFrame:
    """Return one row a run, metric (recall, precision) and gap, from class metrics; ``hard`` is a boolean a class."""
    values = values[values["metric"].isin(["recall", "precision"])]
    run_columns = [*CONDITION_COLUMNS, "variant", "member", "metric"]
    rows = []
    for key, cell in values.groupby(run_columns, sort=False, dropna=False):
        who = dict(zip(run_columns, key, strict=True))
        gaps = gap_metrics(cell.sort_values("class")["value"].to_numpy(), hard)
        rows += [{**who, "gap": gap, "value": value} for gap, value in gaps.items()]
    return pd.DataFrame(rows)


def pair_with_control(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return every resampled run beside the control run of the same seeds, with their difference.

    ``values`` is long: the condition's columns, variant, member, ``keys`` and value. A pair shares variant and member,
    hence its seeds. Runs without a partner are left out.
    """
    control = values[values["kind"] == "control"]
    pair = ["dataset", "variant", "member", *keys]
    paired = values[values["kind"] == "resampled"].merge(
        control[[*pair, "value"]], on=pair, suffixes=("", "_control"), validate="many_to_one"
    )
    paired["difference"] = paired["value"] - paired["value_control"]
    return paired


def compare_to_control(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return, per condition and ``keys``, the mean paired difference to the control with a 95 % t-interval.

    Members of one variant share a plan and are not independent, so pairs are first averaged within a variant and the
    interval is over variants; with one variant there is none. A member without a partner is left out.
    """
    group = [*CONDITION_COLUMNS, *keys]
    rows = []
    for key, cell in pair_with_control(values, keys).groupby(group, sort=False, dropna=False):
        by_variant = cell.groupby("variant")["difference"].mean().to_numpy()
        lower, upper = mean_interval(by_variant)
        rows.append(
            {
                **dict(zip(group, key, strict=True)),
                "control": cell["value_control"].mean(),
                "value": cell["value"].mean(),
                "difference": by_variant.mean(),
                "lower": float(lower),
                "upper": float(upper),
                "pair_std": float(np.std(cell["difference"], ddof=1)) if len(cell) > 1 else np.nan,
                "variants": len(by_variant),
                "pairs": len(cell),
            }
        )
    return pd.DataFrame(rows)


def summarise(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return mean, 95 % t-interval over members and n of one condition's values per ``keys``.

    For the baseline, whose members differ in their seeds alone and all belong to one plan.
    """
    rows = []
    for key, cell in values.groupby(keys, sort=False):
        lower, upper = mean_interval(cell["value"].to_numpy())
        names = key if isinstance(key, tuple) else (key,)
        row = dict(zip(keys, names, strict=True))
        rows.append({**row, "mean": cell["value"].mean(), "lower": float(lower), "upper": float(upper), "n": len(cell)})
    return pd.DataFrame(rows)
