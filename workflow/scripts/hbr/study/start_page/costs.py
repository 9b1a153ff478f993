"""What a data set's trainings cost."""

import pandas as pd

from hbr.study.start_page.parts import Answer, Link, Name, Sentence
from hbr.words import counted, number, rounded

QUESTION = "What did it cost?"


def cost_answer(dataset: str, costs: pd.DataFrame, source: Link) -> Answer:
    """Return hours, seconds a training and memory of all trainings of a data set that were timed, a sentence a machine.

    ``costs`` is of :func:`hbr.study.costs.cost_table`.
    """
    rows = costs[(costs["dataset"] == dataset) & (costs["condition"] == "all")]
    if rows.empty:
        return Answer("costs", QUESTION, None, (Sentence(("No training was timed.",), (source,)),))
    sentences = []
    for row in rows.to_dict("records"):
        trained = f"{counted([int(row['trainings'])], 'training')} of {duration(row['median_seconds'])} (median)"
        where = (f"{trained}, {duration(3600 * row['hours'])} in all, on ", Name(str(row["machine"])))
        precision = f" in {row['precision']}" if isinstance(row["precision"], str) and row["precision"] else ""
        memory = f"{precision}; the largest took {number(row['peak_memory_mb'] / 1000, 2)} GB of memory."
        sentences.append(Sentence((*where, memory), (source,)))
    return Answer("costs", QUESTION, None, tuple(sentences))


def seconds_of(dataset: str, costs: pd.DataFrame) -> float:
    """Return the median seconds of a training of a data set, where most of them ran; NaN where none was timed."""
    rows = costs[(costs["dataset"] == dataset) & (costs["condition"] == "all")]
    return float("nan") if rows.empty else float(rows.sort_values("trainings")["median_seconds"].iloc[-1])


def duration(seconds: float) -> str:
    """Return seconds in the unit that a person would say them in: `3.8 seconds`, `12 minutes`, `1.5 hours`."""
    if seconds < 90:
        return f"{number(seconds, 2)} seconds"
    return f"{number(seconds / 60, 2)} minutes" if seconds < 5400 else f"{rounded(seconds / 3600)} hours"
