"""Mutated study files: each is accepted and can be planned, or refused in one line that names the key."""

import copy
import json
import math
import pickle
import random
import re
from functools import cache

import numpy as np
import pytest
import yaml
from conftest import ROOT, Study
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from snakemake.utils import validate

from hbr.conditions.names import alpha_text, conditions_of
from hbr.data.archives import ARCHIVES
from hbr.errors import StudyError
from hbr.study.configuration import MOST_TRAININGS, check_meaning, check_shape, dotted_path, members_list
from hbr.study.studies import SCHEMA

RULES = yaml.safe_load(SCHEMA.read_text())
BASES = {
    path.name: yaml.safe_load(path.read_text()) for path in [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
}
CONSTRAINTS = dict(re.findall(r'^    (\w+)=r"(.+)",$', (ROOT / "Snakefile").read_text(), re.MULTILINE))

LONGEST_MESSAGE = 300
LONGEST_FILE_NAME = 255
REFUSED = "The config is refused. "


def laughs(levels: int) -> list:
    """Return what a few lines of YAML aliases make: 2 to the power of ``levels`` values."""
    value: list = [1]
    for _ in range(levels):
        value = [value, value]
    return value


def nested(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


ENDLESS: list = []
ENDLESS.append(ENDLESS)

NUMBERS = [-1, 0, 1, 2, 3, 4, 5, 7, 64, 999, 10**5, 10**9, 10**19, -(10**19), 10**400, 1 << 20_000, True, 8.0, 1.5, 0.25]
NUMBERS += [1e-12, 5e-324, 1e16, 1e308, -1e308, -0.0, math.nan, math.inf, -math.inf]
TEXTS = ["", " ", "x", "none", "null", "1", "1e-3", "0x10", "yes", "v1", "aum", "el2n", "ensemble", "quick", "paper", "own"]
TEXTS += ["../x", "../../etc/passwd", "<script>", "<results>/x", "{wildcards}", "{x", "%s", "$(rm -rf x)", "`id`", "; true"]
TEXTS += ["line\nbreak", "end\n", "\ttab", "nul\0", "\x1b[31mred", "\ud800", "\u2028", "ключ", "画像", "💥", "-x", "--force"]
TEXTS += ["'", '"', "a'b\"c", "a/b", "s3://b/x", "two words", "x" * 65, "é" * 200, "x" * 300, "x" * 2000, "Aum", "resnet20"]
TEXTS += ["mine:network", "mine.deep:network", "a:b:c", "a..b:c", ":", "mine:", "step", "cosine", "random", "easy", "CIFAR100"]
TEXTS += ["~", "digits", "torchvision", "folder", "arrays"]
CONTAINERS = [None, [], {}, [None], [[]], [{}], {"": {}}, {"x": 1}, {1: 2}, {None: None}, {1 << 20_000: 1}, {(1, 2): 3}]
CONTAINERS += [[1], [1, 1.0], [0.1, 0.10], [1, True], [1, 2, 3], ["x", "x"], ["aum", "aum"], [0.5, 1e5], list(range(1, 2000))]
CONTAINERS += [b"bytes", (1, 2), {1, 2}, laughs(14), nested(30), nested(100), ENDLESS, {"method": "a:b"}, {"a\nb": 1}]
UNKNOWN = ["x", "Seed", "", " ", "1", "a.b", "line\nbreak", "<script>", "{x}", "ключ", "'", "k" * 70, "k" * 3000, 1, None, 1.5]

# What a study may say beside what it says; not every value fits every study.
SETTINGS = {
    "seed": [1, 2**63 - 1, 2**63],
    "compat": ["v1", "v2", "none"],
    "checkpoint_minutes": [0.5, 60, 0],
    "baseline.members": [8, 9, 20, 1000],
    "hardness.members": [1, 2, [1, 3], [2], [4, 4], [9]],
    "hardness.estimators.loss": [{}, {"first_epoch": 2}, {"last_epoch": 3}, {"first_epoch": 3, "last_epoch": 2}],
    "hardness.estimators.own": [
        {"method": "mine:doubt", "direction": "low-is-hard"},
        {"method": "mine:doubt"},
        {"method": "el2n"},
    ],
    "hardness.estimators.forgetting": [{"never_learned": "zero"}, {"direction": "low-is-hard"}],
    "resampling.estimators": [["aum", "el2n"], ["el2n"], ["loss"]],
    "resampling.strategies": [[], [{"oversampling": "none", "undersampling": "hard"}]],
    "resampling.alphas": [[0.5], [1e-5, 3], [1, 2, 1.5], [1e5], [2, 2.0]],
    "resampling.variants": [1, 10, 1000],
    "resampling.members": [1, 3, 1000],
    "resampling.sharpness": [0, 2, 50],
    "resampling.hardness_offset": [0, 1.5, -3],
    "resampling.balance": ["keep", "equal"],
    "resampling.spread_warning": [1.5, 3],
}


def paths_of(node, above=()) -> list[tuple]:
    """Return all paths down to some depth; lists may hold themselves, and keys may be numbers too long to print."""
    if isinstance(node, dict):
        children = [(key, child) for key, child in node.items() if not isinstance(key, int)]
    else:
        children = list(enumerate(node)) if isinstance(node, list) else []
    below = children if len(above) < 8 else []
    return [path for key, child in below for path in ((*above, key), *paths_of(child, (*above, key)))]


def at(config, path):
    for key in path:
        config = config[key]
    return config


def mistyped(draw, key: str) -> str:
    """Return a key with two letters swapped, one left out, one doubled, or in capitals."""
    place = draw(st.integers(0, len(key) - 1))
    before, letter, after = key[:place], key[place], key[place + 1 :]
    swapped = before + after[:1] + letter + after[1:]
    return draw(st.sampled_from([swapped, before + after, before + letter * 2 + after, key.upper()]))


def replacement(draw, old):
    """Return something else in a value's place, often of the right type."""
    kinds = [st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.sampled_from(CONTAINERS), st.text(max_size=8)]
    kinds += [st.integers(), st.floats(), st.lists(st.none() | st.lists(st.integers(), max_size=2), max_size=2)]
    if isinstance(old, bool):
        kinds += [st.just(not old)] * 4
    elif isinstance(old, int | float):
        near = [old + 1, old * 2, old / 2, -old, float(old), str(old), [old], old * 10**6, old * 10**30]
        kinds += [st.sampled_from(near), st.integers(1, 12), st.floats(0.01, 5)] * 2
    elif isinstance(old, str):
        kinds += [st.sampled_from([old.upper(), f"{old}\n", f" {old}", [old], {old: old}])]
        kinds += [st.text("abc012_-", min_size=1, max_size=70), st.sampled_from(["none", "random", "easy", "resnet8"])]
    elif isinstance(old, list) and old:
        kinds += [st.sampled_from([old[:1], [*old, old[0]], old * 50, old[0], dict(enumerate(old)), str(old)])] * 2
    elif isinstance(old, dict):
        kinds += [st.sampled_from([None, list(old), str(old), [old]])]
    return copy.deepcopy(draw(st.one_of(kinds)))


@st.composite
def mutations(draw):
    """Return a study's file name, its config with one or two mutations, and what a refusal has to name one of."""
    name = draw(st.sampled_from(sorted(BASES)))
    config, touched = copy.deepcopy(BASES[name]), []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        action = draw(st.sampled_from(["replace"] * 5 + ["set"] * 3 + ["delete", "mistype", "add", "double"]))
        if action == "set":
            setting = draw(st.sampled_from(sorted(SETTINGS)))
            path = tuple(setting.split("."))
        else:
            path = draw(st.sampled_from(paths_of(BASES[name])))
        try:
            parent = at(config, path[:-1])
            old = parent.get(path[-1]) if action == "set" else parent[path[-1]]
        except (KeyError, IndexError, TypeError, AttributeError):
            # The first mutation took it away.
            continue
        if not isinstance(parent, dict | list):
            continue
        key = path[-1]
        if action == "replace":
            parent[key] = replacement(draw, at(BASES[name], path))
        elif action == "set":
            parent[key] = copy.deepcopy(draw(st.sampled_from(SETTINGS[setting])))
        elif action == "delete":
            del parent[key]
        elif action == "mistype" and isinstance(key, str):
            key = mistyped(draw, key)
            parent[key] = parent.pop(path[-1])
        elif action == "add" and isinstance(old, dict):
            key = draw(st.sampled_from(UNKNOWN) | st.text(max_size=8))
            path = (*path, key)
            old[key] = draw(st.sampled_from([1, None, {}, "x"]))
        elif isinstance(old, list):
            old.append(copy.deepcopy(draw(st.sampled_from(old or [1]))))
        touched += [dotted_path(path), dotted_path((*path[:-1], key)), *([dotted_path(path[:-1])] if len(path) > 1 else [])]
        # What others refer to by name: a recipe, an estimator.
        touched += [repr(name) for name in (key, path[-1]) if isinstance(name, str)]
    assume(touched and pickle.dumps(config) != pickle.dumps(BASES[name]))
    return name, config, touched


def refusal(config) -> str:
    """Do what the workflow does at its start; return the sentence, or nothing where the config is accepted."""
    try:
        check_shape(config, RULES)
        validate(config, str(SCHEMA))
        check_meaning(config)
    except StudyError as error:
        return str(error)
    return ""


def assert_named(message: str, config, touched: list[str]) -> None:
    assert message.isprintable(), message
    assert len(message) <= LONGEST_MESSAGE, message
    places = ["config", *(dotted_path(path) for path in paths_of(config))]
    assert message.startswith(tuple(place + end for place in places for end in (": ", " ", ", ", "."))), message
    assert any(name in message for name in touched), (message, touched)


def assert_plannable(config) -> None:
    def fits(kind: str, text: str) -> bool:
        return re.fullmatch(CONSTRAINTS[kind], text) is not None

    resampling = config["resampling"]
    conditions = conditions_of(config)
    grid = len(resampling["estimators"]) * len(resampling["strategies"]) * len(resampling["alphas"])
    placebos, pruning, noise = config["placebos"], config["pruning"], config["noise"]
    others = len(placebos["kinds"]) * len(placebos["strategies"]) * len(placebos["alphas"])
    others += len(pruning["estimators"]) * len(pruning["methods"]) * len(pruning["rates"]) + len(noise["denoised"])
    limited = config["limited"]
    others += len(limited["hardness"]) * len(limited["rates"]) * len(limited["strategies"]) * len(limited["alphas"])
    others += any(rule["method"] == "threshold-samples" for rule in noise["rules"].values())
    controls = sum(condition.kind == "control" for condition in conditions.values())
    assert len(conditions) == 1 + controls + grid + others
    assert {condition.reference for condition in conditions.values()} <= {"", *conditions}
    trainings = 0
    for name, condition in conditions.items():
        assert fits("condition", name)
        parts = {part: getattr(condition, part) for part in ("estimator", "alpha") if getattr(condition, part)}
        assert all(fits(kind, text) for kind, text in parts.items())
        assert len(f"{name}_variant1000.parquet") <= LONGEST_FILE_NAME
        runs = condition.runs
        assert len(set(runs)) == len(runs) > 0
        trainings += len(runs) * len(config["datasets"])
    assert trainings <= MOST_TRAININGS
    assert all(float(alpha_text(alpha)) == alpha > 0 for alpha in resampling["alphas"])
    assert all(fits("dataset", name) and len(name) <= 64 for name in config["datasets"])
    assert all(fits("estimator", name) for name in config["hardness"]["estimators"])
    assert fits("dataset", config["study"].replace("-", "_"))
    assert set(members_list(config["hardness"]["members"])) <= set(range(1, config["baseline"]["members"] + 1))
    assert json.loads(json.dumps(config)) == config


# Huge values and aliases on purpose, hence the health checks.
FUZZ = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@cache
def outcomes() -> dict[bytes, str]:
    """Return what is said of each mutated config, pickled as it came; "" where it is accepted."""
    said: dict[bytes, str] = {}

    @settings(FUZZ, max_examples=900)
    @given(mutations())
    def check(mutation):
        _, config, touched = mutation
        before = pickle.dumps(config)
        said[before] = message = refusal(config)
        if message:
            assert_named(message, config, touched)
        else:
            assert_plannable(config)

    check()
    return said


@pytest.mark.slow
def test_mutated_configs_are_planned_or_refused_in_one_line(record_property):
    said = outcomes()
    accepted = sum(not message for message in said.values())
    counts = {"tried": len(said), "accepted": accepted, "refused": len(said) - accepted}
    counts["different sentences"] = len(set(said.values()))
    for key, value in counts.items():
        record_property(key, value)
    print(f"\nchecked in this process: {counts}")
    assert counts["tried"] >= 500
    assert counts["accepted"] >= 100
    assert counts["refused"] >= 200


def sampled(most: int) -> list[tuple[dict, str]]:
    """Return configs that a YAML file can hold, half of them accepted, the refused ones by different sentences."""
    accepted: list[tuple[dict, str]] = []
    refused: dict[str, tuple[dict, str]] = {}
    for before, message in outcomes().items():
        config = pickle.loads(before)
        try:
            text = yaml.safe_dump(config, sort_keys=False)
            same = yaml.safe_load(text)
            # Aliases may make comparing the two themselves endless.
            if yaml.safe_dump(same, sort_keys=False) != text:
                continue
        except (yaml.YAMLError, ValueError, RecursionError):
            continue
        if message:
            # A tuple comes out of the file as a list, of which something else is said.
            if refusal(copy.deepcopy(same)) == message:
                refused.setdefault(re.sub(r"[^a-z ]", "", message)[:40], (same, message))
            continue
        full = copy.deepcopy(same)
        validate(full, str(SCHEMA))
        # Planned in a second or two.
        if sum(len(condition.runs) for condition in conditions_of(full).values()) <= 250:
            accepted.append((same, ""))
    rng = random.Random(0)
    return [pick for found in (accepted, list(refused.values())) for pick in rng.sample(found, most // 2)]


def provide(folder, config: dict) -> None:
    """Write the files that an accepted config names."""
    names = [dataset["network"] for dataset in config["datasets"].values()]
    names += [settings.get("method", "") for settings in config.get("hardness", {}).get("estimators", {}).values()]
    for name in names:
        if ":" in name:
            module = folder.joinpath(*name.partition(":")[0].split(".")).with_suffix(".py")
            module.parent.mkdir(parents=True, exist_ok=True)
            with module.open("a") as file:
                file.write(f"def {name.partition(':')[2]}(**settings): ...\n")
    for dataset in config["datasets"].values():
        files = [f"{dataset['root']}/{split}/ant/1.png" for split in ("train", "test")] if dataset["source"] == "folder" else []
        if "archive_folder" in dataset:
            files += [f"{dataset['archive_folder']}/{archive.filename}" for archive in ARCHIVES[dataset["name"]]]
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        arrays = [dataset["file"]] if dataset["source"] == "arrays" else []
        arrays += [named["file"] for named in (dataset.get("labels"), *dataset.get("references", {}).values()) if named]
        for name in arrays:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            np.savez((folder / name).open("wb"), labels=np.zeros(1))


def refused_line(output: str) -> str:
    """Return the one line that says why; nothing beside it may look like an error of ours."""
    assert "Traceback" not in output, output[-3000:]
    lines = [line for line in output.splitlines() if REFUSED in line]
    assert len(lines) == 1, output[-3000:]
    return lines[0].partition(REFUSED)[2]


@pytest.mark.slow
def test_snakemake_plans_or_refuses_a_sample_alike(tmp_path, record_property):
    cases = sampled(16)
    for number, (config, message) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        study = Study(folder, config)
        if message:
            assert refused_line(study.snakemake("--dry-run", fails=True)) == message
        else:
            provide(folder, config)
            assert re.search(r"^train_member +[1-9]", study.snakemake("--dry-run", "--quiet", "rules"), re.MULTILINE)
    counts = {"run": len(cases), "planned": sum(not message for _, message in cases)}
    record_property("dry runs", counts)
    print(f"\ndry runs of Snakemake: {counts}")


DEFAULT = (ROOT / "config.yaml").read_text()
FILES = {
    "empty": (b"", "config.yaml names no keys"),
    "a list": (b"- study\n", "config.yaml names no keys"),
    "a word": (b"study\n", "config.yaml names no keys"),
    "tab": (b"study: x\nrecipes:\n\tquick: 1\n", "config.yaml, line 3 is no YAML: found character"),
    "open bracket": (b"study: [x\n", "config.yaml, line 2 is no YAML: "),
    "bytes": ("study: é\n".encode("latin-1"), "config.yaml: byte 8 is not UTF-8"),
    "nul": (b"study: a\0b\n", "config.yaml is no YAML: unacceptable character"),
    "double key": (
        DEFAULT.replace("    epochs: 12", "    epochs: 13\n    epochs: 12").encode(),
        "recipes.quick.epochs stands twice",
    ),
    "double section": (f"{DEFAULT}\nbaseline: {{members: 9}}\n".encode(), "baseline stands twice, first in line"),
    "no date": (DEFAULT.replace("study: digits", "study: 2025-13-32").encode(), "line 4: study is no date or number"),
    "long number": (DEFAULT.replace("\nseed: 0", f"\nseed: {'9' * 5000}").encode(), "line 5: seed is no date or number"),
    "pathvars": (f"{DEFAULT}\npathvars: 3\n".encode(), "pathvars is not a known key"),
    "deep": (b"study: " + b"[" * 3000, "nest deeper than"),
    "endless": (b"study: &a {x: *a}\n", "holds more than"),
    "laughs": (
        "\n".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" if n else "a0: &a0 1" for n in range(40)).encode(),
        "holds more than",
    ),
}


def test_faults_of_the_file_are_refused_in_one_line(tmp_path):
    for name, (contents, why) in FILES.items():
        (tmp_path / name).mkdir()
        study = Study(tmp_path / name, {})
        (study.folder / "config.yaml").write_bytes(contents)
        line = refused_line(study.snakemake("--dry-run", fails=True))
        assert why in line
        assert len(line) <= LONGEST_MESSAGE


def test_faults_on_the_command_line_are_refused_in_one_line(tmp_path):
    study = Study(tmp_path, yaml.safe_load(DEFAULT))
    (tmp_path / "other.yaml").write_text(f"{DEFAULT}\nseed: 1\n")
    assert "other.yaml, line" in refused_line(study.snakemake("--dry-run", "--configfile", "other.yaml", fails=True))
    cases = {
        "seed=-1": "seed: -1 is less than",
        "study=../up": "study: '../up' is not allowed",
        "sede=1": "sede is not a known key; did you mean 'seed'?",
        "resampling=3": "resampling: 3 is not of type 'object'",
        "resampling={alphas: [1]}": "resampling.alphas.0: '1' is not of type 'number'",
    }
    for setting, why in cases.items():
        assert refused_line(study.snakemake("--dry-run", "--config", setting, fails=True)).startswith(why)
