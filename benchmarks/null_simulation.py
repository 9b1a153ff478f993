"""Hold the statistics against runs whose truth is known: false positives, coverage and power, as Markdown tables.

python benchmarks/null_simulation.py [--write docs/statistics.md]
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import stats

# The package is not installed where the workflow runs.
sys.path.insert(0, str(Path(__file__).parent.parent / "workflow/scripts"))

from hbr.analysis.gaps import GAPS
from hbr.analysis.predictions import RunPredictions
from hbr.analysis.statistics.bootstrap import hierarchical_weights
from hbr.analysis.statistics.cross_fitted import cross_fitted_gap
from hbr.analysis.statistics.mixed import fit_mixed
from hbr.analysis.statistics.paired import sign_flip_p, t_estimate
from hbr.analysis.statistics.sampling import (
    gaps_of_classes,
    resampled_gaps,
    resampled_tests,
    sampling_errors,
)
from hbr.hardness.uncertainty import member_weights, middle

GRIDS = ((4, 4), (8, 4))
# The fewest there may be, too: of these the error of a finite test set is the hardest to tell.
TESTED_GRIDS = ((2, 1), *GRIDS)
CORRELATIONS = (0.0, 0.2, 0.5)
CONDITIONS = 27
LEVEL = 0.05
MARKERS = ("<!-- null_simulation: begin -->", "<!-- null_simulation: end -->")


def clustered(shape: tuple[int, ...], icc: float, rng: np.random.Generator) -> np.ndarray:
    """Return values of variance 1 ``(..., variants, members)``; members of one variant correlate by ``icc``."""
    return np.sqrt(icc) * rng.normal(size=(*shape[:-1], 1)) + np.sqrt(1 - icc) * rng.normal(size=shape)


def mixed_statistic(differences: np.ndarray) -> np.ndarray:
    """Return estimate over error of the mixed model, whose restricted likelihood has its maximum here on full grids."""
    *_, variants, members = differences.shape
    means = differences.mean(-1)
    between = members * means.var(-1, ddof=1)
    within = ((differences - means[..., None]) ** 2).sum((-1, -2)) / (variants * (members - 1))
    pooled = differences.var((-1, -2), ddof=1)
    return means.mean(-1) / np.sqrt(np.where(between > within, between, pooled) / (variants * members))


def check(differences: np.ndarray, fits: int) -> None:
    """Raise ``AssertionError`` where the package's functions disagree with what is simulated for all replications at once."""
    variants = differences.shape[1]
    z = np.abs(mixed_statistic(differences[:fits]))
    for matrix, statistic in zip(differences[:fits], z, strict=True):
        fit = fit_mixed(matrix)
        assert np.isclose(fit.p, 2 * stats.t.sf(statistic, variants - 1), atol=0.01), fit
        assert np.isclose(fit.wald_p, 2 * stats.norm.sf(statistic), atol=0.01), fit
        assert np.isclose(t_estimate(matrix.mean(1)).p, stats.ttest_1samp(matrix.mean(1), 0).pvalue)


def rates_of(
    grid: tuple[int, int], inner: float, options: argparse.Namespace, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what is false, then what covers and what is found, each a boolean a replication.

    ``inner`` is the correlation of two members' differences in one variant. Differences have variance 1.
    """
    variants, members = grid
    differences = clustered((options.replications, *grid), inner, rng)
    check(differences, options.fits)
    means = differences.mean(2)
    runs = differences.reshape(options.replications, -1)
    z = np.abs(mixed_statistic(differences))
    interval = stats.ttest_1samp(means, 0, axis=1).confidence_interval(1 - LEVEL)
    weights = hierarchical_weights(np.repeat(np.arange(variants), members), 1000, rng)
    # Its coverage takes a fifth of the replications, as it takes most of the time.
    lower, upper = np.quantile(weights @ runs[: options.replications // 5].T, [LEVEL / 2, 1 - LEVEL / 2], axis=0)
    # Equivalence is false where the difference is the margin: an effect of one standard deviation of the runs.
    error = means.std(1, ddof=1) / np.sqrt(variants)
    equivalence = stats.t.sf((1 - np.abs(means.mean(1) + 1)) / error, variants - 1)
    false = [
        stats.ttest_1samp(runs, 0, axis=1).pvalue <= LEVEL,
        stats.ttest_1samp(means, 0, axis=1).pvalue <= LEVEL,
        sign_flip_p(means) <= LEVEL,
        2 * stats.t.sf(z, variants - 1) <= LEVEL,
        2 * stats.norm.sf(z) <= LEVEL,
        equivalence <= LEVEL,
    ]
    found = [
        (interval.low <= 0) & (interval.high >= 0),
        (lower <= 0) & (upper >= 0),
        *(stats.ttest_1samp(means + effect, 0, axis=1).pvalue <= LEVEL for effect in (0.5, 1)),
        *(sign_flip_p(means + effect) <= LEVEL for effect in (0.5, 1)),
    ]
    return false, found


def error_rates(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the two tables of single tests."""
    who = ["grid", "clustered", "ICC", "ICC of differences"]
    false, found = [], []
    for variants, members in GRIDS:
        for where, icc in [("nothing", 0.0), *((w, icc) for w in ("condition", "differences") for icc in CORRELATIONS[1:])]:
            # A control without clusters, of the same variance, halves the correlation of the differences.
            inner = icc / 2 if where == "condition" else icc
            name = [f"{variants} x {members}", where, f"{icc:g}", f"{inner:g}"]
            for table, rates in zip((false, found), rates_of((variants, members), inner, options, rng), strict=True):
                table.append("| " + " | ".join([*name, *(f"{100 * rate.mean():.1f}" for rate in rates)]) + " |")
    yield from header([*who, "naive t", "variant t", "sign flips", "mixed, t", "mixed, z", "equivalence"])
    yield from false
    yield ""
    powers = [f"{test}: power at {effect} SD" for test in ("variant t", "sign flips") for effect in ("0.5", "1")]
    yield from header([*who, "variant t: coverage", "bootstrap: coverage", *powers])
    yield from found


def family_rates(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of studies in which no condition does anything: how often one of them is found to."""
    yield from header(["grid", "ICC", "naive t", "naive t, Holm", "variant t", "variant t, Holm"])
    studies = options.replications // 4
    for (variants, members), icc in ((grid, icc) for grid in GRIDS for icc in CORRELATIONS):
        smallest = []
        for start in range(0, studies, 500):
            count = min(500, studies - start)
            control = clustered((count, 1, variants, members), 0, rng)
            differences = clustered((count, CONDITIONS, variants, members), icc, rng) - control
            runs = differences.reshape(count, CONDITIONS, -1)
            tests = [stats.ttest_1samp(values, 0, axis=2).pvalue for values in (runs, differences.mean(3))]
            smallest.append(np.stack([p.min(1) for p in tests], 1))
        p = np.concatenate(smallest)
        # Where all nulls are true, Holm rejects one exactly where the smallest p is below level / tests.
        rates = [(p[:, test] <= LEVEL / size).mean() for test in (0, 1) for size in (1, CONDITIONS)]
        cells = [f"{variants} x {members}", f"{icc:g}", *(f"{100 * rate:.1f}" for rate in rates)]
        yield "| " + " | ".join(cells) + " |"


def coverage_with_test_set(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of intervals for the difference on all possible test samples, from a finite test set.

    A run solves a sample where ``ease of class + variant + sample + side + own`` is above 0, normal terms: the variant's for
    each class and side (standard deviation 0.1), the sample's for all runs (0.7), the side's for each sample and all runs of
    condition or control, the run's own (0.5). Condition and control are alike, so each gap's true difference is 0.
    """
    classes, per_class = 10, 100
    labels = np.repeat(np.arange(classes), per_class)
    ease = np.linspace(0.4, 1.6, classes)
    hard = np.arange(classes) < 4
    gaps = ("max_min", "hard_easy", "std")
    intervals = ("variants", "both", "crossed bootstrap")
    yield from header(["grid", "side", *(f"{gap}: {interval}" for gap in gaps for interval in intervals)])
    for (variants, members), side in ((grid, side) for grid in TESTED_GRIDS for side in (0.0, 0.3, 0.6)):
        variant = np.repeat(np.arange(variants), members)
        covered = []
        for _ in range(options.studies):
            sample = 0.7 * rng.normal(size=len(labels))
            both = []
            for _ in range(2):
                latent = ease[labels] + sample + side * rng.normal(size=len(labels))
                latent = latent + 0.1 * rng.normal(size=(variants, classes))[variant][:, labels]
                solved = latent + 0.5 * rng.normal(size=(variants * members, len(labels))) > 0
                both.append(np.where(solved, labels, (labels + 1) % classes))
            weights = resampled_tests(labels, 200, rng)
            condition, control = (resampled_gaps(runs, labels, hard, weights) for runs in both)
            found = sampling_errors(variant, condition, control, rng).set_index("gap")
            once = np.ones((1, len(labels)), np.float32)
            size = [np.abs(resampled_gaps(runs, labels, hard, once)[0]) for runs in both]
            means = (size[0] - size[1]).reshape(variants, members, len(GAPS)).mean(1)
            row = []
            for gap in gaps:
                of_gap, errors = means[:, GAPS.index(gap)], found.loc[gap]
                for estimate in (t_estimate(of_gap), t_estimate(of_gap, errors["shared_error"] ** 2)):
                    row.append(estimate.lower <= 0 <= estimate.upper)
                row.append(errors["crossed_lower"] <= 0 <= errors["crossed_upper"])
            covered.append(row)
        cells = [f"{variants} x {members}", f"{side:g}", *(f"{100 * rate:.1f}" for rate in np.mean(covered, 0))]
        yield "| " + " | ".join(cells) + " |"


def known_shared_error(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of false positives with a shared error that is known exactly, own variance of the mean 1."""
    yield from header(["variants", "shared variance", "Satterthwaite alone", "the less sure", "equivalence"])
    for variants, shared in ((variants, shared) for variants in (2, 3, 4, 8) for shared in (0.05, 0.3, 1, 3)):
        shape = (options.replications // 2, variants)
        means = np.sqrt(variants) * rng.normal(size=shape) + np.sqrt(shared) * rng.normal(size=(shape[0], 1))
        found = [t_estimate(row, shared, 2.0) for row in means]
        alone = [2 * stats.t.sf(abs(one.mean) / one.error, one.df) <= LEVEL for one in found]
        # Equivalence is false where the difference is the margin.
        moved = [t_estimate(row + 2, shared, 2.0).equivalence_p <= LEVEL for row in means]
        rates = np.mean(alone), np.mean([one.p <= LEVEL for one in found]), np.mean(moved)
        yield "| " + " | ".join([str(variants), f"{shared:g}", *(f"{100 * rate:.1f}" for rate in rates)]) + " |"


def bias_of_changes(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of changes that are seen on a finite test set, mean over studies, beside the true ones, in points.

    True recalls lie evenly between 80 and 95 % (10 classes) or 50 and 95 % (100); the condition draws them a sixth nearer to
    their mean. Each side's test samples are solved independently.
    """
    gaps = ("max_min", "hard_easy", "std")
    yield from header(["classes x samples", *(f"{gap}: {what}" for gap in gaps for what in ("true", "seen"))])
    for classes, samples in ((10, 1000), (10, 100), (100, 100)):
        control = np.linspace(0.80 if classes == 10 else 0.50, 0.95, classes)
        condition = control.mean() + (control - control.mean()) * 5 / 6
        hard = np.arange(classes) < 4 * classes // 10
        shape = (options.studies, classes)
        seen = [gaps_of_classes(rng.binomial(samples, truth, shape) / samples, hard) for truth in (condition, control)]
        true = [gaps_of_classes(truth, hard) for truth in (condition, control)]
        cells = [f"{classes} x {samples}"]
        for place in map(GAPS.index, gaps):
            cells += [f"{100 * (np.abs(one) - np.abs(other))[..., place].mean():+.2f}" for one, other in (true, seen)]
        yield "| " + " | ".join(cells) + " |"


def few_members(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of how often the middle 95 % of draws of members hold the true mean of normal values, in percent."""
    yield from header(["members", "drawn with replacement", "stretched"])
    for members in (2, 3, 4, 8, 20):
        values = rng.normal(size=(options.studies, members))
        plain = rng.multinomial(members, np.full(members, 1 / members), 2000) / members
        ends = [middle(weights @ values.T, members) for weights in (plain, member_weights(members, 2000, rng))]
        rates = [np.mean((lower <= 0) & (upper >= 0)) for lower, upper in ends]
        yield "| " + " | ".join([str(members), *(f"{100 * rate:.0f}" for rate in rates)]) + " |"


def alike_classes(options: argparse.Namespace, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of gaps, in points, between classes of one true recall: what is seen, and what the ledger judges.

    8 members solve a test sample where a term of the sample (0.7 of the variance) and one of their own lie below a limit.
    """
    yield from header(["classes x samples", "recall", "max_min", "cross-fitted", "holds 0 (%)"])
    studies = max(1, options.studies // 10)
    for classes, samples, recall in ((10, 1000, 0.95), (10, 100, 0.9), (100, 100, 0.78)):
        labels, found = np.repeat(np.arange(classes), samples), []
        for _ in range(studies):
            of_sample, own = rng.normal(size=len(labels)), rng.normal(size=(8, len(labels)))
            solved = np.sqrt(0.7) * of_sample + np.sqrt(0.3) * own < stats.norm.ppf(recall)
            none = np.zeros(8, int)
            runs = RunPredictions(np.where(solved, labels, -1).astype(np.int16), none, np.arange(8), labels, none.astype(str))
            gap = cross_fitted_gap(runs, classes, 500, rng)
            seen = np.ptp(solved.mean(0).reshape(classes, samples).mean(1))
            found.append((100 * seen, 100 * gap.value, 100 * (gap.lower <= 0 <= gap.upper)))
        seen, value, held = np.mean(found, 0)
        yield f"| {classes} x {samples} | {100 * recall:g} % | {seen:.1f} | {value:+.1f} | {held:.0f} |"


def header(columns: list[str]) -> Iterator[str]:
    """Yield the two lines above a table's rows."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)


def report(options: argparse.Namespace) -> str:
    """Return the tables."""
    rng = np.random.default_rng(0)
    parts = [
        f"**Single tests**, {options.replications:,} replications a row (bootstrap {options.replications // 5:,}), percent: "
        "false positives, then coverage of 95 % intervals and power.",
        "\n".join(error_rates(options, rng)),
        f"**Studies** of {CONDITIONS} conditions that share one control and do nothing, {options.replications // 4:,} a row: "
        "in how many (%) any condition is found to do something.",
        "\n".join(family_rates(options, rng)),
        f"**Finite test set**, 10 classes of 100 samples, {options.studies:,} studies a row: coverage (%) of 95 % intervals.",
        "\n".join(coverage_with_test_set(options, rng)),
        f"**Shared error known**, {options.replications // 2:,} replications a row: false positives (%).",
        "\n".join(known_shared_error(options, rng)),
        f"**Bias of a change**, {options.studies:,} studies a row: of a condition that draws classes together, in points.",
        "\n".join(bias_of_changes(options, rng)),
        f"**Few members**, {options.studies:,} ensembles a row: coverage (%) of the middle 95 % of draws.",
        "\n".join(few_members(options, rng)),
        f"**Classes that are alike**, {options.studies // 10:,} studies a row: gaps in points.",
        "\n".join(alike_classes(options, rng)),
    ]
    return "\n\n".join(parts)


def main() -> None:
    """Print the tables; write them between the markers of a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--replications", type=int, default=20000, help="of each row of single tests; a quarter as many studies"
    )
    parser.add_argument("--fits", type=int, default=50, help="of each row that are also fitted by statsmodels, and compared")
    parser.add_argument("--studies", type=int, default=1000, help="of each row with a finite test set")
    parser.add_argument("--write", type=Path, help="page whose tables are replaced")
    options = parser.parse_args()
    tables = report(options)
    print(tables)
    if options.write:
        page = options.write.read_text()
        begin, end = MARKERS
        found = re.subn(f"{begin}.*{end}", lambda _: f"{begin}\n\n{tables}\n\n{end}", page, flags=re.DOTALL)
        if found[1] != 1:
            sys.exit(f"{options.write} has no place between {begin} and {end}")
        options.write.write_text(found[0])


if __name__ == "__main__":
    main()
