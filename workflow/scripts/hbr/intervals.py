"""The interval used wherever a mean is reported."""

import numpy as np
from scipy import special

# Differences of shares between 0 and 1 carry rounding errors of about 1e-16.
_ROUNDING = 1e-12


def has_spread(means: np.ndarray) -> bool:
    """Return whether means differ by more than rounding, without which no test of theirs has a meaning."""
    return len(means) > 1 and float(np.ptp(means)) > _ROUNDING


def mean_interval(values: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the t-interval of the mean over the first axis; NaN where there is only one value."""
    n = len(values)
    mean = values.mean(0)
    if n < 2:
        return np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    # Of scipy.stats, which would say the same, the import alone takes longer than most jobs that ask for it.
    half = special.stdtrit(n - 1, 0.5 + level / 2) * values.std(0, ddof=1) / np.sqrt(n)
    return mean - half, mean + half
