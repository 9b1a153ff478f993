"""What is said of suspects, for people: tables and sentences, made from stored ones."""

import pandas as pd

from hbr.analysis.lists import FLAGGED
from hbr.analysis.suspects import AUM, FIRST, MARGIN, ranked
from hbr.analysis.tables import noise_table
from hbr.words import number, rounded


def suspect_sentences(suspects: pd.DataFrame) -> str:
    """Return how often networks that never saw an image suggest another class than its label."""
    other = suspects["margin"] < 0
    share = f"{int(other.sum()):,} of {len(suspects):,} images ({rounded(100 * other.mean())} %)"
    agreed = int((other & (suspects["votes"] == suspects["members"])).sum())
    members = int(suspects["members"].iloc[0])
    together = f"; all {members} agree for {agreed:,}" if members > 1 else ""
    return f"Networks that never saw the image suggest another class than its label for {share}{together}."


def suspects_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of :func:`.suspects.suspect_list` in words."""
    table = rows[["rank", "id", "split", "class_name", "suggested_name"]].copy()
    table["votes"] = [f"{votes} of {members}" for votes, members in zip(rows["votes"], rows["members"], strict=True)]
    table["out-of-fold margin"] = [rounded(margin, 2) for margin in rows["margin"]]
    table["AUM"] = [rounded(aum, 2) if pd.notna(aum) else "" for aum in rows["aum"]]
    flags = [name for name in map(str, rows) if name.startswith(FLAGGED)]
    if flags:
        found = [[name.removeprefix(FLAGGED) for name in flags if row[name] is True] for row in rows.to_dict("records")]
        table["flagged by"] = [", ".join(names) for names in found]
    words = {"id": "image", "split": "in", "class_name": "label", "suggested_name": "suggested"}
    return table.rename(columns=words)


def worth_table(worth: pd.DataFrame) -> pd.DataFrame:
    """Return what each rule finds of planted labels, of :func:`.suspects.rule_worth`, in words."""
    table = noise_table(worth)
    return table.assign(AUROC=worth["auroc"].map(number)) if worth["planted"].any() else table


def worth_sentences(worth: pd.DataFrame) -> str:
    """Return how many of the first images had a label that was changed on purpose, by either ranking."""
    if not worth["planted"].any():
        return "The classes are too small for one label in twenty to be changed; what suspects are worth here is not known."
    found = dict(zip(worth["rule"], worth["found"].astype(int), strict=True))
    firsts = {words: found[rule] for words in (MARGIN, AUM) if (rule := ranked(words, FIRST)) in found}
    told = " and ".join(f"{count} of the first {FIRST} by {words}" for words, count in firsts.items())
    chance = rounded(FIRST * float(worth["chance"].iloc[0]))
    planted = int(worth["planted"].iloc[0])
    changed = f"{planted:,} labels were" if planted > 1 else "1 label was"
    asked = f"As a check, {changed} changed on purpose and other networks trained"
    return f"{asked}: {told} are among them; by chance it would be {chance}."
