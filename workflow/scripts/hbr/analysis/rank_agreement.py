"""How well two orders of the same samples agree: rank correlations and AUROC, under draws of members and samples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

from hbr.hardness.uncertainty import member_weights


@dataclass(frozen=True)
class Agreement:
    """A value with the middle 95 % of bootstrap draws; NaN ends where there is one member.

    A draw holds some members twice and others not at all, so that it averages over fewer, and most draws of a noisy ensemble
    lie below the value: all are shifted by their mean's distance from it.
    """

    value: float
    lower: float
    upper: float


# Of what does not vary, which has no order.
NO_ORDER = Agreement(np.nan, np.nan, np.nan)


def weighted_ranks(values: np.ndarray, weights: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Return the rank that each value would have, ties averaged, if it stood ``weights`` times among the others.

    A draw with replacement is a number of times for each sample: so it need not be sorted anew. ``order`` sorts the values.
    """
    order = np.argsort(values, kind="stable") if order is None else order
    ordered, times = values[order], weights[order].astype(np.float64)
    starts = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(starts) - 1
    size = np.bincount(group, times)
    middle = np.cumsum(size) - size + (size + 1) / 2
    ranks = np.empty(len(values))
    ranks[order] = middle[group]
    return ranks


def weighted_pearson(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Return the correlation of two variables whose samples stand ``weights`` times; 0 where one does not vary."""
    total = weights.sum()
    x, y = x - _sum(weights, x) / total, y - _sum(weights, y) / total
    spread = _sum(weights, x**2) * _sum(weights, y**2)
    return _sum(weights, x * y) / float(np.sqrt(spread)) if spread > 0 else 0.0


def within(ranks: np.ndarray, groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return ranks minus their mean in each group: what is left of them once the group is known."""
    size = np.bincount(groups, weights)
    return ranks - (np.bincount(groups, weights * ranks) / np.maximum(size, 1))[groups]


def weighted_auroc(ranks: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> float:
    """Return the share of pairs of a true and another sample that the ranks of :func:`weighted_ranks` put right."""
    positive, all_of = float(weights[truth].sum()), float(weights.sum())
    if positive in (0.0, all_of):
        return np.nan
    return (_sum(weights[truth], ranks[truth]) - positive * (positive + 1) / 2) / (positive * (all_of - positive))


def draws(
    harder: np.ndarray, samples: int, resamples: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the mean of drawn members and the number of times each sample is taken; nothing with one member."""
    members = len(harder)
    for weights in member_weights(members, resamples if members > 1 else 0, rng):
        times = np.bincount(rng.integers(0, samples, samples), minlength=samples).astype(np.float64)
        yield weighted_mean(harder, weights), times


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted sum over the first axis, bit by bit the same whatever the number of threads."""
    summed: np.ndarray = (weights[:, None] * values).sum(0)
    return summed


def sample_agreement(
    harder: np.ndarray, doubt: np.ndarray, labels: np.ndarray, resamples: int, rng: np.random.Generator
) -> tuple[Agreement, Agreement]:
    """Return Spearman's correlation of hardness (mean of ``harder``, members x samples) with doubt, overall and within classes.

    Within classes it is the partial rank correlation given the class: that of ranks minus their mean in each class.
    """
    _, labels = np.unique(labels, return_inverse=True)
    ones, order = np.ones(len(doubt)), np.argsort(doubt, kind="stable")
    mean = harder.mean(0)
    if np.ptp(mean) == 0 or np.ptp(doubt) == 0:
        return NO_ORDER, NO_ORDER
    # Equal to what weights of 1 give, from the library.
    own = (_spearman(mean, doubt), _partial(weighted_ranks(mean, ones), weighted_ranks(doubt, ones, order), labels, ones))
    found = []
    for drawn, times in draws(harder, len(doubt), resamples, rng):
        x, y = weighted_ranks(drawn, times), weighted_ranks(doubt, times, order)
        found.append((weighted_pearson(x, y, times), _partial(x, y, labels, times)))
    lower, upper = _ends(np.array(found).reshape(-1, 2), own, -1)
    first, second = (Agreement(own[place], lower[place], upper[place]) for place in (0, 1))
    return first, second


def class_agreement(harder: np.ndarray, doubt: np.ndarray, rng: np.random.Generator) -> tuple[Agreement, Agreement]:
    """Return Spearman's correlation of class means, with ends over members and samples, and over classes, too.

    ``harder`` is ``(1 + resamples, members, classes)`` and ``doubt`` ``(1 + resamples, classes)``: of all samples first, then
    of draws of them (:func:`drawn_class_means`).
    """
    if np.ptp(harder[0].mean(0)) == 0 or np.ptp(doubt[0]) == 0:
        return NO_ORDER, NO_ORDER
    own = _spearman(harder[0].mean(0), doubt[0])
    if harder.shape[1] < 2:
        return Agreement(own, np.nan, np.nan), Agreement(own, np.nan, np.nan)
    members, classes = harder.shape[1:]
    over_samples, over_classes = [], []
    weights = member_weights(members, len(doubt) - 1, rng)
    for own_weights, means, people in zip(weights, harder[1:], doubt[1:], strict=True):
        drawn, chosen = weighted_mean(means, own_weights), rng.integers(0, classes, classes)
        over_samples.append(_spearman(drawn, people))
        over_classes.append(_spearman(drawn[chosen], people[chosen]))
    # How far a draw of members lies below is told by those of all classes.
    lower, upper = _quantiles(np.array([over_samples, over_classes]).T + (own - np.mean(over_samples)), -1)
    return Agreement(own, lower[0], upper[0]), Agreement(own, lower[1], upper[1])


def drawn_class_means(
    values: np.ndarray, labels: np.ndarray, classes: int, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Return class means of rows of ``values``: of all samples, then of draws in each class.

    They are ``(1 + resamples, rows, classes)``.
    """
    found = np.empty((1 + resamples, len(values), classes))
    for label in range(classes):
        own = values[:, labels == label].astype(np.float64)
        found[0, :, label] = own.mean(1)
        for place in range(1, 1 + resamples):
            found[place, :, label] = own[:, rng.integers(0, own.shape[1], own.shape[1])].mean(1)
    return found


def auroc_agreement(harder: np.ndarray, truth: np.ndarray, resamples: int, rng: np.random.Generator) -> Agreement:
    """Return the AUROC of hardness, mean of ``harder`` (members x samples), for samples of which ``truth`` holds."""
    if not 0 < truth.sum() < len(truth):
        return NO_ORDER
    found = [
        weighted_auroc(weighted_ranks(drawn, times), truth, times) for drawn, times in draws(harder, len(truth), resamples, rng)
    ]
    value = float(roc_auc_score(truth, harder.mean(0)))
    lower, upper = _ends(np.array(found).reshape(-1, 1), (value,), 0)
    return Agreement(value, lower[0], upper[0])


def _sum(weights: np.ndarray, values: np.ndarray) -> float:
    # As a product of vectors its last bits would depend on the number of threads.
    return float(np.sum(weights * values))


def _spearman(x: np.ndarray, y: np.ndarray) -> float:
    # A draw in which all are alike has no order.
    return float(stats.spearmanr(x, y).statistic) if np.ptp(x) > 0 and np.ptp(y) > 0 else 0.0


def _partial(x: np.ndarray, y: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    return weighted_pearson(within(x, labels, weights), within(y, labels, weights), weights)


def _ends(found: np.ndarray, own: Sequence[float], least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of draws, a column a value, around these."""
    if not len(found):
        return np.full(found.shape[1], np.nan), np.full(found.shape[1], np.nan)
    return _quantiles(found + (np.asarray(own) - np.nanmean(found, axis=0)), least)


def _quantiles(found: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = np.nanquantile(found, (0.025, 0.975), axis=0)
    return np.clip(lower, least, 1), np.clip(upper, least, 1)
