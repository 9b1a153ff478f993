"""Several trainings in one SLURM job, on a real SLURM."""

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from check_slurm import Run, cluster, jobs_of  # noqa: F401 (a fixture)
from conftest import Study, small_config

PROFILE = "workflow/profiles/slurm-packed"
MEMBERS = 5


class PackedRun(Run):
    """One start of the study through the packing profile."""

    plugin, profile = "slurm-packed", PROFILE


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory) -> SimpleNamespace:  # noqa: F811
    """A packed run in which one training fails once, one with other settings, and one more member in the default way."""
    folder = tmp_path_factory.mktemp("study")
    config = small_config()
    config["datasets"]["digits"]["network"] = "fated:network"
    del config["datasets"]["digits"]["width"]
    config["baseline"]["members"] = config["hardness"]["members"] = MEMBERS
    config["hardness"]["estimators"] = {"aum": {}}
    config["resampling"]["strategies"] = []
    study = Study(folder, config)
    shutil.copy2(Path(__file__).with_name("fated.py"), folder)
    (folder / "fates").mkdir()
    (folder / "fates/2").write_text("fail once")
    story = SimpleNamespace()
    target = "results/digits/digits/hardness/aum/classes.csv"
    packed = PackedRun(cluster, folder, target)
    story.output, story.ended = packed.end(), packed.process.returncode
    story.jobs = jobs_of(cluster, packed.id)
    members = folder / "results/digits/digits/members/baseline/variant0"
    story.folder, story.members, story.packs = folder, members, sorted(folder.rglob(".snakemake/**/pack.sh"))
    story.artifacts = sorted(path.relative_to(members).as_posix() for path in members.rglob("*") if path.is_file())
    story.unpacked = Run(cluster, folder, target).end()
    story.larger = PackedRun(cluster, folder, target, "--slurm-packed-members-per-job", "9").end()
    config["baseline"]["members"] = config["hardness"]["members"] = MEMBERS + 2
    study.write(config)
    grown = PackedRun(cluster, folder, target)
    grown.end()
    story.grown = jobs_of(cluster, grown.id)
    return story


def of_trainings(jobs):
    return [job for job in jobs if "train_member" in job.comment]


def test_trainings_of_one_condition_share_a_job_and_its_gpu(story):
    assert story.ended == 0, story.output[-6000:]
    packs = of_trainings(story.jobs)
    assert len(packs) == 3
    assert all(job.asked.count("gres/gpu=1") == 1 for job in packs)
    shared = next(job for job in packs if "cpu=4" in job.asked)
    assert shared.megabytes == "6000M"
    numbers = re.search(r"Jobs ([\d, ]+) share one SLURM job\.", story.output)[1].split(", ")
    assert len(set(numbers)) == 4


def test_one_artifact_a_training_and_one_failure_is_its_own(story):
    names = ("dynamics.npz", "outcomes.npz", "weights.npz")
    assert story.artifacts == [f"member{member}/{name}" for member in range(1, MEMBERS + 1) for name in names]
    states = sorted(job.state for job in of_trainings(story.jobs))
    assert states in (["COMPLETED", "COMPLETED", "FAILED"], ["COMPLETED", "FAILED", "COMPLETED"])
    assert "told to fail" in story.output
    # What failed was tried again alone, what succeeded beside it was not.
    again = [job for job in of_trainings(story.jobs) if job.megabytes == "3000M"]
    assert len(again) == 1
    assert again[0].asked.count("cpu=1") == 1
    assert len(re.findall(r"^Trying to restart job", story.output, re.MULTILINE)) == 1


def test_a_pack_that_is_started_again_leaves_what_has_ended_alone(story):
    """As SLURM does with a pack whose node was taken away."""
    before = {path: path.stat().st_mtime_ns for path in story.members.rglob("*.npz")}
    codes = [subprocess.run(["sh", script], cwd=story.folder, check=False).returncode for script in story.packs]
    # The training that failed once was in it, or alone.
    failed = [any(file.read_text().strip() != "0" for file in script.parent.glob("*.status")) for script in story.packs]
    assert len(codes) == 1 and codes == [int(one) for one in failed]
    assert {path: path.stat().st_mtime_ns for path in story.members.rglob("*.npz")} == before


def test_the_size_of_a_pack_and_packing_itself_rerun_nothing(story):
    for output in (story.unpacked, story.larger):
        assert "Nothing to be done" in output


def test_only_missing_members_are_trained(story):
    (pack,) = of_trainings(story.grown)
    assert "cpu=2" in pack.asked
    assert pack.state == "COMPLETED"
