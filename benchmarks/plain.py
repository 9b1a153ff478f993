"""A plain training in the manner of the authors' scripts, written afresh: what the engine is measured against.

Images pass one by one through PIL in the workers of a DataLoader, hardness is tracked by a loop over samples that reads the
device six times each, and the test set is run through the network once for every class.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from hbr.data.datasets import PreparedDataset


class PlainImages(Dataset[tuple[Tensor, int, int]]):
    """Images as PIL has them, transformed one by one."""

    def __init__(self, data: PreparedDataset, part: str, augmented: bool) -> None:
        self.images: np.ndarray = getattr(data, f"{part}_images")
        self.labels: np.ndarray = getattr(data, f"{part}_labels")
        random = [transforms.RandomCrop(data.train_images.shape[1], padding=4), transforms.RandomHorizontalFlip()]
        exact = [transforms.ToTensor(), transforms.Normalize(data.mean.tolist(), data.std.tolist())]
        self.transform = transforms.Compose([*(random if augmented else []), *exact])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[Tensor, int, int]:
        return self.transform(Image.fromarray(self.images[place])), int(self.labels[place]), place


class PlainTracker:
    """Sums of six scores of every sample, each read from the device on its own."""

    def __init__(self, samples: int) -> None:
        self.sums = np.zeros((6, samples))

    def update(self, logits: Tensor, labels: Tensor, places: Tensor) -> None:
        """Score one batch."""
        probabilities = functional.softmax(logits, 1)
        losses = functional.cross_entropy(logits, labels, reduction="none")
        errors = (probabilities - functional.one_hot(labels, logits.shape[1])).norm(dim=1)
        others = logits.scatter(1, labels[:, None], float("-inf")).amax(1)
        right = logits.argmax(1) == labels
        for row, (place, label) in enumerate(zip(places.tolist(), labels.tolist(), strict=True)):
            self.sums[0, place] += logits[row, label].item()
            self.sums[1, place] += others[row].item()
            self.sums[2, place] += probabilities[row, label].item()
            self.sums[3, place] += errors[row].item()
            self.sums[4, place] += losses[row].item()
            self.sums[5, place] += right[row].item()


class PlainTraining:
    """Trains a network, evaluates it, and tracks the hardness of its samples."""

    def __init__(self, data: PreparedDataset, network: nn.Module, device: torch.device, batch: int = 128, workers: int = 2):
        self.device, self.network, self.classes = device, network.to(device), data.classes
        self.loader = DataLoader(PlainImages(data, "train", True), batch, shuffle=True, num_workers=workers)
        self.test_loader = DataLoader(PlainImages(data, "test", False), batch, num_workers=workers)
        self.optimizer = torch.optim.SGD(network.parameters(), 0.1, 0.9, nesterov=True, weight_decay=5e-4)
        self.tracker = PlainTracker(len(data.train_labels))

    def epoch(self) -> None:
        """Train and track one epoch."""
        self.network.train()
        for images, labels, places in self.loader:
            images, labels = images.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            logits = self.network(images)
            functional.cross_entropy(logits, labels).backward()
            self.optimizer.step()
            self.tracker.update(logits.detach(), labels, places)

    def accuracies(self) -> list[float]:
        """Return the accuracy of each class, from a run of the whole test set for each."""
        return [self.class_accuracy(label) for label in range(self.classes)]

    @torch.no_grad()
    def class_accuracy(self, label: int) -> float:
        """Return the accuracy of one class."""
        self.network.eval()
        right = total = 0
        for images, labels, _ in self.test_loader:
            labels = labels.to(self.device)
            found = self.network(images.to(self.device)).argmax(1)
            right += ((found == labels) & (labels == label)).sum().item()
            total += (labels == label).sum().item()
        return right / max(total, 1)
