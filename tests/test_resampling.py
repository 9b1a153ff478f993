import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbr.conditions.oversampling import smote
from hbr.conditions.resampling import plan_resampled
from hbr.conditions.strategies import rank_weights
from hbr.data.plans import DUPLICATE, KEPT, SYNTHETIC
from hbr.errors import StudyError

LABELS = np.repeat([0, 1, 2], 20)
IMAGES = np.random.default_rng(3).integers(0, 256, (60, 4, 4, 3), dtype=np.uint8)
DIFFICULTY = np.random.default_rng(4).permutation(60) / 59


NAMED = {"images": IMAGES, "class_names": ("a", "b", "c")}


def plan_of(granted, oversampling="random", undersampling="easy", seed=0, sharpness=1.0):
    everything = NAMED | {"hardness": DIFFICULTY, "sharpness": sharpness}
    given = {need: lambda value=value: value for need, value in everything.items()}
    rng = np.random.default_rng(seed)
    return plan_resampled(LABELS, (4, 4, 3), np.asarray(granted), oversampling, undersampling, rng, given)


def test_kept_samples_stay_in_their_places():
    plan = plan_of([10, 20, 30])
    kept = plan.origin == KEPT
    np.testing.assert_array_equal(plan.source[kept], np.flatnonzero(kept))
    assert len(plan) == 60
    assert (plan.labels[plan.origin == DUPLICATE] == 2).all()


@pytest.mark.parametrize(("undersampling", "end"), [("easy", slice(0, 8)), ("hard", slice(12, 20))])
def test_undersampling_drops_the_named_end(undersampling, end):
    plan = plan_of([12, 20, 28], undersampling=undersampling)
    dropped = set(range(20)) - set(plan.source[plan.labels == 0])
    expected = np.argsort(DIFFICULTY[:20])[end]
    assert dropped == set(expected.tolist())


def test_none_keeps_classes_as_they_are():
    assert plan_of([10, 20, 30], "none", "easy").class_counts(3).tolist() == [10, 20, 20]
    assert plan_of([10, 20, 30], "random", "none").class_counts(3).tolist() == [20, 20, 30]
    assert plan_of([10, 20, 30], "none", "none").class_counts(3).tolist() == [20, 20, 20]


def test_rank_weights_by_hand():
    # n = 3: x = 0, 1/2, 1 from the favoured end.
    raw = np.array([1, 0.5 + 0.5 * (1 - np.exp(-2.5)) / (1 - np.exp(-5)), 0.5])
    np.testing.assert_allclose(rank_weights(np.array([0.1, 0.5, 0.9]), "easy"), raw / raw.sum())
    np.testing.assert_allclose(rank_weights(np.array([0.1, 0.5, 0.9]), "hard"), raw[::-1] / raw.sum())


@given(st.integers(2, 60), st.floats(0, 8), st.sampled_from(["easy", "hard"]))
def test_rank_weights_span_two_to_the_sharpness(n, sharpness, favour):
    weights = rank_weights(np.arange(n), favour, sharpness)
    assert weights.sum() == pytest.approx(1)
    assert weights.max() / weights.min() == pytest.approx(2**sharpness)
    ordered = weights if favour == "hard" else weights[::-1]
    assert (np.diff(ordered) >= -1e-15).all()


def test_hard_oversampling_draws_the_hard_more_often():
    plan = plan_of([10, 10, 3000], "hard", sharpness=4.0)
    drawn = plan.source[(plan.origin == DUPLICATE)]
    observed = np.bincount(drawn, minlength=60)[40:] / len(drawn)
    np.testing.assert_allclose(observed, rank_weights(DIFFICULTY[40:], "hard", 4.0), atol=0.02)


def test_smote_is_imbalanced_learns_own():
    from imblearn.over_sampling import SMOTE

    added = smote.add(LABELS, {1: 5, 2: 9}, np.random.default_rng(7), **NAMED)
    assert added.labels.tolist() == [1] * 5 + [2] * 9
    seed = int(np.random.default_rng(7).integers(2**31))
    flat = IMAGES[LABELS > 0].reshape(40, -1).astype(np.float32)
    theirs, _ = SMOTE(sampling_strategy={1: 25, 2: 29}, k_neighbors=5, random_state=seed).fit_resample(flat, LABELS[LABELS > 0])
    np.testing.assert_array_equal(added.images.reshape(14, -1), np.rint(theirs[40:]).astype(np.uint8))


def test_smote_images_lie_between_images_of_their_class():
    plan = plan_of([10, 20, 30], "smote")
    synthetic = plan.origin == SYNTHETIC
    assert (plan.labels[synthetic] == 2).all()
    assert sorted(plan.source[synthetic]) == list(range(10))
    own = IMAGES[40:].reshape(20, -1).astype(float)
    for image in plan.synthetic.reshape(10, -1).astype(float):
        errors = [
            np.abs(a + t * (b - a) - image).max()
            for a, b in itertools.permutations(own, 2)
            for t in [np.clip((image - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)]
        ]
        assert min(errors) <= 1.5


def test_smote_of_one_class_alone_works_and_too_few_samples_are_refused():
    assert smote.add(LABELS, {0: 3}, np.random.default_rng(0), **NAMED).images.shape == (3, 4, 4, 3)
    few, names = np.array([0] * 5 + [1] * 55), ("rare", "common")
    with pytest.raises(StudyError, match="class 'rare' has 5 samples"):
        smote.add(few, {0: 3}, np.random.default_rng(0), images=IMAGES, class_names=names)
