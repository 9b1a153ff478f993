"""The engine against a plain training, part by part, each comparison side by side in one run.

python benchmarks/engine.py --data results/cifar10-cpu/cifar10/dataset.npz        all parts but the study
python benchmarks/engine.py --part tracker --device cpu                           one part, on noise instead of images
python benchmarks/engine.py --part study --folder . --study digits                where a finished study's time went

A ratio above 1 says how many times longer something takes than the first line of its table.
"""

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
from aum import AUMCalculator
from measuring import RECIPE, circumstances, comparison, interleaved, load_images, table
from plain import PlainImages, PlainTracker, PlainTraining
from stacking import Stacked
from study_time import study_table
from torch import Tensor, nn
from torch.utils.data import DataLoader

from hbr.data.datasets import PreparedDataset, save_dataset
from hbr.data.plans import identity_plan, save_plan
from hbr.data.sources import digits_dataset
from hbr.training.augmentation import ImageBank, draw_epoch
from hbr.training.descent import Descent
from hbr.training.engine import MemberSeeds, Training
from hbr.training.networks import build_network
from hbr.training.precision import forbid_tf32
from hbr.training.recorder import Recorder
from hbr.training.steps import Batch, EagerStep

TRAIN_MEMBER = Path(__file__).parents[1] / "workflow/scripts/train_member.py"
SAMPLES = 50_000


def network_of(options: argparse.Namespace, data: PreparedDataset, seed: int = 1) -> nn.Module:
    """Return the network that is measured."""
    return build_network(options.network, data.train_images.shape[3], data.classes, seed, options.width)


def member_of(options: argparse.Namespace, data: PreparedDataset, epochs: int = 1) -> Training:
    """Return the engine's training of one member on all images."""
    plan = identity_plan(data.train_labels, data.train_images.shape[1:])
    recipe = replace(RECIPE, epochs=epochs, precision=options.precision)
    network = network_of(options, data)
    return Training(data, plan, network, recipe, MemberSeeds(1, 2, 0, 0), options.device, True, None, print)


def without_tracking(member: Training) -> Training:
    """Return the same training, which no longer scores its samples."""
    member.recorder.update = lambda *batch: None
    return member


def epoch(options: argparse.Namespace) -> Iterator[str]:
    """Yield (a): an epoch of training and testing, on as many batches as asked for and a fifth as many test images."""
    images = options.batches * RECIPE.batch_size
    data = load_images(options.data, images, images // 5)
    tracked, untracked = member_of(options, data), without_tracking(member_of(options, data))
    plain = PlainTraining(data, network_of(options, data), options.device, workers=options.workers)

    def run(member: Training) -> Callable[[], object]:
        def work() -> None:
            member.step = 0
            member.train_epoch()
            member.recorder.epoch_summary()
            member.test_logits()

        return work

    works = {
        "engine, with tracking": run(tracked),
        "engine, without tracking": run(untracked),
        "authors' manner: train, track": plain.epoch,
        "authors' manner: train, track, test": lambda: (plain.epoch(), plain.accuracies()),
    }
    seconds = interleaved(works, options.repetitions, options.device)
    title = f"Epoch of {images:,} training and {images // 5:,} test images, {options.network}"
    yield comparison(title, seconds, images)


def tracker(options: argparse.Namespace) -> Iterator[str]:
    """Yield (b): what tracking costs for one epoch of samples, on one core or the GPU."""
    samples = 2_000 if options.smoke else SAMPLES
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(samples, 10, generator=generator).to(options.device)
    labels = torch.randint(10, (samples,), generator=generator).to(options.device)
    order = torch.randperm(samples, generator=generator).to(options.device)
    batches = [(logits[part], labels[part], part) for part in order.split(RECIPE.batch_size)]

    def ours() -> None:
        recorder = Recorder(samples, 1, 1, True, options.device)
        for batch in batches:
            recorder.update(0, *batch)
        recorder.epoch_summary()

    def loop() -> None:
        plain = PlainTracker(samples)
        for batch in batches:
            plain.update(*batch)

    def package() -> None:
        calculator = AUMCalculator(".")
        for outputs, given, places in batches:
            calculator.update(outputs, given, places.tolist())

    works = {"recorder: 4 scores, sums and history": ours, "loop over samples: 6 scores": loop, "package aum: 1 score": package}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield comparison(
        f"Tracking of {samples:,} samples, 1 thread", interleaved(works, options.repetitions, options.device), samples
    )
    torch.set_num_threads(threads)


def augmentation(options: argparse.Namespace) -> Iterator[str]:
    """Yield (c): flips, crops and normalisation, in two threads or two workers."""
    samples = 512 if options.smoke else 20_000
    data = load_images(options.data, samples, 500)
    mean, std = torch.from_numpy(data.mean), torch.from_numpy(data.std)
    bank = ImageBank(torch.from_numpy(data.train_images), mean, std, 4, options.device)
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(PlainImages(data, "train", True), RECIPE.batch_size, num_workers=options.workers)

    def ours() -> None:
        drawn = draw_epoch(generator, samples, 4, True, options.device)
        for order, offsets, flips in zip(*(part.split(RECIPE.batch_size) for part in drawn if part is not None), strict=True):
            bank.batch(order, offsets, flips)

    def pil() -> None:
        for images, _, _ in loader:
            images.to(options.device)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    seconds = interleaved({"image bank, 2 threads": ours, "PIL, DataLoader": pil}, options.repetitions, options.device)
    yield comparison(f"Augmentation of {samples:,} images, {options.workers} workers", seconds, samples)
    torch.set_num_threads(threads)


def evaluation(options: argparse.Namespace) -> Iterator[str]:
    """Yield (d): the test set once, and once for every class."""
    samples = 128 if options.smoke else 2_000
    data = load_images(options.data, 512, samples)
    member = member_of(options, data)
    plain = PlainTraining(data, member.network, options.device, workers=options.workers)
    works = {
        "engine, once": member.test_logits,
        "engine's pass, once a class": lambda: [member.test_logits() for _ in range(data.classes)],
        "authors' manner, once a class": plain.accuracies,
    }
    seconds = interleaved(works, options.repetitions, options.device)
    yield comparison(f"Evaluation on {samples:,} test images, {data.classes} classes, {options.network}", seconds, samples)


class DigitsJob:
    """The files of trainings on the digits, and the command line of one, as the default study runs it."""

    def __init__(self, folder: Path, epochs: int) -> None:
        self.folder = folder
        data = digits_dataset(0.5, 0)
        self.samples = len(data.train_labels)
        save_dataset(folder / "dataset.npz", data)
        save_plan(folder / "plan.parquet", folder / "synthetic.npz", identity_plan(data.train_labels, (8, 8, 1)))
        recipe = replace(RECIPE, epochs=epochs, batch_size=32, warmup_epochs=epochs / 4, flip=False, crop_padding=1)
        self.recipe = vars(recipe) | {"milestones": ""}

    def arguments(self, member: int) -> list[str]:
        """Return the command line of a member."""
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in self.recipe.items()]
        files = [f"--{name}={self.folder / name}" for name in ("log", "dataset", "plan", "synthetic", "outcomes", "dynamics")]
        for number, ending in ((1, ".npz"), (2, ".parquet"), (3, ".npz"), (4, f"{member}.npz"), (5, f"{member}.npz")):
            files[number] += ending
        key = ["--dataset-name=digits", "--condition=baseline", "--variant=0", "--seed=0", f"--member={member}"]
        return [*flags, *files, *key, "--network=small-cnn", "--width=8", "--keep=epochs"]


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


def study(options: argparse.Namespace) -> Iterator[str]:
    """Yield (g): the time of a finished study."""
    yield study_table(options.folder, options.study, options.cores)


PARTS = {part.__name__: part for part in (epoch, tracker, augmentation, evaluation, startup, memory, ensemble, study)}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="may be given several times; default: all but study")
    parser.add_argument("--device", type=torch.device, help="cpu or cuda; default: a GPU where there is one")
    parser.add_argument("--data", type=Path, help="a prepared data set, dataset.npz; default: noise")
    parser.add_argument("--network", default="resnet8")
    parser.add_argument("--width", type=int, help="channels of the first layer; default: the network's own")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1, help="of torch; a job of the workflow has 1")
    parser.add_argument("--workers", type=int, default=2, help="of the DataLoader; the authors have 2")
    parser.add_argument("--batches", type=int, default=20, help="of 128 images, for epoch and memory")
    parser.add_argument("--samples", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the study was run")
    parser.add_argument("--study", default="digits")
    parser.add_argument("--cores", type=int, default=2, help="that the study was run on")
    parser.add_argument("--smoke", action="store_true", help="as little as shows that it runs")
    options = parser.parse_args(arguments)
    options.device = options.device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if options.smoke:
        options.batches, options.repetitions, options.network, options.width, options.workers = 2, 1, "small-cnn", 4, 0
    torch.set_num_threads(options.threads)
    forbid_tf32()
    return options


def main() -> None:
    """Print the tables."""
    options = parse()
    print(circumstances(options.device), flush=True)
    for name in options.part or [name for name in PARTS if name != "study"]:
        for text in PARTS[name](options):
            print(f"\n{text}", flush=True)


if __name__ == "__main__":
    main()
