"""Does a short recipe call the same classes and samples hard as a long one? Members of both, on the same images.

python benchmarks/recipes.py --data results/cifar10-cpu/cifar10/dataset.npz --samples 10000 --epochs 4 12
"""

import argparse
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from measuring import RECIPE, circumstances, load_images, table
from scipy.stats import spearmanr

from hbr.data.plans import identity_plan
from hbr.training.engine import MemberSeeds, train_member
from hbr.training.networks import build_network


def main() -> None:
    """Print accuracies, and the rank correlations of AUM between recipes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, nargs="+", default=[4, 12])
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--network", default="resnet8")
    parser.add_argument("--width", type=int)
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(circumstances(device), flush=True)
    data = load_images(options.data, options.samples, max(options.samples // 5, 100))
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    margins, rows = {}, []
    # Long and short members differ in their seeds too: what is alike is then due to the data.
    for number, epochs in enumerate(options.epochs):
        recipe = replace(RECIPE, epochs=epochs, learning_rate=0.2, warmup_epochs=epochs / 4)
        found, accuracies = [], []
        for member in range(options.members):
            seed = 100 * number + member
            network = build_network(options.network, data.train_images.shape[3], data.classes, seed, options.width)
            outcomes, dynamics = train_member(data, plan, network, recipe, MemberSeeds(seed, seed, 0, member), device)
            found.append(dynamics.margin_sum / epochs)
            accuracies.append(outcomes.history[-1, 4])
        margins[epochs] = np.mean(found, 0)
        of_classes = class_means(margins[epochs], data.train_labels, data.classes)
        hardest = " ".join(data.class_names[place] for place in np.argsort(of_classes)[:4])
        rows.append([epochs, options.members, f"{np.mean(accuracies):.2%}", hardest])
    print("\n" + table(f"Recipes on {options.samples:,} images", ["epochs", "members", "accuracy", "hardest classes"], rows))
    rows = []
    for one, other in combinations(options.epochs, 2):
        classes = [class_means(margins[epochs], data.train_labels, data.classes) for epochs in (one, other)]
        of_classes, of_samples = spearmanr(*classes).statistic, spearmanr(margins[one], margins[other]).statistic
        rows.append([f"{one} and {other}", f"{of_classes:.3f}", f"{of_samples:.3f}"])
    print("\n" + table("Spearman correlation of AUM", ["epochs", "classes", "samples"], rows))


def class_means(values: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the mean of every class."""
    return np.bincount(labels, values, classes) / np.bincount(labels, minlength=classes)


if __name__ == "__main__":
    main()
