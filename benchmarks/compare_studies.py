"""Does a study with a short recipe find what one with a long recipe finds? From tables that collect_reference.py kept.

python benchmarks/compare_studies.py reports/reference/cifar10-cpu/cifar10 reports/reference/cifar10-cpu-long/cifar10
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import table

from hbr.data.files import read_table
from hbr.errors import StudyError
from hbr.hardness.ranks import rank_correlations


def tables_of(first: Path, second: Path, pattern: str) -> Iterator[tuple[str, list[pd.DataFrame]]]:
    """Yield the tables of classes that both folders have, by file name without its end; raise where classes differ."""
    for path in sorted(first.glob(pattern)):
        if (second / path.name).is_file():
            tables = [read_table(folder / path.name).set_index("class_name") for folder in (first, second)]
            if set(tables[0].index) != set(tables[1].index):
                raise StudyError(f"{first} and {second} are of different classes; compare studies of one data set")
            yield path.stem, [tables[0], tables[1].loc[tables[0].index]]


def hardness_rows(first: Path, second: Path) -> list[list[object]]:
    """Return a row an estimator that both have: correlation of class hardness, and the four hardest classes of each."""
    rows: list[list[object]] = []
    for name, tables in tables_of(first, second, "hardness_*.csv"):
        one, other = (own["hardness"].to_numpy() for own in tables)
        # The easiest class has difficulty rank 1.
        hardest = [" ".join(own["difficulty_rank"].sort_values(ascending=False).index[:4]) for own in tables]
        rows.append([name.removeprefix("hardness_"), f"{rank_correlations(one[None], other[None])[0]:.3f}", *hardest])
    return rows


def split_rows(first: Path, second: Path) -> list[list[object]]:
    """Return a row an allocation at alpha 1 that both have: hard classes of each, how many differ, and by how many samples."""
    rows: list[list[object]] = []
    for file, tables in tables_of(first, second, "allocation_*_alpha1.csv"):
        hard = [set(own.index[own["group"] == "hard"]) for own in tables]
        # Studies may differ in size: the second's classes as shares of the first's samples.
        other = tables[1]["granted"] * (tables[0]["granted"].sum() / tables[1]["granted"].sum())
        moved = int((tables[0]["granted"] - other).abs().sum() + 1e-6) // 2
        name = file.removeprefix("allocation_").removesuffix("_alpha1")
        rows.append([name, *(" ".join(sorted(own)) for own in hard), len(hard[0] ^ hard[1]), f"{moved:,}"])
    return rows


def effect_rows(first: Path, second: Path, gaps: Sequence[str]) -> list[list[object]]:
    """Return a row a comparison and gap that both have: the change of recall gaps in points, with interval and verdict."""
    keys = ["condition", "reference", "metric", "gap"]
    both = read_table(first / "gap_changes.csv").merge(
        read_table(second / "gap_changes.csv"), on=keys, suffixes=("", "_second")
    )
    rows: list[list[object]] = []
    for row in both[both["gap"].isin(list(gaps))].to_dict("records"):
        sides = [_change(row, suffix) for suffix in ("", "_second")]
        signs = np.sign([row["difference"], row["difference_second"]])
        same = "" if np.isnan(signs).any() else "yes" if signs[0] == signs[1] else "no"
        rows.append([row["condition"], row["reference"], row["gap"], *sides, same])
    return rows


def _change(row: dict, suffix: str) -> str:
    change, lower, upper = (row[f"{name}{suffix}"] for name in ("difference", "lower", "upper"))
    if pd.isna(change):
        return str(row[f"verdict{suffix}"])
    ends = "" if pd.isna(lower) else f" ({lower:+.1f} to {upper:+.1f})"
    return f"{change:+.1f}{ends}, {row[f'verdict{suffix}']}"


def main() -> None:
    """Print what both studies have in common, in three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path, help="folder of one data set's kept tables")
    parser.add_argument("second", type=Path)
    parser.add_argument("--gaps", nargs="+", default=["max_min"])
    options = parser.parse_args()
    folders = (options.first, options.second)
    for folder in folders:
        if not (folder / "gap_changes.csv").is_file():
            raise StudyError(f"{folder} holds no gap_changes.csv; keep a finished study with collect_reference.py first")
    one, other = (folder.parent.name for folder in folders)
    columns = ["estimator", "Spearman over classes", f"hardest of {one}", f"hardest of {other}"]
    print(table("Class hardness", columns, hardness_rows(*folders)))
    columns = ["estimator", f"hard classes of {one}", f"hard classes of {other}", "differ", "samples given to other classes"]
    print("\n" + table("Split at alpha 1", columns, split_rows(*folders)))
    columns = ["condition", "reference", "gap", one, other, "same sign"]
    print("\n" + table("Change of recall gaps, points", columns, effect_rows(*folders, options.gaps)))


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"error: {error}") from None
