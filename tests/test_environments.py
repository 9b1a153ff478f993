"""The conda environments, the package's metadata and the lock say the same, and environments hold what their rules import."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hbr.modules import source_files

ENVIRONMENTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "envs").glob("*.yaml"))}
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPTS = ROOT / "workflow/scripts"
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


def rules() -> dict[str, tuple[str, str | None, str]]:
    """Return each rule's script, notebook and environment, read from the rules' text."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    found: dict[str, tuple[str, str | None, str]] = {}
    for block in re.split(r"^(?=rule |use rule )", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"(?:rule|use rule \w+ as) (\w+)", block).group(1)
        code = re.search(r'sources\(\s*"([^"]+)"(?:,\s*notebook="([^"]+)")?', block)
        own = re.search(r'conda:\s*"\.\./\.\./envs/(\w+)\.yaml"', block)
        environment = own.group(1) if own else found[re.match(r"use rule (\w+)", block).group(1)][2]
        found[name] = (*code.groups(), environment)
    return found


def imported_packages(rule: str) -> set[str]:
    """Return the packages that a rule's script, notebook and their modules import, at any depth, as conda names them."""
    script, notebook, _ = rules()[rule]
    starts = [SCRIPTS / script, *([ROOT / notebook] if notebook else [])]
    files = {path for start in starts for path in source_files(start, SCRIPTS)}
    modules: set[str] = set()
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_bytes()))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.partition(".")[0])
    names = {canonicalize_name(DISTRIBUTIONS[module][0]) for module in modules - {"hbr"} - sys.stdlib_module_names}
    return {CONDA_NAMES.get(name, name) for name in names}


def test_every_rule_is_read():
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    assert len(rules()) == text.count("\nrule ") + text.count("\nuse rule ")
    assert {environment for _, _, environment in rules().values()} == set(ENVIRONMENTS)


@pytest.mark.parametrize("rule", rules())
def test_environment_names_what_its_rules_import(rule):
    assert imported_packages(rule) <= set(conda_ranges(rules()[rule][2]))


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
