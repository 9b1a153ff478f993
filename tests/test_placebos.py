"""Placebos: ratios as unequal as the true ones, of no class's own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbr.conditions.placebos import placebo_allocation, placebo_ratios
from hbr.errors import StudyError


def ratios_of(values):
    values = np.array(values)
    return values / values.sum()


def fits(ratios):
    return True


shares = st.lists(st.floats(1, 3), min_size=2, max_size=12).map(ratios_of)


@given(shares, st.integers(0, 1000))
def test_shuffled_ratios_are_the_true_ones_of_other_classes(ratios, seed):
    drawn = placebo_ratios(ratios, "shuffled", fits, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(drawn), np.sort(ratios))
    places = np.arange(len(ratios), dtype=float)
    moved = placebo_ratios(places, "shuffled", fits, np.random.default_rng(seed))
    assert (moved != places).all()


@given(shares.filter(lambda ratios: len(ratios) > 2), st.integers(0, 1000))
def test_random_ratios_have_mean_and_spread_of_the_true_ones(ratios, seed):
    drawn = placebo_ratios(ratios, "random", lambda drawn: drawn.min() > 0, np.random.default_rng(seed))
    assert drawn.sum() == pytest.approx(1)
    assert drawn.std() == pytest.approx(ratios.std(), abs=1e-12)
    assert drawn.min() > 0


def test_two_classes_swap_their_ratios():
    assert placebo_ratios(np.array([0.4, 0.6]), "shuffled", fits, np.random.default_rng(0)).tolist() == [0.6, 0.4]


def test_what_no_draw_can_meet_is_refused():
    with pytest.raises(StudyError, match=r"no random ratios as unequal as the true ones .* write a smaller alpha"):
        placebo_ratios(np.array([0.05, 0.05, 0.9]), "random", lambda drawn: drawn.min() > 0.06, np.random.default_rng(0))


def test_random_ratios_of_two_classes_are_refused():
    with pytest.raises(StudyError, match=r"random is no placebo with two classes, half of its draws are the truth"):
        placebo_ratios(np.array([0.4, 0.6]), "random", fits, np.random.default_rng(0))


@pytest.mark.parametrize("kind", ["shuffled", "random"])
def test_placebo_allocations_keep_the_size_and_every_class(kind):
    ratio = ratios_of([4.0, 5, 6, 9])
    true = pd.DataFrame({"class_name": list("abcd"), "samples": 25, "control": 25.0, "ratio": ratio, "group": "easy"})
    for alpha in (0.5, 1, 1.8):
        table = placebo_allocation(true, kind, alpha, "none", np.random.default_rng(0))
        assert table["granted"].sum() == 100
        assert table["granted"].min() >= 1
        np.testing.assert_allclose(table["wanted"], 25 + alpha * (100 * table["ratio"] - 25))
        assert (table["group"] == "hard").sum() == (table["ratio"] > 0.25).sum()


@pytest.mark.parametrize("kind", ["shuffled", "random"])
def test_placebos_of_unequal_classes_leave_none_empty(kind):
    control = np.array([4.0, 40, 60, 80])
    true = pd.DataFrame({"class_name": list("abcd"), "samples": control.astype(int), "control": control})
    true = true.assign(ratio=ratios_of([9.0, 5, 6, 4]), group="easy")
    for seed in range(20):
        table = placebo_allocation(true, kind, 1.5, "none", np.random.default_rng(seed))
        assert table["granted"].sum() == 184
        assert table["granted"].min() >= 1
    mild = placebo_allocation(true.assign(ratio=0.25), "random", 0.5, "none", np.random.default_rng(0))
    assert mild["granted"].tolist() == [4, 40, 60, 80]
