"""Everything a GPU should tell, in at most nine minutes; each part has its share of them, and stops when it is spent.

python benchmarks/gpu.py --data results/cifar10/cifar10/dataset.npz     CIFAR-10; without --data noise, and no accuracies
python benchmarks/gpu.py --smoke                                        the same code in seconds, on a CPU too
"""

import argparse
import time
from pathlib import Path

import torch
from gpu_epochs import authors, epochs
from gpu_packing import packing
from gpu_recipes import precisions, recipes
from gpu_setting import Setting
from gpu_steps import steps
from measuring import circumstances, load_images
from train_member import set_determinism

from hbr.training.precision import forbid_tf32

# Seconds of each part; what is left of nine minutes is for imports and data. What a part leaves or overruns is the next
# one's gain or loss, and the last one trains as many epochs as fit.
SHARES = {"steps": 35, "epochs": 70, "authors": 25, "packing": 75, "precisions": 65, "recipes": 230}

PARTS = {part.__name__: part for part in (steps, epochs, authors, packing, precisions, recipes)}


def main() -> None:
    """Print the tables of all parts, each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--part", choices=PARTS, action="append", help="may be given several times; default: all")
    parser.add_argument("--smoke", action="store_true", help="tiny nets on few images")
    options = parser.parse_args()
    set_determinism()
    forbid_tf32()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not options.smoke:
        parser.error("there is no GPU; --smoke runs on a CPU")
    torch.set_num_threads(1)
    data = load_images(options.data, *((256, 64, 8) if options.smoke else (50_000, 10_000, 32)))
    print(circumstances(device), flush=True)
    deadline = time.monotonic()
    for name in options.part or PARTS:
        # What is tried small is to be whole, however busy the machine.
        deadline += SHARES[name] * (20 if options.smoke else 1)
        setting = Setting(data, device, "small-cnn" if options.smoke else "resnet18", options.smoke, deadline)
        started = time.monotonic()
        try:
            for text in PARTS[name](setting):
                print(f"\n{text}", flush=True)
        except Exception as error:
            # The other parts have something to tell all the same.
            if options.smoke:
                raise
            print(f"\n{name} failed: {type(error).__name__}: {error}", flush=True)
        print(f"\n({name}: {time.monotonic() - started:.0f} s of {SHARES[name]})", flush=True)


if __name__ == "__main__":
    main()
