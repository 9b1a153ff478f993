"""What is recorded of every example, held against plain Python; augmentation, held against cropping the padded picture."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hbr.data.files import read_arrays, write_arrays
from hbr.errors import StudyError
from hbr.hardness.estimators import estimator_of, forgetting, instance_scores
from hbr.training.augmentation import ImageBank
from hbr.training.dynamics import load_dynamics, save_dynamics
from hbr.training.recorder import Recorder, margins_to_half, sample_scores

CPU = torch.device("cpu")


def plain_scores(logits, label):
    """Return margin, p(label), EL2N and loss of one sample, term by term in double precision."""
    largest = max(logits)
    weights = [math.exp(logit - largest) for logit in logits]
    total = math.fsum(weights)
    probabilities = [weight / total for weight in weights]
    margin = logits[label] - max(logit for place, logit in enumerate(logits) if place != label)
    others = math.fsum(weight for place, weight in enumerate(weights) if place != label) / total
    squares = [p * p for place, p in enumerate(probabilities) if place != label]
    el2n = math.sqrt(others * others + math.fsum(squares))
    return margin, probabilities[label], el2n, math.log(total) - (logits[label] - largest)


def float32(value):
    return float(np.float32(value))


# Few distinct values make ties; large ones overflow a careless softmax.
LOGIT = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 3.5]), st.floats(-30, 30).map(float32), st.floats(-1e4, 1e4).map(float32))


@st.composite
def batches(draw):
    classes = draw(st.integers(2, 12))
    rows = draw(st.lists(st.lists(LOGIT, min_size=classes, max_size=classes), min_size=1, max_size=20))
    return rows, [draw(st.integers(0, classes - 1)) for _ in rows]


@given(batches())
@settings(max_examples=300, deadline=None)
def test_scores_are_those_of_a_plain_loop(batch):
    rows, labels = batch
    found = sample_scores(torch.tensor(rows), torch.tensor(labels)).double().numpy().T
    expected = np.array([plain_scores(row, label) for row, label in zip(rows, labels, strict=True)])
    # A difference of two float32 numbers is rounded once.
    np.testing.assert_array_equal(found[:, 0].astype(np.float32), expected[:, 0].astype(np.float32))
    np.testing.assert_allclose(found[:, 1:], expected[:, 1:], rtol=2e-5, atol=2e-6)


def test_scores_do_not_change_the_logits_they_are_given():
    for logits in (torch.randn(6, 4), torch.randn(6, 4).bfloat16(), torch.randn(1, 4), torch.randn(4, 6).t()):
        before = logits.clone()
        sample_scores(logits, torch.zeros(len(logits), dtype=torch.int64))
        assert torch.equal(logits, before)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_ties_have_margin_zero_and_uniform_logits_their_own_scores(classes):
    margin, probability, el2n, loss = sample_scores(torch.full((3, classes), 7.0), torch.tensor([0, 1, classes - 1]))
    assert margin.tolist() == [0, 0, 0]
    np.testing.assert_allclose(probability, 1 / classes, rtol=1e-6)
    np.testing.assert_allclose(el2n, math.sqrt((1 - 1 / classes) ** 2 + (classes - 1) / classes**2), rtol=1e-6)
    np.testing.assert_allclose(loss, math.log(classes), rtol=1e-6)


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
def test_batches_that_wait_are_recorded_as_if_scored_at_once(size, monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr("hbr.training.recorder._EXAMPLES_AT_ONCE", 20)
    examples, labels = 150, torch.randint(6, (150,))
    recorder, logits = Recorder(examples, 2, 1, keep_epochs=True, device=CPU), 5 * torch.randn(2, examples, 6)
    for epoch in range(2):
        recorder.start_epoch()
        for positions in torch.randperm(examples).split(size):
            recorder.update(epoch, logits[epoch, positions], labels[positions], positions)
        expected = sample_scores(logits[epoch], labels)
        loss, accuracy = recorder.epoch_summary()
        assert loss == pytest.approx(expected[3].double().mean().item(), rel=1e-6)
        assert accuracy == (expected[0] > 0).double().mean().item()
    dynamics = recorder.finish()
    both = torch.stack([sample_scores(logits[epoch], labels) for epoch in range(2)])
    np.testing.assert_array_equal(dynamics.margin, both[:, 0].half())
    np.testing.assert_array_equal(dynamics.el2n, both[:, 2].half())
    np.testing.assert_array_equal(dynamics.loss, both[:, 3].half())
    np.testing.assert_allclose(dynamics.loss_sum, both[:, 3].sum(0), rtol=1e-6)


def test_right_and_wrong_outlive_rounding_as_forgetting_counts_them():
    # Margins that float16 would call 0, that is wrong, though they are right; a tie stays one.
    margins = torch.tensor([1e-9, -1e-9, 0.0, 1e-30, 3.0, -1e6, 2e-7])
    kept = margins_to_half(margins)
    assert kept.sign().tolist() == margins.sign().tolist()
    assert kept[4:6].tolist() == [3, -65504]
    assert kept[6] == margins[6].half()
    recorder = Recorder(1, 4, 1, keep_epochs=True, device=CPU)
    for epoch, margin in enumerate((1e-9, -1.0, 1e-9, -1.0)):
        recorder.update(epoch, torch.tensor([[margin, 0.0]]), torch.tensor([0]), torch.tensor([0]))
    assert forgetting(recorder.finish(), estimator_of("forgetting")).tolist() == [2]


def test_easy_samples_keep_their_order_though_their_probability_is_nearly_one():
    # From 0.9998 on all probabilities are 1 as float16.
    logits = torch.linspace(8.8, 10.7, 20)[:, None] * torch.tensor([[1.0, 0.0]])
    recorder = Recorder(20, 2, 1, keep_epochs=True, device=CPU)
    for epoch in range(2):
        recorder.update(epoch, logits * (1 + epoch), torch.zeros(20, dtype=torch.int64), torch.arange(20))
    dynamics = recorder.finish()
    assert len(np.unique(dynamics.probability.astype(np.float16))) == 1
    exact = torch.sigmoid(logits[:, 0].double())
    np.testing.assert_allclose(dynamics.probability[0], exact, rtol=1e-6)
    for method, sign in (("confidence", 1), ("loss", -1), ("data_iq", -1), ("variability", -1)):
        window = estimator_of(method, first_epoch=1, last_epoch=1 if method != "variability" else 2)
        assert (np.diff(instance_scores(dynamics, window)) * sign > 0).all(), method


def test_dynamics_of_earlier_versions_have_the_probability_they_kept(tmp_path):
    probability = np.array([[0.25, 0.9995, 6e-8, 0.0]], np.float16)
    recorder = Recorder(4, 1, 1, keep_epochs=True, device=CPU)
    recorder.update(0, torch.eye(4), torch.arange(4), torch.arange(4))
    save_dynamics(tmp_path / "now.npz", recorder.finish())
    arrays = dict(read_arrays(tmp_path / "now.npz"))
    del arrays["loss"]
    write_arrays(tmp_path / "then.npz", **arrays, probability=probability)
    dynamics = load_dynamics(tmp_path / "then.npz")
    np.testing.assert_array_equal(dynamics.probability[:, :3], probability[:, :3])
    assert dynamics.probability[0, 3] < 1e-7
    assert np.isfinite(dynamics.loss).all()


@pytest.mark.parametrize(("epochs", "positions"), [(3, [0, 1, 2]), (2, [0, 1, 1]), (2, [0, 1])])
def test_a_record_with_holes_or_repeats_is_refused(epochs, positions):
    recorder = Recorder(3, epochs, 1, keep_epochs=False, device=CPU)
    for epoch in range(2):
        recorder.update(
            epoch, torch.zeros(len(positions), 2), torch.zeros(len(positions), dtype=torch.int64), torch.tensor(positions)
        )
    with pytest.raises(
        StudyError, match=rf"of 3 examples were not recorded once in each of the {epochs} epochs, such as number "
    ):
        recorder.finish()


def test_el2n_that_was_never_evaluated_is_no_score():
    recorder = Recorder(3, 1, 1, keep_epochs=False, device=CPU)
    recorder.update(0, torch.eye(3), torch.arange(3), torch.arange(3))
    with pytest.raises(StudyError, match="estimator el2n gave a score that is not finite"):
        instance_scores(recorder.finish(), estimator_of("el2n"))


def test_a_recorder_goes_on_from_the_state_of_another():
    torch.manual_seed(0)
    logits, labels = torch.randn(40, 3), torch.randint(3, (40,))
    parts = torch.randperm(40).split(8)
    whole, first, second = (Recorder(40, 1, 1, keep_epochs=True, device=CPU) for _ in range(3))
    for recorder in (whole, first):
        for positions in parts[:3]:
            recorder.update(0, logits[positions], labels[positions], positions)
    second.restore(first.state())
    for recorder in (whole, second):
        for positions in parts[3:]:
            recorder.update(0, logits[positions], labels[positions], positions)
    assert whole.epoch_summary() == second.epoch_summary()
    for name, values in vars(whole.finish()).items():
        np.testing.assert_array_equal(getattr(second.finish(), name), values, err_msg=name)


@given(
    st.integers(0, 2**32 - 1), st.sampled_from([1, 3]), st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.booleans()
)
@settings(max_examples=60, deadline=None)
def test_augmentation_has_the_very_pixels_of_a_crop_of_the_padded_picture(seed, channels, padding, height, width, flip):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (5, height, width, channels), dtype=np.uint8)
    mean, std = (rng.uniform(0.2, 0.8, channels).astype(np.float32) for _ in range(2))
    bank = ImageBank(torch.from_numpy(images), torch.from_numpy(mean), torch.from_numpy(std), padding, CPU)
    index, offsets = rng.integers(0, 5, 12), rng.integers(0, 2 * padding + 1, (12, 2))
    flips = rng.random(12) < 0.5
    found = bank.batch(*map(torch.from_numpy, (index, offsets)), torch.from_numpy(flips) if flip else None)
    padded = np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    scale, shift = np.float32(1) / (np.float32(255) * std), mean / std
    for row, (place, (top, left)) in enumerate(zip(index, offsets, strict=True)):
        crop = padded[place, top : top + height, left : left + width]
        crop = crop[:, ::-1] if flip and flips[row] else crop
        np.testing.assert_array_equal(found[row].permute(1, 2, 0), crop.astype(np.float32) * scale - shift)
