"""Parts of ``engine.py`` that start processes: the start of a job, small ensembles, and peak memory."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from measuring import RECIPE, comparison, interleaved, table
from stacking import Stacked
from torch import Tensor, nn

from hbr.data.datasets import save_dataset
from hbr.data.plans import identity_plan, save_plan
from hbr.data.sources import digits_dataset
from hbr.training.augmentation import ImageBank
from hbr.training.descent import Descent
from hbr.training.networks import build_network
from hbr.training.steps import Batch, EagerStep

TRAIN_MEMBER = Path(__file__).parents[1] / "workflow/scripts/train_member.py"


class DigitsJob:
    """The files of trainings on the digits, and the command line of one, as the default study runs it."""

    def __init__(self, folder: Path, epochs: int) -> None:
        self.folder = folder
        data = digits_dataset(0.5, 0)
        self.samples = len(data.train_labels)
        save_dataset(folder / "dataset.npz", data)
        save_plan(folder / "plan.parquet", identity_plan(data.train_labels, (8, 8, 1)))
        recipe = replace(RECIPE, epochs=epochs, batch_size=32, warmup_epochs=epochs / 4, flip=False, crop_padding=1)
        self.recipe = recipe

    def arguments(self, member: int) -> list[str]:
        """Return the command line of a member."""
        files = [f"--{name}={self.folder / name}" for name in ("log", "dataset", "plan", "outcomes", "dynamics")]
        for number, ending in ((1, ".npz"), (2, ".parquet"), (3, f"{member}.npz"), (4, f"{member}.npz")):
            files[number] += ending
        key = ["--dataset-name=digits", "--condition=baseline", "--variant=0", "--seed=0", f"--member={member}"]
        network = ["--network=small-cnn", '--network-settings={"width": 8}', f"--recipe={self.recipe.text}"]
        return [*files, *key, *network, "--keep=epochs"]


def child(code: str, *arguments: str) -> None:
    """Run Python code in a process of its own that finds train_member."""
    environment = os.environ | {"PYTHONPATH": str(TRAIN_MEMBER.parent), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


ONE_STEP = """
import os
from pathlib import Path
from train_member import main, parser
from hbr.training.steps import EagerStep
step = EagerStep.run
EagerStep.run = lambda *given: (step(*given), os._exit(0))
parser.add_argument("--log", type=Path)
main(parser.parse_args())
"""
TRAININGS = """
import shlex, sys
from pathlib import Path
from train_member import main, parser
parser.add_argument("--log", type=Path)
for line in sys.argv[1:]:
    main(parser.parse_args(shlex.split(line)))
"""


def startup(options: argparse.Namespace) -> Iterator[str]:
    """Yield (e): from the start of a training job on the digits to its first step."""
    with tempfile.TemporaryDirectory() as folder:
        job = DigitsJob(Path(folder), 1)
        works = {
            "train_member, to the first step": lambda: child(ONE_STEP, *job.arguments(1)),
            "import torch": lambda: child("import os, torch; os._exit(0)"),
            "imports of a plain training": lambda: child("import os, torch, torchvision, pandas; torch.optim.SGD; os._exit(0)"),
        }
        seconds = interleaved(works, options.repetitions, options.device)
    yield comparison("Start of a job, process included", seconds)


def ensemble(options: argparse.Namespace) -> Iterator[str]:
    """Yield: members of the digits' size as jobs of their own, one after the other in one process, and stacked."""
    members, epochs = (2, 1) if options.smoke else (4, 12)
    with tempfile.TemporaryDirectory() as folder:
        job = DigitsJob(Path(folder), epochs)
        lines = [shlex.join(job.arguments(member)) for member in range(members)]
        works = {
            "a process each": lambda: [child(TRAININGS, line) for line in lines],
            "one process": lambda: child(TRAININGS, *lines),
        }
        seconds = interleaved(works, options.repetitions, options.device)
    yield comparison(f"{members} trainings on the digits, {epochs} epochs each, end to end", seconds)
    yield steps_stacked(options, members)


def steps_stacked(options: argparse.Namespace, members: int, batch: int = 32) -> str:
    """Return the table of forward, backward and update of several small nets: in turn, and as one network of torch.func."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(members, batch, 1, 8, 8, generator=generator).to(options.device)
    labels = torch.randint(10, (members, batch), generator=generator).to(options.device)
    networks = [build_network("small-cnn", 1, 10, seed, 8) for seed in range(members)]
    stacked = Stacked(networks, options.device, torch.float32)
    steps = [_plain_step(network, options.device) for network in networks]
    rounds = 3 if options.smoke else 50
    works = {
        "in turn": lambda: [step(images[number], labels[number]) for _ in range(rounds) for number, step in enumerate(steps)],
        "stacked": lambda: [stacked.step(images, labels) for _ in range(rounds)],
    }
    title = f"{rounds} steps of {members} small nets, batches of {batch}, without augmentation and tracking"
    return comparison(title, interleaved(works, options.repetitions, options.device))


def _plain_step(network: nn.Module, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    network = network.to(device, memory_format=torch.channels_last).train()
    step = EagerStep(network, _Fixed(), Descent(network.parameters(), 0.9, True, 5e-4), torch.float32)
    return lambda images, labels: step(Batch(images, labels, None, None), RECIPE.learning_rate)


class _Fixed(ImageBank):
    """A bank whose batch is the very images it is asked for."""

    def __init__(self) -> None:
        pass

    def batch(self, index: Tensor, offsets: Tensor | None = None, flips: Tensor | None = None) -> Tensor:
        return index.contiguous(memory_format=torch.channels_last)


MEMORY = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import engine
options = engine.parse(sys.argv[3:])
data = engine.load_images(options.data, options.samples, options.samples // 5)
if sys.argv[2] == "engine":
    member = engine.member_of(options, data)
    member.train_epoch(), member.test_logits()
elif sys.argv[2] == "plain":
    plain = engine.PlainTraining(data, engine.network_of(options, data), options.device, workers=options.workers)
    plain.epoch()
# A process inherits the ru_maxrss of the one that started it.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if sys.argv[2] == "plain" else 0
device = engine.torch.cuda.max_memory_allocated() // 1024 if options.device.type == "cuda" else 0
print(peak, worker, device)
"""


def memory(options: argparse.Namespace) -> Iterator[str]:
    """Yield (f): peak memory of an epoch, the images included, in processes of their own."""
    samples = 256 if options.smoke else options.batches * RECIPE.batch_size
    rows = []
    names = {"imports and images": "nothing", "engine": "engine", "authors' manner": "plain"}
    for name, kind in names.items():
        flags = [f"--device={options.device.type}", f"--network={options.network}", f"--samples={samples}"]
        flags += [f"--width={options.width}"] if options.width else []
        flags += [f"--data={options.data}"] if options.data else []
        command = [sys.executable, "-c", MEMORY, str(Path(__file__).parent), kind, *flags]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        own, worker, device = (int(kilobytes) / 1024 for kilobytes in done.stdout.split()[-3:])
        rows.append([name, f"{own:,.0f}", f"{worker:,.0f}", f"{device:,.0f}"])
    title = f"Peak memory in MiB, {samples:,} images, {options.network}; a worker's holds pages it shares"
    yield table(title, ["what", "process", "each worker", "GPU"], rows)
