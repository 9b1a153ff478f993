"""Write one variant of a resampled plan; the control is the same with the allocation of alpha 0."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.command import append, run
from hbr.conditions.resampling import OVERSAMPLING, UNDERSAMPLING, plan_resampled
from hbr.data.files import read_arrays, read_table
from hbr.data.plans import ORIGINS, SYNTHETIC, check_samples, save_plan
from hbr.errors import StudyError
from hbr.seeds import derive_rng


def main(arguments: argparse.Namespace) -> None:
    """Draw and save the plan; log what each class got."""
    arrays = read_arrays(arguments.dataset, "train_images", "train_labels", "class_names")
    samples = read_table(arguments.samples, "sample", "class", "difficulty_rank")
    allocation = read_table(arguments.allocation, "class_name", "samples", "granted")
    names = tuple(str(name) for name in arrays["class_names"])
    check_samples(samples, arrays["train_labels"], arguments.samples, arguments.dataset)
    # Hardness of a denoised condition speaks of the samples that were kept, and only these are resampled.
    places = samples["sample"].to_numpy()
    labels = arrays["train_labels"][places]
    check_allocation(arguments, allocation, labels, names)
    plan = plan_resampled(
        images=arrays["train_images"][places],
        labels=labels,
        difficulty=samples["difficulty_rank"].to_numpy(),
        granted=allocation["granted"].to_numpy(),
        oversampling=arguments.oversampling,
        undersampling=arguments.undersampling,
        rng=derive_rng(arguments.seed, arguments.dataset_name, arguments.variant, "plan"),
        sharpness=arguments.sharpness,
        class_names=names,
    )
    real = plan.origin != SYNTHETIC
    source = plan.source.copy()
    source[real] = places[source[real]]
    plan = replace(plan, source=source)
    save_plan(arguments.plan, arguments.synthetic, plan)
    kept = {name: int((plan.origin == code).sum()) for code, name in enumerate(ORIGINS)}
    append(arguments.log, f"{len(plan)} examples: {kept}")
    for name, count in zip(names, plan.class_counts(len(names)), strict=True):
        append(arguments.log, f"{name}: {count}")


def check_allocation(
    arguments: argparse.Namespace, allocation: pd.DataFrame, labels: np.ndarray, names: tuple[str, ...]
) -> None:
    """Raise ``StudyError`` where the allocation speaks of other samples or classes than the data set has."""
    counts = np.bincount(labels, minlength=len(names))
    if list(allocation["class_name"]) != list(names) or not np.array_equal(allocation["samples"], counts):
        raise StudyError(f"{arguments.allocation} was made from other data than {arguments.dataset}; delete it and run again")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--samples", type=Path, required=True)
parser.add_argument("--allocation", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--variant", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--oversampling", choices=OVERSAMPLING, required=True)
parser.add_argument("--undersampling", choices=UNDERSAMPLING, required=True)
parser.add_argument("--sharpness", type=float, default=1.0)
parser.add_argument("--plan", type=Path, required=True)
parser.add_argument("--synthetic", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
