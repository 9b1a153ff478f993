"""Pruning in tables: what each rate takes from each class, and what training without it gives."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import summarise_variants
from hbr.hardness.overlap import RATES_PERCENT, pruned_share


def pruned_shares(samples: pd.DataFrame, rates: Sequence[int] = RATES_PERCENT) -> pd.DataFrame:
    """Return one row a rate (percent) and class: samples, pruned, and the share of the class that DLP prunes (v1, figure S4).

    ``samples`` are those of one estimator, with class and difficulty_rank. What is pruned is the expected number, since a lot
    decides between samples of equal difficulty.
    """
    labels, difficulty = samples["class"].to_numpy(), samples["difficulty_rank"].to_numpy()
    sizes = np.bincount(labels)
    tables = []
    for rate, share in zip(rates, pruned_share(difficulty, tuple(rates)), strict=True):
        pruned = np.bincount(labels, weights=share, minlength=len(sizes))
        columns = {"class": np.arange(len(sizes)), "samples": sizes, "pruned": pruned, "share": pruned / sizes}
        tables.append(pd.DataFrame({"rate": rate, **columns}))
    return pd.concat(tables, ignore_index=True)


def rate_summary(values: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return mean and 95 % t-interval over variants of pruned conditions, and of the control as rate 0 of each method.

    ``values`` is long: the columns of a condition, variant, member, ``key`` (such as gap or class) and value. One row an
    estimator, method, rate and ``key``: :func:`.comparisons.summarise_variants`.
    """
    pruned = values[values["kind"] == "pruned"]
    ways = pruned[["estimator", "method"]].drop_duplicates()
    control = values[(values["kind"] == "control") & values["method"].isna()].drop(columns=["estimator", "method", "rate"])
    every = pd.concat([control.merge(ways, how="cross").assign(rate=0), pruned])
    table = summarise_variants(every, ["estimator", "method", "rate", key])
    return table.sort_values(["estimator", "method", "rate"], kind="stable", ignore_index=True)
