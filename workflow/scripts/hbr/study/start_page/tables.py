"""Which tables of a study the start page is made of."""

from collections.abc import Mapping
from typing import Any

from hbr.conditions.names import BASELINE, conditions_of, needs_control


def tables_of_start_page(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the tables, under the folder of each data set."""
    tables = ["conditions.csv", "estimators/uncertainty.csv"]
    tables += [f"measures/{BASELINE}/{file}.csv" for file in ("classes", "confusion")]
    tables.append(f"hardness/{config['resampling']['estimators'][0]}/classes.csv")
    if needs_control(config):
        tables += ["gap_differences.csv", "class_differences.csv"]
    if config["noise"]["rules"]:
        tables += ["noise/rules.csv", "noise/preferred.parquet"]
        tables += [f"noise/{rule}/samples.parquet" for rule in config["noise"]["rules"]]
    return tables


def start_page_setting(config: Mapping[str, Any], chapters: Mapping[str, str]) -> dict[str, Any]:
    """Return what the page says of a study beside its tables: variants, methods of noise rules, titles of chapters by name.

    ``trainings_a_variant`` are those of one more variant of all that is resampled, of their controls and placebos.
    """
    conditions = conditions_of(config).values()
    drawn = [one for one in conditions if one.kind in ("resampled", "placebo", "control") and one.base.section == "resampling"]
    return {
        "variants": config["resampling"]["variants"],
        "trainings_a_variant": sum(len(one.runs) // len(one.variants) for one in drawn),
        "rules": {name: rule["method"] for name, rule in config["noise"]["rules"].items()},
        "chapters": dict(chapters),
    }
