"""How many images look mislabelled, and where their list is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hbr.analysis.lists import flagged_list
from hbr.analysis.suspect_tables import suspect_sentences, worth_sentences
from hbr.analysis.suspects import FIRST, MARGIN
from hbr.study.start_page.parts import Answer, Cell, Code, Column, Link, Name, Part, Sentence, Table, Verdict
from hbr.words import counted, number, rounded

QUESTION = "Which images look mislabelled?"


@dataclass(frozen=True)
class Suspects:
    """What some way to look for label noise found, whatever way it is.

    ``sentences`` say how many; ``listed`` is every image, the likeliest first: id, class_name, preferred, votes, members and
    score, which ``score`` names. ``whole`` is where that list stands; ``judged`` is how many images were looked at, ``epochs``
    of which epochs votes and score are.
    """

    sentences: tuple[Sentence, ...]
    listed: pd.DataFrame
    score: str
    whole: Link
    judged: int
    epochs: str


def suspects_of_rules(
    rules: pd.DataFrame,
    methods: Mapping[str, str],
    flagged: Mapping[str, pd.DataFrame],
    preferred: pd.DataFrame,
    class_names: list[str],
    links: Mapping[str, Link],
    whole: Link,
) -> Suspects:
    """Return what the rules of label noise flag; ``methods`` are those of the rules by name, ``links`` their tables by name."""
    found = flagged_list(flagged, preferred, class_names).rename(columns={"aum": "score"})
    told = (
        _told(row, methods.get(str(row["rule"]), ""), (links["rules"], links[str(row["rule"])]))
        for row in rules.to_dict("records")
    )
    epochs = "What networks prefer is of the one epoch after which they were evaluated (EL2N), the margin of all epochs."
    return Suspects(tuple(told), found, "margin (area under it: AUM)", whole, int(rules["samples"].max()), epochs)


def suspects_of_folds(
    suspects: pd.DataFrame, worth: pd.DataFrame | None, links: Mapping[str, Link], whole: Link, rules: Suspects | None
) -> Suspects:
    """Return the images for which networks that never saw them suggest another class, and what that is worth where known.

    ``suspects`` are of :func:`hbr.analysis.suspects.suspect_list`, ``worth`` of :func:`hbr.analysis.suspects.rule_worth`, and
    ``links`` lead to both by name. What ``rules`` say of training images stands behind it.
    """
    told = [Sentence((suspect_sentences(suspects),), (links["suspects"],))]
    if worth is not None:
        told.append(Sentence((worth_sentences(worth),), (links["worth"],)))
    listed = suspects[suspects["margin"] < 0].rename(columns={"suggested_name": "preferred", "margin": "score"})
    listed = listed[["id", "split", "class_name", "preferred", "votes", "members", "score"]].reset_index(drop=True)
    epochs = "What networks prefer and the margin are of all epochs that were evaluated."
    return Suspects((*told, *(rules.sentences if rules else ())), listed, MARGIN, whole, len(suspects), epochs)


def suspects_answer(dataset: str, suspects: Suspects | None, chapter: Link | None) -> Answer:
    """Return how many images look mislabelled, the likeliest by their ids, and where all are; ``None`` where nobody looked."""
    if suspects is None:
        lack = "This study does not look for them (", Code("noise.rules"), " is empty, ", Code("suspects.folds"), " is 0)."
        return Answer("noise", QUESTION, Verdict("not in this study", "open"), (Sentence(lack),))
    sentences = list(suspects.sentences)
    total = len(suspects.listed)
    if not total:
        return Answer("noise", QUESTION, Verdict("none", "good"), tuple(sentences))
    shown = suspects.listed.head(FIRST)
    of = f"the {len(shown)} likeliest of the {total:,}" if total > len(shown) else f"all {total}"
    where = f"Look at them before you call them mistakes: the table has {of} by their ids, the list of all is beside it"
    seen = f", and the first as pictures in the chapter {chapter.text}." if chapter else "."
    if total == 1:
        where = "Look at it before you call it a mistake: the table has it by its id"
        seen = f", and the chapter {chapter.text} as a picture." if chapter else "."
    sentences.append(Sentence((where + seen,), (suspects.whole, *([chapter] if chapter else []))))
    lines: list[tuple[Cell, ...]] = []
    for row in shown.to_dict("records"):
        votes = f"{row['votes']} of {row['members']}"
        lines.append(
            (Name(str(row["id"]), "ltr"), Name(row["class_name"]), Name(row["preferred"]), votes, rounded(row["score"], 2))
        )
    columns = (
        Column("id"),
        Column("label"),
        Column("networks prefer"),
        Column("networks that do", True),
        Column(suspects.score, True),
    )
    ids = "ids are those of all tables: the end of a file's path, or a number"
    caption = f"Images that look mislabelled, the likeliest first; {ids}. {suspects.epochs}"
    table = Table(f"{dataset}-suspects", caption, columns, tuple(lines), (suspects.whole,))
    few = f"{total} of {suspects.judged:,} to look at"
    count = Verdict(few if total <= FIRST else f"{FIRST} to look at first, of {total:,}", "none")
    return Answer("noise", QUESTION, count, tuple(sentences), tables=(table,))


def _told(row: Mapping, method: str, sources: tuple[Link, ...]) -> Sentence:
    """Return what one rule flags, and what that means by its method."""
    flagged, share = f"{row['flagged']:,}", f"{number(100 * row['share'], 2)} %"
    lead: tuple[Part, ...] = ("Rule ", Name(str(row["rule"])), f" flags {flagged} of {row['samples']:,} images ({share})")
    means = {
        "count": ": as many as it was told to, those of the lowest margin, mislabelled or not",
        "below": ": those whose margin over all of training lies below what the rule asks for",
        "threshold-samples": ": those no better learned than images whose labels are wrong on purpose",
    }
    planted: tuple[Part, ...] = ()
    if row["planted"]:
        ends = rounded(100 * row["recall_lower"], 0), rounded(100 * row["recall_upper"], 0)
        found = f"; of {counted([int(row['planted'])], 'label')} known to be wrong it finds {row['found']:,}"
        planted = (f"{found} ({rounded(100 * row['recall'], 0)} %, {ends[0]} to {ends[1]})",)
        if row["flagged"] and np.isfinite(row["precision"]):
            planted += (f", and {rounded(100 * row['precision'], 0)} % of what it flags is among them",)
    return Sentence((*lead, means.get(method, ""), *planted, "."), sources)
