"""What a network says of images in evaluation mode, in batches that are the same wherever the images come from."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from hbr.data.streams import ImageStream
from hbr.errors import StudyError
from hbr.training.augmentation import ImageBank
from hbr.training.precision import autocast
from hbr.training.steps import batches_of

# As many as fill the device: a processor's caches, or a GPU's multiprocessors.
BATCH = {"cpu": 500, "cuda": 2000}


def evaluation_batches(samples: int, device: torch.device) -> list[slice]:
    """Return the places of the batches that ``samples`` are evaluated in."""
    return batches_of(samples, BATCH.get(device.type, BATCH["cpu"]))


def logits_of(network: nn.Module, images: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the float32 logits of normalised ``images``."""
    with autocast(images.device, dtype):
        logits: Tensor = network(images).float()
        return logits


@torch.no_grad()
def stream_logits(
    network: nn.Module, images: ImageStream, mean: np.ndarray, std: np.ndarray, dtype: torch.dtype, device: torch.device
) -> Iterator[Tensor]:
    """Yield the float32 logits of all ``images``, a batch at a time: no more of them are in memory, or on the device, at once.

    ``mean`` and ``std`` are those that the network was trained with. Raise ``StudyError`` where a logit is not finite.
    """
    network.eval()
    for where in evaluation_batches(images.samples, device):
        pixels = torch.from_numpy(images.read(where.stop - where.start))
        bank = ImageBank(pixels, torch.from_numpy(mean), torch.from_numpy(std), 0, device)
        logits = logits_of(network, bank.batch(torch.arange(len(pixels), device=device)), dtype)
        if not torch.isfinite(logits).all():
            raise StudyError(f"{images.path}: images {where.start + 1:,} to {where.stop:,} get logits that are not finite")
        yield logits
