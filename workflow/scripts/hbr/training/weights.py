"""The weights a training ended with: kept, so that any further images can be scored without training again."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hbr.data.files import read_arrays, write_arrays
from hbr.errors import StudyError
from hbr.training.buffers import buffers_apart, put_buffers

_PREFIX, _APART = "network.", "buffer."


def save_weights(path: str | os.PathLike[str], network: nn.Module | None, made_of: Mapping[str, Any]) -> None:
    """Write parameters and statistics of ``network``, or none of them, and the plain values that say how it was trained."""
    arrays: dict[str, np.ndarray] = {}
    if network is not None:
        for prefix, tensors in ((_PREFIX, network.state_dict()), (_APART, buffers_apart(network))):
            arrays |= {f"{prefix}{name}": _as_array(tensor) for name, tensor in tensors.items() if isinstance(tensor, Tensor)}
    write_arrays(path, **arrays, **{name: np.asarray(value) for name, value in made_of.items()})


def load_weights(path: str | os.PathLike[str], network: nn.Module) -> None:
    """Put ``network`` where it was at the end of its training; raise ``StudyError`` where the file holds another one."""
    arrays = read_arrays(path)
    tensors, apart = (
        {name.removeprefix(prefix): torch.from_numpy(array) for name, array in arrays.items() if name.startswith(prefix)}
        for prefix in (_PREFIX, _APART)
    )
    if not tensors:
        raise StudyError(f"{path} holds no weights; delete it and run again, so that they are kept")
    try:
        network.load_state_dict(tensors)
        put_buffers(network, apart)
    except (AttributeError, RuntimeError):
        raise StudyError(f"{path} holds the weights of another network; delete it and run again") from None


def _as_array(tensor: Tensor) -> np.ndarray:
    # NumPy has no bfloat16; float32 holds all of its numbers.
    plain = tensor.detach().cpu().contiguous()
    array: np.ndarray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array
