"""Resampling: from granted class counts to a plan of exactly that size."""

import numpy as np

from hbr.conditions.needs import SMOTE_NEIGHBOURS
from hbr.data.plans import DUPLICATE, KEPT, SYNTHETIC, Plan
from hbr.errors import StudyError

UNDERSAMPLING = ("none", "easy", "random", "hard")
OVERSAMPLING = ("none", "random", "easy", "hard", "smote")


def plan_resampled(
    images: np.ndarray,
    labels: np.ndarray,
    difficulty: np.ndarray,
    granted: np.ndarray,
    oversampling: str,
    undersampling: str,
    rng: np.random.Generator,
    sharpness: float = 1.0,
    class_names: tuple[str, ...] | None = None,
) -> Plan:
    """Return the plan that gives class c ``granted[c]`` examples.

    ``difficulty`` is high for hard samples, whatever the estimator. ``none`` on either side leaves the classes of that
    side as they are. Kept samples stay in their places and added ones fill the places left free, so that paired seeds
    show paired conditions the same images at the same steps; alpha = 0 on balanced data is the identity.
    """
    counts = np.bincount(labels, minlength=len(granted))
    removed = np.zeros(len(labels), dtype=bool)
    sources, added_labels = [], []
    to_synthesise = {}
    for label, (count, target) in enumerate(zip(counts, granted, strict=True)):
        samples = np.flatnonzero(labels == label)
        if target < count and undersampling != "none":
            removed[_dropped(samples, difficulty, count - target, undersampling, rng)] = True
        elif target > count and oversampling == "smote":
            to_synthesise[label] = int(target - count)
        elif target > count and oversampling != "none":
            sources.append(_duplicates(samples, difficulty, target - count, oversampling, rng, sharpness))
            added_labels.append(np.full(target - count, label))
    synthetic = np.empty((0, *images.shape[1:]), dtype=np.uint8)
    origin = DUPLICATE
    if to_synthesise:
        synthetic, synthetic_labels = smote_images(images, labels, to_synthesise, rng, class_names)
        sources, added_labels, origin = [np.arange(len(synthetic))], [synthetic_labels], SYNTHETIC
    empty = np.empty(0, dtype=np.int64)
    return _fill(labels, removed, np.concatenate([empty, *sources]), np.concatenate([empty, *added_labels]), origin, synthetic)


def rank_weights(difficulty: np.ndarray, favour: str, sharpness: float = 1.0) -> np.ndarray:
    """Return sampling probabilities by difficulty rank (sum to 1), as arXiv 2504.07031 (v1) weighs them.

    w = 0.5 + 0.5 (1 - exp(-5 (1 - x))) / (1 - exp(-5)), x = rank / (n - 1), x = 0 for the favoured end (``hard`` or
    ``easy``). That spans only 2 : 1; ``sharpness`` s raises w to the power s, which spans 2^s : 1.
    """
    n = len(difficulty)
    keys = -difficulty if favour == "hard" else difficulty
    rank = np.empty(n)
    rank[np.argsort(keys, kind="stable")] = np.arange(n)
    x = rank / max(n - 1, 1)
    weights = (0.5 + 0.5 * (1 - np.exp(-5 * (1 - x))) / (1 - np.exp(-5))) ** sharpness
    return weights / weights.sum()


def smote_images(
    images: np.ndarray,
    labels: np.ndarray,
    wanted: dict[int, int],
    rng: np.random.Generator,
    class_names: tuple[str, ...] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``wanted[c]`` synthetic uint8 images of each class and their labels (imbalanced-learn's SMOTE, k = 5).

    SMOTE (Chawla et al. 2002) interpolates in flattened pixel space, as the paper does.
    """
    from imblearn.over_sampling import SMOTE

    counts = np.bincount(labels)
    for label in wanted:
        if counts[label] <= SMOTE_NEIGHBOURS:
            name = class_names[label] if class_names else str(label)
            raise StudyError(
                f"class {name!r} has {counts[label]} samples; smote needs at least {SMOTE_NEIGHBOURS + 1}: use random"
            )
    # SMOTE refuses a single class, so one that needs nothing keeps it company.
    company = [label for label in np.unique(labels) if label not in wanted][: 0 if len(wanted) > 1 else 1]
    chosen = np.isin(labels, [*wanted, *company])
    flat = images[chosen].reshape(int(chosen.sum()), -1).astype(np.float32)
    strategy = {label: int(counts[label]) + extra for label, extra in wanted.items()}
    smote = SMOTE(sampling_strategy=strategy, k_neighbors=SMOTE_NEIGHBOURS, random_state=int(rng.integers(2**31)))
    resampled, resampled_labels = smote.fit_resample(flat, labels[chosen])
    made = np.rint(resampled[len(flat) :]).clip(0, 255).astype(np.uint8)
    return made.reshape(-1, *images.shape[1:]), np.asarray(resampled_labels[len(flat) :], dtype=np.int64)


def _dropped(
    samples: np.ndarray, difficulty: np.ndarray, surplus: int, undersampling: str, rng: np.random.Generator
) -> np.ndarray:
    if undersampling == "random":
        return rng.choice(samples, surplus, replace=False)
    order = samples[np.argsort(difficulty[samples], kind="stable")]
    return order[:surplus] if undersampling == "easy" else order[len(order) - surplus :]


def _duplicates(
    samples: np.ndarray,
    difficulty: np.ndarray,
    missing: int,
    oversampling: str,
    rng: np.random.Generator,
    sharpness: float,
) -> np.ndarray:
    weights = None if oversampling == "random" else rank_weights(difficulty[samples], oversampling, sharpness)
    return rng.choice(samples, missing, replace=True, p=weights)


def _fill(
    labels: np.ndarray,
    removed: np.ndarray,
    sources: np.ndarray,
    added_labels: np.ndarray,
    added_origin: int,
    synthetic: np.ndarray,
) -> Plan:
    source = np.arange(len(labels))
    plan_labels = labels.astype(np.int64).copy()
    origin = np.full(len(labels), KEPT, dtype=np.int8)
    free = np.flatnonzero(removed)
    inside = min(len(free), len(sources))
    places = free[:inside]
    source[places], plan_labels[places], origin[places] = sources[:inside], added_labels[:inside], added_origin
    keep = np.ones(len(labels), dtype=bool)
    keep[free[inside:]] = False
    return Plan(
        source=np.concatenate([source[keep], sources[inside:]]).astype(np.int64),
        labels=np.concatenate([plan_labels[keep], added_labels[inside:]]).astype(np.int64),
        origin=np.concatenate([origin[keep], np.full(len(sources) - inside, added_origin, dtype=np.int8)]),
        synthetic=synthetic,
    )
