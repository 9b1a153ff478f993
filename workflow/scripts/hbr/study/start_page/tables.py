"""Which tables of a study the start page is made of, and what it says of the study beside them."""

from collections.abc import Mapping
from typing import Any

from hbr.conditions.names import BASELINE, conditions_of, needs_control
from hbr.study.labellings import GIVEN, PLANTED
from hbr.study.suspects import labellings

# Sections of a study file that resample, by the family of their comparisons with the control, which has the same name.
SECTIONS = ("resampling", "limited")


def page_estimator(config: Mapping[str, Any]) -> str:
    """Return the estimator that classes are sorted by: the one that resampling goes by, where the study has it."""
    first, known = config["resampling"]["estimators"][0], config["hardness"]["estimators"]
    return str(first if first in known else next(iter(known)))


def tables_of_start_page(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the tables, under the folder of each data set."""
    tables = ["conditions.csv", "estimators/uncertainty.csv"]
    tables += [f"measures/{BASELINE}/{file}.csv" for file in ("classes", "confusion")]
    tables.append(f"hardness/{page_estimator(config)}/classes.csv")
    if needs_control(config):
        tables += ["gap_differences.csv", "class_differences.csv", "gap_accuracy.csv"]
    if config["noise"]["rules"]:
        tables += ["noise/rules.csv", "noise/preferred.parquet"]
        tables += [f"noise/{rule}/samples.parquet" for rule in config["noise"]["rules"]]
    looked = labellings(config)
    tables += [table for labelling, table in ((GIVEN, "suspects.csv"), (PLANTED, "suspects_rules.csv")) if labelling in looked]
    return tables


def start_page_setting(config: Mapping[str, Any], chapters: Mapping[str, str]) -> dict[str, Any]:
    """Return the estimator that sorts classes, variants and trainings, methods of noise rules, titles of chapters by name.

    ``variants`` are those of each section that resamples, ``trainings`` those of one more variant of all its conditions.
    """
    conditions = conditions_of(config).values()
    drawn = [one for one in conditions if one.kind in ("control", "resampled", "placebo", "limited")]
    of_section = {section: [one for one in drawn if one.base.section == section] for section in SECTIONS}
    return {
        "estimator": page_estimator(config),
        "variants": {section: config[section]["variants"] for section in SECTIONS},
        "trainings": {section: sum(len(one.runs) // len(one.variants) for one in own) for section, own in of_section.items()},
        "rules": {name: rule["method"] for name, rule in config["noise"]["rules"].items()},
        "chapters": dict(chapters),
    }
