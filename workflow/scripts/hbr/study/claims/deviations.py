"""Where this pipeline differs from the authors' code, with what the study at hand shows of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hbr.conditions.strategies import rank_weights
from hbr.hardness.allocation import largest_alpha, total_of, wanted_counts
from hbr.study.claims.evidence import Evidence, NotMeasuredError
from hbr.words import counted, number, rounded


def deviations_table(deviations: Sequence[Mapping[str, Any]], evidences: Sequence[Evidence]) -> pd.DataFrame:
    """Return one row a deviation: number, what the authors do, the consequence, what is done here, what shows it."""
    rows = []
    for place, one in enumerate(deviations, 1):
        measured = _measured(MEASUREMENTS[one["measured"]], evidences) if "measured" in one else ""
        shown = {"here": one["ours"], "in this study": measured, "tests": " ".join(one["shown_by"])}
        rows.append({"number": place, "authors": one["authors"], "consequence": one["consequence"], **shown})
    return pd.DataFrame(rows)


def replication(evidence: Evidence) -> str:
    """Return how often each condition was drawn and trained."""
    runs = evidence.classes.query("kind == 'control'")
    if runs.empty:
        raise NotMeasuredError("no control")
    variants, members = (counted([runs[name].nunique()], name) for name in ("variant", "member"))
    return f"{variants} of {members} a condition"


def drift(evidence: Evidence) -> str:
    """Return by how much class-by-class rounding would miss the total, at the alphas of the study."""
    table = evidence.allocation
    control, ratios = table["control"].to_numpy(), table["ratio"].to_numpy()
    alphas = sorted({float(alpha) for alpha in evidence.classes.loc[evidence.classes["kind"] == "resampled", "alpha"]})
    if not alphas:
        raise NotMeasuredError("no resampled condition")
    missed = [int(np.rint(wanted_counts(ratios, control, alpha)).sum()) - total_of(control) for alpha in alphas]
    pairs = zip(missed, alphas, strict=True)
    named = ", ".join(f"{rounded(miss, 0, signed=True)} at alpha {number(alpha)}" for miss, alpha in pairs)
    return f"rounding one by one would miss the total by {named}"


def largest_alphas(evidence: Evidence) -> str:
    """Return the largest alpha that leaves every class a sample."""
    table = evidence.allocation
    largest = largest_alpha(table["ratio"].to_numpy(), table["control"].to_numpy())
    return f"the largest alpha that works is {largest:.10g}" if np.isfinite(largest) else "any alpha works"


def offsets(evidence: Evidence) -> str:
    """Return the lowest class hardness and the offset it needed."""
    table = evidence.allocation
    return f"lowest class hardness {number(table['hardness'].min())}, offset {number(table['hardness_offset'].iloc[0])}"


def weight_span(evidence: Evidence) -> str:
    """Return the span of the paper's weights in a class of this size."""
    weights = rank_weights(np.arange(int(evidence.allocation["samples"].min())), "hard")
    return f"the paper's weights span {weights.max() / weights.min():.2f} to 1"


def chance_overlap(evidence: Evidence) -> str:
    """Return the Jaccard index of random sets."""
    return "chance: " + ", ".join(f"{rate / (2 - rate):.2f} at {100 * rate:.0f} %" for rate in (0.1, 0.5, 0.9))


MEASUREMENTS: dict[str, Callable[[Evidence], str]] = {
    function.__name__: function for function in (replication, drift, largest_alphas, offsets, weight_span, chance_overlap)
}


def _measured(function: Callable[[Evidence], str], evidences: Sequence[Evidence]) -> str:
    found = []
    for evidence in evidences:
        try:
            text = function(evidence)
        except NotMeasuredError:
            continue
        found.append(f"{evidence.dataset}: {text}" if len(evidences) > 1 else text)
    return "; ".join(found)
