"""What is said of the paper's claims: all of it where data stand for the paper's, else where the ledger is."""

import pandas as pd

from hbr.study.claims.finding import ABSENT, INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from hbr.study.start_page.parts import Answer, Cell, Column, Link, Name, Sentence, Table, Verdict

_TONES = {REPRODUCED: "good", NOT_REPRODUCED: "bad", INCONCLUSIVE: "open", ABSENT: "none"}
_HERE = (
    "Here: whether a claim holds of the network and recipe that were trained; the verdict is on the paper's claim, and "
    "another regime than the paper's own, or one of comparable accuracy, leaves it open; the control's accuracy stands beside."
)
_TOLD = ("regime", "reported", "measured", "here")
QUESTION = "Do the paper's claims hold?"


def claims_answer(opening: pd.DataFrame, paper_first: bool, *links: Link) -> Answer:
    """Return how many claims of the paper hold, with their table where ``paper_first``.

    ``opening`` are the columns of the ledger that a report opens with, ``study`` among them where several are judged together;
    ``links`` are where it stands, the table last.
    """
    if not paper_first:
        about = (
            f"The study's data are not the paper's; its {len(opening)} claims and what was measured here stand in the ledger."
        )
        return Answer("claims", QUESTION, None, (Sentence((about,), links),))
    counts = opening["verdict"].value_counts()
    told = ", ".join(f"{counts[name]} {name}" for name in _TONES if name in counts)
    told = f"Of the {len(opening)} entries of the ledger: {told}."
    sentences = (Sentence((told,), links), Sentence((_HERE,)))
    # A study's name of its data says enough, and tables have no room for more.
    told_names = ["study" if "study" in opening else "data set", *_TOLD]
    columns = tuple(map(Column, ("claim", *told_names, "verdict", "why")))
    lines: list[tuple[Cell, ...]] = []
    for row in opening.astype(object).fillna("").to_dict("records"):
        verdict = Verdict(str(row["verdict"]), _TONES.get(str(row["verdict"]), "open"))
        regime = ", ".join(filter(None, (str(row["regime"]), str(row["control accuracy"]))))
        told_of = [Name(str(row[name])) if row[name] else "" for name in told_names]
        told_of[1] = regime
        lines.append((f"{row['claim']} ({row['version']})", *told_of, verdict, str(row["why"])))
    caption = "Claims of arXiv 2504.07031, what it reports and what was measured, with 95 % intervals."
    table = Table("claims", caption, columns, tuple(lines), links[-1:], wide=True)
    return Answer("claims", QUESTION, None, sentences, tables=(table,))
