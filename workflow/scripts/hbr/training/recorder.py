"""The recorder: hardness tracked in the training pass itself, vectorised over many batches, with no blocking device read."""

from typing import Any

import torch
from torch import Tensor

from hbr.errors import StudyError
from hbr.training.dynamics import Dynamics

# Some thousand examples at once cost a tenth of a batch at a time, and still fit a processor's cache.
_EXAMPLES_AT_ONCE = 4096
_SMALLEST_HALF = torch.finfo(torch.float16).smallest_normal * torch.finfo(torch.float16).eps
_STATE = ("history", "sums", "seen", "evaluated", "class_evaluated", "running")


class Recorder:
    """Collects :class:`Dynamics` on the device of training.

    With ``keep_epochs`` every epoch is kept (6 bytes an example and epoch), else only sums. Batches wait until there are
    enough to be scored together. Nothing is read back before :meth:`finish`, apart from one pair of numbers an epoch in
    :meth:`epoch_summary`.
    """

    def __init__(self, examples: int, epochs: int, el2n_epoch: int, keep_epochs: bool, device: torch.device) -> None:
        self.epochs, self.el2n_epoch, self.keep_epochs = epochs, el2n_epoch, keep_epochs
        kept = epochs if keep_epochs else 0
        self.history = torch.zeros(3, kept, examples, dtype=torch.float16, device=device)
        self.sums = torch.zeros(4, examples, device=device)
        # How often each example was recorded.
        self.seen = torch.zeros(examples, dtype=torch.int32, device=device)
        # p(label) and EL2N of the pass in evaluation mode, NaN until then.
        self.evaluated = torch.full((2, examples), torch.nan, device=device)
        self.class_evaluated = torch.zeros(examples, dtype=torch.int16, device=device)
        # Summed loss and number of right answers of the running epoch.
        self.running = torch.zeros(2, dtype=torch.float64, device=device)
        self.epoch = self.waiting_examples = 0
        self.waiting: list[tuple[Tensor, Tensor, Tensor]] = []

    def update(self, epoch: int, logits: Tensor, labels: Tensor, positions: Tensor) -> None:
        """Record one batch: ``logits`` ``(batch, classes)`` before the step, its ``labels`` and ``positions`` in the plan.

        Margin = logit of the given label minus the largest other (Pleiss et al. 2020, eq. 1); EL2N = L2 norm of softmax
        minus one-hot (Paul et al. 2021); loss = cross-entropy. ``epoch`` counts from 0. The tensors are kept, not copied.
        """
        if epoch != self.epoch:
            self.score_waiting()
            self.epoch = epoch
        self.waiting.append((logits.detach(), labels, positions))
        self.waiting_examples += len(labels)
        if self.waiting_examples >= _EXAMPLES_AT_ONCE:
            self.score_waiting()

    def score_waiting(self) -> None:
        """Score the batches that wait."""
        if not self.waiting:
            return
        logits, labels, positions = map(torch.cat, zip(*self.waiting, strict=True))
        self.waiting, self.waiting_examples = [], 0
        scores = sample_scores(logits, labels)
        self.sums.index_add_(1, positions, scores)
        self.seen.index_add_(0, positions, torch.ones_like(positions, dtype=torch.int32))
        if self.keep_epochs:
            margins, _, el2n, losses = scores
            kept = torch.stack((margins_to_half(margins), to_half(losses), to_half(el2n)))
            self.history[:, self.epoch].index_copy_(1, positions, kept)
        self.running += torch.stack((scores[3].sum(dtype=torch.float64), (scores[0] > 0).sum()))

    def record_evaluated(self, logits: Tensor, labels: Tensor, positions: Tensor) -> None:
        """Record p(label), EL2N and the most probable class of one batch in evaluation mode without augmentation."""
        self.evaluated.index_copy_(1, positions, sample_scores(logits, labels)[1:3])
        self.class_evaluated.index_copy_(0, positions, logits.argmax(1).to(torch.int16))

    def start_epoch(self) -> None:
        """Begin the sums of :meth:`epoch_summary` anew."""
        self.score_waiting()
        self.running.zero_()

    def epoch_summary(self) -> tuple[float, float]:
        """Return mean loss and accuracy of the epoch that just ended, in train mode."""
        self.score_waiting()
        loss, right = (self.running / self.sums.shape[1]).tolist()
        return loss, right

    def state(self) -> dict[str, Any]:
        """Return everything recorded so far, to be restored in a recorder of the same sizes."""
        # Scored now, the batches that wait would be summed in another order than without a checkpoint; a copy, since they may
        # be parts of larger tensors, which would be saved whole.
        waiting = [[tensor.clone() for tensor in batch] for batch in self.waiting]
        return {name: getattr(self, name) for name in _STATE} | {"epoch": self.epoch, "waiting": waiting}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the state of another recorder."""
        for name in _STATE:
            getattr(self, name).copy_(state[name])
        self.epoch = state["epoch"]
        for batch in state["waiting"]:
            logits, labels, positions = (tensor.to(self.sums.device) for tensor in batch)
            self.waiting.append((logits, labels, positions))
            self.waiting_examples += len(labels)

    def finish(self) -> Dynamics:
        """Return everything recorded, on the CPU; raise ``StudyError`` unless every example was recorded once an epoch.

        Sums over epochs say nothing of examples that are drawn twice, or not at all, or of a training that ended early.
        """
        self.score_waiting()
        odd = (self.seen != self.epochs).nonzero()[:, 0].tolist()
        if odd:
            raise StudyError(
                f"{len(odd):,} of {len(self.seen):,} examples were not recorded once in each of the {self.epochs} epochs, such "
                f"as number {odd[0]}, {int(self.seen[odd[0]])} times in all: train the epochs that were said, each on every "
                "example once, and give copies of an image numbers of their own"
            )
        margin, loss, el2n = self.history.cpu().numpy()
        sums, evaluated = self.sums.cpu().numpy(), self.evaluated.cpu().numpy()
        return Dynamics(
            margin=margin,
            loss=loss,
            el2n=el2n,
            margin_sum=sums[0],
            probability_sum=sums[1],
            el2n_sum=sums[2],
            loss_sum=sums[3],
            el2n_evaluated=evaluated[1],
            probability_evaluated=evaluated[0],
            class_evaluated=self.class_evaluated.cpu().numpy(),
            epochs=self.epochs,
            el2n_epoch=self.el2n_epoch,
        )


def sample_scores(logits: Tensor, labels: Tensor) -> Tensor:
    """Return margin, p(label), EL2N and loss, ``(4, batch)`` in float32, of ``logits`` ``(batch, classes)``."""
    # One row a class: what is done to few classes of many examples then runs along memory.
    logits = logits.detach().t().float().clone(memory_format=torch.contiguous_format)
    given = labels[None]
    log_probability = torch.log_softmax(logits, 0)
    label_log_probability = log_probability.gather(0, given)[0]
    label_probability = label_log_probability.exp()
    # The label's own part is added apart: squares of all others first, then that of 1 - p(label).
    error = log_probability.exp_().scatter_(0, given, 0.0).square_().sum(0)
    rest = 1 - label_probability
    margin = logits.gather(0, given)[0] - logits.scatter_(0, given, float("-inf")).amax(0)
    return torch.stack((margin, label_probability, error.addcmul_(rest, rest).sqrt_(), -label_log_probability))


def to_half(values: Tensor) -> Tensor:
    """Return float16, saturated instead of overflowing to infinity."""
    limit = torch.finfo(torch.float16).max
    return values.clamp(-limit, limit).half()


def margins_to_half(margins: Tensor) -> Tensor:
    """Return float16 like :func:`to_half`, in which only a margin of 0 is 0: above 0 means right, whatever is rounded."""
    signed = torch.copysign(margins.abs().clamp(_SMALLEST_HALF), margins)
    return to_half(torch.where(margins == 0, margins, signed))
