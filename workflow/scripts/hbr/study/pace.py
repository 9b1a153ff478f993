"""How long one training will take here, from a few of its steps on some of its images, before there is any result."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from hbr.data.datasets import PreparedDataset, prepare
from hbr.data.folders import read_batches
from hbr.data.plans import identity_plan
from hbr.data.whitening import whitening_of
from hbr.errors import StudyError
from hbr.study.own_images import Found
from hbr.training.engine import MemberSeeds, Training
from hbr.training.networks import build_network, is_whitened
from hbr.training.settings import TrainingSettings

# Python, torch and the data, before the first step.
_START = 5.0
_IMAGES, _LEAST_SECONDS, _MOST_EPOCHS = 256, 2.0, 20


def seconds_of_training(found: Found, config: Mapping[str, Any], dataset: str, device: torch.device) -> float:
    """Return the seconds that one training on all images of a folder takes, start and tests included, on a core or a GPU.

    Some images of every class are read, and a network is trained on them for two seconds; nothing is kept.
    """
    settings, keys = TrainingSettings.of(config, dataset), config["datasets"][dataset]
    data = _some(found, keys["image_size"])
    trained, tested = _amounts(found, keys)
    whitening = whitening_of(data) if is_whitened(settings.network) else None
    network = build_network(
        settings.network,
        data.train_images.shape[3],
        data.classes,
        seed=0,
        settings=settings.network_settings,
        whitening=whitening,
    )
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        member = Training(data, plan, network, settings.recipe, MemberSeeds(0, 0, 0, 0), device, False, None, _ignore)
        member.train_epoch()
        begun, epochs = _clock(device), 0
        while epochs < _MOST_EPOCHS and (not epochs or _clock(device) - begun < _LEAST_SECONDS):
            member.step = 0
            member.train_epoch()
            epochs += 1
        per_image = (_clock(device) - begun) / epochs / len(plan)
        begun = _clock(device)
        member.test_logits()
        per_test = (_clock(device) - begun) / len(data.test_labels)
    finally:
        torch.set_num_threads(threads)
    tests = sum(settings.recipe.is_evaluated(epoch) for epoch in range(1, settings.recipe.epochs + 1))
    return _START + settings.recipe.epochs * trained * per_image + (tests * tested + trained) * per_test


def _amounts(found: Found, keys: Mapping[str, Any]) -> tuple[int, int]:
    if found.is_split:
        return sum(found.counts["train"]), sum(found.counts["test"])
    tested = round(found.images * keys.get("test_fraction", 0.0))
    return found.images - tested, tested


def _some(found: Found, size: int) -> PreparedDataset:
    """Return a small data set of images of every class, which is tested on itself."""
    files = found.tree.splits["train" if found.is_split else "all"]
    labels = np.array([file.label for file in files])
    each = max(2, _IMAGES // len(found.tree.class_names))
    places = np.concatenate([np.flatnonzero(labels == label)[:each] for label in range(len(found.tree.class_names))])
    chosen = [files[place] for place in places]
    try:
        images = next(iter(read_batches(found.tree.root, chosen, size, 1, len(chosen))))
    # Grey images are read as such; one in colours makes all colour.
    except StudyError:
        images = next(iter(read_batches(found.tree.root, chosen, size, 3, len(chosen))))
    return prepare(images, labels[places], images, labels[places], found.tree.class_names)


def _clock(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _ignore(line: str) -> None:
    return None
