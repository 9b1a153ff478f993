import copy
import importlib.util
import sys
from pathlib import Path
from unittest import mock

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from snakemake.utils import validate

from hbr.errors import StudyError
from hbr.study.configuration import MOST_TRAININGS, check_file, check_meaning, check_shape
from hbr.study.modules import source_files
from hbr.study.studies import SCHEMA, load_study

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "workflow/scripts"
STUDIES = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
RULES = yaml.safe_load(SCHEMA.read_text())
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
ESTIMATOR = "hardness.estimators.aum"
REMOVED = "<this key is left out>"
QUICK = {"datasets.digits.network": "quick-cnn", "datasets.digits.width": REMOVED}
RANDOM = [{"oversampling": "random", "undersampling": "easy"}]
FROM_POOL = [{"oversampling": "pool-hard", "undersampling": "easy"}]


def checked(config: dict) -> dict:
    """Do what the workflow does at its start."""
    check_shape(config, RULES)
    validate(config, str(SCHEMA))
    check_meaning(config)
    return config


def refusal(config: dict) -> str:
    with pytest.raises(StudyError) as caught:
        checked(config)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def changed(changes: dict) -> dict:
    """Return the default config with values set, or removed, at dotted paths."""
    config = copy.deepcopy(DEFAULT)
    for path, value in changes.items():
        *above, last = path.split(".")
        node = config
        for part in above:
            node = node[int(part) if isinstance(node, list) else part]
        if value is REMOVED:
            del node[last]
        else:
            node[int(last) if isinstance(node, list) else last] = value
    return config


def dataset_of(source: str, **keys) -> dict:
    return {"source": source, "network": "small-cnn", "recipe": "quick", **keys}


COMPLETE = {
    "digits": {"test_fraction": 0.5},
    "torchvision": {"name": "CIFAR10"},
    "folder": {"root": "photos", "image_size": 32},
    "arrays": {"file": "data.npz"},
}


def test_studies_of_the_quick_recipe_on_cifar10_have_one():
    """Apart from the epochs at which they are tested: their networks are compared."""
    names = ("cifar10-quick", "cifar10-quick-cpu", "cifar10-v2-quick", "human-noise-cifar10-quick")
    recipes = [load_study(ROOT / f"studies/{name}.yaml")["recipes"]["quick"] for name in names]
    assert all({**recipe, "evaluate_every": 1} == {**recipes[0], "evaluate_every": 1} for recipe in recipes)


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_shipped_studies_are_valid(study):
    checked(yaml.safe_load(study.read_text()))


def test_defaults_fill_a_minimal_study():
    recipe = {"epochs": 3, "batch_size": 8, "learning_rate": 0.1, "el2n_epoch": 1}
    config = checked({"study": "s", "datasets": {"d": dataset_of("digits", test_fraction=0.5)}, "recipes": {"quick": recipe}})
    assert config["seed"] == 0
    assert config["checkpoint_minutes"] == 5
    assert config["baseline"]["members"] == config["hardness"]["members"] == 8
    assert config["hardness"]["estimators"] == {"aum": {}}
    assert config["resampling"]["estimators"] == ["aum"]
    assert config["recipes"]["quick"]["schedule"] == "cosine"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("sede", "seed"),
        ("baselin", "baseline"),
        ("datasets.digits.widht", "width"),
        ("recipes.quick.epoch", "epochs"),
        ("baseline.member", "members"),
        ("hardness.estimatrs", "estimators"),
        (f"{ESTIMATOR}.frist_epoch", "first_epoch"),
        ("resampling.alpha", "alphas"),
        ("resampling.strategies.0.oversamplng", "oversampling"),
    ],
)
def test_typos_name_the_path_and_the_nearest_key(path, near):
    assert refusal(changed({path: 1})) == f"{path} is not a known key; did you mean {near!r}?"


def test_a_typo_in_place_of_a_required_key_is_named_as_a_typo():
    assert refusal(changed({"recipes.quick.epochs": REMOVED, "recipes.quick.epcohs": 3})).startswith("recipes.quick.epcohs ")


def test_a_key_like_no_other_lists_the_known_ones():
    assert refusal(changed({"baseline.xyzzy": 1})) == "baseline.xyzzy is not a known key; known are members"


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("study", "Digits", "is not allowed"),
        ("study", "../up", "is not allowed"),
        ("seed", "zero", "not of type 'integer'"),
        ("seed", -1, "less than the minimum"),
        ("seed", 1.5, "not of type 'integer'"),
        ("compat", "v3", "not one of"),
        ("datasets", {}, "non-empty"),
        ("datasets.digits", None, "not of type 'object'"),
        ("datasets.digits.source", "web", "not one of"),
        ("datasets.digits.network", "resnet 8", "is not allowed"),
        ("datasets.digits.width", 0, "less than the minimum"),
        ("datasets.digits.test_fraction", 1, "maximum"),
        ("datasets.digits.test_fraction", "half", "not of type 'number'"),
        ("recipes.quick.epochs", "12", "not of type 'integer'"),
        ("recipes.quick.epochs", -3, "less than the minimum"),
        ("recipes.quick.batch_size", 1, "less than the minimum"),
        ("recipes.quick.learning_rate", 0, "minimum"),
        ("recipes.quick.momentum", 1, "maximum"),
        ("recipes.quick.flip", "no", "not of type 'boolean'"),
        ("recipes.quick.schedule", "linear", "not one of"),
        ("checkpoint_minutes", 0, "minimum"),
        ("checkpoint_minutes", "5", "not of type 'number'"),
        ("recipes.quick.milestones", 3, "not of type 'array'"),
        ("baseline.members", 0, "less than the minimum"),
        ("baseline.members", True, "not of type 'integer'"),
        ("hardness.estimators", {}, "non-empty"),
        (ESTIMATOR, None, "not of type 'object'"),
        (f"{ESTIMATOR}.first_epoch", 0, "less than the minimum"),
        (f"{ESTIMATOR}.direction", "up", "not one of"),
        ("resampling", [], "not of type 'object'"),
        ("resampling.estimators", [], "non-empty"),
        ("resampling.strategies.0.oversampling", "copy", "not one of"),
        ("resampling.alphas.0", 0, "minimum"),
        ("resampling.alphas.0", -1, "minimum"),
        ("resampling.sharpness", -0.5, "less than the minimum"),
        ("resampling.hardness_offset", "two", "not of type 'number', 'object'"),
    ],
)
def test_wrong_values_are_refused_by_path(path, value, why):
    message = refusal(changed({path: value}))
    assert message.startswith(f"{path}: ")
    assert why in message


@pytest.mark.parametrize("name", ["Digits", "two words", "a/b", "a.b", ""])
def test_dataset_names_that_cannot_name_files_are_refused(name):
    config = copy.deepcopy(DEFAULT)
    config["datasets"][name] = config["datasets"].pop("digits")
    assert refusal(config).startswith("datasets: ")


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("datasets", 1),
        ("hardness.estimators", 1),
        ("hardness.estimators", None),
        ("recipes", 1),
    ],
)
def test_names_that_yaml_reads_as_no_text_are_refused(section, name):
    config = copy.deepcopy(DEFAULT)
    node = config
    for part in section.split("."):
        node = node[part]
    node[name] = node.pop(next(iter(node)))
    assert refusal(config).startswith(f"{section}: ")


@pytest.mark.parametrize("path", ["recipes.quick.learning_rate", "resampling.hardness_offset", "resampling.alphas.0"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(path, value):
    assert refusal(changed({path: value})).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("baseline.members", 10**9, "maximum of 1000"),
        ("hardness.members", 10**9, "maximum of 1000"),
        ("resampling.variants", 10**9, "maximum of 1000"),
        ("resampling.members", 10**9, "maximum of 1000"),
        ("recipes.quick.epochs", 10**9, "maximum of 100000"),
        ("recipes.quick.batch_size", 10**9, "maximum of 1000000"),
        ("resampling.alphas", [1e308], "maximum of 1000000"),
        ("resampling.sharpness", 1e308, "maximum of 50"),
        ("resampling.hardness_offset", -1e308, "minimum of -1000000"),
        ("seed", 10**19, "maximum of 9223372036854775807"),
        ("seed", 10**400, "more than 19 digits"),
        ("recipes.quick.learning_rate", -(10**400), "more than 19 digits"),
        ("seed", 1 << 20_000, "more than 19 digits"),
        ("study", "x" * 65, "up to 64"),
        ("study", "x" * 5000, "at most 1,000"),
        ("datasets.digits.network", f"{'x' * 200}:f", "too long"),
        ("datasets.digits.network", "a..b:c", "module:function"),
        ("study", [[[[[]]]]] * 3000, "5,000 values"),
    ],
    ids=lambda value: str(value)[:30] if not isinstance(value, int) else "number",
)
def test_sizes_that_no_study_has_are_refused_with_what_is_allowed(path, value, allowed):
    message = refusal(changed({path: value}))
    assert message.startswith(path)
    assert allowed in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("section", "name", "allowed"),
    [
        ("datasets", "x" * 65, "up to 64"),
        ("datasets", "digits\n", "lower case letters"),
        ("recipes", "a\nb", "letters, digits"),
        ("hardness.estimators", "x" * 65, "up to 64"),
    ],
)
def test_names_too_long_or_broken_for_a_file_are_refused(section, name, allowed):
    config = copy.deepcopy(DEFAULT)
    node = config
    for part in section.split("."):
        node = node[part]
    node[name] = node.pop(next(iter(node)))
    message = refusal(config)
    assert message.startswith(f"{section}: ")
    assert allowed in message


def test_an_offset_of_one_estimator_is_held_to_the_same_bounds():
    said = refusal(changed({"resampling.hardness_offset": {"aum": -1e308}}))
    assert said.startswith("resampling.hardness_offset.aum: ") and "minimum of -1000000" in said


def test_text_with_a_line_break_at_its_end_is_refused():
    assert refusal(changed({"study": "digits\n"})) == "study: text with a line break or control character; write one line"


@pytest.mark.parametrize(
    ("path", "values", "twice"),
    [
        ("resampling.alphas", [1, 1.0], "1: 1.0"),
        ("resampling.alphas", [0.1, 2, 0.10], "2: 0.1"),
        ("resampling.estimators", ["aum", "aum"], "1: 'aum'"),
        ("recipes.quick.milestones", [3, 4, 3], "2: 3"),
        ("hardness.members", [1, 1], "1: 1"),
    ],
)
def test_what_stands_twice_in_a_list_is_refused_however_it_is_written(path, values, twice):
    assert refusal(changed({path: values})).startswith(f"{path}.{twice} stands twice (")


def test_a_number_that_yaml_takes_for_text_is_explained():
    path = "recipes.quick.learning_rate"
    assert yaml.safe_load("1e-3") == "1e-3"
    assert refusal(changed({path: "1e-3"})).endswith("; YAML takes it for text, write 1.0e-3 for 1e-3")
    assert "YAML" not in refusal(changed({path: "fast"}))


def test_more_trainings_than_can_be_planned_are_refused():
    message = refusal(changed({"resampling.variants": 1000, "resampling.members": 1000}))
    # Control, four resampled conditions and a placebo, beside 6 + 8 + 10 + 2 + 2 of the others.
    assert message.startswith("baseline.members, resampling.variants, resampling.members, ")
    assert "make 6,000,028 trainings of all conditions; at most 10,000" in message
    most = (MOST_TRAININGS - 28) // 6 // 2
    checked(changed({"resampling.variants": most, "resampling.members": 2}))
    refusal(changed({"resampling.variants": most + 1, "resampling.members": 2}))


@pytest.mark.parametrize("file", ["<results>/x.npz", "{x}.npz", "-x.npz"])
def test_files_that_snakemake_would_read_otherwise_are_refused(file):
    assert refusal(changed({"datasets.digits": dataset_of("arrays", file=file)})).startswith("datasets.digits.file: ")


def test_folders_too_long_for_a_file_system_are_refused():
    message = refusal(changed({"datasets.digits": dataset_of("folder", root=f"a/{'é' * 128}", image_size=32)}))
    assert message == "datasets.digits.root: a part of the path is longer than 255 bytes"


def study_file(folder, text: str, name: str = "study.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_shipped_files_name_each_key_once(study):
    check_file(study)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: {a: 1, c: [{a: 1}, {a: 2}]}\n",
        "base: &base {epochs: 3, flip: true}\nlong: {<<: *base, epochs: 30}\n",
        "a: &a [1, 2]\nb: *a\nc: *a\n",
        "\ufeffstudy: x\n",
    ],
)
def test_keys_that_stand_once_in_their_place_pass(tmp_path, text):
    check_file(study_file(tmp_path, text))


def test_json_with_tabs_and_a_missing_file_are_left_to_snakemake(tmp_path):
    check_file(study_file(tmp_path, '{\n\t"study": "x"\n}', "study.json"))
    check_file(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("seed: 1\nstudy: x\nseed: 2\n", ", line 3: seed stands twice, first in line 1; keep one"),
        (
            "recipes:\n  a:\n    epochs: 1\n    'epochs': 2\n",
            ", line 4: recipes.a.epochs stands twice, first in line 3; keep one",
        ),
        ("a: {b: 1, b: 1}\n", ", line 1: a.b stands twice, first in line 1; keep one"),
        ("a: [{b: 1}, {b: 1, c: 2, b: 3}]\n", ", line 1: a.1.b stands twice, first in line 1; keep one"),
        ("a: 1\n? [x]\n: 1\n", ", line 2: a key is a list or a mapping; keys are names"),
        ("study: x\npathvars: 3\n", ", line 2: pathvars is not a known key; folders are named by 'study'"),
    ],
)
def test_what_yaml_would_silently_drop_is_refused_by_name_and_line(tmp_path, monkeypatch, text, why):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError) as caught:
        check_file(study_file(tmp_path, text))
    assert str(caught.value) == f"study.yaml{why}"


@pytest.mark.parametrize("path", ["seed", "recipes.quick.epochs", "baseline.members", "resampling.variants"])
def test_whole_floats_are_refused_or_become_integers(path):
    try:
        config = checked(changed({path: 8.0}))
    except StudyError as error:
        assert str(error).startswith(f"{path}: ")
        return
    for part in path.split("."):
        config = config[part]
    assert type(config) is int


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("study", "config"),
        ("datasets", "config"),
        ("recipes", "config"),
        ("datasets.digits.source", "datasets.digits"),
        ("datasets.digits.network", "datasets.digits"),
        ("datasets.digits.recipe", "datasets.digits"),
        ("recipes.quick.epochs", "recipes.quick"),
        ("recipes.quick.batch_size", "recipes.quick"),
        ("recipes.quick.learning_rate", "recipes.quick"),
        ("recipes.quick.el2n_epoch", "recipes.quick"),
    ],
)
def test_missing_keys_are_named(path, where):
    message = refusal(changed({path: REMOVED}))
    assert message.startswith(f"{where}: {path.split('.')[-1]!r} is a required property")


@pytest.mark.parametrize("key", ["oversampling", "undersampling"])
def test_strategies_need_both_halves(key):
    message = refusal(changed({f"resampling.strategies.0.{key}": REMOVED}))
    assert message.startswith(f"resampling.strategies.0: {key!r} is a required property")


@pytest.mark.parametrize("source", COMPLETE)
def test_a_complete_source_passes(source):
    pools = DEFAULT["datasets"]["digits"]["pools"]
    checked(changed({"datasets.digits": dataset_of(source, **COMPLETE[source], pools=pools)}))


@pytest.mark.parametrize(
    ("source", "key", "value"),
    [
        ("digits", "name", "CIFAR10"),
        ("digits", "image_size", 32),
        ("torchvision", "root", "photos"),
        ("torchvision", "test_fraction", 0.5),
        ("folder", "mirror", "http://localhost"),
        ("folder", "file", "data.npz"),
        ("arrays", "archive_folder", "archives"),
        ("arrays", "image_size", 32),
    ],
)
def test_keys_of_another_source_are_refused(source, key, value):
    message = refusal(changed({"datasets.digits": dataset_of(source, **COMPLETE[source], **{key: value})}))
    assert message.startswith(f"datasets.digits.{key}: source {source} has no such key; it takes ")


@pytest.mark.parametrize(
    ("source", "key"), [("torchvision", "name"), ("folder", "root"), ("folder", "image_size"), ("arrays", "file")]
)
def test_keys_a_source_needs_are_named(source, key):
    keys = {name: value for name, value in COMPLETE[source].items() if name != key}
    message = refusal(changed({"datasets.digits": dataset_of(source, **keys)}))
    assert message == f"datasets.digits: source {source} needs the key {key!r}"


def test_digits_need_a_test_fraction():
    assert "test_fraction" in refusal(changed({"datasets.digits.test_fraction": REMOVED}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets.digits.recipe": "quik"}, "datasets.digits.recipe: 'quik' is not under recipes; did you mean 'quick'?"),
        ({"datasets.digits.recipe": "xyzzy"}, "datasets.digits.recipe: 'xyzzy' is not under recipes; known are quick"),
        ({"recipes.quick.el2n_epoch": 13}, "recipes.quick.el2n_epoch: 13 lies after the last epoch, 12"),
        ({"recipes.quick.warmup_epochs": 12}, "recipes.quick.warmup_epochs: 12 is not below epochs, 12"),
        (
            {"suspects.folds": 1},
            "suspects.folds: 1 fold leaves nothing to train on; write at least 2, or 0 to judge no image",
        ),
        ({"recipes.quick.momentum": 0}, "recipes.quick.nesterov: needs a momentum above 0"),
        (
            {"recipes.quick.schedule": "step"},
            "recipes.quick.milestones: schedule step needs at least one; or write schedule: cosine",
        ),
        (
            {"recipes.quick.alternating_flips": True},
            "recipes.quick.alternating_flips: needs flip: true",
        ),
        (
            {"datasets.digits.network": "resnet9"},
            "datasets.digits.network: 'resnet9' is no built-in network; did you mean 'resnet8'?; your own is module:function",
        ),
        (
            {"datasets.digits.network": "quick-cnn"},
            "datasets.digits.width: quick-cnn has no such key; it takes network_settings widths, pair_widths, logit_scale",
        ),
        (
            {"datasets.digits.network_settings": {"widths": [4, 8, 16]}},
            "datasets.digits.network_settings.widths: small-cnn has no such setting; write its width beside "
            "network, as datasets.digits.width, and leave network_settings out",
        ),
        (
            QUICK | {"datasets.digits.network_settings": {"widths": [48, 128]}},
            "datasets.digits.network_settings.widths: [48, 128] does not fit; write a list of 3 whole numbers above 0",
        ),
        (
            QUICK | {"datasets.digits.network_settings": {"pair_widths": [8, 16, 32.5]}},
            "datasets.digits.network_settings.pair_widths: [8, 16, 32.5] does not fit; write a list of 3 whole numbers above 0",
        ),
        (
            QUICK | {"datasets.digits.network_settings": {"logit_scale": True}},
            "datasets.digits.network_settings.logit_scale: True does not fit; write a number above 0",
        ),
        ({"baseline.members": 3}, "hardness.members is 6, but baseline.members trains only 3"),
        (
            {"hardness.estimators.el3n": {}},
            "hardness.estimators.el3n: 'el3n' is no built-in estimator; did you mean 'el2n'?; "
            "your own needs method: module:function",
        ),
        (
            {"hardness.estimators.mine": {"method": "my_scores:score"}},
            "hardness.estimators.mine.direction: declare high-is-hard or low-is-hard for your own estimator my_scores:score",
        ),
        (
            {"hardness.estimators.mine": {"method": "my_scores:score", "direction": "high-is-hard", "last_epoch": 2}},
            "hardness.estimators.mine.last_epoch: my_scores:score is handed all epochs; let it choose, or leave the key out",
        ),
        *(
            (
                {f"hardness.estimators.{name}": {"method": "el2n"}},
                f"hardness.estimators.{name}: a column of the lists of samples is called {name}; give the "
                "estimator another name",
            )
            for name in ("class", "id", "aum_rank")
        ),
        ({f"{ESTIMATOR}.direction": "low-is-hard"}, f"{ESTIMATOR}.direction: the direction of aum is known; leave the key out"),
        ({f"{ESTIMATOR}.never_learned": "zero"}, f"{ESTIMATOR}.never_learned: only forgetting has it"),
        (
            {"resampling.estimators": ["el2"]},
            "resampling.estimators: 'el2' is not under hardness.estimators; did you mean 'el2n'?",
        ),
        (
            {"resampling.estimators": ["loss"]},
            "resampling.estimators: 'loss' is not under hardness.estimators; known are aum, el2n, forgetting, aum_early, "
            "aum_denoised",
        ),
        (
            {"hardness.estimators.aum_denoised.source": "denoised-below"},
            "hardness.estimators.aum_denoised.source: 'denoised-below' is no source of hardness; noise.denoised lacks 'below'",
        ),
        (
            {"pruning.estimators": ["aum_denoised"]},
            "pruning.estimators: the hardness of aum_denoised does not come from the baseline; name one that does",
        ),
        (
            {"resampling.estimators": ["aum_denoised", "aum"]},
            "resampling.estimators.0: the hardness of aum_denoised does not come from the baseline; name one that does",
        ),
        ({"pruning.estimators": ["amu"]}, "pruning.estimators: 'amu' is not under hardness.estimators; did you mean 'aum'?"),
        ({"noise.denoised": ["lowset"]}, "noise.denoised: 'lowset' is not under noise.rules; did you mean 'lowest'?"),
        (
            {"resampling.hardness_offset": {"aumm": 2}},
            "resampling.hardness_offset.aumm: no estimator is called so; did you mean 'aum'?",
        ),
        ({"study": "reference"}, "study: reports/reference holds what is kept of other studies; write another name"),
        (
            {"datasets.digits.flip_seed": 3},
            "datasets.digits.flip_seed: nothing is flipped without flipped_labels; leave it out",
        ),
        (
            {"resampling.alphas": [1 + place / 100 for place in range(100)], "limited.alphas": [1]},
            "resampling, placebos, pruning, limited and noise make 412 conditions, and commands that name them all take "
            "171,528 letters, more than 120,000: divide the study, or shorten names",
        ),
        ({"noise.estimator": "aumm"}, "noise.estimator: 'aumm' is not under hardness.estimators; did you mean 'aum'?"),
        (
            {"noise.estimator": "el2n"},
            "noise.estimator: el2n is not of method aum, which the rules of label noise are made for",
        ),
        ({"noise.rules.lowest": {"method": "count"}}, "noise.rules.lowest.count: method count needs it (samples to flag)"),
        (
            {"noise.rules.below.count": 3},
            "noise.rules.below.count: method below has no such key; it takes threshold",
        ),
        (
            {"placebos.alphas": [3]},
            "placebos.alphas: 3 is not among resampling.alphas; a placebo needs its partner",
        ),
        (
            {"placebos.strategies": []},
            "placebos.strategies: name at least one of resampling.strategies, which the placebo is compared with",
        ),
        (
            {"resampling.strategies": [{"oversampling": "holdout", "undersampling": "easy"}]},
            "resampling.strategies.0.oversampling: holdout adds samples that were left out, and none are left out of all; "
            "write it under limited.strategies, or random here",
        ),
        (
            {"limited.strategies": []},
            "limited.strategies: name at least one pair of oversampling and undersampling, or no limited.rates",
        ),
        (
            {"resampling.strategies": RANDOM, "limited.strategies": RANDOM},
            "datasets.digits.pools: no strategy draws from 'mixture'; name one of pool-average, pool-hard, pool-hardest, "
            "pool-random under resampling.strategies or limited.strategies, or leave the pool out",
        ),
        (
            {"resampling.strategies": RANDOM, "limited.strategies": FROM_POOL, "datasets.digits.pools": REMOVED},
            "datasets.digits.pools: there is none, and pool-hard of limited.strategies draws from one; name one under `pools` "
            "of every data set",
        ),
        (
            {"pruning.variants": 5},
            "pruning.variants is 5, but the control, which runs are paired with, has resampling.variants 4; lower the one or "
            "raise the other",
        ),
        (
            {"noise.members": 2},
            "noise.members is 2, but the control, which runs are paired with, has resampling.members 1; lower the one or "
            "raise the other",
        ),
    ],
)
def test_contradictions_are_refused_in_one_sentence(changes, message):
    assert refusal(changed(changes)) == message


@pytest.mark.parametrize(
    "changes",
    [
        {"recipes.quick.el2n_epoch": 12},
        {"recipes.quick.momentum": 0, "recipes.quick.nesterov": False},
        {"recipes.quick.schedule": "step", "recipes.quick.milestones": [6]},
        {"baseline.members": 9},
        {"checkpoint_minutes": 0.5},
        {"datasets.digits.network": "my.deep.networks:wide"},
        {"hardness.estimators.late_aum": {"method": "aum", "first_epoch": 6}},
        {"hardness.estimators.mine": {"method": "my_scores:score", "direction": "high-is-hard"}},
        {"hardness.estimators.forgetting.never_learned": "zero"},
        {"datasets.digits.network": "my_networks:wide"},
        dict.fromkeys(("resampling", "placebos", "pruning", "noise", "hardness", "datasets.digits.pools"), REMOVED)
        | {"baseline": REMOVED},
        {"placebos": REMOVED},
        {"limited": REMOVED},
        QUICK | {"datasets.digits.network_settings": {"widths": [4, 8, 16], "logit_scale": 1}},
        {"limited.strategies": REMOVED, "limited.rates": []},
        {"resampling.strategies": RANDOM, "limited.strategies": FROM_POOL},
        {"pruning.rates": [1, 99], "pruning.estimators": ["el2n", "forgetting"]},
        {"hardness.estimators.el2n.norm": "l1"},
        {"hardness.estimators.aum.margin": "probabilities"},
        {"resampling.estimators": ["aum", "aum_denoised"]},
        {"datasets.digits.flipped_labels": 0.5},
    ],
    ids=str,
)
def test_what_is_allowed_passes(changes):
    checked(changed(changes))


def paths_of(node, above=()) -> list[tuple]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path for key, child in children for path in ((*above, key), *paths_of(child, (*above, key)))]


JUNK = [None, True, -1, 0, 7, 0.5, 1e30, "", "x", "aum", "a:b", "quick", "line\nbreak", [], [1], [None], ["x", "x"], [{}], {}]
JUNK += [{"x": 1}, {"aum": None}, {"": {}}, {"method": "a:b"}, {"source": "folder"}]
JUNK_KEYS = ["", "x", "Aum", "aum", "el2n", "quick", "two words", "source", "epochs", "ключ"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(paths_of(DEFAULT)), st.sampled_from(["delete", "rename", "replace"]), st.data())
def test_one_broken_key_gives_one_sentence_or_passes(path, action, data):
    config = copy.deepcopy(DEFAULT)
    node = config
    for part in path[:-1]:
        node = node[part]
    if action == "replace":
        node[path[-1]] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
    else:
        value = node.pop(path[-1])
        if action == "rename" and isinstance(node, dict):
            node[data.draw(st.sampled_from(JUNK_KEYS))] = value
    try:
        checked(config)
    except StudyError as error:
        assert len(str(error).splitlines()) == 1


def test_a_key_with_a_line_break_is_refused_in_one_line():
    assert "is not a known key" in refusal(changed({"baseline.mem\nbers": 1}))


def relative(files) -> set[str]:
    return {path.relative_to(SCRIPTS).as_posix() for path in files}


def test_sources_of_training_hold_what_it_imports_and_no_analysis():
    script = SCRIPTS / "train_member.py"
    files = source_files(script, SCRIPTS)
    assert files[0] == script
    found = relative(files)
    assert {"hbr/__init__.py", "hbr/errors.py", "hbr/plugins.py", "hbr/data/__init__.py", "hbr/data/files.py"} <= found
    assert {"hbr/training/engine.py", "hbr/training/recorder.py", "hbr/training/augmentation.py"} <= found
    assert not [name for name in found if name.startswith(("hbr/analysis", "hbr/conditions"))]


@pytest.mark.parametrize("name", ["train_member", "plan_condition", "prepare_dataset", "allocate_samples"])
def test_sources_hold_every_module_python_loads(name):
    script = SCRIPTS / f"{name}.py"
    with mock.patch.dict(sys.modules):
        for module in [module for module in sys.modules if module.split(".")[0] == "hbr"]:
            del sys.modules[module]
        spec = importlib.util.spec_from_file_location(f"script_{name}", script)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        loaded = [Path(module.__file__) for key, module in sys.modules.items() if key.split(".")[0] == "hbr"]
    assert relative(loaded) <= relative(source_files(script, SCRIPTS))


def test_sources_follow_imports_inside_functions_and_from_packages(tmp_path):
    contents = {
        "script.py": "import os\nfrom hbr.a import f\n",
        "hbr/__init__.py": "",
        "hbr/a.py": "def f():\n    from hbr.inner import b\n    import hbr.c\n",
        "hbr/inner/__init__.py": "",
        "hbr/inner/b.py": "from hbr.a import f\n",
        "hbr/c.py": "",
        "hbr/unused.py": "",
    }
    for name, text in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = source_files(tmp_path / "script.py", tmp_path)
    assert found[0] == tmp_path / "script.py"
    assert {path.relative_to(tmp_path).as_posix() for path in found} == set(contents) - {"hbr/unused.py"}
