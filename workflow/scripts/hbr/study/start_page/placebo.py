"""Is true hardness better than a placebo."""

from collections.abc import Mapping, Sequence

from hbr.analysis.statistics.verdicts import INCONCLUSIVE, NOT_TESTED
from hbr.study.start_page.parts import Answer, Code, Link, Name, Part, Sentence, Verdict
from hbr.study.start_page.words import MOST_TOLD, Row, changed, measure
from hbr.words import counted, in_points

QUESTION = "Is true hardness better than a placebo?"
# Up to as many classes the ratios of others correlate with the true ones by -.5 or less.
_REVERSED = 3
_WHAT = (
    "A placebo takes shares as uneven as those of hardness and gives them to other classes: "
    "what a placebo does too is no work of hardness."
)
_FEW = (
    "With so few classes a placebo is mostly the reverse of the truth, so that a difference says that hardness does better "
    "than its opposite, and not that it does better than chance."
)


def placebo_answer(rows: Sequence[Row], links: Mapping[str, Link], classes: int) -> Answer:
    """Return whether true hardness does better than ratios of the same spread that are given to the wrong classes.

    ``rows`` are the declared comparisons, ``links`` tables by name, ``classes`` is their number.
    """
    if not rows:
        lack = ("This study has no placebos (", Code("placebos.kinds"), " is empty): ")
        stays = "whether hardness does it, or any imbalance, stays open."
        return Answer("placebo", QUESTION, Verdict("not in this study", "open"), (Sentence((*lack, stays)),))
    margin = in_points(float(max(row["margin"] for row in rows)))
    words = {
        "improves": "True hardness does better than a placebo",
        "worsens": "It does worse than a placebo",
        "equivalent": f"It does no better, up to the margin of {margin},",
        INCONCLUSIVE: "It cannot be told from a placebo",
        NOT_TESTED: "It is not tested against a placebo",
    }
    found = {name: [row for row in rows if row["verdict"] == name] for name in words}
    told = [_told(words[name], of_name, len(rows), links) for name, of_name in found.items() if of_name]
    said = (Sentence((_WHAT,)), *((Sentence((_FEW,)),) if classes <= _REVERSED else ()))
    return Answer("placebo", QUESTION, _verdict({name: len(some) for name, some in found.items()}), (*said, *told))


def _told(words: str, rows: Sequence[Row], of: int, links: Mapping[str, Link]) -> Sentence:
    parts: list[Part] = [f"{words} in {len(rows)} of {counted([of], 'comparison')}"]
    for place, row in enumerate(rows if len(rows) <= MOST_TOLD else ()):
        why = str(row["remark"]) if row["verdict"] == NOT_TESTED else f"{measure(row)} {changed(row)} points"
        parts += ["; " if place else ": ", Name(row["label"]), " against ", Name(row["reference_label"]), f" ({why})"]
    return Sentence((*parts, "."), (links["gap_differences.csv"],))


def _verdict(found: Mapping[str, int]) -> Verdict:
    """Return the answer in a word, by how often each verdict was found."""
    if found["improves"] and found["worsens"]:
        return Verdict("both ways", "bad")
    if found["improves"]:
        return Verdict("yes" if found["improves"] == sum(found.values()) else "yes, in part", "good")
    if found["worsens"]:
        return Verdict("no, worse", "bad")
    if found["equivalent"] == sum(found.values()):
        return Verdict("no", "none")
    return Verdict("not tested" if found[NOT_TESTED] == sum(found.values()) else "undecided", "open")
