"""Which conditions a study has, how they are called, and which runs each one has."""

from collections.abc import Mapping
from typing import Any

BASELINE, CONTROL = "baseline", "control"


def alpha_text(alpha: float) -> str:
    """Return alpha as it stands in names, without loss: 1, 0.5, 1e-05."""
    return repr(float(alpha)).removesuffix(".0")


def conditions_of(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return every condition's parts by its name: baseline, control, then the resampled ones in the order of the config.

    Parts are ``kind`` and, where they apply, ``estimator``, ``oversampling``, ``undersampling`` and ``alpha``.
    """
    conditions = {BASELINE: {"kind": "baseline"}}
    resampling = config["resampling"]
    if not resampling["strategies"]:
        return conditions
    conditions[CONTROL] = {"kind": "control", "alpha": "0"}
    for estimator in resampling["estimators"]:
        for strategy in resampling["strategies"]:
            for alpha in map(alpha_text, resampling["alphas"]):
                over, under = strategy["oversampling"], strategy["undersampling"]
                conditions[f"resampled-{estimator}-{over}-{under}-alpha{alpha}"] = {
                    "kind": "resampled",
                    "estimator": estimator,
                    "oversampling": over,
                    "undersampling": under,
                    "alpha": alpha,
                }
    return conditions


def runs_of(config: Mapping[str, Any], condition: str) -> list[tuple[int, int]]:
    """Return variant and member of every training of a condition; the baseline has the one variant 0."""
    if condition == BASELINE:
        return [(0, member) for member in range(1, config["baseline"]["members"] + 1)]
    variants, members = config["resampling"]["variants"], config["resampling"]["members"]
    return [(variant, member) for variant in range(1, variants + 1) for member in range(1, members + 1)]
