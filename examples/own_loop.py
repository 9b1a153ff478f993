"""Train a network of your own, on your own files in their full size, by a resampled plan of a finished study.

    make lists STUDY=studies/own/photos.yaml
    .venv/bin/python examples/own_loop.py lists/photos/photos resampled-aum-random-easy-alpha1

What is taken from the study is two tables: which file is where, and how often a plan trains on it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler


class Files(Dataset):
    """The images of a table with ``filepath`` and ``class``, opened when they are asked for."""

    def __init__(self, table: pd.DataFrame, side: int) -> None:
        self.table, self.side = table, side

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        row = self.table.iloc[place]
        with Image.open(row["filepath"]) as image:
            pixels = (
                np.asarray(ImageOps.exif_transpose(image).convert("RGB").resize((self.side, self.side)), dtype=np.float32) / 255
            )
        return torch.from_numpy(pixels).permute(2, 0, 1), int(row["class"])


def sampler_of(weights: pd.DataFrame, seed: int = 0) -> WeightedRandomSampler:
    """Return a sampler that draws as many images an epoch as the plan holds, each ``weight`` times in the mean."""
    generator = torch.Generator().manual_seed(seed)
    return WeightedRandomSampler(weights["weight"].tolist(), int(weights["weight"].sum()), generator=generator)


def main(arguments: argparse.Namespace) -> float:
    """Train, and return the accuracy on the study's test images."""
    # Texts: a class may be called 007.
    samples = pd.read_csv(arguments.lists / "samples.csv", dtype={"id": str, "filepath": str})
    if samples.get("filepath", pd.Series(dtype=str)).isna().all():
        sys.exit(f"{arguments.lists / 'samples.csv'} names no files: the study's images come from no folder")
    plan = arguments.lists / f"plans/{arguments.plan}/variant{arguments.variant}"
    if not (plan / "weights.csv").is_file():
        sys.exit(f"{plan} holds no weights.csv: there is no such plan, or it has images of its own (smote, pools), not files")
    weights = pd.read_csv(plan / "weights.csv", dtype={"id": str})
    train, test = (samples[samples["split"] == split] for split in ("train", "test"))
    # By id: the order of another table need not be that of this one.
    train = train.set_index("id").loc[weights["id"]].reset_index()
    side, classes = arguments.side, samples["class"].max() + 1
    batches = DataLoader(Files(train, side), arguments.batch_size, sampler=sampler_of(weights))

    torch.manual_seed(0)
    network = torch.nn.Sequential(  # yours
        torch.nn.Conv2d(3, 16, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(),
        torch.nn.Linear(256, classes),
    )  # fmt: skip
    descent = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(arguments.epochs):
        for images, labels in batches:
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            descent.zero_grad()
            loss.backward()
            descent.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}")

    with torch.no_grad():
        tested = DataLoader(Files(test, side), arguments.batch_size)
        right = sum(int((network(images).argmax(1) == labels).sum()) for images, labels in tested)
    print(f"accuracy on {len(test):,} test images: {right / len(test):.1%}")
    return right / len(test)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("lists", type=Path, help="what `make lists` wrote of a data set")
parser.add_argument("plan", help="a condition, such as resampled-aum-random-easy-alpha1")
parser.add_argument("--variant", type=int, default=1, help="which draw of the plan")
parser.add_argument("--side", type=int, default=224, help="pixels that files are brought to")
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=32)

if __name__ == "__main__":
    main(parser.parse_args())
