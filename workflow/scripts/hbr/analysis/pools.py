"""Pools of other images: what the baseline says of them, and gaps against alpha."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hbr.analysis.alphas import alpha_summary
from hbr.analysis.columns import RESAMPLED
from hbr.analysis.comparisons import sized
from hbr.words import number


def pool_summaries(gaps: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return :func:`.alphas.alpha_summary` of gaps by control: of each that some strategy with a pool is compared with.

    ``gaps`` is of one metric. A gap with a sign enters by its size; one without a value is left out.
    """
    gaps = gaps.assign(value=sized(gaps["value"], gaps["gap"])).dropna(subset="value")
    drawn = gaps[gaps["kind"].isin(RESAMPLED)]
    controls = drawn.loc[drawn["pool"].notna(), "reference"].unique()
    own = {control: drawn[drawn["reference"] == control] for control in controls}
    return {name: alpha_summary(pd.concat([gaps[gaps["condition"] == name], rows]), ["gap"]) for name, rows in own.items()}


def confidence_table(classes: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return for people how sure the baseline is of each pool and class, beside the training images; means over images.

    ``classes`` are of :func:`hbr.hardness.confidence.pool_classes` by pool. A pool's first row is of all its images.
    """
    rows = []
    for name, table in classes.items():
        whole: dict[Hashable, Any] = {"class_name": "all"}
        for prefix in ("", "real_"):
            weights = table[f"{prefix}images"]
            whole[f"{prefix}images"] = weights.sum()
            for column in ("confidence", "otherwise"):
                whole[prefix + column] = np.average(table[prefix + column].fillna(0), weights=weights)
        for row in [whole, *table.to_dict("records")]:
            rows.append(
                {
                    "pool": name,
                    "class": row["class_name"],
                    "images": int(row["images"]),
                    "mean confidence": number(row["confidence"]),
                    "labelled otherwise (%)": number(100 * row["otherwise"]),
                    "training images": int(row["real_images"]),
                    "their mean confidence": number(row["real_confidence"]),
                    "theirs labelled otherwise (%)": number(100 * row["real_otherwise"]),
                }
            )
    return pd.DataFrame(rows)


def extreme_images(scores: pd.DataFrame, classes: pd.DataFrame, each: int = 5, most: int = 10) -> pd.DataFrame:
    """Return the rows of ``scores`` of the ``each`` least and then most confident images of every class.

    Of more than ``most`` classes those of lowest mean confidence are shown. A class with few images shows each once.
    """
    known = classes[classes["images"] > 0]
    shown = known.sort_values("confidence", kind="stable")["class"].head(most) if len(known) > most else known["class"]
    tables = []
    for label in shown:
        own = scores[scores["class"] == label].sort_values("confidence", kind="stable")
        tables.append(own if len(own) <= 2 * each else pd.concat([own.head(each), own.tail(each)]))
    return pd.concat(tables)
