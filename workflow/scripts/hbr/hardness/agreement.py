"""Estimators side by side: how alike they rank samples and classes, and which samples both would prune."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from hbr.hardness.allocation import KEEP
from hbr.hardness.classes import class_means
from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.hardness.overlap import RATES_PERCENT, beyond_chance, chance_in_common, in_common, jaccard_of, pruned_share
from hbr.hardness.ranks import rank_correlations, resampled_correlations
from hbr.hardness.uncertainty import member_scores, member_weights, middle, shifted, uncertainty_table

Tables = Mapping[str, pd.DataFrame]


def comparison_tables(
    samples: Tables,
    classes: Tables,
    alphas: Sequence[float],
    offsets: Mapping[str, float],
    resamples: int,
    rng: np.random.Generator,
    balance: str = KEEP,
    compat: str = "none",
) -> dict[str, pd.DataFrame]:
    """Return the tables ``correlations``, ``overlap`` and ``uncertainty`` of all estimators, by name.

    ``uncertainty`` holds :func:`hbr.hardness.uncertainty.uncertainty_table` at alpha 1 and at each of ``alphas``, with the
    estimator and its definition in front; ``offsets`` are added to the class hardness of each.
    """
    correlations, overlap = agreement_tables(samples, classes, resamples, rng)
    texts = {name: str(table["definition"].iloc[0]) for name, table in classes.items()}
    parts = []
    for name, table in samples.items():
        columns, _ = member_scores(table)
        weights = member_weights(len(columns), resamples, rng)
        part = uncertainty_table(table, classes[name], sorted({1.0, *alphas}), offsets[name], weights, balance, compat)
        parts.append(part.assign(estimator=name, definition=texts[name])[["estimator", "definition", *part.columns]])
    for table in (correlations, overlap):
        for place, column in enumerate(("first", "second")):
            table.insert(2 + place, f"{column}_definition", table[column].map(texts).astype(object))
    return {"correlations": correlations, "overlap": overlap, "uncertainty": pd.concat(parts, ignore_index=True)}


def agreement_tables(
    samples: Tables, classes: Tables, resamples: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of rank correlations and of overlaps, a row each pair of estimators (and level, or rate and measure).

    ``samples`` and ``classes`` are the tables of :mod:`hbr.hardness.classes` by estimator. A pair is compared on the samples
    that both have: an estimator may look at trainings on a part of the data. Both columns of a pair are turned so that
    agreement on what is hard is positive.
    """
    correlations: list[dict] = []
    overlaps: list[dict] = []
    for common, pairs in _pairs_by_samples(samples).items():
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
        shared = np.frombuffer(common, dtype=np.int64)
        tables = {name: samples[name].set_index("sample").loc[shared].reset_index() for name in names}
        difficulty = np.stack([tables[name]["difficulty_rank"].to_numpy() for name in names])
        matrices = resampled_correlations(difficulty, resamples, rng)
        means = {name: _class_difficulty(tables[name], classes[name]) for name in names}
        # Estimators of the same trainings are resampled together; those of other data have another number of samples.
        trainings = {name: (columns, len(samples[name])) for name, (columns, _) in means.items()}
        weights = {key: member_weights(len(key[0]), resamples, rng) for key in dict.fromkeys(trainings.values())}
        shares = [pruned_share(row) for row in difficulty]
        for pair in pairs:
            one, other = (names.index(name) for name in pair)
            (columns, first), (other_columns, second) = (means[name] for name in pair)
            fewest = min(len(columns), len(other_columns))
            both = {"first": pair[0], "second": pair[1], "samples": len(shared), "members": fewest}
            whole = rank_correlations(difficulty[[one]], difficulty[[other]])[0]
            # Two samples at least, as two members at least.
            correlations.append(both | _correlation("samples", whole, *middle(matrices[:, one, other], len(shared))))
            of_classes = rank_correlations(first.mean(0)[None], second.mean(0)[None])[0]
            drawn = rank_correlations(weights[trainings[pair[0]]] @ first, weights[trainings[pair[1]]] @ second)
            correlations.append(both | _correlation("classes", of_classes, *middle(shifted(drawn, of_classes), fewest)))
            overlaps += [both | row for row in _overlaps(shares[one], shares[other], len(shared))]
    head = ["first", "second", "samples", "members"]
    interval = ["value", "lower", "upper", "chance", "corrected", "corrected_lower", "corrected_upper"]
    return (
        pd.DataFrame(correlations, columns=[*head, "level", "spearman", "lower", "upper"]),
        pd.DataFrame(overlaps, columns=[*head, "rate_percent", "measure", *interval]),
    )


def _pairs_by_samples(samples: Tables) -> dict[bytes, list[tuple[str, str]]]:
    groups: dict[bytes, list[tuple[str, str]]] = {}
    for pair in combinations(samples, 2):
        one, other = (samples[name]["sample"].to_numpy(dtype=np.int64) for name in pair)
        groups.setdefault(np.intersect1d(one, other).tobytes(), []).append(pair)
    return groups


def _class_difficulty(samples: pd.DataFrame, classes: pd.DataFrame) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the members' names and each one's class hardness, high = hard, over the samples at hand."""
    columns, scores = member_scores(samples)
    sign = 1 if classes["direction"].iloc[0] == HIGH_IS_HARD else -1
    means = class_means(scores, samples["class"].to_numpy(), len(classes))
    return tuple(columns), sign * means


def _correlation(level: str, value: float, lower: np.ndarray, upper: np.ndarray) -> dict:
    return {"level": level, "spearman": value, "lower": float(lower), "upper": float(upper)}


def _overlaps(first: np.ndarray, second: np.ndarray, samples: int) -> list[dict]:
    """Return share in common and Jaccard index at each rate, with Wilson's 95 % interval over the pruned samples."""
    common, chance, pruned = in_common(first, second), chance_in_common(samples), first.sum(1).round().astype(int)
    intervals = [
        stats.binomtest(round(share * size), size).proportion_ci(0.95, method="wilson")
        for share, size in zip(common, pruned, strict=True)
    ]
    ends = np.array([common, *np.array([[interval.low, interval.high] for interval in intervals]).T])
    rows = []
    for measure, turn in (("common", np.asarray), ("jaccard", jaccard_of)):
        values, expected = turn(ends), turn(chance)
        corrected = beyond_chance(values, expected)
        for place, rate in enumerate(RATES_PERCENT):
            row = dict(zip(("value", "lower", "upper"), values[:, place], strict=True))
            row |= dict(zip(("corrected", "corrected_lower", "corrected_upper"), corrected[:, place], strict=True))
            rows.append({"rate_percent": rate, "measure": measure, "chance": expected[place], **row})
    return rows
