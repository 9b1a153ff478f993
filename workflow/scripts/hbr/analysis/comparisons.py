"""What is compared with what: paired by seed, the variant as the unit of replication."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hbr.analysis.columns import WHO
from hbr.analysis.gaps import gap_metrics
from hbr.analysis.predictions import RunPredictions, variants_of_one_plan
from hbr.analysis.statistics.paired import t_estimate
from hbr.intervals import has_spread, mean_interval

# Gaps with a sign of their own; the others are at least 0.
SIGNED_GAPS = ("hard_easy",)


def gaps_of_runs(values: pd.DataFrame, hard: np.ndarray, compat: str = "none") -> pd.DataFrame:
    """Return one row a run, metric (recall, precision) and gap, from class metrics; ``hard`` is a boolean a class.

    ``compat`` says by whose rule they are taken: :func:`.gaps.compared_classes`.
    """
    values = values[values["metric"].isin(["recall", "precision"])]
    run_columns = [*WHO, "variant", "member", "metric"]
    rows = []
    for key, cell in values.groupby(run_columns, sort=False, dropna=False):
        who = dict(zip(run_columns, key, strict=True))
        gaps = gap_metrics(cell.sort_values("class")["value"].to_numpy(), hard, compat)
        rows += [{**who, "gap": gap, "value": value} for gap, value in gaps.items()]
    return pd.DataFrame(rows)


def pair_runs(values: pd.DataFrame, contrasts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return every run of a contrast's condition beside the reference's run of the same seeds, with their difference.

    ``values`` is long: dataset, condition, variant, member, ``keys`` and value; ``contrasts`` are condition, reference and
    family, as in ``contrasts.csv``. A pair shares variant and member, hence its seeds. Runs without a partner are left out.
    """
    pair = ["dataset", "variant", "member", *keys]
    partners = values[["condition", *pair, "value"]].rename(columns={"condition": "reference"})
    runs = contrasts.merge(values.drop(columns="reference", errors="ignore"), on="condition")
    paired = runs.merge(partners, on=["reference", *pair], suffixes=("", "_reference"), validate="many_to_one")
    paired["difference"] = paired["value"] - paired["value_reference"]
    return paired


def mark_same_plans(paired: pd.DataFrame, runs: Mapping[str, RunPredictions]) -> pd.DataFrame:
    """Return the pairs with the column same_plan: whether both runs were trained on the very same plan.

    ``paired`` is of :func:`pair_runs`, ``runs`` the predictions by condition. Such a pair holds one training twice and
    compares nothing: alpha may change no class's count, a rule may flag nothing, a placebo may draw the true ratios.
    """
    contrasts = paired[["condition", "reference"]].drop_duplicates()
    alike = {
        (condition, reference, variant)
        for condition, reference in zip(contrasts["condition"], contrasts["reference"], strict=True)
        for variant in variants_of_one_plan(runs[condition], runs[reference])
    }
    keys = zip(paired["condition"], paired["reference"], paired["variant"], strict=True)
    return paired.assign(same_plan=np.array([key in alike for key in keys], dtype=bool))


def tested_pairs(cell: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of one comparison whose plans differ, or all where none do."""
    if "same_plan" not in cell or cell["same_plan"].all():
        return cell
    return cell[~cell["same_plan"]]


def sized_differences(paired: pd.DataFrame) -> pd.Series:
    """Return each pair's difference, that of a signed gap in its size: abs(value) - abs(reference).

    hard_easy is below 0 where hard classes are worse, and better near 0. Where condition and reference have one sign, the
    change of size is the difference itself up to its sign.
    """
    if "gap" not in paired:
        return paired["value"] - paired["value_reference"]
    return sized(paired["value"], paired["gap"]) - sized(paired["value_reference"], paired["gap"])


def sized(values: pd.Series, gaps: pd.Series) -> pd.Series:
    """Return values of gaps, those of a gap that has a sign by their size."""
    return values.where(~gaps.isin(SIGNED_GAPS), values.abs())


def compare_runs(paired: pd.DataFrame, keys: list[str], errors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return, per contrast and ``keys``, the mean paired difference to the reference with a 95 % t-interval.

    ``paired`` is of :func:`pair_runs`. Members of one variant share a plan and are not independent, so pairs are first
    averaged within a variant and the interval is over variants (:func:`.statistics.paired.t_estimate`); with one variant there
    is none. Pairs of one plan (:func:`mark_same_plans`) are left out; where all are, nothing is compared and there is no
    interval, nor is there one where all variants change alike, which comes of coarse values. ``errors`` are those of classes
    of :func:`.statistics.contrasts.errors_of_contrasts`: intervals hold the test set's shared error then, where it is known,
    which the column shared_error has (NaN elsewhere).
    """
    if errors is None:
        paired = paired.assign(shared_error=np.nan)
    else:
        paired = paired.merge(errors, "left", list(errors.columns.drop("shared_error")))
    group = [*WHO, "reference", *keys]
    rows = []
    for key, every in paired.groupby(group, sort=False, dropna=False):
        cell = tested_pairs(every)
        by_variant = cell.groupby("variant")["difference"].mean().to_numpy()
        same = "same_plan" in cell and cell["same_plan"].all()
        estimate = t_estimate(by_variant[:0] if same else by_variant, float(np.nan_to_num(every["shared_error"].iloc[0])) ** 2)
        rows.append(
            {
                **dict(zip(group, key, strict=True)),
                "reference_value": cell["value_reference"].mean(),
                "value": cell["value"].mean(),
                "difference": by_variant.mean(),
                "lower": estimate.lower,
                "upper": estimate.upper,
                "variants": len(by_variant),
                "pairs": len(cell),
                "shared_error": every["shared_error"].iloc[0],
            }
        )
    columns = ["reference_value", "value", "difference", "lower", "upper", "variants", "pairs", "shared_error"]
    return pd.DataFrame(rows, columns=[*group, *columns])


def summarise_variants(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return mean, 95 % t-interval over variants, and the numbers of variants and runs, of values per ``keys``.

    Members are averaged within a variant first. Where all variants are alike there is no interval, as in :func:`compare_runs`.
    """
    rows = []
    for name, cell in values.groupby(keys, sort=False):
        means = cell.groupby("variant")["value"].mean().to_numpy()
        lower, upper = _interval(means)
        row = {"mean": means.mean(), "lower": lower, "upper": upper, "variants": len(means), "runs": len(cell)}
        rows.append({**dict(zip(keys, name, strict=True)), **row})
    return pd.DataFrame(rows)


def summarise(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return mean, 95 % t-interval over members and n of one condition's values per ``keys``.

    For the baseline, whose members differ in their seeds alone and all belong to one plan. Where all members are alike there
    is no interval.
    """
    rows = []
    for key, cell in values.groupby(keys, sort=False):
        lower, upper = _interval(cell["value"].to_numpy())
        names = key if isinstance(key, tuple) else (key,)
        row = dict(zip(keys, names, strict=True))
        rows.append({**row, "mean": cell["value"].mean(), "lower": lower, "upper": upper, "n": len(cell)})
    return pd.DataFrame(rows)


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Return the t-interval of a mean, NaN where all values are equal: coarse ones are, without being certain."""
    if not has_spread(values):
        return np.nan, np.nan
    lower, upper = mean_interval(values)
    return float(lower), float(upper)
