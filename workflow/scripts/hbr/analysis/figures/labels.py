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


def condition_labels(table: pd.DataFrame) -> pd.Series:
    """Return how each row's condition is called, one string a row; conditions of one study are called differently.

    `control`, `control of denoised-x`, `random / easy, alpha 1`, `placebo shuffled: random / easy, alpha 1`, `DLP 30 %`,
    `without x`, the kind for all others; with the estimator where several are used for the same kind of condition.
    """
    kind, method = table["kind"], table["method"].astype(str)
    full = strategy_labels(table) + ", alpha " + pd.to_numeric(table["alpha"]).map("{:g}".format)
    pruned = method.str.upper() + " " + pd.to_numeric(table["rate"]).map("{:g} %".format)
    labels = kind.where(kind != "resampled", full)
    labels = labels.where(kind != "placebo", "placebo " + method + ": " + full)
    labels = labels.where(kind != "pruned", pruned + _estimators(table, kind == "pruned"))
    labels = labels.where(kind != "denoised", "without " + method)
    labels = labels.where(kind != "threshold", "threshold samples")
    return labels.where((kind != "control") | table["method"].isna(), "control of " + method)


def label_differences(differences: pd.DataFrame) -> pd.DataFrame:
    """Return a table of differences with the columns label and reference_label, of condition and reference.

    A reference is a control, or a condition that is compared with one in the same table.
    """
    table = differences.assign(label=condition_labels(differences))
    known = dict(zip(table["condition"], table["label"], strict=True))
    names = {name: known.get(name, str(name).replace("control-", "control of ")) for name in table["reference"].unique()}
    return table.assign(reference_label=table["reference"].map(names))


def against_control(differences: pd.DataFrame) -> pd.Series:
    """Return whether each row compares with a control: of the data, or of the samples that its hardness comes from."""
    return differences["reference"].str.partition("-")[0] == "control"


def _estimators(table: pd.DataFrame, rows: pd.Series) -> pd.Series:
    several = table.loc[rows, "estimator"].nunique() > 1
    return " by " + table["estimator"].astype(str) if several else pd.Series("", index=table.index)
