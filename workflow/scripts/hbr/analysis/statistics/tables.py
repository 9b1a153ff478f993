"""Statistics of every condition, metric and gap, as one long table."""

from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.columns import WHO
from hbr.analysis.comparisons import sized, sized_differences, tested_pairs
from hbr.analysis.statistics.bootstrap import hierarchical_interval
from hbr.analysis.statistics.mixed import MixedFit, fit_mixed
from hbr.analysis.statistics.paired import (
    better,
    difference_matrix,
    hedges_g,
    sign_flip_p,
    smallest_sign_flip_p,
    t_estimate,
    variant_means,
)
from hbr.analysis.statistics.verdicts import (
    EXPLORATORY,
    INCONCLUSIVE,
    NOT_TESTED,
    growth_of_test_set,
    holm,
    variants_needed,
    verdict,
)
from hbr.errors import StudyError
from hbr.intervals import has_spread

SAME_PLANS = "the plans are those of the reference"


def compare_cells(
    paired: pd.DataFrame,
    keys: list[str],
    margin: float,
    level: float = 0.05,
    sampling: pd.DataFrame | None = None,
    resamples: int = 2000,
    seed: int = 0,
    mixed: bool = True,
) -> pd.DataFrame:
    """Return one row a condition and ``keys`` (such as metric and gap) with estimates, tests and intervals.

    ``paired`` is what ``pair_runs`` returns; pairs that :func:`.comparisons.mark_same_plans` marked count for nothing.
    ``margin`` is that of equivalence in shares (0.01 is one point),
    ``sampling`` holds test_error, shared_error and any of the columns that name a row (:func:`.sampling.sampling_errors`);
    its other columns are passed on. Every row's bootstrap starts from ``seed``, so no row depends on the others. Columns, in
    shares unless said otherwise, intervals at ``1 - level``:

    - reference_value, value: means over pairs, of a gap with a sign those of its size; difference: mean of variant means
      (:func:`sized_differences`);
    - variants, pairs: counts; spread: standard deviation between variant means;
    - error, lower, upper, p: paired t-test on variant means, the test set taken as fixed;
    - total_error, total_df, total_lower, total_upper, total_p, equivalence_p: the same with the test set's error and two
      one-sided tests; equal to the above without ``sampling``;
    - permutation_p, permutation_smallest: sign flips of variant means, and the smallest p they can give;
    - mixed_estimate, mixed_error, mixed_p, mixed_icc, mixed_remark: :func:`.mixed.fit_mixed`, left out without ``mixed``;
    - bootstrap_lower, bootstrap_upper: hierarchical bootstrap;
    - effect, effect_lower, effect_upper: Hedges's g, in standard deviations between variant means;
    - remark: why numbers are missing.
    """
    if not margin > 0:
        raise StudyError(f"the margin of equivalence is {margin}; it must be above 0, in shares: 0.01 is one point")
    group = [*WHO, "reference", *keys]
    differences = sized_differences(paired)
    # A training compared with itself says nothing, not even that there is no difference.
    paired = paired.assign(difference=differences.mask(paired["same_plan"]) if "same_plan" in paired else differences)
    cells = [(dict(zip(group, key, strict=True)), cell) for key, cell in paired.groupby(group, sort=False, dropna=False)]
    who = pd.DataFrame([name for name, _ in cells], columns=group)
    errors = _matched_errors(who, sampling)
    rows = []
    for (name, cell), extra in zip(cells, errors.to_dict("index").values(), strict=True):
        matrix = difference_matrix(cell)
        means = variant_means(matrix)
        shared = float(np.nan_to_num(extra["shared_error"])) ** 2
        tested = tested_pairs(cell)
        means_of = {"reference_value": tested["value_reference"], "value": tested["value"]}
        if "gap" in tested:
            means_of = {column: sized(values, tested["gap"]) for column, values in means_of.items()}
        row: dict[str, Any] = {**name, **{column: values.mean() for column, values in means_of.items()}}
        row |= _tests(matrix, means, margin, shared, level, np.random.default_rng(seed))
        if "same_plan" in cell and cell["same_plan"].any():
            row["remark"] = _same_plans(cell, row["remark"])
        if mixed:
            row |= _mixed_columns(fit_mixed(matrix))
        lower, upper = hierarchical_interval(matrix, np.random.default_rng(seed), resamples, level)
        effect = dict(zip(("effect", "effect_lower", "effect_upper"), hedges_g(means, level), strict=True))
        row |= {"bootstrap_lower": lower, "bootstrap_upper": upper} | effect | {str(name): extra[name] for name in extra}
        rows.append(row)
    return pd.DataFrame(rows)


def add_verdicts(
    table: pd.DataFrame,
    margin: float,
    level: float = 0.05,
    family: pd.Series | None = None,
    power: float = 0.8,
    test_samples: int = 0,
) -> pd.DataFrame:
    """Return the table of :func:`compare_cells` with verdicts.

    ``family`` names the family of each row, declared before the runs were seen; Holm adjusts total_p within each. Rows
    without one (NaN) are exploratory. By default all rows are one family. Columns:

    - family; p_adjusted; direction (1: higher is better);
    - verdict: one of ``VERDICTS``; `exploratory` outside of the families; `not tested` where no pair has a value;
    - variants_needed: for a verdict with probability ``power``, outside of the families for equivalence alone (the variants
      there are where it is out; inf above 1000; NaN where nothing can be said);
    - test_samples_needed: where no 1000 variants decide, the test samples with which they would, at least and of two
      digits, given how many there are (``test_samples``); inf where an unlimited test set would not do, NaN elsewhere.
    """
    families = pd.Series("all", index=table.index) if family is None else family.reindex(table.index)
    table = table.assign(family=families)
    adjusted = pd.Series(np.nan, index=table.index)
    size = pd.Series(1, index=table.index)
    for _, rows in table.groupby("family"):
        adjusted[rows.index] = holm(rows["total_p"].to_numpy(np.float64))
        size[rows.index] = len(rows)
    table["p_adjusted"] = adjusted
    gaps = table["gap"] if "gap" in table else pd.Series(None, index=table.index, dtype=object)
    table["direction"] = [better(None if pd.isna(gap) else gap) for gap in gaps]
    verdicts, needed, samples = [], [], []
    for row, tests in zip(table.to_dict("records"), size, strict=True):
        decided = verdict(row["difference"], row["p_adjusted"], row["equivalence_p"], row["direction"], level)
        exploratory = pd.isna(row["family"])
        # Outside a family no significance gives a verdict.
        own = 0.0 if exploratory else level / tests
        shared = float(np.nan_to_num(row["shared_error"])) ** 2
        truth = (row["difference"], row["spread"], margin, shared, own, level, power)
        tested = row["variants"] > 0
        verdicts.append(NOT_TESTED if not tested else EXPLORATORY if exploratory else decided)
        above = row["variants"] if verdicts[-1] == INCONCLUSIVE else 1
        needed.append(float(row["variants"]) if tested and decided != INCONCLUSIVE else variants_needed(*truth, above=above))
        endless = verdicts[-1] == INCONCLUSIVE and np.isinf(needed[-1]) and test_samples
        samples.append(_two_digits(test_samples * growth_of_test_set(*truth)) if endless else np.nan)
    return table.assign(verdict=verdicts, variants_needed=needed, test_samples_needed=samples)


def _two_digits(value: float) -> float:
    """Return a number above 0 rounded up to two digits."""
    if not np.isfinite(value):
        return value
    unit = 10.0 ** max(0, np.floor(np.log10(value)) - 1)
    return float(np.ceil(value / unit - 1e-9) * unit)


def _same_plans(cell: pd.DataFrame, remark: str) -> str:
    """Return the remark of a row some of whose pairs are one training twice."""
    variants = cell.groupby("variant")["same_plan"].all()
    if variants.all():
        return SAME_PLANS
    left_out = f"{int(variants.sum())} of {len(variants)} variants have the plan of the reference and are left out"
    return f"{left_out}; {remark}" if remark else left_out


def _matched_errors(who: pd.DataFrame, sampling: pd.DataFrame | None) -> pd.DataFrame:
    """Return the test set's errors of each row, NaN where there are none."""
    if sampling is None:
        return pd.DataFrame({"test_error": np.nan, "shared_error": np.nan}, index=who.index)
    common = [column for column in who if column in sampling]
    if not common or sampling.duplicated(common).any():
        raise StudyError(f"the sampling errors do not say which of {', '.join(map(str, who))} they belong to")
    return who.merge(sampling, how="left", on=common).drop(columns=who.columns)


def _tests(
    matrix: np.ndarray, means: np.ndarray, margin: float, shared: float, level: float, rng: np.random.Generator
) -> dict[str, Any]:
    fixed = t_estimate(means, level=level)
    total = t_estimate(means, shared, margin, level)
    flips = float(sign_flip_p(means, rng)) if len(means) else np.nan
    row: dict[str, Any] = {
        "difference": fixed.mean,
        "variants": len(means),
        "pairs": int((~np.isnan(matrix)).sum()),
        "spread": float(means.std(ddof=1)) if has_spread(means) else np.nan,
        **{name: getattr(fixed, name) for name in ("error", "lower", "upper", "p")},
        **{f"total_{name}": getattr(total, name) for name in ("error", "df", "lower", "upper", "p")},
        "equivalence_p": total.equivalence_p,
        "permutation_p": flips,
        "permutation_smallest": smallest_sign_flip_p(len(means)) if len(means) else np.nan,
        "remark": "",
    }
    if not len(means):
        row["remark"] = "no value"
    elif len(means) == 1:
        row["remark"] = "one variant"
    elif np.nanmax(np.abs(matrix)) == 0:
        # No spread, as below: that a coarse test set shows no difference is no proof that there is none.
        row["remark"] = "all differences are 0"
    elif not has_spread(means):
        row["remark"] = "no spread between variants"
    return row


def _mixed_columns(fit: MixedFit) -> dict[str, Any]:
    return {f"mixed_{name}": getattr(fit, name) for name in ("estimate", "error", "p", "icc", "remark")}
