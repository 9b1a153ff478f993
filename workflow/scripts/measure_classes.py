"""Measure every class in every run of one condition, from stored logits."""

import argparse
from pathlib import Path

import pandas as pd

from hbr.analysis.metrics import accuracy, class_metrics, confusion_matrix
from hbr.command import run
from hbr.data.files import write_table
from hbr.training.outcomes import HISTORY_COLUMNS, load_outcomes


def main(arguments: argparse.Namespace) -> None:
    """Write class metrics, accuracy and the learning curves as long tables, confusion counts included."""
    description = {name: getattr(arguments, name) for name in ("condition", "kind", "estimator", "oversampling")}
    description |= {"undersampling": arguments.undersampling, "alpha": arguments.alpha}
    metrics, confusions, histories = [], [], []
    for path in arguments.outcomes:
        outcomes = load_outcomes(path)
        classes = outcomes.test_logits.shape[1]
        confusion = confusion_matrix(outcomes.test_labels, outcomes.predictions, classes)
        who = {"dataset": arguments.dataset_name, **description, "variant": outcomes.variant, "member": outcomes.member}
        metrics.append({**who, "class": -1, "metric": "accuracy", "value": accuracy(confusion)})
        for metric, values in class_metrics(confusion).items():
            metrics += [{**who, "class": c, "metric": metric, "value": value} for c, value in enumerate(values)]
        pairs = [(t, p, confusion[t, p]) for t in range(classes) for p in range(classes) if confusion[t, p]]
        confusions += [{**who, "class": t, "predicted": p, "count": count} for t, p, count in pairs]
        histories.append(pd.DataFrame(outcomes.history, columns=list(HISTORY_COLUMNS)).assign(**who))
    write_table(arguments.classes, pd.DataFrame(metrics))
    write_table(arguments.confusion, pd.DataFrame(confusions))
    write_table(arguments.history, pd.concat(histories))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--outcomes", type=Path, nargs="+", required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--condition", required=True)
parser.add_argument("--kind", required=True)
parser.add_argument("--estimator", default="")
parser.add_argument("--oversampling", default="")
parser.add_argument("--undersampling", default="")
parser.add_argument("--alpha", default="")
parser.add_argument("--classes", type=Path, required=True)
parser.add_argument("--confusion", type=Path, required=True)
parser.add_argument("--history", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
