"""Resampling by alpha: means over variants of every strategy, from its control on."""

import pandas as pd

from hbr.analysis.comparisons import summarise_variants


def alpha_summary(values: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return mean and 95 % t-interval over variants of every strategy's values, by alpha and ``keys``; its control is alpha 0.

    ``values`` is long: the columns of a condition, variant, member, ``keys`` and value, of controls and of what is resampled.
    One row a strategy, alpha and ``keys``: :func:`.comparisons.summarise_variants`.
    """
    resampled = values[values["kind"] != "control"]
    ways = resampled[["strategy", "reference"]].drop_duplicates().rename(columns={"reference": "condition"})
    control = values[values["kind"] == "control"].drop(columns=["strategy", "alpha"]).merge(ways, on="condition")
    table = summarise_variants(pd.concat([control.assign(alpha=0.0), resampled]), ["strategy", "alpha", *keys])
    order = {strategy: place for place, strategy in enumerate(ways["strategy"])}
    return table.sort_values(["strategy", "alpha"], key=lambda own: own.replace(order), ignore_index=True)
