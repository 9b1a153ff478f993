"""What a pool of other images costs by its size: seconds and peak memory of each command that handles it."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from measuring import RECIPE, circumstances, load_images, network_for, table

from hbr.data.datasets import save_dataset
from hbr.data.streams import write_rows
from hbr.training.settings import TrainingSettings
from hbr.training.weights import save_weights

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"
SIZES = (10_000, 100_000, 1_000_000)
BATCH = 10_000
NETWORK = ("small-cnn", {"width": 4})
# Processor seconds, wall seconds, peak memory in MiB.
Costs = tuple[float, float, int]
# A process inherits the ru_maxrss of the one that started it, and not its VmHWM.
RUN = """
import resource, runpy, sys
del sys.argv[0]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
used = resource.getrusage(resource.RUSAGE_SELF)
print(peak, used.ru_utime + used.ru_stime)
"""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the sizes, and the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="images of a pool")
    parser.add_argument(
        "--folder", type=Path, help="where the pools stand for a while, 9 KB an image; a temporary one by default"
    )
    parser.add_argument("--smoke", action="store_true", help="in small")
    options = parser.parse_args(arguments)
    return argparse.Namespace(sizes=(500,) if options.smoke else options.sizes, folder=options.folder)


def measured(script: str, *arguments: object) -> Costs:
    """Return what a command of the workflow costs, in a process of its own."""
    started = time.monotonic()
    command = [sys.executable, "-c", RUN, SCRIPTS / script, *arguments]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    peak, used = done.stdout.split()[-2:]
    return float(used), time.monotonic() - started, int(peak) // 1024


def write_source(path: Path, images: int) -> None:
    """Write an ``.npz`` as CIFAR-5m is published, ``images`` of noise under labels that are sorted."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (min(BATCH, images), 32, 32, 3), dtype=np.uint8)

    def rows() -> Iterator[np.ndarray]:
        for start in range(0, images, BATCH):
            yield base[: images - start] + np.uint8(start // BATCH % 256)

    write_rows(path, "X", (images, 32, 32, 3), np.uint8, rows(), lambda: {"Y": np.arange(images) * 10 // images})


def costs_of(folder: Path, images: int) -> list[Costs]:
    """Return the costs of each command, in turn, for a pool of so many images, whose files are gone afterwards."""
    source, pool, scores = (folder / f"{name}.npz" for name in ("source", "pool", "scores"))
    write_source(source, images)
    keys = ["--name=pool", f"--pool={json.dumps({'source': 'arrays'})}", "--seed=0", *shared_of(folder)]
    prepare = measured("prepare_pool.py", *keys, "--dataset-name=made_up", f"--path={source}", f"--output={pool}")
    source.unlink()
    score = score_set(folder, "pool", pool, "images")
    tables = [f"--table={folder / 'scores.parquet'}", f"--classes={folder / 'classes.csv'}"]
    given = [f"--pool={pool}", f"--scores={scores}", f"--real={folder / 'train.npz'}"]
    told = measured("score_pool.py", "--name=pool", *given, *tables, *shared_of(folder))
    for path in (pool, scores):
        path.unlink()
    return [prepare, score, told]


def shared_of(folder: Path) -> list[str]:
    """Return the arguments of every command."""
    return [f"--dataset={folder / 'dataset.npz'}", f"--log={folder / 'log'}"]


def score_set(folder: Path, name: str, file: Path, array: str) -> Costs:
    """Let the network score a set of images, and return what that costs."""
    scores = folder / ("scores.npz" if name == "pool" else f"{name}.npz")
    member = [f"--weights={folder / 'weights.npz'}", "--variant=0", "--member=1", f"--images={name}"]
    return measured("score_images.py", *member, f"--file={file}", f"--array={array}", f"--scores={scores}", *shared_of(folder))


def main(options: argparse.Namespace) -> None:
    """Print one row a size."""
    print(circumstances(torch.device("cpu")), end="\n\n")
    data = load_images(None, 200, 20)
    network = network_for(NETWORK[0], data, 0, **NETWORK[1])
    made_of = {"dataset": data.checksum, "plan": "none", "outputs": data.classes, "weight_seed": 0}
    rows = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        save_dataset(folder / "dataset.npz", data)
        save_weights(folder / "weights.npz", network, made_of | {"settings": TrainingSettings(*NETWORK, 0, RECIPE).text})
        score_set(folder, "train", folder / "dataset.npz", "train_images")
        for images in options.sizes:
            cells = [f"{used:.1f} ({wall:.0f}), {peak:,}" for used, wall, peak in costs_of(folder, images)]
            rows.append([f"{images:,}", f"{images * 32 * 32 * 3 / 2**20:,.0f}", *cells])
            print(f"{images:,} images: {', '.join(cells)}", file=sys.stderr, flush=True)
    columns = ["images of 32 x 32 x 3", "their pixels (MiB)", "prepare_pool", "score_images, one member", "score_pool"]
    print(table("A pool: processor seconds (wall), peak memory in MiB", columns, rows))


if __name__ == "__main__":
    main(parse())
