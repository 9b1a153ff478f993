"""Say which share of each plan's images people call mislabelled."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from hbr.analysis.ground_truth import DOUBTFUL_COLUMNS, doubtful_row
from hbr.analysis.humans import Humans
from hbr.analysis.prepared_references import load_reference
from hbr.data.files import read_arrays, read_table, write_table
from hbr.data.plans import ORIGINS, OWN_IMAGES
from hbr.study.command import append, run


def main(arguments: argparse.Namespace) -> None:
    """Write one row a reference and plan."""
    held = read_arrays(arguments.dataset, "train_labels", "planted")
    rows = []
    for name, path in zip(arguments.references, arguments.prepared, strict=True):
        arrays = load_reference(path, arguments.dataset)
        humans = Humans(arrays["votes"], arrays["raters"], held["train_labels"], ~held["planted"])
        judged = np.zeros(len(held["train_labels"]), bool)
        judged[humans.images] = True
        doubtful = judged.copy()
        doubtful[humans.images] = humans.otherwise
        for condition, variant, plan in zip(arguments.conditions, arguments.variants, arguments.plans, strict=True):
            table = read_table(plan, "source", "origin")
            own = table["origin"].astype(str).isin([ORIGINS[code] for code in OWN_IMAGES]).to_numpy()
            row = {"people": name, "condition": condition, "variant": variant}
            rows.append(row | doubtful_row(table["source"].to_numpy(), own, doubtful, judged))
    table = pd.DataFrame(rows, columns=DOUBTFUL_COLUMNS)
    write_table(arguments.table, table)
    append(arguments.log, table.to_string(index=False))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dataset", type=Path, required=True)
parser.add_argument("--references", nargs="*", default=[], help="names, as the prepared files stand")
parser.add_argument("--prepared", type=Path, nargs="*", default=[])
parser.add_argument("--conditions", nargs="+", required=True, help="of the plans, as they stand")
parser.add_argument("--variants", type=int, nargs="+", required=True)
parser.add_argument("--plans", type=Path, nargs="+", required=True)
parser.add_argument("--table", type=Path, required=True)

if __name__ == "__main__":
    run(main, parser)
