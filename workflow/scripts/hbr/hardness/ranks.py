"""Spearman's rank correlation of many rankings at once, resampled or not."""

import numpy as np
from scipy import stats


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each row of two arrays ``(rows, values)``, ties averaged; NaN for a constant row."""
    one, other = (stats.rankdata(values, axis=1) for values in (first, second))
    one, other = one - one.mean(1, keepdims=True), other - other.mean(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (one * other).sum(1) / np.sqrt((one**2).sum(1) * (other**2).sum(1))


def stepped_up(correlation: float, times: int) -> float:
    """Return the reliability of the mean of ``times`` measures that correlate so in pairs (Spearman 1910, Brown 1910).

    A correlation that is not above 0 is returned as it is.
    """
    return times * correlation / (1 + (times - 1) * correlation) if correlation > 0 else correlation


def resampled_correlations(values: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Return the matrix of Spearman's correlations between rows in bootstrap samples of the columns.

    ``values`` are ``(rows, columns)``; the result is float64 ``(resamples, rows, rows)``. A column that is drawn w times
    stands for w tied ones; the ranks of a resample follow from cumulated weights in the order of the values, which are
    sorted once.
    """
    rows, columns = values.shape
    # The place of each value among the distinct ones of its row, and where these begin in ascending order.
    order = np.argsort(values, axis=1, kind="stable")
    ascending = np.take_along_axis(values, order, 1)
    starts = [np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) for row in ascending]
    group = np.stack([np.unique(row, return_inverse=True)[1] for row in values])
    matrices = np.empty((resamples, rows, rows))
    ranks = np.empty((rows, columns))
    for matrix in matrices:
        weight = np.bincount(rng.integers(0, columns, columns), minlength=columns).astype(np.float64)
        for row in range(rows):
            drawn = np.add.reduceat(weight[order[row]], starts[row])
            middle = np.cumsum(drawn) - (drawn - 1) / 2
            ranks[row] = middle[group[row]]
        # The mean rank of n values is (n + 1) / 2, ties or not.
        centred = ranks - (columns + 1) / 2
        products = (centred * weight) @ centred.T
        with np.errstate(invalid="ignore", divide="ignore"):
            matrix[:] = products / np.sqrt(np.outer(np.diag(products), np.diag(products)))
    return matrices
