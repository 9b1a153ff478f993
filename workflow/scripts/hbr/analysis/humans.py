"""People's judgements of images: how much they doubt a label, where they agree on another, and how reliable that is."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from hbr.hardness.ranks import stepped_up
from hbr.intervals import mean_interval

# Random divisions of the votes in halves.
SPLITS = 20


@dataclass(frozen=True)
class Humans:
    """What people say of the images of one part, as a prepared reference has it.

    ``votes`` are ``(images, classes)``, ``raters`` ``(people, images)`` with -1 for none, and no rows where only counts are
    known; ``labels`` are those of the data set, and ``known`` marks images whose label is as published: of others, which were
    flipped on purpose or replaced, it is not known what people doubt.
    """

    votes: np.ndarray
    raters: np.ndarray
    labels: np.ndarray
    known: np.ndarray

    @cached_property
    def images(self) -> np.ndarray:
        """Return the places of the images that people judged and whose label is as published."""
        return np.flatnonzero((self.votes.sum(1) > 0) & self.known)

    @cached_property
    def own(self) -> np.ndarray:
        """Return the votes for the label of each of these images."""
        return self.votes[self.images, self.labels[self.images]].astype(np.int64)

    @cached_property
    def total(self) -> np.ndarray:
        """Return all votes of each of these images."""
        return self.votes[self.images].sum(1, dtype=np.int64)

    @property
    def doubt(self) -> np.ndarray:
        """Return human doubt of each of these images: 1 minus the share of votes for the label."""
        return 1 - self.own / self.total

    @cached_property
    def _others(self) -> np.ndarray:
        """Return the most votes that one other class has."""
        votes = self.votes[self.images].astype(np.int64)
        votes[np.arange(len(votes)), self.labels[self.images]] = -1
        return votes.max(1)

    @property
    def otherwise(self) -> np.ndarray:
        """Return booleans: more than half of the votes are for one other class."""
        return 2 * self._others > self.total

    @property
    def unanimous(self) -> np.ndarray:
        """Return booleans: two votes or more, and all for one other class."""
        return (self._others == self.total) & (self.total > 1)


def reliability(humans: Humans, rng: np.random.Generator, by_class: bool = False) -> float:
    """Return how much human doubt would agree with that of as many other people, by images or by means of classes.

    Of votes: the Spearman correlation of doubt in two random halves of each image's votes, mean over :data:`SPLITS` divisions,
    stepped up to all votes (Spearman and Brown: 2 r / (1 + r)). Of labels by k people: the mean correlation of two people, one
    label an image each, stepped up to k: k r / (1 + (k - 1) r); where r is not above 0, r itself. NaN where an image has one
    judgement only, and of fewer than three classes, whose means agree wholly or not at all.
    """
    labels = humans.labels[humans.images]
    if len(humans.raters) > 1:
        given = humans.raters[:, humans.images]
        whole = (given >= 0).all(0)
        halves = [(row[whole] != labels[whole]).astype(float) for row in given]
        pairs, times, labels = list(combinations(halves, 2)), len(halves), labels[whole]
    elif len(humans.images) and humans.total.min() > 1:
        times, pairs = 2, []
        for _ in range(SPLITS):
            count = humans.total // 2
            first = rng.hypergeometric(humans.own, humans.total - humans.own, count)
            pairs.append((1 - first / count, 1 - (humans.own - first) / (humans.total - count)))
    else:
        return np.nan
    if by_class:
        pairs = [(class_doubt(one, labels), class_doubt(other, labels)) for one, other in pairs]
    if by_class and len(pairs[0][0]) < 3:
        return np.nan
    if any(np.ptp(half) == 0 for pair in pairs for half in pair):
        return np.nan
    r = float(np.mean([stats.spearmanr(*pair).statistic for pair in pairs]))
    return stepped_up(r, times)


def ceiling(reliability: float) -> float:
    """Return the most that anything can correlate with a measure of this reliability: its root; NaN where there is none."""
    return float(np.sqrt(reliability)) if reliability >= 0 else np.nan


def class_doubt(doubt: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean doubt of each class that has images, in the order of the labels."""
    return pd.Series(doubt).groupby(labels).mean().to_numpy()


CLASS_COLUMNS = ["class", "class_name", "images", "doubt", "doubt_lower", "doubt_upper", "otherwise"]


def class_table(humans: Humans, class_names: list[str]) -> pd.DataFrame:
    """Return one row a class: images, mean doubt with its 95 % interval over images, and how many people call otherwise."""
    rows, labels = [], humans.labels[humans.images]
    for label, name in enumerate(class_names):
        own = labels == label
        doubt = humans.doubt[own]
        lower, upper = mean_interval(doubt) if len(doubt) else (np.nan, np.nan)
        row = {"class": label, "class_name": name, "images": len(doubt), "doubt": doubt.mean() if len(doubt) else np.nan}
        rows.append(row | {"doubt_lower": lower, "doubt_upper": upper, "otherwise": int(humans.otherwise[own].sum())})
    return pd.DataFrame(rows, columns=CLASS_COLUMNS)
