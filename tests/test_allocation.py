import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hbr.errors import StudyError
from hbr.hardness.allocation import (
    allocate,
    allocation_table,
    largest_alpha,
    largest_remainder,
    resampling_ratios,
    wanted_counts,
)
from hbr.hardness.estimators import HIGH_IS_HARD, LOW_IS_HARD

NAMES = tuple("abcdefghijklmnopqrstuvwxyz")
hardness_lists = st.lists(st.floats(0.05, 50), min_size=2, max_size=20)


def test_ratios_by_hand():
    # 1/1 : 1/2 : 1/4 = 4 : 2 : 1
    np.testing.assert_allclose(resampling_ratios(np.array([1, 2, 4]), LOW_IS_HARD, NAMES), [4 / 7, 2 / 7, 1 / 7])
    np.testing.assert_allclose(resampling_ratios(np.array([1, 2, 5]), HIGH_IS_HARD, NAMES), [1 / 8, 2 / 8, 5 / 8])
    np.testing.assert_allclose(resampling_ratios(np.array([-1, 1]), HIGH_IS_HARD, NAMES, offset=2), [1 / 4, 3 / 4])


def test_allocation_by_hand():
    # N = 100, k = 4, balanced 25; wanted at alpha = 0.5 are 25 + 0.5 (r N - 25).
    ratios = np.array([0.405, 0.3, 0.2, 0.095])
    np.testing.assert_allclose(wanted_counts(ratios, 100, 0.5), [32.75, 27.5, 22.5, 17.25])
    # Floors 32, 27, 22, 17 sum to 98; the two largest remainders are .75, then the first .5.
    assert allocate(ratios, 100, 0.5, NAMES).tolist() == [33, 28, 22, 17]
    assert allocate(ratios, 100, 0.5, NAMES, compat="v1").tolist() == [33, 28, 22, 17]


def test_v1_rounding_drifts_where_largest_remainder_does_not():
    ratios = np.array([0.17, 0.17, 0.17, 0.49])
    assert allocate(ratios, 10, 1, NAMES, compat="v1").sum() == 11
    assert allocate(ratios, 10, 1, NAMES).sum() == 10


@settings(max_examples=200)
@given(hardness_lists, st.integers(200, 60000), st.floats(0, 1), st.sampled_from([LOW_IS_HARD, HIGH_IS_HARD]))
def test_allocation_sums_to_n_and_is_monotone_in_hardness(hardness, total, alpha, direction):
    values = np.array(hardness)
    ratios = resampling_ratios(values, direction, NAMES)
    assume(wanted_counts(ratios, total, alpha).min() >= 1)
    granted = allocate(ratios, total, alpha, NAMES)
    assert granted.sum() == total
    assert (np.abs(granted - wanted_counts(ratios, total, alpha)) < 1).all()
    harder = values if direction == HIGH_IS_HARD else -values
    order = np.argsort(harder, kind="stable")
    assert (np.diff(granted[order]) >= -1).all()
    strictly = np.diff(ratios[order] * total * alpha) > 1
    assert (np.diff(granted[order])[strictly] >= 0).all()


@given(hardness_lists, st.integers(1, 500))
def test_alpha_0_is_balanced(hardness, per_class):
    ratios = resampling_ratios(np.array(hardness), LOW_IS_HARD, NAMES)
    granted = allocate(ratios, per_class * len(hardness), 0, NAMES)
    assert (granted == per_class).all()


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=50), st.integers(1, 60000))
def test_largest_remainder_gives_the_integer_below_or_above(weights, total):
    wanted = np.array(weights) / sum(weights) * total
    rounded = largest_remainder(wanted, total)
    assert rounded.sum() == total
    assert (np.abs(rounded - wanted) < 1 + 1e-6).all()


@given(hardness_lists, st.integers(1000, 60000))
def test_the_largest_alpha_works_and_a_little_more_does_not(hardness, total):
    ratios = resampling_ratios(np.array(hardness), LOW_IS_HARD, NAMES)
    limit = largest_alpha(ratios, total)
    assume(0 < limit < 1e3)
    # One sample is owed at the limit; rounding may keep it there for up to one sample more.
    assert wanted_counts(ratios, total, limit).min() >= 1 - 1e-6
    assert wanted_counts(ratios, total, limit + 2e-4).min() < 1


def test_impossible_alpha_is_refused_with_the_largest_that_works():
    ratios = resampling_ratios(np.array([1.0, 1.0, 10.0]), LOW_IS_HARD, NAMES)
    with pytest.raises(StudyError, match=r"alpha 3 would leave class 'c'.*largest alpha that works here is 1\.1") as error:
        allocate(ratios, 300, 3, NAMES)
    limit = float(str(error.value).rsplit(" ", 1)[1])
    assert allocate(ratios, 300, limit, NAMES).min() >= 1


@pytest.mark.parametrize("worst", [0.0, -0.4])
def test_class_without_positive_hardness_is_refused_by_name(worst):
    with pytest.raises(StudyError, match="class 'b' has hardness"):
        resampling_ratios(np.array([1.0, worst]), LOW_IS_HARD, NAMES)


def test_the_explained_table_says_why():
    classes = pd.DataFrame(
        {"class": [0, 1, 2], "class_name": ["a", "b", "c"], "samples": [30, 30, 30], "hardness": [4.0, 1.0, 2.0]}
    )
    classes["direction"] = LOW_IS_HARD
    table = allocation_table(classes, alpha=1)
    assert table["granted"].sum() == 90
    assert table["group"].tolist() == ["easy", "hard", "easy"]
    assert table["position"].tolist() == [0, 2, 1]
    np.testing.assert_allclose(table["wanted"], [90 / 7, 360 / 7, 180 / 7])
    assert (table["change"] == table["granted"] - 30).all()
