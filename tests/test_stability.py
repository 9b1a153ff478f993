"""Robustness of hardness: pruned sets, ensembles, stability, agreement of estimators, uncertainty."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import jaccard_score

from hbr.analysis.figures import agreement as agreement_figures
from hbr.analysis.figures import stability as stability_figures
from hbr.analysis.figures.style import use_style
from hbr.conditions.kinds.pruned import pruned_samples
from hbr.data.files import read_table, write_table
from hbr.hardness.agreement import agreement_tables, comparison_tables
from hbr.hardness.allocation import ratios_of_rows, resampling_ratios
from hbr.hardness.classes import class_means, class_table, sample_table
from hbr.hardness.ensembles import DISJOINT, NESTED, Pair, ensemble_pairs
from hbr.hardness.estimators import HIGH_IS_HARD, LOW_IS_HARD
from hbr.hardness.overlap import (
    RATES_PERCENT,
    beyond_chance,
    chance_in_common,
    drawn_by_lot,
    in_common,
    jaccard_of,
    pruned_share,
)
from hbr.hardness.ranks import rank_correlations, resampled_correlations
from hbr.hardness.stability import (
    allocation_stability,
    members_enough,
    pruning_stability,
    rank_stability,
    stability_tables,
    table_of,
)
from hbr.hardness.uncertainty import above_zero, member_weights, middle, uncertainty_table

NAMES = ("a", "b", "c", "d")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ensemble(members: int = 8, samples: int = 120, noise: float = 0.3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of members that see the same hardness through independent noise, and labels."""
    labels = np.arange(samples) % len(NAMES)
    truth = 4 + labels + rng(seed).normal(size=samples)
    return truth + noise * rng(seed + 1).normal(size=(members, samples)), labels


# Pruned sets


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.integers(10, 60), elements=st.floats(-9, 9), unique=True))
def test_without_ties_the_pruned_set_is_the_one_that_pruning_removes(difficulty):
    share = pruned_share(difficulty)
    for row, rate in zip(share, RATES_PERCENT, strict=True):
        removed = pruned_samples(np.zeros(len(difficulty), int), difficulty, "dataset", rate / 100, rng(0))
        # Of few samples at least one is compared.
        assert set(np.flatnonzero(row == 1)) == set(removed) or not len(removed)
    assert (drawn_by_lot(share) == 0).all()


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, st.integers(10, 60), elements=st.integers(0, 3)))
def test_ties_share_the_places_that_are_left(difficulty):
    share = pruned_share(difficulty)
    wanted = np.maximum(1, [round(rate / 100 * len(difficulty)) for rate in RATES_PERCENT])
    np.testing.assert_allclose(share.sum(1), wanted)
    for row in share:
        assert [len({row[i] for i in np.flatnonzero(difficulty == value)}) for value in np.unique(difficulty)] == [
            1 for _ in np.unique(difficulty)
        ]
        by_hardness = row[np.argsort(difficulty, kind="stable")]
        assert (np.diff(by_hardness) <= 0).all()


def test_pruned_share_by_hand():
    share = pruned_share(np.array([0, 1, 1, 1, 2, 3, 4, 5, 6, 7]))
    np.testing.assert_allclose(share[1], [1, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(share[4], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(drawn_by_lot(share)[:4], [0, 1 / 2, 2 / 3, 0])


def test_common_and_jaccard_agree_with_scikit_learn():
    first, second = rng().normal(size=(2, 200))
    one, other = pruned_share(first), pruned_share(second)
    expected = [jaccard_score(a == 1, b == 1) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(jaccard_of(in_common(one, other)), expected)


def test_the_expected_overlap_of_ties_is_the_mean_of_lots():
    first, second = rng().integers(0, 3, (2, 40))
    draws = []
    for seed in range(4000):
        lots = rng(seed).random((2, 40))
        sets = [np.lexsort((lot, own))[:12] for lot, own in zip(lots, (first, second), strict=True)]
        draws.append(len(np.intersect1d(*sets)) / 12)
    assert in_common(pruned_share(first), pruned_share(second))[2] == pytest.approx(np.mean(draws), abs=4 * stats.sem(draws))


def test_chance_is_what_sets_drawn_at_random_give():
    common = np.array([in_common(*map(pruned_share, rng(seed).random((2, 500)))) for seed in range(300)])
    chance = chance_in_common(500)
    np.testing.assert_allclose(chance, np.arange(0.1, 1, 0.1))
    np.testing.assert_allclose(common.mean(0), chance, atol=0.006)
    np.testing.assert_allclose(jaccard_of(common).mean(0), jaccard_of(chance), atol=0.006)
    np.testing.assert_allclose(beyond_chance(common, chance).mean(0), 0, atol=0.02)
    np.testing.assert_allclose(jaccard_of(np.array([0.1, 0.5, 0.9])), [0.1 / 1.9, 1 / 3, 0.9 / 1.1])


def test_an_estimator_that_knows_nothing_agrees_by_chance_alone():
    share = pruned_share(np.zeros(50))
    np.testing.assert_allclose(beyond_chance(in_common(share, share), chance_in_common(50)), 0, atol=1e-12)


# Ensembles


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), st.integers(1, 6), st.integers(0, 99))
def test_pairs_are_nested_or_share_no_member(members, partitions, seed):
    pairs = ensemble_pairs(members, partitions, rng(seed))
    assert len(set(pairs)) == len(pairs)
    for pair in pairs:
        one, other = set(pair.first), set(pair.second)
        assert len(one) == pair.size == len(pair.first)
        if pair.way == NESTED:
            assert one < other
            assert len(other) == pair.size + 1
        else:
            assert not one & other
            assert len(other) == pair.size
        assert one | other <= set(range(members))
    sizes = {way: {pair.size for pair in pairs if pair.way == way} for way in (NESTED, DISJOINT)}
    assert sizes == {NESTED: set(range(1, members)), DISJOINT: set(range(1, members // 2 + 1))}


def test_the_members_own_order_is_among_the_nested_ones():
    pairs = ensemble_pairs(5, 1, rng())
    assert [pair.second for pair in pairs if pair.way == NESTED] == [(0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4)]


def test_a_division_uses_no_member_twice():
    pairs = [pair for pair in ensemble_pairs(20, 1, rng()) if pair.way == DISJOINT]
    for size in range(1, 11):
        used = [member for pair in pairs if pair.size == size for member in pair.first + pair.second]
        assert len(used) == len(set(used)) == 2 * size * (20 // (2 * size))


# Stability


def tables_of(scores, labels, direction=HIGH_IS_HARD, offset=0.0, partitions=10):
    pairs = ensemble_pairs(len(scores), partitions, rng(7))
    return stability_tables(scores, labels, NAMES, direction, offset, 2.0, pairs)


@settings(max_examples=20, deadline=None)
@given(
    arrays(np.float64, 24, elements=st.floats(1, 9), unique=True),
    st.integers(2, 7),
    st.sampled_from([HIGH_IS_HARD, LOW_IS_HARD]),
)
def test_members_that_agree_change_nothing(hardness, members, direction):
    tables = tables_of(np.tile(hardness, (members, 1)), np.arange(24) % 4, direction, partitions=3)
    changed = tables["pruning"].query("measure == 'changed'")
    # Means of equal numbers may differ in the last bit, and so make ties of near neighbours.
    np.testing.assert_allclose(changed["value"], 0, atol=1e-12 if np.diff(np.sort(hardness)).min() > 1e-9 else 1)
    np.testing.assert_allclose(tables["allocation"]["value"], 0, atol=1e-9)
    means = class_means(hardness[None], np.arange(24) % 4, 4)[0]
    if np.diff(np.sort(means)).min() > 1e-9:
        np.testing.assert_allclose(tables["ranks"]["spearman"], 1)
        assert (tables["members_enough"]["members"] == 1).all()


def test_stability_by_hand():
    # Class means of the members: (1, 3) and (2, 2).
    scores, labels = np.array([[1.0, 1, 3, 3], [1, 3, 2, 2]]), np.array([0, 0, 1, 1])
    tables = stability_tables(scores, labels, ("a", "b"), HIGH_IS_HARD, 0.0, 2.0, ensemble_pairs(2, 1, rng()))
    table = tables["allocation"].set_index(["way", "unit", "statistic"])["value"]
    # S = (1, 3) and (2, 2) of 4 samples; the mean of both members gives (1.5, 2.5).
    assert table[DISJOINT, "samples", "max"] == pytest.approx(1)
    assert table[DISJOINT, "percent", "max"] == pytest.approx(100 / 1.5)
    assert table[DISJOINT, "percent", "mean"] == pytest.approx((100 / 1.5 + 100 / 2.5) / 2)
    assert table[NESTED, "samples", "mean"] == pytest.approx(0.5)
    assert table[NESTED, "percent", "min"] == pytest.approx(50 / 2.75)
    assert tables["allocation"]["lower"].isna().all()


def test_ranks_agree_with_scipy():
    scores, labels = ensemble(2, noise=2)
    means = class_means(scores, labels, 4)
    pair = Pair(DISJOINT, 1, (0,), (1,))
    assert rank_stability(means, [pair])["spearman"][0] == pytest.approx(stats.spearmanr(*means).statistic)
    rows = rng().integers(0, 4, (2, 50, 6))
    expected = [stats.spearmanr(one, other).statistic for one, other in zip(*rows, strict=True)]
    np.testing.assert_allclose(rank_correlations(*rows), expected)


def test_changes_of_noisy_members_follow_pure_noise():
    """Members differ by independent noise alone: nested change falls like 1/sqrt(j (j + 1)), disjoint like 1/sqrt(j)."""
    labels = np.arange(400) % 4
    scores = 5 + labels + 0.3 * rng(3).normal(size=(40, 4))[:, labels]
    means = class_means(scores, labels, 4)
    table = allocation_stability(means, np.full(4, 100.0), HIGH_IS_HARD, NAMES, 0.0, ensemble_pairs(40, 200, rng(7)))
    table = table.query("unit == 'percent' and statistic == 'mean'")
    ratio = table.query("members <= 8")["value"] / table.query("members <= 8")["pure_noise"]
    assert ratio.between(0.85, 1.15).all(), ratio.describe()
    nested = table.query("way == 'nested'").set_index("members")["pure_noise"]
    assert nested[7] / nested[1] == pytest.approx(np.sqrt(2 / 56))


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(60)))
def test_the_order_of_samples_does_not_matter(order):
    scores, labels = ensemble(4, 60)
    plain, turned = tables_of(scores, labels, partitions=2), tables_of(scores[:, order], labels[order], partitions=2)
    for name in plain:
        pd.testing.assert_frame_equal(plain[name], turned[name], rtol=1e-9, atol=1e-9)


def test_the_names_of_classes_do_not_matter():
    scores, labels = ensemble()
    plain, turned = tables_of(scores, labels), tables_of(scores, 3 - labels)
    for name in plain:
        pd.testing.assert_frame_equal(plain[name], turned[name], rtol=1e-9, atol=1e-9)


def test_low_and_high_hardness_prune_the_same_samples():
    scores, _ = ensemble()
    pairs = ensemble_pairs(8, 3, rng())
    pd.testing.assert_frame_equal(
        pruning_stability(scores, HIGH_IS_HARD, pairs), pruning_stability(-scores, LOW_IS_HARD, pairs), check_exact=False
    )


def test_corrected_overlap_of_members_that_know_nothing_is_zero():
    noise = rng(5).normal(size=(12, 600))
    table = pruning_stability(noise, HIGH_IS_HARD, ensemble_pairs(12, 20, rng()))
    disjoint = table[(table["way"] == DISJOINT) & table["measure"].isin(["common", "jaccard"])]
    assert len(disjoint) == 6 * 9 * 2
    assert disjoint["corrected"].abs().max() < 0.12
    assert abs(disjoint["corrected"].mean()) < 0.02
    # Nested ensembles of the very same noise look stable: what the disjoint ones are for.
    nested = table.query("way == 'nested' and members == 11 and measure == 'common'")
    assert nested["corrected"].min() > 0.6


def test_hardness_that_is_not_positive_is_remarked_and_an_offset_mends_it():
    scores, labels = ensemble(4)
    scores = scores - scores[:, labels == 0].mean(1).max() - 0.01
    table = tables_of(scores, labels, LOW_IS_HARD)["allocation"]
    assert table["value"].isna().all()
    assert table["remark"].str.fullmatch(r"class hardness is not positive in (\d+) of \1 pairs").all()
    mended = tables_of(scores, labels, LOW_IS_HARD, offset=3.0)["allocation"]
    assert mended["value"].notna().all()
    assert mended["remark"].isna().all()
    assert (mended["hardness_offset"] == 3).all()


@pytest.mark.parametrize("members", [1, 2, 3])
def test_few_members_give_what_they_can(members):
    scores, labels = ensemble(members)
    tables, full = tables_of(scores, labels), tables_of(*ensemble(4))
    for name, table in tables.items():
        assert list(table) == list(full[name])
    assert set(tables["ranks"]["members"]) == set(range(1, members))
    assert tables["pruning"].empty == (members == 1)
    enough = tables["members_enough"]
    assert (enough["members_available"] == members).all()
    assert enough["members"].isna().all() or members > 1


def curves(allocation: list[float], spearman: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    sizes = range(1, len(allocation) + 1)
    head = [{"way": way, "members": size} for way in (NESTED, DISJOINT) for size in sizes]
    table = pd.DataFrame(head).assign(unit="percent", statistic="mean", value=allocation * 2)
    return table, pd.DataFrame(head).assign(spearman=spearman * 2)


@pytest.mark.parametrize(
    ("allocation", "spearman", "enough", "enough_ranks"),
    [
        ([5, 3, 1.9, 1], [0.9, 0.97, 0.985, 1], 3, 3),
        ([1, 3, 1, 1], [1, 1, 1, 1], 3, 1),
        ([5, 4, 3, 2.1], [0.9, 0.9, 0.9, 0.9], None, None),
        ([5, 4, 3, np.nan], [np.nan, np.nan, 1, 0.98], None, 3),
    ],
)
def test_the_stop_rule_wants_every_greater_size_within_the_tolerance(allocation, spearman, enough, enough_ranks):
    table = members_enough(*curves(allocation, spearman), tolerance_percent=2.0, members=8)
    for criterion, expected in (("allocation", enough), ("ranks", enough_ranks)):
        found = table.loc[table["criterion"] == criterion, "members"]
        assert found.isna().all() if expected is None else (found == expected).all()
    assert (table["largest_tested"] == 4).all()


def test_the_expected_size_follows_from_single_members():
    table = members_enough(*curves([6, 5], [0.5, 0.5]), tolerance_percent=2.0, members=4)
    expected = table.set_index(["criterion", "way"])["members_expected"]
    # Disjoint: 6 / sqrt(9) = 2. Nested: 6 / sqrt(2 j (j + 1)) is 2.45 for two and 1.73 for three.
    assert expected["allocation", DISJOINT] == 9
    assert expected["allocation", NESTED] == next(j for j in itertools.count(1) if 6 / np.sqrt(2 * j * (j + 1)) <= 2)
    assert expected["ranks"].isna().all()


def test_ratios_of_rows_are_those_of_each_row():
    hardness = np.array([[1.0, 2, 3, 4], [1, 0, 2, 3], [2, 2, 2, 2]])
    rows = ratios_of_rows(hardness, LOW_IS_HARD, NAMES)
    np.testing.assert_allclose(rows[0], resampling_ratios(hardness[0], LOW_IS_HARD, NAMES))
    assert np.isnan(rows[1]).all()
    np.testing.assert_allclose(rows[2], 0.25)


def test_nested_allocation_uses_the_ratios_of_the_mean_not_the_mean_of_ratios():
    means = np.array([[1.0, 2, 3, 6], [3, 2, 1, 6], [2, 2, 2, 2]])
    pair = Pair(NESTED, 2, (0, 1), (0, 1, 2))
    table = allocation_stability(means, np.full(means.shape[1], 120 / means.shape[1]), HIGH_IS_HARD, NAMES, 0.0, [pair])
    before, after = (120 * h / h.sum() for h in (means[:2].mean(0), means.mean(0)))
    found = table.query("unit == 'samples' and statistic == 'max'")["value"]
    assert found.iloc[0] == pytest.approx(np.abs(before - after).max())


# Estimators side by side


def hardness_tables(scores, labels, direction=HIGH_IS_HARD, places=None, members=None):
    names = members or range(1, len(scores) + 1)
    samples = sample_table(scores, labels, direction, list(names), places)
    return samples, class_table(scores, labels, NAMES, direction, f"{direction} of a test")


def two_estimators(second, labels, scores, **keys):
    own, other = hardness_tables(scores, labels), hardness_tables(second, labels, **keys)
    return {"one": own[0], "two": other[0]}, {"one": own[1], "two": other[1]}


def test_an_estimator_turned_round_agrees_with_itself():
    scores, labels = ensemble()
    correlations, overlap = agreement_tables(*two_estimators(-scores, labels, scores, direction=LOW_IS_HARD), 50, rng())
    np.testing.assert_allclose(correlations[["spearman", "lower", "upper"]], 1)
    np.testing.assert_allclose(overlap["value"], 1)
    np.testing.assert_allclose(overlap["corrected"], 1)


def test_correlations_and_overlap_agree_with_scipy_and_scikit_learn():
    scores, labels = ensemble()
    second, _ = ensemble(seed=9)
    correlations, overlap = agreement_tables(*two_estimators(second, labels, scores), 200, rng())
    rho = correlations.set_index("level")
    one, other = scores.mean(0), second.mean(0)
    assert rho.loc["samples", "spearman"] == pytest.approx(stats.spearmanr(one, other).statistic)
    means = [class_means(values, labels, 4).mean(0) for values in (scores, second)]
    assert rho.loc["classes", "spearman"] == pytest.approx(stats.spearmanr(*means).statistic)
    assert rho.loc["samples", "lower"] < rho.loc["samples", "spearman"] < rho.loc["samples", "upper"]
    row = overlap.query("measure == 'jaccard' and rate_percent == 30").iloc[0]
    pruned = [np.argsort(values)[:36] for values in (one, other)]
    assert row["value"] == pytest.approx(jaccard_score(*(np.isin(np.arange(120), own) for own in pruned)))
    assert row["lower"] < row["value"] < row["upper"]
    assert row["chance"] == pytest.approx(0.3 / 1.7)


def test_a_part_of_the_samples_is_compared_on_what_both_have():
    scores, labels = ensemble()
    kept = np.flatnonzero(np.arange(120) % 5 != 0)
    part, own = hardness_tables(10 - scores[:3, kept], labels[kept], LOW_IS_HARD, places=kept), hardness_tables(scores, labels)
    correlations, overlap = agreement_tables({"one": own[0], "two": part[0]}, {"one": own[1], "two": part[1]}, 20, rng())
    assert (correlations["samples"] == 96).all()
    assert (correlations["members"] == 3).all()
    expected = stats.spearmanr(scores.mean(0)[kept], scores[:3].mean(0)[kept]).statistic
    assert correlations["spearman"][0] == pytest.approx(expected)
    assert (overlap["samples"] == 96).all()


@settings(max_examples=15, deadline=None)
@given(arrays(np.int64, (3, 12), elements=st.integers(0, 4)), st.integers(0, 99))
def test_resampled_correlations_are_those_of_the_resampled_columns(values, seed):
    found = resampled_correlations(values.astype(float), 3, rng(seed))
    again = rng(seed)
    for matrix in found:
        drawn = values[:, again.integers(0, 12, 12)]
        for one, other in itertools.combinations(range(3), 2):
            expected = rank_correlations(drawn[[one]], drawn[[other]])[0]
            np.testing.assert_allclose(matrix[one, other], expected, atol=1e-12)


def test_the_interval_over_samples_agrees_with_scipys_bootstrap():
    scores, labels = ensemble(samples=200)
    second, _ = ensemble(samples=200, seed=9)
    correlations, _ = agreement_tables(*two_estimators(second, labels, scores), 2000, rng())
    pair = (scores.mean(0), second.mean(0))
    options = {"paired": True, "vectorized": False, "method": "percentile", "n_resamples": 2000, "rng": 1}
    interval = stats.bootstrap(pair, lambda *drawn: stats.spearmanr(*drawn).statistic, **options).confidence_interval
    np.testing.assert_allclose(correlations.loc[0, ["lower", "upper"]].to_numpy(float), interval, atol=0.02)


def test_one_estimator_has_no_pairs_but_keeps_its_columns():
    samples, classes = hardness_tables(*ensemble())
    tables = comparison_tables({"one": samples}, {"one": classes}, [1.0], {"one": 0.0}, 20, rng())
    assert tables["correlations"].empty
    assert list(tables["correlations"])[:4] == ["first", "second", "first_definition", "second_definition"]
    assert tables["overlap"].empty
    assert set(tables["uncertainty"]["definition"]) == {f"{HIGH_IS_HARD} of a test"}


# Figures


@pytest.mark.slow
@pytest.mark.parametrize(
    ("members", "offset", "estimators"),
    [
        (1, 0.0, ("one", "two")),
        (1, -9.0, ("one",)),
        (2, 0.0, ("one",)),
        (2, -9.0, ("one", "two")),
        (3, 0.0, ("one", "two")),
        (8, 0.0, ("one",)),
        (8, -9.0, ("one", "two")),
    ],
)
def test_every_figure_is_drawn_however_little_there_is(tmp_path, members, offset, estimators):
    use_style()
    scores, labels = ensemble(members)
    stability = tables_of(scores, labels, offset=offset, partitions=2)
    for name, table in stability.items():
        write_table(tmp_path / f"{name}.csv", pd.concat([table_of(table, one, "words") for one in estimators]))
    samples, classes = hardness_tables(scores, labels)
    tables = comparison_tables(
        *(dict.fromkeys(estimators, one) for one in (samples, classes)), [2], dict.fromkeys(estimators, offset), 20, rng()
    )
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.csv", table)
    # As the notebook reads them: empty columns have no type.
    read = {path.stem: read_table(path) for path in tmp_path.glob("*.csv")}
    for name, figure in {
        "pruning_stability": stability_figures.pruning_stability(read["pruning"], "d"),
        "allocation_stability": stability_figures.allocation_stability(read["allocation"], "d"),
        "members_enough": stability_figures.members_enough(read["allocation"], read["ranks"], read["members_enough"], "d"),
        "estimator_agreement": agreement_figures.estimator_agreement(read["correlations"], "d"),
        "estimator_overlap": agreement_figures.estimator_overlap(read["overlap"], "d"),
        "class_uncertainty": agreement_figures.class_uncertainty(read["uncertainty"], "d"),
    }.items():
        figure.savefig(tmp_path / f"{name}.svg")
        plt.close(figure)
        alone = (
            members == 1 if name in ("pruning_stability", "allocation_stability", "members_enough") else len(estimators) == 1
        )
        said = (tmp_path / f"{name}.svg").read_text()
        assert ("can be compared with no other" in said) == (alone and name != "class_uncertainty"), name
        assert ("class hardness is not positive" in said) == (
            offset < 0 and (name == "class_uncertainty" or (name == "allocation_stability" and members > 1))
        ), name


# Uncertainty


def test_intervals_of_members_that_agree_are_points():
    scores = np.tile(ensemble(1)[0], (5, 1))
    samples, classes = hardness_tables(scores, np.arange(120) % 4)
    table = uncertainty_table(samples, classes, [1, 2], 0.0, member_weights(5, 100, rng()))
    for end in ("lower", "upper"):
        # The members' columns are float32.
        np.testing.assert_allclose(table[end], table["value"], rtol=1e-5)


def test_the_bootstrap_interval_is_the_t_interval_for_many_members():
    scores, labels = ensemble(60, noise=2)
    samples, classes = hardness_tables(scores, labels)
    table = uncertainty_table(samples, classes, [1], 0.0, member_weights(60, 4000, rng())).query("quantity == 'hardness'")
    width = (classes["hardness_upper"] - classes["hardness_lower"]).to_numpy()
    np.testing.assert_allclose(table["upper"] - table["lower"], width, rtol=0.1)


def test_the_allocation_at_any_alpha_is_stretched_about_the_balanced_one():
    samples, classes = hardness_tables(*ensemble())
    table = uncertainty_table(samples, classes, [1, 2.5], 0.0, member_weights(8, 200, rng())).query("quantity == 'allocation'")
    one, other = (table[table["alpha"] == alpha] for alpha in (1, 2.5))
    for column in ("value", "lower", "upper"):
        np.testing.assert_allclose(other[column] - 30, 2.5 * (one[column] - 30).to_numpy(), atol=1e-9)
    np.testing.assert_allclose(one["value"].sum(), 120)


def test_compat_v2_owes_what_it_allocates():
    labels = np.arange(120) % 4
    scores = np.array([-1.0, 5, 6, 9])[labels] + 0.1 * rng(2).normal(size=(8, 4))[:, labels]
    samples, classes = hardness_tables(scores, labels)
    classes["samples"] = 1_000_000
    table = uncertainty_table(samples, classes, [0.5], 0.0, member_weights(8, 50, rng()), compat="v2")
    found = table[table["quantity"] == "allocation"]
    shifted = classes["hardness"] - classes["hardness"].min() + 1e-4
    np.testing.assert_allclose(found["value"], 4_000_000 * shifted / shifted.sum())
    assert found["remark"].isna().all() and found["lower"].notna().all()


def test_ranks_of_classes_that_are_alike_are_open_and_of_others_are_not():
    labels = np.arange(120) % 4
    scores = np.array([1.0, 5, 5, 9])[labels] + 0.5 * rng(2).normal(size=(8, 4))[:, labels]
    samples, classes = hardness_tables(scores, labels)
    table = uncertainty_table(samples, classes, [1], 0.0, member_weights(8, 500, rng())).query("quantity == 'rank'")
    assert table[["lower", "upper"]].to_numpy().tolist() == [[1, 1], [2, 3], [2, 3], [4, 4]]


def test_resamples_without_an_allocation_are_counted():
    scores, labels = ensemble(3)
    scores[0] -= 9
    samples, classes = hardness_tables(scores, labels)
    table = uncertainty_table(samples, classes, [1], 0.0, member_weights(3, 300, rng()))
    allocation = table[table["quantity"] == "allocation"]
    assert allocation["lower"].isna().all()
    assert allocation["remark"].str.match(r"class hardness is not positive in \d+ of 300 resamples").all()
    assert table.loc[table["quantity"] != "allocation", "lower"].notna().all()


def test_what_is_never_below_0_is_stretched_on_the_scale_of_its_logarithm():
    labels, weights = np.arange(4), np.array([[1.5, -0.5], [0.5, 0.5], [-0.5, 1.5]])
    # Class means of 1 and 3 under a stretched weight of -0.5 and 1.5 come to 0, where the mean is 2: 2 exp(0 / 2 - 1).
    drawn = above_zero(np.array([[0.0], [2], [4]]), np.array([2.0]))
    np.testing.assert_allclose(drawn[:, 0], [2 / np.e, 2, 2 * np.e])
    # A class of which all is 0 stays so.
    assert above_zero(np.array([[0.0]]), np.array([0.0])).tolist() == [[0]]
    samples, classes = hardness_tables(np.array([[3.0, 1, 1, 1], [1.0, 1, 1, 1]]), labels)
    table = uncertainty_table(samples, classes.assign(always_positive=True), [1], 0.0, weights)
    first = table[(table["quantity"] == "hardness") & (table["class"] == 0)].iloc[0]
    assert first[["lower", "upper"]].tolist() == pytest.approx([2 / np.e, 2 * np.e])
    # No resample is refused for a hardness that it cannot have.
    assert table["remark"].isna().all() and table["lower"].notna().all()


def test_one_member_has_no_interval():
    samples, classes = hardness_tables(*ensemble(1))
    table = uncertainty_table(samples, classes, [1], 0.0, member_weights(1, 50, rng()))
    assert table[["lower", "upper"]].isna().all(axis=None)
    assert table["value"].notna().all()


@pytest.mark.parametrize("members", [2, 4, 8])
def test_the_interval_of_few_members_covers_their_true_mean(members):
    values, drawn = rng(7).normal(size=(2000, members)), member_weights(members, 2000, rng(0))
    lower, upper = middle(drawn @ values.T, members)
    assert 0.92 <= ((lower <= 0) & (upper >= 0)).mean() <= 0.97


def test_member_weights_are_those_of_a_bootstrap():
    weights = member_weights(5, 20_000, rng())
    np.testing.assert_allclose(weights.sum(1), 1)
    # Of a bootstrap, stretched by t / z and by sqrt(n / (n - 1)).
    stretch = stats.t.ppf(0.975, 4) / stats.norm.ppf(0.975)
    np.testing.assert_allclose(weights.var(0), stretch**2 * (5 / 4) * (1 / 5) * (4 / 5) / 5, rtol=0.05)
    lower, upper = middle(np.arange(1000)[:, None], 2)
    assert (lower[0], upper[0]) == (24, 974)
