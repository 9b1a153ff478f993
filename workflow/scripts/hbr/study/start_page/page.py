"""From a study's tables to its start page."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from hbr.study.claims.beside import CHANGES, beside_accuracy
from hbr.study.claims.evidence import Evidence
from hbr.study.start_page.claims import claims_answer
from hbr.study.start_page.classes import class_overview, classes_answer
from hbr.study.start_page.costs import cost_answer, seconds_of
from hbr.study.start_page.decide import Variants, decide_answer
from hbr.study.start_page.effect import effect_answer, records
from hbr.study.start_page.noise import Suspects, suspects_answer, suspects_of_folds, suspects_of_rules
from hbr.study.start_page.parts import Answer, DataSet, Link, Sentence, StartPage
from hbr.study.start_page.placebo import placebo_answer
from hbr.words import counted

Linked = Callable[[str], Link]


def start_page(
    study: str,
    evidences: Sequence[Evidence],
    beside: Mapping[str, Any],
    costs: pd.DataFrame,
    opening: pd.DataFrame,
    results: Path,
    page: Path,
) -> StartPage:
    """Return the start page of a study, which lies at ``page`` and links to the tables under ``results``.

    ``beside`` is of :func:`hbr.study.start_page.tables.start_page_setting`; ``costs`` and ``opening`` are the study's tables of
    these names.
    """
    paper_first = any(evidence.stands_for for evidence in evidences)

    def linked(name: str, dataset: str = "") -> Link:
        return Link(quote(Path(os.path.relpath(results / dataset / name, page.parent)).as_posix()), name)

    ledger = Link("ledger.html", "claims ledger")
    found = []
    for evidence in evidences:
        own = partial(linked, dataset=evidence.dataset)
        found.append(dataset_of(evidence, beside, costs, own, linked("costs.csv")))
    claims = claims_answer(opening, paper_first, ledger, linked("claims.csv"))
    return StartPage(study, tuple(found), claims, ledger, paper_first, any(map(_resamples, evidences)))


def dataset_of(evidence: Evidence, beside: Mapping[str, Any], costs: pd.DataFrame, linked: Linked, costed: Link) -> DataSet:
    """Return what the page says of one data set; ``linked`` gives the link to a table of it by name."""
    name = evidence.dataset
    chapters = {chapter: Link(f"{quote(name)}/{chapter}.html", title) for chapter, title in beside["chapters"].items()}
    estimator = beside["estimator"]
    overview = _overview(evidence, estimator)
    tested = int(overview["tested"].sum())
    classes = classes_answer(name, overview, estimator, _class_links(estimator, linked))
    suspects = _suspects(evidence, beside["rules"], linked)
    noise = suspects_answer(name, suspects, chapters.get("suspects", chapters.get("noise")))
    of_resampling = _of_resampling(evidence, beside, costs, tested, linked, costed)
    of_images = [classes, noise]
    answers = [*of_resampling, *of_images] if _resamples(evidence) else [*of_images, *of_resampling]
    answers.append(cost_answer(name, costs, costed))
    facts = (
        f"{overview['samples'].sum():,} training and {tested:,} test images in {len(overview)} classes; {evidence.setting}; "
    )
    facts += f"a baseline of {counted([int(overview['runs'].iloc[0])], 'network')}."
    told = Sentence((facts,), (linked("measures/baseline/confusion.csv"),))
    return DataSet(name, told, tuple(answers), tuple(chapters.values()), None if suspects is None else suspects.listed)


def _resamples(evidence: Evidence) -> bool:
    return "gap_differences.csv" in evidence.files


def _of_resampling(
    evidence: Evidence, beside: Mapping[str, Any], costs: pd.DataFrame, tested: int, linked: Linked, costed: Link
) -> list[Answer]:
    """Return the answers on resampling, on placebos and on what would decide."""
    links = {name: linked(name) for name in ("gap_differences.csv", "class_differences.csv", CHANGES)}
    nothing = [effect_answer(evidence.dataset, [], {}, links)]
    if not _resamples(evidence):
        return nothing
    gaps = evidence.gap_differences
    of_sections = {section: rows for section in beside["variants"] if (rows := records(gaps, section))}
    if not of_sections:
        return nothing
    changes = evidence.table("class_differences.csv")
    changes = changes[(changes["metric"] == "accuracy") & (changes["class"] < 0)]
    accuracy = {(row["condition"], row["reference"]): row for row in changes.to_dict("records")}
    explained = beside_accuracy(evidence)
    answers = [
        effect_answer(evidence.dataset, rows, accuracy, links, explained, section) for section, rows in of_sections.items()
    ]
    answers.append(placebo_answer(records(gaps, "placebo"), links, len(evidence.class_names)))
    for section, rows in of_sections.items():
        # What else was declared of the same trainings: placebos, choices from a pool, real samples against copies.
        own = gaps[(gaps["kind"] == "limited") == (section == "limited")]
        beside_control = [row for family in ("placebo", "pool", "holdout") for row in records(own, family)]
        more = Variants(section, beside["variants"][section], beside["trainings"][section], seconds_of(evidence.dataset, costs))
        decide = decide_answer([*rows, *beside_control], more, tested, links | {"costs": costed})
        answers += [decide] if decide else []
    return answers


def _overview(evidence: Evidence, estimator: str) -> pd.DataFrame:
    ranks = evidence.table("estimators/uncertainty.csv")
    recall = evidence.table("measures/baseline/classes.csv")
    return class_overview(
        evidence.table(f"hardness/{estimator}/classes.csv"),
        ranks[ranks["estimator"] == estimator],
        recall[recall["metric"] == "recall"],
        evidence.table("measures/baseline/confusion.csv"),
    )


def _class_links(estimator: str, linked: Linked) -> dict[str, Link]:
    names = {"hardness": f"hardness/{estimator}/classes.csv", "recall": "measures/baseline/classes.csv"}
    return {key: linked(name) for key, name in (names | {"ranks": "estimators/uncertainty.csv"}).items()}


def _suspects(evidence: Evidence, methods: Mapping[str, str], linked: Linked) -> Suspects | None:
    """Return what was found to look mislabelled by all ways that the study has; ``None`` where nobody looked."""
    whole = Link(f"flagged/{quote(evidence.dataset)}.csv", "list of all")
    found = _suspects_of_rules(evidence, methods, linked, whole) if "noise/rules.csv" in evidence.files else None
    if "suspects.csv" not in evidence.files:
        return found
    links = {"suspects": linked("suspects.csv"), "worth": linked("suspects_rules.csv")}
    worth = evidence.table("suspects_rules.csv") if "suspects_rules.csv" in evidence.files else None
    return suspects_of_folds(evidence.table("suspects.csv"), worth, links, whole, found)


def _suspects_of_rules(evidence: Evidence, methods: Mapping[str, str], linked: Linked, whole: Link) -> Suspects:
    tables = {rule: f"noise/{rule}/samples.parquet" for rule in methods}
    flagged = {rule: evidence.table(name) for rule, name in tables.items()}
    links = {rule: linked(name) for rule, name in tables.items()} | {"rules": linked("noise/rules.csv")}
    preferred = evidence.table("noise/preferred.parquet")
    return suspects_of_rules(evidence.table("noise/rules.csv"), methods, flagged, preferred, evidence.class_names, links, whole)
