"""Does resampling change the gap between classes."""

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from hbr.analysis.statistics.decisions import what_decides
from hbr.analysis.statistics.verdicts import INCONCLUSIVE, NOT_TESTED
from hbr.study.claims.beside import CHANGES
from hbr.study.start_page.figure import change_figure
from hbr.study.start_page.parts import Answer, Cell, Code, Column, Link, Name, Part, Sentence, Table, Verdict
from hbr.study.start_page.words import Row, changed, in_percent, key_of, measure, verdict
from hbr.words import change, counted, in_points, points

# Beyond this a figure has no room for rows.
MOST_DRAWN = 20
# By section of the study file.
QUESTIONS = {
    "resampling": "Does resampling change the gap between classes?",
    "limited": "Does resampling change the gap where data are few?",
}
_ORDER = ("improves", "worsens", "equivalent", INCONCLUSIVE, NOT_TESTED)

# Of gaps alone, and where means were declared beside them.
_WORDS = {False: ("smaller", "larger"), True: ("better", "worse")}
# Rows of class differences by condition and reference.
Beside = Mapping[tuple[str, str], Row]


def records(differences: pd.DataFrame, family: str) -> list[Row]:
    """Return the rows of a declared family: those decided first, the best of them first."""
    rows = differences[differences["family"] == family].to_dict("records")
    return sorted(rows, key=lambda row: (_ORDER.index(row["verdict"]), -_gain(row), str(row["label"])))


def effect_answer(
    dataset: str,
    rows: Sequence[Row],
    accuracy: Beside,
    links: Mapping[str, Link],
    explained: Mapping[tuple[str, str, str], str] | None = None,
    section: str = "resampling",
) -> Answer:
    """Return whether resampling changes the gap: in words, a figure and a table.

    ``rows`` are the declared comparisons with the control, ``accuracy`` what accuracy does in each, ``links`` tables by name;
    ``explained`` are of :func:`hbr.study.claims.beside.beside_accuracy`, ``section`` is that of the study file.
    """
    key, question = key_of("effect", section), QUESTIONS[section]
    if not rows:
        lack = ("This study resamples nothing (", Code("resampling.strategies"), " is empty), so it cannot say.")
        return Answer(key, question, Verdict("not in this study", "open"), (Sentence(lack),))
    gaps, classes = links["gap_differences.csv"], links["class_differences.csv"]
    tested = [row for row in rows if row["verdict"] != NOT_TESTED]
    lacks = "; ".join(dict.fromkeys(str(row["remark"]) for row in rows if row["verdict"] == NOT_TESTED))
    if not tested:
        return Answer(key, question, Verdict("not tested", "open"), (Sentence((f"It cannot say: {lacks}.",), (gaps,)),))
    answer, told = _judged(tested)
    main = [row for row in tested if (row["metric"], row["gap"]) == _headline(tested)]
    sentences = [Sentence((told,), (gaps,)), *_told(main, accuracy, gaps, classes)]
    best = max(main, key=_gain)
    if best["metric"] == "recall" and (clause := (explained or {}).get((best["condition"], best["reference"], best["gap"]))):
        of = f", of the best of {len(main)} conditions and not corrected for the choice" if len(main) > 1 else ""
        sentences.append(Sentence((f"{clause[:1].upper()}{clause[1:]} (exploratory{of}).",), (links[CHANGES],)))
    if lacks:
        sentences.append(Sentence((f"{len(rows) - len(tested)} of {len(rows)} are not tested: {lacks}.",), (gaps,)))
    figure = change_figure(dataset, _drawn(main), len(main), (gaps,))
    table = _table(f"{dataset}-{key}", rows, accuracy, (gaps, classes))
    return Answer(key, question, answer, tuple(sentences), figure, (table,))


def _told(rows: Sequence[Row], accuracy: Beside, gaps: Link, classes: Link) -> Iterator[Sentence]:
    """Yield what the best condition does to gap and accuracy, and over which changes all conditions range."""
    best = max(rows, key=_gain)
    most = f", which does {'most for' if _gain(best) > 0 else 'least harm to'} it," if len(rows) > 1 else ""
    ends = f"goes from {in_percent(best['reference_value'])} to {in_percent(best['value'])} points, {changed(best)}"
    parts: tuple[Part, ...] = ("With ", Name(best["label"]), f"{most} the {measure(best)} {ends}")
    beside = accuracy.get((best["condition"], best["reference"]))
    if beside is None:
        yield Sentence((*parts, "."), (gaps,))
    else:
        yield Sentence((*parts, f"; accuracy changes by {_accuracy(beside)} points."), (gaps, classes))
    if len(rows) > 1:
        changes = [float(row["difference"]) for row in rows]
        reach = f"{points(min(changes))} to {points(max(changes))} points"
        yield Sentence((f"Over all {len(rows)} conditions its change is {reach}.",), (gaps,))


def _judged(rows: Sequence[Row]) -> tuple[Verdict, str]:
    """Return the answer to whether the gap changes, in a word and in a sentence."""
    better, worse, same, still = (sum(row["verdict"] == name for row in rows) for name in _ORDER[:4])
    margin = in_points(float(max(row["margin"] for row in rows)))
    of = f"{counted([len(rows)], 'comparison')} with the control"
    left = [f"; {same} {'show' if same > 1 else 'shows'} no change beyond the margin of {margin}"] if same else []
    left += [f"; {still} {'are' if still > 1 else 'is'} undecided"] if still else []
    rest = "".join(left)
    means = any(row["gap"] == "mean" for row in rows)
    smaller, larger = (f"{'gaps or means become' if means else 'the gap becomes'} {word}" for word in _WORDS[means])
    if better and worse:
        both = f"{better} improve{'' if better > 1 else 's'} and {worse} worsen{'' if worse > 1 else 's'}"
        return Verdict("both ways", "bad"), f"Both ways: of {of}, {both}{rest}."
    if better:
        return Verdict("yes, smaller", "good"), f"Yes: {smaller} in {better} of {of}{rest}."
    if worse:
        return Verdict("yes, larger", "bad"), f"Yes, for the worse: {larger} in {worse} of {of}{rest}."
    if same == len(rows):
        every = f", in all {of}" if same > 1 else ""
        return Verdict("no", "none"), f"No: its change is below the margin of {margin} that counts as none{every}."
    lead = f"After {counted([row['variants'] for row in rows], 'variant')} it cannot be said"
    if same:
        return Verdict("undecided", "open"), f"{lead} of all: of {of}{rest.replace(';', ',', 1)}."
    every = "the change of the gap" if still == 1 else f"the {still} changes of the gap"
    told = f"{lead}: {every} can neither be told from 0 nor be shown to be smaller than the margin of {margin}."
    return Verdict("undecided", "open"), told


def _headline(rows: Sequence[Row]) -> tuple[str, str]:
    """Return metric and gap that are told in words: of recall from best to worst class where it was declared."""
    pairs = list(dict.fromkeys((row["metric"], row["gap"]) for row in rows))
    return ("recall", "max_min") if ("recall", "max_min") in pairs else pairs[0]


def _gain(row: Row) -> float:
    """Return by how much a row is better than its reference, minus infinity where that is unknown."""
    gain = float(row["difference"]) * float(row["direction"])
    return gain if math.isfinite(gain) else -math.inf


def _drawn(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a figure shows, the best first: beyond what it holds those of the largest changes."""
    largest = sorted(rows, key=lambda row: -abs(float(row["difference"])))[:MOST_DRAWN]
    return sorted(largest, key=lambda row: -_gain(row))


def _accuracy(row: Row | None) -> str:
    return change(row["difference"], row["lower"], row["upper"]) if row is not None else ""


def _table(key: str, rows: Sequence[Row], accuracy: Beside, sources: tuple[Link, ...]) -> Table:
    several = len({(row["metric"], row["gap"]) for row in rows}) > 1
    numbers = ("control (points)", "here (points)", "change (points)", "accuracy (points)")
    columns = [Column("condition"), *([Column("measure")] if several else []), *(Column(title, True) for title in numbers)]
    lines: list[tuple[Cell, ...]] = []
    for row in rows:
        values = (in_percent(row[name]) if pd.notna(row[name]) else "" for name in ("reference_value", "value"))
        beside = _accuracy(accuracy.get((row["condition"], row["reference"])))
        who: tuple[Cell, ...] = (Name(row["label"]), *([measure(row)] if several else []))
        lines.append((*who, *values, changed(row), beside, verdict(row), what_decides(row).partition(":")[0]))
    what = measure(rows[0])
    about = "each condition against its control, with 95 % intervals that hold the error of the test set"
    caption = f"{'Declared comparisons' if several else what[:1].upper() + what[1:]}: {about}."
    return Table(
        key, caption, (*columns, Column("verdict"), Column("what decides")), tuple(lines), sources, MOST_DRAWN, wide=True
    )
