"""Does a short recipe call the same classes and samples hard as a long one? Members of both, on the same images.

python benchmarks/recipes.py --data results/cifar10-cpu/cifar10/dataset.npz --samples 10000 --epochs 4 12
"""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import mean

import torch
from agreement import agreement, trained
from measuring import RECIPE, circumstances, load_images, network_for, table

from hbr.training.precision import forbid_tf32


def main() -> None:
    """Print accuracies, the rank correlations of AUM between recipes, and whether they split classes alike."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=32, help="of images of noise")
    parser.add_argument("--epochs", type=int, nargs="+", default=[4, 12])
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--network", default="resnet8")
    parser.add_argument("--width", type=int)
    options = parser.parse_args()
    torch.set_num_threads(1)
    forbid_tf32()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(circumstances(device), flush=True)
    data = load_images(options.data, options.samples, max(options.samples // 5, 100), options.side)
    groups, rows = {}, []
    # Long and short members differ in their seeds too: what is alike is then due to the data.
    for number, epochs in enumerate(options.epochs):
        recipe = replace(RECIPE, epochs=epochs, learning_rate=0.2, warmup_epochs=epochs / 4)
        members = []
        for seed in range(100 * number, 100 * number + options.members):
            network = network_for(options.network, data, seed, width=options.width)
            members.append(trained(data, network, recipe, seed, device))
        groups[f"{epochs} epochs"] = members
        accuracy, seconds = mean(member.accuracy for member in members), mean(member.seconds for member in members)
        rows.append([epochs, len(members), f"{accuracy:.2%}", f"{seconds:.1f}"])
    columns = ["epochs", "members", "accuracy", "seconds each"]
    print("\n" + table(f"Recipes on {options.samples:,} images", columns, rows))
    for text in agreement(groups, data):
        print("\n" + text)


if __name__ == "__main__":
    main()
