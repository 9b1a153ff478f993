"""The precision of a training: what a recipe's word means on a device."""

from contextlib import AbstractContextManager, nullcontext

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """Return the type convolutions work in; ``auto`` is bfloat16 on a GPU that computes in it, else float32.

    Weights, sums of BatchNorm, logits, losses and margins are float32 in every case.
    """
    if precision == "auto":
        is_native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if is_native else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Return a context in which networks work in ``dtype``.

    Without the cache of converted weights: each is used once a step, and a CUDA graph must not keep those of another step.
    """
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype, cache_enabled=False)


def forbid_tf32() -> None:
    """Let float32 be float32 in this process: torch lets cuDNN round what convolutions multiply to TF32, with ten bits."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
