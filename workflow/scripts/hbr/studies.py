"""A study file as the workflow sees it, for the commands beside the workflow."""

from pathlib import Path
from typing import Any

import yaml

from hbr.configuration import check_file, check_meaning, check_shape
from hbr.data.presence import expand_paths
from hbr.errors import StudyError

SCHEMA = Path(__file__).resolve().parents[2] / "schemas/config.schema.yaml"


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
    return config
