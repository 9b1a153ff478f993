"""Which tables of a study claims are judged by."""

from collections.abc import Mapping
from typing import Any

from hbr.conditions.names import BASELINE, conditions_of, needs_control
from hbr.study.references import has_ground_truth


def tables_of_claims(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the tables, under the folder of each data set."""
    conditions = conditions_of(config)
    tables = ["conditions.csv", "contrasts.csv"]
    tables += [f"measures/{condition}/classes.csv" for condition in conditions]
    tables += [f"measures/{BASELINE}/predictions.npz"]
    for estimator in config["hardness"]["estimators"]:
        tables += [f"hardness/{estimator}/{file}" for file in ("classes.csv", "samples.parquet")]
        tables += [f"stability/{estimator}/{file}.csv" for file in ("pruning", "allocation", "members_enough")]
    if needs_control(config):
        tables += ["gap_differences.csv", "class_differences.csv", "gap_accuracy.csv"]
        tables += [f"allocations/{config['resampling']['estimators'][0]}/alpha0.csv"]
    if config["noise"]["rules"]:
        tables.append("noise/rules.csv")
    if has_ground_truth(config):
        tables += [f"ground_truth/{table}.csv" for table in ("order", "noise", "doubtful")]
    for name, condition in conditions.items():
        if condition.kind == "resampled":
            tables += [f"plans/{name}/variant{variant}/plan.parquet" for variant in condition.variants]
    return tables
