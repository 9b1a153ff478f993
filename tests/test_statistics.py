import itertools
import re
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from hbr.analysis.comparisons import compare_runs, pair_runs
from hbr.analysis.gaps import GAPS, gap_metrics
from hbr.analysis.metrics import class_metrics, confusion_matrix
from hbr.analysis.predictions import predictions_of
from hbr.analysis.statistics.bootstrap import hierarchical_interval, hierarchical_weights, percentile_interval
from hbr.analysis.statistics.decisions import what_decides, what_decides_all
from hbr.analysis.statistics.mixed import fit_mixed
from hbr.analysis.statistics.paired import (
    better,
    difference_matrix,
    hedges_g,
    sign_flip_p,
    smallest_sign_flip_p,
    t_estimate,
    variant_means,
)
from hbr.analysis.statistics.sampling import (
    gaps_of_classes,
    paired_places,
    resampled_gaps,
    resampled_tests,
    sampling_errors,
    variance_components,
)
from hbr.analysis.statistics.tables import add_verdicts, compare_cells, sized_differences
from hbr.analysis.statistics.verdicts import (
    MOST_VARIANTS,
    VERDICTS,
    decision_power,
    growth_of_test_set,
    holm,
    variants_needed,
    verdict,
)
from hbr.errors import StudyError
from hbr.training.outcomes import Outcomes

# Two decimals keep spreads away from rounding.
numbers = st.integers(-999, 999).map(lambda n: n / 100)
means_of = st.integers(2, 9).flatmap(lambda n: arrays(np.float64, n, elements=numbers))
p_values = arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1))


def spread_out(means):
    assume(np.ptp(means) > 0.005)
    return means


# Variant means


def test_members_are_averaged_within_variants():
    cell = pd.DataFrame({"variant": [1, 1, 2, 2, 3], "member": [1, 2, 1, 2, 4], "difference": [1.0, 3.0, 4.0, 4.0, 9.0]})
    matrix = difference_matrix(cell)
    np.testing.assert_array_equal(matrix, [[1, 3], [4, 4], [9, np.nan]])
    np.testing.assert_array_equal(variant_means(matrix), [2, 4, 9])


def test_pairs_without_a_value_are_left_out():
    cell = pd.DataFrame({"variant": [1, 1, 2], "member": [1, 2, 1], "difference": [np.nan, 3.0, np.nan]})
    np.testing.assert_array_equal(difference_matrix(cell), [[3]])


# t


def test_t_by_hand():
    # Mean 2, variance 2, standard error 1; |t| = 2 at 1 degree of freedom: p = 1 - 2 atan(2) / pi.
    found = t_estimate(np.array([1.0, 3.0]), margin=3.0)
    assert (found.mean, found.error, found.df) == pytest.approx((2, 1, 1))
    assert found.p == pytest.approx(1 - 2 * np.arctan(2) / np.pi)
    # (3 - 2) / 1 = 1, one-sided: a quarter.
    assert found.equivalence_p == pytest.approx(0.25)
    assert (found.lower, found.upper) == pytest.approx((2 - 12.7062047, 2 + 12.7062047))


@given(means_of, st.integers(0, 100))
def test_t_is_the_paired_t_test_of_scipy_and_the_equivalence_test_of_statsmodels(differences, seed):
    spread_out(differences)
    control = np.random.default_rng(seed).normal(size=len(differences))
    found = t_estimate(differences, margin=0.7)
    expected = stats.ttest_rel(control + differences, control)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6)
    interval = expected.confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)
    assert found.equivalence_p == pytest.approx(ttost_paired(control + differences, control, -0.7, 0.7)[0], rel=1e-6)


@given(means_of, numbers)
def test_t_follows_shift_scale_and_sign(means, shift):
    found = t_estimate(spread_out(means), margin=1.0)
    moved, mirrored, doubled = t_estimate(means + shift), t_estimate(-means, margin=1.0), t_estimate(2 * means, margin=2.0)
    assert (moved.lower - shift, moved.upper - shift) == pytest.approx((found.lower, found.upper), abs=1e-9)
    assert (mirrored.p, mirrored.equivalence_p) == pytest.approx((found.p, found.equivalence_p))
    assert (-mirrored.upper, -mirrored.lower) == pytest.approx((found.lower, found.upper), abs=1e-9)
    assert (doubled.p, doubled.equivalence_p) == pytest.approx((found.p, found.equivalence_p))


@given(means_of, st.floats(0.01, 20), st.floats(0, 4))
def test_p_goes_with_the_interval(means, margin, shared):
    found = t_estimate(spread_out(means), shared, margin)
    assume(abs(found.p - 0.05) > 1e-9 and abs(found.equivalence_p - 0.05) > 1e-9)
    assert (found.p < 0.05) == (not found.lower <= 0 <= found.upper)
    # Two one-sided tests at 5 % are the 90 % interval.
    ninety = t_estimate(means, shared, level=0.1)
    assert (found.equivalence_p < 0.05) == (-margin < ninety.lower and ninety.upper < margin)


@given(means_of, st.floats(0, 4), st.floats(0, 4))
def test_the_error_of_the_test_set_only_widens(means, less, more):
    spread_out(means)
    less, more = sorted((less, more))
    narrow, wide = t_estimate(means, less), t_estimate(means, more)
    assert narrow.error <= wide.error
    assert len(means) - 1 <= narrow.df <= wide.df
    # The degrees of freedom that come with it never make anything surer than without.
    plain = t_estimate(means, 0.0, 0.1)
    for found in (t_estimate(means, less, 0.1), t_estimate(means, more, 0.1)):
        assert found.lower <= plain.lower + 1e-12
        assert found.p >= plain.p
        assert found.equivalence_p >= plain.equivalence_p


def test_the_error_of_the_test_set_by_hand():
    # Own variance 1, shared 3: error 2, Satterthwaite 1 * (4 / 1)^2.
    found = t_estimate(np.array([1.0, 3.0]), shared_variance=3.0)
    assert (found.error, found.df) == pytest.approx((2, 16))
    assert found.p == pytest.approx(2 * stats.t.sf(1, 16))
    # 2 standard errors of 1 without it, each with one degree of freedom, are less sure.
    assert found.upper - found.mean == pytest.approx(stats.t.ppf(0.975, 1))
    # Own variance 0.01, shared 0.99: 10,000 degrees of freedom by chance, against 1.
    near = t_estimate(np.array([0.9, 1.1]), shared_variance=0.99, margin=1.1)
    assert near.df == pytest.approx(1e4)
    assert near.p == pytest.approx(2 * stats.norm.sf(1), abs=1e-3)
    assert near.equivalence_p == pytest.approx(stats.norm.sf(0.1), abs=1e-3)


@pytest.mark.parametrize("variants", [2, 3, 4, 8])
@pytest.mark.parametrize("shared", [0.05, 0.3, 3])
def test_no_shared_error_makes_false_positives(variants, shared):
    rng = np.random.default_rng(variants)
    means = rng.normal(size=(4000, variants)) * np.sqrt(variants) + np.sqrt(shared) * rng.normal(size=(4000, 1))
    found = [t_estimate(row, shared, 2.0) for row in means]
    # Of 4,000 a true 5.5 % exceeds 6.6 % once in a thousand times.
    assert np.mean([one.p <= 0.05 for one in found]) <= 0.066
    at_the_margin = [t_estimate(row + 2, shared, 2.0) for row in means]
    assert np.mean([one.equivalence_p <= 0.05 for one in at_the_margin]) <= 0.066


@pytest.mark.parametrize("means", [[], [0.3], [0.1, 0.1], [0.6 - 0.5, 0.9 - 0.8, 0.1]])
def test_without_spread_nothing_is_said(means):
    found = t_estimate(np.array(means), 1.0, 0.5)
    assert np.isnan([found.error, found.lower, found.p, found.equivalence_p]).all()
    assert np.isnan(hedges_g(np.array(means))).all()


# Sign flips


def test_sign_flips_by_hand():
    # Of the 8 patterns +-1 +-2 +-3 only 6 and -6 reach 6; 0 is reached by all.
    assert sign_flip_p(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 8)
    assert sign_flip_p(np.array([1.0, 2.0, -3.0])) == 1
    assert sign_flip_p(np.array([-1.0, 2.0, 3.0])) == pytest.approx(4 / 8)


@given(arrays(np.int64, st.integers(2, 9), elements=st.integers(-20, 20)))
@settings(deadline=None)
def test_sign_flips_are_those_of_scipy(means):
    # Sums of whole numbers tie exactly, which scipy needs.
    expected = stats.permutation_test((means,), np.sum, permutation_type="samples")
    assert sign_flip_p(means / 8) == pytest.approx(expected.pvalue)


@given(means_of, st.floats(0.1, 10))
def test_sign_flips_know_no_sign_scale_or_order(means, scale):
    p = sign_flip_p(means)
    assert p == sign_flip_p(-means) == sign_flip_p(scale * means) == sign_flip_p(means[::-1])
    assert smallest_sign_flip_p(len(means)) <= p <= 1


def test_sign_flips_of_many_cells_at_once():
    means = np.random.default_rng(0).normal(size=(5, 3, 6))
    each = [[sign_flip_p(row) for row in block] for block in means]
    np.testing.assert_array_equal(sign_flip_p(means), each)


def test_the_smallest_p_of_sign_flips_is_reached():
    for variants in range(1, 17):
        assert sign_flip_p(np.arange(1.0, variants + 1)) == smallest_sign_flip_p(variants) == 2 / 2**variants


def test_many_variants_are_flipped_at_random():
    means = np.random.default_rng(0).normal(0.4, 1, 20)
    with pytest.raises(ValueError, match="generator"):
        sign_flip_p(means)
    p = sign_flip_p(means, np.random.default_rng(1))
    assert p == pytest.approx(t_estimate(means).p, abs=0.01)
    assert sign_flip_p(np.ones(20), np.random.default_rng(1)) >= smallest_sign_flip_p(20) > 0


# The effect size


def test_effect_size_by_hand():
    # Mean 2, standard deviation 1; Hedges's correction at 2 degrees of freedom is 1 / sqrt(pi).
    g, lower, upper = hedges_g(np.array([1.0, 2.0, 3.0]))
    assert g == pytest.approx(2 / np.sqrt(np.pi))
    for limit, p in ((lower, 0.975), (upper, 0.025)):
        assert stats.nct.cdf(2 * np.sqrt(3), 2, limit * np.sqrt(3)) == pytest.approx(p, abs=1e-4)


def test_two_variants_have_an_interval_but_no_unbiased_effect():
    g, lower, upper = hedges_g(np.array([1.0, 2.0]))
    assert np.isnan(g)
    assert lower < 1.5 / np.sqrt(0.5) < upper


@given(means_of)
@settings(deadline=None)
def test_effect_size_is_symmetric_free_of_scale_and_agrees_with_t(means):
    g, lower, upper = hedges_g(spread_out(means))
    assert (-hedges_g(-means)[2], -hedges_g(-means)[1]) == pytest.approx((lower, upper), rel=1e-4, abs=1e-6)
    assert hedges_g(3 * means) == pytest.approx((g, lower, upper), rel=1e-6, nan_ok=True)
    p = t_estimate(means).p
    assume(abs(p - 0.05) > 1e-6)
    assert (p < 0.05) == (not lower <= 0 <= upper)


def test_effect_size_is_unbiased_and_its_interval_covers():
    means = np.random.default_rng(0).normal(0.8, 1, (3000, 4))
    found = np.array([hedges_g(row) for row in means])
    assert found[:, 0].mean() == pytest.approx(0.8, abs=0.05)
    assert ((found[:, 1] <= 0.8) & (found[:, 2] >= 0.8)).mean() == pytest.approx(0.95, abs=0.012)


# The mixed model


def closed_form(matrix):
    """Return estimate and error of the restricted likelihood's maximum with equally many members (Searle et al. 1992)."""
    variants, members = matrix.shape
    means = matrix.mean(1)
    between = members * means.var(ddof=1)
    within = ((matrix - means[:, None]) ** 2).sum() / (variants * (members - 1))
    variance = between if between > within else matrix.var(ddof=1)
    return matrix.mean(), np.sqrt(variance / matrix.size), max(0, (between - within) / members) / variance


@pytest.mark.slow
@pytest.mark.parametrize("icc", [0, 0.2, 0.8])
@pytest.mark.parametrize("shape", [(2, 2), (4, 4), (8, 4)])
@pytest.mark.parametrize("scale", [1e-4, 1])
def test_mixed_model_finds_the_maximum(icc, shape, scale, recwarn):
    rng = np.random.default_rng(0)
    for _ in range(5):
        matrix = scale * (np.sqrt(icc) * rng.normal(size=(shape[0], 1)) + np.sqrt(1 - icc) * rng.normal(size=shape))
        fit = fit_mixed(matrix)
        estimate, error, _ = closed_form(matrix)
        assert (fit.estimate, fit.error) == pytest.approx((estimate, error), rel=5e-3)
        assert fit.wald_p == pytest.approx(2 * stats.norm.sf(abs(estimate / error)), rel=0.02, abs=1e-6)
        assert fit.p >= fit.wald_p
    assert not recwarn.list


def test_mixed_model_with_variance_between_is_the_t_test_on_variant_means():
    matrix = np.array([[0.1, 0.2], [0.5, 0.7], [-0.3, -0.2]])
    fit, expected = fit_mixed(matrix), t_estimate(variant_means(matrix))
    assert (fit.estimate, fit.error, fit.p) == pytest.approx((expected.mean, expected.error, expected.p), rel=1e-3)
    assert fit.remark == ""
    assert 0.9 < fit.icc < 1


def test_mixed_model_without_variance_between_says_so():
    fit = fit_mixed(np.array([[-1.0, 1.0], [1.1, -1.1], [0.9, -0.9]]))
    assert fit.remark == "no variance between variants"
    assert fit.icc == pytest.approx(0, abs=1e-4)


def test_mixed_model_takes_variants_of_different_size():
    fit = fit_mixed(np.array([[0.1, 0.2, 0.4], [0.5, np.nan, np.nan], [-0.3, -0.2, np.nan]]))
    assert np.isfinite([fit.estimate, fit.error, fit.p]).all()


@pytest.mark.parametrize(
    "matrix, remark",
    [
        ([[1.0, 2.0]], "one variant"),
        ([[1.0], [2.0]], "one member a variant"),
        ([[0.5, 0.5], [0.5, 0.5]], "no spread"),
        (np.empty((0, 0)), "no value"),
    ],
)
def test_mixed_model_says_why_there_is_no_fit(matrix, remark):
    fit = fit_mixed(np.array(matrix))
    assert np.isnan([fit.estimate, fit.error, fit.p]).all()
    assert fit.remark == remark


# The hierarchical bootstrap


def test_every_resample_is_a_mean_of_variant_means():
    variants = np.array(["b", "a", "b", "c", "a", "b"])
    weights = hierarchical_weights(variants, 500, np.random.default_rng(0))
    np.testing.assert_allclose(weights.sum(1), 1)
    # Each variant weighs a multiple of a third in every resample, and each run a sixth, a ninth or a third in the mean.
    by_variant = np.stack([weights[:, variants == name].sum(1) for name in "abc"], 1)
    np.testing.assert_allclose(3 * by_variant, np.round(3 * by_variant), atol=1e-9)
    weights = hierarchical_weights(variants, 20000, np.random.default_rng(0))
    np.testing.assert_allclose(weights.mean(0), [1 / 9, 1 / 6, 1 / 9, 1 / 3, 1 / 6, 1 / 9], atol=0.01)


def test_bootstrap_variance_is_that_of_two_levels():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(4, 3)) + rng.normal(size=(4, 1))
    resampled = hierarchical_weights(np.repeat(np.arange(4), 3), 40000, rng) @ matrix.ravel()
    # Variance of a drawn variant's mean, plus that of its members' mean, over the number of variants.
    expected = (matrix.mean(1).var() + matrix.var(1).mean() / 3) / 4
    assert resampled.var() == pytest.approx(expected, rel=0.03)
    assert resampled.mean() == pytest.approx(matrix.mean(), abs=0.01)


@given(
    st.tuples(st.integers(2, 5), st.integers(1, 4)).flatmap(lambda shape: arrays(np.float64, shape, elements=numbers)), numbers
)
def test_bootstrap_follows_shift_and_lies_within_the_values(matrix, shift):
    lower, upper = hierarchical_interval(matrix, np.random.default_rng(0), 200)
    moved = hierarchical_interval(matrix + shift, np.random.default_rng(0), 200)
    assert (moved[0] - shift, moved[1] - shift) == pytest.approx((lower, upper), abs=1e-9)
    assert matrix.min() - 1e-9 <= lower <= upper <= matrix.max() + 1e-9


def test_bootstrap_skips_missing_pairs_and_needs_two_variants():
    matrix = np.array([[1.0, np.nan], [2.0, 4.0]])
    lower, upper = hierarchical_interval(matrix, np.random.default_rng(0))
    # A mean of 4 takes the second variant twice and its second member four times: 1 in 64, beyond the interval.
    assert (lower, upper) == (1, 3.5)
    assert np.isnan(hierarchical_interval(matrix[:1], np.random.default_rng(0))).all()


def test_percentile_interval_by_hand():
    assert percentile_interval(np.arange(101.0)) == pytest.approx((2.5, 97.5))


# Holm, verdicts, variants needed


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])
    # A test without a value counts: 3 * 0.01.
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.5])), [0.03, np.nan, 1])
    assert len(holm(np.array([]))) == 0


@given(p_values)
@settings(deadline=None, max_examples=20)
def test_holm_steps_down_keeps_order_and_never_lowers(p):
    adjusted, order = holm(p), np.argsort(p)
    # The smallest counts as often as there are tests, the next once less, and none falls below one before it.
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    np.testing.assert_allclose(adjusted[order], np.minimum(1, stepped))
    assert (adjusted >= p - 1e-12).all()
    assert (adjusted <= np.minimum(1, len(p) * p) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    assert (holm(np.append(p, 1.0))[:-1] >= adjusted - 1e-12).all()


@pytest.mark.parametrize(
    "difference, adjusted, equivalence, direction, expected",
    [
        (-0.1, 0.01, 0.9, -1, "improves"),
        (-0.1, 0.01, 0.9, 1, "worsens"),
        (0.1, 0.01, 0.9, 1, "improves"),
        (0.1, 0.06, 0.9, 1, "inconclusive"),
        (0.1, 0.06, 0.05, 1, "equivalent"),
        (0.1, 0.01, 0.01, 1, "equivalent"),
        (0.1, np.nan, np.nan, 1, "inconclusive"),
        (0.1, np.nan, 0.01, 1, "equivalent"),
    ],
)
def test_verdicts(difference, adjusted, equivalence, direction, expected):
    assert verdict(difference, adjusted, equivalence, direction) == expected
    assert expected in VERDICTS


def test_gaps_are_better_small_but_for_the_mean():
    assert [better(gap) for gap in (None, *GAPS)] == [1, -1, -1, -1, -1, -1, 1]


@pytest.mark.parametrize("effect", [0.3, 1, 2])
def test_power_is_that_of_statsmodels(effect):
    variants = np.array([2, 3, 4, 8, 30])
    # statsmodels has NaN where power is 1.
    expected = np.nan_to_num([TTestPower().power(effect, n, 0.05) for n in variants], nan=1)
    np.testing.assert_allclose(decision_power(variants, effect, 1.0), expected, atol=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("mean, margin, shared", [(0, 1, 0), (0.3, 1, 0.02), (1, 1, 0), (0.1, 0.4, 0.1)])
def test_power_is_the_share_of_decided_studies(mean, margin, shared):
    rng = np.random.default_rng(0)
    for variants in (4, 12):
        test_sets = rng.normal(0, np.sqrt(shared), (3000, 1))
        estimates = [t_estimate(row, shared, margin) for row in rng.normal(mean, 0.8, (3000, variants)) + test_sets]
        decided = np.mean([e.p <= 0.05 or e.equivalence_p <= 0.05 for e in estimates])
        found = decision_power(np.array([variants]), mean, 0.8, margin, shared)[0]
        assert found == pytest.approx(decided, abs=0.03)


def test_variants_needed_is_the_number_of_the_books():
    # Cohen (1988), one sample, d = 0.5, two-sided 5 %, power 80 %: 33.4, so 34.
    assert variants_needed(0.5, 1.0) == 34
    assert variants_needed(0.0, 1.0) == np.inf
    # Equivalence alone: (1.645 + 1.282)^2 / 0.5^2 is 34.3 with a known variance.
    assert variants_needed(0.0, 1.0, margin=0.5, level=0.0) == 36
    assert variants_needed(0.2, 1.0, margin=0.5, shared_variance=1.0) == np.inf
    assert np.isnan(variants_needed(0.5, 0.0))
    assert np.isnan(variants_needed(0.5, np.nan))


@given(st.floats(-2, 2), st.floats(0.05, 2), st.floats(0.05, 1), st.integers(1, 40))
@settings(deadline=None, max_examples=30)
def test_more_variants_are_needed_for_a_larger_family_and_a_smaller_margin(mean, spread, margin, tests):
    needed = variants_needed(mean, spread, margin)
    assert needed >= 2
    assert variants_needed(mean, spread, margin, level=0.05 / tests) >= needed
    assert variants_needed(mean, spread, margin / 2) >= needed
    assert variants_needed(-mean, spread, margin) == needed


def test_a_test_set_that_is_too_small_says_how_large_it_must_be():
    # Without spread between many variants: equivalence of a true 0 within 0.5 needs an error of 0.5 / (1.645 + 1.282).
    needed = growth_of_test_set(0.0, 1e-6, margin=0.5, shared_variance=1.0, level=0.0)
    assert needed == pytest.approx(((stats.norm.ppf(0.95) + stats.norm.ppf(0.9)) / 0.5) ** 2, rel=0.02)
    assert growth_of_test_set(0.5, 1.0, margin=0.1) == 1
    # More than 1000 variants are another matter.
    assert growth_of_test_set(0.0, 1.0, margin=0.01, shared_variance=1.0, level=0.0) == np.inf
    assert growth_of_test_set(0.2, 0.0, margin=0.5, shared_variance=1.0) == np.inf
    growth = growth_of_test_set(0.2, 1.0, margin=0.5, shared_variance=1.0)
    assert variants_needed(0.2, 1.0, margin=0.5, shared_variance=1.0 / growth) <= MOST_VARIANTS
    assert variants_needed(0.2, 1.0, margin=0.5, shared_variance=1.05 / growth) == np.inf


def test_rows_that_no_number_of_variants_decides_name_a_test_set():
    sampling = pd.DataFrame({"gap": ["max_min"], "test_error": [0.05], "shared_error": [0.05]})
    cells = compare_cells(pairs_of(MATRIX), ["metric", "gap"], margin=0.01, sampling=sampling)
    row = add_verdicts(cells, margin=0.01, test_samples=100).iloc[0]
    assert (row["verdict"], row["variants_needed"]) == ("inconclusive", np.inf)
    truth = (row["difference"], row["spread"], 0.01, 0.05**2, 0.05)
    assert row["test_samples_needed"] == pytest.approx(100 * growth_of_test_set(*truth), rel=0.1)
    assert f"{row['test_samples_needed']:.0f}"[2:].strip("0") == ""
    assert what_decides(row.to_dict()).startswith(
        f"a test set of {row['test_samples_needed']:,.0f} samples or more: this one is"
    )
    assert np.isnan(add_verdicts(cells, margin=0.01).iloc[0]["test_samples_needed"])
    exploratory = add_verdicts(cells, margin=0.01, family=pd.Series([np.nan]), test_samples=100).iloc[0]
    assert (exploratory["verdict"], what_decides(exploratory.to_dict())) == ("exploratory", "")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"variants_needed": 12.0}, "12 variants"),
        ({"variants_needed": 3.0, "variants": 2}, "3 variants or more, a guess from 2"),
        ({"variants_needed": np.nan, "variants": 1}, "2 variants or more"),
        ({"variants_needed": np.nan}, "a test set on which the variants differ"),
        ({"variants_needed": np.inf}, "more than 1,000 variants"),
        ({"variants_needed": np.inf, "test_samples_needed": np.inf}, "more than 1,000 variants"),
        ({"variants_needed": 4.0, "verdict": "equivalent"}, ""),
        ({"variants_needed": np.nan, "verdict": "not tested"}, ""),
    ],
)
def test_what_an_undecided_row_lacks(row, words):
    assert what_decides({"verdict": "inconclusive", "variants": 4, **row}) == words


def test_what_decides_all_is_the_most_of_each_kind():
    common = {"verdict": "inconclusive", "variants": 4}
    rows = [
        *({"variants_needed": needed} for needed in (12.0, 7.0, np.inf)),
        *({"variants_needed": np.inf, "test_samples_needed": needed} for needed in (2200.0, 900.0)),
    ]
    assert what_decides_all([{**common, **row} for row in rows]) == (
        "12 variants; a test set of 2,200 samples or more: this one is too small, whatever the number of variants; "
        "more than 1,000 variants"
    )
    few = [{**common, "variants_needed": needed, "variants": 3} for needed in (5.0, 9.0)]
    assert what_decides_all(few) == "9 variants or more, a guess from 3"


@given(means_of, st.floats(0.05, 5))
@settings(deadline=None, max_examples=50)
def test_what_is_inconclusive_needs_more_variants(means, margin):
    found = t_estimate(spread_out(means), margin=margin)
    assume(found.p > 0.05 and found.equivalence_p > 0.05)
    mean, spread = means.mean(), means.std(ddof=1)
    assert variants_needed(mean, spread) > len(means)
    # A mean between effect and equivalence may have been unlucky; it needs more all the same.
    assert variants_needed(mean, spread, margin, above=len(means)) > len(means)


# The test set


def label_sets(classes):
    return st.lists(st.integers(0, classes - 1), min_size=1, max_size=40).map(lambda more: np.array([*range(classes), *more]))


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 12)), elements=st.floats(0, 1)), st.integers(0, 5))
def test_gaps_of_many_runs_are_those_of_each(values, hard_classes):
    hard = np.arange(values.shape[1]) < hard_classes
    found = gaps_of_classes(values, hard)
    for row, gaps in zip(values, found, strict=True):
        expected = gap_metrics(row, hard)
        np.testing.assert_allclose(gaps, [expected[name] for name in GAPS], atol=1e-12)


def test_gaps_of_100_classes_in_the_manner_of_v2_are_those_of_each_run():
    values, hard = np.random.default_rng(0).random((3, 100)), np.arange(100) < 40
    for row, gaps in zip(values, gaps_of_classes(values, hard, "v2"), strict=True):
        expected = gap_metrics(row, hard, "v2")
        np.testing.assert_allclose(gaps, [expected[name] for name in GAPS], atol=1e-12)
    # From the predictions of runs, too.
    predictions, labels = np.arange(200)[None] % 100, np.arange(200) // 2
    weights = np.ones((1, 200), np.float32)
    recall = np.array([(predictions[0][labels == label] == label).mean() for label in range(100)])
    found = resampled_gaps(predictions, labels, hard, weights, compat="v2")[0, 0]
    np.testing.assert_allclose(found, [gap_metrics(recall, hard, "v2")[name] for name in GAPS], atol=1e-12)


def test_resampled_tests_keep_class_sizes():
    labels = np.array([0, 1, 0, 2, 1, 0])
    weights = resampled_tests(labels, 4000, np.random.default_rng(0))
    assert weights.dtype == np.float32
    for label, size in enumerate(np.bincount(labels)):
        assert (weights[:, labels == label].sum(1) == size).all()
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.05)
    # Multinomial: variance 1 - 1/n.
    np.testing.assert_allclose(weights.var(0), [2 / 3, 1 / 2, 2 / 3, 0, 1 / 2, 2 / 3], atol=0.06)


@given(label_sets(4), st.integers(0, 1000), st.sampled_from(["recall", "precision"]))
@settings(deadline=None, max_examples=50)
def test_resampled_gaps_are_those_of_the_repeated_samples(labels, seed, metric):
    rng = np.random.default_rng(seed)
    predictions = rng.integers(0, 4, (3, len(labels)))
    hard = np.array([True, False, False, True])
    weights = resampled_tests(labels, 2, rng)
    found = resampled_gaps(predictions, labels, hard, weights, metric)
    for resample, run in itertools.product(range(2), range(3)):
        chosen = np.repeat(np.arange(len(labels)), weights[resample].astype(int))
        values = class_metrics(confusion_matrix(labels[chosen], predictions[run, chosen], 4))[metric]
        expected = gap_metrics(values, hard)
        np.testing.assert_allclose(found[resample, run], [expected[name] for name in GAPS], atol=1e-9)


def test_only_recall_and_precision_have_gaps():
    with pytest.raises(ValueError, match="recall or precision"):
        resampled_gaps(np.zeros((1, 2), int), np.array([0, 1]), np.array([True, False]), np.ones((1, 2), np.float32), "f1")


def test_variance_of_mean_recall_is_that_of_binomials():
    labels = np.repeat([0, 1], [40, 60])
    right = np.arange(100) % 4 > 0
    predictions = np.where(right, labels, 1 - labels)[None]
    weights = resampled_tests(labels, 40000, np.random.default_rng(0))
    gaps = resampled_gaps(predictions, labels, np.array([True, False]), weights)
    recall = 0.75
    each = recall * (1 - recall) * (1 / 40 + 1 / 60)
    assert gaps[:, 0, GAPS.index("mean")].var() == pytest.approx(each / 4, rel=0.03)
    assert gaps[:, 0, GAPS.index("hard_easy")].var() == pytest.approx(each, rel=0.03)


def test_variance_components_are_those_planted():
    rng = np.random.default_rng(0)
    variants = np.repeat([1, 2, 3, 4], 2)
    common, own = rng.normal(0, 0.3, (20000, 1)), rng.normal(0, 0.5, (20000, 4))
    found = variance_components(common + np.repeat(own, 2, axis=1), variants)
    assert found.shared == pytest.approx(0.3**2, rel=0.05)
    assert found.test == pytest.approx(0.3**2 + 0.5**2 / 4, rel=0.05)
    alone = variance_components(common, np.array([1]))
    assert alone.test == alone.shared == pytest.approx(0.3**2, rel=0.05)
    assert variance_components(own[:, [0, 1]] - own[:, [2, 3]], np.array([1, 2])).shared >= 0


def run_of(variant, member, predictions, labels):
    logits = np.eye(3, dtype=np.float16)[predictions]
    return Outcomes(logits, labels, np.empty((0, 5)), 0, 0, variant, member, 10)


def test_predictions_are_paired_by_variant_and_member():
    labels = np.array([0, 1, 2, 0])
    condition = [run_of(1, 1, [0, 1, 2, 0], labels), run_of(2, 1, [1, 1, 1, 1], labels), run_of(3, 1, [0] * 4, labels)]
    control = [run_of(2, 1, [2, 2, 2, 2], labels), run_of(1, 1, [0, 0, 0, 0], labels)]
    one, other = predictions_of(condition), predictions_of(control)
    places, partners = paired_places(one, other)
    np.testing.assert_array_equal(places, [0, 1])
    np.testing.assert_array_equal(one.predictions[places], [[0, 1, 2, 0], [1, 1, 1, 1]])
    np.testing.assert_array_equal(other.predictions[partners], [[0, 0, 0, 0], [2, 2, 2, 2]])
    np.testing.assert_array_equal(one.labels, labels)
    with pytest.raises(StudyError, match="different samples"):
        paired_places(one, predictions_of([run_of(1, 1, [0] * 4, labels[::-1].copy())]))
    with pytest.raises(StudyError, match="no run"):
        paired_places(predictions_of(condition[:1]), predictions_of(control[:1]))


class Pair(NamedTuple):
    """Predicted classes of paired runs, each run's variant, and the samples' labels."""

    condition: np.ndarray
    control: np.ndarray
    variants: np.ndarray
    labels: np.ndarray


def drawn_pair(rng, variants=4, members=4, per_class=200, classes=10):
    labels = np.repeat(np.arange(classes), per_class)
    shape = (variants * members, len(labels))
    right = [rng.random(shape) < 0.9 for _ in range(2)]
    wrong = rng.integers(0, classes, shape)
    condition, control = (np.where(hit, labels, wrong) for hit in right)
    return Pair(condition, control, np.repeat(np.arange(variants), members), labels)


def test_identical_runs_have_no_error_and_independent_ones_no_shared_error():
    rng = np.random.default_rng(0)
    pair, hard = drawn_pair(rng), np.arange(10) < 4
    weights = resampled_tests(pair.labels, 400, rng)
    gaps = resampled_gaps(pair.condition, pair.labels, hard, weights)
    same = sampling_errors(pair.variants, gaps, gaps, rng)
    assert (same[["test_error", "shared_error", "crossed_lower", "crossed_upper"]] == 0).all(axis=None)
    found = sampling_errors(pair.variants, gaps, resampled_gaps(pair.control, pair.labels, hard, weights), rng).set_index("gap")
    assert list(found.index) == list(GAPS)
    assert (found["shared_error"] <= found["test_error"]).all()
    # Each run errs on its own: nothing of the test set is common.
    p = (pair.condition == pair.labels).mean()
    assert found.loc["mean", "test_error"] == pytest.approx(np.sqrt(2 * p * (1 - p) / 2000 / 16), rel=0.15)
    assert found.loc["mean", "shared_error"] < 0.6 * found.loc["mean", "test_error"]


def test_what_all_runs_share_does_not_shrink_with_their_number():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(2), 100)
    # The condition solves other samples than the control, but all its runs the same.
    one, other = rng.random(200) < 0.8, rng.random(200) < 0.8
    variants = np.repeat(np.arange(4), 2)
    condition, control = (np.tile(np.where(hit, labels, 1 - labels), (8, 1)) for hit in (one, other))
    pair, hard = Pair(condition, control, variants, labels), np.array([True, False])
    weights = resampled_tests(labels, 4000, rng)
    gaps = [resampled_gaps(runs, labels, hard, weights) for runs in (condition, control)]
    found = sampling_errors(pair.variants, *gaps, rng).set_index("gap").loc["mean"]
    d = one.astype(float) - other
    expected = np.sqrt(sum(d[labels == c].var() / 100 for c in (0, 1))) / 2
    assert found["test_error"] == pytest.approx(expected, rel=0.05)
    assert found["shared_error"] == pytest.approx(found["test_error"])
    assert found["crossed_upper"] - found["crossed_lower"] == pytest.approx(2 * 1.96 * expected, rel=0.1)


def test_one_variant_has_an_error_of_the_test_set_but_no_crossed_interval():
    rng = np.random.default_rng(0)
    pair, hard = drawn_pair(rng, variants=1), np.zeros(10, bool)
    weights = resampled_tests(pair.labels, 50, rng)
    gaps = [resampled_gaps(runs, pair.labels, hard, weights) for runs in (pair.condition, pair.control)]
    found = sampling_errors(pair.variants, *gaps, rng).set_index("gap")
    assert found["crossed_lower"].isna().all()
    assert (found.drop("hard_easy")["test_error"] > 0).all()
    # No class is hard.
    assert np.isnan(found.loc["hard_easy", "test_error"])


def test_a_condition_of_cifar_size_takes_seconds():
    rng = np.random.default_rng(0)
    pair, hard = drawn_pair(rng, per_class=1000), np.arange(10) < 4
    started = time.process_time()
    weights = resampled_tests(pair.labels, 1000, rng)
    gaps = [resampled_gaps(runs, pair.labels, hard, weights) for runs in (pair.condition, pair.control)]
    sampling_errors(pair.variants, *gaps, rng)
    assert time.process_time() - started < 20


# The table


def long_table(differences, kind="resampled", gap="max_min", base=0.3, condition="c"):
    """Return runs of control and condition whose paired differences are those of a (variants, members) matrix."""
    rows = []
    for (variant, member), difference in np.ndenumerate(np.asarray(differences)):
        who = {"dataset": "d", "condition": condition, "kind": kind, "metric": "recall", "gap": gap}
        who |= {"variant": variant + 1, "member": member + 1}
        rows.append({**who, "value": base + 0.01 * member + (difference if kind == "resampled" else 0)})
    return pd.DataFrame(rows)


def pairs_of(differences, **names):
    control = long_table(differences, "control", **{**names, "condition": "control"})
    return paired_of(pd.concat([long_table(differences, **names), control]), ["metric", "gap"])


def paired_of(values, keys):
    resampled = values.loc[values["kind"] == "resampled", "condition"].unique()
    return pair_runs(values, pd.DataFrame({"condition": resampled, "reference": "control", "family": "resampling"}), keys)


MATRIX = np.array([[0.01, 0.03], [-0.02, 0.01], [0.02, 0.04], [0.03, 0.02]])


def test_table_holds_every_estimate():
    paired = pairs_of(MATRIX)
    row = compare_cells(paired, ["metric", "gap"], margin=0.01).iloc[0]
    means = MATRIX.mean(1)
    expected = stats.ttest_1samp(means, 0)
    interval = expected.confidence_interval(0.95)
    assert (row["difference"], row["spread"]) == pytest.approx((means.mean(), means.std(ddof=1)))
    assert (row["variants"], row["pairs"]) == (4, 8)
    for prefix in ("", "total_"):
        assert row[f"{prefix}p"] == pytest.approx(expected.pvalue)
        assert (row[f"{prefix}lower"], row[f"{prefix}upper"]) == pytest.approx((interval.low, interval.high))
    assert row["equivalence_p"] == pytest.approx(ttost_paired(means, 0 * means, -0.01, 0.01)[0])
    assert row["permutation_p"] == sign_flip_p(means)
    assert row["permutation_smallest"] == 0.125
    assert row["mixed_error"] == pytest.approx(closed_form(MATRIX)[1], rel=1e-3)
    interval = hierarchical_interval(MATRIX, np.random.default_rng(0))
    assert (row["bootstrap_lower"], row["bootstrap_upper"]) == pytest.approx(interval)
    assert (row["effect"], row["effect_lower"], row["effect_upper"]) == pytest.approx(hedges_g(means))
    assert row["remark"] == row["mixed_remark"] == ""


def test_table_agrees_with_the_comparisons_of_the_report():
    both = pd.concat([long_table(MATRIX), long_table(MATRIX, "control")])
    keys = ["metric", "gap"]
    both.loc[both["kind"] == "control", "condition"] = "control"
    ours = compare_cells(paired_of(both, keys), keys, margin=0.01, mixed=False)
    theirs = compare_runs(paired_of(both, keys), keys)
    for column in ("difference", "lower", "upper", "variants", "pairs", "reference_value", "value"):
        np.testing.assert_allclose(ours[column], theirs[column])


def test_intervals_of_the_report_hold_the_test_sets_error():
    both = pd.concat([long_table(MATRIX), long_table(MATRIX, "control")])
    keys = ["metric", "gap"]
    both.loc[both["kind"] == "control", "condition"] = "control"
    paired = paired_of(both, keys)
    errors = pd.DataFrame({"metric": "recall", "gap": paired["gap"].unique()[:1], "shared_error": 0.04})
    ours = compare_cells(paired, keys, margin=0.01, mixed=False, sampling=errors.assign(test_error=0.04))
    theirs = compare_runs(paired, keys, errors)
    np.testing.assert_allclose(theirs[["lower", "upper"]], ours[["total_lower", "total_upper"]])
    np.testing.assert_array_equal(theirs["shared_error"], ours["shared_error"])
    wider = (theirs["upper"] > compare_runs(paired, keys)["upper"] + 1e-9).to_numpy()
    assert wider[0] and not wider[1:].any()


def test_rows_do_not_depend_on_each_other():
    first, second = pairs_of(MATRIX), pairs_of(2 * MATRIX, condition="other")
    keys = ["metric", "gap"]
    both = compare_cells(pd.concat([second, first]), keys, margin=0.01)
    alone = compare_cells(first, keys, margin=0.01)
    pd.testing.assert_frame_equal(both[both["condition"] == "c"].reset_index(drop=True), alone)


def test_a_signed_gap_enters_by_its_size():
    # Hard classes are 20 points worse and become 2 points worse still in every variant but one.
    differences = np.array([[-0.02], [-0.03], [0.01], [-0.02]])
    paired = pairs_of(differences, gap="hard_easy", base=-0.2)
    np.testing.assert_allclose(sized_differences(paired), -differences.ravel())
    row = add_verdicts(compare_cells(paired, ["metric", "gap"], margin=0.01), margin=0.01).iloc[0]
    assert row["difference"] == pytest.approx(0.015)
    assert row["direction"] == -1
    # Beyond 0 the gap grows again: from -5 to +5 points is no change of size.
    crossed = pairs_of(np.full((2, 1), 0.1), gap="hard_easy", base=-0.05)
    np.testing.assert_allclose(sized_differences(crossed), 0, atol=1e-12)


def test_the_error_of_the_test_set_enters_the_totals_alone():
    paired = pairs_of(MATRIX)
    sampling = pd.DataFrame({"gap": ["max_min", "std"], "test_error": [0.02, 1], "shared_error": [0.01, 1], "more": [7, 8]})
    row = compare_cells(paired, ["metric", "gap"], margin=0.01, sampling=sampling).iloc[0]
    plain = compare_cells(paired, ["metric", "gap"], margin=0.01).iloc[0]
    assert row["p"] == plain["p"]
    assert row["total_error"] == pytest.approx(np.hypot(row["error"], 0.01))
    assert (row["test_error"], row["more"]) == (0.02, 7)
    expected = t_estimate(MATRIX.mean(1), 0.01**2, 0.01)
    assert row[["total_p", "total_df", "equivalence_p"]].tolist() == pytest.approx(
        [expected.p, expected.df, expected.equivalence_p]
    )


@pytest.mark.parametrize("names", [{}, {"gap": ["max_min", "max_min"]}])
def test_errors_of_the_test_set_must_name_their_row(names):
    sampling = pd.DataFrame({"test_error": [0.1, 0.2], "shared_error": [0.1, 0.2], **names})
    with pytest.raises(StudyError, match="belong"):
        compare_cells(pairs_of(MATRIX), ["metric", "gap"], margin=0.01, sampling=sampling)


@pytest.mark.parametrize("margin", [0, -0.01, np.nan])
def test_a_margin_must_be_above_0(margin):
    with pytest.raises(StudyError, match="margin"):
        compare_cells(pairs_of(MATRIX), ["metric", "gap"], margin=margin)


@pytest.mark.parametrize(
    "differences, remark, expected, needed",
    [
        # A coarse test set shows no difference; that is no proof that there is none.
        (np.zeros((3, 2)), "all differences are 0", "inconclusive", np.nan),
        (np.full((3, 2), 0.02), "no spread between variants", "inconclusive", np.nan),
        ([[0.02, -0.02], [-0.02, 0.02]], "no spread between variants", "inconclusive", np.nan),
        ([[0.02, 0.01]], "one variant", "inconclusive", np.nan),
        ([[np.nan], [np.nan]], "no value", "not tested", np.nan),
    ],
)
def test_where_numbers_are_missing_the_table_says_why(differences, remark, expected, needed, recwarn):
    row = add_verdicts(compare_cells(pairs_of(differences), ["metric", "gap"], margin=0.01), margin=0.01).iloc[0]
    assert (row["remark"], row["verdict"]) == (remark, expected)
    assert np.isnan(row[["p_adjusted", "equivalence_p"]].astype(float)).all()
    assert row["variants_needed"] == pytest.approx(needed, nan_ok=True)
    assert not recwarn.list


def test_verdicts_of_a_study():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.001, (4, 2))
    cells = {
        "narrower": noise - 0.05,
        "wider": noise + 0.05,
        "same": noise,
        "unclear": 20 * noise + 0.01,
    }
    paired = pd.concat([pairs_of(matrix, condition=name) for name, matrix in cells.items()])
    table = add_verdicts(compare_cells(paired, ["metric", "gap"], margin=0.01), margin=0.01).set_index("condition")
    assert table["verdict"].to_dict() == {
        "narrower": "improves",
        "wider": "worsens",
        "same": "equivalent",
        "unclear": "inconclusive",
    }
    assert (table["variants_needed"].drop("unclear") == 4).all()
    assert table.loc["unclear", "variants_needed"] > 4
    np.testing.assert_allclose(table["p_adjusted"], holm(table["total_p"].to_numpy()))


def test_mean_over_classes_and_class_metrics_are_better_high():
    raised = np.random.default_rng(0).normal(0.05, 0.001, (4, 2))
    paired = pd.concat([pairs_of(raised, gap="mean"), pairs_of(raised, gap="std", condition="other")])
    table = add_verdicts(compare_cells(paired, ["metric", "gap"], margin=0.01), margin=0.01)
    assert list(table["verdict"]) == ["improves", "worsens"]
    by_class = paired.drop(columns="gap").assign(**{"class": 0})
    table = add_verdicts(compare_cells(by_class, ["metric", "class"], margin=0.01), margin=0.01)
    assert list(table["verdict"]) == ["improves", "improves"]


def test_holm_stays_within_the_declared_families():
    matrices = {name: MATRIX + shift for name, shift in (("a", 0.02), ("b", 0.03), ("c", 0.05), ("d", 0.09))}
    paired = pd.concat([pairs_of(matrix, condition=name) for name, matrix in matrices.items()])
    table = compare_cells(paired, ["metric", "gap"], margin=0.01, mixed=False)
    family = table["condition"].map({"a": "first", "b": "first", "c": "second"})
    found = add_verdicts(table, margin=0.01, family=family)
    p = table["total_p"].to_numpy()
    np.testing.assert_allclose(found["p_adjusted"], [*holm(p[:2]), p[2], np.nan])
    # Whatever its p, a row outside the families is exploratory.
    assert p[3] < 0.05
    assert found["verdict"].iloc[3] == "exploratory"
    assert found["variants_needed"].iloc[3] == np.inf
    shuffled = add_verdicts(table, margin=0.01, family=family.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(shuffled, found)


# The simulation

SIMULATION = ROOT / "benchmarks/null_simulation.py"
PAGE = ROOT / "docs/statistics.md"


def rows_of(text):
    """Return the rows of all tables as column to cell; a table's first row names its columns."""
    rows, columns = [], None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            columns = None
        elif columns is None:
            columns = cells
        elif set(cells[0]) != {"-"}:
            rows.append(dict(zip(columns, cells, strict=True)))
    return rows


@pytest.mark.slow
def test_simulation_writes_its_tables_into_the_page(tmp_path):
    page = tmp_path / "page.md"
    text = PAGE.read_text()
    page.write_text(text)
    small = ["--replications", "400", "--fits", "2", "--studies", "4", "--write", str(page)]
    done = subprocess.run([sys.executable, str(SIMULATION), *small], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in page.read_text()
    before, after = (re.split("<!-- null_simulation: .* -->", content) for content in (text, page.read_text()))
    assert (before[0], before[2]) == (after[0], after[2])
    assert [list(row) for row in rows_of(before[1])] == [list(row) for row in rows_of(after[1])]
    page.write_text("no markers")
    done = subprocess.run([sys.executable, str(SIMULATION), *small], capture_output=True, text=True, timeout=300)
    assert "no place between" in done.stderr


def test_the_primary_procedure_reaches_its_goals():
    rows = rows_of(PAGE.read_text().split("<!-- null_simulation: begin -->")[1])

    def column(name, **where):
        return [float(row[name]) for row in rows if name in row and where.items() <= row.items()]

    # 5 % but for what 20,000 replications leave open.
    assert len(column("variant t", clustered="condition")) == 4
    for row in rows:
        if "sign flips" in row:
            assert max(float(row["variant t"]), float(row["sign flips"]), float(row["equivalence"])) < 5.5
    assert max(column("variant t, Holm")) < 6
    assert all(93 <= cover <= 97 for cover in column("variant t: coverage"))
    assert all(93 <= cover <= 97 for gap in ("max_min", "hard_easy", "std") for cover in column(f"{gap}: both"))
    assert all(92 <= cover <= 97 for cover in column("stretched"))
    assert max(map(abs, column("cross-fitted"))) < 1 < min(column("max_min"))
    assert all(8 <= rate <= 14.5 for rate in column("naive t", clustered="condition"))
    assert min(column("variant t: power at 1 SD", grid="8 x 4")) > 80
