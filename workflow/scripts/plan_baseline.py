"""Write the plan of the baseline: every training sample once."""

import argparse
from pathlib import Path

from hbr.command import run
from hbr.data.files import read_arrays
from hbr.data.plans import identity_plan, save_plan


def main(arguments: argparse.Namespace) -> None:
    """Write the identity plan."""
    arrays = read_arrays(arguments.dataset, "train_labels", "train_images")
    save_plan(arguments.plan, arguments.synthetic, identity_plan(arrays["train_labels"], arrays["train_images"].shape[1:]))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--plan", type=Path, required=True)
parser.add_argument("--synthetic", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
