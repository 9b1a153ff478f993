"""Networks for small images. Every builder takes channels and classes, and a width where the family has one."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hbr.errors import StudyError
from hbr.plugins import call_plugin, is_plugin


def build_network(name: str, channels: int, classes: int, seed: int, width: int | None = None) -> nn.Module:
    """Return the freshly initialised network ``name``; equal seeds give equal weights on every device.

    ``name`` is one of resnet18, resnet8, resnet20, small-cnn, or ``module:function`` for a user's own builder, called as
    ``function(channels=..., classes=...)``, with ``width`` too if one is configured.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if is_plugin(name):
            sizes = {} if width is None else {"width": width}
            network = call_plugin(name, "network", channels=channels, classes=classes, **sizes)
            if not isinstance(network, nn.Module):
                raise StudyError(f"network {name} returned {type(network).__name__}; it must return a torch.nn.Module")
            if any(nn.parameter.is_lazy(weights) for weights in network.parameters()):
                raise StudyError(f"network {name} has lazy layers, whose size no seed can fix; give every layer its size")
            return network
        if name == "resnet18":
            return _resnet18(channels, classes, width)
        if name == "resnet8":
            return SmallResNet(1, channels, classes, width or 16)
        if name == "resnet20":
            return SmallResNet(3, channels, classes, width or 16)
        if name == "small-cnn":
            return small_cnn(channels, classes, width or 16)
    raise StudyError(f"network {name!r} is unknown; use resnet18, resnet8, resnet20, small-cnn or module:function")


class Head(nn.Linear):
    """A linear layer that works in float32 whatever the precision: margins are differences of what it returns."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the logits."""
        if not torch.is_autocast_enabled(input.device.type):
            return super().forward(input)
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


def _resnet18(channels: int, classes: int, width: int | None) -> nn.Module:
    # Imported here: torchvision costs every other training more than a second at start.
    from torchvision.models import resnet18

    if width not in (None, 64):
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
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

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


def small_cnn(channels: int, classes: int, width: int) -> nn.Module:
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
