"""Estimators and rules of label noise are stated once: an entry needs one file, and an incomplete one does not import."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, small_config
from jsonschema import Draft202012Validator

from hbr.conditions import noise
from hbr.hardness import estimators
from hbr.registry import COMPAT, Setting, choice
from hbr.study.studies import SCHEMA

ENTRIES = {**estimators.METHODS, **noise.METHODS}


@pytest.mark.parametrize("direction", ["", "low", None])
def test_an_estimator_without_a_direction_does_not_import(direction):
    with pytest.raises(ValueError, match="estimator new: direction is"):
        estimators.built_in("new", direction, "words", always_positive=True)


def test_an_entry_that_takes_what_is_anothers_does_not_import():
    with pytest.raises(ValueError, match="aum stands twice"):
        estimators.built_in("aum", estimators.LOW_IS_HARD, "words", always_positive=True)
    for key in ("source", "norm"):
        with pytest.raises(ValueError, match=f"new: {key} is a key of others"):
            estimators.built_in("new", estimators.LOW_IS_HARD, "words", always_positive=True, **{key: choice("?", "x", "y")})
    with pytest.raises(ValueError, match="label noise: its name, or a key of it, stands twice"):
        noise.method("lowest", count=Setting("another count"))
    assert "new" not in estimators.METHODS


@pytest.mark.parametrize("name", ENTRIES)
def test_every_setting_is_described_and_has_defaults_that_are_allowed(name):
    for setting in ENTRIES[name].settings.values():
        assert setting.description
        Draft202012Validator.check_schema(setting.schema)
        for default in (setting.default, setting.default_v1):
            assert default is None or Draft202012Validator(setting.schema).is_valid(default)


def test_a_study_may_take_the_rules_that_commands_know():
    assert yaml.safe_load(SCHEMA.read_text())["properties"]["compat"]["enum"] == list(COMPAT)


def test_lists_for_readers_name_every_built_in_estimator():
    names = ", ".join(estimators.METHODS)
    assert f"built in: {names}\n" in (ROOT / "config.yaml").read_text()
    listed = re.search(r"per sample and per class: (.*?), or your own", (ROOT / "docs/how-it-works.md").read_text(), re.DOTALL)
    assert re.sub(r"\W+", "_", listed[1].lower()) == re.sub(r"\W+", "_", names)


NEW = """

@built_in(
    "tail",
    LOW_IS_HARD,
    "margin in the last {share} of the epochs",
    always_positive=False,
    share=Setting("share of the epochs", {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, 0.5),
)
def tail(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    return dynamics.margin[-max(1, int(estimator.settings["share"] * dynamics.epochs)):].astype(float).mean(0)
"""
USE = """
import numpy as np, sys
from pathlib import Path
from types import SimpleNamespace
from hbr.errors import StudyError
from hbr.hardness.estimators import Estimator, definition, estimator_of_study, instance_scores
from hbr.study.studies import load_study

for name in ("good", "typo", "wrong"):
    try:
        config = load_study(Path(f"{name}.yaml"))
    except StudyError as error:
        print(error)
estimator = Estimator.read(estimator_of_study(load_study(Path("good.yaml")), "late").text)
print(definition(estimator, 4, 2))
print(instance_scores(SimpleNamespace(margin=np.arange(4.0)[:, None], epochs=4), estimator))
"""


def test_a_new_estimator_with_a_setting_of_its_own_is_one_file(tmp_path):
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    with (tmp_path / "workflow/scripts/hbr/hardness/estimators.py").open("a") as module:
        module.write(NEW)
    for name, keys in (("good", {"share": 0.25}), ("typo", {"shaer": 0.25}), ("wrong", {"share": 2})):
        config = small_config()
        config["hardness"]["estimators"] |= {"late": {"method": "tail", **keys}, "tail": {}}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(config))
    environment = {"PYTHONPATH": str(tmp_path / "workflow/scripts"), "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [
        "hardness.estimators.late.shaer is not a known key; did you mean 'share'?",
        "hardness.estimators.late.share: 2 is greater than the maximum of 1 (share of the epochs)",
        "margin in the last 0.25 of the epochs, epochs 1 to 4",
        "[3.]",
    ]
