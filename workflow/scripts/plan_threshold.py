"""Write one variant of the plan in which some samples make up an extra class."""

import argparse
from pathlib import Path

from hbr.command import append, run
from hbr.conditions.noise import plan_threshold
from hbr.data.files import read_arrays
from hbr.data.plans import save_plan
from hbr.seeds import derive_rng


def main(arguments: argparse.Namespace) -> None:
    """Draw and save the plan."""
    arrays = read_arrays(arguments.dataset, "train_images", "train_labels")
    # No variant in the key: variants are parts of one random order.
    rng = derive_rng(arguments.seed, arguments.dataset_name, "threshold samples")
    plan = plan_threshold(arrays["train_labels"], arrays["train_images"].shape[1:], arguments.variant, rng)
    save_plan(arguments.plan, arguments.synthetic, plan)
    append(arguments.log, f"{int((plan.origin > 0).sum())} of {len(plan)} examples are threshold samples")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--variant", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--plan", type=Path, required=True)
parser.add_argument("--synthetic", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
