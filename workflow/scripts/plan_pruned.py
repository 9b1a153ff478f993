"""Write the plan without the easiest samples, of the whole data set (DLP) or of each class (CLP)."""

import argparse
from pathlib import Path

from hbr.command import append, run
from hbr.conditions.pruning import METHODS, plan_pruned
from hbr.data.files import read_arrays, read_table
from hbr.data.plans import check_samples, save_plan


def main(arguments: argparse.Namespace) -> None:
    """Prune and save the plan; log what each class keeps."""
    arrays = read_arrays(arguments.dataset, "train_images", "train_labels", "class_names")
    names, labels = tuple(str(name) for name in arrays["class_names"]), arrays["train_labels"]
    samples = read_table(arguments.samples, "sample", "class", "difficulty_rank")
    check_samples(samples, labels, arguments.samples, arguments.dataset, whole=True)
    plan = plan_pruned(
        labels=labels,
        image_shape=arrays["train_images"].shape[1:],
        difficulty=samples["difficulty_rank"].to_numpy(),
        method=METHODS[arguments.method],
        rate=arguments.rate / 100,
        class_names=names,
    )
    save_plan(arguments.plan, arguments.synthetic, plan)
    append(arguments.log, f"{len(plan)} of {len(labels)} examples are kept")
    for name, count in zip(names, plan.class_counts(len(names)), strict=True):
        append(arguments.log, f"{name}: {count}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--samples", type=Path, required=True)
parser.add_argument("--method", choices=tuple(METHODS), required=True)
parser.add_argument("--rate", type=int, required=True, help="percent of the samples")
parser.add_argument("--plan", type=Path, required=True)
parser.add_argument("--synthetic", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
