import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbr.conditions.kinds.pruned import CLASS, DATASET, plan_pruned, pruned_samples
from hbr.data.plans import check_plan
from hbr.errors import StudyError

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
RNG = np.random.default_rng(0)
DIFFICULTY = np.array([0.1, 0.2, 0.3, 0.9, 0.4, 0.5, 0.6, 0.7])


def test_by_hand():
    assert pruned_samples(LABELS, DIFFICULTY, DATASET, 0.5, RNG).tolist() == [0, 1, 2, 4]
    assert pruned_samples(LABELS, DIFFICULTY, CLASS, 0.5, RNG).tolist() == [0, 1, 4, 5]
    plan = plan_pruned(LABELS, (8, 8, 3), DIFFICULTY, DATASET, 0.5, ("a", "b"), RNG)
    assert plan.source.tolist() == [3, 5, 6, 7]
    assert plan.labels.tolist() == [0, 1, 1, 1]


def test_an_emptied_class_is_refused_by_name():
    with pytest.raises(StudyError, match="leaves class 'a' without samples"):
        plan_pruned(LABELS, (8, 8, 3), np.arange(8.0), DATASET, 0.5, ("a", "b"), RNG)


@given(
    st.integers(2, 5),
    st.integers(2, 30),
    st.floats(0.01, 0.9),
    st.integers(0, 2**32 - 1),
)
def test_both_methods_remove_the_same_number_of_the_easiest(classes, per_class, rate, seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(classes), per_class))
    difficulty = rng.random(len(labels))
    for method in (DATASET, CLASS):
        removed = pruned_samples(labels, difficulty, method, rate, rng)
        assert len(removed) == len(set(removed.tolist())) == round(rate * len(labels))
        groups = [np.arange(len(labels))] if method == DATASET else [np.flatnonzero(labels == c) for c in range(classes)]
        for group in groups:
            gone = np.isin(group, removed)
            if gone.any() and not gone.all():
                assert difficulty[group[gone]].max() < difficulty[group[~gone]].min()
    counts = np.bincount(labels[pruned_samples(labels, difficulty, CLASS, rate, rng)], minlength=classes)
    assert counts.max() - counts.min() <= 1


def test_plans_fit_the_data_and_keep_the_order():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    plan = plan_pruned(labels, (8, 8, 1), rng.random(60), CLASS, 0.3, ("a", "b", "c"), rng)
    check_plan(plan, labels, "plan")
    assert (np.diff(plan.source) > 0).all()
    assert len(plan) == 42


def test_a_lot_decides_between_samples_of_equal_difficulty():
    # In the order of classes, as folders are read, the first class alone would go.
    labels, difficulty = np.repeat([0, 1], 50), np.zeros(100)
    gone = [np.bincount(labels[pruned_samples(labels, difficulty, DATASET, 0.4, np.random.default_rng(i))]) for i in range(400)]
    assert np.mean(gone, axis=0) == pytest.approx([20, 20], abs=0.5)
    once, again = (pruned_samples(labels, difficulty, DATASET, 0.4, np.random.default_rng(5)) for _ in range(2))
    assert once.tolist() == again.tolist()
    sure = np.where(np.arange(100) < 90, 1.0, 0.0)
    assert set(range(90, 100)) <= set(pruned_samples(labels, sure, DATASET, 0.4, RNG))
