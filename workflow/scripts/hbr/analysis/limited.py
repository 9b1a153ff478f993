"""Limited data in tables: gaps by the share that is pruned at random, one line a strategy."""

import pandas as pd

from hbr.analysis.comparisons import summarise_variants

CONTROL = "no resampling"


def limited_summary(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return mean and interval of gaps on limited data, and on their controls, per line, rate (percent), metric and gap.

    ``gaps`` are those of runs with the columns of their conditions. A line is a strategy, with its alpha where there are
    several, or the control. The other columns are of :func:`.comparisons.summarise_variants`.
    """
    own = gaps[gaps["kind"] == "limited"]
    alphas = own["alpha"].map("{:g}".format) if own["alpha"].nunique() > 1 else None
    names = own["oversampling"].fillna("none") + " / " + own["undersampling"].fillna("none")
    lines = own.assign(line=names if alphas is None else names + ", alpha " + alphas)
    rates = own.drop_duplicates("reference").set_index("reference")["rate"]
    controls = gaps[gaps["condition"].isin(rates.index)]
    controls = controls.assign(line=CONTROL, rate=controls["condition"].map(rates))
    return summarise_variants(pd.concat([controls, lines]).astype({"rate": float}), ["line", "rate", "metric", "gap"])
