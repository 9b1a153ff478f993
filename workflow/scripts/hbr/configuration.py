"""Checking a study's config: closed keys, named mistakes, one sentence each."""

import difflib
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from hbr.errors import StudyError
from hbr.hardness.names import BUILT_IN_ESTIMATORS

# Which keys a source understands, beside those every data set has.
SOURCE_KEYS = {
    "digits": {"test_fraction", "split_seed"},
    "torchvision": {"name", "mirror", "archive_folder"},
    "folder": {"root", "image_size", "test_fraction", "split_seed"},
    "arrays": {"file", "test_fraction", "split_seed"},
}
_REQUIRED = {"digits": ("test_fraction",), "torchvision": ("name",), "folder": ("root", "image_size"), "arrays": ("file",)}
_ALL_SOURCE_KEYS = set().union(*SOURCE_KEYS.values())


# YAML knows 8.0 and .nan, JSON schema takes the one for an integer and the other for a number; neither would run.
_VALIDATOR = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value),
        }
    ),
)


def check_shape(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` with one sentence on the first mistake the schema sees, nearest valid key included."""
    errors = list(_VALIDATOR(schema).iter_errors(config))
    for error in errors:
        for sentence in _unknown_keys(error):
            raise StudyError(sentence)
    if errors:
        error = best_match(errors)
        where = ".".join(str(part) for part in error.absolute_path) or "config"
        raise StudyError(f"{where}: {error.message}{_hint(error)}")


def check_meaning(config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` on what a schema cannot see; ``config`` has passed :func:`check_shape` and has its defaults."""
    for name, dataset in config["datasets"].items():
        _check_dataset(f"datasets.{name}", dataset, config["recipes"])
    for name, recipe in config["recipes"].items():
        _check_recipe(f"recipes.{name}", recipe)
    members, available = config["hardness"]["members"], config["baseline"]["members"]
    if max(members_list(members)) > available:
        raise StudyError(f"hardness.members is {members}, but baseline.members trains only {available}")
    estimators = config["hardness"]["estimators"]
    for name, settings in estimators.items():
        _check_estimator(f"hardness.estimators.{name}", name, settings, config)
    for name in config["resampling"]["estimators"]:
        if name not in estimators:
            raise StudyError(f"resampling.estimators: {name!r} is not under hardness.estimators{_nearest(name, estimators)}")


def members_list(members: int | list[int]) -> list[int]:
    """Return the numbers of the members that hardness is averaged over: the first ``members``, or those listed."""
    return list(range(1, members + 1)) if isinstance(members, int) else members


def _check_dataset(where: str, dataset: Mapping[str, Any], recipes: Mapping[str, Any]) -> None:
    source = dataset["source"]
    for key in sorted(_ALL_SOURCE_KEYS & set(dataset) - SOURCE_KEYS[source]):
        raise StudyError(f"{where}.{key}: source {source} has no such key; it takes {', '.join(sorted(SOURCE_KEYS[source]))}")
    for key in _REQUIRED[source]:
        if key not in dataset:
            raise StudyError(f"{where}: source {source} needs the key {key!r}")
    if dataset["recipe"] not in recipes:
        raise StudyError(f"{where}.recipe: {dataset['recipe']!r} is not under recipes{_nearest(dataset['recipe'], recipes)}")


def _check_recipe(where: str, recipe: Mapping[str, Any]) -> None:
    if recipe["el2n_epoch"] > recipe["epochs"]:
        raise StudyError(f"{where}.el2n_epoch: {recipe['el2n_epoch']} lies after the last epoch, {recipe['epochs']}")
    if recipe["nesterov"] and not recipe["momentum"]:
        raise StudyError(f"{where}.nesterov: needs a momentum above 0")
    if recipe["schedule"] == "step" and not recipe["milestones"]:
        raise StudyError(f"{where}.milestones: schedule step needs at least one; or write schedule: cosine")


def _check_estimator(where: str, name: str, settings: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    method = settings.get("method", name)
    if ":" in method:
        if "direction" not in settings:
            raise StudyError(f"{where}.direction: declare high-is-hard or low-is-hard for your own estimator {method}")
    elif method not in BUILT_IN_ESTIMATORS:
        near = _nearest(method, BUILT_IN_ESTIMATORS)
        raise StudyError(f"{where}: {method!r} is no built-in estimator{near}; your own needs method: module:function")
    elif "direction" in settings:
        raise StudyError(f"{where}.direction: the direction of {method} is known; leave the key out")
    if "never_learned" in settings and method != "forgetting":
        raise StudyError(f"{where}.never_learned: only forgetting has it")
    epochs = min(config["recipes"][dataset["recipe"]]["epochs"] for dataset in config["datasets"].values())
    first, last = settings.get("first_epoch", 1), settings.get("last_epoch", epochs)
    if not first <= last <= epochs:
        raise StudyError(f"{where}: the window of epochs {first} to {last} must lie within 1 to {epochs}")


def _unknown_keys(error: ValidationError) -> Iterator[str]:
    if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
        return
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key not in known:
            path = ".".join(str(part) for part in (*error.absolute_path, key if str(key).isprintable() else repr(key)))
            yield f"{path} is not a known key{_nearest(str(key), known)}"


def _nearest(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def _hint(error: ValidationError) -> str:
    text = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f" ({text})" if text else ""
