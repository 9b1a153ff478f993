"""A network that reaches much with few operations: what is wide comes late, where images are small.

After Jordan 2024 (arXiv 2404.00498) and Page 2018: whitened patches, identity initialisation, residual pairs.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from hbr.errors import StudyError
from hbr.training.layers import Head, Stem

# Sides of the convolutions: of each stage's first one, and of the pair that follows it.
_FIRST, _PAIRS = (3, 3, 2), ((1, 1), (3, 1), (3, 3))


def quick_cnn(
    channels: int,
    classes: int,
    whitening: Tensor,
    widths: Sequence[int] = (48, 128, 384),
    pair_widths: Sequence[int] = (48, 96, 256),
    logit_scale: float = 1 / 9,
) -> nn.Module:
    """Return the network for images of any size from 4 x 4.

    ``whitening`` are filters of :func:`hbr.data.whitening.fit_whitening`, ``widths`` the channels of the three stages,
    ``pair_widths`` those between the two convolutions of each residual pair, ``logit_scale`` the factor of the logits.
    """
    for name, given in (("widths", widths), ("pair_widths", pair_widths)):
        if len(given) != len(_FIRST):
            raise StudyError(f"network_settings.{name}: {list(given)} are {len(given)} stages; quick-cnn has {len(_FIRST)}")
    if whitening.shape[1] != channels:
        raise StudyError(f"the whitening is of images with {whitening.shape[1]} channels, these have {channels}")
    stem = Stem(whitening)
    inputs = [stem.out_channels, *widths]
    stages = [
        Stage(inputs_, outputs, between, first, pair)
        for (inputs_, outputs), between, first, pair in zip(pairwise(inputs), pair_widths, _FIRST, _PAIRS, strict=True)
    ]
    return nn.Sequential(stem, nn.GELU(), *stages, ScaledHead(widths[-1], classes, logit_scale))


class Stage(nn.Module):
    """A convolution, the maximum of each 2 x 2, normalisation, and a residual pair of convolutions.

    Images are halved only where 2 pixels are left, so that small ones go through as well; that is decided by their shape,
    never by their content.
    """

    def __init__(self, inputs: int, outputs: int, between: int, first: int, pair: tuple[int, int]) -> None:
        super().__init__()
        self.conv = _convolution(inputs, outputs, first)
        self.pool = nn.MaxPool2d(2)
        self.norm = _normalisation(outputs)
        self.activation = nn.GELU()
        self.pair = nn.Sequential(
            _convolution(outputs, between, pair[0]),
            _normalisation(between),
            nn.GELU(),
            _convolution(between, outputs, pair[1]),
            _normalisation(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, at most halved in height and width."""
        x = self.conv(x)
        if min(x.shape[2:]) >= 4:
            x = self.pool(x)
        x = self.activation(self.norm(x))
        return x + self.pair(x)


class ScaledHead(Head):
    """A linear layer on the sum of each channel's largest and mean value, times a factor, in float32."""

    def __init__(self, inputs: int, classes: int, scale: float) -> None:
        super().__init__(inputs, classes, bias=False)
        self.scale = scale

    def forward(self, input: Tensor) -> Tensor:
        """Return the logits."""
        features = input.float()
        return super().forward(features.amax((2, 3)) + features.mean((2, 3))) * self.scale


def _normalisation(channels: int) -> nn.BatchNorm2d:
    """Return a normalisation whose running statistics keep up with weights that move fast, so that tests in mid-training do."""
    return nn.BatchNorm2d(channels, momentum=0.4)


def _convolution(inputs: int, outputs: int, side: int) -> nn.Conv2d:
    """Return a convolution whose first filters hand its inputs on, where it has at least as many outputs."""
    layer = nn.Conv2d(inputs, outputs, side, padding=side // 2 if side % 2 else 0, bias=False)
    if outputs >= inputs:
        with torch.no_grad():
            nn.init.dirac_(layer.weight[:inputs])
    return layer
