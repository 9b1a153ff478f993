"""Hardness and rules of label noise against what people see: by hand, and against scikit-learn, scipy and pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from hbr.analysis.ground_truth import (
    CLASSES,
    SAMPLES,
    WITHIN,
    Order,
    doubtful_row,
    noise_rows,
    order_rows,
    precision_at,
    share_changes,
)
from hbr.analysis.ground_truth_words import known_noise_shown, missing, noise_shown, order_shown, references_shown
from hbr.analysis.humans import Humans, ceiling, class_table, reliability
from hbr.analysis.margins import margins
from hbr.analysis.rank_agreement import (
    auroc_agreement,
    class_agreement,
    drawn_class_means,
    sample_agreement,
    weighted_auroc,
    weighted_pearson,
    weighted_ranks,
    within,
)
from hbr.analysis.reference_tables import (
    MAJORITY,
    UNANIMOUS,
    Reference,
    not_confirmed,
    reference_row,
    reference_table,
    truths_of,
)
from hbr.data.references import FLIPPED, GIVEN

# Five images: sure, doubted, called otherwise by most, by all, and not judged.
VOTES = np.array([[4, 0, 0], [1, 2, 1], [1, 3, 0], [0, 0, 4], [0, 0, 0]])
FIVE = Humans(VOTES, np.empty((0, 5), int), np.array([0, 1, 0, 0, 1]), np.ones(5, bool))


def test_votes_of_five_images_by_hand():
    assert FIVE.images.tolist() == [0, 1, 2, 3]
    assert FIVE.doubt.tolist() == [0, 0.5, 0.75, 1]
    assert FIVE.otherwise.tolist() == [False, False, True, True]
    assert FIVE.unanimous.tolist() == [False, False, False, True]
    table = class_table(FIVE, ["a", "b"]).set_index("class_name")
    assert table.loc["a", ["images", "doubt", "otherwise"]].tolist() == [3, pytest.approx(1.75 / 3), 2]
    assert table.loc["b", "doubt"] == 0.5 and np.isnan(table.loc["b", "doubt_lower"])


def test_half_of_the_votes_for_another_class_is_no_majority_and_one_vote_agrees_with_nobody():
    humans = Humans(np.array([[2, 2], [0, 1]]), np.empty((0, 2), int), np.zeros(2, int), np.ones(2, bool))
    assert humans.otherwise.tolist() == [False, True] and not humans.unanimous.any()
    assert Humans(VOTES, FIVE.raters, FIVE.labels, np.arange(5) != 3).images.tolist() == [0, 1, 2]


def test_reliability_of_labels_is_that_of_two_people_stepped_up():
    rng = np.random.default_rng(0)
    labels, doubt = np.zeros(4000, int), rng.beta(0.3, 1, 4000)
    raters = (rng.random((3, 4000)) < doubt).astype(int)
    humans = Humans(np.eye(2, dtype=int)[raters].sum(0), raters, labels, np.ones(4000, bool))
    r = np.mean([stats.spearmanr(raters[a], raters[b]).statistic for a, b in ((0, 1), (0, 2), (1, 2))])
    assert reliability(humans, rng) == pytest.approx(3 * r / (1 + 2 * r))
    assert ceiling(0.64) == 0.8 and np.isnan(ceiling(np.nan))


def test_people_who_do_not_agree_are_not_stepped_up():
    labels = np.tile(np.arange(3), 40)
    one = np.where((labels == 0) & (np.arange(120) < 60), 1, labels)
    two = np.where((labels != 0) & (np.arange(120) < 30), 0, labels)
    humans = Humans(np.eye(3, dtype=int)[np.stack([one, two])].sum(0), np.stack([one, two]), labels, np.ones(120, bool))
    assert -1 <= reliability(humans, np.random.default_rng(0), True) < 0
    # The means of two classes agree wholly or not at all.
    kept = labels < 2
    both = Humans(humans.votes[kept], humans.raters[:, kept], labels[kept], np.ones(int(kept.sum()), bool))
    assert np.isnan(reliability(both, np.random.default_rng(0), True))


def test_reliability_of_votes_is_what_as_many_other_people_would_agree():
    rng = np.random.default_rng(1)
    doubt = rng.beta(1, 2, 3000)
    first, second = (np.transpose([40 - wrong, wrong]) for wrong in rng.binomial(40, doubt, (2, 3000)))
    humans = Humans(first, np.empty((0, 3000), int), np.zeros(3000, int), np.ones(3000, bool))
    assert reliability(humans, rng) == pytest.approx(stats.spearmanr(first[:, 1], second[:, 1]).statistic, abs=0.02)
    alone = Humans(np.minimum(first, [0, 1]), humans.raters, humans.labels, humans.known)
    assert np.isnan(reliability(alone, rng))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3)), min_size=4, max_size=30))
@settings(max_examples=50)
def test_weights_are_as_good_as_copies(rows):
    x, y, times = np.array(rows, float).T
    copies = times.astype(int)
    ranks = [weighted_ranks(own, times) for own in (x, y)]
    repeated = [np.repeat(own, copies) for own in (x, y)]
    if copies.sum():
        for own, copied in zip(ranks, repeated, strict=True):
            np.testing.assert_allclose(np.repeat(own, copies), stats.rankdata(copied))
    if copies.sum() > 2 and np.ptp(repeated[0]) and np.ptp(repeated[1]):
        assert weighted_pearson(*ranks, times) == pytest.approx(stats.spearmanr(*repeated).statistic, abs=1e-9)
    truth = y > 3
    if 0 < (copies * truth).sum() < copies.sum():
        expected = roc_auc_score(np.repeat(truth, copies), repeated[0])
        assert weighted_auroc(ranks[0], truth, times) == pytest.approx(expected)


def test_within_classes_is_what_is_left_of_ranks_once_the_class_is_known():
    rng = np.random.default_rng(2)
    labels = np.arange(90) % 3
    x, y = rng.normal(labels, 1, 90), rng.normal(-labels, 1, 90)
    overall, inside = sample_agreement(x[None], y, labels, 0, rng)
    dummies, left = np.eye(3)[labels], []
    for values in (x, y):
        ranks = stats.rankdata(values)
        left.append(ranks - LinearRegression().fit(dummies, ranks).predict(dummies))
    assert overall.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert inside.value == pytest.approx(np.corrcoef(*left)[0, 1])
    means = pd.Series(within(stats.rankdata(x), labels, np.ones(90))).groupby(labels).mean()
    np.testing.assert_allclose(means, 0, atol=1e-9)


def test_intervals_hold_the_value_and_one_member_has_none():
    rng = np.random.default_rng(3)
    doubt = rng.normal(size=300)
    harder = doubt + rng.normal(size=(4, 300))
    overall, _ = sample_agreement(harder, doubt, np.zeros(300, int), 200, rng)
    assert overall.lower < overall.value < overall.upper < overall.lower + 0.3
    auroc = auroc_agreement(harder, doubt > 1, 200, rng)
    assert auroc.value == roc_auc_score(doubt > 1, harder.mean(0)) and auroc.lower < auroc.value < auroc.upper
    assert np.isnan(auroc_agreement(harder[:1], doubt > 1, 200, rng).lower)
    assert np.isnan(auroc_agreement(harder, doubt > 9, 200, rng).value)


def test_noisy_members_leave_the_value_in_its_interval_though_draws_average_over_fewer():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=20_000)
    harder = signal + rng.normal(size=(8, 20_000))
    doubt = signal + 2 * rng.normal(size=20_000)
    found = [*sample_agreement(harder, doubt, np.zeros(20_000, int), 60, rng), auroc_agreement(harder, doubt > 3, 60, rng)]
    classes = drawn_class_means(np.vstack([harder, doubt]), rng.integers(0, 50, 20_000), 50, 60, rng)
    found += class_agreement(classes[:, :-1], classes[:, -1], rng)
    assert [one for one in found if not one.lower < one.value < one.upper <= 1] == []


def test_what_does_not_vary_has_no_order():
    rng = np.random.default_rng(0)
    harder, same = rng.normal(size=(3, 40)), np.zeros(40)
    found = [*sample_agreement(harder, same, np.zeros(40, int), 9, rng)]
    found += class_agreement(rng.normal(size=(10, 3, 4)), np.zeros((10, 4)), rng)
    assert np.isnan([[one.value, one.lower, one.upper] for one in found]).all()


def test_bits_do_not_depend_on_the_number_of_threads():
    rng = np.random.default_rng(0)
    harder, doubt, labels = rng.normal(size=(2, 50_000)), rng.normal(size=50_000), rng.integers(0, 10, 50_000)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            orders = sample_agreement(harder, doubt, labels, 3, np.random.default_rng(1))
            found.append((orders, auroc_agreement(harder, doubt > 1, 3, np.random.default_rng(1))))
    assert found[0] == found[1]


def test_class_means_of_draws_stay_within_their_class():
    values = np.array([[0, 1, 10, 11], [5, 5, 7, 7]])
    means = drawn_class_means(values, np.array([0, 0, 1, 1]), 2, 50, np.random.default_rng(0))
    assert means[0].tolist() == [[0.5, 10.5], [5, 7]]
    assert set(np.unique(means[1:, 0, 0])) == {0, 0.5, 1} and set(np.unique(means[1:, 1])) == {5, 7}


def test_margin_of_the_label():
    assert margins(np.array([[3, 1, 2], [3, 1, 2]], np.float16), np.array([0, 1])).tolist() == [1, -2]


def people(labels, doubt, rng, count=9):
    """Return votes of so many people, who name the next class where they doubt."""
    other = rng.binomial(count, doubt)
    votes = np.zeros((len(labels), labels.max() + 1), int)
    votes[np.arange(len(labels)), labels] = count - other
    votes[np.arange(len(labels)), (labels + 1) % votes.shape[1]] += other
    return Humans(votes, np.empty((0, len(labels)), int), labels, np.ones(len(labels), bool))


def test_orders_against_votes():
    rng = np.random.default_rng(4)
    labels = {"train": np.arange(400) % 4, "test": np.arange(200) % 4}
    doubt = (1 + labels["test"]) / 8 + rng.uniform(0, 0.3, 200)
    humans = people(labels["test"], doubt, rng)
    aum = labels["train"] + rng.normal(size=(3, 400))
    orders = [Order("aum", "train", aum, np.arange(400)), Order("margin", "test", doubt + 0 * doubt[None], np.arange(200))]
    rows = order_rows(humans, "test", orders, labels, 100, 0).set_index(["estimator", "level"])
    assert list(rows.index) == [("aum", CLASSES), ("margin", CLASSES), ("margin", SAMPLES), ("margin", WITHIN)]
    means = [pd.Series(own).groupby(labels[part]).mean() for own, part in ((aum.mean(0), "train"), (humans.doubt, "test"))]
    assert rows.loc[("aum", CLASSES), "correlation"] == pytest.approx(stats.spearmanr(*means).statistic)
    assert rows.loc[("margin", SAMPLES), "correlation"] == pytest.approx(stats.spearmanr(doubt, humans.doubt).statistic)
    # Of drawn classes there are fewer, so that their order is less sure.
    lowest = rows.loc[("aum", CLASSES), ["classes_lower", "lower", "correlation"]]
    assert lowest.is_monotonic_increasing and lowest.iloc[0] < 0.8 and np.isnan(rows.loc[("margin", CLASSES), "lower"])
    assert (rows["members"] == [3, 1, 1, 1]).all() and rows["ceiling"].between(0.5, 1).all()
    again = order_rows(humans, "test", orders, labels, 100, 0).set_index(["estimator", "level"])
    pd.testing.assert_frame_equal(rows, again)


def test_who_finds_what_people_call_mislabelled():
    rng = np.random.default_rng(5)
    truth = np.arange(250) < 30
    harder = truth + rng.normal(size=(2, 300))[:, :250] * 0.4
    order = Order("aum", "train", np.hstack([harder, np.zeros((2, 50))]), np.arange(300))
    score = -harder.mean(0)
    flagged = pd.DataFrame({"sample": np.arange(250), "score": score, "flagged": np.argsort(np.argsort(score)) < 20})
    found = noise_rows(truth, np.arange(250), [order], {"lowest": flagged}, 100, 0).set_index("name")
    assert found.loc["aum", "auroc"] == found.loc["lowest", "auroc"] == roc_auc_score(truth, harder.mean(0))
    hardest = np.argsort(-harder.mean(0), kind="stable")
    assert found.loc["aum", "precision_first"] == truth[hardest[:100]].mean()
    assert found.loc["aum", "precision_as_many"] == truth[hardest[:30]].mean()
    assert found.loc["lowest", "precision"] == truth[hardest[:20]].mean()
    assert found.loc["lowest", "recall"] == truth[hardest[:20]].sum() / 30
    assert (found["chance"] == 0.12).all() and (found["images"] == 250).all()


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_precision_among_ties_is_the_expected_one(order):
    # Of the four hardest one is sure, and three come from six of which two are found.
    harder = np.array([9, 5, 5, 5, 5, 5, 5, 1])[order]
    truth = np.array([True, True, True, False, False, False, False, True])[order]
    assert precision_at(harder, truth, 4) == pytest.approx((1 + 3 * 2 / 6) / 4)
    assert precision_at(harder, truth, 8) == 0.5 and np.isnan(precision_at(harder, truth, 0))


def test_an_image_that_is_drawn_twice_counts_twice_and_made_ones_do_not():
    source, own = np.array([0, 0, 1, 2, 0]), np.array([False] * 4 + [True])
    row = doubtful_row(source, own, np.array([True, False, False]), np.array([True, True, False]))
    assert row == {"examples": 5, "judged": 3, "doubtful": 2, "share": 2 / 3}


def test_changes_of_the_share_are_against_the_control_of_the_same_variants_or_the_training_set():
    names = ["condition", "kind", "label", "reference", "variant", "share"]
    rows = [("baseline", "baseline", "baseline", None, 0, 0.1)]
    rows += [("c", "control", "C", None, 1, 0.02), ("c", "control", "C", None, 2, 0.03)]
    rows += [("a", "resampled", "A", "c", 1, 0.05), ("a", "resampled", "A", "c", 2, 0.08), ("b", "pruned", "B", "c", 3, 0.2)]
    changes = share_changes(pd.DataFrame(rows, columns=names).assign(people="n")).set_index("label")
    half = stats.t.ppf(0.975, 1) * 0.01
    assert changes.loc["A", ["training_set", "before", "variants"]].tolist() == [0.1, 0.025, 2]
    assert changes.loc["A", ["change", "lower", "upper"]].tolist() == pytest.approx([0.04, 0.04 - half, 0.04 + half])
    # The control itself, and what has no control of its variant, stand against the training set.
    assert changes["change"].tolist() == pytest.approx([-0.075, 0.04, 0.1])


def reference(kind, **arrays):
    """Return a prepared reference of the five images."""
    return Reference("r", kind, "test", arrays, FIVE.labels, FIVE.known)


def test_what_references_are_in_words():
    votes = reference("votes", votes=VOTES, raters=FIVE.raters)
    answers = np.array([[3, 2, 0, 0], [2, 2, 1, 0], [1, 1, 0, 0]])
    assert not_confirmed(answers).tolist() == [False, True, True]
    checked = reference("label-errors", samples=np.array([0, 2, 4]), answers=answers)
    networks = reference("predictions", predictions=np.zeros((2, 5), int))
    assert [(truth, wrong.tolist()) for truth, wrong, _ in truths_of(votes)] == [
        (MAJORITY, [False, False, True, True]),
        (UNANIMOUS, [False, False, False, True]),
    ]
    ((_, wrong, images),) = truths_of(checked)
    assert wrong.tolist() == [False, False, True, False, True] and images.tolist() == [0, 1, 2, 3, 4]
    assert not list(truths_of(networks))
    table = reference_table([reference_row(one, 0) for one in (votes, checked, networks)])
    shown = references_shown(table)
    assert shown["most say otherwise"].tolist() == ["2 (50.0 %)", "2 (66.7 %)", ""]
    assert shown["judgements an image"].tolist() == ["4", "2 to 5", "2"]
    assert not shown.astype(str).isin(["nan", "<NA>"]).any().any()
    assert missing(table) == (
        "Not under references are people's votes or labels of training images, which hardness of samples, rules of label "
        "noise and plans are held against."
    )
    assert references_shown(reference_table([])).empty and " nor of training images" in missing(reference_table([]))


def test_images_whose_label_is_not_as_published_are_no_candidates():
    answers = np.array([[0, 2, 0, 0]])
    one = Reference("r", "label-errors", "train", {"samples": np.array([2]), "answers": answers}, FIVE.labels, np.arange(5) > 1)
    ((name, wrong, images),) = truths_of(one)
    assert name == "not confirmed by most" and images.tolist() == [2, 3, 4] and wrong.tolist() == [True, False, False]


def test_tables_in_words_have_no_empty_numbers():
    rng = np.random.default_rng(6)
    labels = {"train": np.arange(60) % 3, "test": np.arange(60) % 3}
    humans = people(labels["train"], rng.uniform(0, 0.6, 60), rng, 3)
    orders = [Order("aum", "train", rng.normal(size=(1, 60)), np.arange(60))]
    order = order_rows(humans, "train", orders, labels, 20, 0).assign(reference="r")
    assert order_shown(order).iloc[0]["over classes, too"] == "no interval"
    noise = noise_rows(humans.otherwise, humans.images, orders, {}, 20, 0).assign(reference="r", truth=MAJORITY)
    assert noise_shown(noise).iloc[0]["flagged"] == ""
    known = known_noise_shown({"a": noise.assign(truth=GIVEN), "b": noise.assign(truth=FLIPPED), "c": noise}, (GIVEN, FLIPPED))
    assert known["data set"].tolist() == ["a", "b"] and known_noise_shown({}, (GIVEN,)).empty
