"""One training step, forward, backward and update: run directly, or recorded as a CUDA graph and replayed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from hbr.generators import host_preserved, host_state
from hbr.training.augmentation import ImageBank
from hbr.training.descent import Descent
from hbr.training.precision import autocast

# cuDNN and cuBLAS choose and allocate in the first steps; none of it may be recorded.
_WARM_UP_STEPS = 3


class Batch(NamedTuple):
    """What a step needs to know of its examples: places in the bank, labels, and how they are cropped and flipped."""

    images: Tensor
    labels: Tensor
    offsets: Tensor | None
    flips: Tensor | None

    def part(self, where: slice) -> "Batch":
        """Return some of the examples."""
        offsets, flips = (None if tensor is None else tensor[where] for tensor in (self.offsets, self.flips))
        return Batch(self.images[where], self.labels[where], offsets, flips)

    def copy(self) -> "Batch":
        """Return the same in memory of its own."""
        offsets, flips = (None if tensor is None else tensor.clone() for tensor in (self.offsets, self.flips))
        return Batch(self.images.clone(), self.labels.clone(), offsets, flips)


def batches_of(examples: int, size: int) -> list[slice]:
    """Return the places of the batches of one pass: each of ``size``, the last one of what is left.

    What is left joins the batch before where it is less than half a batch: a step at the full rate by a handful of examples
    throws a network back, the more so the fewer they are, and conditions of different size would differ for that alone. One
    single example always does: batch normalisation has no variance of one value, and a network that squeezes its output loses
    an axis of one. All of it depends on the number of examples alone.
    """
    ends = [*range(size, examples, size), examples]
    left = ends[-1] - ends[-2] if len(ends) > 1 else size
    if left == 1 < size or 2 * left < size:
        del ends[-2]
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


class EagerStep:
    """A step whose kernels are launched one by one."""

    def __init__(self, network: nn.Module, bank: ImageBank, descent: Descent, dtype: torch.dtype) -> None:
        self.network, self.bank, self.descent, self.dtype = network, bank, descent, dtype

    def __call__(self, batch: Batch, rate: float) -> Tensor:
        """Train on ``batch`` at the learning rate ``rate``; return the float32 logits from before the update."""
        self.descent.set_rate(rate)
        return self.run(batch)

    def run(self, batch: Batch) -> Tensor:
        """Train at the learning rate that is set."""
        images = self.bank.batch(batch.images, batch.offsets, batch.flips)
        with autocast(images.device, self.dtype):
            logits = self.network(images)
        logits = logits.float()
        self.descent.forget_gradients()
        functional.cross_entropy(logits, batch.labels).backward()
        self.descent.step()
        return logits.detach()


class RecordedStep:
    """A step that is recorded once for each size of a batch, that of the last one included, and then replayed.

    ``record`` takes a function without arguments and returns one that does the same again; both return the same tensor.
    What a recording changes, it puts back. Where a network cannot be recorded, ``report`` is told so and all steps are eager.
    """

    def __init__(
        self,
        eager: EagerStep,
        record: Callable[[Callable[[], Tensor]], Callable[[], Tensor]],
        report: Callable[[str], None] = print,
    ) -> None:
        self.eager, self.record, self.report = eager, record, report
        self.recorded: dict[int, tuple[Batch, Callable[[], Tensor]]] = {}
        self.is_possible = True

    def __call__(self, batch: Batch, rate: float) -> Tensor:
        """Train on ``batch`` at the learning rate ``rate``; return the float32 logits from before the update."""
        size = len(batch.labels)
        if self.is_possible and size not in self.recorded:
            self._try(batch)
        if not self.is_possible:
            return self.eager(batch, rate)
        self.eager.descent.set_rate(rate)
        inputs, replay = self.recorded[size]
        for held, given in zip(inputs, batch, strict=True):
            if held is not None and given is not None:
                held.copy_(given)
        # The next replay writes into the same tensor.
        return replay().clone()

    def _try(self, batch: Batch) -> None:
        inputs, before = batch.copy(), _host_generators()
        try:
            with preserved(self.eager):
                replay = self.record(partial(self.eager.run, inputs))
                # Python does not run in a replay: it would draw the same for ever.
                if _host_generators() != before:
                    raise RuntimeError("it draws random numbers on the host")
        except RuntimeError as error:
            self.is_possible = False
            self.recorded.clear()
            self.eager.descent.forget_gradients()
            why = " ".join(str(error).split())[:200]
            self.report(f"the training step cannot be recorded as a CUDA graph ({why}); it runs eagerly")
        else:
            self.recorded[len(batch.labels)] = inputs, replay


class CudaGraphs:
    """Records functions as CUDA graphs that share one pool of memory, since only one of them ever runs at a time."""

    def __init__(self) -> None:
        self.pool = torch.cuda.graph_pool_handle()
        self.stream = torch.cuda.Stream()

    def __call__(self, run: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """Return a function that replays ``run`` and returns the tensor it returned, with new values."""
        self.stream.wait_stream(torch.cuda.current_stream())
        mode = torch.cuda.get_sync_debug_mode()
        with torch.cuda.stream(self.stream):
            run()
            try:
                # A step that waits for the device is found here, where it does no harm, and not while recording.
                torch.cuda.set_sync_debug_mode("error")
                for _ in range(_WARM_UP_STEPS - 1):
                    run()
            finally:
                torch.cuda.set_sync_debug_mode(mode)
        torch.cuda.current_stream().wait_stream(self.stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            result = run()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay


def make_step(eager: EagerStep, device: torch.device, report: Callable[[str], None]) -> EagerStep | RecordedStep:
    """Return the step to train with on ``device``: recorded on CUDA, unless the network says ``recordable = False``."""
    if device.type == "cuda" and getattr(eager.network, "recordable", True):
        return RecordedStep(eager, CudaGraphs(), report)
    return eager


@contextmanager
def preserved(step: EagerStep) -> Iterator[None]:
    """Put network, momentum, gradients and random generators back in place as they were."""
    tensors = [*step.network.parameters(), *step.network.buffers(), *step.descent.state]
    values = [tensor.detach().clone() for tensor in tensors]
    device = step.descent.rate.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []), host_preserved():
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, value in zip(tensors, values, strict=True):
                    tensor.copy_(value)


def _host_generators() -> tuple[bytes, object]:
    return torch.get_rng_state().numpy().tobytes(), host_state()
