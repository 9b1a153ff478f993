"""What a data set of a study stands for, and whether it is trained as the paper trains."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hbr.study.pools import pools_of_dataset
from hbr.study.references import known_noise
from hbr.training.recipe import Recipe
from hbr.training.settings import network_settings

# arXiv 2504.07031 v1, section 4; what stands not here is off, as the defaults are.
PAPER_RECIPE = Recipe(
    epochs=200,
    batch_size=128,
    learning_rate=0.1,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    schedule="step",
    milestones=(60, 120, 160),
    decay_factor=0.2,
    flip=True,
    crop_padding=4,
    el2n_epoch=20,
)
PAPER_NETWORK, PAPER_WIDTH, PAPER_SIDE = "resnet18", 64, 32


def setting_of(config: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Return the fields of :class:`hbr.study.claims.evidence.Evidence` that a study file says."""
    settings = config["datasets"][dataset]
    estimators = config["hardness"]["estimators"]
    recipe = config["recipes"][settings["recipe"]]
    sizes = ", ".join(f"{name.replace('_', ' ')} {_words(value)}" for name, value in network_settings(settings).items())
    # The paper trains on the labels as they are.
    own = settings.get("name") in ("CIFAR10", "CIFAR100") and not known_noise(settings)
    return {
        "stands_for": settings.get("reproduces", settings["name"] if own else ""),
        "setting": f"{settings['network']}{' of ' if sizes else ''}{sizes}, {recipe['epochs']} epochs",
        "paper": settings["network"] == PAPER_NETWORK
        and network_settings(settings) in ({}, {"width": PAPER_WIDTH})
        and settings.get("image_size", PAPER_SIDE) == PAPER_SIDE
        and not known_noise(settings)
        # Precision says how a training is computed, not what is; the paper leaves it to torch.
        and replace(Recipe.of(recipe), precision=PAPER_RECIPE.precision, evaluate_every=1) == PAPER_RECIPE,
        "estimator": config["resampling"]["estimators"][0],
        "noise_estimator": config["noise"]["estimator"],
        "sources": {name: keys.get("source", "baseline") for name, keys in estimators.items()},
        "pools": [name for name, pool in pools_of_dataset(settings).items() if pool.path],
        "methods": {name: keys.get("method", name) for name, keys in estimators.items()},
    }


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
