"""Tables of the chapter on robustness, for people."""

import pandas as pd

from hbr.analysis.labels import WAYS
from hbr.words import interval, number, rounded

_CRITERIA = {"allocation": "mean change of S (%)", "ranks": "100 (1 - Spearman of classes)"}


def definitions_table(enough: pd.DataFrame) -> pd.DataFrame:
    """Return what each estimator measures, and by how many networks; those of one definition may differ by their source."""
    table = enough[["estimator", "definition", "members_available"]].drop_duplicates(ignore_index=True)
    same = table.groupby("definition", sort=False)["estimator"].agg(list)
    told = []
    for name, text in zip(table["estimator"], table["definition"], strict=True):
        others = ", ".join(other for other in same[text] if other != name)
        told.append(f"{text}; as {others}, each by the trainings that its source names" if others else text)
    return table.assign(definition=told).rename(columns={"members_available": "members in all"})


def enough_table(enough: pd.DataFrame) -> pd.DataFrame:
    """Return how many members are enough, of tables of :func:`hbr.hardness.stability.members_enough`, in words."""
    rows = enough.to_dict("records")
    return pd.DataFrame(
        {
            "estimator": enough["estimator"],
            "criterion": enough["criterion"].map(_CRITERIA),
            "ensembles": enough["way"].map(WAYS),
            "tolerance": enough["tolerance_percent"].map(number),
            "enough members": [_told(row["members"]) or f"more than {row['largest_tested']:.0f}" for row in rows],
            "where pure noise would be within it": [_told(row["members_expected"]) for row in rows],
            "members in all": enough["members_available"],
        }
    )


def agreement_table(correlations: pd.DataFrame) -> pd.DataFrame:
    """Return the rank correlations of estimators over samples and over classes, one row a pair."""
    cells = [
        f"{rounded(row['spearman'], 2)} ({interval(row['lower'], row['upper'], 2)})" for row in correlations.to_dict("records")
    ]
    pair = ["first", "second", "samples", "members"]
    wide = correlations[[*pair, "level"]].assign(cell=cells).pivot(index=pair, columns="level", values="cell")
    # As they come, not by name.
    wide = wide.reindex(pd.MultiIndex.from_frame(correlations[pair].drop_duplicates()), columns=["samples", "classes"])
    names = wide.index.to_frame(index=False)
    for level in ("samples", "classes"):
        names[f"Spearman over {level} (95 % interval)"] = wide[level].fillna("").to_numpy()
    return names


def uncertainty_table(uncertainty: pd.DataFrame) -> pd.DataFrame:
    """Return hardness, rank and samples of each class with 95 % intervals over members, one row an estimator and class."""
    tables = []
    for estimator, rows in uncertainty.groupby("estimator", sort=False):
        columns: dict[str, object] = {"estimator": estimator, "class": rows.drop_duplicates("class")["class_name"].to_numpy()}
        for (quantity, alpha), part in rows.groupby(["quantity", "alpha"], sort=False, dropna=False):
            word = f"samples at alpha {alpha:g}" if quantity == "allocation" else str(quantity)
            columns[word] = [_with_ends(row["value"], row["lower"], row["upper"]) for row in part.to_dict("records")]
        columns["members"] = rows["members"].iloc[0]
        if said := next((remark for remark in rows["remark"].dropna()), ""):
            columns["remark"] = said
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True).fillna("") if tables else pd.DataFrame()


def _told(members: float) -> str:
    return f"{members:.0f}" if pd.notna(members) else ""


def _with_ends(value: float, lower: float, upper: float) -> str:
    ends = f" ({number(lower)} to {number(upper)})" if pd.notna(lower) and pd.notna(upper) else ""
    return f"{number(value)}{ends}"
