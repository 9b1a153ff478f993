"""What shapes a training apart from data, plan and its own seeds: told to it, and kept in its outcomes, as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hbr.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingSettings:
    """Network, its settings by name, the seed of the study, and the recipe."""

    network: str
    network_settings: Mapping[str, Any]
    seed: int
    recipe: Recipe

    @classmethod
    def of(cls, config: Mapping[str, Any], dataset: str) -> "TrainingSettings":
        """Return what a study file says of one of its data sets."""
        keys = config["datasets"][dataset]
        recipe = Recipe.of(config["recipes"][keys["recipe"]])
        return cls(keys["network"], network_settings(keys), config["seed"], recipe)

    @classmethod
    def read(cls, text: str) -> "TrainingSettings":
        """Return the settings of a text; those of earlier versions lack keys, which then had their defaults' effect."""
        found = json.loads(text)
        if "recipe" in found:
            return cls(found["network"], found["network_settings"], found["seed"], Recipe.of(found["recipe"]))
        width = {"width": found["width"]} if found["width"] else {}
        keys = {name: found[name] for name in Recipe.__dataclass_fields__ if name in found}
        return cls(found["network"], width, found["seed"], Recipe.of(keys))

    @property
    def text(self) -> str:
        """Return the settings as one JSON text, the same for equal ones."""
        return json.dumps(asdict(self), sort_keys=True)


def network_settings(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the network that the keys of a data set name, its width among them."""
    width = {"width": dataset["width"]} if "width" in dataset else {}
    return {**dataset.get("network_settings", {}), **width}
