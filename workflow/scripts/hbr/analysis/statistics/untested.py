"""Why a comparison compares nothing, in words."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.statistics.tables import SAME_PLANS
from hbr.analysis.statistics.verdicts import NOT_TESTED
from hbr.words import number

_NOTHING = "nothing is tested"


def with_reasons(judged: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    """Return the table of :func:`.tables.add_verdicts` whose remarks say why a row is not tested."""
    rows = with_conditions(judged, conditions).to_dict("records")
    remarks = [untested_reason(row) if row["verdict"] == NOT_TESTED else row["remark"] for row in rows]
    return judged.assign(remark=remarks)


def untested_reason(row: Mapping[Hashable, Any]) -> str:
    """Return why nothing is tested, from the columns that say which condition it is, its reference, gap and remark."""
    if row["remark"] != SAME_PLANS:
        grouped = "no class is harder than the others, so hard - easy has no value"
        return f"{grouped if row['gap'] == 'hard_easy' else row['remark']}; {_NOTHING}"
    return f"{_unchanged(row)}; {_NOTHING}"


def _unchanged(row: Mapping[Hashable, Any]) -> str:
    kind, reference = row["kind"], row["reference_kind"]
    if reference == "placebo":
        return "the placebo draws the true plans"
    if kind == reference and pd.notna(row["pool"]):
        return "both draw the same images of the pool, or none"
    if reference == "pruned":
        return f"both ways of pruning remove the same samples at {number(float(row['rate']))} %"
    if kind in ("resampled", "placebo", "limited"):
        sides = (row["oversampling"], row["undersampling"])
        strategy = f"{sides[0]} / {sides[1]} at " if "none" in sides else ""
        return f"{strategy}alpha {number(float(row['alpha']))} changes no class's count"
    if kind == "pruned":
        return f"{number(float(row['rate']))} % of the samples are none"
    if kind == "denoised":
        return f"the rule {row['method']} flags no sample"
    return SAME_PLANS
