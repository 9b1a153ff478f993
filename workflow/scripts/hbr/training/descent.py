"""Stochastic gradient descent whose learning rate and momentum are tensors that stay in place, as a CUDA graph needs them."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from hbr.training.recipe import Recipe

_NORMALISATIONS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


class Descent:
    """SGD with momentum and L2 penalty: the updates of ``torch.optim.SGD``, by its own fused kernels.

    ``torch.optim.SGD`` itself would import a compiler, a second a job, and handle parameters one by one. Momentum begins at
    zero, which after the first step is what ``torch.optim.SGD`` has. The parameters ``faster`` have ``factor`` times the
    learning rate and the ``factor``-th part of the weight decay, so that the two together pull them to zero as any other.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        momentum: float,
        nesterov: bool,
        weight_decay: float,
        faster: Iterable[Tensor] = (),
        factor: float = 1.0,
    ) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.momentum, self.nesterov = momentum, nesterov
        self.buffers = [torch.zeros_like(parameter) for parameter in self.parameters] if momentum else []
        # Fused kernels walk through memory and take parameter, gradient and momentum to lie alike.
        self.fused = all(map(_is_dense, self.parameters))
        self.rate = torch.zeros((), device=self.parameters[0].device)
        self.faster_rate = torch.zeros_like(self.rate)
        self.factor = factor
        chosen = {id(parameter) for parameter in faster} if factor != 1 else set()
        places = range(len(self.parameters))
        self.groups = [
            ([place for place in places if id(self.parameters[place]) not in chosen], self.rate, weight_decay),
            ([place for place in places if id(self.parameters[place]) in chosen], self.faster_rate, weight_decay / factor),
        ]

    @property
    def state(self) -> list[Tensor]:
        """Return what a step reads and changes, apart from parameters and gradients."""
        return [*self.buffers, self.rate, self.faster_rate]

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step, without waiting for the device."""
        self.rate.fill_(rate)
        self.faster_rate.fill_(rate * self.factor)

    def forget_gradients(self) -> None:
        """Drop the gradients, so that the next backward pass writes instead of adding."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for places, rate, weight_decay in self.groups:
            used = [place for place in places if self.parameters[place].grad is not None]
            if used:
                sgd(
                    [self.parameters[place] for place in used],
                    [gradient for place in used if (gradient := self.parameters[place].grad) is not None],
                    [self.buffers[place] if self.buffers else None for place in used],
                    fused=self.fused,
                    weight_decay=weight_decay,
                    momentum=self.momentum,
                    lr=rate,
                    dampening=0,
                    nesterov=self.nesterov,
                    maximize=False,
                )


def make_descent(network: nn.Module, recipe: Recipe) -> Descent:
    """Return the descent of a recipe; with ``frozen_scale`` the scales of the network's normalisations are trained no more."""
    if recipe.frozen_scale:
        for layer in _normalisations(network):
            if layer.weight is not None:
                layer.weight.requires_grad_(False)
    biases = [bias for layer in _normalisations(network) if (bias := getattr(layer, "bias", None)) is not None]
    return Descent(
        network.parameters(), recipe.momentum, recipe.nesterov, recipe.weight_decay, faster=biases, factor=recipe.bias_factor
    )


def _normalisations(network: nn.Module) -> Iterator[nn.Module]:
    return (layer for layer in network.modules() if isinstance(layer, _NORMALISATIONS))


def _is_dense(tensor: Tensor) -> bool:
    return tensor.is_contiguous() or (tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last))
