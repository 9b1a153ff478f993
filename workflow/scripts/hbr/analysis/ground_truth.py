"""What hardness and rules of label noise have to do with what people see: tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import recall_score

from hbr.analysis.humans import Humans, ceiling, reliability
from hbr.analysis.noise import rule_summary
from hbr.analysis.rank_agreement import Agreement, auroc_agreement, class_agreement, drawn_class_means, sample_agreement
from hbr.intervals import has_spread, mean_interval

# How many of the hardest samples precision is stated of, beside as many as there are to be found.
FIRST = 100
# What is held against people's judgements of test images, as estimators of hardness are against those of training images.
TEST_MARGIN = "test margin"
CLASSES, SAMPLES, WITHIN = "classes", "samples", "within classes"


@dataclass(frozen=True)
class Order:
    """An order of images by hardness: ``harder`` is ``(members, images)``, higher is harder, of the images at ``samples``."""

    name: str
    part: str
    harder: np.ndarray
    samples: np.ndarray


def published_recalls(
    predictions: np.ndarray, networks: Sequence[str], labels: np.ndarray, class_names: Sequence[str]
) -> pd.DataFrame:
    """Return one row a network and class: network, class, class_name and recall, a share of the class's test images.

    ``predictions`` are ``(networks, images)``.
    """
    classes = np.arange(len(class_names))
    tables = []
    for name, own in zip(networks, predictions, strict=True):
        recall = recall_score(labels, own, labels=classes, average=None, zero_division=0)
        tables.append(pd.DataFrame({"network": name, "class": classes, "class_name": list(class_names), "recall": recall}))
    return pd.concat(tables, ignore_index=True)


def order_rows(
    humans: Humans, part: str, orders: Sequence[Order], labels: Mapping[str, np.ndarray], resamples: int, seed: int
) -> pd.DataFrame:
    """Return how each order agrees with human doubt: of classes always, of samples and within classes where it is of the part.

    One row an order and level: Spearman's correlation with ends over members and samples, for classes also over members,
    samples and classes, and the ceiling, which is the root of the reliability of human doubt. ``labels`` are of each part.
    """
    people = labels[part][humans.images]
    # One seed for all, so that orders are compared on the same draws.
    sure = {by: reliability(humans, np.random.default_rng(seed), by) for by in (False, True)}
    rows = []
    for order in orders:
        common, mine, theirs = np.intersect1d(order.samples, humans.images, return_indices=True)
        own = labels[order.part][order.samples]
        counts = [np.bincount(one, minlength=max(people.max(), own.max()) + 1) for one in (own, people)]
        classes = np.flatnonzero(np.minimum(*counts))
        if len(classes) > 2:
            rng = np.random.default_rng(seed)
            means = _class_means(order, humans, own, people, classes, resamples, rng)
            by_samples, by_classes = class_agreement(*means, rng)
            ends = {"classes_lower": by_classes.lower, "classes_upper": by_classes.upper}
            rows.append(_row(order, CLASSES, by_samples, sure[True], len(people), len(classes)) | ends)
        if order.part == part and len(common) > 2:
            rng = np.random.default_rng(seed)
            found = sample_agreement(order.harder[:, mine], humans.doubt[theirs], labels[part][common], resamples, rng)
            for level, agreement in zip((SAMPLES, WITHIN), found, strict=True):
                rows.append(_row(order, level, agreement, sure[False], len(common), len(classes)))
    return pd.DataFrame(rows, columns=ORDER_COLUMNS)


ORDER_COLUMNS = ["estimator", "level", "correlation", "lower", "upper", "classes_lower", "classes_upper"]
ORDER_COLUMNS += ["reliability", "ceiling", "images", "classes", "members"]


def noise_rows(
    truth: np.ndarray,
    samples: np.ndarray,
    orders: Sequence[Order],
    rules: Mapping[str, pd.DataFrame],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Return how well orders and rules find the images at ``samples`` of which ``truth`` holds, one row each.

    Of an order its AUROC with ends over members and samples, and the precision of its hardest :data:`FIRST` and of as many as
    there are to be found. Of a rule (a table with sample, flagged and score) what it flags, precision and recall with exact
    95 % intervals, and the AUROC of its score.
    """
    rows = []
    for order in orders:
        common, mine, theirs = np.intersect1d(order.samples, samples, return_indices=True)
        harder, own = order.harder[:, mine], truth[theirs]
        auroc = auroc_agreement(harder, own, resamples, np.random.default_rng(seed))
        row = {"finder": "estimator", "name": order.name, "members": len(harder), "images": len(common), "positives": own.sum()}
        row |= {"auroc": auroc.value, "auroc_lower": auroc.lower, "auroc_upper": auroc.upper}
        for name, count in (("first", min(FIRST, len(own))), ("as_many", int(own.sum()))):
            row |= {f"precision_{name}": precision_at(harder.mean(0), own, count)}
        rows.append(row | {"chance": own.mean() if len(own) else np.nan})
    for name, table in rules.items():
        common, mine, theirs = np.intersect1d(table["sample"], samples, return_indices=True)
        chosen, own = table.iloc[mine], truth[theirs]
        auroc = auroc_agreement(-chosen["score"].to_numpy()[None], own, 0, np.random.default_rng(seed))
        found = rule_summary({name: chosen}, own).iloc[0]
        row = {"finder": "rule", "name": name, "images": len(common), "positives": own.sum(), "auroc": auroc.value}
        names = [f"{share}{end}" for share in ("precision", "recall") for end in ("", "_lower", "_upper")]
        rows.append(row | {"chance": own.mean()} | {one: found[one] for one in ("flagged", "found", *names)})
    return pd.DataFrame(rows, columns=NOISE_COLUMNS)


def precision_at(harder: np.ndarray, truth: np.ndarray, count: int) -> float:
    """Return the share of the ``count`` hardest of which ``truth`` holds, the expected one where a lot decides; NaN of none."""
    if not count:
        return np.nan
    cut = np.partition(harder, -count)[-count]
    above, tied = harder > cut, harder == cut
    return float(truth[above].sum() + (count - above.sum()) * truth[tied].mean()) / count


NOISE_COLUMNS = ["finder", "name", "images", "positives", "chance", "auroc", "auroc_lower", "auroc_upper", "precision_first"]
NOISE_COLUMNS += ["precision_as_many", "flagged", "found", "precision", "precision_lower", "precision_upper"]
NOISE_COLUMNS += ["recall", "recall_lower", "recall_upper", "members"]


DOUBTFUL_COLUMNS = ["people", "condition", "variant", "examples", "judged", "doubtful", "share"]


def doubtful_row(source: np.ndarray, own_images: np.ndarray, doubtful: np.ndarray, judged: np.ndarray) -> dict[str, float]:
    """Return how many examples of a plan people call mislabelled, and their share of those that people judged.

    ``source`` is the training image of each example, ``own_images`` marks those that are no image of the training set, which
    nobody judged; ``doubtful`` and ``judged`` are booleans of the training images. A duplicate counts as often as it is there.
    """
    examples, source = len(source), source[~own_images]
    counted = int(judged[source].sum())
    found = int((doubtful & judged)[source].sum())
    return {"examples": examples, "judged": counted, "doubtful": found, "share": found / counted if counted else np.nan}


def share_changes(doubtful: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Return for each reference and condition its share before and the change of it, with its interval over variants.

    Before is the share of the same variants of what the condition is compared with, and of the training set where that is
    nothing. ``doubtful`` are rows of ``ground_truth/doubtful.csv`` with what is known of their conditions. Changes that are all
    alike come of coarse counts, not of certainty, and have no ends.
    """
    rows = []
    for people, own in doubtful.groupby("people", sort=False):
        whole = float(own.loc[own["kind"] == "baseline", "share"].iloc[0])
        share_of = own.set_index(["condition", "variant"])["share"]
        for (condition, label), plans in own[own["kind"] != "baseline"].groupby(["condition", "label"], sort=False):
            compared = zip(plans["reference"], plans["variant"], strict=True)
            before = np.array([share_of.get(one, whole) for one in compared])
            shares = plans["share"].to_numpy() - before
            lower, upper = mean_interval(shares, level) if has_spread(shares) else (np.nan, np.nan)
            row = {"reference": people, "condition": condition, "label": label, "training_set": whole, "before": before.mean()}
            rows.append(row | {"change": shares.mean(), "lower": lower, "upper": upper, "variants": len(shares)})
    names = ["reference", "condition", "label", "training_set", "before", "change", "lower", "upper", "variants"]
    return pd.DataFrame(rows, columns=names)


def _class_means(
    order: Order,
    humans: Humans,
    own: np.ndarray,
    people: np.ndarray,
    classes: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return class means of hardness and of doubt, of all samples and of draws; of the same images by the same draws."""
    code = np.full(max(people.max(), own.max()) + 1, -1)
    code[classes] = np.arange(len(classes))
    mine, theirs = code[own], code[people]
    if np.array_equal(order.samples, humans.images) and np.array_equal(mine, theirs):
        both = drawn_class_means(np.vstack([order.harder, humans.doubt[None]]), mine, len(classes), resamples, rng)
        return both[:, :-1], both[:, -1]
    harder = drawn_class_means(order.harder[:, mine >= 0], mine[mine >= 0], len(classes), resamples, rng)
    doubt = drawn_class_means(humans.doubt[None, theirs >= 0], theirs[theirs >= 0], len(classes), resamples, rng)
    return harder, doubt[:, 0]


def _row(order: Order, level: str, found: Agreement, sure: float, images: int, classes: int) -> dict[str, object]:
    return {
        "estimator": order.name,
        "level": level,
        "correlation": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "reliability": sure,
        "ceiling": ceiling(sure),
        "images": images,
        "classes": classes,
        "members": len(order.harder),
    }
