"""Which classes are hard, and how sure that is."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hbr.analysis.comparisons import summarise
from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.study.start_page.parts import Answer, Cell, Column, Link, Name, Part, Sentence, Table, Verdict, listed
from hbr.words import counted, interval, number, rounded

MOST_SHOWN = 10
# Networks below which an order that all of them share is no proof.
FEWEST_SURE = 4
QUESTION = "Which classes are hard, and how sure is that?"
_BOTH = (
    "That can be, as they ask different things: hardness is how late and how narrowly training images are learned, "
    "recall is what comes out on test images. A class that is learned late can be right in the end, and one that is learned "
    "fast can fail on images unlike those it was learned from; wrong labels make a class hard, too."
)
# Normal quantile of a 95 % interval.
_NORMAL = 1.959964


def class_overview(hardness: pd.DataFrame, ranks: pd.DataFrame, recall: pd.DataFrame, confusion: pd.DataFrame) -> pd.DataFrame:
    """Return one row a class, the hardest first: hardness, rank and recall with intervals, rank by recall, and sizes.

    ``hardness`` is a table of :func:`hbr.hardness.classes.class_table`, ``ranks`` the rows of its estimator in the table of
    uncertainty, ``recall`` the baseline's values of each run, ``confusion`` its confusions. Ranks count from 1, the hardest.
    """
    table = hardness[["class", "class_name", "samples", "hardness", "hardness_lower", "hardness_upper", "members", "direction"]]
    table = table.set_index("class")
    classes, of_rank = len(table), ranks[ranks["quantity"] == "rank"].set_index("class")
    for name, end in (("rank", "value"), ("rank_first", "upper"), ("rank_last", "lower")):
        table[name] = classes + 1 - of_rank[end]
    measured = summarise(recall, ["class"]).set_index("class")
    table[["recall", "recall_lower", "recall_upper"]] = measured[["mean", "lower", "upper"]]
    table["runs"] = measured["n"]
    table["recall_rank"] = table["recall"].rank(method="min")
    one = confusion[confusion[["variant", "member"]].eq(confusion[["variant", "member"]].iloc[0]).all(axis="columns")]
    table["tested"] = one.groupby("class")["count"].sum()
    return table.sort_values(["rank", "recall"], kind="stable").reset_index()


def classes_answer(dataset: str, overview: pd.DataFrame, estimator: str, links: Mapping[str, Link]) -> Answer:
    """Return which classes are hard by hardness and by recall, how sure each is, and why the two may disagree.

    ``overview`` is of :func:`class_overview`, ``estimator`` the name of the one that resampling goes by.
    """
    of_hardness, of_recall, of_ranks = (links[name] for name in ("hardness", "recall", "ranks"))
    rows, classes = overview.to_dict("records"), len(overview)
    hardest, lowest = rows[0], min(rows, key=lambda row: (row["recall"], row["class"]))
    members = int(hardest["members"])
    if np.isclose(overview["hardness"].max(), overview["hardness"].min()):
        even = Sentence((f"By {estimator} all {classes} classes are equally hard.",), (of_hardness,))
        return Answer("classes", QUESTION, Verdict("none is", "none"), (even,), tables=(_table(dataset, overview, links),))
    rivals = [row for row in rows[1:] if row["rank_first"] <= 1]
    order = ("By hardness (", Name(estimator), ") the hardest class is ", Name(hardest["class_name"]))
    follow: tuple[Part, ...] = (", then ", *listed([Name(row["class_name"]) for row in rows[1:3]])) if classes > 2 else ()
    last = ("; the easiest is ", Name(rows[-1]["class_name"]), ".")
    sentences = [Sentence((*order, *follow, *last), (of_hardness,))]
    verdict, sure = _settled(hardest, rivals, members)
    sentences.append(Sentence(sure, (of_ranks,)))
    sentences += _of_recall(hardest, lowest, rivals, (of_recall,), overview["recall_rank"])
    return Answer("classes", QUESTION, verdict, tuple(sentences), tables=(_table(dataset, overview, links),))


def _settled(hardest: Mapping, rivals: list, members: int) -> tuple[Verdict, tuple[Part, ...]]:
    """Return how sure it is which class is the hardest, were other networks drawn, in a word and in a sentence."""
    if members == 1:
        return Verdict("not known how sure", "open"), ("One network says so; how sure it is only more of them can tell.",)
    if rivals:
        names = listed([Name(row["class_name"]) for row in rivals])
        may = (" may be the hardest just as well", f" (95 % over {members} networks).")
        return Verdict("the hardest is not sure", "open"), ("Which networks are drawn decides: ", *names, *may)
    if hardest["rank_last"] > 1:
        places = f"its place is 1 to {hardest['rank_last']:.0f} (95 % over {members} networks)."
        return Verdict("the hardest is not sure", "open"), (f"Which networks are drawn decides: {places}",)
    stays = f"whichever of the {members} networks are drawn, it stays the hardest (95 %)."
    if members < FEWEST_SURE:
        return Verdict("too few networks to be sure", "open"), (
            f"{stays.capitalize()} So few networks leave it open all the same.",
        )
    return Verdict("the hardest is sure", "good"), (f"That is sure of these images: {stays}",)


def _of_recall(hardest: Mapping, lowest: Mapping, rivals: list, sources: tuple[Link, ...], places: pd.Series) -> list[Sentence]:
    """Return what recall says of the hardest class, and where it names another, why that can be."""
    tell = f"{rounded(100 * lowest['recall'])} % of {lowest['tested']:,.0f} test images"
    if places.nunique() == 1:
        return [
            Sentence((f"By recall no class is harder than another: each has {rounded(100 * lowest['recall'])} %.",), sources)
        ]
    if np.isclose(hardest["recall"], lowest["recall"]):
        return [Sentence((f"Recall agrees: no class has a lower one, {tell}.",), sources)]
    told = (Name(lowest["class_name"]), f" has the lowest recall, {tell}, and ", Name(hardest["class_name"]))
    place = f"{rounded(100 * hardest['recall'])} %, place {hardest['recall_rank']:.0f} of {len(places)} from the lowest."
    found = Sentence(("Recall names another: ", *told, " has ", place), sources)
    apart = hardest["recall"] - lowest["recall"]
    chance = _NORMAL * math.sqrt(sum(row["recall"] * (1 - row["recall"]) / row["tested"] for row in (hardest, lowest)))
    if any(row["class"] == lowest["class"] for row in rivals):
        why: tuple[Part, ...] = ("That can be: by hardness ", Name(lowest["class_name"]), " may be the hardest as well.")
    elif apart < chance:
        why = (
            f"That can be chance: so few test images leave the difference of {rounded(100 * apart)} points open by "
            f"{rounded(100 * chance)} points either way (95 %).",
        )
    else:
        why = (_BOTH,)
    return [found, Sentence(why, sources)]


def _table(dataset: str, overview: pd.DataFrame, links: Mapping[str, Link]) -> Table:
    columns = ("class", "place (95 %)", "hardness (95 %)", "recall (%, 95 %)", "training images", "test images")
    lines: list[tuple[Cell, ...]] = []
    for row in overview.to_dict("records"):
        ends = row["rank_first"], row["rank_last"]
        low, high = np.clip([100 * row["recall_lower"], 100 * row["recall_upper"]], 0, 100)
        spread = f" ({ends[0]:.0f} to {ends[1]:.0f})" if np.isfinite(ends).all() and ends[0] != ends[1] else ""
        lines.append(
            (
                Name(str(row["class_name"])),
                f"{number(row['rank'])}{spread}",
                _with_ends(row["hardness"], row["hardness_lower"], row["hardness_upper"], 2),
                _with_ends(100 * row["recall"], low, high, 1),
                f"{row['samples']:,}",
                f"{row['tested']:,.0f}",
            )
        )
    direction = "high" if overview["direction"].iloc[0] == HIGH_IS_HARD else "low"
    runs = counted([int(overview["runs"].iloc[0])], "network")
    caption = f"Classes, the hardest first: {direction} values of hardness are hard; intervals are over {runs} of the baseline"
    caption += ", those of recall without the test set's error."
    titled = tuple(Column(title, number=bool(place)) for place, title in enumerate(columns))
    return Table(f"{dataset}-classes", caption, titled, tuple(lines), tuple(dict.fromkeys(links.values())), MOST_SHOWN)


def _with_ends(value: float, lower: float, upper: float, decimals: int) -> str:
    known = math.isfinite(lower) and math.isfinite(upper)
    return f"{rounded(value, decimals)} ({interval(lower, upper, decimals)})" if known else rounded(value, decimals)
