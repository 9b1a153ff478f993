"""The weights a training ended with: kept, so that any further images can be scored without training again."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hbr.data.files import read_arrays, write_arrays
from hbr.errors import StudyError

_PREFIX = "network."


def save_weights(path: str | os.PathLike[str], network: nn.Module | None, made_of: Mapping[str, Any]) -> None:
    """Write parameters and statistics of ``network``, or none of them, and the plain values that say how it was trained."""
    # Buffers that a network keeps out of its state are needed as well.
    tensors = {} if network is None else {**dict(network.named_buffers()), **network.state_dict()}
    arrays = {f"{_PREFIX}{name}": _as_array(tensor) for name, tensor in tensors.items() if isinstance(tensor, Tensor)}
    write_arrays(path, **arrays, **{name: np.asarray(value) for name, value in made_of.items()})


def load_weights(path: str | os.PathLike[str], network: nn.Module) -> None:
    """Put ``network`` where it was at the end of its training; raise ``StudyError`` where the file holds another one."""
    arrays = read_arrays(path)
    tensors = {
        name.removeprefix(_PREFIX): torch.from_numpy(array) for name, array in arrays.items() if name.startswith(_PREFIX)
    }
    if not tensors:
        raise StudyError(f"{path} holds no weights; delete it and run again, so that they are kept")
    apart = {name: buffer for name, buffer in network.named_buffers() if name not in network.state_dict()}
    try:
        with torch.no_grad():
            for name, buffer in apart.items():
                buffer.copy_(tensors.pop(name))
        network.load_state_dict(tensors)
    except (KeyError, RuntimeError):
        raise StudyError(f"{path} holds the weights of another network; delete it and run again") from None


def _as_array(tensor: Tensor) -> np.ndarray:
    # NumPy has no bfloat16; float32 holds all of its numbers.
    plain = tensor.detach().cpu().contiguous()
    array: np.ndarray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array
