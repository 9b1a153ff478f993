"""In which regime a study speaks of the paper's claims: its own network and recipe, one as accurate, or another."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hbr.study.claims.evidence import Evidence
from hbr.words import number, rounded

PAPERS, COMPARABLE, ANOTHER = "the paper's own", "comparable", "another regime"
REGIMES = (PAPERS, COMPARABLE, ANOTHER)
# Accuracy of the paper's networks in percent, and how many points from it the control of a comparable study may lie.
ACCURACIES = {"CIFAR10": (95.2, 3), "CIFAR100": (78.0, 6)}
# What the ``setting`` of a claim asks of a study that shall decide it: the last regime that does.
SETTINGS = {"paper": PAPERS, "comparable": COMPARABLE, "any": ANOTHER}

# What decides a claim of a setting that a study is not in.
ASKED = {"paper": "the paper's network and recipe", "comparable": "networks as accurate as the paper's"}


def control_accuracy(evidence: Evidence) -> float:
    """Return the accuracy of the control, of the baseline where there is no control of all data, in percent; NaN if unknown."""
    if not evidence.matching("measures/*/classes.csv"):
        return np.nan
    rows = evidence.classes
    rows = rows[rows["metric"] == "accuracy"]
    # Both are called as their kinds.
    names = [name for name in ("control", "baseline") if (rows["condition"] == name).any()]
    return 100 * float(rows.loc[rows["condition"] == names[0], "value"].mean()) if names else np.nan


def regime_of(evidence: Evidence) -> str:
    """Return one of :data:`REGIMES`, empty where the data do not stand for the paper's."""
    if not evidence.stands_for:
        return ""
    if evidence.paper:
        return PAPERS
    paper, points = ACCURACIES[evidence.stands_for]
    return COMPARABLE if abs(control_accuracy(evidence) - paper) <= points else ANOTHER


def nearest(evidences: list[Evidence]) -> Evidence:
    """Return the evidence whose regime is the nearest to the paper's, of several the first."""
    return evidences[0] if len(evidences) == 1 else min(evidences, key=lambda one: REGIMES.index(regime_of(one)))


def why_undecided(claim: Mapping[str, Any], evidence: Evidence) -> str:
    """Return why a study does not decide a claim; empty where it does."""
    if REGIMES.index(regime_of(evidence)) <= REGIMES.index(SETTINGS[claim["setting"]]):
        return ""
    if claim["setting"] == "paper":
        return f"the claim is of the paper's network and recipe, not of {evidence.setting}"
    paper, points = ACCURACIES[evidence.stands_for]
    told = accuracy_told(evidence)
    asked = f"the paper's of {rounded(paper)} % on {evidence.stands_for}, and within {number(points)} points is asked for"
    return f"another regime decides nothing: {told or 'an unknown accuracy'} stands against {asked}"


def accuracy_told(evidence: Evidence) -> str:
    """Return the accuracy of the control in words, `95.2 %`; empty if unknown."""
    accuracy = control_accuracy(evidence)
    return f"{rounded(accuracy)} %" if np.isfinite(accuracy) else ""
