"""A slow average of a network that its training goes on from, every few steps (Zhang et al. 2019, with a growing share)."""

import torch
from torch import Tensor, nn


class Lookahead:
    """The average of a network's parameters and of the floating-point statistics it keeps; it begins as the network is."""

    def __init__(self, network: nn.Module) -> None:
        tensors = [*network.parameters(), *network.buffers()]
        self.network: list[Tensor] = [tensor.detach() for tensor in tensors if tensor.is_floating_point()]
        self.slow = [tensor.clone() for tensor in self.network]

    @torch.no_grad()
    def update(self, share: float) -> None:
        """Let ``share`` of the average stay, fill it up from the network, and put the network where the average is."""
        torch._foreach_lerp_(self.slow, self.network, 1 - share)
        torch._foreach_copy_(self.network, self.slow)
