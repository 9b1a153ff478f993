"""The interval used wherever a mean is reported."""

import numpy as np
from scipy import special


def mean_interval(values: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the t-interval of the mean over the first axis; NaN where there is only one value."""
    n = len(values)
    mean = values.mean(0)
    if n < 2:
        return np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    # Of scipy.stats, which would say the same, the import alone takes longer than most jobs that ask for it.
    half = special.stdtrit(n - 1, 0.5 + level / 2) * values.std(0, ddof=1) / np.sqrt(n)
    return mean - half, mean + half
