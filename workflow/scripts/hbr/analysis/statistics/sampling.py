"""The sampling error of the finite test set, which all runs share, so that no number of runs shows or reduces it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from hbr.analysis.gaps import GAPS, compared_classes
from hbr.analysis.predictions import RunPredictions
from hbr.analysis.statistics.bootstrap import hierarchical_weights, percentile_interval
from hbr.errors import StudyError


class Components(NamedTuple):
    """Variances of the mean over runs due to the test set: all of it, and the part that runs do not show by their spread."""

    test: float
    shared: float


def paired_places(condition: RunPredictions, reference: RunPredictions) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the runs that have a partner of the same variant and member, and those of their partners.

    Raise ``StudyError`` where there is none, or where test labels differ.
    """
    if not np.array_equal(condition.labels, reference.labels):
        raise StudyError("runs of the condition and of the control were tested on different samples")
    partners = {key: place for place, key in enumerate(zip(reference.variants, reference.members, strict=True))}
    keys = list(zip(condition.variants, condition.members, strict=True))
    places = np.array([place for place, key in enumerate(keys) if key in partners], dtype=int)
    if not len(places):
        raise StudyError("no run of the condition shares variant and member with a run of the control")
    return places, np.array([partners[keys[place]] for place in places])


def gaps_of_classes(values: np.ndarray, hard: np.ndarray, compat: str = "none") -> np.ndarray:
    """Return the gaps of class values ``(..., classes)`` as ``(..., gaps)`` in the order of ``GAPS``.

    The same as :func:`hbr.analysis.gaps.gap_metrics`, for many runs at once; ``hard`` is a boolean a class.
    """
    ordered = np.sort(values, axis=-1)
    k = compared_classes(values.shape[-1], compat)
    mixed = bool(hard.any() and not hard.all())
    nothing = np.full(values.shape[:-1], np.nan)
    gaps = {
        "max_min": ordered[..., -1] - ordered[..., 0],
        "top_bottom": ordered[..., -k:].mean(-1) - ordered[..., :k].mean(-1),
        "hard_easy": values[..., hard].mean(-1) - values[..., ~hard].mean(-1) if mixed else nothing,
        "std": values.std(-1),
        "mad": _median_of_sorted(np.sort(np.abs(ordered - _median_of_sorted(ordered)[..., None]), axis=-1)),
        "mean": values.mean(-1),
    }
    return np.stack([gaps[name] for name in GAPS], axis=-1)


def _median_of_sorted(ordered: np.ndarray) -> np.ndarray:
    n = ordered.shape[-1]
    middle: np.ndarray = (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2
    return middle


def resampled_tests(labels: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each test sample is in each resample, float32 ``(resamples, samples)``.

    Samples are drawn with replacement within their class, so that class sizes stay, as in a test set that is made so.
    """
    weights = np.zeros((resamples, len(labels)), np.float32)
    rows = np.arange(resamples)[:, None]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        n = len(members)
        drawn = rng.integers(0, n, (resamples, n)) + rows * n
        weights[:, members] = np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n)
    return weights


def resampled_gaps(
    predictions: np.ndarray,
    labels: np.ndarray,
    hard: np.ndarray,
    weights: np.ndarray,
    metric: str = "recall",
    compat: str = "none",
) -> np.ndarray:
    """Return the gaps of each run under each resampled test set, float64 ``(resamples, runs, gaps)`` as in ``GAPS``.

    ``hard`` is a boolean a class and says how many classes there are; else as :func:`resampled_classes`.
    """
    return gaps_of_classes(resampled_classes(predictions, labels, len(hard), weights, metric), hard, compat)


def resampled_classes(
    predictions: np.ndarray, labels: np.ndarray, classes: int, weights: np.ndarray, metric: str = "recall"
) -> np.ndarray:
    """Return the classes' values of each run under each resampled test set, float64 ``(resamples, runs, classes)``.

    ``predictions`` are ``(runs, samples)``, ``weights`` from :func:`resampled_tests`, ``metric`` recall or precision; a class
    that is never predicted has precision 0.
    """
    if metric not in ("recall", "precision"):
        raise ValueError(f"{metric!r} has no gaps; use recall or precision")
    values = np.empty((len(weights), len(predictions), classes))
    for label in range(classes):
        own = labels == label
        # Sums of whole numbers below 2^24 are exact in float32.
        hits = weights[:, own] @ (predictions[:, own] == label).astype(np.float32).T
        # Of what recall and precision are shares: a class has as many samples in every resample.
        total = own.sum() if metric == "recall" else weights @ (predictions == label).astype(np.float32).T
        values[..., label] = np.divide(hits, total, out=np.zeros(hits.shape), where=total > 0, dtype=np.float64)
    return values


def variance_components(differences: np.ndarray, variants: np.ndarray) -> Components:
    """Return the variances of the mean of variant means due to the test set.

    ``differences`` are ``(resamples, runs)``, each row of one resampled test set. Runs react to a test sample in common and
    each in its own way; the second part shows in the spread between variants already, so adding all of the test set's
    variance to theirs would count it twice. The parts are separated as in a two-way layout of variants and test sets; the
    shared one is at least 0. With one variant all of it is shared.
    """
    names = np.unique(variants)
    by_variant = np.stack([differences[:, variants == name].mean(1) for name in names], axis=1)
    mean = by_variant.mean(1)
    test = float(mean.var(ddof=1))
    if len(names) < 2:
        return Components(test, test)
    own = float((by_variant - mean[:, None]).var(0, ddof=1).sum()) / (len(names) * (len(names) - 1))
    return Components(test, max(0.0, test - own))


def sampling_errors(
    variants: np.ndarray,
    condition: np.ndarray,
    control: np.ndarray,
    rng: np.random.Generator,
    level: float = 0.05,
) -> pd.DataFrame:
    """Return one row a gap with the test set's share in the error of the mean difference to the control, in shares.

    ``condition`` and ``control`` are :func:`resampled_gaps` of paired runs, whose ``variants`` are named, under the same
    resampled test sets. Columns:
    gap; test_error, the standard error due to the test set with the runs fixed; shared_error, the part of it that the spread
    between variants does not hold (:func:`variance_components`); crossed_lower and crossed_upper, the ``1 - level`` percentile
    interval of a bootstrap that draws variants, members within them, and test samples (Owen 2007), NaN with one variant.
    The gap hard_easy enters by its size, as in :func:`hbr.analysis.comparisons.sized_differences`.
    """
    runs = hierarchical_weights(variants, len(condition), rng)
    rows = []
    for place, gap in enumerate(GAPS):
        values, reference = condition[..., place], control[..., place]
        difference = np.abs(values) - np.abs(reference)
        components = variance_components(difference, variants)
        lower, upper = percentile_interval((runs * difference).sum(1), level)
        several = len(np.unique(variants)) > 1 and not np.isnan(lower)
        rows.append(
            {
                "gap": gap,
                "test_error": np.sqrt(components.test),
                "shared_error": np.sqrt(components.shared),
                "crossed_lower": lower if several else np.nan,
                "crossed_upper": upper if several else np.nan,
            }
        )
    return pd.DataFrame(rows)
