"""What is said of people's judgements, for people: tables in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hbr.analysis.prepared_references import PEOPLE
from hbr.data.references import TEST, TRAIN
from hbr.words import change, interval, number, rounded, with_interval

_KINDS = {
    "votes": "people's votes",
    "labels": "people's labels",
    "label-errors": "doubted labels, checked by people",
    "predictions": "predictions of other networks",
}


def references_shown(about: pd.DataFrame) -> pd.DataFrame:
    """Return what each reference is, of :func:`hbr.analysis.reference_tables.reference_table`, in words."""
    rows = about.to_dict("records")
    return pd.DataFrame(
        {
            "reference": about["reference"],
            "what": [f"{_KINDS[row['kind']]}, {row['part']} images" for row in rows],
            "images": [f"{row['images']:,}" for row in rows],
            "judgements an image": [_range(row["judgements_least"], row["judgements_most"]) for row in rows],
            "mean doubt": [f"{rounded(100 * row['doubt'])} %" if pd.notna(row["doubt"]) else "" for row in rows],
            "most say otherwise": [_count(row["otherwise"], row["images"]) for row in rows],
            "all agree on another": [_count(row["unanimous"], row["images"]) for row in rows],
            "reliability of images (ceiling)": [_sure(row, "") for row in rows],
            "of classes (ceiling)": [_sure(row, "class_") for row in rows],
            **{name: [row[name] if isinstance(row[name], str) else "" for row in rows] for name in ("licence", "citation")},
        }
    )


def order_shown(order: pd.DataFrame) -> pd.DataFrame:
    """Return rank correlations with human doubt in words; those of classes also with their interval over classes."""
    rows = order.to_dict("records")
    return pd.DataFrame(
        {
            "reference": order["reference"],
            "hardness": order["estimator"],
            "of": order["level"],
            "correlation (members and images)": [_with_ends(row, "correlation", "lower", "upper", 2) for row in rows],
            "over classes, too": [
                interval(row["classes_lower"], row["classes_upper"], 2) if row["level"] == "classes" else "" for row in rows
            ],
            "ceiling": order["ceiling"].map(lambda value: number(value, 2)),
            "images": [f"{row['images']:,}" for row in rows],
            "members": order["members"],
        }
    )


def noise_shown(noise: pd.DataFrame) -> pd.DataFrame:
    """Return who finds what people call mislabelled, in words."""
    rows = noise.to_dict("records")
    return pd.DataFrame(
        {
            "reference": noise["reference"],
            "mislabelled": [f"{row['truth']}: {row['positives']:,} of {row['images']:,}" for row in rows],
            "found by": [f"{row['finder']} {row['name']}" for row in rows],
            "AUROC": [_with_ends(row, "auroc", "auroc_lower", "auroc_upper", 3) for row in rows],
            "precision of the first 100": noise["precision_first"].map(number),
            "of as many as there are": noise["precision_as_many"].map(number),
            "flagged": [f"{row['flagged']:,.0f}" if pd.notna(row["flagged"]) else "" for row in rows],
            "precision": [_with_ends(row, "precision", "precision_lower", "precision_upper", 3) for row in rows],
            "recall": [_with_ends(row, "recall", "recall_lower", "recall_upper", 3) for row in rows],
            "by chance": noise["chance"].map(number),
        }
    )


def changes_shown(changes: pd.DataFrame) -> pd.DataFrame:
    """Return how the share of images that people call mislabelled changes, in points."""
    rows = changes.to_dict("records")
    return pd.DataFrame(
        {
            "reference": changes["reference"],
            "condition": changes["label"],
            "its control, else training set": [f"{rounded(100 * row['before'], 2)} %" for row in rows],
            "plans": [f"{rounded(100 * (row['before'] + row['change']), 2)} %" for row in rows],
            "change (95 % interval)": [change(row["change"], row["lower"], row["upper"]) for row in rows],
            "variants": changes["variants"],
        }
    )


def known_noise_shown(tables: Mapping[str, pd.DataFrame], why: Sequence[str]) -> pd.DataFrame:
    """Return how well labels known to be wrong are found, for data sets by name; ``why`` are the truths that say so."""
    found = [table[table["truth"].isin(why)].assign(dataset=name) for name, table in tables.items()]
    rows = pd.concat(found) if found else pd.DataFrame()
    if rows.empty:
        return rows
    return noise_shown(rows).drop(columns="reference").assign(**{"data set": rows["dataset"]}).sort_values("found by")


def missing(about: pd.DataFrame) -> str:
    """Return in one sentence what of people's judgements a data set lacks; empty where it has some of both parts."""
    held = {(row["kind"], row["part"]) for row in about.to_dict("records")}
    lacking = []
    if not {(kind, TEST) for kind in PEOPLE} & held:
        lacking.append("of test images, which margins are held against")
    if not {(kind, TRAIN) for kind in PEOPLE} & held:
        lacking.append("of training images, which hardness of samples, rules of label noise and plans are held against")
    if not lacking:
        return ""
    return f"Not under references are people's votes or labels {', nor '.join(lacking)}."


def _with_ends(row: Mapping[Any, Any], value: str, lower: str, upper: str, decimals: int) -> str:
    if pd.isna(row[value]):
        return ""
    return with_interval(rounded(row[value], decimals), interval(row[lower], row[upper], decimals))


def _range(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least} to {most}"


def _count(count: Any, images: int) -> str:
    return f"{int(count):,} ({rounded(100 * int(count) / int(images))} %)" if pd.notna(count) else ""


def _sure(row: Mapping[Any, Any], which: str) -> str:
    known = row[f"{which}reliability"]
    return f"{rounded(known, 2)} ({number(row[f'{which}ceiling'], 2)})" if pd.notna(known) else ""
