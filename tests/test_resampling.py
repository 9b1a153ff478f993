import itertools

import numpy as np
import prepare_dataset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbr.conditions import strategies
from hbr.conditions.names import least_classes, least_samples
from hbr.conditions.oversampling import smote
from hbr.conditions.resampling import plan_resampled
from hbr.conditions.strategies import Added, rank_weights
from hbr.data.datasets import prepare, save_dataset
from hbr.data.plans import DUPLICATE, KEPT, SYNTHETIC
from hbr.data.sizes import check_class_sizes
from hbr.errors import StudyError
from hbr.study.studies import check_data

LABELS = np.repeat([0, 1, 2], 20)
IMAGES = np.random.default_rng(3).integers(0, 256, (60, 4, 4, 3), dtype=np.uint8)
DIFFICULTY = np.random.default_rng(4).permutation(60) / 59


NAMED = {"images": IMAGES, "class_names": ("a", "b", "c")}


def plan_of(granted, oversampling="random", undersampling="easy", seed=0, sharpness=1.0):
    everything = NAMED | {"hardness": DIFFICULTY, "sharpness": sharpness}
    rng = np.random.default_rng(seed)
    return plan_resampled(LABELS, (4, 4, 3), np.asarray(granted), oversampling, undersampling, rng, everything)


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


NONE_LIMITED: dict = {"rates": [], "strategies": []}
SMOTE = {"resampling": {"strategies": [{"oversampling": "smote", "undersampling": "easy"}]}, "limited": NONE_LIMITED}


def test_what_smote_needs_is_known_before_anything_is_trained():
    assert least_samples(SMOTE) == 6
    assert least_samples({"resampling": {"strategies": []}, "limited": NONE_LIMITED}) == 1
    # A half of 12 is 6; of 2 one is left at 66 %, as of 1 none.
    assert least_samples({"resampling": {"strategies": []}, "limited": {**SMOTE["resampling"], "rates": [50]}}) == 12
    assert least_samples({"resampling": {"strategies": []}, "limited": {"rates": [33, 66], "strategies": []}}) == 2
    check_class_sizes([6, 30], ["rare", "common"], 6, "data")
    with pytest.raises(StudyError, match=r"^data: .* at least 6 .* fewer of 'rare' \(5\);.*oversampling: random"):
        check_class_sizes([5, 30], ["rare", "common"], 6, "data")
    with pytest.raises(StudyError, match=r"'0' \(1\), .*'4' \(1\) and 2 more;"):
        check_class_sizes([1] * 7, [str(name) for name in range(7)], 6, "data")


def test_a_random_placebo_of_two_classes_is_refused_before_anything_is_trained():
    config = {**SMOTE, "placebos": {"kinds": ["shuffled"]}}
    assert least_classes(config) == 2
    assert least_classes(config | {"placebos": {"kinds": ["shuffled", "random"]}}) == 3
    check_class_sizes([30, 30, 30], ["a", "b", "c"], 6, "data", 3)
    with pytest.raises(StudyError, match=r"^data: .* at least 3 classes, but there are 2: .* write shuffled"):
        check_class_sizes([30, 30], ["a", "b"], 6, "data", 3)


def test_prepared_data_too_few_for_smote_are_refused_when_the_study_is_read(tmp_path):
    config = {"study": "mine", "datasets": {"pictures": {}, "absent": {}}, **SMOTE, "placebos": {"kinds": []}}
    labels = np.array([0] * 5 + [1] * 30)
    path = tmp_path / "results/mine/pictures/dataset.npz"
    path.parent.mkdir(parents=True)
    save_dataset(path, prepare(IMAGES[:35], labels, IMAGES[:35], labels, ("rare", "common")))
    with pytest.raises(
        StudyError, match=r"pictures/dataset\.npz \(delete it where the images have changed .* needs at least 6"
    ):
        check_data(config, tmp_path)
    check_data({**config, "resampling": {"strategies": []}}, tmp_path)
    path.write_bytes(b"damaged")
    check_data(config, tmp_path)


def test_preparing_refuses_data_too_few_for_smote_and_leaves_nothing(tmp_path):
    labels = np.array([0] * 5 + [1] * 30)
    np.savez(tmp_path / "data.npz", train_images=IMAGES[:35], train_labels=labels, test_images=IMAGES[:35], test_labels=labels)
    command = ["--source", "arrays", "--archives", str(tmp_path / "data.npz"), "--output", str(tmp_path / "dataset.npz")]
    arguments = prepare_dataset.parser.parse_args([*command, "--least-samples", "6"])
    arguments.log = tmp_path / "log"
    with pytest.raises(StudyError, match="needs at least 6"):
        prepare_dataset.main(arguments)
    assert not (tmp_path / "dataset.npz").exists()


def test_a_lot_decides_which_of_equally_hard_samples_leave():
    tied = NAMED | {"hardness": np.zeros(60)}
    kept = np.zeros(60)
    for seed in range(200):
        plan = plan_resampled(LABELS, (4, 4, 3), np.array([10, 20, 20]), "none", "easy", np.random.default_rng(seed), tied)
        kept[plan.source] += 1
    assert kept[:20].min() > 70 and kept[:20].max() < 130 and (kept[20:] == 200).all()


def test_equally_hard_samples_are_drawn_alike():
    assert rank_weights(np.zeros(7), "hard").tolist() == pytest.approx([1 / 7] * 7)
    first, *tied, last = rank_weights(np.array([0, 1, 1, 1, 2]), "hard")
    assert first < tied[0] == tied[1] == tied[2] < last


@pytest.mark.parametrize(
    ("side", "wrong"),
    [
        ("oversampling", lambda labels, change, rng: Added(np.array([40]), np.array([2]), DUPLICATE)),
        ("oversampling", lambda labels, change, rng: Added(np.arange(10), np.zeros(10, int), DUPLICATE)),
        ("undersampling", lambda labels, change, rng: np.zeros(10, int)),
        ("undersampling", lambda labels, change, rng: np.arange(20, 30)),
    ],
    ids=["too few", "of another class", "one place often", "another class"],
)
def test_a_strategy_that_gives_other_than_asked_is_refused(monkeypatch, side, wrong):
    real = strategies.strategy_of
    monkeypatch.setattr(strategies, "strategy_of", lambda own, name: wrong if own == side else real(own, name))
    with pytest.raises(StudyError, match=rf"^{side} \w+ was asked for \d+ samples of class \d and gave \d+; it must give"):
        plan_of([10, 20, 30])
