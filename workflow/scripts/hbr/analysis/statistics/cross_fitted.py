"""A gap between classes that holds nothing of what a finite test set alone would show."""

from typing import NamedTuple

import numpy as np

from hbr.analysis.predictions import RunPredictions
from hbr.hardness.uncertainty import member_weights, middle

# Ways to divide the test samples; more of them hardly move the mean.
_DIVISIONS = 50


class CrossFittedGap(NamedTuple):
    """The gap in shares with the middle 95 % of its draws, NaN with one run; ``draws`` are what these are taken from."""

    value: float
    lower: float
    upper: float
    draws: np.ndarray


def cross_fitted_gap(runs: RunPredictions, classes: int, resamples: int, rng: np.random.Generator) -> CrossFittedGap:
    """Return how far the best and the worst class by recall, picked on half of the test samples, are apart on the other half.

    The largest less the smallest of recalls that are measured on few samples is above 0 even where all classes are alike, and
    the more so the more classes there are. Of classes that other samples picked it is not: its expectation is at most the true
    gap. The value is the mean over ways to divide each class's samples. Resamples draw runs
    (:func:`hbr.hardness.uncertainty.member_weights`) and the samples that measure; what was picked stays. Raise ``ValueError``
    where a class has fewer than 2 test samples.
    """
    weights = member_weights(len(runs.predictions), resamples, rng)
    picking, measured = (np.empty((_DIVISIONS, classes)) for _ in range(2))
    drawn = np.empty((resamples, _DIVISIONS, classes))
    for label in range(classes):
        right = (runs.predictions[:, runs.labels == label] == label).astype(np.float64)
        samples = right.shape[1]
        if samples < 2:
            raise ValueError(f"class {label} has {samples} test samples, which cannot be divided")
        picks = rng.permuted(np.arange(samples) < samples // 2 + np.zeros((_DIVISIONS, 1), int), axis=1).astype(np.float64)
        share = right.mean(0)
        picking[:, label] = picks @ share / picks.sum(1)
        measured[:, label] = (1 - picks) @ share / (1 - picks).sum(1)
        times = rng.multinomial(samples, np.full(samples, 1 / samples), resamples)
        hits, of = (times * (weights @ right)) @ (1 - picks).T, times @ (1 - picks).T
        # Where a draw has no sample that measures, those at hand do.
        at_hand = np.tile(measured[:, label], (resamples, 1))
        drawn[..., label] = np.divide(hits, of, out=at_hand, where=of > 0)
    best, worst = picking.argmax(1)[:, None], picking.argmin(1)[:, None]

    def gap(values: np.ndarray) -> np.ndarray:
        """Return the mean over divisions of what is measured of the classes that each one picked."""
        places = np.broadcast_to(best, (*values.shape[:-1], 1)), np.broadcast_to(worst, (*values.shape[:-1], 1))
        first, last = (np.take_along_axis(values, place, -1)[..., 0] for place in places)
        found: np.ndarray = (first - last).mean(-1)
        return found

    draws = gap(drawn)
    lower, upper = middle(draws, len(runs.predictions))
    return CrossFittedGap(float(gap(measured)), float(lower), float(upper), draws)
