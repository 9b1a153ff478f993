"""What belongs to machines: GPUs shared by local trainings, and the forecast of hours and storage."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml
from conftest import ROOT, Study, small_config

from hbr.costs import StudyFolders, timed_trainings
from hbr.forecast import expected_hours, training_table

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


def test_the_forecast_counts_what_is_missing_and_takes_the_median_of_what_was_timed(copied):
    folders = StudyFolders.of("digits", "digits", copied.folder)
    (copied.folder / "results/digits/digits/members/control/variant2/member1/outcomes.npz").unlink()
    table = training_table(copied.config, "digits", folders).set_index("condition")
    assert table["trainings"].tolist() == [2, 2, 2]
    assert table["to do"].to_dict() == {"baseline": 0, "control": 1, "resampled-aum-smote-easy-alpha1": 0}
    left = copied.folder / "results/digits/digits/members/control/variant1/member1"
    size = sum((left / name).stat().st_size for name in ("outcomes.npz", "dynamics.npz"))
    assert table.at["control", "MB"] == size / 1e6
    timed = timed_trainings(folders)
    assert len(timed) == 6
    assert timed["machine"].nunique() == 1
    sentence = expected_hours(1, timed)[0]
    assert sentence.endswith(f"(1 trainings of {timed['seconds'].median():,.0f} s, the median of 6 timed)")
    assert sentence.startswith(f"expected hours on {timed['machine'][0]}: ")


def test_the_forecast_of_an_unstarted_study_says_unknown(tmp_path):
    table = training_table(small_config(), "digits", StudyFolders.of("digits", "digits", tmp_path))
    assert table["MB"].isna().all()
    assert "unknown" in expected_hours(6, timed_trainings(StudyFolders.of("digits", "digits", tmp_path)))[0]


def test_forecast_from_shapes_is_near_what_is_written(copied):
    folders = StudyFolders.of("digits", "digits", copied.folder)
    measured = {}
    for condition in ("baseline", "control"):
        member = folders.results / f"members/{condition}/variant{0 if condition == 'baseline' else 1}/member1"
        measured[condition] = sum((member / name).stat().st_size for name in ("outcomes.npz", "dynamics.npz"))
    copied.config["study"] = "new"
    new = StudyFolders.of("new", "digits", copied.folder)
    new.results.mkdir(parents=True)
    os.link(folders.results / "dataset.npz", new.results / "dataset.npz")
    table = training_table(copied.config, "digits", new).set_index("condition")
    for condition, size in measured.items():
        assert abs(1e6 * table.at[condition, "MB"] / table.at[condition, "to do"] / size - 1) < 0.25


def test_plan_is_a_command(copied):
    command = [sys.executable, "workflow/scripts/plan_study.py", "config.yaml"]
    done = subprocess.run(command, cwd=copied.folder, capture_output=True, text=True, check=True)
    assert "nothing is left to train" in done.stdout


def test_the_packing_profile_is_the_slurm_profile_with_packs():
    plain, packed = (
        yaml.safe_load((ROOT / f"workflow/profiles/{name}/config.yaml").read_text()) for name in ("slurm", "slurm-packed")
    )
    renamed = {key.replace("slurm-", "slurm-packed-"): value for key, value in plain.items()}
    packs = {"executor": "slurm-packed", "slurm-packed-members-per-job": 4}
    assert packed == renamed | packs
