"""The conda environments, the package's metadata and the lock say the same, and environments hold what their rules import."""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study, whole_config
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ENVIRONMENTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "envs").glob("*.yaml"))}
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = packages_distributions()


def conda_ranges(environment: str) -> dict[str, str]:
    """Return package to range, both as written."""
    return dict(entry.split(" ", 1) for entry in ENVIRONMENTS[environment]["dependencies"])


def project_requirements(*extras: str) -> dict[str, Requirement]:
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in PROJECT["optional-dependencies"][extra])]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, texts)}


def pins() -> dict[str, Version]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def environments() -> dict[str, str]:
    """Return each rule's environment, its own or that of the rule it is made from, read from the rules' text."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    found: dict[str, str] = {}
    for block in re.split(r"^(?=rule |use rule )", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"(?:rule|use rule \w+ as) (\w+)", block).group(1)
        own = re.search(r'conda:\s*"\.\./\.\./envs/(\w+)\.yaml"', block)
        found[name] = own.group(1) if own else found[re.match(r"use rule (\w+)", block).group(1)]
    return found


@pytest.fixture(scope="module")
def code(tmp_path_factory) -> dict[str, set[Path]]:
    """The Python files that each rule declares, by Snakemake's plan of a study that uses all rules and has not run."""
    config = whole_config()
    digits = config["datasets"]["digits"]
    config["datasets"]["quick"] = {key: digits[key] for key in digits if key != "width"} | {"network": "quick-cnn"}
    archive = {"source": "torchvision", "name": "CIFAR10", "network": "resnet8", "recipe": "quick"}
    config["datasets"]["archive"] = archive | {"pools": digits["pools"]}
    study, found = Study(tmp_path_factory.mktemp("all-rules"), config), defaultdict(set)
    for job in study.jobs("--forceall"):
        found[job.rule] |= {study.folder / path for path in job.input if path.endswith(".py")}
    return found


def imported_packages(files: set[Path]) -> set[str]:
    """Return the packages that files import, at any depth, as conda names them."""
    modules: set[str] = set()
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_bytes()))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.partition(".")[0])
    names = {canonicalize_name(DISTRIBUTIONS[module][0]) for module in modules - {"hbr"} - sys.stdlib_module_names}
    return {CONDA_NAMES.get(name, name) for name in names}


def test_what_a_users_program_may_import_needs_nothing_of_the_workflows_own():
    package = ROOT / "workflow/scripts/hbr"
    importing = {path.relative_to(package).parts[0] for path in package.rglob("*.py") if "hbr.study" in path.read_text()}
    assert importing == {"study"}


def test_every_rule_is_planned(code):
    assert set(code) == set(environments())
    assert set(environments().values()) == set(ENVIRONMENTS)


def test_environments_name_what_their_rules_import(code):
    missing = {rule: imported_packages(files) - set(conda_ranges(environments()[rule])) for rule, files in code.items()}
    assert {rule: packages for rule, packages in missing.items() if packages} == {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_and_package_give_the_same_ranges(environment):
    requirements = project_requirements("workflow")
    expected = {CONDA_NAMES.get(name, name): requirement.specifier for name, requirement in requirements.items()}
    for name, versions in conda_ranges(environment).items():
        if name == "python":
            assert Version(versions.removeprefix("=")) in Requirement(f"python{PROJECT['requires-python']}").specifier
        else:
            assert Requirement(f"{name}{versions}").specifier == expected[name], name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_is_made_of_conda_forge_alone(environment):
    assert ENVIRONMENTS[environment]["channels"] == ["conda-forge", "nodefaults"]
    assert all(isinstance(entry, str) for entry in ENVIRONMENTS[environment]["dependencies"]), "a pip section is not for conda"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_is_deaf_to_the_users_own_packages(environment):
    assert ENVIRONMENTS[environment]["variables"] == {"PYTHONNOUSERSITE": "1"}


def test_lock_satisfies_every_range():
    locked = pins()
    always = project_requirements("workflow", "test", "lint")
    assert always.keys() <= locked.keys()
    for name, requirement in project_requirements(*PROJECT["optional-dependencies"]).items():
        if name in locked:
            assert locked[name] in requirement.specifier, requirement
