"""What a reader should know of the allocations before trusting what was trained on them: extremes, sizes, the offset."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hbr.hardness.allocation import control_counts, ratios_of_rows, sensible_offset, wanted_counts

# Where the lowest class hardness lies above 0, in units of the spread of class hardness.
_HEIGHTS = np.geomspace(0.02, 20, 41)


def review_table(
    classes: Mapping[str, pd.DataFrame], allocations: Mapping[str, Sequence[pd.DataFrame]], spread_warning: float
) -> pd.DataFrame:
    """Return one row an allocation: the classes that gain and lose most against the control, their spread, and remarks.

    ``classes`` and ``allocations`` are tables of :func:`hbr.hardness.classes.class_table` and
    :func:`hbr.hardness.allocation.allocation_table` by estimator, alpha 0 first. ``spread`` is the largest factor over the
    smallest; beyond ``spread_warning`` it is remarked, as are classes of unequal size and classes that are equally hard.
    """
    rows = []
    for estimator, tables in allocations.items():
        for table in tables:
            most, least = _extremes(table)
            row = {"estimator": estimator, "alpha": float(table["alpha"].iloc[0]), "spread": most["factor"] / least["factor"]}
            for name, one in (("most", most), ("least", least)):
                row |= {f"{name}_{key}": one[key] for key in ("class_name", "granted", "factor")}
            warning = _warning(estimator, classes[estimator], table, spread_warning) if row["spread"] > spread_warning else None
            rows.append(row | {"warning": warning, "remark": _remark(table, tables[0])})
    return pd.DataFrame(rows).astype({"warning": object, "remark": object})


def offset_table(classes: pd.DataFrame, offset: float, balance: str) -> pd.DataFrame:
    """Return what each class is owed at alpha = 1 at other offsets, among them the study's own ``offset``.

    Columns: offset, class, class_name, hardness, wanted, factor (wanted over the control's), study (whether it is the
    study's offset) and sensible (the offset of :func:`hbr.hardness.allocation.sensible_offset`). 1/H changes with the
    offset, and so does H against its mean; nothing but judgement says which is right.
    """
    hardness, direction = classes["hardness"].to_numpy(), str(classes["direction"].iloc[0])
    control = control_counts(classes["samples"].to_numpy(), balance)
    scale = float(np.ptp(hardness)) or float(np.abs(hardness).max()) or 1.0
    offsets = np.unique([*(_HEIGHTS * scale - hardness.min()), offset])
    ratios = ratios_of_rows(hardness + offsets[:, None], direction, tuple(classes["class_name"].astype(str)))
    wanted = wanted_counts(ratios, control, 1)
    names = classes[["class", "class_name", "hardness"]]
    parts = [
        names.assign(offset=one, wanted=row, factor=row / control, study=one == offset)
        for one, row in zip(offsets, wanted, strict=True)
    ]
    return pd.concat(parts, ignore_index=True).assign(sensible=sensible_offset(hardness, direction, control))


def sentences_of(review: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the warnings and remarks of :func:`review_table`, each with the allocation that it is on, in words."""
    return [
        (f"allocation by {row['estimator']}, alpha {row['alpha']:g}", f"{'warning: ' if kind == 'warning' else ''}{row[kind]}")
        for row in review.to_dict("records")
        for kind in ("warning", "remark")
        if pd.notna(row[kind])
    ]


def _extremes(table: pd.DataFrame) -> tuple[dict, dict]:
    """Return the rows of the classes that are granted most and least of what the control has."""
    rows = table.sort_values("factor", kind="stable").to_dict("records")
    return rows[-1], rows[0]


def _warning(estimator: str, classes: pd.DataFrame, table: pd.DataFrame, limit: float) -> str:
    most, least = _extremes(table)
    own = float(table["hardness_offset"].iloc[0])
    mild = sensible_offset(classes["hardness"].to_numpy(), str(classes["direction"].iloc[0]), table["control"].to_numpy())
    offset = f", or `resampling.hardness_offset: {{{estimator}: {mild:g}}}`," if mild > own else ""
    spread = f"{most['factor'] / least['factor']:.3g} : 1, beyond `resampling.spread_warning` {limit:g} : 1"
    return f"{_share(most)} and {_share(least)}: {spread}; a smaller alpha{offset} is milder"


def _share(row: Mapping) -> str:
    return f"class {row['class_name']!r} gets {row['granted']:,} samples, {row['factor']:.2g} times the control's"


def _remark(table: pd.DataFrame, control: pd.DataFrame) -> str | None:
    """Return what is to be said of one allocation: of alpha 0 on sizes and equal hardness, of others that they do nothing."""
    sizes, alpha = table["samples"], float(table["alpha"].iloc[0])
    if alpha > 0:
        same = (table["granted"] == control["granted"]).all()
        return f"alpha {alpha:g} changes no class's number of samples: there is nothing to test" if same else None
    words = []
    if sizes.nunique() > 1:
        kept = (table["control"] == sizes).all()
        words.append(
            f"classes have {sizes.min():,} to {sizes.max():,} samples, and alpha 0 "
            + (
                "keeps them as they come: alpha changes each by its hardness alone (`resampling.balance: keep`)"
                if kept
                else f"gives each {table['control'].iloc[0]:,.4g} of them (`resampling.balance: equal`)"
            )
        )
    if np.ptp(table["ratio"]) < 1e-9:
        words.append("all classes are equally hard: no alpha changes anything")
    return "; ".join(words) or None
