"""Filters that whiten small patches of images: what they return is uncorrelated, with variance one."""

import os

import numpy as np

from hbr.data.datasets import PreparedDataset
from hbr.data.files import read_arrays, write_arrays

# Added to variances, so that directions in which patches hardly differ are not blown up to noise.
RIDGE = 5e-4
_PIXELS_AT_ONCE = 500_000


def fit_whitening(images: np.ndarray, mean: np.ndarray, std: np.ndarray, size: int = 2, ridge: float = RIDGE) -> np.ndarray:
    """Return float32 filters ``(channels * size**2, channels, size, size)``, those of the largest variance first.

    They are the principal directions of all ``size x size`` patches of uint8 ``images`` ``(samples, height, width, channels)``,
    normalised with ``mean`` and ``std`` per channel as in training, each divided by the root of its variance plus ``ridge``
    (Jordan 2024, arXiv 2404.00498, section 3.2). Sums are over integers, hence exact in any order.
    """
    channels = images.shape[3]
    places = channels * size**2
    count, first, second = 0, np.zeros(places), np.zeros((places, places))
    step = max(1, _PIXELS_AT_ONCE // (images.shape[1] * images.shape[2]))
    for start in range(0, len(images), step):
        part = images[start : start + step]
        windows = np.lib.stride_tricks.sliding_window_view(part, (size, size), axis=(1, 2))
        patches = windows.reshape(-1, places).astype(np.float64)
        count += len(patches)
        first += patches.sum(0)
        second += patches.T @ patches
    scale = np.repeat(1 / (255 * np.asarray(std, dtype=np.float64)), size**2)
    covariance = (second / count - np.outer(first, first) / count**2) * np.outer(scale, scale)
    variances, directions = np.linalg.eigh(covariance)
    variances, directions = variances[::-1], directions[:, ::-1].T
    # A direction is as good as its negative: the larger part is made positive, so that libraries cannot differ.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], 1)
    directions = directions * np.sign(largest)
    filters = directions / np.sqrt(np.maximum(variances, 0) + ridge)[:, None]
    return filters.reshape(places, channels, size, size).astype(np.float32)


def whitening_of(dataset: PreparedDataset) -> np.ndarray:
    """Return the filters of a data set's training images."""
    return fit_whitening(dataset.train_images, dataset.mean, dataset.std)


def save_whitening(path: str | os.PathLike[str], filters: np.ndarray, dataset: PreparedDataset) -> None:
    """Write filters, with the checksum of the data set they are of."""
    write_arrays(path, filters=filters, dataset=np.asarray(dataset.checksum, dtype=np.str_))


def load_whitening(path: str | os.PathLike[str]) -> tuple[np.ndarray, str]:
    """Return filters and the checksum of their data set."""
    arrays = read_arrays(path, "filters", "dataset")
    return arrays["filters"], str(arrays["dataset"])
