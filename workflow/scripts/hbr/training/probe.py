"""A network is tried before it is trained: what it returns must be logits of the classes at hand."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hbr.errors import StudyError
from hbr.generators import host_preserved
from hbr.plugins import described, naming_faults
from hbr.training.buffers import put_buffers
from hbr.training.precision import autocast

# Of a sum of probabilities in bfloat16.
_ROUNDING = 1e-2


def check_network(network: nn.Module, images: Tensor, classes: int, dtype: torch.dtype, name: str) -> None:
    """Raise ``StudyError`` unless ``network`` turns ``images`` into finite logits ``(images, classes)`` that can be trained.

    It is run forward and back in training mode, and forward in evaluation mode, where many networks return something else.
    Nothing it changes stays: neither weights nor statistics nor random generators. ``name`` is what errors call it.
    """
    trained = [weights for weights in network.parameters() if weights.requires_grad]
    if not trained:
        raise StudyError(f"{name} has no parameters to train; it must have some that require gradients")
    shape = " x ".join(map(str, images.shape[1:]))
    tried = f"{len(images)} image{'s' if len(images) > 1 else ''} of {shape} (channels x height x width)"
    weights = [(tensor, tensor.detach().clone()) for tensor in network.parameters()]
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    alike = False
    with torch.random.fork_rng([images.device] if images.is_cuda else []), host_preserved():
        try:
            for mode in ("training", "evaluation"):
                who = f"{name}, given {tried} in {mode} mode,"
                network.train(mode == "training")
                with torch.set_grad_enabled(mode == "training"), naming_faults(who):
                    with autocast(images.device, dtype):
                        logits = network(images)
                    _check_logits(logits, len(images), classes, who)
                    before, alike = alike, _sum_to_one(logits)
                    # Zeros and a bias of 1 / k do so before they are trained; a softmax does whatever its parameters are.
                    if alike and (_is_constant(logits, trained) if mode == "training" else not before):
                        raise StudyError(
                            f"{who} returned probabilities, not logits: their rows sum to 1; leave out its softmax"
                        )
                    if mode == "training":
                        loss = functional.cross_entropy(
                            logits.float(), torch.arange(len(images), device=images.device) % classes
                        )
                        torch.autograd.grad(loss, trained, allow_unused=True)
        finally:
            with torch.no_grad():
                for tensor, value in weights:
                    tensor.copy_(value)
            put_buffers(network, buffers)


def _sum_to_one(logits: Tensor) -> bool:
    return bool((logits >= 0).all() and ((logits.float().sum(1) - 1).abs() < _ROUNDING).all())


def _is_constant(logits: Tensor, trained: list[nn.Parameter]) -> bool:
    """Return whether the sum of the logits hardly depends on the parameters, as against one logit of each image."""
    steepest = []
    for part in (logits, logits[:, 0]):
        slopes = torch.autograd.grad(part.float().sum(), trained, retain_graph=True, allow_unused=True)
        steepest.append(max(float(slope.abs().max()) for slope in slopes if slope is not None))
    return steepest[0] < _ROUNDING * steepest[1]


def _check_logits(logits: object, images: int, classes: int, who: str) -> None:
    expected = f"it must return one tensor of finite logits, {images} x {classes} (images x classes)"
    if not isinstance(logits, Tensor) or logits.shape != (images, classes) or not logits.is_floating_point():
        raise StudyError(f"{who} returned {described(logits)}; {expected}")
    if not torch.isfinite(logits).all():
        raise StudyError(f"{who} returned values that are not finite, such as {logits[~logits.isfinite()][0]}; {expected}")
    if torch.is_grad_enabled() and not logits.requires_grad:
        raise StudyError(f"{who} returned logits that do not depend on its parameters; {expected}")
