"""Write one variant of one condition's plan."""

import argparse
import json
from functools import partial
from pathlib import Path

from hbr.conditions.kind import Draw, make_plan
from hbr.data.plans import ORIGINS, check_plan, save_plan
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Draw and save the plan; log what it holds of each origin and class."""
    draw = Draw.of(
        arguments.dataset,
        variant=arguments.variant,
        key=(arguments.seed, arguments.dataset_name),
        files=dict(zip(arguments.names, arguments.files, strict=True)),
        note=partial(append, arguments.log),
    )
    plan = make_plan(draw, **arguments.spec)
    check_plan(plan, draw.all_labels, str(arguments.plan))
    save_plan(arguments.plan, plan)
    counts = {name: int((plan.origin == code).sum()) for code, name in enumerate(ORIGINS)}
    append(arguments.log, f"{len(plan)} examples of {len(draw.all_labels)}: {counts}")
    for name, count in zip(draw.class_names, plan.class_counts(len(draw.class_names)), strict=False):
        append(arguments.log, f"{name}: {count}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--dataset-name", required=True)
parser.add_argument("--spec", type=json.loads, required=True, help="JSON: kind, base, its argument, settings of the kind")
parser.add_argument("--variant", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--names", nargs="*", default=[], help="what the kind and the base call the files they read")
parser.add_argument("--files", type=Path, nargs="*", default=[])
parser.add_argument("--plan", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
