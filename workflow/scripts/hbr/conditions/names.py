"""Which conditions a study has, how they are called, which runs each one has, and what it is compared with."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from hbr.conditions.kind import ALL, Base, BaseKind, Condition, Kind, load, module_of, registered
from hbr.conditions.kind import alpha_text as alpha_text

BASELINE, CONTROL, THRESHOLD = "baseline", "control", "threshold"
# The parts of a condition that tables tell.
PARTS = ("kind", "reference", "estimator", "oversampling", "undersampling", "pool", "alpha", "method", "rate")


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind of condition by its name, in the order of figures and tables."""
    found = {name: load("kinds", name).KIND for name in registered("kinds")}
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def conditions_of(config: Mapping[str, Any]) -> dict[str, Condition]:
    """Return every condition by its name, in the order of figures and tables; controls are those that any refers to."""
    every, bases = bases_of(config), {}
    for estimator in config["resampling"]["estimators"]:
        bases[estimator] = [base for base in every if source_of(config, estimator) in base.sources]
    stated = [condition for kind in kinds().values() for condition in kind.conditions(config, bases)]
    compared = {condition.compared for condition in stated}
    run = [condition for condition in stated if condition.kind != CONTROL or condition.base in compared]
    controls = {condition.base: condition.name for condition in run if condition.kind == CONTROL}
    return {one.name: replace(one, reference=controls[one.compared]) if one.compared else one for one in run}


def contrasts_of(config: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what is compared with what: condition, reference and family, which is empty where exploratory.

    Each condition with its control first, then what kinds state beside.
    """
    conditions, known = conditions_of(config), kinds()
    controls = [(name, one.reference, known[one.kind].family) for name, one in conditions.items() if one.reference]
    others = [row for one in conditions.values() for row in known[one.kind].contrasts(one, conditions)]
    order = list(conditions)
    return controls + sorted(others, key=lambda row: order.index(row[0]))


def condition_rows(config: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what tables say of each condition: its parts as :class:`.kind.Condition` has them, its strategy and its label.

    These name the estimator where conditions of the same section of the study use several.
    """
    conditions, known = conditions_of(config), kinds()
    used: dict[str, set[str]] = {}
    for one in conditions.values():
        used.setdefault(known[one.kind].section, set()).update([one.estimator] if one.estimator else [])
    several = {section for section, estimators in used.items() if len(estimators) > 1}
    rows = []
    for name, one in conditions.items():
        kind = known[one.kind]
        by = f" by {one.estimator}" if kind.section in several else ""
        parts = {part: getattr(one, part) for part in PARTS}
        rows.append({"condition": name, **parts, "strategy": kind.strategy(one, by), "label": kind.label(one, by)})
    return rows


def bases_of(config: Mapping[str, Any]) -> list[Base]:
    """Return the bases of a study, all samples first."""
    found = [base for kind in registered("bases") for base in _base_kind(kind).bases(config)]
    return sorted(found, key=lambda base: base != ALL)


def plan_inputs(config: Mapping[str, Any], condition: Condition) -> dict[str, str]:
    """Return what a plan is made of beside the prepared data: files by name, relative to the data set's results.

    ``{variant}`` in a path is the plan's own.
    """
    return _base_kind(condition.base.kind).inputs(condition.base.argument) | kinds()[condition.kind].inputs(condition, config)


def plan_spec(config: Mapping[str, Any], condition: Condition) -> dict[str, Any]:
    """Return the arguments of :func:`hbr.conditions.kind.make_plan` beside the draw."""
    settings = kinds()[condition.kind].settings(condition, config)
    return {"kind": condition.kind, "base": condition.base.kind, "argument": condition.base.argument, "settings": settings}


def plan_modules(config: Mapping[str, Any], condition: Condition) -> list[str]:
    """Return the modules that making a plan loads by name."""
    spec = plan_spec(config, condition)
    own = [module_of("kinds", spec["kind"]), module_of("bases", spec["base"])]
    return own + kinds()[condition.kind].modules(spec["settings"])


def least_samples(config: Mapping[str, Any]) -> int:
    """Return how many training samples every class needs for the conditions of a study."""
    return max(kind.least_samples(config) for kind in kinds().values())


def least_classes(config: Mapping[str, Any]) -> int:
    """Return how many classes the conditions of a study need."""
    return max(kind.least_classes(config) for kind in kinds().values())


def needs_control(config: Mapping[str, Any]) -> bool:
    """Return whether any condition of a study is compared with a control."""
    return any(condition.reference for condition in conditions_of(config).values())


def source_of(config: Mapping[str, Any], estimator: str) -> str:
    """Return the condition whose dynamics an estimator reads."""
    return str(config["hardness"]["estimators"][estimator].get("source", BASELINE))


def runs_of(config: Mapping[str, Any], condition: str) -> list[tuple[int, int]]:
    """Return variant and member of every training of a condition; the baseline has the one variant 0."""
    return conditions_of(config)[condition].runs


def tracked_conditions(config: Mapping[str, Any]) -> set[str]:
    """Return the conditions from whose trainings hardness is estimated: all that happened in them is kept."""
    found = conditions_of(config).values()
    own = {condition.reference for condition in found if kinds()[condition.kind].tracks_reference(condition)}
    return {BASELINE, *own, *(source_of(config, name) for name in config["hardness"]["estimators"])}


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


def _base_kind(name: str) -> BaseKind:
    base: BaseKind = load("bases", name).BASE
    return base
