"""Residual networks for small images."""

from torch import Tensor, nn
from torch.nn import functional

from hbr.errors import StudyError
from hbr.training.layers import Head


def resnet18(channels: int, classes: int, width: int = 64) -> nn.Module:
    """Return torchvision's ResNet-18 with a stem for small images, as the paper trains it."""
    # Imported here: torchvision costs every other training more than a second at start.
    from torchvision.models import resnet18

    if width != 64:
        raise StudyError("resnet18 is torchvision's and has width 64; leave `width` out")
    network = resnet18(num_classes=classes)
    network.conv1 = nn.Conv2d(channels, 64, kernel_size=3, stride=1, padding=1, bias=False)
    # The stem is replaced after torchvision initialised its own; the new one gets the same kind of weights.
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    network.maxpool = nn.Identity()
    head = Head(network.fc.in_features, classes)
    head.load_state_dict(network.fc.state_dict())
    network.fc = head
    return network


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            # oneDNN writes out of bounds in strided 1 x 1 convolutions of less than 8 channels on AVX2 (its issue 6035).
            skips = [nn.AvgPool2d(1, stride)] if inputs < 8 and stride > 1 else []
            projection = nn.Conv2d(inputs, outputs, 1, 1 if skips else stride, bias=False)
            self.shortcut = nn.Sequential(*skips, projection, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x), inplace=True)


class SmallResNet(nn.Sequential):
    """The CIFAR ResNet of He et al. 2016, section 4.2, with 6 n + 2 layers and projection shortcuts.

    Three stages of widths w, 2 w and 4 w; n = 1 is ResNet-8, n = 3 is ResNet-20.
    """

    def __init__(self, n: int, channels: int, classes: int, width: int) -> None:
        stem = [nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        stages, inputs = [], width
        for stage in range(3):
            outputs = width << stage
            for block in range(n):
                stages.append(_Block(inputs, outputs, 2 if stage and not block else 1))
                inputs = outputs
        super().__init__(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), Head(inputs, classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def resnet20(channels: int, classes: int, width: int = 16) -> nn.Module:
    """Return the ResNet-20 of He et al. 2016."""
    return SmallResNet(3, channels, classes, width)


def resnet8(channels: int, classes: int, width: int = 16) -> nn.Module:
    """Return the same with one block a stage."""
    return SmallResNet(1, channels, classes, width)
