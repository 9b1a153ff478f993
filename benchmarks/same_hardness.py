"""Whether trained members call the same samples and classes hard, by any estimator: from what studies left of them.

python benchmarks/same_hardness.py RESULTS/dataset.npz quick=RESULTS/members/baseline/variant0 other=OTHER/variant0

Each group is a folder of members of one recipe on the same training images. Every pair of members counts; pairs within a group
differ in their seeds alone, and are the ceiling for those of two groups.
"""

import argparse
from pathlib import Path

import numpy as np
from agreement import pairs_of
from measuring import table

from hbr.data.files import read_arrays
from hbr.hardness.classes import class_means
from hbr.hardness.estimators import estimator_of, instance_scores
from hbr.hardness.ranks import rank_correlations
from hbr.training.dynamics import load_dynamics


def compared(groups: dict[str, list[np.ndarray]], labels: np.ndarray, classes: int) -> list[list[object]]:
    """Return a row for every two groups: their pairs, and Spearman's correlation over classes and samples, mean and least."""
    rows: list[list[object]] = []
    names = [name for name, members in groups.items() for _ in members]
    samples = np.stack([scores for members in groups.values() for scores in members])
    means = class_means(samples, labels, classes)
    for name, pairs in pairs_of(names):
        if len(pairs):
            one, other = pairs.T
            found = [rank_correlations(values[one], values[other]) for values in (means, samples)]
            rows.append([name, len(pairs), *(f"{value:.4f}" for values in found for value in (values.mean(), values.min()))])
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="the prepared data set of all groups")
    parser.add_argument("groups", nargs="+", metavar="NAME=FOLDER", help="folders of member<i>/dynamics.npz")
    parser.add_argument("--estimators", nargs="+", default=["aum", "el2n", "forgetting"])
    options = parser.parse_args()
    labels = read_arrays(options.dataset, "train_labels")["train_labels"]
    folders = {name: Path(folder) for name, _, folder in (group.partition("=") for group in options.groups)}
    members = {
        name: [load_dynamics(path) for path in sorted(folder.glob("member*/dynamics.npz"))] for name, folder in folders.items()
    }
    rows = []
    for name in options.estimators:
        scores = {group: [instance_scores(own, estimator_of(name)) for own in members[group]] for group in members}
        rows += [[name, *row] for row in compared(scores, labels, int(labels.max()) + 1)]
    counts = ", ".join(f"{len(own)} of {group}" for group, own in members.items())
    columns = ["estimator", "between", "pairs", "classes", "least", "samples", "least"]
    print(table(f"Spearman correlation of hardness, members: {counts}", columns, rows))


if __name__ == "__main__":
    main()
