"""Stochastic gradient descent whose learning rate and momentum are tensors that stay in place, as a CUDA graph needs them."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.sgd import sgd


class Descent:
    """SGD with momentum and L2 penalty: the updates of ``torch.optim.SGD``, by its own fused kernels.

    ``torch.optim.SGD`` itself would import a compiler, a second a job, and handle parameters one by one. Momentum begins at
    zero, which after the first step is what ``torch.optim.SGD`` has.
    """

    def __init__(self, parameters: Iterable[Tensor], momentum: float, nesterov: bool, weight_decay: float) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.buffers = [torch.zeros_like(parameter) for parameter in self.parameters] if momentum else []
        # Fused kernels walk through memory and take parameter, gradient and momentum to lie alike.
        self.fused = all(map(_is_dense, self.parameters))
        self.rate = torch.zeros((), device=self.parameters[0].device)

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step, without waiting for the device."""
        self.rate.fill_(rate)

    def forget_gradients(self) -> None:
        """Drop the gradients, so that the next backward pass writes instead of adding."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        used = [place for place, parameter in enumerate(self.parameters) if parameter.grad is not None]
        sgd(
            [self.parameters[place] for place in used],
            [gradient for parameter in self.parameters if (gradient := parameter.grad) is not None],
            [self.buffers[place] if self.buffers else None for place in used],
            fused=self.fused,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=self.rate,
            dampening=0,
            nesterov=self.nesterov,
            maximize=False,
        )


def _is_dense(tensor: Tensor) -> bool:
    return tensor.is_contiguous() or (tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last))
