"""Several members as one network whose weights are stacked, trained by ``torch.func``: an experiment, not the engine."""

import copy

import torch
from measuring import RECIPE
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn import functional

from hbr.training.descent import Descent
from hbr.training.precision import autocast


class Stacked:
    """Members that take one step each, all at once."""

    def __init__(self, networks: list[nn.Module], device: torch.device, dtype: torch.dtype) -> None:
        networks = [network.to(device).train() for network in networks]
        self.weights, self.buffers = stack_module_state(networks)
        self.base = copy.deepcopy(networks[0]).to("meta")
        # On a processor torch's normalisation under vmap does not take bfloat16 images and float32 weights.
        self.device, self.dtype = device, dtype if device.type == "cuda" else torch.float32
        self.descent = Descent(self.weights.values(), RECIPE.momentum, RECIPE.nesterov, RECIPE.weight_decay)
        self.descent.set_rate(RECIPE.learning_rate)

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        """Train on ``images`` ``(members, batch, channels, height, width)``; return the logits from before the update."""

        def loss(weights: dict, buffers: dict, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            with autocast(self.device, self.dtype):
                logits = functional_call(self.base, (weights, buffers), (images,)).float()
            return functional.cross_entropy(logits, labels), logits.detach()

        gradients, (_, logits) = vmap(grad_and_value(loss, has_aux=True))(self.weights, self.buffers, images, labels)
        for name, weights in self.weights.items():
            weights.grad = gradients[name]
        self.descent.step()
        return logits
