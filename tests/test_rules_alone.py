"""Every rule does its work in a folder that holds its declared inputs and nothing else: no list of sources is incomplete.

`snakemake --generate-unit-tests` cannot show it: its tests run the original Snakefile, and with it the original sources.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Study, small_config
from forked import Job
from PIL import Image
from warm import warm_path

RULES = sorted(
    rule
    for file in (ROOT / "workflow/rules").glob("*.smk")
    for rule in re.findall(r"^(?:use rule \w+ as|rule) (\w+)", file.read_text(), flags=re.MULTILINE)
)
# What the whole study does not need.
ELSEWHERE = ("download_archive", "fit_whitening", "fit_fold_whitening")
# What a job reads beside its inputs: whole folders, which Snakemake cannot compare.
FOLDERS = {"record_checksums": ("results", "reports"), "measure_costs": ("benchmarks",)}


def test_scripts_are_quoted_in_every_command():
    """The workflow may lie in a folder with a space in its name, and be a module of another."""
    commands = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
    assert set(re.findall(r"\{input\.code\[0\][^}]*\}", commands)) == {"{input.code[0]:q}"}


def run_alone(job: Job, home: Path, folder: Path, leave_out: str = "") -> subprocess.CompletedProcess:
    """Run a job's command, as Snakemake would, where only its declared inputs are; those of ``home`` are copied."""
    for path in FOLDERS.get(job.rule, ()):
        shutil.copytree(home / path, folder / path)
    for path in job.input:
        if path != leave_out:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(home / path, folder / path)
    for path in job.output:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PATH"] = warm_path()
    command = ["bash", "-c", f"set -euo pipefail; {job.command}"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def imported(folder: Path) -> set[str]:
    """Return the modules that Python has compiled, which it does when it imports them."""
    compiled = (
        path.relative_to(folder / "workflow/scripts") for path in folder.glob("workflow/scripts/hbr/**/__pycache__/*.pyc")
    )
    return {".".join([*path.parts[:-2], path.name.split(".")[0]]).removesuffix(".__init__") for path in compiled}


def declared(job: Job) -> set[str]:
    files = (path.removeprefix("workflow/scripts/") for path in job.input)
    modules = (path.removesuffix(".py").removesuffix("/__init__") for path in files if re.fullmatch(r"hbr/.*\.py", path))
    return {path.replace("/", ".") for path in modules}


@pytest.fixture(scope="module")
def jobs(whole) -> dict[str, list[Job]]:
    every = whole.jobs("--forceall")
    return {rule: [job for job in every if job.rule == rule] for rule in RULES}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ELSEWHERE])
def test_a_rule_makes_the_same_bytes_from_its_declared_inputs(rule, jobs, whole, tmp_path):
    # One job of each set of sources; the last training is a resampled one, which needs more than the baseline.
    for number, job in enumerate({frozenset(declared(job)): job for job in jobs[rule]}.values()):
        folder = tmp_path / str(number)
        done = run_alone(job, whole.folder, folder)
        assert done.returncode == 0, done.stderr[-3000:]
        for path in job.output:
            assert (folder / path).read_bytes() == (whole.folder / path).read_bytes(), path
        # Nor does it declare what it leaves unused.
        assert declared(job) == imported(folder)


def test_a_rule_without_one_of_its_modules_fails(jobs, whole, tmp_path):
    (job,) = jobs["measure_gaps"]
    done = run_alone(job, whole.folder, tmp_path, leave_out="workflow/scripts/hbr/analysis/gaps.py")
    assert done.returncode != 0
    assert "No module named 'hbr.analysis.gaps'" in done.stderr


def test_filters_and_the_network_that_needs_them_are_made_from_declared_inputs_alone(finished, tmp_path):
    study = finished.copied(tmp_path / "study")
    study.config["datasets"]["digits"] |= {"network": "quick-cnn", "network_settings": {"widths": [4, 4, 4]}}
    study.config["datasets"]["digits"] |= {"recipe": "once"}
    del study.config["datasets"]["digits"]["width"]
    study.config["recipes"]["once"] = study.config["recipes"]["quick"] | {"lookahead_steps": 5, "bias_factor": 8}
    study.write(study.config)
    jobs = study.jobs()
    for rule in ("fit_whitening", "train_member"):
        job = next(job for job in jobs if job.rule == rule)
        done = run_alone(job, study.folder, tmp_path / rule)
        assert done.returncode == 0, done.stderr[-3000:]
        assert declared(job) == imported(tmp_path / rule)
        for path in job.output:
            shutil.copyfile(tmp_path / rule / path, study.folder / path)


def test_own_functions_and_what_they_import_are_declared(finished, tmp_path):
    study = finished.copied(tmp_path / "study")
    contents = {
        "mine.py": "from parts.layers import stack\nfrom hbr.training.networks import build_network\n"
        "def network(channels, classes):\n    return stack(channels, classes)\n"
        "def doubt(dynamics):\n    import helper\n    return helper.doubt(dynamics)\n",
        "helper.py": "def doubt(dynamics):\n    return 1.1 - dynamics.probability_sum / dynamics.epochs\n",
        "parts/__init__.py": "",
        "parts/layers.py": "from torch import nn\nfrom .sizes import WIDTH\n"
        "def stack(channels, classes):\n"
        "    return nn.Sequential(nn.Conv2d(channels, WIDTH, 8), nn.ReLU(), nn.Flatten(), nn.Linear(WIDTH, classes))\n",
        "parts/sizes.py": "WIDTH = 4\n",
        "unused.py": "",
    }
    for name, text in contents.items():
        (study.folder / name).parent.mkdir(exist_ok=True)
        (study.folder / name).write_text(text)
    study.config["datasets"]["digits"] |= {"network": "mine:network"}
    del study.config["datasets"]["digits"]["width"]
    study.config["hardness"]["estimators"]["aum"] = {"method": "mine:doubt", "direction": "high-is-hard"}
    study.write(study.config)
    jobs = study.jobs()
    for number, job in enumerate(
        [
            next(job for job in jobs if job.rule == "train_member"),
            next(job for job in jobs if job.rule == "estimate_hardness" and job.wildcards["estimator"] == "aum"),
        ]
    ):
        assert {path for path in job.input if path in contents} == set(contents) - {"unused.py"}
        done = run_alone(job, study.folder, tmp_path / f"alone{number}")
        assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def other_sources(tmp_path_factory) -> Study:
    """A study of small pictures, arrays and archives, with checksums to fit; nothing of it has run."""
    home = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8), np.arange(30) % 10
    np.savez(home / "mine.npz", images=images, labels=labels)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (home / f"pictures/{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(home / f"pictures/{label}/{number:02}.png")
    config = small_config()
    # Smote would refuse so few samples.
    config["resampling"]["strategies"] = [{"oversampling": "random", "undersampling": "easy"}]
    common = {"network": "small-cnn", "recipe": "quick"}
    split = {"test_fraction": 0.4, "split_seed": 0}
    config["datasets"] = {
        "folder": {"source": "folder", "root": "pictures", "image_size": 8, **split, **common},
        "arrays": {"source": "arrays", "file": "mine.npz", **split, **common},
        "fashion": {"source": "torchvision", "name": "FashionMNIST", "archive_folder": str(home / "archives"), **common},
    }
    study = Study(home, config)
    archives = home / "workflow/scripts/hbr/data/archives.py"
    (home / "archives").mkdir()
    for prefix in ("train", "t10k"):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels.astype(np.uint8))):
            name = f"{prefix}-{kind}-ubyte.gz"
            sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
            packed = gzip.compress(bytes([0, 0, 8, array.ndim]) + sides + array.tobytes())
            (home / "archives" / name).write_bytes(packed)
            checksum = hashlib.md5(packed).hexdigest()
            archives.write_text(re.sub(rf'("{name}", ")\w+', rf"\g<1>{checksum}", archives.read_text()))
    return study


def test_every_source_of_images_is_read_with_declared_modules_alone(other_sources, tmp_path):
    jobs = other_sources.jobs()
    downloads = [job for job in jobs if job.rule == "download_archive"]
    assert len(downloads) == 4
    for job in downloads:
        done = run_alone(job, other_sources.folder, tmp_path / "download")
        assert done.returncode == 0, done.stderr[-3000:]
    assert declared(downloads[0]) == imported(tmp_path / "download")
    shutil.copytree(tmp_path / "download/resources", other_sources.folder / "resources")
    for job in (job for job in jobs if job.rule == "prepare_dataset"):
        folder = tmp_path / job.wildcards["dataset"]
        # The images of a folder are no inputs: Snakemake knows them by their fingerprint.
        shutil.copytree(other_sources.folder / "pictures", folder / "pictures")
        done = run_alone(job, other_sources.folder, folder)
        assert done.returncode == 0, done.stderr[-3000:]
        assert declared(job) == imported(folder)
