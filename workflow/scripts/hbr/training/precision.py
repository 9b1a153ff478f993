"""The precision of a training: what a recipe's word means on a device."""

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

# The processors' own words for instructions that multiply bfloat16; torch also emulates it, many times slower than float32.
_NATIVE_BFLOAT16 = {"amx_bf16", "avx512_bf16"}


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """Return the type convolutions work in; ``auto`` is bfloat16 where the device computes in it natively, else float32.

    Weights, sums of BatchNorm, logits, losses and margins are float32 in every case.
    """
    if precision == "auto":
        return torch.bfloat16 if has_native_bfloat16(device) else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def has_native_bfloat16(device: torch.device) -> bool:
    """Return whether a GPU, or by its flags this processor, multiplies bfloat16 in hardware, and torch makes use of it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.mkldnn.is_available() and bool(_NATIVE_BFLOAT16 & processor_flags())


def processor_flags(listing: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Return the flags of the first processor that Linux lists; none elsewhere."""
    try:
        text = listing.read_text(encoding="utf-8")
    except OSError:
        return set()
    found = re.search(r"^flags\s*:\s*(.+)$", text, re.MULTILINE)
    return set(found[1].split()) if found else set()


def name_of(dtype: torch.dtype) -> str:
    """Return the name of a type, as ``float32``."""
    return str(dtype).removeprefix("torch.")


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Return a context in which networks work in ``dtype``.

    Without the cache of converted weights: each is used once a step, and a CUDA graph must not keep those of another step.
    """
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype, cache_enabled=False)


def forbid_tf32() -> None:
    """Let float32 be float32 in this process: torch lets cuDNN round what convolutions multiply to TF32, with ten bits."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
