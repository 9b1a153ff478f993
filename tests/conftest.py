"""Shared small things: a tiny data set, a quick recipe, a study in a folder of its own."""

import copy
import fcntl
import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from forked import Job, planned_jobs, snakemake_forked
from sklearn.datasets import load_digits

from hbr.data.datasets import PreparedDataset, prepare
from hbr.training.recipe import Recipe

ROOT = Path(__file__).parent.parent

# A shell lets what it starts in the background ignore Ctrl-C, and everything started from there too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A user's own settings, each of which would stop jobs or empty pages; no study may heed them.
HOSTILE = {"PYTHONSAFEPATH": "1", "MPLBACKEND": "none-such", "JUPYTER_PATH": "/none-such", "ONEDNN_DEFAULT_FPMATH_MODE": "BF16"}

QUICK = {
    "epochs": 3,
    "batch_size": 16,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4,
    "schedule": "one-cycle",
    "milestones": (),
    "decay_factor": 0.2,
    "warmup_epochs": 1,
    "flip": True,
    "crop_padding": 1,
    "el2n_epoch": 2,
    "precision": "float32",
}


def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true", help="only tests that start no other program, and so no Snakemake")


# Two processes take files in this order: one that takes minutes must not be the last.
LONGEST_FIRST = ("invalidation", "workflow", "benchmarks", "audit", "rules_alone", "config_fuzz", "comparisons", "faults")


def pytest_collection_modifyitems(config, items):
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    if config.getoption("--fast"):
        items[:] = [item for item in items if "slow" not in item.keywords]


def pytest_collection_finish(session):
    if session.config.getoption("--fast"):
        subprocess.Popen = _NoProgram


class _NoProgram(subprocess.Popen):
    """Skips whatever test, or fixture of tests, wants to start a program: no list of slow tests is kept."""

    def __init__(self, *arguments, **keywords):
        self.returncode = self._child_created = None
        pytest.skip("starts a program")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def quick_recipe() -> Recipe:
    return Recipe(**QUICK)


@pytest.fixture
def tiny_dataset() -> PreparedDataset:
    """Three classes of noisy 8 x 8 stripes, 50 training images (so that the last batch of 16 is partial)."""
    rng = np.random.default_rng(0)

    def draw(samples: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(samples) % 3
        images = rng.integers(0, 90, (samples, 8, 8, 3), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[:, label * 2 : label * 2 + 2] += 120
        return images, labels

    return prepare(*draw(50), *draw(30), ("left", "middle", "right"))


class Study:
    """A copy of the workflow in a folder of its own, run with real Snakemake."""

    def __init__(self, folder: Path, config: dict) -> None:
        self.folder = folder
        for name in ("Snakefile", "workflow", "envs"):
            source = ROOT / name
            put = shutil.copytree if source.is_dir() else shutil.copy2
            put(source, folder / name)
        self.write(config)

    def write(self, config: dict) -> None:
        self.config = config
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        if config.get("datasets", {}).get("digits", {}).get("references"):
            write_people(self.folder)

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        status, output = snakemake_forked(self.folder, *arguments, settings=HOSTILE)
        assert (status != 0) == fails, output[-6000:]
        return output

    def jobs(self, *arguments: str) -> list[Job]:
        """Return the jobs that a dry run plans."""
        return planned_jobs(self.folder, *arguments)

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of each rule a dry run plans."""
        return dict(Counter(job.rule for job in self.jobs(*arguments)))

    def copied(self, folder: Path) -> "Study":
        """Return a copy of the study with its results."""
        shutil.copytree(self.folder, folder, symlinks=True)
        study = copy.copy(self)
        study.folder, study.config = folder, copy.deepcopy(self.config)
        return study


def write_people(folder: Path) -> None:
    """Write made-up judgements of the digits, whose ids are places among all, and made-up networks, for references."""
    labels, rng = load_digits().target, np.random.default_rng(0)
    # Some images are doubted more than others, and a few are called otherwise by all.
    doubt = rng.beta(0.3, 3, len(labels))
    doubt[rng.permutation(len(labels))[:40]] = 1
    given = np.where(rng.random((5, len(labels))) < doubt, (labels + 1) % 10, labels)
    np.savez(folder / "people.npz", counts=np.eye(10, dtype=np.uint8)[given].sum(0), one=given[0], two=given[1], three=given[2])
    one, two = (np.where(rng.random(len(labels)) < share, 0, labels) for share in (0.05, 0.2))
    np.savez(folder / "networks.npz", one=one, two=two)


def small_config() -> dict:
    """Return the default study, shrunk to seconds."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["recipes"]["quick"] |= {"epochs": 4, "el2n_epoch": 2, "warmup_epochs": 1}
    config["datasets"]["digits"] |= {"width": 4, "pools": {}}
    config["baseline"]["members"] = config["hardness"]["members"] = 2
    config["hardness"]["estimators"] = {"aum": {}, "forgetting": {}}
    config["placebos"] = {"kinds": [], "strategies": [], "alphas": []}
    config["pruning"] |= {"rates": [], "variants": 1}
    config["limited"] |= {"rates": [], "hardness": ["full"], "variants": 1}
    config["noise"] |= {"rules": {}, "denoised": [], "variants": 1}
    config["statistics"]["resamples"] = 200
    config["resampling"] |= {
        "strategies": [{"oversampling": "smote", "undersampling": "easy"}],
        "alphas": [1],
        "variants": 2,
        "members": 1,
        "hardness_offset": 2.0,
    }
    return config


def whole_config() -> dict:
    """Return the small study with every kind of condition, one of each."""
    config = small_config()
    strategy = {"oversampling": "smote", "undersampling": "easy"}
    config["datasets"]["digits"]["scored"] = {"train": {}}
    config["hardness"]["estimators"]["aum_denoised"] = {"method": "aum", "source": "denoised-lowest"}
    config["datasets"]["digits"]["pools"] = {"mixture": {"source": "gaussian-mixture", "per_class": 120}}
    config["resampling"]["estimators"] = ["aum", "aum_denoised"]
    config["resampling"]["strategies"].append({"oversampling": "pool-hard", "undersampling": "easy"})
    config["placebos"] = {"kinds": ["shuffled"], "strategies": [strategy], "alphas": [1]}
    config["pruning"]["rates"] = [30]
    strategies = [{**strategy, "oversampling": over} for over in ("random", "holdout")]
    # One network after so few epochs takes some class for many times as hard as the others.
    config["limited"] |= {"rates": [50], "strategies": strategies, "alphas": [0.1], "hardness": ["full", "base"]}
    config["noise"] |= {
        "rules": {
            "lowest": {"method": "count", "count": 5},
            "pleiss": {"method": "threshold-samples", "percentile": 99},
        },
        "denoised": ["lowest"],
    }
    config["suspects"] = {"folds": 2, "planted": "always"}
    config["datasets"]["digits"]["references"] = {
        "votes": {"kind": "votes", "file": "people.npz", "part": "test", "licence": "CC0", "citation": "made up"},
        "labels": {"kind": "labels", "file": "people.npz", "keys": ["one", "two", "three"], "part": "train"},
        "networks": {"kind": "predictions", "file": "networks.npz"},
    }
    return config


def finished_study(tmp_path_factory, name: str, config: dict) -> Study:
    """Return a copy of a finished study, made once for all processes of a test run."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            making = shared.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            Study(making, config).snakemake()
            making.rename(shared)
        # A copy of its own, since even a dry run writes a log.
        study = Study.__new__(Study)
        study.folder, study.config = shared, config
        return study.copied(own / f"{name}-copy")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Study:
    """A finished small study; nobody may change it."""
    return finished_study(tmp_path_factory, "finished", small_config())


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Study:
    """A finished study with every kind of condition; nobody may change it."""
    return finished_study(tmp_path_factory, "whole", whole_config())


@pytest.fixture
def copied(finished, tmp_path) -> Study:
    """A finished study of one's own to change."""
    return finished.copied(tmp_path / "copy")
