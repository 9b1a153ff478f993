"""Part "steps" of ``gpu.py``: whether a step replayed from a CUDA graph does what the direct one does, always."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import torch
from gpu_setting import Setting, is_replayed
from measuring import RECIPE, table
from torch import Tensor
from torch.nn import functional

from hbr.training.steps import Batch, EagerStep, RecordedStep


class LossKeeper:
    """A step that keeps the loss of every batch."""

    def __init__(self, step: EagerStep | RecordedStep) -> None:
        self.step, self.losses = step, []

    def __call__(self, batch: Batch, rate: float) -> Tensor:
        """Take the step; return its logits."""
        logits = self.step(batch, rate)
        self.losses.append(functional.cross_entropy(logits, batch.labels))
        return logits


@dataclass
class Trace:
    """What an epoch leaves: the loss of every step, and weights, statistics of BatchNorm and momentum at the end."""

    losses: Tensor
    weights: Tensor
    others: Tensor

    def same_bits(self, other: "Trace") -> bool:
        """Return whether another trace has the same bits."""
        return all(torch.equal(own, getattr(other, name)) for name, own in vars(self).items())


def trace(setting: Setting, precision: str, is_recorded: bool) -> Trace:
    """Return the trace of one epoch: of equal seeds, hence of the same batches, whatever runs the steps."""
    member = setting.member(precision, is_recorded, recipe=replace(RECIPE, batch_size=32 if setting.smoke else 128))
    if is_recorded and setting.device.type == "cpu":
        member.train_batch = RecordedStep(member.train_batch, rerun)
    step = member.train_batch
    member.train_batch = keeper = LossKeeper(step)
    member.train_epoch()
    member.train_batch = step
    if is_recorded and not is_replayed(member):
        raise RuntimeError("the step cannot be recorded")
    buffers = [*member.network.buffers(), *member.descent.buffers]
    weights, others = (
        torch.cat([tensor.detach().flatten().double() for tensor in tensors]).cpu()
        for tensors in (list(member.network.parameters()), buffers)
    )
    return Trace(torch.stack(keeper.losses).double().cpu(), weights, others)


def rerun(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Return a function that runs ``run`` again, into one tensor: what stands for a CUDA graph on a CPU."""
    held = run()
    return lambda: held.copy_(run())


def steps(setting: Setting) -> Iterator[str]:
    """Yield how far losses and weights differ: recorded against eager steps, and each against itself."""
    # Neither number is a multiple of the batch: the last batch is smaller, but more than half of one, and recorded apart.
    part = setting.part(250 if setting.smoke else 25_570)
    rows = []
    for precision in ("float32", "bfloat16"):
        traces: dict[bool, list[Trace]] = {True: [], False: []}
        for _, is_recorded in product(range(2), (True, False)):
            if all(traces.values()) and not setting.has_time():
                break
            traces[is_recorded].append(trace(part, precision, is_recorded))
        recorded, eager = traces[True], traces[False]
        pairs = {"recorded and eager": (recorded[0], eager[0]), "recorded, twice": recorded, "eager, twice": eager}
        for name, pair in pairs.items():
            rows.append([f"{name}, {precision}", *(differences(*pair) if len(pair) == 2 else ["no time left", *[""] * 5])])
    columns = ["steps compared", "n", "loss: largest difference", "relative", "weights: largest difference", "relative"]
    title = f"Steps of the same seeds and batches, the last of them smaller, {setting.network}"
    yield table(title, [*columns, "same bits"], rows)


def differences(one: Trace, other: Trace) -> list[object]:
    """Return number of steps, differences of losses and of weights, and whether all bits are the same.

    The largest differences, and relative ones: the largest of a step's loss by that loss; that of all weights as the length
    of their difference by their own, since weights near zero have no relative difference worth a name.
    """
    of_losses, of_weights = (one.losses - other.losses).abs(), one.weights - other.weights
    relative = (of_losses / other.losses.abs()).max(), of_weights.norm() / other.weights.norm()
    found = (of_losses.max(), relative[0], of_weights.abs().max(), relative[1])
    return [len(of_losses), *(f"{value.item():.2g}" for value in found), "yes" if one.same_bits(other) else "no"]
