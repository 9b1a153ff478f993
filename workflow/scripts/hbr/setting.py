"""What a data set of a study stands for, and whether it is trained as the paper trains."""

from collections.abc import Mapping
from typing import Any

# arXiv 2504.07031 v1, section 4.
PAPER_RECIPE: dict[str, Any] = {
    "epochs": 200,
    "batch_size": 128,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4,
    "schedule": "step",
    "milestones": [60, 120, 160],
    "decay_factor": 0.2,
    "flip": True,
    "crop_padding": 4,
}
PAPER_NETWORK = "resnet18"


def setting_of(config: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Return the fields of :class:`hbr.claims.evidence.Evidence` that a study file says."""
    settings = config["datasets"][dataset]
    estimators = config["hardness"]["estimators"]
    recipe = config["recipes"][settings["recipe"]]
    width = f" of width {settings['width']}" if "width" in settings else ""
    return {
        "stands_for": settings.get("reproduces", settings["name"] if settings.get("name") in ("CIFAR10", "CIFAR100") else ""),
        "setting": f"{settings['network']}{width}, {recipe['epochs']} epochs",
        "paper": settings["network"] == PAPER_NETWORK
        and not settings.get("flipped_labels")
        and all(recipe[key] == value for key, value in PAPER_RECIPE.items()),
        "estimator": config["resampling"]["estimators"][0],
        "noise_estimator": config["noise"]["estimator"],
        "sources": {name: keys.get("source", "baseline") for name, keys in estimators.items()},
        "methods": {name: keys.get("method", name) for name, keys in estimators.items()},
    }
