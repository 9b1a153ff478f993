"""Instance hardness from stored dynamics: every estimator, window of epochs and subset of members, without retraining."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hbr.errors import StudyError
from hbr.plugins import is_plugin, load_plugin
from hbr.training.dynamics import Dynamics

HIGH_IS_HARD, LOW_IS_HARD = "high-is-hard", "low-is-hard"


@dataclass(frozen=True)
class Estimator:
    """A named estimator: ``method`` is a key of :data:`METHODS` or ``module:function``.

    The window of epochs counts from 1 and includes both ends; ``None`` means the first and the last epoch.
    ``never_learned`` (of forgetting only) is ``maximum`` or ``zero``.
    """

    method: str
    direction: str
    first_epoch: int | None = None
    last_epoch: int | None = None
    never_learned: str = "maximum"

    def window(self, epochs: int) -> tuple[int, int]:
        """Return first and last epoch, checked against the number of trained epochs."""
        first, last = self.first_epoch or 1, self.last_epoch or epochs
        if not 1 <= first <= last <= epochs:
            raise StudyError(f"the window of epochs {first} to {last} does not lie within the {epochs} trained epochs")
        return first, last


def estimator_of(
    method: str,
    direction: str | None = None,
    first_epoch: int | None = None,
    last_epoch: int | None = None,
    never_learned: str = "maximum",
) -> Estimator:
    """Return the estimator; the direction of a built-in one is known, that of a user's own must be declared."""
    if is_plugin(method):
        if direction not in (HIGH_IS_HARD, LOW_IS_HARD):
            raise StudyError(f"estimator {method}: declare `direction` as {HIGH_IS_HARD} or {LOW_IS_HARD}")
    elif method not in METHODS:
        raise StudyError(f"estimator {method!r} is unknown; use one of {', '.join(METHODS)}, or module:function")
    elif direction not in (None, DIRECTIONS[method]):
        raise StudyError(f"estimator {method} is {DIRECTIONS[method]}; leave `direction` out")
    else:
        direction = DIRECTIONS[method]
    return Estimator(method, str(direction), first_epoch, last_epoch, never_learned)


def instance_scores(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return one finite score an example, float64 ``(examples,)``, of one member."""
    if is_plugin(estimator.method):
        scores = np.asarray(load_plugin(estimator.method)(dynamics), dtype=np.float64)
        if scores.shape != (dynamics.examples,):
            raise StudyError(
                f"estimator {estimator.method} returned shape {scores.shape}; expected one score for each of the "
                f"{dynamics.examples} examples"
            )
    else:
        scores = METHODS[estimator.method](dynamics, estimator)
    if not np.isfinite(scores).all():
        raise StudyError(f"estimator {estimator.method} gave a score that is not finite")
    return scores


def ensemble_scores(members: Sequence[Dynamics], estimator: Estimator) -> np.ndarray:
    """Return the scores of every member, float64 ``(members, examples)``; their mean over members is the hardness."""
    return np.stack([instance_scores(member, estimator) for member in members])


def area_under_margin(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean margin over the epochs (AUM, Pleiss et al. 2020, eq. 2). Low is hard."""
    return _mean_over_epochs(dynamics, "margin", dynamics.margin_sum, estimator)


def confidence(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean probability of the given label over the epochs (Swayamdipta et al. 2020). Low is hard."""
    return _mean_over_epochs(dynamics, "probability", dynamics.probability_sum, estimator)


def el2n(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the L2 norm of softmax minus one-hot at one epoch, without augmentation (Paul et al. 2021). High is hard.

    With a window of epochs: its mean in train mode over the window instead.
    """
    if estimator.first_epoch is None and estimator.last_epoch is None:
        return dynamics.el2n_evaluated.astype(np.float64)
    return _mean_over_epochs(dynamics, "el2n", dynamics.el2n_sum, estimator)


def loss(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean cross-entropy over the epochs. High is hard."""
    first, last = estimator.window(dynamics.epochs)
    if (first, last) == (1, dynamics.epochs):
        return dynamics.loss_sum.astype(np.float64) / dynamics.epochs
    smallest = float(np.finfo(np.float16).smallest_subnormal)
    probability = dynamics.per_epoch("probability", first, last).astype(np.float64)
    return -np.log(np.maximum(probability, smallest)).mean(0)


def data_iq(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the mean of p (1 - p) over the epochs, the aleatoric uncertainty of Data-IQ (Seedat et al. 2022). High is hard."""
    p = dynamics.per_epoch("probability", *estimator.window(dynamics.epochs)).astype(np.float64)
    return (p * (1 - p)).mean(0)


def variability(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return the standard deviation of p over the epochs (Swayamdipta et al. 2020). High is hard."""
    return dynamics.per_epoch("probability", *estimator.window(dynamics.epochs)).astype(np.float64).std(0)


def forgetting(dynamics: Dynamics, estimator: Estimator) -> np.ndarray:
    """Return how many times a sample goes from right to wrong between its presentations (Toneva et al. 2019). High is hard.

    A sample that was never right gets the most any sample can reach, half the epochs; ``never_learned: zero`` gives it
    0, as the authors of arXiv 2504.07031 do, which ranks the hardest samples easiest.
    """
    right = dynamics.per_epoch("margin", *estimator.window(dynamics.epochs)) > 0
    events = (right[:-1] & ~right[1:]).sum(0).astype(np.float64)
    if estimator.never_learned == "maximum":
        events[~right.any(0)] = len(right) // 2
    return events


METHODS: dict[str, Callable[[Dynamics, Estimator], np.ndarray]] = {
    "aum": area_under_margin,
    "el2n": el2n,
    "forgetting": forgetting,
    "confidence": confidence,
    "loss": loss,
    "data_iq": data_iq,
    "variability": variability,
}
DIRECTIONS = {name: LOW_IS_HARD if name in ("aum", "confidence") else HIGH_IS_HARD for name in METHODS}


def _mean_over_epochs(dynamics: Dynamics, name: str, total: np.ndarray, estimator: Estimator) -> np.ndarray:
    first, last = estimator.window(dynamics.epochs)
    # The running sum is exact; what is kept per epoch is float16.
    if (first, last) == (1, dynamics.epochs):
        return total.astype(np.float64) / dynamics.epochs
    return dynamics.per_epoch(name, first, last).mean(0, dtype=np.float64)
