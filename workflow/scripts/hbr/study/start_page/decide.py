"""What would decide the comparisons that a study leaves undecided."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hbr.analysis.statistics.decisions import FEW, what_decides
from hbr.analysis.statistics.verdicts import INCONCLUSIVE
from hbr.study.start_page.costs import duration
from hbr.study.start_page.parts import Answer, Code, Link, Sentence
from hbr.study.start_page.words import Row, key_of
from hbr.words import counted

# By section of the study file.
QUESTIONS = {"resampling": "What would decide?", "limited": "What would decide where data are few?"}


@dataclass(frozen=True)
class Variants:
    """What the study file says of a section that resamples: its ``variants``, and what one more of them takes.

    ``trainings`` are those of one variant of all its conditions, ``seconds`` what one takes, NaN while unknown.
    """

    section: str
    variants: int
    trainings: int
    seconds: float


def decide_answer(rows: Sequence[Row], own: Variants, test_images: int, links: Mapping[str, Link]) -> Answer | None:
    """Return what would decide the undecided of the declared comparisons, ``None`` where nothing is undecided.

    ``test_images`` is the size of the test set; ``links`` are tables by name.
    """
    undecided = [row for row in rows if row["verdict"] == INCONCLUSIVE]
    if not undecided:
        return None
    source, sentences = (links["gap_differences.csv"],), []
    countable = [row for row in undecided if np.isfinite(row["variants_needed"])]
    if needed := sorted(_needed(row, own.variants) for row in countable):
        most = needed[-1]
        some = _share(len(needed), len(undecided))
        guessed = min(row["variants"] for row in countable) < FEW
        would = "may decide" if guessed else "would decide"
        lead = f"{most} variants in place of {own.variants}, {most - own.variants} more, {would} {some}"
        first = f", and {needed[0]} the first" if needed[0] < most else ""
        sure = f"{', each' if len(needed) > 1 else ''} with a probability of 80 %"
        sentences.append(Sentence((f"{lead}{first}{'' if guessed else sure}.",), source))
        sentences.append(_work((most - own.variants) * own.trainings, own.seconds, links["costs"]))
        write = (
            "In the study file write ",
            Code(f"variants: {most}"),
            " under ",
            Code(f"{own.section}:"),
            f" (it is {own.variants})",
        )
        keep = (
            " and run again: what is trained is kept. Few variants say little of their spread, so the number may well change."
        )
        sentences.append(Sentence((*write, keep)))
    others = [row for row in undecided if not np.isfinite(row["variants_needed"])]
    if sizes := [row["test_samples_needed"] for row in others if np.isfinite(row["test_samples_needed"])]:
        lead = f"No number of variants would decide {_share(len(sizes), len(undecided))}"
        small = f"the test set of {test_images:,} images is too small for that, and must hold at least {max(sizes):,.0f}."
        sentences.append(Sentence((f"{lead}: {small}",), source))
    left = [what_decides(row) for row in others if not np.isfinite(row["test_samples_needed"])]
    for lack in dict.fromkeys(left):
        some = _share(left.count(lack), len(undecided))
        sentences.append(Sentence((f"{some[:1].upper()}{some[1:]} would take {lack}.",), source))
    return Answer(key_of("decide", own.section), QUESTIONS[own.section], None, tuple(sentences))


def _needed(row: Row, variants: int) -> int:
    """Return how many variants the study file must have: those with the plan of their reference are tested in none."""
    left_out = variants - int(row["variants"])
    return max(variants + 1, int(row["variants_needed"]) + left_out)


def _work(trainings: int, seconds: float, costs: Link) -> Sentence:
    """Return what so many trainings more would take, where one was timed."""
    more = f"That is {counted([trainings], 'training')} more"
    if not math.isfinite(seconds):
        return Sentence((f"{more}.",))
    return Sentence((f"{more}, {duration(trainings * seconds)} one after another at the pace of this study.",), (costs,))


def _share(some: int, of: int) -> str:
    if some < of:
        return f"{some} of {of} undecided comparisons"
    return "the one undecided comparison" if of == 1 else f"all {of} undecided comparisons"
