"""What the start page is made of: text whose names are marked as names, tables in words, a figure of intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Name:
    """A name that a user gave, in any script, of any characters; a page keeps its letters from turning those around it.

    ``direction`` is that of its first letter (auto), or of a path (ltr), whatever its letters are.
    """

    text: str
    direction: str = "auto"


@dataclass(frozen=True)
class Code:
    """Words of a study file."""

    text: str


Part = str | Name | Code


@dataclass(frozen=True)
class Link:
    """Where something stands: ``href`` as it is called from the page, ``text`` as it is called on it."""

    href: str
    text: str


@dataclass(frozen=True)
class Sentence:
    """Text in parts, and the tables that its numbers are from."""

    parts: tuple[Part, ...]
    sources: tuple[Link, ...] = ()

    def __str__(self) -> str:
        """Return the sentence as plain text."""
        return plain(self.parts)


@dataclass(frozen=True)
class Column:
    """A column of a table; ``number`` says whether its cells are set as numbers are."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Verdict:
    """A verdict in words; ``tone`` is good, bad, none or open, and a page gives each its colour."""

    text: str
    tone: str


Cell = Part | Verdict | Sequence[Part]


@dataclass(frozen=True)
class Table:
    """A table for people: sorted, in words, with units; the first cell of a row names it.

    ``first`` rows are shown, what follows is shown on demand. ``wide`` tables are written below one another on narrow screens.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sources: tuple[Link, ...] = ()
    first: int = 0
    wide: bool = False


@dataclass(frozen=True)
class Bar:
    """A row of a figure: a mean and an interval along an axis, all in percent of its width; an end may lie beyond."""

    label: Part
    text: str
    verdict: Verdict
    mean: float
    lower: float
    upper: float
    cut_lower: bool = False
    cut_upper: bool = False
    known: bool = True


@dataclass(frozen=True)
class Figure:
    """Intervals below one another; ``zero``, ``band`` and ``ticks`` are in percent of the width, ticks with their text."""

    title: Part
    caption: str
    alt: str
    bars: tuple[Bar, ...]
    zero: float
    band: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    sources: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A question with its answer: the verdict in a word, sentences, then figure and tables."""

    key: str
    question: str
    verdict: Verdict | None
    sentences: tuple[Sentence, ...]
    figure: Figure | None = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class DataSet:
    """All that the page says of one data set."""

    name: str
    facts: Sentence
    answers: tuple[Answer, ...]
    chapters: tuple[Link, ...]
    # Every image that looks mislabelled, of which the page shows the first; None where nobody looked.
    suspects: pd.DataFrame | None = None


@dataclass(frozen=True)
class StartPage:
    """The page: data sets, and what is said of the paper's claims, which comes first where ``paper_first`` says so.

    ``resamples`` says whether anything is resampled.
    """

    study: str
    datasets: tuple[DataSet, ...]
    claims: Answer
    ledger: Link
    paper_first: bool
    resamples: bool
    tables: tuple[Link, ...] = field(default=())


def plain(parts: Iterable[Part]) -> str:
    """Return parts of a text as plain text."""
    return "".join(part if isinstance(part, str) else part.text for part in parts)


def listed(names: Sequence[Part], most: int = 6) -> tuple[Part, ...]:
    """Return names as they are told in a sentence, `a, b and c`; beyond ``most`` their number stands for the rest."""
    shown = list(names) if len(names) <= most + 1 else [*names[:most], f"{len(names) - most} more"]
    parts: list[Part] = []
    for place, name in enumerate(shown):
        parts += [("" if not place else " and " if place == len(shown) - 1 else ", "), name]
    return tuple(part for part in parts if part != "")
