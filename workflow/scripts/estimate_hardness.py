"""Turn stored dynamics into instance and class hardness."""

import argparse
from pathlib import Path

import numpy as np

from hbr.data.datasets import load_ids, with_ids
from hbr.data.files import read_arrays, read_table, write_table
from hbr.errors import StudyError
from hbr.hardness.classes import class_table, sample_table
from hbr.hardness.estimators import Estimator, always_positive
from hbr.hardness.members import scores_of_members
from hbr.study.command import run


def main(arguments: argparse.Namespace) -> None:
    """Write the table of samples and the table of classes."""
    arrays = read_arrays(arguments.dataset, "train_labels", "class_names", "checksum")
    # The examples of the trainings: all training samples, or those that a denoised condition kept.
    places = read_table(arguments.plan, "source")["source"].to_numpy()
    if len(np.unique(places)) < len(places):
        raise StudyError(
            f"{arguments.plan} holds samples twice, and then what is hard cannot be told sample by sample; write "
            "resampling.balance: keep, or no base under limited.hardness"
        )
    labels, names = arrays["train_labels"][places], tuple(str(name) for name in arrays["class_names"])
    estimator = Estimator.read(arguments.settings)
    scores, text = scores_of_members(arguments.dynamics, estimator, len(labels), str(arrays["checksum"]))
    samples = sample_table(scores, labels, estimator.direction, arguments.members, places)
    write_table(arguments.samples, with_ids(samples, load_ids(arguments.ids), arguments.ids))
    positive = estimator.method in always_positive()
    write_table(arguments.classes, class_table(scores, labels, names, estimator.direction, text, positive))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--ids", type=Path, required=True, help="which file, or which index, each sample is")
parser.add_argument("--plan", type=Path, required=True, help="what the members were trained on")
parser.add_argument("--dynamics", type=Path, nargs="+", required=True)
parser.add_argument("--members", type=int, nargs="+", required=True, help="the members' numbers, as the dynamics stand")
parser.add_argument("--settings", required=True, help="JSON: the estimator, its window of epochs and its own settings")
parser.add_argument("--samples", type=Path, required=True)
parser.add_argument("--classes", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
