"""Flip, crop and normalisation of whole batches on the device, by one gather; the same code on CPU and CUDA."""

import torch
from torch import Tensor


class ImageBank:
    """All images of one training as one padded uint8 tensor on the device.

    ``images`` are uint8 ``(samples, height, width, channels)``; ``mean`` and ``std`` are per channel on [0, 1] pixels.
    Padding is black, before normalisation, as a crop of the padded picture would show it.
    """

    def __init__(self, images: Tensor, mean: Tensor, std: Tensor, padding: int, device: torch.device) -> None:
        self.height, self.width, self.channels = images.shape[1:]
        self.padding = padding
        padded = torch.nn.functional.pad(images, (0, 0, padding, padding, padding, padding)).to(device)
        self.rows, self.columns = padded.shape[1:3]
        # Every run of one crop's width, wherever it begins, is one row of a view: a batch is then one gather of such rows.
        length, pixels = self.width * self.channels, padded.numel() // self.channels
        self.runs = padded.reshape(-1).as_strided((pixels - self.width + 1, length), (self.channels, 1))
        # As long as a row, since three numbers at a time would not fill a processor's registers.
        self.scale = (1 / (255 * std)).to(device, torch.float32).repeat(self.width)
        self.shift = (mean / std).to(device, torch.float32).repeat(self.width)
        self.row_starts = torch.arange(self.height, device=device) * self.columns

    def batch(self, index: Tensor, offsets: Tensor | None = None, flips: Tensor | None = None) -> Tensor:
        """Return normalised float32 images ``(batch, channels, height, width)`` in channels-last memory.

        ``index`` are positions in the bank; ``offsets`` ``(batch, 2)`` the crop's top-left corner in the padded picture
        (absent: the centre, which is the picture itself); ``flips`` booleans that mirror left and right.
        """
        if offsets is None:
            start = (index * self.rows + self.padding) * self.columns + self.padding
        else:
            start = (index * self.rows + offsets[:, 0]) * self.columns + offsets[:, 1]
        runs = self.runs.index_select(0, (start[:, None] + self.row_starts).reshape(-1))
        if flips is not None:
            _mirror(runs.view(len(index), self.height, self.width, self.channels), flips)
        normalised = runs.to(torch.float32).mul_(self.scale).sub_(self.shift)
        return normalised.view(len(index), self.height, self.width, self.channels).permute(0, 3, 1, 2)


def _mirror(images: Tensor, flips: Tensor) -> None:
    """Mirror the flipped ``images`` in place."""
    if images.is_cuda:
        # Which are flipped must not be read back.
        images.copy_(torch.where(flips[:, None, None, None], images.flip(2), images))
    else:
        chosen = flips.nonzero()[:, 0]
        images.index_copy_(0, chosen, images.index_select(0, chosen).flip(2))


def draw_epoch(
    generator: torch.Generator, examples: int, padding: int, flip: bool, device: torch.device
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return one epoch's order, crop offsets and flips, indexed by place in the epoch.

    They are drawn on the CPU whatever the device, so that a seed means the same training everywhere.
    """
    order = torch.randperm(examples, generator=generator).to(device, non_blocking=True)
    offsets = flips = None
    if padding:
        offsets = torch.randint(2 * padding + 1, (examples, 2), generator=generator).to(device, non_blocking=True)
    if flip:
        flips = draw_flips(generator, examples, device)
    return order, offsets, flips


def draw_flips(generator: torch.Generator, examples: int, device: torch.device) -> Tensor:
    """Return which of the examples are mirrored, half of them on average."""
    return (torch.rand(examples, generator=generator) < 0.5).to(device, non_blocking=True)
