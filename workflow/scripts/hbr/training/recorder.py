"""The recorder: hardness tracked in the training pass itself, one vectorised update a batch, no blocking device read."""

import torch
from torch import Tensor

from hbr.training.dynamics import Dynamics

_STATE = ("history", "sums", "evaluated", "class_evaluated", "running")


class Recorder:
    """Collects :class:`Dynamics` on the device of training.

    With ``keep_epochs`` every epoch is kept (6 bytes an example and epoch), else only sums. Nothing is read back before
    :meth:`finish`, apart from one pair of numbers an epoch in :meth:`epoch_summary`.
    """

    def __init__(self, examples: int, epochs: int, el2n_epoch: int, keep_epochs: bool, device: torch.device) -> None:
        self.epochs, self.el2n_epoch, self.keep_epochs = epochs, el2n_epoch, keep_epochs
        kept = epochs if keep_epochs else 0
        self.history = torch.zeros(3, kept, examples, dtype=torch.float16, device=device)
        self.sums = torch.zeros(4, examples, device=device)
        # p(label) and EL2N of the pass in evaluation mode.
        self.evaluated = torch.zeros(2, examples, device=device)
        self.class_evaluated = torch.zeros(examples, dtype=torch.int16, device=device)
        # Summed loss and number of right answers of the running epoch.
        self.running = torch.zeros(2, dtype=torch.float64, device=device)

    def update(self, epoch: int, logits: Tensor, labels: Tensor, positions: Tensor) -> None:
        """Record one batch: ``logits`` ``(batch, classes)`` before the step, its ``labels`` and ``positions`` in the plan.

        Margin = logit of the given label minus the largest other (Pleiss et al. 2020, eq. 1); EL2N = L2 norm of softmax
        minus one-hot (Paul et al. 2021); loss = cross-entropy. ``epoch`` counts from 0.
        """
        scores = sample_scores(logits, labels)
        margin, _, _, loss = scores
        self.sums.index_add_(1, positions, scores)
        if self.keep_epochs:
            self.history[:, epoch].index_copy_(1, positions, to_half(scores[:3]))
        self.running += torch.stack((loss.sum(), (margin > 0).sum()))

    def record_evaluated(self, logits: Tensor, labels: Tensor, positions: Tensor) -> None:
        """Record p(label), EL2N and the most probable class of one batch in evaluation mode without augmentation."""
        self.evaluated.index_copy_(1, positions, sample_scores(logits, labels)[1:3])
        self.class_evaluated.index_copy_(0, positions, logits.argmax(1).to(torch.int16))

    def start_epoch(self) -> None:
        """Begin the sums of :meth:`epoch_summary` anew."""
        self.running.zero_()

    def epoch_summary(self) -> tuple[float, float]:
        """Return mean loss and accuracy of the epoch that just ended, in train mode."""
        loss, right = (self.running / self.sums.shape[1]).tolist()
        return loss, right

    def state(self) -> dict[str, Tensor]:
        """Return everything recorded so far, to be restored in a recorder of the same sizes."""
        return {name: getattr(self, name) for name in _STATE}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over the state of another recorder."""
        for name in _STATE:
            getattr(self, name).copy_(state[name])

    def finish(self) -> Dynamics:
        """Return everything recorded, on the CPU."""
        margin, probability, el2n = self.history.cpu().numpy()
        sums, evaluated = self.sums.cpu().numpy(), self.evaluated.cpu().numpy()
        return Dynamics(
            margin=margin,
            probability=probability,
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
    logits = logits.detach().float()
    given = labels[:, None]
    label_logit = logits.gather(1, given)
    is_given = given == torch.arange(logits.shape[1], device=logits.device)
    largest_other = logits.masked_fill(is_given, float("-inf")).amax(1, keepdim=True)
    log_probability = torch.log_softmax(logits, 1)
    probability = log_probability.exp()
    label_log_probability = log_probability.gather(1, given)
    # A comparison instead of scatter_add, which has no deterministic form on CUDA.
    error = probability - is_given.to(probability.dtype)
    return torch.stack(
        (
            (label_logit - largest_other)[:, 0],
            label_log_probability.exp()[:, 0],
            torch.linalg.vector_norm(error, dim=1),
            -label_log_probability[:, 0],
        )
    )


def to_half(values: Tensor) -> Tensor:
    """Return float16, saturated instead of overflowing to infinity."""
    limit = torch.finfo(torch.float16).max
    return values.clamp(-limit, limit).half()
