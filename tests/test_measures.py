import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from hbr.analysis.comparisons import compare_runs, pair_runs, summarise
from hbr.analysis.gaps import gap_metrics
from hbr.analysis.metrics import accuracy, class_metrics, confusion_matrix


def test_metrics_by_hand():
    # Rows are true classes. Class 0: TP 8, FN 2, FP 1, TN 9.
    confusion = np.array([[8, 2], [1, 9]])
    found = class_metrics(confusion)
    np.testing.assert_allclose(found["recall"], [0.8, 0.9])
    np.testing.assert_allclose(found["precision"], [8 / 9, 9 / 11])
    np.testing.assert_allclose(found["f1"], [16 / 19, 18 / 21])
    np.testing.assert_allclose(found["mcc"], [(8 * 9 - 1 * 2) / np.sqrt(9 * 10 * 10 * 11)] * 2)
    assert accuracy(confusion) == pytest.approx(0.85)


@given(st.integers(2, 8).flatmap(lambda k: st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1)))
def test_metrics_agree_with_scikit_learn(pairs):
    labels, predictions = np.array(pairs).T
    classes = 8
    confusion = confusion_matrix(labels, predictions, classes)
    everything = list(range(classes))
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(labels, predictions, labels=everything))
    ours = class_metrics(confusion)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(labels, predictions, labels=everything, zero_division=0)
    np.testing.assert_allclose(ours["precision"], precision)
    np.testing.assert_allclose(ours["recall"], recall)
    np.testing.assert_allclose(ours["f1"], f1)
    mcc = [sk.matthews_corrcoef(labels == c, predictions == c) for c in everything]
    np.testing.assert_allclose(ours["mcc"], mcc, atol=1e-9)
    assert accuracy(confusion) == pytest.approx(sk.accuracy_score(labels, predictions))


def test_gaps_by_hand():
    values = np.array([0.9, 0.5, 0.7, 0.8, 0.6])
    hard = np.array([False, True, True, False, False])
    gaps = gap_metrics(values, hard)
    assert gaps["max_min"] == pytest.approx(0.4)
    assert gaps["top_bottom"] == pytest.approx(0.4)
    assert gaps["hard_easy"] == pytest.approx(0.6 - (0.9 + 0.8 + 0.6) / 3)
    assert gaps["std"] == pytest.approx(np.sqrt(0.02))
    assert gaps["mad"] == pytest.approx(0.1)
    assert gaps["mean"] == pytest.approx(0.7)


def test_top_bottom_takes_a_fifth_of_the_classes():
    values = np.arange(10) / 10
    assert gap_metrics(values, values < 0.5)["top_bottom"] == pytest.approx(0.85 - 0.05)


def test_compat_v2_takes_a_tenth_of_100_classes():
    values = np.arange(100) / 100
    # Best and worst 20: .895 and .095; best and worst 10: .945 and .045.
    assert gap_metrics(values, values < 0.5)["top_bottom"] == pytest.approx(0.8)
    assert gap_metrics(values, values < 0.5, compat="v2")["top_bottom"] == pytest.approx(0.9)
    assert gap_metrics(values[:10], values[:10] < 0.05, compat="v2")["top_bottom"] == pytest.approx(0.085 - 0.005)


def test_a_class_with_recall_0_counts_and_no_hard_class_has_no_hard_easy_gap():
    gaps = gap_metrics(np.array([0.0, 1.0]), np.array([False, False]))
    assert gaps["max_min"] == 1
    assert np.isnan(gaps["hard_easy"])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(-0.5, 0.5))
def test_gaps_do_not_move_with_the_mean(values, shift):
    array = np.array(values)
    hard = np.arange(len(array)) % 2 == 0
    before, after = gap_metrics(array, hard), gap_metrics(array + shift, hard)
    for name in ("max_min", "top_bottom", "hard_easy", "std", "mad"):
        assert after[name] == pytest.approx(before[name], abs=1e-9)
    assert mad_of(array) == pytest.approx(before["mad"])


def mad_of(array):
    return stats.median_abs_deviation(array)


def runs(kind, values):
    rows = []
    for (variant, member), value in values.items():
        who = {"dataset": "d", "condition": kind, "variant": variant, "member": member}
        rows.append({**who, "metric": "recall", "value": value})
    return pd.DataFrame(rows)


def compared(values):
    contrasts = pd.DataFrame({"condition": ["resampled"], "reference": ["control"], "family": ["resampling"]})
    return compare_runs(pair_runs(values, contrasts, ["metric"]), ["metric"])


def test_differences_pair_by_seed_and_average_within_variants():
    control = {(1, 1): 0.5, (1, 2): 0.7, (2, 1): 0.6, (2, 2): 0.6}
    treated = {(1, 1): 0.6, (1, 2): 0.8, (2, 1): 0.9, (2, 2): 0.9, (3, 1): 0.0}
    table = compared(pd.concat([runs("control", control), runs("resampled", treated)]))
    assert len(table) == 1
    row = table.iloc[0]
    # Variant means of the differences are 0.1 and 0.3; variant 3 has no partner.
    assert row["difference"] == pytest.approx(0.2)
    assert (row["variants"], row["pairs"]) == (2, 4)
    expected = stats.ttest_1samp([0.1, 0.3], 0).confidence_interval(0.95)
    assert (row["lower"], row["upper"]) == pytest.approx((expected.low, expected.high))


def test_one_variant_has_no_interval():
    both = pd.concat([runs("control", {(1, 1): 0.5, (1, 2): 0.4}), runs("resampled", {(1, 1): 0.6, (1, 2): 0.8})])
    assert np.isnan(compared(both)["lower"].iloc[0])


def test_summary_agrees_with_scipy():
    values = [0.5, 0.6, 0.9]
    table = summarise(runs("baseline", {(0, m): v for m, v in enumerate(values)}), ["metric"])
    expected = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (table["lower"][0], table["upper"][0]) == pytest.approx(expected)
    assert table["n"][0] == 3
