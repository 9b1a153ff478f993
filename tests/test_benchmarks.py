"""The benchmarks run: every part in small, with all its tables."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT


def run(script, *arguments):
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, ROOT / "benchmarks" / script, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return {line.split(" | ")[0].removeprefix("| "): line.strip("| ").split(" | ") for line in lines}


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("epoch", ["engine, with tracking", "engine, without tracking", "authors' manner: train, track, test"]),
        ("tracker", ["recorder: 4 scores, sums and history", "loop over samples: 6 scores", "package aum: 1 score"]),
        ("augmentation", ["image bank, 2 threads", "PIL, DataLoader"]),
        ("evaluation", ["engine, once", "engine's pass, once a class", "authors' manner, once a class"]),
        ("startup", ["train_member, to the first step", "import torch", "imports of a plain training"]),
        ("memory", ["imports and images", "engine", "authors' manner"]),
        ("ensemble", ["a process each", "one process", "in turn", "stacked"]),
    ],
)
def test_a_part_of_the_engine_is_measured(part, names):
    found = rows(run("engine.py", "--smoke", "--device", "cpu", "--part", part))
    assert set(names) <= set(found)


def test_time_of_a_study_is_split_by_kind_of_job(tmp_path):
    def job(rule, name, begin, end):
        record = {"rule": rule, "log": [f"logs/tiny/{rule}/{name}.log"], "starttime": begin, "endtime": end}
        (tmp_path / ".snakemake/metadata" / f"{rule}{name}{begin}").write_text(json.dumps(record))

    (tmp_path / ".snakemake/metadata").mkdir(parents=True)
    job("train_member", "a", 100, 160)
    job("train_member", "b", 100, 140)
    job("plan_baseline", "", 160, 170)
    job("render_effect", "", 170, 180)
    for output in range(2):
        (tmp_path / f".snakemake/metadata/twice{output}").write_text(
            (tmp_path / ".snakemake/metadata/render_effect170").read_text()
        )
    found = rows(run("engine.py", "--part", "study", "--folder", tmp_path, "--study", "tiny", "--cores", 2))
    assert found["trainings"][1:] == ["2", "100", "62%"]
    assert found["notebooks"][1:] == ["1", "10", "6%"]
    assert found["other rules"][1:] == ["1", "10", "6%"]
    assert found["Snakemake itself, and cores that wait"][2:] == ["40", "25%"]


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("epochs", ["recorded, bfloat16, tracking", "recorded, bfloat16, no tracking", "eager, float32, tracking"]),
        ("authors", ["engine: train, track, test", "authors' manner: train, track", "authors' manner: test once a class"]),
        ("packing", ["small-cnn"]),
        ("quick", ["0"]),
        (
            "precisions",
            ["float32", "bfloat16", "float32 and bfloat16, same seed", "means over seeds, both precisions"],
        ),
    ],
)
def test_a_part_of_what_a_gpu_tells_runs_on_a_processor(part, names):
    text = run("gpu.py", "--smoke", "--part", part)
    assert set(names) <= set(rows(text))
    assert "failed" not in text and "no time left" not in text


def test_what_a_gpu_tells_stays_below_nine_minutes(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import gpu

    assert sum(gpu.SHARES.values()) <= 480
    assert set(gpu.SHARES) == set(gpu.PARTS)
    assert 16 <= gpu.quick_recipe().epochs <= 20
