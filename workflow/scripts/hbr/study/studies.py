"""A study file as the workflow sees it, for the commands beside the workflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from hbr.conditions.names import least_classes, least_samples
from hbr.data.files import read_arrays
from hbr.data.sizes import check_class_sizes
from hbr.errors import StudyError
from hbr.study.configuration import check_file, check_meaning, check_shape
from hbr.study.modules import check_plugins, plugin_folders
from hbr.study.presence import expand_paths

SCHEMA = Path(__file__).with_name("config.schema.yaml")


def load_study(path: Path) -> dict[str, Any]:
    """Return the checked study with its defaults; needs Snakemake, whose way of filling defaults counts."""
    from snakemake.utils import validate

    if not path.is_file():
        raise StudyError(f"{path} does not exist; name a study file, such as config.yaml")
    check_file(path)
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    check_shape(config, yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))
    validate(config, str(SCHEMA))
    check_meaning(config)
    expand_paths(config)
    check_data(config)
    check_plugins(config, plugin_folders([path]))
    return config


def check_data(config: Mapping[str, Any], root: Path = Path()) -> None:
    """Raise ``StudyError`` where data that are prepared already are too few, or have too few classes, for the study.

    A file that cannot be read is passed over: whoever needs it says so.
    """
    least, classes = least_samples(config), least_classes(config)
    for dataset in config["datasets"]:
        path = root / "results" / config["study"] / dataset / "dataset.npz"
        try:
            arrays = read_arrays(path, "train_labels", "class_names")
        except (StudyError, OSError):
            continue
        names = [str(name) for name in arrays["class_names"]]
        counts = np.bincount(arrays["train_labels"], minlength=len(names)).tolist()
        check_class_sizes(counts, names, least, f"{path} (delete it where the images have changed since)", classes)
