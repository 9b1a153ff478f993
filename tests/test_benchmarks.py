"""The benchmarks run: every part in small, with all its tables."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import types
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT
from warm import warm_path

from hbr.data.datasets import save_dataset


def run(script, *arguments):
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [shutil.which("python", path=warm_path()), ROOT / "benchmarks" / script, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return {line.split(" | ")[0].removeprefix("| "): line.strip("| ").split(" | ") for line in lines}


# Of every part but the last, which wants a study.
ROWS_OF_PARTS = {
    "epoch": ["engine, with tracking", "engine, without tracking", "authors' manner: train, track, test"],
    "precision": ["float32", "bfloat16"],
    "tracker": ["recorder: 4 scores, sums and history", "loop over samples: 6 scores", "package aum: 1 score"],
    "augmentation": ["image bank, 2 threads", "PIL, DataLoader"],
    "evaluation": ["engine, once", "engine's pass, once a class", "authors' manner, once a class"],
    "startup": ["train_member, to the first step", "import torch", "imports of a plain training"],
    "memory": ["imports and images", "engine", "authors' manner"],
    "ensemble": ["a process each", "one process", "in turn", "stacked"],
}


def test_every_part_of_the_engine_is_measured():
    found = rows(run("engine.py", "--smoke", "--device", "cpu"))
    assert {name for names in ROWS_OF_PARTS.values() for name in names} <= set(found)


def test_a_pool_is_prepared_and_scored_in_small(tmp_path):
    row = rows(run("pools.py", "--smoke", "--folder", tmp_path))["500"]
    assert row[1] == "1"
    for used, wall, peak in (re.fullmatch(r"(\S+) \((\d+)\), (\d+)", cell).groups() for cell in row[2:]):
        assert float(used) > 0
        assert int(wall) < 600
        assert 20 < int(peak) < 2000
    assert list(tmp_path.iterdir()) == []


def test_time_of_a_study_is_split_by_kind_of_job(tmp_path):
    def job(rule, name, begin, end):
        shell = "python slow.py --x=1" if rule == "train_member" else None
        record = {"rule": rule, "shellcmd": shell, "log": [f"logs/tiny/{rule}/{name}.log"], "starttime": begin, "endtime": end}
        (tmp_path / ".snakemake/metadata" / f"{rule}{name}{begin}").write_text(json.dumps(record))

    (tmp_path / ".snakemake/metadata").mkdir(parents=True)
    (tmp_path / "slow.py").write_text("import time; time.sleep(1.5)")
    job("train_member", "a", 100, 160)
    job("train_member", "b", 100, 140)
    job("plan_baseline", "", 160, 170)
    job("render_effect", "", 170, 180)
    for output in range(2):
        (tmp_path / f".snakemake/metadata/twice{output}").write_text(
            (tmp_path / ".snakemake/metadata/render_effect170").read_text()
        )
    found = rows(run("engine.py", "--part", "study", "--folder", tmp_path, "--study", "tiny", "--cores", 2))
    assert found["trainings"][1:4] == ["2", "100", "62%"]
    assert 3 <= int(found["trainings"][4]) < 10
    assert found["notebooks"][1:] == ["1", "10", "6%", "0"]
    assert found["other rules"][1:] == ["1", "10", "6%", "0"]
    assert found["Snakemake itself, and cores that wait"][2:] == ["40", "25%"]


# What a GPU tells

STEP_PAIRS = ("recorded and eager", "recorded, twice", "eager, twice")


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("gpu")


@cache
def smoked():
    """Return what each part says, all run one after another as on a GPU."""
    text = run("gpu.py", "--smoke")
    assert "TF32 off in convolutions" in text.splitlines()[0]
    # Each part ends by saying how long it took.
    said = re.split(r"^\((\w+): \d+ s of \d+\)$", text, flags=re.MULTILINE)
    return dict(zip(said[1::2], said[::2], strict=False))


def smoke(part):
    text = smoked()[part]
    assert "failed" not in text and "no time left" not in text and "cannot be recorded" not in text
    return text, rows(text)


def test_recorded_steps_are_compared_with_eager_ones():
    _, found = smoke("steps")
    names = [f"{pair}, {precision}" for precision in ("float32", "bfloat16") for pair in STEP_PAIRS]
    # What stands for a recording on a processor runs the very same kernels; 250 images are 8 batches of at most 32.
    assert [found[name][1:] for name in names] == [["8", "0", "0", "0", "0", "yes"]] * 6


def test_differences_of_steps_are_found(gpu):
    from gpu_steps import Trace, differences

    one = Trace(torch.tensor([2.0, 4.0, 1.0]), torch.tensor([3.0, 4.0]), torch.zeros(2))
    other = Trace(torch.tensor([2.0, 5.0, 0.5]), torch.tensor([3.0, 4.5]), torch.zeros(2))
    assert differences(other, one) == [3, "1", "0.5", "0.5", "0.1", "no"]
    assert differences(one, Trace(one.losses, one.weights, torch.ones(2))) == [3, "0", "0", "0", "0", "no"]


def test_epochs_are_timed_by_way_of_stepping():
    _, found = smoke("epochs")
    ways = [f"{way}, {precision}, tracking" for way in ("recorded", "eager") for precision in ("bfloat16", "float32")]
    ways += ["recorded, bfloat16, no tracking", "recorded, float32 as TF32, tracking"]
    ways += ["compiled and recorded, bfloat16, tracking", "compiled, reduce-overhead, bfloat16, tracking"]
    assert set(ways) <= set(found)
    for way in ways:
        n, seconds, _, pace, first = found[way][2:]
        assert n == "1" and float(seconds) > 0 and float(pace.replace(",", "")) > 0 and float(first) > 0


@pytest.mark.slow
def test_a_network_that_does_not_compile_is_a_row_that_says_so(gpu, monkeypatch):
    import gpu_epochs
    from gpu_setting import Setting
    from measuring import load_images

    def refuse(network, **how):
        raise OSError("no compiler\nfound")

    monkeypatch.setattr(torch, "compile", refuse)
    setting = Setting(load_images(None, 256, 64, 8), torch.device("cpu"), "small-cnn", True)
    found = rows(next(gpu_epochs.epochs(setting)))
    assert found["compiled and recorded, bfloat16, tracking"][2:4] == ["0", "failed: no compiler found"]
    assert found["recorded, bfloat16, tracking"][2] == "1"


def test_the_authors_manner_is_timed():
    _, found = smoke("authors")
    assert {"engine: train, track, test", "authors' manner: train, track", "authors' manner: test once a class"} <= set(found)


def test_packing_is_measured_and_says_whether_mps_serves_the_processes():
    text, _ = smoke("packing")
    assert re.search("^MPS: .*daemon runs.*; CUDA_MPS_PIPE_DIRECTORY is .*; nvidia-cuda-mps-control is ", text, re.MULTILINE)
    ways = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| small-cnn")]
    assert [way[1] for way in ways] == ["one by one", "processes", "processes, MPS", "streams", "torch.func, no tracking"]
    assert ways[2][3].startswith("not available")
    for way in ways[:2] + ways[3:]:
        assert float(way[3].replace(",", "")) > 0 and float(way[4]) > 0


@pytest.fixture
def mps(gpu, monkeypatch, tmp_path):
    import mps

    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv(mps.PIPES, raising=False)
    return mps


def control(folder, script):
    path = folder / "nvidia-cuda-mps-control"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_daemon_of_mps_gets_a_folder_of_its_own_and_is_stopped(mps, tmp_path):
    control(tmp_path, f'echo "$1 $CUDA_MPS_PIPE_DIRECTORY $(cat)" >> {tmp_path}/told')
    with mps.daemon():
        folder = os.environ[mps.PIPES]
        assert os.environ[mps.LOGS] == folder and Path(folder).is_dir()
    assert (tmp_path / "told").read_text().splitlines() == [f"-d {folder} ", f" {folder} quit -t 5"]
    assert mps.PIPES not in os.environ and not Path(folder).exists()


def test_a_daemon_of_mps_that_may_not_start_fails_with_a_row(mps, tmp_path, monkeypatch):
    import gpu_packing

    control(tmp_path, "exit 1")
    with pytest.raises(RuntimeError, match="the daemon of MPS does not start"), mps.daemon():
        pass
    assert mps.PIPES not in os.environ
    setting = types.SimpleNamespace(device=torch.device("cuda"))
    pace, said = gpu_packing.attempt(setting, 2, gpu_packing.in_served_processes)
    assert pace == 0 and said.startswith("failed: the daemon of MPS does not start")
    monkeypatch.setattr(mps, "is_running", lambda: True)
    assert gpu_packing.attempt(setting, 2, gpu_packing.in_served_processes)[1].startswith("not available: a daemon runs")


def test_running_daemons_are_found_by_their_command_lines(mps, tmp_path):
    for number, line in ((7, b"/usr/bin/nvidia-cuda-mps-control\0-d\0"), (8, b"grep\0nvidia-cuda-mps-control\0"), (9, b"")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes(line)
    assert mps.processes_found(tmp_path) == [7]


def test_the_line_about_mps_tells_a_daemon_from_a_pipe(mps, monkeypatch, tmp_path):
    monkeypatch.setenv(mps.PIPES, str(tmp_path))
    monkeypatch.setattr(mps, "processes_found", list)
    assert mps.state().startswith(f"MPS: no daemon runs; {mps.PIPES} is {tmp_path}; ")
    (tmp_path / "control").touch()
    assert mps.state().startswith("MPS: a daemon runs that is not seen from here, or has left its pipe behind")
    monkeypatch.setattr(mps, "processes_found", lambda: [7])
    assert mps.state().startswith("MPS: its daemon runs, and serves all processes; ")


def test_recipes_are_compared():
    text, found = smoke("recipes")
    for row in ("quick | 0 | 2 of 16", "quick | 1 | 2 of 16", "short | 100 | 2 of 18", "paper | 200 | 4 of 200"):
        assert f"| {row} |" in text
    for name, pairs in (("quick and short", "4"), ("quick and paper", "2"), ("quick, two seeds", "1")):
        cells = found[name]
        assert cells[1] == pairs and all(-1 <= float(cell) <= 1 for cell in cells[2:6])
        assert cells[6].endswith(f"of {pairs}") and 0 <= int(cells[7]) <= 10
    assert len(found["paper"][2].split()) == len(found["quick"][2].split()) == 4


def test_precisions_are_compared():
    _, found = smoke("precisions")
    assert found["float32"][1] == found["bfloat16"][1] == "2"
    for name in ("float32 and bfloat16, same seed", "float32, two seeds", "means over seeds, both precisions"):
        assert -1 <= float(found[name][2]) <= 1
    assert float(found["float32 and bfloat16, same seed"][2]) > float(found["float32, two seeds"][2])


def test_what_a_gpu_tells_stays_below_nine_minutes(gpu):
    assert sum(gpu.SHARES.values()) <= 500
    assert list(gpu.SHARES) == list(gpu.PARTS)
    # The last part takes what the others leave.
    assert list(gpu.SHARES)[-1] == "recipes" and gpu.SHARES["recipes"] >= 230


def test_what_a_part_leaves_is_the_next_ones(gpu, monkeypatch, capsys):
    found = []

    def part(setting):
        found.append(setting.seconds_left())
        if len(found) == 2:
            raise OSError("no luck")
        yield "a table"

    monkeypatch.setattr(gpu, "PARTS", dict.fromkeys(gpu.PARTS, part))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu, "set_determinism", lambda: None)
    monkeypatch.setattr(gpu, "circumstances", lambda device: "")
    monkeypatch.setattr(gpu, "load_images", lambda *given: None)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    gpu.main()
    assert found == pytest.approx(np.cumsum(list(gpu.SHARES.values())), abs=5)
    assert capsys.readouterr().out.count("a table") == len(gpu.PARTS) - 1


def test_rounds_end_with_the_time_there_is(gpu):
    from measuring import interleaved

    works = {"one": lambda: time.sleep(0.01), "other": lambda: None}
    for left, rounds in ((0, 1), (600, 3)):
        found = interleaved(works, 3, torch.device("cpu"), deadline=time.monotonic() + left)
        assert [len(values) for values in found.values()] == [rounds, rounds]


def test_a_recipe_is_shortened_to_the_seconds_there_are(gpu, monkeypatch):
    import gpu_recipes

    paper, quick = gpu_recipes.study_recipe("cifar10", "paper"), gpu_recipes.study_recipe("cifar10-quick", "quick")
    assert (paper.epochs, paper.milestones, paper.schedule) == (200, (60, 120, 160), "step")
    assert quick.epochs == 16
    monkeypatch.setattr(gpu_recipes, "epoch_seconds", lambda setting, recipe: 4.0)
    few = gpu_recipes.fitted(None, paper, 115)
    assert (few.epochs, few.milestones, few.el2n_epoch) == (25, (8, 15, 20), 2)
    assert gpu_recipes.fitted(None, quick, 115) is quick
    assert gpu_recipes.fitted(None, paper, 7) is None


def test_agreement_of_members_is_that_of_their_classes_and_samples(gpu):
    from agreement import Trained, agreement, hard_classes
    from measuring import load_images

    data = load_images(None, 40, 20, 8)
    level = np.array([1, 2, 3, 4, 20, 21, 22, 23, 24, 25.0])
    aum = level[data.train_labels]
    swapped = level[[0, 1, 2, 4, 3, 5, 6, 7, 8, 9]][data.train_labels]
    groups = {name: [Trained(0.5, 1, values)] for name, values in (("long", aum), ("same", aum), ("other", swapped))}
    found = rows("\n".join(agreement(groups, data)))
    assert found["long and same"][1:] == ["1", *["1.0000"] * 4, "1 of 1", "0"]
    assert found["long and other"][1] == "1" and found["long and other"][6:] == ["0 of 1", "2"]
    assert float(found["long and other"][2]) == pytest.approx(1 - 6 * 2 / (10 * 99), abs=1e-4)
    # 1 / AUM above its mean, as the allocation has it.
    assert hard_classes(level, data.class_names).tolist() == (1 / level > (1 / level).mean()).tolist()
    assert found["other"] == ["other", "1", *["0 1 2 4"] * 2]


def test_hardness_of_members_is_compared_pair_by_pair(gpu):
    from same_hardness import compared

    rng = np.random.default_rng(0)
    labels, truth = np.arange(60) % 3, np.arange(60) % 3 + rng.random(60)
    groups = {"one": [truth, truth], "other": [-truth]}
    assert compared(groups, labels, 3) == [
        ["one, two seeds", 1, *["1.0000"] * 4],
        ["one and other", 2, *["-1.0000"] * 4],
    ]


def test_parts_of_a_step_add_up_to_it():
    found = rows(run("parts.py", "--batch", 20, "--side", 8, "--repetitions", 1))
    assert found["convolutions"][3] == "1.000"
    assert {"normalisation", "activations", "pooling", "head", "loss", "optimiser", "tracking", "augmentation"} <= set(found)
    parts = [float(cells[1]) for name, cells in found.items() if name not in ("part", "a whole step")]
    assert sum(parts) == pytest.approx(float(found["a whole step"][1]), abs=2e-3)


def test_operations_of_a_step_by_hand(gpu):
    from measuring import operations

    network = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3, padding=1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 5)
    )
    # 4 x 4 pixels of 3 channels, 18 products each; 15 of the linear layer; forward, and twice as much back.
    assert operations(network, (4, 4, 2)) == 6 * (16 * 3 * 18 + 15)


def test_recipes_are_chosen_on_training_images_alone(gpu, tmp_path):
    from choose_recipe import candidates, held_out
    from measuring import load_images

    data = load_images(None, 100, 20, 8)
    part = held_out(data, 50, 0.2)
    assert np.bincount(part.test_labels).tolist() == [2] * 10
    assert np.bincount(part.train_labels).tolist() == [5] * 10
    whole = {image.tobytes() for image in data.train_images}
    trained, tested = ({image.tobytes() for image in images} for images in (part.train_images, part.test_images))
    assert trained | tested <= whole and not trained & tested
    recipe = {"epochs": 4, "batch_size": 8, "learning_rate": 0.1, "el2n_epoch": 2, "precision": "float32"}
    varied = ["learning_rate=0.2,0.3", "flip=false", "network_settings.widths=[4,4,4],[8,8,8]"]
    names = [name for name, *_ in candidates({"network": "quick-cnn"}, recipe, varied, [])]
    assert names == ["the study's own", *(f"learning_rate {rate}" for rate in (0.2, 0.3)), "flip False"] + [
        f"network_settings.widths {widths}" for widths in ([4, 4, 4], [8, 8, 8])
    ]
    save_dataset(tmp_path / "dataset.npz", data)
    (tmp_path / "study.yaml").write_text(
        yaml.safe_dump({"datasets": {"d": {"network": "small-cnn", "width": 2, "recipe": "r"}}, "recipes": {"r": recipe}})
    )
    text = run("choose_recipe.py", tmp_path / "study.yaml", "--data", tmp_path / "dataset.npz", "--vary", "momentum=0.5")
    found = rows(text)
    assert found["momentum 0.5"][1] == "2"
    assert found["the study's own"][4] == "+0.00%"
    assert "small-cnn on 90 images, 4 epochs, float32; accuracy on 10 held-out ones" in text
    change = {"epochs": 8, "momentum": 0.5, "network_settings.widths": [4, 4, 4]}
    *_, (name, settings, longer) = candidates({"network": "quick-cnn"}, recipe | {"warmup_epochs": 1}, [], [change])
    assert name == "epochs 8, momentum 0.5, network_settings.widths [4, 4, 4]"
    assert settings["widths"] == [4, 4, 4]
    assert (longer.epochs, longer.warmup_epochs, longer.el2n_epoch, longer.momentum) == (8, 2, 4, 0.5)


def test_a_choice_of_recipes_goes_on_where_it_was(tmp_path):
    from measuring import load_images

    save_dataset(tmp_path / "dataset.npz", load_images(None, 100, 20, 8))
    recipe = {"epochs": 2, "batch_size": 8, "learning_rate": 0.1, "el2n_epoch": 1, "precision": "float32"}
    keys = {"network": "small-cnn", "width": 2, "recipe": "r"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"datasets": {"d": keys}, "recipes": {"r": recipe}}))
    words = ["choose_recipe.py", tmp_path / "study.yaml", "--data", tmp_path / "dataset.npz", "--keep", tmp_path / "kept"]
    words += ["--change", '{"epochs": 3}']
    first = run(*words, "--seeds", 1, "--jobs", 2)
    kept = sorted((tmp_path / "kept").iterdir())
    assert [path.suffix for path in kept] == [".json", ".json"]
    for path in kept:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"accuracy": 0.125}))
    again = run(*words, "--seeds", 2)
    assert "seed 0, epochs 3: 12.50%" in again and "seed 0, epochs 3: 12.50%" not in first
    assert len(list((tmp_path / "kept").iterdir())) == 4


def test_recipes_of_several_lengths_are_compared():
    sizes = ["--samples", 300, "--side", 8, "--network", "small-cnn", "--width", 4]
    found = rows(run("recipes.py", "--epochs", 1, 2, "--members", 2, *sizes))
    assert found["1 epochs and 2 epochs"][1] == "4"
    assert found["2 epochs, two seeds"][1] == "1"
    assert len(found["2 epochs"][2].split()) == 4


def kept_tables(folder, hardness, granted, difference):
    """Write what collect_reference.py keeps of a study with three classes and one comparison."""
    folder.mkdir(parents=True)
    names = ["a", "b", "c"]
    rank = np.argsort(np.argsort(-np.array(hardness))) + 1
    pd.DataFrame({"class_name": names, "hardness": hardness, "difficulty_rank": rank}).to_csv(folder / "hardness_aum.csv")
    group = ["hard" if number > 10 else "easy" for number in granted]
    table = pd.DataFrame({"class_name": names, "granted": granted, "group": group})
    table.to_csv(folder / "allocation_aum_alpha1.csv", index=False)
    row = {"condition": "random / easy", "reference": "control", "metric": "recall", "gap": "max_min", "verdict": "improves"}
    row |= {"difference": difference, "lower": difference - 1, "upper": difference + 1}
    pd.DataFrame([row, row | {"gap": "std"}]).to_csv(folder / "gap_changes.csv", index=False)


def test_two_studies_are_compared_by_hardness_split_and_effects(tmp_path):
    kept_tables(tmp_path / "short/made_up", [3.0, 2.0, 1.0], [8, 9, 13], -2.0)
    kept_tables(tmp_path / "long/made_up", [3.0, 1.0, 2.0], [7, 12, 11], 0.5)
    found = rows(run("compare_studies.py", tmp_path / "short/made_up", tmp_path / "long/made_up"))
    # Ranks 3 2 1 and 3 1 2: 1 - 6 * 2 / (3 * 8).
    assert found["random / easy"][1:] == [
        "control",
        "max_min",
        "-2.0 (-3.0 to -1.0), improves",
        "+0.5 (-0.5 to +1.5), improves",
        "no",
    ]
    text = run("compare_studies.py", tmp_path / "short/made_up", tmp_path / "long/made_up")
    assert "| aum | 0.500 | c b a | b c a |" in text
    assert "| aum | c | b c | 1 | 3 |" in text


def test_studies_of_different_classes_are_not_compared(tmp_path):
    kept_tables(tmp_path / "one/x", [3.0, 2.0, 1.0], [8, 9, 13], -2.0)
    kept_tables(tmp_path / "two/x", [3.0, 2.0, 1.0], [8, 9, 13], -2.0)
    table = pd.read_csv(tmp_path / "two/x/hardness_aum.csv")
    table.assign(class_name=list("abd")).to_csv(tmp_path / "two/x/hardness_aum.csv", index=False)
    command = [sys.executable, ROOT / "benchmarks/compare_studies.py", tmp_path / "one/x", tmp_path / "two/x"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "different classes" in done.stderr
    assert "Traceback" not in done.stderr


def test_planted_mistakes_are_counted_among_the_first_suspects(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from PIL import Image
    from suspects import hits, imagined, mistaken

    from hbr.data.sources import folder_dataset

    assert hits([*range(3, 40), 0], np.arange(40) < 5) == 2
    for label, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for index in range(20):
            Image.new("L", (8, 8), 40 + 150 * label + index).save(tmp_path / f"{name}/{index}.png")
    data = folder_dataset(tmp_path, 8, 0.2, 0)
    changed, where = mistaken(data, 4, np.random.default_rng(0))
    labels = [np.concatenate([one.train_labels, one.test_labels]) for one in (data, changed)]
    assert where.sum() == 4
    assert np.array_equal(where, labels[0] != labels[1])
    recipe = json.dumps({"epochs": 2, "el2n_epoch": 1, "warmup_epochs": 1, "batch_size": 8})
    small = ["--network", "small-cnn", "--network-settings", '{"width": 4}', "--image-size", 8, "--recipe", recipe]
    text = run("suspects.py", tmp_path, "--keep", tmp_path / "kept", "--mistakes", 2, "--draws", 1, "--folds", 2, *small)
    found = rows(text)
    # Draw, accuracy, the first by margin, AUM, self-confidence, and by two of them, and the ranks of those that were changed.
    assert len(found["1"]) == 7
    assert int(found["1"][2]) == sum(int(rank) <= 20 for rank in found["1"][6].split())
    assert "2 labels of 40 changed" in text
    # Of 40 images 15 are known and 25 taken for the other class: a label changed in thought is found where the image is known.
    logits = np.array([[5, 0]] * 15 + [[0, 2]] * 25, float)
    told = imagined({"labels": np.zeros(40, np.int64), "logits": logits[None]}, 1, 4000, np.random.default_rng(1))
    assert told["accuracy"] == 15 / 40
    assert float(told["changed in thought, found"]) == pytest.approx(15 / 40, abs=0.03)
