"""Which conditions a study has, how they are called, which runs each one has, and what it is compared with."""

from collections.abc import Mapping
from typing import Any

BASELINE, CONTROL, THRESHOLD = "baseline", "control", "threshold"


def alpha_text(alpha: float) -> str:
    """Return alpha as it stands in names, without loss: 1, 0.5, 1e-05."""
    return repr(float(alpha)).removesuffix(".0")


def conditions_of(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return every condition's :data:`hbr.analysis.columns.PARTS` by its name, in the order of figures and tables.

    Baseline, control, resampled, placebo, pruned, denoised, threshold. ``reference`` is the condition that its runs are
    paired with by seed: the control of the data that its hardness comes from. ``method`` is dlp or clp of a pruned
    condition, the kind of a placebo, the rule of a denoised one; ``rate`` is in percent.
    """
    conditions = {BASELINE: {"kind": "baseline"}}
    resampling, placebos, pruning, noise = (config[key] for key in ("resampling", "placebos", "pruning", "noise"))
    if needs_control(config):
        conditions[CONTROL] = {"kind": "control", "alpha": "0"}
    if resampling["strategies"]:
        for source in sorted({source_of(config, name) for name in resampling["estimators"]} - {BASELINE}):
            conditions[f"{CONTROL}-{source}"] = {"kind": "control", "alpha": "0", "method": source}
    for estimator in resampling["estimators"]:
        for strategy in resampling["strategies"]:
            for alpha in map(alpha_text, resampling["alphas"]):
                parts = _resampling_parts(config, estimator, strategy, alpha)
                conditions[f"resampled-{_resampling_name(parts)}"] = {"kind": "resampled", **parts}
    for placebo in placebos["kinds"]:
        for strategy in placebos["strategies"]:
            for alpha in map(alpha_text, placebos["alphas"]):
                parts = _resampling_parts(config, resampling["estimators"][0], strategy, alpha)
                name = f"placebo-{placebo}-{_resampling_name(parts)}"
                conditions[name] = {"kind": "placebo", **parts, "method": placebo}
    for estimator in pruning["estimators"]:
        for method in pruning["methods"]:
            for rate in pruning["rates"]:
                parts = {"reference": CONTROL, "estimator": estimator, "method": method, "rate": str(rate)}
                conditions[f"pruned-{estimator}-{method}-{rate}"] = {"kind": "pruned", **parts}
    for rule in noise["denoised"]:
        conditions[denoised_name(rule)] = {"kind": "denoised", "reference": CONTROL, "method": rule}
    if any(rule["method"] == "threshold-samples" for rule in noise["rules"].values()):
        conditions[THRESHOLD] = {"kind": "threshold"}
    return conditions


def needs_control(config: Mapping[str, Any]) -> bool:
    """Return whether any condition of a study is compared with the control."""
    return bool(config["resampling"]["strategies"] or config["pruning"]["rates"] or config["noise"]["denoised"])


def denoised_name(rule: str) -> str:
    """Return the name of the condition that trains without what a rule of label noise flags."""
    return f"denoised-{rule}"


def source_of(config: Mapping[str, Any], estimator: str) -> str:
    """Return the condition whose dynamics an estimator reads."""
    return str(config["hardness"]["estimators"][estimator].get("source", BASELINE))


def control_of(source: str) -> str:
    """Return the control of what is resampled by the hardness of ``source``."""
    return CONTROL if source == BASELINE else f"{CONTROL}-{source}"


def runs_of(config: Mapping[str, Any], condition: str) -> list[tuple[int, int]]:
    """Return variant and member of every training of a condition; the baseline has the one variant 0."""
    if condition == BASELINE:
        return [(0, member) for member in range(1, config["baseline"]["members"] + 1)]
    kind = condition.partition("-")[0]
    section = config[{"pruned": "pruning", "denoised": "noise", THRESHOLD: "noise"}.get(kind, "resampling")]
    variants = section["threshold_variants"] if kind == THRESHOLD else section["variants"]
    return [(variant, member) for variant in range(1, variants + 1) for member in range(1, section["members"] + 1)]


def hardness_runs(config: Mapping[str, Any], source: str) -> list[tuple[int, int]]:
    """Return variant and member of the trainings that hardness of ``source`` is averaged over.

    Of the baseline those of ``hardness.members``, the first so many or those listed; of another source all.
    """
    if source != BASELINE:
        return runs_of(config, source)
    return [(0, member) for member in members_list(config["hardness"]["members"])]


def members_list(members: int | list[int]) -> list[int]:
    """Return the numbers of the members that hardness is averaged over: the first ``members``, or those listed."""
    return list(range(1, members + 1)) if isinstance(members, int) else members


def _resampling_parts(config: Mapping[str, Any], estimator: str, strategy: Mapping[str, str], alpha: str) -> dict[str, str]:
    reference = control_of(source_of(config, estimator))
    return {"reference": reference, "estimator": estimator, **strategy, "alpha": alpha}


def _resampling_name(parts: Mapping[str, str]) -> str:
    return f"{parts['estimator']}-{parts['oversampling']}-{parts['undersampling']}-alpha{parts['alpha']}"
