"""Label noise: rules by hand, disjoint threshold samples, planted labels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score

from hbr.analysis.noise import preferred_classes
from hbr.conditions.bases.denoised import plan_denoised
from hbr.conditions.kinds.threshold import plan_threshold
from hbr.conditions.noise import NoiseRule, detection, flag_samples, lowest, rule_of, threshold_margins
from hbr.data.datasets import flip_labels, prepare
from hbr.data.plans import THRESHOLD, check_plan
from hbr.errors import StudyError

SHAPE = (8, 8, 1)


def data_of(classes: int, per_class: int):
    labels = np.tile(np.arange(classes), per_class)
    images = np.zeros((len(labels), *SHAPE), np.uint8)
    return prepare(images, labels, images[:classes], labels[:classes], tuple(map(str, range(classes))))


def test_the_lowest_are_flagged_and_ties_go_to_the_first():
    assert lowest(np.array([3.0, 1, 2, 1, 1]), 2).tolist() == [False, True, False, True, False]
    with pytest.raises(StudyError, match="count is 5, but there are only 5 samples"):
        lowest(np.zeros(5), 5)


def test_rules_by_hand():
    samples = pd.DataFrame({"sample": [0, 1, 2], "class": [0, 1, 0], "hardness": [1.0, -1.0, 2.0], "member_1": 0.0})
    counted, _ = flag_samples(samples, rule_of("count", count=1))
    assert counted["flagged"].tolist() == [False, True, False]
    below, _ = flag_samples(samples, rule_of("below", threshold=1.5))
    assert below["flagged"].tolist() == [True, True, False]
    assert list(below) == ["sample", "class", "aum", "score", "threshold", "flagged"]
    aum = np.array([[0.0, 1.0, 5.0, 2.0], [4.0, 1.0, 0.0, 3.0]])
    extra = np.array([[True, False, False, False], [False, False, True, False]])
    four = pd.DataFrame({"sample": range(4), "class": 0, "hardness": 0.0})
    flagged, limits = flag_samples(four, rule_of("threshold-samples", percentile=99), (aum, extra))
    # Thresholds are 0 in both variants; samples 0 and 2 are judged by the variant in which they bore their own label.
    assert limits.tolist() == [0, 0]
    assert flagged["score"].tolist() == [4.0, 1.0, 5.0, 2.5]
    assert not flagged["flagged"].any()


@pytest.mark.parametrize("keys", [{"method": "count", "count": 3}, {"method": "below", "threshold": -1}])
def test_a_rule_survives_its_text(keys):
    assert NoiseRule.read(rule_of(**keys).text) == rule_of(**keys)
    # 1 and 1.0 are one threshold.
    assert rule_of("below", threshold=1).text == rule_of("below", threshold=1.0).text


def test_the_threshold_is_the_percentile_of_the_threshold_samples():
    aum = np.array([[0.0, 10.0, 4.0, 6.0]])
    extra = np.array([[True, True, False, False]])
    margins, limits = threshold_margins(aum, extra, 50)
    assert limits.tolist() == [5.0]
    # A sample that was a threshold sample in every variant is not judged.
    assert margins.tolist() == [0, 0, -1, 1]


@given(st.integers(2, 6), st.integers(3, 12), st.integers(0, 100))
def test_threshold_samples_of_variants_are_disjoint_and_as_many_as_a_class(classes, per_class, seed):
    labels = np.tile(np.arange(classes), per_class)
    seen = set()
    for variant in (1, 2):
        try:
            plan = plan_threshold(labels, SHAPE, variant, np.random.default_rng(seed))
        except StudyError as error:
            assert "leave a class without samples" in str(error)
            return
        check_plan(plan, labels, "plan")
        chosen = set(np.flatnonzero(plan.origin == THRESHOLD))
        assert len(chosen) == len(labels) // (classes + 1)
        assert not chosen & seen
        seen |= chosen


def test_too_many_variants_are_refused():
    labels = np.tile([0, 1], 9)
    plan_threshold(labels, SHAPE, 3, np.random.default_rng(0))
    with pytest.raises(StudyError, match="2 classes give at most 3 disjoint draws of threshold samples, 4 are asked for"):
        plan_threshold(labels, SHAPE, 4, np.random.default_rng(0))


def test_denoised_plans_leave_out_what_is_flagged_and_no_class():
    labels = np.array([0, 1, 0, 1])
    plan = plan_denoised(labels, SHAPE, np.array([True, False, False, False]), ("a", "b"))
    assert plan.source.tolist() == [1, 2, 3]
    with pytest.raises(StudyError, match="all samples of class 'a' are flagged; write a stricter rule"):
        plan_denoised(labels, SHAPE, labels == 0, ("a", "b"))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_detection_is_precision_and_recall(pairs):
    flagged, planted = (np.array(side) for side in zip(*pairs, strict=True))
    found = detection(flagged, planted)
    if planted.any():
        assert found["recall"] == recall_score(planted, flagged)
        assert found["chance"] == planted.mean()
        if flagged.any():
            assert found["precision"] == precision_score(planted, flagged)
    else:
        assert np.isnan([found["precision"], found["recall"]]).all()


@given(st.integers(2, 7), st.integers(10, 40), st.floats(0.11, 0.5), st.integers(0, 50))
def test_flipped_labels_keep_class_sizes_and_none_its_own(classes, per_class, share, seed):
    data = data_of(classes, per_class)
    flipped = flip_labels(data, share, np.random.default_rng(seed))
    changed = flipped.train_labels != data.train_labels
    np.testing.assert_array_equal(changed, flipped.planted)
    assert changed.sum() == classes * round(share * per_class)
    np.testing.assert_array_equal(np.bincount(flipped.train_labels), np.bincount(data.train_labels))
    again = flip_labels(data, share, np.random.default_rng(seed))
    np.testing.assert_array_equal(again.train_labels, flipped.train_labels)
    assert not data.planted.any()


def test_labels_that_cannot_be_exchanged_are_refused():
    with pytest.raises(StudyError, match="write a larger share"):
        flip_labels(data_of(3, 10), 0.01, np.random.default_rng(0))


def test_the_preferred_class_is_that_of_most_members_and_ties_go_to_the_given_one():
    class Member:
        def __init__(self, classes):
            self.class_evaluated, self.probability_evaluated = np.array(classes, np.int16), np.full(3, 0.5, np.float32)

    table = preferred_classes([Member([1, 2, 0]), Member([1, 0, 2])], np.array([0, 0, 1]), 3)
    # Sample 1 has a vote for its own class 0 and one for 2, sample 2 one for 0 and one for 2.
    assert table["preferred"].tolist() == [1, 0, 0]
    assert table["votes"].tolist() == [2, 1, 1]
