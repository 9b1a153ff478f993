"""How conditions are called in figures and tables."""

import pandas as pd

GAP_TITLES = {
    "max_min": "max - min",
    "top_bottom": "best - worst fifth",
    "hard_easy": "|hard - easy|",
    "std": "standard deviation",
    "mad": "median abs. deviation",
    "mean": "mean",
}
_BY_HARDNESS = ("resampled", "placebo")


def strategy_labels(table: pd.DataFrame) -> pd.Series:
    """Return `oversampling / undersampling` of resampled rows and placebos, one string a row.

    Where several estimators resample, theirs is named: `random / easy by aum`.
    """
    strategy = table["oversampling"].astype(str) + " / " + table["undersampling"].astype(str)
    return strategy + _estimators(table, table["kind"].isin(_BY_HARDNESS))


def _estimators(table: pd.DataFrame, rows: pd.Series) -> pd.Series:
    several = table.loc[rows, "estimator"].nunique() > 1
    return " by " + table["estimator"].astype(str) if several else pd.Series("", index=table.index)
