"""What belongs to machines: GPUs shared by local trainings, and the forecast of hours and storage."""

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT, Study, small_config
from forked import snakemake_forked
from snakemake.scheduling.job_scheduler import JobScheduler

from hbr.study.costs import outcomes_of, timed_trainings
from hbr.study.dry_run import PlannedJob
from hbr.study.forecast import expected_hours, training_table
from hbr.study.labellings import outcomes_of_runs
from hbr.study.timers import cancel_timers
from hbr.training.devices import machine_name
from hbr.training.outcomes import EARLIER_SECONDS
from hbr.training.recipe import Recipe
from hbr.training.settings import TrainingSettings

CLAIM = (
    "import os, sys, pathlib; sys.path.insert(0, 'workflow/scripts')\n"
    "from hbr.training.devices import claim_device\n"
    "print(claim_device(pathlib.Path(sys.argv[1])), os.environ.get('CUDA_VISIBLE_DEVICES'), flush=True)\n"
    "sys.stdin.read()\n"
)


def claim(folder: Path, visible: str) -> subprocess.Popen:
    """Start a process that claims a GPU and holds it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(folder)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": visible},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_local_trainings_spread_over_the_visible_gpus(tmp_path):
    jobs = [claim(tmp_path / "claims", "0,GPU-8f/1,3") for _ in range(4)]
    seen = [job.stdout.readline().split() for job in jobs]
    assert all(claimed == visible for claimed, visible in seen)
    counts = Counter(claimed for claimed, _ in seen)
    assert set(counts) == {"0", "GPU-8f/1", "3"}
    assert max(counts.values()) == 2
    # A job that is killed gives its GPU back.
    single = next(job for job, (claimed, _) in zip(jobs, seen, strict=True) if counts[claimed] == 1)
    freed = seen[jobs.index(single)][0]
    single.kill()
    single.wait()
    again = claim(tmp_path / "claims", "0,GPU-8f/1,3")
    assert again.stdout.readline().split() == [freed, freed]
    for job in [*jobs, again]:
        job.kill()
        job.wait()


def test_one_gpu_or_none_is_left_as_it_is(tmp_path):
    for visible in ("5", ""):
        job = claim(tmp_path / "claims", visible)
        assert job.stdout.readline().rstrip("\n") == f"None {visible}"
        job.kill()
        job.wait()


def test_trainings_of_a_study_see_one_gpu_each(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "study").mkdir()
    config = small_config()
    config["recipes"]["quick"]["epochs"] = 40
    config["resampling"]["strategies"] = []
    study = Study(tmp_path / "study", config)
    study.snakemake("results/digits/digits/hardness/aum/classes.csv")
    logs = [path.read_text() for path in (study.folder / "logs").rglob("train_member/**/*.log")]
    assert sorted(log.partition(", GPU ")[2][0] for log in logs) == ["4", "7"]


def test_the_forecast_counts_what_snakemake_would_train(copied):
    results = copied.folder / "results/digits/digits"
    copied.config["baseline"]["members"] = 3
    copied.write(copied.config)
    table = training_table(copied.config, "digits", copied.jobs(), results).set_index("condition")
    assert table["trainings"].tolist() == [3, 2, 2]
    assert table["to do"].to_dict() == {"baseline": 1, "control": 0, "resampled-aum-smote-easy-alpha1": 0}
    assert table["again"].sum() == 0
    like = results / "members/baseline/variant0/member1"
    size = sum(path.stat().st_size for path in like.glob("*.npz"))
    assert table.at["baseline", "MB"] == pytest.approx(size / 1e6, rel=0.01)
    # Files of other settings are no results: one more epoch trains everything again.
    copied.config["recipes"]["quick"]["epochs"] += 1
    copied.write(copied.config)
    command = [sys.executable, "workflow/scripts/plan_study.py", "config.yaml"]
    said = subprocess.run(command, cwd=copied.folder, capture_output=True, text=True, check=True).stdout
    (total,) = [line.split() for line in said.splitlines() if line.split()[:1] == ["all"]]
    assert total[:5] == ["all", "7", "0", "7", "6"]
    assert "the median of 6 timed, brought to 5 epochs)" in said
    _, text = snakemake_forked(copied.folder, "--dry-run", "--quiet", "rules")
    assert re.search(r"^train_member +7$", text, re.MULTILINE)


def timed(network="small-cnn", width=4, epochs=4) -> pd.DataFrame:
    recipe = Recipe(epochs=epochs, batch_size=32, learning_rate=0.1, el2n_epoch=1)
    told = TrainingSettings(network, {"width": width}, 0, recipe)
    row = {"dataset": "digits", "condition": "control", "machine": "a machine", "seconds": 8.0, "data": "x", "settings": told}
    return pd.DataFrame([row])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "expected hours on a machine: 0.0067 (3 trainings of 8 s, the median of 1 timed)"),
        ({"epochs": 2}, "expected hours on a machine: 0.013 (3 trainings of 16 s, the median of 1 timed, brought to 4 epochs)"),
        ({"network": "resnet8"}, "unknown"),
        ({"width": 8}, "unknown"),
    ],
)
def test_trainings_timed_in_other_studies_tell_the_hours_of_like_ones(tmp_path, settings, sentence):
    assert sentence in expected_hours(small_config(), "digits", 3, timed(**settings), tmp_path)[0]


def test_trainings_of_other_data_tell_nothing(copied):
    results = copied.folder / "results/digits/digits"
    assert "unknown" in expected_hours(copied.config, "digits", 3, timed(), results)[0]
    timings = timed_trainings(outcomes_of("*", "*", root=copied.folder))
    assert len(timings) == 6
    assert set(timings["machine"]) == {machine_name(torch.device("cpu"))}
    assert set(timings["precision"]) == {"float32"}
    assert "the median of 6 timed)" in expected_hours(copied.config, "digits", 3, timings, results)[0]


def test_the_time_of_a_resumed_training_is_that_of_all_its_runs(copied):
    before = timed_trainings(outcomes_of("*", "*", root=copied.folder))["seconds"]
    next(copied.folder.glob("results/digits/digits/members/baseline/*/member1")).joinpath(EARLIER_SECONDS).write_text("100.5\n")
    after = timed_trainings(outcomes_of("*", "*", root=copied.folder))["seconds"]
    assert sorted(after - before) == pytest.approx([0, 0, 0, 0, 0, 100.5])


def test_costs_are_those_of_the_study_as_it_is(finished, tmp_path):
    runs = {"baseline": [[0, 1]], "given": [[1, 1]]}
    assert outcomes_of_runs("home", runs) == [
        "home/members/baseline/variant0/member1/outcomes.npz",
        "home/folds/given/variant1/member1/outcomes.npz",
    ]
    # Six were trained; where the study has but one of them left, the others cost it nothing.
    runs = json.dumps({"baseline": [[0, 1]]})
    command = [sys.executable, "workflow/scripts/measure_costs.py", "--study=digits", "--datasets=digits", f"--runs={runs}"]
    command += [f"--costs={tmp_path / 'costs.csv'}", f"--log={tmp_path / 'log'}"]
    subprocess.run(command, check=True, cwd=finished.folder)
    assert pd.read_csv(tmp_path / "costs.csv").set_index("condition")["trainings"].to_dict() == {"baseline": 1, "all": 1}


def test_the_forecast_of_an_unstarted_study_says_unknown(tmp_path):
    table = training_table(small_config(), "digits", [PlannedJob("train_member", BASELINE, "", (), ("x",), "")], tmp_path)
    assert table.set_index("condition")["MB"].isna().to_dict()["baseline"]
    assert "unknown" in expected_hours(small_config(), "digits", 6, timed_trainings([]), tmp_path)[0]


BASELINE = {"dataset": "digits", "condition": "baseline", "variant": "0", "member": "1"}


def test_forecast_from_shapes_is_near_what_is_written(copied):
    old, new = (copied.folder / f"results/{study}/digits" for study in ("digits", "new"))
    new.mkdir(parents=True)
    os.link(old / "dataset.npz", new / "dataset.npz")
    jobs = [PlannedJob("train_member", BASELINE | {"condition": name}, "", (), ("x",), "") for name in ("baseline", "control")]
    table = training_table(copied.config, "digits", jobs, new).set_index("condition")
    for condition, variant in (("baseline", 0), ("control", 1)):
        member = old / f"members/{condition}/variant{variant}/member1"
        size = sum(path.stat().st_size for path in member.glob("*.npz"))
        assert abs(1e6 * table.at[condition, "MB"] / size - 1) < 0.25


def test_the_packing_profile_is_the_slurm_profile_with_packs():
    plain, packed = (
        yaml.safe_load((ROOT / f"workflow/profiles/{name}/config.yaml").read_text()) for name in ("slurm", "slurm-packed")
    )
    renamed = {key.replace("slurm-", "slurm-packed-"): value for key, value in plain.items()}
    packs = {"executor": "slurm-packed", "slurm-packed-members-per-job": 4}
    assert packed == renamed | packs


def test_the_schedulers_timers_are_cancelled_and_no_others():
    scheduler = SimpleNamespace(_open_jobs=threading.Semaphore(0))
    # Snakemake's own way to look at waiting jobs once more.
    JobScheduler._schedule_reevalutation(scheduler, 3600)
    (own,) = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    other = threading.Timer(3600, print)
    other.start()
    cancel_timers()
    own.join(10)
    assert not own.is_alive()
    assert not scheduler._open_jobs.acquire(blocking=False)
    assert other.is_alive()
    other.cancel()
