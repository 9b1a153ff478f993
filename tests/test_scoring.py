"""Named images scored by trained networks: from files of any size, with the very logits of the training's own evaluation."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import score_images
import torch
import train_member as script
from conftest import QUICK
from torch import nn

from hbr.data.datasets import save_dataset
from hbr.data.files import read_arrays
from hbr.data.plans import identity_plan, save_plan
from hbr.data.streams import open_images
from hbr.errors import StudyError
from hbr.study.scored import ScoredSet, scored_sets
from hbr.training.engine import MemberSeeds, Progress, train_member
from hbr.training.evaluation import stream_logits
from hbr.training.networks import build_network
from hbr.training.outcomes import load_outcomes
from hbr.training.recipe import Recipe
from hbr.training.scores import load_scores, save_scores
from hbr.training.weights import load_weights, save_weights

CPU = torch.device("cpu")
TOLD = {"images": "pool", "dataset": "d", "plan": "p", "settings": "s", "variant": 0, "member": 1, "machine": "m"}


def run(main, parser, words):
    main(parser.parse_args([*map(str, words), "--log=log"]))


@pytest.fixture(autouse=True)
def log_flag():
    """Scripts get the flag of their log when they run as commands."""
    for parser in (script.parser, score_images.parser):
        if not any(action.dest == "log" for action in parser._actions):
            parser.add_argument("--log", type=Path)


@pytest.fixture
def trained(tmp_path, tiny_dataset, monkeypatch):
    """Train one member by its script, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    save_dataset("dataset.npz", tiny_dataset)
    save_plan("plan.parquet", identity_plan(tiny_dataset.train_labels, (8, 8, 3)))
    return tmp_path


def train(*more):
    words = ["--dataset=dataset.npz", "--plan=plan.parquet", "--dataset-name=tiny", "--variant=0"]
    words += ["--condition=baseline", "--member=1", "--seed=0", "--network=small-cnn", '--network-settings={"width": 4}']
    words += [f"--recipe={Recipe.of(QUICK).text}", "--keep=sums", "--outcomes=outcomes.npz", "--dynamics=dynamics.npz"]
    run(script.main, script.parser, [*words, "--weights=weights.npz", *more])


def score(file="dataset.npz", array="train_images", name="train", *more):
    words = ["--dataset=dataset.npz", "--weights=weights.npz", "--variant=0", "--member=1", "--scores=scores.npz"]
    run(score_images.main, score_images.parser, [*words, f"--images={name}", f"--file={file}", f"--array={array}", *more])
    return load_scores("scores.npz")


@pytest.mark.parametrize("kind", ["npz", "compressed npz", "npy"])
def test_scores_are_the_logits_of_the_trainings_own_evaluation_whatever_file_holds_the_images(
    trained, tiny_dataset, monkeypatch, kind
):
    # Batches of 7 images, the last of them 9 with those that are left.
    monkeypatch.setattr("hbr.training.evaluation.BATCH", {"cpu": 7})
    train()
    outcomes = load_outcomes("outcomes.npz")
    file = Path(f"pool.{kind.split()[-1]}")
    if kind == "npy":
        np.save(file, tiny_dataset.test_images)
    else:
        (np.savez_compressed if kind.startswith("compressed") else np.savez)(file, y=np.arange(3), X=tiny_dataset.test_images)
    scores = score(file, "X", "pool")
    np.testing.assert_array_equal(scores.logits, outcomes.test_logits)
    np.testing.assert_array_equal(scores.predictions, outcomes.predictions)
    assert scores.logits.dtype == np.float16
    assert (scores.predictions.dtype, scores.images, scores.member) == (np.uint8, "pool", 1)
    assert (scores.dataset, scores.plan, scores.settings) == (outcomes.dataset, outcomes.plan, outcomes.settings)
    first = Path("scores.npz").read_bytes()
    score(file, "X", "pool")
    assert Path("scores.npz").read_bytes() == first


def test_training_images_are_scored_in_evaluation_mode(trained, tiny_dataset):
    train()
    scores = score()
    assert scores.logits.shape == (50, 3)
    assert (scores.predictions == tiny_dataset.train_labels).mean() > 0.3


def test_a_study_keeps_the_weights_of_hardness_and_scores_what_it_names(whole):
    results = whole.folder / "results/digits/digits"
    labels = read_arrays(results / "dataset.npz", "train_labels")["train_labels"]
    for member in (1, 2):
        scores = load_scores(results / f"members/baseline/variant0/member{member}/scores/train.npz")
        assert (scores.images, scores.member, len(scores.logits)) == ("train", member, len(labels))
        assert (scores.predictions == labels).mean() > 0.5
    kept = {path.parts[-4] for path in results.glob("members/*/*/*/weights.npz") if len(read_arrays(path)) > 5}
    # Hardness on half of the data is that of its control.
    assert kept == {"baseline", "denoised-lowest", "control-random-50"}
    assert not [path for path in results.rglob("scores/*") if "baseline" not in path.parts]


class Flat(nn.Module):
    """The sums of some pixels, times a factor."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x.flatten(1)[:, :12].unflatten(1, (3, 4)).sum(2) * self.factor


def streamed(path, factor=1.0):
    with open_images(path, "images") as images:
        batches = stream_logits(Flat(factor), images, np.zeros(3, np.float32), np.ones(3, np.float32), torch.float32, CPU)
        told = {**TOLD, "precision": "float32"}
        save_scores(path.with_name("scores.npz"), batches, images.samples, 3, lambda: {**told, "checksum": images.checksum})
    return load_scores(path.with_name("scores.npz"))


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    peaks = {}
    for samples in (2_000, 20_000):
        path = tmp_path / f"{samples}.npz"
        np.savez(path, images=np.random.default_rng(0).integers(0, 256, (samples, 16, 16, 3), dtype=np.uint8))
        streamed(path)
        tracemalloc.start()
        streamed(path)
        peaks[samples] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # All images are 15 MB; a prediction is one byte.
    assert peaks[20_000] < peaks[2_000] + 100_000
    assert peaks[20_000] < 3_000_000


def test_scores_saturate_and_predictions_do_not(tmp_path):
    np.savez(tmp_path / "pool.npz", images=np.random.default_rng(0).integers(0, 256, (800, 2, 2, 3), dtype=np.uint8))
    plain, large = streamed(tmp_path / "pool.npz"), streamed(tmp_path / "pool.npz", 1e6)
    assert np.isfinite(large.logits).all()
    np.testing.assert_array_equal(large.predictions, plain.predictions)
    assert len(set(large.predictions)) == 3
    with pytest.raises(StudyError, match=r"images 1 to 500 get logits that are not finite"):
        streamed(tmp_path / "pool.npz", float("nan"))


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"X": np.zeros((2, 8, 8, 3), np.uint8)}, r"has no array 'images'; it has X: name the one with the images"),
        ({"images": np.zeros((2, 8, 8, 3))}, r"images is float64 of 2 x 8 x 8 x 3; images are uint8"),
        ({"images": np.zeros((2, 8), np.uint8)}, r"images is uint8 of 2 x 8; images are uint8 of samples x height"),
        ({"images": np.asfortranarray(np.zeros((2, 8, 8, 3), np.uint8))}, r"in Fortran order; images are .* in C order"),
        ({"images": np.array([None])}, "damaged or not an array of images|images is object"),
        (
            {"images": np.zeros((2, 9, 8, 3), np.uint8)},
            r"the images of scored set pool are 9 x 8 x 3, those of the study 8 x 8 x 3",
        ),
    ],
)
def test_files_that_hold_no_such_images_are_refused_by_name(trained, arrays, sentence):
    train()
    np.savez("pool.npz", **arrays)
    with pytest.raises(StudyError, match=rf"^pool\.npz.*({sentence})"):
        score("pool.npz", "images", "pool")


def test_a_damaged_file_and_one_cut_short_are_named(trained):
    train()
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    np.savez("pool.npz", images=images)
    content = bytearray(Path("pool.npz").read_bytes())
    content[3000] ^= 1
    Path("pool.npz").write_bytes(content)
    np.save("pool.npy", images)
    Path("cut.npy").write_bytes(Path("pool.npy").read_bytes()[:-5])
    for file in ("pool.npz", "cut.npy"):
        with pytest.raises(StudyError, match=rf"^{file} is damaged or not an array of images"):
            score(file, "images", "pool")


def test_weights_that_were_not_kept_or_are_of_another_network_are_said(trained, tmp_path):
    train("--keep-weights=no")
    assert not [name for name in read_arrays("weights.npz") if name.startswith("network.")]
    with pytest.raises(StudyError, match=r"weights\.npz holds no weights"):
        score()
    save_weights("weights.npz", build_network("small-cnn", 3, 3, 0, 5), read_arrays("weights.npz"))
    with pytest.raises(StudyError, match="holds the weights of another network"):
        score()


class Fourier(nn.Module):
    """Features that are drawn when it is built, one of them in a buffer, and weights."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.plain = torch.randn(192, 30)
        self.register_buffer("kept", torch.randn(30), persistent=False)
        self.register_buffer("made", None, persistent=False)
        self.head = nn.Linear(30, classes)

    def forward(self, images):
        self.made = images.mean((1, 2, 3)).detach()
        return self.head(torch.cos(images.flatten(1) @ self.plain + self.kept))


def fourier(channels, classes):
    return Fourier(classes)


def test_what_a_network_draws_beside_its_weights_is_the_same_when_it_scores(trained):
    train("--network=test_scoring:fourier", "--network-settings={}")
    scored = score(array="test_images")
    np.testing.assert_allclose(scored.logits, load_outcomes("outcomes.npz").test_logits, atol=2e-3)


def test_weights_come_back_with_their_last_bit_and_types_numpy_lacks_too(tmp_path):
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    network[0].to(torch.bfloat16)
    save_weights(tmp_path / "weights.npz", network, {"outputs": 2})
    other = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    other[0].to(torch.bfloat16)
    load_weights(tmp_path / "weights.npz", other)
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name


def test_sets_that_say_too_much_or_too_little_are_refused():
    def of(**sets):
        return scored_sets({"scored": sets})

    assert of(train={}, pool={"file": "a.npz", "conditions": "all"}) == {
        "train": ScoredSet(),
        "pool": ScoredSet(file="a.npz", conditions="all"),
    }
    assert scored_sets({}) == {}
    for sets, sentence in (
        ({"test": {}}, r"scored\.test: test images are always scored"),
        ({"train": {"file": "a.npz"}}, r"scored\.train: means the training images and takes no file"),
        ({"pool": {}}, r"scored\.pool: needs a file"),
    ):
        with pytest.raises(StudyError, match=sentence):
            of(**sets)


# The history of recalls


def history_of(dataset, every):
    plan, network = identity_plan(dataset.train_labels, (8, 8, 3)), build_network("small-cnn", 3, 3, 1, 4)
    recipe, told = replace(Recipe.of(QUICK), epochs=5, evaluate_every=every), []
    return train_member(dataset, plan, network, recipe, MemberSeeds(1, 1, 0, 1), CPU, report=told.append)[0], told


def test_recall_of_every_class_is_kept_after_every_evaluated_epoch_and_the_last(tiny_dataset):
    (all_epochs, _), (some, told) = history_of(tiny_dataset, 1), history_of(tiny_dataset, 2)
    assert all_epochs.recalls.shape == (5, 3)
    np.testing.assert_allclose(all_epochs.recalls.mean(1), all_epochs.history[:, 4])
    labels, right = tiny_dataset.test_labels, all_epochs.predictions == tiny_dataset.test_labels
    assert all_epochs.recalls[-1].tolist() == [right[labels == label].mean() for label in range(3)]
    # Evaluating less often changes nothing else.
    np.testing.assert_array_equal(some.test_logits, all_epochs.test_logits)
    np.testing.assert_array_equal(some.history[:, :4], all_epochs.history[:, :4])
    for name in ("history", "recalls"):
        found, expected = (getattr(run, name)[:, 4:] if name == "history" else run.recalls for run in (some, all_epochs))
        np.testing.assert_array_equal(found[[1, 3, 4]], expected[[1, 3, 4]])
        assert np.isnan(found[[0, 2]]).all()
    assert ["  test " in str(progress) for progress in told] == [False, True, False, True, True]


def test_progress_without_a_test_accuracy_prints_none():
    shown = str(Progress(1, 2, 0.5, 0.25, None, 100.0, 3.0))
    assert shown == "epoch 1/2  loss 0.5000  train 25.00%  100 images/s  0:03 left"
