"""Buffers that a network keeps out of its state: caches, running values. They may be made, or change shape, in training."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def buffers_apart(network: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that are not in the state of ``network``, by name."""
    state = network.state_dict()
    return {name: buffer for name, buffer in network.named_buffers() if name not in state}


def put_buffers(network: nn.Module, buffers: Mapping[str, Tensor]) -> None:
    """Give ``network`` the values of :func:`buffers_apart` of another one, in place where they fit; others stay as they are."""
    device = next((weights.device for weights in network.parameters()), torch.device("cpu"))
    for name, value in buffers.items():
        where, _, last = name.rpartition(".")
        module = network.get_submodule(where)
        held = getattr(module, last, None)
        if isinstance(held, Tensor) and (held.shape, held.dtype) == (value.shape, value.dtype):
            with torch.no_grad():
                held.copy_(value)
        else:
            setattr(module, last, value.to(device))
