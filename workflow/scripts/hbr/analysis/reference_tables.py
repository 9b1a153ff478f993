"""Prepared references as tables: what each is, what it says of every class, and which images it calls mislabelled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hbr.analysis.humans import Humans, ceiling, reliability
from hbr.analysis.prepared_references import PEOPLE

CHECKED = "label-errors"
# When images count as mislabelled.
MAJORITY, UNANIMOUS, NOT_CONFIRMED = "most name one other class", "all name one other class", "not confirmed by most"


@dataclass(frozen=True)
class Reference:
    """A prepared reference: its ``arrays`` by name, the labels of its part as published, and which of these are known."""

    name: str
    kind: str
    part: str
    arrays: Mapping[str, np.ndarray]
    labels: np.ndarray
    known: np.ndarray

    @property
    def humans(self) -> Humans | None:
        """Return people's votes, none where the reference is no such."""
        if self.kind not in PEOPLE:
            return None
        return Humans(self.arrays["votes"], self.arrays["raters"], self.labels, self.known)


def truths_of(reference: Reference) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield when an image counts as mislabelled, booleans, and the places of the images that they are of.

    Of candidates of label errors only those were shown to people whose label a network doubted; all other images count as
    labelled right.
    """
    if humans := reference.humans:
        yield MAJORITY, humans.otherwise, humans.images
        if humans.total.max(initial=0) > 1:
            yield UNANIMOUS, humans.unanimous, humans.images
    elif reference.kind == CHECKED:
        wrong = np.zeros(len(reference.labels), bool)
        wrong[reference.arrays["samples"]] = not_confirmed(reference.arrays["answers"])
        images = np.flatnonzero(reference.known)
        yield NOT_CONFIRMED, wrong[images], images


def not_confirmed(answers: np.ndarray) -> np.ndarray:
    """Return booleans: no more than half of the answers (given, guessed, neither, both) are for the given label alone."""
    return 2 * answers[:, 0] <= answers.sum(1)


def reference_row(reference: Reference, seed: int) -> dict[str, object]:
    """Return what a reference is: images and judgements an image, how many agree with the label, and how reliable it is."""
    row: dict[str, object] = {"reference": reference.name, "kind": reference.kind, "part": reference.part}
    if humans := reference.humans:
        sure = {by: reliability(humans, np.random.default_rng(seed), by) for by in (False, True)}
        row |= {"images": len(humans.images), "judgements_least": humans.total.min(), "judgements_most": humans.total.max()}
        row |= {"doubt": humans.doubt.mean(), "otherwise": int(humans.otherwise.sum())}
        row |= {"unanimous": int(humans.unanimous.sum()) if humans.total.max() > 1 else np.nan}
        row |= {"reliability": sure[False], "ceiling": ceiling(sure[False])}
        return row | {"class_reliability": sure[True], "class_ceiling": ceiling(sure[True])}
    if reference.kind == CHECKED:
        answers = reference.arrays["answers"]
        row |= {"images": len(answers), "judgements_least": answers.sum(1).min(), "judgements_most": answers.sum(1).max()}
        return row | {"otherwise": int(not_confirmed(answers).sum())}
    networks, images = reference.arrays["predictions"].shape
    return row | {"images": images, "judgements_least": networks, "judgements_most": networks}


REFERENCE_COLUMNS = ["reference", "kind", "part", "images", "judgements_least", "judgements_most", "doubt", "otherwise"]
REFERENCE_COLUMNS += ["unanimous", "reliability", "ceiling", "class_reliability", "class_ceiling", "licence", "citation"]


def reference_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return the rows as a table, with every column where there is no row, too; counts are whole numbers."""
    table = pd.DataFrame(rows, columns=REFERENCE_COLUMNS)
    counts = ["images", "judgements_least", "judgements_most", "otherwise", "unanimous"]
    return table.astype(dict.fromkeys(counts, "Int64"))
