"""How conditions are called in figures and tables."""

import pandas as pd


def strategy_labels(table: pd.DataFrame) -> pd.Series:
    """Return `oversampling / undersampling`, with the estimator where there are several; one string a row."""
    strategy = table["oversampling"].astype(str) + " / " + table["undersampling"].astype(str)
    several = table["estimator"].dropna().nunique() > 1
    return strategy + (" by " + table["estimator"].astype(str) if several else "")


def condition_labels(table: pd.DataFrame) -> pd.Series:
    """Return the strategy with its alpha for resampled rows, the kind for all others."""
    full = strategy_labels(table) + ", alpha " + table["alpha"].map("{:g}".format)
    return full.where(table["kind"] == "resampled", table["kind"])
