"""A small study with a real conda client and the project's own environments. `make test-conda`; `make test` leaves it out."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study, small_config
from local_conda import LocalConda, Unavailable
from test_environments import CONDA_NAMES, ENVIRONMENTS, conda_ranges, environments

DATA = "results/digits/digits/dataset.npz"
PLAN = "results/digits/digits/plans/resampled-aum-smote-easy-alpha1/variant1/plan.parquet"
MEMBER = "results/digits/digits/members/baseline/variant0/member1/outcomes.npz"


class CondaStudy(Study):
    """A study that runs in conda environments; all studies keep them in one place."""

    def __init__(self, folder: Path, config: dict, conda: LocalConda) -> None:
        super().__init__(folder, config)
        self.conda = conda
        self.environments = conda.home / "environments"

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--show-failed-logs"]
        done = subprocess.run(
            [*command, "--conda-prefix", self.environments, *arguments],
            cwd=self.folder,
            env=self.conda.environment(),
            capture_output=True,
            text=True,
            timeout=900,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, output[-6000:]
        return output

    def without(self, package: str, environment: str) -> None:
        """Remove a package from one of the study's environments."""
        path = self.folder / f"envs/{environment}.yaml"
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"  - {package} ")]
        assert len(kept) == len(lines) - 1
        path.write_text("".join(kept))


def tiny_config() -> dict:
    """Return the small study with one member of everything: every rule runs."""
    config = small_config()
    config["recipes"]["quick"] |= {"epochs": 2, "el2n_epoch": 1}
    config["baseline"]["members"] = config["hardness"]["members"] = config["resampling"]["variants"] = 1
    config["hardness"]["estimators"] = {"aum": {}}
    return config


def created(output: str) -> list[str]:
    """Return the environments that a run of Snakemake made."""
    return sorted(re.findall(r"Creating conda environment \S*?(\w+)\.yaml", output))


@pytest.fixture(scope="module")
def conda() -> Iterator[LocalConda]:
    registry = {conda_name: name for name, conda_name in CONDA_NAMES.items()}
    requirements = {
        registry.get(name, name) + versions
        for environment in ENVIRONMENTS
        for name, versions in conda_ranges(environment).items()
        if name != "python"
    }
    with tempfile.TemporaryDirectory(prefix="hbr-conda-") as folder:
        try:
            made = LocalConda(Path(folder), sorted(requirements), ROOT / "requirements.lock", CONDA_NAMES)
        except Unavailable as reason:
            if os.environ.get("HBR_REQUIRE_CONDA") == "1":
                pytest.fail(f"HBR_REQUIRE_CONDA=1, and conda or its channel cannot be made: {reason}")
            pytest.skip(f"conda or its channel cannot be made: {reason}")
        yield made


@pytest.fixture(scope="module")
def finished(conda, tmp_path_factory) -> tuple[CondaStudy, str]:
    study = CondaStudy(tmp_path_factory.mktemp("study"), tiny_config(), conda)
    return study, study.snakemake("--use-conda")


@pytest.fixture
def copied(finished, tmp_path) -> CondaStudy:
    """A finished study of one's own to change."""
    shutil.copytree(finished[0].folder, tmp_path / "copy", symlinks=True)
    study = copy.copy(finished[0])
    study.folder, study.config = tmp_path / "copy", copy.deepcopy(study.config)
    return study


def test_study_runs_in_the_projects_own_environments(finished):
    study, output = finished
    assert created(output) == ["analysis", "training"]
    for name in ENVIRONMENTS:
        assert (study.folder / f"envs/{name}.yaml").read_bytes() == (ROOT / f"envs/{name}.yaml").read_bytes()
    pages = {path.stem for path in (study.folder / "reports/digits/digits").glob("*.html")}
    assert pages == {"baseline", "hardness", "robustness", "allocation", "effect", "precision", "gap_and_accuracy"}


def test_every_job_used_its_own_environment_alone(finished):
    study, output = finished
    own_environments = environments()
    jobs = set(re.findall(r"^(?:local)?rule (\w+):", output, re.MULTILINE)) & own_environments.keys()
    assert {"train_member", "plan_condition", "render_effect"} <= jobs
    ran = set()
    for name in ENVIRONMENTS:
        # Snakemake puts the file that an environment is made of beside it.
        own = (ROOT / f"envs/{name}.yaml").read_bytes()
        made = [path.with_suffix("") for path in study.environments.glob("*.yaml") if path.read_bytes() == own]
        for path in (path for folder in made for path in folder.glob("processes/*.json")):
            process = json.loads(path.read_text())
            ran |= {(Path(word).name, name) for word in process["arguments"] if re.match(r"workflow/scripts/\w+\.py$", word)}
            workflow = Path(process["folder"]) / "workflow"
            borrowed = [file for file in process["outside"] if not Path(file).is_relative_to(workflow)]
            assert not borrowed, (process["arguments"], borrowed)
    scripts = {job.rule: re.search(r"workflow/scripts/(\w+\.py)", job.command)[1] for job in study.jobs("--forceall")}
    assert ran == {(scripts[rule], own_environments[rule]) for rule in jobs}


def test_both_options_mean_the_same_and_environments_are_kept(finished):
    study, _ = finished
    assert "Nothing to be done" in study.snakemake("--software-deployment-method", "conda", "--dry-run")
    output = study.snakemake("--software-deployment-method", "conda", "--force", DATA)
    assert created(output) == []
    assert "Activating conda environment" in output


@pytest.mark.parametrize(
    ("package", "environment", "target", "module"),
    [("imbalanced-learn", "analysis", PLAN, "imblearn"), ("scikit-learn", "training", DATA, "sklearn")],
    ids=["imbalanced-learn", "scikit-learn"],
)
def test_a_missing_package_fails_and_makes_one_environment_again(copied, package, environment, target, module):
    copied.without(package, environment)
    output = copied.snakemake("--use-conda", "--rerun-triggers", "mtime", "--force", target, fails=True)
    assert created(output) == [environment]
    assert f"No module named '{module}'" in output


def test_a_network_of_torchvision_trains(copied):
    copied.config["datasets"]["digits"]["network"] = "resnet18"
    copied.config["datasets"]["digits"].pop("width")
    copied.write(copied.config)
    copied.snakemake("--use-conda", "--force", MEMBER)


@pytest.mark.parametrize(("driver", "build"), [({}, "cpu"), ({"CONDA_OVERRIDE_CUDA": "12.9"}, "cuda")], ids=["cpu", "cuda"])
def test_builds_follow_the_driver(conda, driver, build):
    command = ["conda", "env", "create", "--dry-run", "--json", "--prefix", conda.home / "new"]
    done = subprocess.run(
        [*command, "--file", ROOT / "envs/training.yaml"],
        env=conda.environment(**driver),
        capture_output=True,
        text=True,
        check=True,
    )
    solved = [entry for entry in yaml.safe_load(done.stdout)["dependencies"] if "torch" in entry]
    assert len(solved) == 2
    assert all(re.search(rf"={build}_\d+$", entry) for entry in solved), solved
