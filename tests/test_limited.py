"""Limited data: what random pruning leaves, and real samples that come back, by hand and in general."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hbr.analysis.limited import limited_summary, source_table
from hbr.conditions.bases.random import plan_random
from hbr.conditions.kind import Draw, make_plan
from hbr.data.datasets import prepare, save_dataset
from hbr.data.files import write_table
from hbr.data.plans import HOLDOUT, KEPT, check_plan
from hbr.errors import StudyError
from hbr.hardness.allocation import allocation_table, counts_of_v2, largest_alpha_within

NAMES = ("ant", "bee", "cat")
LABELS = np.repeat(np.arange(3), 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 4, 4, 3), dtype=np.uint8)


@pytest.fixture
def results(tmp_path):
    """Return a folder with the data and two allocations: shares of 1/4, 1/4 and 1/2, and of 1/8, 1/8 and 3/4."""
    save_dataset(tmp_path / "dataset.npz", prepare(IMAGES, LABELS, IMAGES, LABELS, NAMES))
    classes = pd.DataFrame({"class": range(3), "class_name": NAMES, "samples": 8, "direction": "high-is-hard"})
    for name, hardness in (("mild", [1.0, 1, 2]), ("steep", [1.0, 1, 6])):
        write_table(tmp_path / f"{name}.csv", allocation_table(classes.assign(hardness=hardness), 1.0))
    samples = {"sample": np.arange(24), "class": LABELS, "difficulty_rank": np.arange(24) / 23}
    write_table(tmp_path / "samples.parquet", pd.DataFrame(samples))
    return tmp_path


def planned(results, rate: int = 50, allocation: str = "mild", over: str = "holdout", variant: int = 1):
    files = {"allocation": results / f"{allocation}.csv", "samples": results / "samples.parquet"}
    draw = Draw.of(results / "dataset.npz", variant=variant, key=(0, "d"), files=files)
    strategy = {"oversampling": over, "undersampling": "easy"}
    return make_plan(draw, "limited", "random", str(rate), strategy), make_plan(draw, "baseline", "random", str(rate), {})


def test_three_classes_by_hand(results):
    plan, base = planned(results)
    # Of 8 each 4 are left, 12 in all: 3, 3 and 6 at alpha 1.
    assert base.class_counts(3).tolist() == [4, 4, 4]
    assert plan.class_counts(3).tolist() == [3, 3, 6]
    held = plan.source[plan.origin == HOLDOUT]
    # Two cats that were pruned come back, once each, in the places of the ant and the bee that leave: the easiest.
    assert len(set(held)) == 2
    assert set(held) <= set(range(16, 24)) - set(base.source)
    assert sorted(set(base.source) - set(plan.source)) == [base.source[0], base.source[4]]
    assert np.flatnonzero(plan.origin == HOLDOUT).tolist() == [0, 4]
    assert (plan.source[plan.origin == KEPT] == np.delete(base.source, [0, 4])).all()
    copies, same_base = planned(results, over="random")
    # All else is alike, so that the two are compared in pairs.
    np.testing.assert_array_equal(base.source, same_base.source)
    np.testing.assert_array_equal(copies.source[copies.origin == KEPT], plan.source[plan.origin == KEPT])
    assert set(planned(results, variant=2)[1].source) != set(base.source)


def test_a_class_that_needs_more_than_was_left_out_is_refused_with_the_largest_alpha_that_works(results):
    # 9 of 12 are owed to cats, of whom there are 4, and 4 more: 4 + alpha (9 - 4) = 8 at alpha 0.8.
    message = (
        "class 'cat' needs 5 samples beside its 4, but the base left out 4 of it, enough for 2 times: write a "
        "smaller alpha, a higher rate, or random; the largest alpha that works is 0.8"
    )
    with pytest.raises(StudyError) as refused:
        planned(results, allocation="steep")
    assert str(refused.value) == message
    # Where 6 of 8 are pruned, 4 times as much is there of what is left.
    assert planned(results, 75, "steep")[0].class_counts(3).tolist() == [1, 1, 4]


def test_compat_v2_reaches_what_is_left(results):
    columns = {"class": range(3), "class_name": NAMES, "samples": 8, "hardness": [1.0, 1, 2], "direction": "high-is-hard"}
    write_table(results / "half.csv", allocation_table(pd.DataFrame(columns), 0.5, compat="v2"))
    # Any alpha below 1 acts as 1: 3, 3 and 6 of the 12 that are left.
    assert planned(results, allocation="half")[0].class_counts(3).tolist() == [3, 3, 6]
    write_table(results / "half.csv", allocation_table(pd.DataFrame(columns | {"hardness": [1.0, 1, 6]}), 0.5, compat="v2"))
    # At 0.8 it would be enough, but there is no 0.8.
    with pytest.raises(StudyError, match=r"needs 5 samples .*; no alpha works$"):
        planned(results, allocation="half")


def test_the_largest_alpha_of_compat_v2_stretches_from_the_mean():
    ratios, control = np.array([0.25, 0.25, 0.5]), np.full(3, 20.0)
    # 30 of 60 are owed, 10 more than the mean of 20: floor(10 alpha) may be 12 and no more, hence alpha below 1.3.
    assert largest_alpha_within(ratios, control, np.array([20.0, 20, 32]), "v2") == 1.2999
    assert counts_of_v2(ratios, control, 1.2999).tolist() == [14, 14, 32]
    assert counts_of_v2(ratios, control, 1.3).tolist() == [14, 14, 33]


@example([1.875, 1.6875, 3.5625], 27)
@given(st.lists(st.floats(0.1, 5), min_size=3, max_size=6), st.integers(0, 60))
def test_no_class_is_granted_more_than_there_is_at_the_largest_alpha_of_compat_v2(hardness, more):
    ratios, control = np.array(hardness) / sum(hardness), np.full(len(hardness), 50.0)
    alpha = largest_alpha_within(ratios, control, control + more, "v2")
    if alpha < np.inf:
        assert not alpha or counts_of_v2(ratios, control, alpha).max() <= 50 + more
        # A little more than the next alpha of four digits, which a sum of floats may miss.
        assert counts_of_v2(ratios, control, alpha + 1.01e-4 if alpha else 1).max() > 50 + more


def test_a_rate_that_empties_a_class_is_refused_by_name():
    labels = np.array([0] * 20 + [1] * 2)
    with pytest.raises(StudyError, match=r"^limited.rates: 80 % leaves none of the 2 samples of class 'bee'; write a smaller"):
        plan_random(labels, (4, 4, 3), 80, NAMES[:2], np.random.default_rng(0))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(4, 40), min_size=2, max_size=5), st.integers(1, 85), st.integers(1, 85), st.integers(0, 99))
def test_a_higher_rate_prunes_what_a_lower_one_does_and_more(sizes, one, other, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    names = tuple(map(str, range(len(sizes))))
    low, high = (plan_random(labels, (4, 4, 3), rate, names, np.random.default_rng(seed)) for rate in sorted((one, other)))
    check_plan(low, labels, "plan")
    assert set(high.source) <= set(low.source)
    assert (np.diff(low.source) > 0).all()
    counts = low.class_counts(len(sizes))
    assert np.abs(counts - (1 - min(one, other) / 100) * np.array(sizes)).max() <= 0.5 + 1e-9
    assert len(set(counts)) <= len(set(sizes))


def test_how_much_hardness_of_the_base_differs_by_hand():
    full = pd.DataFrame({"ratio": [0.25, 0.35, 0.4], "control": [60, 60, 60]})
    # The second variant turns the order of the last two classes round: Spearman's rho is 1/2.
    own = [full.assign(ratio=[0.24, 0.36, 0.4]), full.assign(ratio=[0.25, 0.4, 0.35])]
    (row,) = source_table(full, {"random-50": own}).to_dict("records")
    assert (row["base"], row["variants"], row["rank correlation"]) == ("random-50", 2, "0.75")
    # Changes of 3, 3, 0, 0, 15 and 15 percent of what each of three equal classes has.
    assert (row["mean change (%)"], row["largest change (%)"]) == ("6.0", "15.0")


def test_classes_of_unequal_size_change_by_what_they_are_owed():
    full = pd.DataFrame({"ratio": [0.6, 0.4], "control": [900.0, 100]})
    (row,) = source_table(full, {"random-50": [full.assign(ratio=[0.55, 0.45])]}).to_dict("records")
    # Owed are 1000 x 540 / 580 = 931.0 and 69.0, and 1000 x 495 / 540 = 916.7 and 83.3: 1.6 of 900 and 14.4 of 100.
    assert (row["mean change (%)"], row["largest change (%)"]) == ("8.0", "14.4")


@pytest.mark.parametrize(("balance", "counts"), [("equal", [15, 15]), ("keep", [10, 20])])
def test_the_control_of_a_base_keeps_its_size_and_balance(tmp_path, balance, counts):
    labels = np.repeat([0, 1], [20, 40])
    images = np.random.default_rng(0).integers(0, 256, (60, 4, 4, 1)).astype(np.uint8)
    save_dataset(tmp_path / "dataset.npz", prepare(images, labels, images[[0, -1]], labels[[0, -1]], ("ant", "bee")))
    classes = pd.DataFrame({"class": [0, 1], "class_name": ["ant", "bee"], "samples": [20, 40], "hardness": 1.0})
    write_table(tmp_path / "alpha0.csv", allocation_table(classes.assign(direction="low-is-hard"), 0.0, balance=balance))
    draw = Draw.of(tmp_path / "dataset.npz", variant=1, key=(0, "d"), files={"allocation": tmp_path / "alpha0.csv"})
    plan = make_plan(draw, "control", "random", "50", {"oversampling": "random", "undersampling": "random"})
    assert plan.class_counts(2).tolist() == counts


def test_lines_are_strategies_and_the_control_of_each_rate():
    rows = []
    for rate in (33, 50):
        for source in ("full", "base"):
            parts = {"kind": "limited", "method": source, "oversampling": "holdout", "undersampling": "easy", "alpha": 1.0}
            parts["pool"] = np.nan
            rows.append({**parts, "condition": f"limited-{source}-{rate}", "reference": f"control-{rate}", "rate": rate})
        rows.append({"kind": "control", "condition": f"control-{rate}"})
    rows.append({"kind": "control", "condition": "control"})
    gaps = pd.DataFrame(rows).merge(pd.DataFrame({"variant": [1, 1, 2], "value": [0.1, 0.3, 0.4]}), how="cross")
    table = limited_summary(gaps.assign(metric="recall", gap="max_min")).set_index(["line", "rate"])
    lines = ("no resampling", "holdout / easy", "holdout / easy, own hardness")
    assert set(table.index) == {(line, rate) for line in lines for rate in (33, 50)}
    two = gaps[gaps["method"] == "full"].assign(metric="recall", gap="max_min")
    two["pool"] = np.where(two["rate"] == 33, "one", "two")
    assert {"holdout of one / easy", "holdout of two / easy"} <= set(limited_summary(two)["line"])
    # Members are averaged within a variant first.
    assert table["mean"].to_numpy() == pytest.approx(np.full(6, 0.3))
    assert (table["variants"] == 2).all()
