"""Layers that work in float32 whatever the precision of the network around them."""

import torch
from torch import Tensor, nn


class Head(nn.Linear):
    """A linear layer in float32: margins are differences of what it returns."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the logits."""
        if not torch.is_autocast_enabled(input.device.type):
            return super().forward(input)
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


class Stem(nn.Conv2d):
    """A convolution with given filters and their negatives, which are never trained, in float32.

    Filters that whiten must tell small differences apart, and convolutions of 2 x 2 in bfloat16 went wrong on some
    processors (torch issue 163347).
    """

    def __init__(self, filters: Tensor) -> None:
        count, channels, height, width = filters.shape
        super().__init__(channels, 2 * count, (height, width), bias=False)
        self.weight = nn.Parameter(torch.cat((filters, -filters)), requires_grad=False)

    def forward(self, input: Tensor) -> Tensor:
        """Return the responses, without padding."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())
