"""A small network without branches, for small images."""

from torch import nn

from hbr.training.layers import Head


def small_cnn(channels: int, classes: int, width: int = 16) -> nn.Module:
    """Return three convolutions with batch normalisation, one halving of the image, and a linear head.

    Averages, not maxima: the gradient of max-pooling has no deterministic form on CUDA.
    """

    def convolution(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

    return nn.Sequential(
        *convolution(channels, width),
        *convolution(width, 2 * width),
        nn.AvgPool2d(2),
        *convolution(2 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        Head(4 * width, classes),
    )
