"""Checking a study's config: closed keys, named mistakes, one sentence each."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from hbr.conditions import noise as noise_rules
from hbr.conditions.kind import joined, registered
from hbr.conditions.names import BASELINE, bases_of, condition_rows, conditions_of, kinds, members_list, source_of
from hbr.conditions.strategies import NONE
from hbr.data import pools, references
from hbr.errors import StudyError
from hbr.hardness import estimators
from hbr.plugins import is_plugin
from hbr.sentences import nearest, short
from hbr.study.pools import pools_of_dataset
from hbr.study.references import labels_of_dataset, references_of_dataset
from hbr.study.scored import scored_sets
from hbr.study.suspects import fold_runs, labellings
from hbr.training.networks import NETWORKS
from hbr.training.recipe import Recipe

# Which keys a source understands, beside those every data set has.
SOURCE_KEYS = {
    "digits": {"test_fraction", "split_seed"},
    "torchvision": {"name", "mirror", "archive_folder"},
    "folder": {"root", "image_size", "test_fraction", "split_seed"},
    "arrays": {"file", "test_fraction", "split_seed"},
}
_REQUIRED = {"digits": ("test_fraction",), "torchvision": ("name",), "folder": ("root", "image_size"), "arrays": ("file",)}
# Objects of the schema whose other keys are settings of the entries of a registry.
SETTINGS = {
    "estimators": estimators.known_settings,
    "rules": noise_rules.known_settings,
    "pools": pools.known_settings,
    "references": references.known_settings,
}
_ALL_SOURCE_KEYS = set().union(*SOURCE_KEYS.values())

# Linux takes no longer argument than 131,072 bytes, and a command has more in it.
_MOST_LETTERS = 120_000
# Planning takes some 7 ms a training, so that this many are planned in about a minute.
MOST_TRAININGS = 10_000

# Far beyond any study: what a few lines of YAML aliases can grow to would keep every later check busy for ever.
_MOST_VALUES, _MOST_LEVELS, _MOST_CHARACTERS, _MOST_BITS = 5_000, 20, 1_000, 64
# What a terminal shows in a few lines; what a mistake quotes is cut until it fits.
_LONGEST_MESSAGE = 300
# Under reports, beside the studies' own folders.
KEPT = "reference"
# Of the lists of samples, where each estimator has a column of its name.
_COLUMNS = ("filepath", "id", "sample", "split", "class", "class_name", "preferred", "votes", "members")
# File systems take no longer name.
_MOST_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    # The standard search lets a line break at the end pass, and its message quotes the pattern.
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} is not allowed")


def _unique(_: Any, unique: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list):
        for position, item in enumerate(instance):
            if item in instance[:position]:
                yield ValidationError(f"{item!r} stands twice", path=[position])
                return


def _registry(_: Any, registry: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    known = [NONE, *registered(registry)]
    if instance not in known:
        yield ValidationError(f"{instance!r} is not one of {known}")


def _settings_of(validator: Any, registry: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    settings = SETTINGS[registry]()
    for key, value in instance.items() if isinstance(instance, dict) else ():
        if key in settings:
            one = settings[key]
            yield from validator.descend(value, {"description": one.description, **one.schema}, path=key)
        elif key not in schema["properties"]:
            yield ValidationError(f"{key!r} is not known")


# YAML knows 8.0 and .nan, JSON schema takes the one for an integer and the other for a number; neither would run.
_VALIDATOR = extend(
    Draft202012Validator,
    {"pattern": _pattern, "uniqueItems": _unique, "registry": _registry, "settingsOf": _settings_of},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value),
        }
    ),
)


def check_file(path: Path) -> None:
    """Raise ``StudyError`` where a study file is no YAML, or names a key twice: YAML would keep the last and say nothing.

    A missing file passes; Snakemake reports it.
    """
    where = os.path.relpath(path)
    try:
        text = path.read_text(encoding="utf-8")
        # JSON may be indented with tabs, YAML may not.
        loader = yaml.SafeLoader(text.replace("\t", " ") if path.suffix == ".json" else text)
        _check_node(where, loader, loader.get_single_node())
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        raise StudyError(f"{where}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise StudyError(f"{where} cannot be read: {error.strerror}") from None
    except RecursionError:
        raise StudyError(f"{where}: brackets nest deeper than {_MOST_LEVELS} levels") from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = short(problem or str(error).partition("\n")[0])
        raise StudyError(f"{where}{line} is no YAML: {what}; indent with spaces, quote text with special characters") from None


def check_shape(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` with one sentence on the first mistake the schema sees, nearest valid key included."""
    _check_size(config)
    errors = list(_VALIDATOR(schema).iter_errors(config))
    for error in errors:
        for sentence in _unknown_keys(error):
            raise StudyError(sentence)
    if errors:
        error = best_match(errors)
        where, hint = dotted_path(error.absolute_path), _hint(error)
        raise StudyError(f"{where}: {short(error.message, max(40, _LONGEST_MESSAGE - len(where) - len(hint) - 2))}{hint}")


def check_meaning(config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` on what a schema cannot see; ``config`` has passed :func:`check_shape` and has its defaults."""
    if config["study"] == KEPT:
        raise StudyError(f"study: reports/{KEPT} holds what is kept of other studies; write another name")
    for name, dataset in config["datasets"].items():
        _check_dataset(f"datasets.{name}", dataset, config["recipes"])
    for name, recipe in config["recipes"].items():
        _check_recipe(f"recipes.{name}", recipe)
    members, available = config["hardness"]["members"], config["baseline"]["members"]
    if max(members_list(members)) > available:
        raise StudyError(f"hardness.members is {short(str(members))}, but baseline.members trains only {available}")
    estimators = config["hardness"]["estimators"]
    for name, settings in estimators.items():
        _check_estimator(f"hardness.estimators.{name}", name, settings, config)
    _check_offsets(config)
    _check_noise(config["noise"], estimators, bool(config["suspects"]["folds"]))
    if config["suspects"]["folds"] == 1:
        raise StudyError("suspects.folds: 1 fold leaves nothing to train on; write at least 2, or 0 to judge no image")
    for kind in kinds().values():
        kind.check(config)
    _check_sources(config)
    _check_length(config)
    if (trainings := _trainings(config)) > MOST_TRAININGS:
        raise StudyError(
            f"baseline.members, resampling.variants, resampling.members, placebos, pruning, limited, noise and suspects make "
            f"{trainings:,} trainings of all conditions; at most {MOST_TRAININGS:,} can be planned"
        )


def dotted_path(keys: Iterable[Any]) -> str:
    """Return keys and positions as they stand in messages, ``config`` where there are none."""
    return ".".join(_word(key) for key in keys) or "config"


def _check_length(config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` where what is said of all conditions is too long for one command."""
    rows = condition_rows(config)
    longest = max(map(len, config["datasets"]))
    # The longest command names plans as well.
    plans = sum(len(f'"results/{config["study"]}//plans/{row["condition"]}/variant1/plan.parquet", ') + longest for row in rows)
    if (letters := len(json.dumps(rows)) + plans) > _MOST_LETTERS:
        raise StudyError(
            f"resampling, placebos, pruning, limited and noise make {len(rows):,} conditions, and commands that name them all "
            f"take {letters:,} letters, more than {_MOST_LETTERS:,}: divide the study, or shorten names"
        )


def _trainings(config: Mapping[str, Any]) -> int:
    conditions = conditions_of(config).values()
    folds = len(labellings(config)) * len(fold_runs(config))
    return len(config["datasets"]) * (folds + sum(len(one.variants) * len(one.members) for one in conditions))


def _check_node(where: str, loader: yaml.SafeLoader, root: yaml.Node | None) -> None:
    if not isinstance(root, yaml.MappingNode):
        raise StudyError(f"{where} names no keys; a study needs study, datasets and recipes, see config.yaml")
    waiting: list[tuple[str, yaml.Node]] = [("", root)]
    # Aliases are followed every time they stand, as every later step does.
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        name, node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{name}.{position}", item) for position, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple[str, str], int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise StudyError(f"{where}, line {line}: a key is a list or a mapping; keys are names")
                path = f"{name}.{_word(key.value)}".removeprefix(".")
                same = (key.tag, key.value)
                if same in lines:
                    raise StudyError(f"{where}, line {line}: {path} stands twice, first in line {lines[same]}; keep one")
                # Snakemake would take it for its own setting and stumble over it before anything here can refuse it.
                if path == "pathvars":
                    raise StudyError(f"{where}, line {line}: pathvars is not a known key; folders are named by 'study'")
                lines[same] = line
                waiting.append((path, value))
        else:
            try:
                loader.construct_object(node)
            except ValueError as error:
                line, why = node.start_mark.line + 1, short(str(error), 80)
                raise StudyError(f"{where}, line {line}: {name} is no date or number ({why}); put text in quotes") from None
    raise StudyError(f"{where} holds more than {_MOST_VALUES:,} values; a study is a few short lists")


def _check_size(config: Any) -> None:
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), config)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        path, value = waiting.pop()
        if len(path) > _MOST_LEVELS:
            raise StudyError(f"{dotted_path(path[:4])}: nests deeper than {_MOST_LEVELS} levels")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str) and _oddity(key):
                    raise StudyError(f"{dotted_path(path)}: a key is neither a name nor a plain number")
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, position), item) for position, item in enumerate(value)]
        elif reason := _oddity(value):
            raise StudyError(f"{dotted_path(path)}: {reason}")
    raise StudyError(f"{dotted_path(path[:4])}: more than {_MOST_VALUES:,} values; a study is a few short lists")


def _oddity(value: Any) -> str:
    if isinstance(value, str):
        if len(value) > _MOST_CHARACTERS:
            return f"text of {len(value):,} characters; at most {_MOST_CHARACTERS:,} are allowed"
        return "text with a line break or control character; write one line" if _CONTROL.search(value) else ""
    if isinstance(value, int):
        return "a number of more than 19 digits; no setting is that large" if value.bit_length() > _MOST_BITS else ""
    return "" if value is None or isinstance(value, float) else f"a value of type {type(value).__name__}; put text in quotes"


def _check_dataset(where: str, dataset: Mapping[str, Any], recipes: Mapping[str, Any]) -> None:
    source = dataset["source"]
    for key in sorted(_ALL_SOURCE_KEYS & set(dataset) - SOURCE_KEYS[source]):
        raise StudyError(f"{where}.{key}: source {source} has no such key; it takes {', '.join(sorted(SOURCE_KEYS[source]))}")
    for key in _REQUIRED[source]:
        if key not in dataset:
            raise StudyError(f"{where}: source {source} needs the key {key!r}")
    for key in ("root", "file", "archive_folder"):
        if any(len(part.encode()) > _MOST_BYTES for part in dataset.get(key, "").split("/")):
            raise StudyError(f"{where}.{key}: a part of the path is longer than {_MOST_BYTES} bytes")
    if "flip_seed" in dataset and not dataset.get("flipped_labels"):
        raise StudyError(f"{where}.flip_seed: nothing is flipped without flipped_labels; leave it out")
    _check_network(where, dataset)
    try:
        scored_sets(dataset)
        pools_of_dataset(dataset)
        references_of_dataset(dataset)
        labels_of_dataset(dataset)
    except StudyError as error:
        raise StudyError(f"{where}.{error}") from None
    if dataset["recipe"] not in recipes:
        raise StudyError(
            f"{where}.recipe: {short(repr(dataset['recipe']))} is not under recipes{nearest(dataset['recipe'], recipes)}"
        )


def _check_recipe(where: str, recipe: Mapping[str, Any]) -> None:
    try:
        Recipe.of(recipe)
    except StudyError as error:
        raise StudyError(f"{where}.{error}") from None


def _check_network(where: str, dataset: Mapping[str, Any]) -> None:
    name = dataset["network"]
    if is_plugin(name):
        return
    if name not in NETWORKS:
        near = nearest(name, NETWORKS)
        raise StudyError(f"{where}.network: {short(repr(name))} is no built-in network{near}; your own is module:function")
    known = NETWORKS[name].settings
    if "width" in dataset and "width" not in known:
        raise StudyError(f"{where}.width: {name} has no such key; it takes network_settings {', '.join(known)}")
    for key, value in sorted(dataset.get("network_settings", {}).items()):
        if key == "width" or key not in known:
            takes = f"it takes {', '.join(known)}"
            if "width" in known:
                takes = f"write its width beside network, as {where}.width, and leave network_settings out"
            raise StudyError(f"{where}.network_settings.{key}: {name} has no such setting; {takes}")
        if not _VALIDATOR(known[key]).is_valid(value):
            wanted = known[key]["description"]
            raise StudyError(f"{where}.network_settings.{key}: {short(repr(value))} does not fit; write {wanted}")


def _check_sources(config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` where an estimator reads a condition that it cannot, or is used where it must not."""
    estimators, known = config["hardness"]["estimators"], [source for base in bases_of(config) for source in base.sources]
    # The name may be right, and the condition of another section missing.
    possible = {joined("denoised", rule): rule for rule in config["noise"]["rules"]}
    for name in estimators:
        if (source := source_of(config, name)) not in known:
            lacking = f"; noise.denoised lacks {short(repr(possible[source]))}" if source in possible else ""
            raise StudyError(
                f"hardness.estimators.{name}.source: {short(repr(source))} is no source of hardness"
                f"{lacking or nearest(source, known)}"
            )
    for key, used in (
        ("pruning.estimators", config["pruning"]["estimators"] if config["pruning"]["rates"] else []),
        ("noise.estimator", [config["noise"]["estimator"]] if config["noise"]["rules"] or config["suspects"]["folds"] else []),
        ("resampling.estimators.0", config["resampling"]["estimators"][:1]),
    ):
        for name in used:
            if name in estimators and source_of(config, name) != BASELINE:
                raise StudyError(f"{key}: the hardness of {name} does not come from the baseline; name one that does")


def _check_offsets(config: Mapping[str, Any]) -> None:
    """Raise ``StudyError`` where an offset is of an estimator that is none."""
    offsets, known = config["resampling"]["hardness_offset"], config["hardness"]["estimators"]
    for name in offsets if isinstance(offsets, Mapping) else ():
        if name not in known:
            raise StudyError(f"resampling.hardness_offset.{name}: no estimator is called so{nearest(name, known)}")


def _check_noise(noise: Mapping[str, Any], estimators: Mapping[str, Any], beside_suspects: bool) -> None:
    if not (noise["rules"] or beside_suspects):
        return
    estimator = noise["estimator"]
    if estimator not in estimators:
        raise StudyError(
            f"noise.estimator: {short(repr(estimator))} is not under hardness.estimators{nearest(estimator, estimators)}"
        )
    if estimators[estimator].get("method", estimator) != "aum":
        raise StudyError(f"noise.estimator: {estimator} is not of method aum, which the rules of label noise are made for")
    for name, rule in noise["rules"].items():
        try:
            noise_rules.rule_of(**rule)
        except StudyError as error:
            raise StudyError(f"noise.rules.{name}.{error}") from None


def _check_estimator(where: str, name: str, settings: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    if name in (*_COLUMNS, *(f"{other}_rank" for other in config["hardness"]["estimators"])):
        raise StudyError(f"{where}: a column of the lists of samples is called {name}; give the estimator another name")
    method = settings.get("method", name)
    if not is_plugin(method) and method not in estimators.METHODS:
        near = nearest(method, estimators.METHODS)
        raise StudyError(
            f"{where}: {short(repr(method))} is no built-in estimator{near}; your own needs method: module:function"
        )
    if not is_plugin(method) and "direction" in settings:
        raise StudyError(f"{where}.direction: the direction of {method} is known; leave the key out")
    try:
        estimators.estimator_of_study(config, name)
    except StudyError as error:
        raise StudyError(f"{where}.{error}") from None
    epochs = min(config["recipes"][dataset["recipe"]]["epochs"] for dataset in config["datasets"].values())
    first, last = settings.get("first_epoch", 1), settings.get("last_epoch", epochs)
    if not first <= last <= epochs:
        raise StudyError(f"{where}: the window of epochs {first} to {last} must lie within 1 to {epochs}")


def _unknown_keys(error: ValidationError) -> Iterator[str]:
    if error.validator not in ("additionalProperties", "settingsOf") or not isinstance(error.instance, dict):
        return
    known = list(error.schema.get("properties", {}))
    if "settingsOf" in error.schema:
        known += SETTINGS[error.schema["settingsOf"]]()
    for key in error.instance:
        if key not in known:
            yield f"{dotted_path((*error.absolute_path, key))} is not a known key{nearest(str(key), known)}"


def _hint(error: ValidationError) -> str:
    text = error.schema.get("description") if isinstance(error.schema, dict) else None
    # YAML 1.1 wants the point and the sign.
    is_text = error.validator_value == "number" and isinstance(error.instance, str)
    exponent = is_text and re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", error.instance)
    return (f" ({text})" if text else "") + ("; YAML takes it for text, write 1.0e-3 for 1e-3" if exponent else "")


def _word(key: Any) -> str:
    text = str(key)
    return text if text and text.isprintable() and len(text) <= 64 else short(repr(key), 64)
