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
        padded = torch.nn.functional.pad(images, (0, 0, padding, padding, padding, padding))
        self.rows, self.columns = padded.shape[1:3]
        # One row a pixel: a batch is then a single index_select of whole pixels.
        self.pixels = padded.reshape(-1, self.channels).to(device)
        self.scale = (1 / (255 * std)).to(device, torch.float32)
        self.shift = (mean / std).to(device, torch.float32)
        self.row_grid = torch.arange(self.height, device=device)
        self.column_grid = torch.arange(self.width, device=device)

    def batch(self, index: Tensor, offsets: Tensor | None = None, flips: Tensor | None = None) -> Tensor:
        """Return normalised float32 images ``(batch, channels, height, width)`` in channels-last memory.

        ``index`` are positions in the bank; ``offsets`` ``(batch, 2)`` the crop's top-left corner in the padded picture
        (absent: the centre, which is the picture itself); ``flips`` booleans that mirror left and right.
        """
        if offsets is None:
            top = left = torch.full_like(index, self.padding)
        else:
            top, left = offsets.unbind(1)
        columns = self.column_grid.expand(len(index), -1)
        if flips is not None:
            columns = torch.where(flips[:, None], self.width - 1 - columns, columns)
        row = (index * self.rows + top)[:, None] + self.row_grid
        position = (row * self.columns)[:, :, None] + (columns + left[:, None])[:, None, :]
        pixels = self.pixels.index_select(0, position.reshape(-1))
        normalised = pixels.to(torch.float32).mul_(self.scale).sub_(self.shift)
        return normalised.view(len(index), self.height, self.width, self.channels).permute(0, 3, 1, 2)


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
        flips = (torch.rand(examples, generator=generator) < 0.5).to(device, non_blocking=True)
    return order, offsets, flips
