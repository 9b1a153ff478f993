"""A study on a real SLURM, through the profile; SLURM's own records say what happened. `make test-slurm`, not `make test`."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from cluster import CannotStart, Cluster
from conftest import Study, small_config

PROFILE = "workflow/profiles/slurm"
MEMBERS = {"1": "", "2": "fail once", "3": "wait", "4": "eat memory", "5": "be slow once"}
MEGABYTES, MINUTES = 1500, 120
AWAY_SECONDS = 25
# Training, hardness, measures, a page: what other rules do differs in nothing that SLURM would see.
TARGETS = ("results/digits/digits/hardness/aum/classes.csv", "reports/digits/digits/baseline.html")


class Run:
    """One start of the study through the profile."""

    plugin, profile = "slurm", PROFILE

    def __init__(self, cluster: Cluster, folder: Path, *arguments: str, profile: str = "") -> None:
        self.log = folder / f"run{len(list(folder.glob('run*.log')))}.log"
        command = [sys.executable, "-m", "snakemake", *arguments, "--workflow-profile", profile or self.profile]
        # Polls of a real cluster are rarer, its trainings larger.
        command += [f"--{self.plugin}-init-seconds-before-status-checks", "1"]
        command += ["--set-resources", f"train_member:mem_mb={MEGABYTES} * attempt"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(cluster.inside(*command, folder=folder), stdout=log, stderr=subprocess.STDOUT)

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def id(self) -> str:
        return seen_in_use(self.output, self.profile)

    def job(self, member: str, attempt: int = 1) -> str:
        """Return the SLURM job of a training, once it is submitted."""

        def submitted() -> list[str]:
            assert self.process.poll() is None, f"it ended too early:\n{self.output[-6000:]}"
            found = re.findall(rf"rule_train_member/digits_baseline_0_{member}/(\d+)\.log\)", self.output)
            return found[attempt - 1 :]

        return eventually(submitted, 300)[0]

    def end(self, seconds: float = 700) -> str:
        """Wait for the end; return the output."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"hangs after {seconds} s:\n{self.output[-6000:]}")
        return self.output

    def kill(self) -> None:
        """Kill Snakemake as a person or a reboot would."""
        psutil.Process(self.process.pid).children()[0].kill()
        self.process.wait()


def eventually(value, seconds: float):
    """Return the first truth of ``value()``, or fail."""
    end = time.monotonic() + seconds
    while not (found := value()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.5)
    return found


def seen_in_use(output: str, profile: str = PROFILE) -> str:
    """Return the SLURM run ID of a run that read the profile; a mistyped path is no error to Snakemake."""
    assert f"Using workflow specific profile {profile} for setting default command line arguments." in output, output
    return re.search(r"^SLURM run ID: (\S+)$", output, re.MULTILINE)[1]


@dataclass(frozen=True)
class Job:
    """What sacct keeps of a job."""

    id: str
    state: str
    asked: list[str]
    megabytes: str
    minutes: int
    steps: str
    comment: str

    @property
    def member(self) -> str:
        match = re.fullmatch(r"rule_train_member_wildcards_digits_baseline_0_(\d)", self.comment)
        return match[1] if match else ""


def jobs_of(cluster: Cluster, run: str) -> list[Job]:
    """Return the jobs of a run, oldest first."""
    fields = "JobIDRaw,State,ReqTRES,ReqMem,TimelimitRaw,Comment"
    words = ["sacct", "--starttime=now-2hours", "--noheader", "--parsable2", f"--name={run}"]
    jobs = []
    for line in cluster.call(*words, "--allocations", f"--format={fields}").splitlines():
        number, state, asked, megabytes, minutes, comment = line.split("|")
        steps = cluster.call("sacct", "--noheader", "--parsable2", f"--jobs={number}", "--format=State")
        jobs.append(Job(number, state.split()[0], asked.split(","), megabytes, int(minutes), steps, comment))
    return jobs


@pytest.fixture(scope="module")
def cluster():
    required = "HBR_REQUIRE_SLURM" in os.environ
    try:
        if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
            raise CannotStart("this environment is without the SLURM plugin; make test-slurm makes one with it")
        cluster = Cluster(install=required)
    except CannotStart as reason:
        (pytest.fail if required else pytest.skip)(f"no SLURM here: {reason}")
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    config = small_config()
    config["datasets"]["digits"]["network"] = "fated:network"
    del config["datasets"]["digits"]["width"]
    config["recipes"]["quick"]["epochs"] = 10
    config["checkpoint_minutes"] = 0.02
    config["baseline"]["members"] = config["hardness"]["members"] = len(MEMBERS)
    config["hardness"]["estimators"] = {"aum": {}}
    config["resampling"]["strategies"] = []
    folder = tmp_path_factory.mktemp("study")
    Study(folder, config)
    shutil.copy2(Path(__file__).with_name("fated.py"), folder)
    return folder


@pytest.fixture(scope="module")
def story(cluster, folder) -> SimpleNamespace:
    """Four runs of one study: killed, full of mishaps, finishing, idle."""
    story = SimpleNamespace()

    def state(job: str) -> str:
        return cluster.call("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}").strip()

    killed = Run(cluster, folder, *TARGETS)
    eventually(lambda: state(killed.job("5")) == "RUNNING", 300)
    killed.kill()
    story.left_behind = cluster.call("squeue", "--noheader", f"--name={killed.id}")
    cluster.call("scancel", "--name", killed.id)
    eventually(lambda: not cluster.call("squeue", "--noheader"), 300)
    story.locked = Run(cluster, folder, *TARGETS).end()
    Run(cluster, folder, "--unlock").end()

    shutil.rmtree(folder / "gpus", ignore_errors=True)
    (folder / "fates").mkdir()
    for member, fate in MEMBERS.items():
        (folder / "fates" / member).write_text(fate)
    mishaps = Run(cluster, folder, *TARGETS, "--retries", "1")
    cluster.call("scontrol", "update", f"JobId={mishaps.job('5')}", "TimeLimit=1")
    for attempt in (1, 2):
        waiting = mishaps.job("3", attempt)
        eventually(lambda waiting=waiting: state(waiting) == "RUNNING", 300)
        if attempt == 1:
            eventually((folder / "gpus/3").exists, 300)
            story.shown, story.seen = cluster.call("scontrol", "show", "job", "-d", waiting), (folder / "gpus/3").read_text()
        cluster.call("scancel", waiting)
    story.mishaps_output = mishaps.end()
    story.mishaps_failed = mishaps.process.returncode != 0
    story.mishaps = jobs_of(cluster, mishaps.id)

    (folder / "fates/3").write_text("be slow once")
    (folder / "fates/4").unlink()
    finishing = Run(cluster, folder, *TARGETS)
    story.preempted = finishing.job("3")
    # A job whose step begins while the controller is away fails after ten seconds and is repeated.
    eventually((folder / "results/digits/digits/members/baseline/variant0/member3/checkpoint.npz").exists, 300)
    cluster.call("pkill", "-STOP", "slurmctld")
    time.sleep(AWAY_SECONDS)
    cluster.call("pkill", "-CONT", "slurmctld")
    cluster.call("sbatch", "--partition=urgent", "--gpus=5", "--mem=50", "--output=/dev/null", "--wrap=true")
    story.finishing_output = finishing.end()
    story.finished = finishing.process.returncode == 0
    story.finishing = jobs_of(cluster, finishing.id)

    logs = folder / "logs/digits/train_member/digits/baseline"
    story.logs = {member: (logs / f"variant0_member{member}.log").read_text() for member in MEMBERS}
    story.idle = Run(cluster, folder, *TARGETS, "--dry-run").end()
    return story


def of_member(jobs: list[Job], member: str) -> list[Job]:
    return [job for job in jobs if job.member == member]


def test_each_training_is_a_job_with_one_gpu(story):
    trainings = [job for job in story.mishaps + story.finishing if job.member]
    assert len(trainings) >= 11
    assert all("gres/gpu=1" in job.asked for job in trainings)
    others = [job for job in story.finishing if not job.member]
    assert others
    assert not any("gpu" in name for job in others for name in job.asked)
    assert story.seen in re.search(r"GRES=gpu:1\(IDX:(\d)\)", story.shown).groups()


def test_a_training_that_fails_once_is_repeated_with_more_memory_and_time(story):
    first, second = of_member(story.mishaps, "2")
    assert (first.state, second.state) == ("FAILED", "COMPLETED")
    assert (first.megabytes, second.megabytes) == (f"{MEGABYTES}M", f"{2 * MEGABYTES}M")
    assert (first.minutes, second.minutes) == (MINUTES, 2 * MINUTES)
    assert "told to fail" in story.mishaps_output


def test_a_cancelled_training_is_reported(story):
    jobs = of_member(story.mishaps, "3")
    assert [job.state for job in jobs] == ["CANCELLED", "CANCELLED"]
    for job in jobs:
        assert f"SLURM-job '{job.id}' failed, SLURM status is: 'CANCELLED'" in story.mishaps_output


def test_a_training_over_its_memory_is_reported(story):
    jobs = of_member(story.mishaps, "4")
    assert len(jobs) == 2
    for job in jobs:
        assert "OUT_OF_MEMORY" in job.steps
        assert re.search(rf"oom-kill event\(s\) in StepId={job.id}", story.mishaps_output)


def test_a_training_over_its_time_is_reported_and_goes_on_from_its_checkpoint(story):
    first, second = of_member(story.mishaps, "5")
    assert (first.state, second.state) == ("TIMEOUT", "COMPLETED")
    assert f"SLURM-job '{first.id}' failed, SLURM status is: 'TIMEOUT'" in story.mishaps_output
    assert re.search(r"resumed in epoch \d+", story.logs["5"]), story.logs["5"]


def test_a_preempted_training_goes_on_from_its_checkpoint(story, cluster):
    words = ["sacct", "--duplicates", "--allocations", "--noheader", "--format=State", f"--jobs={story.preempted}"]
    assert cluster.call(*words).split() == ["PREEMPTED", "COMPLETED"]
    assert re.search(r"resumed in epoch \d+", story.logs["3"]), story.logs["3"]


def test_another_run_finishes_what_is_left_though_the_controller_was_away(story):
    assert story.mishaps_failed
    assert story.finished, story.finishing_output
    assert {job.member for job in story.finishing if job.member} == {"3", "4"}
    assert "Nothing to be done" in story.idle


def test_jobs_outlive_a_killed_run_until_they_are_cancelled_by_its_id(story):
    assert story.left_behind
    assert "LockException" in story.locked


def test_a_mistyped_profile_would_be_noticed(cluster, folder):
    mistyped = Run(cluster, folder, "--dry-run", "--cores", "1", profile=f"{PROFILE}s").end()
    with pytest.raises(AssertionError, match="Using workflow specific profile"):
        seen_in_use(mistyped)
