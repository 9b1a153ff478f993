"""Sizes of a study for an amount of images: what a template gets in place of its own values, and how many draws an hour has."""

from collections.abc import Mapping
from typing import Any

from hbr.conditions.names import conditions_of
from hbr.study.own_images import Found
from hbr.study.suspects import fold_runs, labellings

# The side that networks for small images are made for; larger ones cost with the square.
_SIDE, _LEAST_SIDE = 32, 8
# Images that a training sees in all, over its epochs: enough to learn few, not so many that they are known by heart.
_SEEN, _EPOCHS = 20_000, (10, 40)
# From so many images on the network is wider, and batches are larger.
_MANY, _BATCHES = 5_000, ((5_000, 32), (20_000, 64), (50_000, 128))
_WIDE = {"widths": [48, 128, 384], "pair_widths": [48, 96, 256], "logit_scale": 0.1111}
_TESTED, _FRACTIONS = 30, (0.2, 0.3)
_SUSPECTED = 0.05
# A study should end within the hour where it can; with fewer draws than four an interval says next to nothing.
HOUR, VARIANTS = 3600.0, (4, 10)


def sizes_for(found: Found, root: str, study: str) -> dict[tuple[str, ...], Any]:
    """Return values of ``studies/folder.yaml``, by path, for what was ``found``; all others are the template's.

    ``root`` is how the study names the folder, ``study`` the study's own name.
    """
    smallest = min(found.class_counts)
    fraction = 0.0 if found.is_split else min(max(_TESTED / smallest, _FRACTIONS[0]), _FRACTIONS[1])
    fraction = round(fraction * 20) / 20
    trained = sum(found.counts["train"]) if found.is_split else round(found.images * (1 - fraction))
    # Even, so that half of them is a whole number.
    epochs = 2 * round(min(max(_SEEN / trained, _EPOCHS[0]), _EPOCHS[1]) / 2)
    side = min(_SIDE, max(_LEAST_SIDE, found.short_side // 8 * 8))
    dataset, recipe = ("datasets", "my_images"), ("recipes", "mine")
    values: dict[tuple[str, ...], Any] = {
        ("study",): study,
        (*dataset, "root"): root,
        (*dataset, "image_size"): side,
        (*recipe, "epochs"): epochs,
        (*recipe, "warmup_epochs"): max(1, epochs // 5),
        (*recipe, "el2n_epoch"): epochs // 2,
        (*recipe, "batch_size"): next((size for most, size in _BATCHES if trained < most), 256),
        (*recipe, "crop_padding"): max(1, side // 16),
        ("noise", "rules", "lowest"): {"method": "count", "count": max(5, round(_SUSPECTED * trained))},
    }
    if fraction:
        values[(*dataset, "test_fraction")] = fraction
    if trained >= _MANY:
        values |= {(*dataset, "network_settings", key): value for key, value in _WIDE.items()}
    return values


def variants_within(config: Mapping[str, Any], seconds: float, at_once: int, budget: float = HOUR) -> int:
    """Return how many variants of each condition a ``budget`` of seconds has, 4 to 10, where one training takes ``seconds``.

    ``at_once`` is how many trainings run side by side.
    """
    few, many = VARIANTS
    for variants in range(many, few, -1):
        if trainings(with_variants(config, variants)) * seconds / at_once <= budget:
            return variants
    return few


def with_variants(config: Mapping[str, Any], variants: int) -> dict[str, Any]:
    """Return a study with so many variants of its resampled and denoised conditions."""
    sections = {key: {**config[key], "variants": variants} for key in ("resampling", "noise")}
    return {**config, **sections}


def trainings(config: Mapping[str, Any]) -> int:
    """Return how many trainings a study asks for of one data set, those without a fold included."""
    folds = len(labellings(config)) * len(fold_runs(config))
    return sum(len(condition.runs) for condition in conditions_of(config).values()) + folds
