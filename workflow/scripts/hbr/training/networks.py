"""The networks a study can name: one entry each. Free of torch, since the workflow reads what there is before it trains."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hbr.errors import StudyError
from hbr.generators import host_seeded
from hbr.plugins import call_plugin, is_plugin, load_plugin

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


_WHOLE = {"description": "a whole number above 0", "type": "integer", "minimum": 1}
_STAGES = {"description": "a list of 3 whole numbers above 0", "type": "array", "minItems": 3, "maxItems": 3, "items": _WHOLE}
_POSITIVE = {"description": "a number above 0", "type": "number", "exclusiveMinimum": 0}


@dataclass(frozen=True)
class Network:
    """A name for ``module:function``, which a study could write as well, and what it may set of the function's keywords: a JSON
    schema each, whose description says what to write.

    The function is called with ``channels``, ``classes`` and what a study sets of ``settings``; where ``is_whitened``, also
    with ``whitening``, the filters that :func:`hbr.data.whitening.fit_whitening` found in the training images.
    """

    builder: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"width": _WHOLE})
    is_whitened: bool = False


NETWORKS = {
    "resnet18": Network("hbr.training.residual:resnet18"),
    "resnet20": Network("hbr.training.residual:resnet20"),
    "resnet8": Network("hbr.training.residual:resnet8"),
    "small-cnn": Network("hbr.training.small_cnn:small_cnn"),
    "quick-cnn": Network(
        "hbr.training.quick_cnn:quick_cnn",
        {"widths": _STAGES, "pair_widths": _STAGES, "logit_scale": _POSITIVE},
        is_whitened=True,
    ),
}


def builder_of(name: str) -> str:
    """Return the ``module:function`` that a network's name stands for."""
    return NETWORKS[name].builder if name in NETWORKS else name


def is_whitened(name: str) -> bool:
    """Return whether a network needs filters that whiten its images."""
    return name in NETWORKS and NETWORKS[name].is_whitened


def build_network(
    name: str,
    channels: int,
    classes: int,
    seed: int,
    width: int | None = None,
    settings: "Mapping[str, Any] | None" = None,
    whitening: "np.ndarray | None" = None,
) -> "nn.Module":
    """Return the freshly initialised network ``name``; equal seeds give equal weights on every device.

    ``name`` is one of :data:`NETWORKS`, or ``module:function`` for a user's own builder, called as
    ``function(channels=..., classes=...)`` with the ``settings`` as further keywords; ``width`` is short for a setting of that
    name. ``whitening`` are the filters of networks that need them.
    """
    import torch
    from torch import nn

    if not is_plugin(name) and name not in NETWORKS:
        raise StudyError(f"network {name!r} is unknown; use {', '.join(NETWORKS)} or module:function")
    keywords = {**(settings or {}), **({} if width is None else {"width": width})}
    if is_whitened(name):
        if whitening is None:
            raise StudyError(f"network {name} needs the whitening of its images; see hbr.data.whitening.fit_whitening")
        keywords["whitening"] = torch.from_numpy(whitening)
    with torch.random.fork_rng(devices=[]), host_seeded(seed):
        torch.manual_seed(seed)
        if is_plugin(name):
            network = call_plugin(name, "network", channels=channels, classes=classes, **keywords)
        else:
            network = load_plugin(builder_of(name))(channels=channels, classes=classes, **keywords)
    if not isinstance(network, nn.Module):
        raise StudyError(f"network {name} returned {type(network).__name__}; it must return a torch.nn.Module")
    if any(nn.parameter.is_lazy(weights) for weights in network.parameters()):
        raise StudyError(f"network {name} has lazy layers, whose size no seed can fix; give every layer its size")
    return network
