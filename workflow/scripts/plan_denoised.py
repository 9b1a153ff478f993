"""Write the plan without the samples that one rule takes for mislabelled."""

import argparse
from pathlib import Path

from hbr.command import append, run
from hbr.conditions.noise import plan_denoised
from hbr.data.files import read_arrays, read_table
from hbr.data.plans import check_samples, save_plan


def main(arguments: argparse.Namespace) -> None:
    """Leave the flagged samples out and save the plan."""
    arrays = read_arrays(arguments.dataset, "train_images", "train_labels", "class_names")
    flagged = read_table(arguments.flagged, "sample", "class", "flagged")
    check_samples(flagged, arrays["train_labels"], arguments.flagged, arguments.dataset, whole=True)
    names = tuple(str(name) for name in arrays["class_names"])
    labels, shape = arrays["train_labels"], arrays["train_images"].shape[1:]
    plan = plan_denoised(labels, shape, flagged["flagged"].to_numpy(bool), names)
    save_plan(arguments.plan, arguments.synthetic, plan)
    append(arguments.log, f"{len(plan)} of {len(labels)} examples are kept")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--flagged", type=Path, required=True)
parser.add_argument("--plan", type=Path, required=True)
parser.add_argument("--synthetic", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
