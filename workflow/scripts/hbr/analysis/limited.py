"""Limited data in tables: gaps by the share that is pruned at random, and how much it matters whose hardness is taken."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from hbr.analysis.comparisons import summarise_variants
from hbr.hardness.allocation import wanted_counts
from hbr.words import rounded

CONTROL = "no resampling"


def limited_summary(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return mean and interval of gaps on limited data, and on their controls, per line, rate (percent), metric and gap.

    ``gaps`` are those of runs with the columns of their conditions. A line is a strategy, with its pool, with its alpha where
    there are several and a word where hardness is of the base, or the control. The other columns are of
    :func:`.comparisons.summarise_variants`.
    """
    own = gaps[gaps["kind"] == "limited"]
    pools = (" of " + own["pool"].astype("string")).fillna("")
    names = own["oversampling"].fillna("none") + pools + " / " + own["undersampling"].fillna("none")
    names += own["method"].map({"base": ", own hardness"}).fillna("")
    if own["alpha"].nunique() > 1:
        names += own["alpha"].map(", alpha {:g}".format)
    rates = own.drop_duplicates("reference").set_index("reference")["rate"]
    controls = gaps[gaps["condition"].isin(rates.index)]
    controls = controls.assign(line=CONTROL, rate=controls["condition"].map(rates))
    every = pd.concat([controls, own.assign(line=names)]).astype({"rate": float})
    return summarise_variants(every, ["line", "rate", "metric", "gap"])


def source_table(full: pd.DataFrame, own: Mapping[str, Sequence[pd.DataFrame]]) -> pd.DataFrame:
    """Return, in words, how much ratios by hardness of a base differ from those by hardness of all samples, a row a base.

    ``full`` is an allocation by all samples, ``own`` those of the variants of each base. Rank correlation of classes, and
    change of what a class is owed at alpha 1 in percent of its samples, both means over variants, and the largest change.
    """
    rows, control = [], full["control"].to_numpy(np.float64)
    for name, tables in own.items():
        ratios = np.array([table["ratio"] for table in tables])
        owed, before = (wanted_counts(one, control, 1) for one in (ratios, full["ratio"].to_numpy()))
        changes = 100 * np.abs(owed - before) / control
        correlations = [stats.spearmanr(row, full["ratio"]).statistic for row in ratios]
        row = {"base": name, "variants": len(tables), "rank correlation": rounded(float(np.mean(correlations)), 2)}
        rows.append({**row, "mean change (%)": rounded(changes.mean()), "largest change (%)": rounded(changes.max())})
    return pd.DataFrame(rows)
