r"""How many wrong labels stand among the first images by out-of-fold margin: some are planted in a folder of one's own.

python benchmarks/suspects.py photos10 --keep /tmp/draws --cleanlab /path/to/python

In every draw other labels are changed, folds divided and networks trained anew, with the functions that the workflow calls and
the settings that `make run IMAGES=` writes for the folder, unless others are given. What was trained is kept, and not trained
again. `--cleanlab` is an interpreter with cleanlab, whose find_label_issues gets the same probabilities.

With `--imagined 3000` no label is changed before the trainings, but so many draws of mistakes are imagined afterwards: what its
networks say of an image hardly depends on its label, since they never saw it. That tells settings apart which few real draws
do not.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
import torch
from measuring import circumstances, network_for, table

from hbr.analysis.margins import margins
from hbr.analysis.suspects import FIRST, aum_of_folds, logits_of_folds, suspect_table
from hbr.data.datasets import PreparedDataset
from hbr.data.files import read_arrays, write_arrays
from hbr.data.folds import fold_dataset, fold_table
from hbr.data.plans import identity_plan
from hbr.data.sources import folder_dataset
from hbr.seeds import derive_rng, derive_seed
from hbr.study.own_images import look_at
from hbr.study.sizing import sizes_for
from hbr.study.studies import load_study
from hbr.training.engine import MemberSeeds, train_member
from hbr.training.precision import forbid_tf32
from hbr.training.recipe import Recipe

CPU = torch.device("cpu")
TEMPLATE = Path(__file__).resolve().parents[1] / "studies/folder.yaml"
ISSUES = """
import json, sys
import numpy as np
from cleanlab.filter import find_label_issues
data = np.load(sys.argv[1])
ranked = find_label_issues(data["labels"], data["probabilities"], return_indices_ranked_by="normalized_margin")
print(json.dumps(ranked.tolist()))
"""


def mistaken(data: PreparedDataset, mistakes: int, rng: np.random.Generator) -> tuple[PreparedDataset, np.ndarray]:
    """Return the data set with so many labels changed to another class, of all images alike, and which (booleans)."""
    labels = np.concatenate([data.train_labels, data.test_labels])
    changed = np.zeros(len(labels), dtype=bool)
    changed[rng.choice(len(labels), mistakes, replace=False)] = True
    labels[changed] = (labels[changed] + rng.integers(1, data.classes, mistakes)) % data.classes
    train = len(data.train_labels)
    return replace(data, train_labels=labels[:train], test_labels=labels[train:]), changed


def judged(data: PreparedDataset, options: argparse.Namespace, draw: int, member: int) -> dict[str, np.ndarray]:
    """Return labels, logits ``(1, images, classes)`` and AUM of all images, of one member's trainings without each fold."""
    folds = fold_table(data, options.folds, derive_seed(draw, "folds"), 0.0, derive_rng(draw, "none"))
    recipe, settings = Recipe.of(options.recipe), options.network_settings
    runs, dynamics = [], []
    for fold in range(1, options.folds + 1):
        own = fold_dataset(data, folds, fold, recipe.flip)
        plan = identity_plan(own.train_labels, own.train_images.shape[1:])
        seeds = MemberSeeds(*(derive_seed(draw, fold, member, what) for what in ("weights", "order")), fold, member)
        network = network_for(options.network, own, seeds.weights, **settings)
        outcomes, seen = train_member(own, plan, network, recipe, seeds, CPU, keep_epochs=False)
        print(f"draw {draw}, fold {fold}, member {member}: {outcomes.history[-1, 4]:.1%}", flush=True)
        runs.append(outcomes)
        dynamics.append(seen)
    aum = aum_of_folds(dynamics, [run.variant for run in runs], folds)
    return {"labels": folds["label"].to_numpy(), "logits": logits_of_folds(runs, folds), "aum": aum}


def kept(data: PreparedDataset, options: argparse.Namespace, draw: int) -> dict[str, np.ndarray]:
    """Return labels, logits ``(members, images, classes)`` and AUM, mean over members; those that lack are trained first."""
    parts = []
    for member in range(1, options.members + 1):
        path = options.keep / f"draw{draw}_member{member}.npz"
        if not path.is_file():
            write_arrays(path, **judged(data, options, draw, member))
        parts.append(read_arrays(path))
    logits = np.concatenate([part["logits"] for part in parts])
    return {"labels": parts[0]["labels"], "logits": logits, "aum": np.mean([part["aum"] for part in parts], axis=0)}


def probabilities(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the probabilities ``(images, classes)``, mean over members."""
    return np.asarray(torch.softmax(torch.from_numpy(found["logits"]), 2).mean(0))


def issues(python: Path, found: Mapping[str, np.ndarray]) -> list[int]:
    """Return the images that cleanlab lists, its first on top."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out_of_fold.npz"
        np.savez(path, labels=found["labels"], probabilities=probabilities(found))
        said = subprocess.run([python, "-c", ISSUES, path], check=True, capture_output=True, text=True)
    return [int(place) for place in json.loads(said.stdout.strip().rpartition("\n")[2])]


def hits(order: np.ndarray | list[int], changed: np.ndarray) -> int:
    """Return how many of the first images had their label changed."""
    return int(changed[np.asarray(order[:FIRST], dtype=int)].sum())


def imagined(found: Mapping[str, np.ndarray], mistakes: int, draws: int, rng: np.random.Generator) -> dict[str, object]:
    """Return the accuracy, and how many of so many labels changed in thought stand first by margin, mean over draws."""
    labels, logits = found["labels"], found["logits"].mean(0)
    own, found_in_draws = margins(logits, labels), []
    for _ in range(draws):
        changed = np.zeros(len(labels), dtype=bool)
        changed[rng.choice(len(labels), mistakes, replace=False)] = True
        others = (labels[changed] + rng.integers(1, logits.shape[1], mistakes)) % logits.shape[1]
        score = own.copy()
        score[changed] = margins(logits[changed], others)
        found_in_draws.append(hits(np.argsort(score, kind="stable"), changed))
    return {"accuracy": float((own > 0).mean()), "changed in thought, found": f"{mean(found_in_draws):.2f}"}


def measured(found: Mapping[str, np.ndarray], changed: np.ndarray, python: Path | None) -> dict[str, object]:
    """Return what each way finds in one draw."""
    labels = found["labels"]
    own = margins(found["logits"].mean(0), labels)
    rows = pd.DataFrame({"split": "", "sample": np.arange(len(labels)), "label": labels})
    suspects = suspect_table(rows, found["logits"])
    told: dict[str, object] = {"accuracy": float((own > 0).mean())}
    told["out-of-fold margin"] = hits(suspects["sample"].to_numpy(), changed)
    told["AUM of the same trainings"] = hits(np.argsort(found["aum"], kind="stable"), changed)
    told["self-confidence"] = hits(np.argsort(probabilities(found)[np.arange(len(labels)), labels], kind="stable"), changed)
    told["margin + AUM"] = hits(np.argsort(own + found["aum"], kind="stable"), changed)
    ranks = suspects.loc[changed[suspects["sample"]], "rank"]
    told["ranks"] = " ".join(map(str, sorted(ranks)))
    if python:
        listed = issues(python, found)
        told["cleanlab, its first"] = hits(listed, changed)
        told["cleanlab, all it lists"] = f"{int(changed[listed].sum())} of {len(listed)}"
    return told


def main() -> None:
    """Print a line a draw, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="<folder>/<class>/...")
    parser.add_argument("--keep", type=Path, required=True, help="where the logits of each draw go")
    parser.add_argument("--cleanlab", type=Path)
    parser.add_argument("--mistakes", type=int, default=6)
    parser.add_argument("--imagined", type=int, default=0, metavar="DRAWS", help="change labels in thought only, so many times")
    parser.add_argument("--draws", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--network")
    parser.add_argument("--network-settings", type=json.loads, help="JSON")
    parser.add_argument("--recipe", type=json.loads, default={}, help="JSON: keys that differ")
    options = as_written(parser.parse_args())
    if options.imagined and options.cleanlab:
        parser.error("--cleanlab judges labels that were changed, --imagined changes none; give one of them")
    torch.set_num_threads(1)
    forbid_tf32()
    print(circumstances(CPU), flush=True)
    data, told = folder_dataset(options.folder, options.image_size, 0.2, 0), {}
    for draw in options.draws:
        if options.imagined:
            told[draw] = imagined(kept(data, options, draw), options.mistakes, options.imagined, derive_rng(draw, "imagined"))
        else:
            own, changed = mistaken(data, options.mistakes, derive_rng(draw, "mistakes"))
            told[draw] = measured(kept(own, options, draw), changed, options.cleanlab)
        print(f"draw {draw}: {told[draw]}", flush=True)
    rows = [[str(draw), *map(shown, row.values())] for draw, row in told.items()]
    numbers = [[row[place] for row in rows] for place in range(1, len(rows[0]))]
    rows.append(["mean", *(f"{mean(map(float, own)):.1f}" if all(map(is_number, own)) else "" for own in numbers)])
    names = ["draw", *told[options.draws[0]]]
    print(table(f"{options.mistakes} labels of {len(data.train_ids) + len(data.test_ids):,} changed", names, rows))


def as_written(options: argparse.Namespace) -> argparse.Namespace:
    """Return the options, those that are not given as in the study file that is written for the folder."""
    config = load_study(TEMPLATE)
    for (*above, last), value in sizes_for(look_at(options.folder), str(options.folder), "suspects").items():
        place = config
        for key in above:
            place = place[key]
        place[last] = value
    (dataset,), (recipe,) = config["datasets"].values(), config["recipes"].values()
    options.recipe = recipe | options.recipe
    options.image_size = options.image_size or dataset["image_size"]
    if options.network_settings is None:
        options.network_settings = {} if options.network else dataset["network_settings"]
    options.network = options.network or dataset["network"]
    return options


def shown(value: object) -> str:
    """Return a cell."""
    return f"{100 * value:.1f}" if isinstance(value, float) else str(value)


def is_number(text: str) -> bool:
    """Return whether a cell is one number."""
    return text.replace(".", "", 1).isdigit()


if __name__ == "__main__":
    main()
