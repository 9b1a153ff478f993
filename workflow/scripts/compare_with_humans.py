"""Hold hardness, test margins and rules of label noise against what people see in the images."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.analysis.ground_truth import (
    NOISE_COLUMNS,
    ORDER_COLUMNS,
    TEST_MARGIN,
    Order,
    noise_rows,
    order_rows,
)
from hbr.analysis.humans import CLASS_COLUMNS, class_table
from hbr.analysis.margins import margins
from hbr.analysis.prepared_references import load_reference
from hbr.analysis.reference_tables import Reference, reference_row, reference_table, truths_of
from hbr.data.files import read_arrays, read_table, write_table
from hbr.data.references import TEST, TRAIN
from hbr.hardness.estimators import HIGH_IS_HARD
from hbr.hardness.uncertainty import member_scores
from hbr.seeds import derive_seed
from hbr.study.command import append, run
from hbr.training.outcomes import load_runs


def orders_of(arguments: argparse.Namespace) -> list[Order]:
    """Return every estimator's order of training images, and that of test images by their margin in the same members."""
    orders = []
    for name, samples, classes in zip(arguments.estimators, arguments.samples, arguments.classes, strict=True):
        table, direction = read_table(samples), read_table(classes, "direction")["direction"].iloc[0]
        _, scores = member_scores(table)
        orders.append(Order(name, TRAIN, scores if direction == HIGH_IS_HARD else -scores, table["sample"].to_numpy()))
    runs = load_runs(arguments.outcomes)
    easier = np.stack([margins(member.test_logits.astype(np.float64), member.test_labels) for member in runs])
    return [*orders, Order(TEST_MARGIN, TEST, -easier, np.arange(easier.shape[1]))]


def references_of(arguments: argparse.Namespace, labels: dict[str, np.ndarray], planted: np.ndarray) -> list[Reference]:
    """Return the prepared references, each with the labels of its part."""
    found = []
    for name, path in zip(arguments.references, arguments.prepared, strict=True):
        arrays = load_reference(path, arguments.dataset)
        part = str(arrays["part"])
        known = ~planted if part == TRAIN else np.ones(len(labels[part]), bool)
        found.append(Reference(name, str(arrays["kind"]), part, arrays, labels[part], known))
    return found


def main(arguments: argparse.Namespace) -> None:
    """Write what the references are, their doubt of each class, and how orders and rules agree with them."""
    held = read_arrays(arguments.dataset, "train_labels", "test_labels", "class_names", "planted")
    labels, names = {part: held[f"{part}_labels"] for part in (TRAIN, TEST)}, [str(name) for name in held["class_names"]]
    orders, references = orders_of(arguments), references_of(arguments, labels, held["planted"])
    rules = {name: read_table(path) for name, path in zip(arguments.rules, arguments.flagged, strict=True)}
    seed = derive_seed(arguments.seed, arguments.dataset_name, "humans")
    about = [reference_row(one, seed) | arguments.settings[one.name] for one in references]
    classes, order, noise = [], [], []
    for one in references:
        if humans := one.humans:
            classes.append(class_table(humans, names).assign(reference=one.name))
            rows = order_rows(humans, one.part, orders, labels, arguments.resamples, seed)
            order.append(rows.assign(reference=one.name, kind=one.kind))
        for truth, wrong, images in truths_of(one):
            own, found = [each for each in orders if each.part == one.part], rules if one.part == TRAIN else {}
            rows = noise_rows(wrong, images, own, found, arguments.resamples, seed)
            noise.append(rows.assign(reference=one.name, truth=truth))
    if held["planted"].any():
        own, images = [each for each in orders if each.part == TRAIN], np.arange(len(held["planted"]))
        rows = noise_rows(held["planted"], images, own, rules, arguments.resamples, seed)
        noise.append(rows.assign(reference="data set", truth=arguments.known_noise))
    write_table(arguments.about, reference_table(about))
    for path, tables, columns, first in (
        (arguments.doubt, classes, CLASS_COLUMNS, ["reference"]),
        (arguments.order, order, ORDER_COLUMNS, ["reference", "kind"]),
        (arguments.noise, noise, NOISE_COLUMNS, ["reference", "truth"]),
    ):
        table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
        write_table(path, table.reindex(columns=[*first, *columns]))
    append(arguments.log, "; ".join(f"{one.name}: {one.kind} of {one.part} images" for one in references) or "no references")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--references", nargs="*", default=[], help="names, as the prepared files stand")
parser.add_argument("--prepared", type=Path, nargs="*", default=[])
parser.add_argument("--settings", type=json.loads, required=True, help="JSON: licence and citation of each reference")
parser.add_argument("--known-noise", default="", help="in words, why labels of the data set are known to be wrong")
parser.add_argument("--estimators", nargs="+", required=True, help="names, as samples and classes stand")
parser.add_argument("--samples", type=Path, nargs="+", required=True)
parser.add_argument("--classes", type=Path, nargs="+", required=True)
parser.add_argument("--outcomes", type=Path, nargs="+", required=True, help="of the members that hardness is averaged over")
parser.add_argument("--rules", nargs="*", default=[], help="names, as the flagged stand")
parser.add_argument("--flagged", type=Path, nargs="*", default=[])
parser.add_argument("--resamples", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--about", type=Path, required=True)
parser.add_argument("--doubt", type=Path, required=True)
parser.add_argument("--order", type=Path, required=True)
parser.add_argument("--noise", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
