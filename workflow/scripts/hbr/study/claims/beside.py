"""What a study says beside a change of a gap: whether it is more than the change of accuracy explains."""

from collections.abc import Mapping
from typing import Any

from hbr.analysis.gap_tables import by_contrast, explained
from hbr.study.claims.evidence import Evidence

CHANGES = "gap_accuracy.csv"


def beside_accuracy(evidence: Evidence) -> dict[tuple[str, str, str], str]:
    """Return a clause for each change of a recall gap that has one, by condition, reference and gap."""
    if CHANGES not in evidence.files:
        return {}
    told = {key: explained(rows) for key, rows in by_contrast(evidence.table(CHANGES)).items()}
    return {key: clause for key, clause in told.items() if clause}


def told_beside(evidence: Evidence, row: Mapping[str, Any]) -> str:
    """Return the clause on one row of gap differences as it is added to what was measured; empty where there is none."""
    if row["metric"] != "recall":
        return ""
    clause = beside_accuracy(evidence).get((row["condition"], row["reference"], row["gap"]), "")
    return f"; {clause}" if clause else ""
