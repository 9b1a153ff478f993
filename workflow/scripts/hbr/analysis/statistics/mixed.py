"""A linear mixed model of paired differences: one mean, a random intercept a variant, members as residuals."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM


class MixedFit(NamedTuple):
    """A fitted model; ``estimate`` and ``error`` in the unit of the differences.

    ``p`` compares estimate / error with t at variants - 1 degrees of freedom, ``wald_p`` with the normal distribution, as
    statsmodels does. ``icc`` is the intra-class correlation, the share of the variance that is between variants. Where
    there is no fit, numbers are NaN and ``remark`` says why; a remark beside numbers restricts them.
    """

    estimate: float = np.nan
    error: float = np.nan
    p: float = np.nan
    wald_p: float = np.nan
    icc: float = np.nan
    remark: str = ""


def fit_mixed(matrix: np.ndarray) -> MixedFit:
    """Return the restricted maximum likelihood fit to differences ``(variants, members)``, NaN where there is no pair.

    Laird and Ware (1982), by statsmodels.
    """
    variants = len(matrix)
    members = (~np.isnan(matrix)).sum(1)
    if variants < 2:
        return MixedFit(remark="one variant" if variants else "no value")
    if members.max() < 2:
        return MixedFit(remark="one member a variant")
    present = ~np.isnan(matrix)
    values, groups = matrix[present], np.repeat(np.arange(variants), members)
    # The optimiser's tolerances are absolute.
    scale = float(values.std())
    if scale < 1e-12:
        return MixedFit(remark="no spread")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The default gradient methods report convergence with errors up to 17 % off, or none in one fit of five.
            fit = MixedLM(values / scale, np.ones((len(values), 1)), groups).fit(reml=True, method=["powell", "nm"])
            estimate, error = scale * float(fit.fe_params[0]), scale * float(fit.bse_fe[0])
            between, within = float(fit.cov_re[0, 0]), float(fit.scale)
    except (np.linalg.LinAlgError, ValueError) as problem:
        return MixedFit(remark=f"no fit: {problem}")
    if not fit.converged:
        return MixedFit(remark="did not converge")
    if not (np.isfinite(estimate) and np.isfinite(error) and error > 0):
        return MixedFit(remark="singular")
    z = abs(estimate) / error
    icc = between / (between + within)
    # At the boundary the fit is sound, but members count as independent.
    remark = "no variance between variants" if icc < 1e-4 else ""
    return MixedFit(estimate, error, 2 * float(stats.t.sf(z, variants - 1)), 2 * float(stats.norm.sf(z)), icc, remark)
