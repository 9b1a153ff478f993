"""Whether results are those of a study file as it is now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hbr.errors import StudyError
from hbr.study.costs import outcomes_of, told_by
from hbr.training.settings import TrainingSettings


def check_trained_as(study_file: Path, config: Mapping[str, Any], root: Path = Path()) -> None:
    """Raise ``StudyError`` where the first training of a data set is another than the study file asks for now."""
    for dataset in config["datasets"]:
        for outcomes in outcomes_of(config["study"], dataset, root)[:1]:
            settings = told_by(outcomes)["settings"]
            if settings and TrainingSettings.read(settings) != TrainingSettings.of(config, dataset):
                raise StudyError(
                    f"{study_file} was changed: {outcomes} has another network, recipe or seed; undo the change, or make run "
                    f"STUDY={study_file} first"
                )
