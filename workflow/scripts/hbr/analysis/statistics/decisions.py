"""What an undecided comparison lacks, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hbr.analysis.statistics.verdicts import INCONCLUSIVE, MOST_VARIANTS

# Fewer variants hardly know their spread, and what they say is needed is a guess, without a probability.
FEW = 4


def what_decides(row: Mapping[Any, Any]) -> str:
    """Return what would give an inconclusive row of gap differences a verdict; empty for all other rows."""
    if row["verdict"] != INCONCLUSIVE:
        return ""
    if np.isfinite(row["variants_needed"]):
        needed = f"{row['variants_needed']:.0f} variants"
        return f"{needed} or more, a guess from {row['variants']:.0f}" if row["variants"] < FEW else needed
    samples = float(row.get("test_samples_needed", np.nan))
    if np.isnan(row["variants_needed"]):
        return "2 variants or more" if row["variants"] == 1 else "a test set on which the variants differ"
    if np.isfinite(samples):
        return f"a test set of {samples:,.0f} samples or more: this one is too small, whatever the number of variants"
    return f"more than {MOST_VARIANTS:,} variants"


def what_decides_all(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Return what would decide each inconclusive row: the largest number of variants, and each other lack once."""
    undecided = [row for row in rows if row["verdict"] == INCONCLUSIVE]
    countable = [row for row in undecided if np.isfinite(row["variants_needed"])]
    lacks = [what_decides(max(countable, key=lambda row: row["variants_needed"]))] if countable else []
    others = [row for row in undecided if not np.isfinite(row["variants_needed"])]
    # Of test sets that are too small the largest need stands for all.
    others.sort(key=lambda row: -np.nan_to_num(float(row.get("test_samples_needed", np.nan)), posinf=0))
    lacks += dict.fromkeys(what_decides(row) for row in others[:1] + [row for row in others if not _has_size(row)])
    return "; ".join(lacks)


def _has_size(row: Mapping[Any, Any]) -> bool:
    return bool(np.isfinite(float(row.get("test_samples_needed", np.nan))))
