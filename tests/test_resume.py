"""Trainings that are killed, for real, and go on."""

import multiprocessing
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import train_member as script
from conftest import QUICK
from torch import Tensor, nn

from hbr.data.datasets import save_dataset
from hbr.data.files import read_arrays
from hbr.data.plans import identity_plan, save_plan
from hbr.data.whitening import whitening_of
from hbr.errors import StudyError
from hbr.training.checkpoints import Checkpoints
from hbr.training.engine import MemberSeeds, train_member
from hbr.training.networks import build_network
from hbr.training.outcomes import EARLIER_SECONDS
from hbr.training.recipe import Recipe

# Processes that are killed are no unit.
pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
FORK = multiprocessing.get_context("fork")
RECIPE = QUICK | {"evaluate_every": 5, "epochs": 12, "batch_size": 8, "el2n_epoch": 5}
RESULTS = ("outcomes.npz", "dynamics.npz", "weights.npz")


class Training:
    """One training as the workflow runs it, in a process of its own."""

    def __init__(self, folder: Path, dataset, **recipe) -> None:
        self.folder = folder
        plan = identity_plan(dataset.train_labels, dataset.train_images.shape[1:])
        save_dataset(folder / "dataset.npz", dataset)
        save_plan(folder / "plan.parquet", plan)
        self.options = RECIPE | recipe

    def start(self, place: str, minutes: float = 1e-9) -> multiprocessing.Process:
        """Start the training with its results in ``place`` and a checkpoint after every step."""
        where = self.folder / place
        files = {name: self.folder / f"{name}.{'parquet' if name == 'plan' else 'npz'}" for name in ("dataset", "plan")}
        words = [f"--{name}={path}" for name, path in files.items()]
        words += ["--dataset-name=tiny", "--condition=baseline"]
        words += ["--variant=0", "--member=1", "--seed=0", "--keep=epochs", "--network=small-cnn"]
        words += ['--network-settings={"width": 4}', f"--recipe={Recipe(**self.options).text}"]
        words += [f"--checkpoint-minutes={minutes}", f"--log={where / 'log'}"]
        words += [f"--{Path(name).stem}={where / name}" for name in RESULTS]
        process = FORK.Process(target=_run, args=(words,))
        process.start()
        return process

    def finish(self, place: str) -> list[bytes]:
        """Run to the end; return the bytes of the results."""
        process = self.start(place, minutes=5)
        process.join(120)
        assert process.exitcode == 0, self.log(place)
        assert sorted(path.name for path in (self.folder / place).iterdir() if "checkpoint." in path.name) == []
        return [(self.folder / place / name).read_bytes() for name in RESULTS]

    def log(self, place: str) -> str:
        path = self.folder / place / "log"
        return path.read_text() if path.exists() else ""

    def wait_for(self, process: multiprocessing.Process, place: str, words: str) -> None:
        while process.is_alive() and words not in self.log(place):
            time.sleep(0.002)


def _run(words: list[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    sys.argv = ["train_member.py", *words]
    script.run(script.main, script.parser)


@pytest.fixture
def training(tmp_path, tiny_dataset) -> Training:
    return Training(tmp_path, tiny_dataset)


@pytest.mark.slow
def test_sigkill_anywhere_and_run_again_gives_the_same_bits(training, record_property):
    """Twelve trainings, each killed twice in random epochs, at no chosen step, before it may end."""
    uninterrupted = training.finish("whole")
    rng, kills, resumed = random.Random(0), 0, 0
    for attempt in range(12):
        place = f"killed{attempt}"
        for epoch in sorted(rng.sample(range(training.options["epochs"]), 2)):
            process = training.start(place)
            training.wait_for(process, place, f"epoch {epoch}/" if epoch else "parameters on")
            time.sleep(rng.uniform(0, 0.02))
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            kills += process.exitcode == -signal.SIGKILL and not (training.folder / place / "outcomes.npz").exists()
        assert training.finish(place) == uninterrupted
        resumed += "resumed in epoch" in training.log(place)
    record_property("kill points", kills)
    print(f"{kills} kill points, {resumed} of 12 trainings resumed, all identical")
    assert kills >= 20
    assert resumed >= 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_signals_ask_for_a_checkpoint(training, number):
    uninterrupted = training.finish("whole")
    process = training.start("asked", minutes=60)
    checkpoint = training.folder / "asked/checkpoint.npz"
    training.wait_for(process, "asked", "epoch 1/")
    os.kill(process.pid, number)
    if number == signal.SIGTERM:
        process.join(60)
        assert process.exitcode == 1
        assert "stopped by SIGTERM; run again to go on" in training.log("asked")
        assert not (training.folder / "asked/outcomes.npz").exists()
    else:
        while process.is_alive() and not checkpoint.exists():
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
    assert checkpoint.exists()
    seconds = float(read_arrays(checkpoint, "seconds")["seconds"])
    assert training.finish("asked") == uninterrupted
    assert "resumed in epoch" in training.log("asked")
    assert float((training.folder / "asked" / EARLIER_SECONDS).read_text()) == pytest.approx(seconds, abs=1e-3)
    assert training.finish("asked") == uninterrupted
    assert not (training.folder / "asked" / EARLIER_SECONDS).exists()


class Odd(nn.Module):
    """Draws from the generators of Python and NumPy, and keeps what it saw out of its state."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(192, classes))
        self.register_buffer("seen", torch.zeros(1), persistent=False)
        self.register_buffer("made", None, persistent=False)
        self.register_buffer("of_batch", torch.zeros(1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.seen = 0.9 * self.seen + 0.1 * images.mean().detach()
            self.made = self.seen + 1
            self.of_batch = images.mean((1, 2, 3)).detach()
            images = images * (0.5 + random.random()) + np.random.rand()  # noqa: NPY002
        return self.layers(images - self.seen)


def odd(channels: int, classes: int) -> nn.Module:
    return Odd(classes)


@pytest.mark.parametrize(
    ("built", "sizes", "changes"),
    [
        ("small-cnn", {"width": 4}, {}),
        ("test_resume:odd", {}, {}),
        (
            "quick-cnn",
            {"widths": [4, 6, 8], "pair_widths": [4, 4, 4]},
            {
                "alternating_flips": True,
                "bias_factor": 8.0,
                "frozen_scale": True,
                "lookahead_steps": 3,
                "start_factor": 0.2,
                "end_factor": 0.1,
            },
        ),
    ],
)
def test_every_step_of_a_training_can_be_its_last(tiny_dataset, quick_recipe, tmp_path, built, sizes, changes):
    """Stop once at each of the pauses of a training, evaluations included, and go on: all ends are identical."""

    class Stopper(Checkpoints):
        def __init__(self, stop_at: int) -> None:
            super().__init__(tmp_path / "checkpoint.npz", "tag", 60)
            self.pauses, self.stop_at = 0, stop_at

        def pause(self, state):
            self.pauses += 1
            if self.pauses == self.stop_at:
                self.save_requested = self.stop_requested = True
            super().pause(state)

    def train(checkpoints):
        network = build_network(built, 3, 3, 1, settings=sizes, whitening=whitening_of(tiny_dataset))
        plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
        seeds = MemberSeeds(1, 2, 0, 1)
        recipe = replace(quick_recipe, **changes)
        return train_member(tiny_dataset, plan, network, recipe, seeds, CPU, checkpoints=checkpoints)

    whole = Stopper(0)
    outcomes, dynamics = train(whole)
    for stop_at in range(1, whole.pauses + 1):
        with pytest.raises(StudyError, match="stopped by SIGTERM"):
            train(Stopper(stop_at))
        again, again_dynamics = train(Stopper(0))
        (tmp_path / "checkpoint.npz").unlink()
        np.testing.assert_array_equal(again.test_logits, outcomes.test_logits)
        np.testing.assert_array_equal(again.mean_test_logits, outcomes.mean_test_logits)
        np.testing.assert_array_equal(again.history, outcomes.history)
        np.testing.assert_array_equal(again.recalls, outcomes.recalls)
        for name, values in vars(dynamics).items():
            np.testing.assert_array_equal(getattr(again_dynamics, name), values, err_msg=f"{name}, stopped at {stop_at}")


def test_a_state_that_no_file_gives_back_is_said_once_and_kept_nowhere(tmp_path):
    said = []
    checkpoints = Checkpoints(tmp_path / "checkpoint.npz", "tag", 0, said.append)
    for _ in range(3):
        checkpoints.pause(lambda: {"network": {"_extra_state": {Path("a")}}})
    assert len(said) == 1 and said[0].startswith("no checkpoint can be kept, as the network's state holds more than tensors")
    assert not list(tmp_path.iterdir())
    checkpoints.stop_requested = checkpoints.save_requested = True
    with pytest.raises(StudyError, match="stopped by SIGTERM; run again to begin anew"):
        checkpoints.pause(lambda: {})


def test_the_pace_of_a_resumed_training_is_that_of_all_its_runs(tiny_dataset, quick_recipe, tmp_path):
    def progress_of(checkpoints):
        network = build_network("small-cnn", 3, 3, 1, settings={"width": 4})
        plan, said = identity_plan(tiny_dataset.train_labels, (8, 8, 3)), []
        train_member(tiny_dataset, plan, network, quick_recipe, MemberSeeds(1, 2, 0, 1), CPU, True, said.append, checkpoints)
        return said, len(plan)

    class StopLate(Checkpoints):
        """Asked to stop in the second epoch, 600 s after the training began."""

        def pause(self, state):
            if self.earlier_seconds == 0 and state()["epoch"] == 1:
                self.began -= 600
                self.save_requested = self.stop_requested = True
            super().pause(state)

    with pytest.raises(StudyError):
        progress_of(StopLate(tmp_path / "checkpoint.npz", "tag", 60))
    said, examples = progress_of(StopLate(tmp_path / "checkpoint.npz", "tag", 60))
    rates = [progress.images_per_second for progress in said]
    expected = [examples * progress.epoch / 600 for progress in said]
    assert rates == pytest.approx(expected, rel=0.1)
    assert said[0].seconds_left == pytest.approx(600 * (said[0].epochs - said[0].epoch) / said[0].epoch, rel=0.1)


def test_random_draws_of_a_users_network_go_on_too(tiny_dataset, quick_recipe, tmp_path):
    class StopOnce(Checkpoints):
        def pause(self, state):
            if not self.path.exists() and state()["epoch"] == 1:
                self.save_requested = self.stop_requested = True
            super().pause(state)

    def train(checkpoints):
        torch.manual_seed(5)
        network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(192, 3))
        plan = identity_plan(tiny_dataset.train_labels, (8, 8, 3))
        recipe = replace(quick_recipe, learning_rate=0.01)
        return train_member(tiny_dataset, plan, network, recipe, MemberSeeds(1, 2, 0, 1), CPU, checkpoints=checkpoints)[0]

    whole = train(None)
    torch.rand(7)
    with pytest.raises(StudyError):
        train(StopOnce(tmp_path / "checkpoint.npz", "tag", 60))
    np.testing.assert_array_equal(train(StopOnce(tmp_path / "checkpoint.npz", "tag", 60)).test_logits, whole.test_logits)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text", "pickle"])
def test_a_damaged_checkpoint_is_named_set_aside_and_not_used(training, damage):
    uninterrupted = training.finish("whole")
    checkpoint = _interrupt(training, "damaged")
    content = bytearray(checkpoint.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "pickle":
        np.savez(checkpoint, state=np.asarray([{"a": 1}], dtype=object), tag="x")
        content = bytearray(checkpoint.read_bytes())
    checkpoint.write_bytes({"cut": content[:-100], "empty": b"", "text": b"hello"}.get(damage, bytes(content)))
    process = training.start("damaged", minutes=5)
    process.join(60)
    assert process.exitcode == 0
    assert [(training.folder / "damaged" / name).read_bytes() for name in RESULTS] == uninterrupted
    assert "checkpoint.npz is damaged; it is set aside as checkpoint.damaged.npz" in training.log("damaged")
    assert (training.folder / "damaged/checkpoint.damaged.npz").exists()


def test_a_foreign_checkpoint_is_named_set_aside_and_not_used(training, tiny_dataset, tmp_path):
    (tmp_path / "other").mkdir()
    other = Training(tmp_path / "other", tiny_dataset, weight_decay=0.1)
    uninterrupted = other.finish("whole")
    checkpoint = _interrupt(training, "mine")
    (other.folder / "theirs").mkdir()
    checkpoint.rename(other.folder / "theirs/checkpoint.npz")
    process = other.start("theirs", minutes=5)
    process.join(60)
    assert process.exitcode == 0
    assert [(other.folder / "theirs" / name).read_bytes() for name in RESULTS] == uninterrupted
    assert "is of another training" in other.log("theirs")
    assert (other.folder / "theirs/checkpoint.foreign.npz").exists()


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_training(tmp_path):
    said = []
    checkpoints = Checkpoints(Path("/proc/checkpoint.npz"), "tag", 60, said.append)
    checkpoints.save({"epoch": 1})
    assert "training goes on without" in said[0]


def test_the_state_is_kept_once_before_the_time_limit(tmp_path):
    saved = []

    def paused(limit_minutes):
        checkpoints = Checkpoints(tmp_path / "checkpoint.npz", "tag", 60, limit_minutes=limit_minutes)
        for _ in range(3):
            checkpoints.pause(lambda: saved.append(limit_minutes) or {})
        return saved.count(limit_minutes)

    assert [paused(limit) for limit in (1, 1.4999, 2, float("inf"))] == [1, 1, 0, 0]


def test_checkpoints_hold_no_code(training):
    checkpoint = _interrupt(training, "one")
    assert set(read_arrays(checkpoint)) == {"state", "tag", "seconds"}


def _interrupt(training: Training, place: str) -> Path:
    """Stop a training after its first epoch; return its checkpoint."""
    process = training.start(place)
    checkpoint = training.folder / place / "checkpoint.npz"
    training.wait_for(process, place, "epoch 1/")
    os.kill(process.pid, signal.SIGTERM)
    process.join(60)
    assert process.exitcode == 1, training.log(place)
    return checkpoint
