"""Faults, each really caused: one sentence that names the file, nothing half-written, and a next run that completes."""

import gzip
import hashlib
import importlib
import json
import multiprocessing
import os
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from conftest import QUICK, Study, small_config
from PIL import Image

from hbr.data.archives import ARCHIVES, Archive
from hbr.data.download import fetch_archive
from hbr.data.plans import load_plan, save_plan
from hbr.errors import StudyError
from hbr.training.outcomes import load_outcomes, save_outcomes
from hbr.training.recipe import Recipe

# Whole scripts, and files that are damaged on purpose: no unit.
pytestmark = pytest.mark.slow

FORK = multiprocessing.get_context("fork")
TRIED: list[str] = []
SURVIVED: list[str] = []


@contextmanager
def fault(name: str) -> Iterator[None]:
    """Count a fault as tried, and as survived where nothing inside fails."""
    TRIED.append(name)
    try:
        yield
    except pytest.skip.Exception:
        TRIED.remove(name)
        raise
    SURVIVED.append(name)


# Scripts, each in a process of its own


@dataclass
class Ended:
    """How a script ended: its exit code and what it wrote to the terminal and to its log."""

    code: int | None
    terminal: str
    log: str

    @property
    def sentence(self) -> str:
        """The one sentence of a failure."""
        assert self.code, self.terminal
        assert "Traceback" not in self.terminal + self.log, self.terminal + self.log
        lines = [line for line in self.terminal.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.terminal
        return lines[0].removeprefix("error: ")


def start(script: str, folder: Path, words: str, before: Callable[[], None] = lambda: None) -> multiprocessing.Process:
    """Start a script of the workflow in ``folder``."""
    process = FORK.Process(target=_child, args=(script, folder, words, before))
    process.start()
    return process


def ended(process: multiprocessing.Process, folder: Path) -> Ended:
    process.join(120)
    log = folder / "log"
    return Ended(process.exitcode, (folder / "terminal").read_text(), log.read_text() if log.exists() else "")


def run(script: str, folder: Path, words: str = "", before: Callable[[], None] = lambda: None) -> Ended:
    """Run a script of the workflow in ``folder`` to its end."""
    return ended(start(script, folder, words or STEPS[script], before), folder)


def _child(script: str, folder: Path, words: str, before: Callable[[], None]) -> None:
    os.chdir(folder)
    terminal = os.open("terminal", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(terminal, 1)
    os.dup2(terminal, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    sys.argv = [script, "--log=log", *shlex.split(words)]
    module = importlib.import_module(SCRIPTS.get(script, script))
    before()
    module.run(module.main, module.parser)


def largest_file(size: int) -> Callable[[], None]:
    """Return what lets a process write no file larger than ``size``, as a full disk would."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def little_memory() -> None:
    """Leave the process 300 MB more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 300_000_000, resource.RLIM_INFINITY))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder but logs, temporary ones included."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("log", "terminal"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


SHORT = QUICK | {"epochs": 1, "el2n_epoch": 1, "warmup_epochs": 0}
TRAIN = "--dataset dataset.npz --plan plan.parquet --dataset-name tiny --condition baseline "
TRAIN += "--variant 0 --member 1 --seed 0 --network small-cnn --keep epochs --outcomes member/outcomes.npz "
TRAIN += "--dynamics member/dynamics.npz "
TRAIN += f"--network-settings='{json.dumps({'width': 4})}' --recipe='{Recipe(**SHORT).text}'"
PLAN = "--dataset dataset.npz --dataset-name tiny --seed 0"
BASELINE = json.dumps({"kind": "baseline", "base": "all", "argument": "", "settings": {}})
STRATEGY = {"oversampling": "random", "undersampling": "easy", "sharpness": 1.0}
RESAMPLED = json.dumps({"kind": "resampled", "base": "all", "argument": "", "settings": STRATEGY})
SCRIPTS = {"plan_baseline": "plan_condition", "plan_resampled": "plan_condition"}
STEPS = {
    "prepare_dataset": "--source arrays --archives data.npz --output dataset.npz --ids ids.parquet",
    "plan_baseline": f"{PLAN} --variant 0 --spec '{BASELINE}' --plan plan.parquet",
    "train_member": TRAIN,
    "estimate_hardness": "--dataset dataset.npz --ids ids.parquet --plan plan.parquet --dynamics member/dynamics.npz "
    """--members 1 --settings '{"method": "aum"}' """
    "--samples samples.parquet --classes hardness.csv",
    "allocate_samples": "--classes hardness.csv --alpha 1 --offset 9 --allocation allocation.csv",
    "plan_resampled": f"{PLAN} --variant 1 --spec '{RESAMPLED}' --plan resampled.parquet "
    "--names samples allocation --files samples.parquet allocation.csv",
    "measure_classes": "--outcomes member/outcomes.npz --dataset-name tiny --condition baseline "
    "--classes classes.csv --confusion confusion.csv --history history.csv --predictions predictions.npz",
    "measure_gaps": "--classes classes.csv --allocation allocation.csv --gaps gaps.csv",
}

READS = {
    "prepare_dataset": ["data.npz"],
    "plan_baseline": ["dataset.npz"],
    "train_member": ["dataset.npz", "plan.parquet"],
    "estimate_hardness": ["dataset.npz", "ids.parquet", "plan.parquet", "member/dynamics.npz"],
    "allocate_samples": ["hardness.csv"],
    "plan_resampled": ["dataset.npz", "samples.parquet", "allocation.csv"],
    "measure_classes": ["member/outcomes.npz"],
    "measure_gaps": ["classes.csv", "allocation.csv"],
}


def write_arrays_source(folder: Path, classes: int = 3, seed: int = 0) -> None:
    """Write ``data.npz``: noisy 8 x 8 stripes, 18 training images a class."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for split, samples in (("train", 18 * classes), ("test", 9 * classes)):
        labels = np.arange(samples) % classes
        images = rng.integers(0, 90, (samples, 8, 8, 3), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[:, label * 2 : label * 2 + 2] += 120
        arrays |= {f"{split}_images": images, f"{split}_labels": labels}
    np.savez(folder / "data.npz", **arrays)


# Imported before the forks, once for all.
for module in (
    *(SCRIPTS.get(step, step) for step in STEPS),
    "download_archive",
    "render_notebook",
    "pandas",
    "pyarrow.parquet",
    "jupytext",
    "papermill",
    "nbconvert",
    "torch._dynamo",
):
    importlib.import_module(module)


def walk_steps(folder: Path) -> None:
    for step in STEPS:
        assert run(step, folder).code == 0, (folder / "terminal").read_text()


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Path:
    """Every artifact of a tiny study, from its own scripts."""
    folder = tmp_path_factory.mktemp("chain")
    write_arrays_source(folder)
    walk_steps(folder)
    return folder


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """The same of a study of as many samples in fewer classes."""
    folder = tmp_path_factory.mktemp("other")
    write_arrays_source(folder, classes=2, seed=1)
    walk_steps(folder)
    return folder


@pytest.fixture
def folder(chain, tmp_path) -> Path:
    """A copy of the tiny study to spoil."""
    return Path(shutil.copytree(chain, tmp_path / "study"))


# The network


class Mirror:
    """A real web server that gives each request the next of its answers, the last one for ever."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: list[tuple[int, bytes | None]] = []
        self.asked = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, *answers: tuple[int, bytes | None]) -> None:
        """Set the answers: status 0 hangs up, 206 promises more than it sends, no body means the file asked for."""
        self.answers, self.asked = list(answers), 0

    def handler(self) -> type[BaseHTTPRequestHandler]:
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = mirror.answers[min(mirror.asked, len(mirror.answers) - 1)]
                mirror.asked += 1
                if status:
                    body = mirror.files[Path(self.path).name] if body is None else body
                    self.send_response(200 if status == 206 else status)
                    self.send_header("Content-Length", str(len(body) + 1000 * (status == 206)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        return Handler


@pytest.fixture
def mirror(monkeypatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "*")
    running = Mirror()
    yield running
    running.server.shutdown()
    running.server.server_close()


CONTENT = bytes(range(256)) * 40
ARCHIVE = Archive("data.bin", "http://nowhere.invalid/data.bin", hashlib.md5(CONTENT).hexdigest())


def fetch(target: Path, address: str | None) -> None:
    fetch_archive(ARCHIVE, target, address, pause_seconds=0, report=lambda line: None)


@pytest.mark.parametrize(
    ("name", "wrong", "requests"),
    [
        ("download cut short", (206, CONTENT[:500]), 4),
        ("wrong bytes", (200, b"a login page"), 4),
        ("server error", (500, b"busy"), 4),
        ("server too busy", (429, b"later"), 4),
        ("server that hangs up", (0, b""), 4),
        ("page not found", (404, b"gone"), 1),
        ("page forbidden", (403, b"no"), 1),
    ],
)
def test_downloads_that_fail(tmp_path, mirror, name, wrong, requests):
    with fault(name):
        mirror.answer(wrong)
        with pytest.raises(StudyError) as caught:
            fetch(tmp_path / "data.bin", mirror.address)
        assert f"by hand and either put it at {tmp_path / 'data.bin'}, or name its folder" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
        assert mirror.asked == requests
        assert not list(tmp_path.iterdir())
        mirror.answer(*[wrong] * (requests > 1), (200, CONTENT))
        fetch(tmp_path / "data.bin", mirror.address)
        assert contents(tmp_path) == {"data.bin": CONTENT}


@pytest.mark.parametrize("name", ["no name service", "connection refused"])
def test_no_network(tmp_path, mirror, name):
    with fault(name):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            refusing = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(StudyError, match=f"could not fetch .*{ARCHIVE.md5}"):
            fetch(tmp_path / "data.bin", None if name == "no name service" else refusing)
        assert not list(tmp_path.iterdir())
        mirror.answer((200, CONTENT))
        fetch(tmp_path / "data.bin", mirror.address)
        assert contents(tmp_path) == {"data.bin": CONTENT}


def test_an_archive_folder_without_the_archive(tmp_path):
    with fault("no archive in the folder"):
        found = run("download_archive", tmp_path, "--folder here --output there/cifar-10-python.tar.gz").sentence
        assert found.startswith("here/cifar-10-python.tar.gz does not exist; put cifar-10-python.tar.gz from ")
        assert contents(tmp_path) == {}


def small_fashion() -> dict[str, bytes]:
    """Return archives in the format of Fashion-MNIST, of 20 images each."""
    rng, files = np.random.default_rng(0), {}
    for prefix in ("train", "t10k"):
        images = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", np.arange(20, dtype=np.uint8) % 10)):
            header = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
            files[f"{prefix}-{kind}-ubyte.gz"] = gzip.compress(header + array.tobytes())
    return files


def test_snakemake_goes_on_after_a_mirror_that_failed(tmp_path, mirror):
    """The archives are small ones, whose checksums are written into the study's own copy of the table."""
    mirror.files = small_fashion()
    table = tmp_path / "workflow/scripts/hbr/data/archives.py"
    clothes = {"source": "torchvision", "name": "FashionMNIST", "mirror": mirror.address}
    config = small_config() | {"datasets": {"clothes": clothes | {"network": "small-cnn", "recipe": "quick"}}}
    # Smote would refuse so few samples.
    config["resampling"]["strategies"] = [{"oversampling": "random", "undersampling": "easy"}]
    study = Study(tmp_path, config)
    text = table.read_text()
    for archive in ARCHIVES["FashionMNIST"]:
        text = text.replace(archive.md5, hashlib.md5(mirror.files[archive.filename]).hexdigest())
    table.write_text(text)
    target = "results/digits/clothes/dataset.npz"
    with fault("mirror without the archive, in Snakemake"):
        mirror.answer((404, b"gone"))
        output = study.snakemake(target, fails=True)
        assert "HTTP Error 404: Not Found). Fetch t" in output
        assert "Traceback" not in output
        assert contents(tmp_path / "resources") == {}
    with fault("mirror that fails and recovers, in Snakemake"):
        mirror.answer((500, b"busy"), (206, b"some"), (200, None))
        study.snakemake(target)
        assert contents(tmp_path / "resources") == mirror.files
        assert (tmp_path / target).is_file()


# Disks, memory and signals


@pytest.mark.parametrize(
    ("step", "size", "names"),
    [
        ("prepare_dataset", 9_000, "dataset.npz"),
        ("plan_baseline", 1_000, "plan.parquet"),
        ("train_member", 1_000, "member/dynamics.npz"),
        ("estimate_hardness", 1_000, "samples.parquet"),
        ("allocate_samples", 100, "allocation.csv"),
        ("measure_classes", 200, "classes.csv"),
    ],
)
def test_a_disk_full_while_writing(folder, step, size, names):
    with fault(f"disk full: {names}"):
        before = contents(folder)
        for name in (before.keys() & set(STEPS[step].split())) - set(READS[step]):
            (folder / name).unlink()
        kept = contents(folder)
        found = run(step, folder, before=largest_file(size))
        assert found.sentence == f"{names} could not be written: File too large; make room for it and run again"
        assert {name for name in contents(folder) if Path(name).name.startswith(".")} == set()
        assert {name: content for name, content in contents(folder).items() if name in kept} == kept
        assert run(step, folder).code == 0
        assert contents(folder) == before


def test_a_disk_full_of_checkpoints_does_not_end_a_training(folder):
    with fault("disk full: checkpoint.npz"):
        before = contents(folder)
        sizes = [len(before[f"member/{name}"]) for name in ("outcomes.npz", "dynamics.npz")]
        found = run("train_member", folder, TRAIN + " --checkpoint-minutes 1e-9", largest_file(max(sizes) + 10))
        assert found.code == 0, found.terminal
        assert "no checkpoint could be written to member/checkpoint.npz (File too large)" in found.log
        assert contents(folder) == before


TITLE = "# %% [markdown]\n# # Title\n\n# %% tags=['parameters']\ninputs: dict = {}\nfigures = dataset = ''\n\n# %%\n"
PAGE = "--notebook own.py --dataset tiny --inputs {} --html page.html"
DRAW = "from pathlib import Path\nPath(figures, 'one.svg').write_text('x' * SIZE)\n"


@pytest.mark.parametrize(
    ("name", "cell", "wrong"),
    [
        ("disk full: page.html", DRAW.replace("SIZE", "10"), "page.html could not be written: File too large;"),
        ("disk full: figure", DRAW.replace("SIZE", "10**6"), "own.py: OSError: [Errno 27] File too large; figures are first"),
        ("kernel killed", "import os\nos.kill(os.getpid(), 9)\n", "own.py: its kernel was killed, most likely for want of"),
    ],
)
def test_notebooks_that_cannot_end(tmp_path, name, cell, wrong):
    with fault(name):
        (tmp_path / "own.py").write_text(TITLE + cell)
        found = run("render_notebook", tmp_path, PAGE, largest_file(100_000))
        assert found.sentence.startswith(wrong)
        assert {path for path in contents(tmp_path) if not path.startswith("figures/")} == {"own.py"}
        if "kernel" not in name:
            assert run("render_notebook", tmp_path, PAGE).code == 0
            assert {"own.py", "page.html", "figures/one.svg"} == set(contents(tmp_path))


def mount(place: Path, options: str) -> bool:
    """Mount a new file system; return whether one may."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A real file system of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount(place, "size=64k"):
        pytest.skip("no rights to mount a file system; RLIMIT_FSIZE plays a full disk in the other tests")
    yield place
    subprocess.run(["umount", place], check=True)


def test_snakemake_goes_on_after_a_full_disk(tmp_path, small_disk):
    target = "results/digits/digits/dataset.npz"
    (tmp_path / "study").mkdir()
    study = Study(tmp_path / "study", small_config())
    with fault("disk full, in Snakemake"):
        (study.folder / "results").symlink_to(small_disk)
        output = study.snakemake(target, fails=True)
        assert f"error: {target} could not be written: No space left on device; make room for it and run again" in output
        assert "Traceback" not in output
        assert contents(small_disk) == {}
        subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
        study.snakemake(target)
        assert (study.folder / target).is_file()


def test_a_log_on_a_full_disk_costs_no_work(folder):
    with fault("disk full: log"):
        before = contents(folder)
        for step in ("allocate_samples", "train_member"):
            assert run(step, folder, STEPS[step] + " --log /dev/full").code == 0
        assert contents(folder) == before


def test_a_folder_that_may_not_be_written(folder):
    with fault("read-only folder"):
        before = contents(folder)
        place, said = folder / "member", "Permission denied"
        # Root may write wherever the file system itself does not forbid it.
        mounted = not os.geteuid() and mount(place, "ro")
        if mounted:
            said = "Read-only file system"
        elif os.geteuid():
            place.chmod(0o555)
        else:
            pytest.skip("root without the right to mount")
        try:
            assert run("train_member", folder).sentence == f"{said}: member/dynamics.npz"
        finally:
            subprocess.run(["umount", place], check=True) if mounted else place.chmod(0o755)
        assert run("train_member", folder).code == 0
        assert contents(folder) == before


def test_a_path_where_a_file_stands_for_a_folder(folder):
    with fault("file in place of a folder"):
        before = contents(folder)
        shutil.rmtree(folder / "member")
        (folder / "member").write_text("")
        assert run("train_member", folder).sentence.endswith("exists: member")
        (folder / "member").unlink()
        assert run("train_member", folder).code == 0
        assert contents(folder) == before


@pytest.mark.parametrize("place", ["reading", "resizing", "training"])
def test_too_little_memory(folder, place):
    with fault(f"too little memory: {place}"):
        before = contents(folder)
        step, words, said = "prepare_dataset", STEPS["prepare_dataset"], "data.npz does not fit into memory ("
        if place == "reading":
            np.savez_compressed(folder / "data.npz", images=np.zeros(400_000_000, np.uint8))
        elif place == "resizing":
            write_images(folder / "pictures")
            words = "--source folder --root pictures --image-size 8000 --output dataset.npz"
            said = "not enough memory ("
        else:
            step, words, said = "train_member", TRAIN.replace('"width": 4', '"width": 4000'), "not enough memory ("
        found = run(step, folder, words, little_memory)
        assert found.sentence.startswith(said)
        assert {name for name in contents(folder) if Path(name).name.startswith(".")} == set()
        (folder / "data.npz").write_bytes(before["data.npz"])
        assert run(step, folder).code == 0
        assert contents(folder).items() >= before.items()


def big_source(folder: Path) -> None:
    """Write a ``data.npz`` whose prepared file takes a while to write."""
    images, labels = np.random.default_rng(0).integers(0, 256, (16_000, 64, 64), dtype=np.uint8), np.arange(16_000) % 2
    np.savez(folder / "data.npz", train_images=images, train_labels=labels, test_images=images[:20], test_labels=labels[:20])


def stop_while_writing(folder: Path, number: int, fraction: float, size: int) -> tuple[Ended, int]:
    """Start prepare_dataset, signal it once a share of ``size`` bytes is written; return its end and what was written then."""
    process, written = start("prepare_dataset", folder, STEPS["prepare_dataset"]), -1
    while process.is_alive() and written < fraction * size:
        for path in folder.glob(".dataset.npz.*"):
            with suppress(FileNotFoundError):
                written = path.stat().st_size
    # On a busy machine it may have ended since it was looked at.
    with suppress(ProcessLookupError):
        os.kill(process.pid, number)
    return ended(process, folder), written


def test_sigkill_while_writing_leaves_the_file_absent_or_whole(tmp_path, record_property):
    with fault("SIGKILL while writing"):
        big_source(tmp_path)
        assert run("prepare_dataset", tmp_path).code == 0
        whole = (tmp_path / "dataset.npz").read_bytes()
        (tmp_path / "dataset.npz").unlink()
        inside = 0
        for fraction in np.linspace(0, 0.8, 8):
            stop_while_writing(tmp_path, signal.SIGKILL, fraction, len(whole))
            left = [path.stat().st_size for path in tmp_path.glob(".dataset.npz.*")]
            assert len(left) <= 1, "the next run removes what a killed one left"
            if (tmp_path / "dataset.npz").exists():
                assert (tmp_path / "dataset.npz").read_bytes() == whole
                (tmp_path / "dataset.npz").unlink()
            inside += any(0 < size < len(whole) for size in left)
        record_property("kills while writing", inside)
        assert inside >= 3
        assert run("prepare_dataset", tmp_path).code == 0
        assert set(contents(tmp_path)) == {"data.npz", "dataset.npz", "ids.parquet"}
        assert (tmp_path / "dataset.npz").read_bytes() == whole


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_a_writer_that_is_asked_to_end_cleans_up(tmp_path, number, name):
    with fault(f"{name} while writing"):
        big_source(tmp_path)
        end, _ = stop_while_writing(tmp_path, number, 0, 1)
        assert end.sentence == f"stopped by {name}; run again to go on"
        assert end.code == 128 + number
        assert set(contents(tmp_path)) == {"data.npz"}
        assert run("prepare_dataset", tmp_path).code == 0


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_a_notebook_that_is_asked_to_end_stops_its_kernel(tmp_path, number, name):
    with fault(f"{name} in a notebook"):
        cell = "import os, time\nfrom pathlib import Path\nPath('kernel').write_text(str(os.getpid()))\ntime.sleep(60)\n"
        (tmp_path / "own.py").write_text(TITLE + cell)
        process = start("render_notebook", tmp_path, PAGE)
        while process.is_alive() and not (tmp_path / "kernel").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(process.pid, number)
        end = ended(process, tmp_path)
        assert end.sentence == f"stopped by {name}; run again to go on"
        assert set(contents(tmp_path)) == {"own.py", "kernel"}
        kernel = Path("/proc", (tmp_path / "kernel").read_text())
        for _ in range(500):
            if not kernel.exists():
                break
            time.sleep(0.01)
        assert not kernel.exists()


def test_a_loss_that_is_not_finite(folder):
    with fault("NaN loss"):
        before = contents(folder)
        shutil.rmtree(folder / "member")
        found = run("train_member", folder, TRAIN.replace('"learning_rate": 0.05', '"learning_rate": 1e30'))
        assert "lower `learning_rate` or add `warmup_epochs`" in found.sentence
        assert not (folder / "member").exists() or contents(folder / "member") == {}
        assert run("train_member", folder).code == 0
        assert contents(folder) == before


# Images


def write_images(root: Path, size: int = 12) -> Path:
    """Write two classes of 8 training and 4 test images; return one of them."""
    for split, samples in (("train", 8), ("test", 4)):
        for name in ("ant", "bee"):
            (root / split / name).mkdir(parents=True, exist_ok=True)
            for number in range(samples):
                pixels = np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{name}{number}.png")
    return root / "train/ant/ant3.png"


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")


def spoil(file: Path, how: str) -> Path:
    """Spoil an image; return the file that a message should name."""
    if how == "cut":
        file.write_bytes(file.read_bytes()[:200])
    elif how == "cut jpg":
        image = Image.open(file).resize((90, 90))
        file.unlink()
        file = file.with_suffix(".jpg")
        image.save(file)
        file.write_bytes(file.read_bytes()[:900])
    elif how == "flipped":
        content = bytearray(file.read_bytes())
        content[60] ^= 255
        file.write_bytes(content)
    elif how == "bomb":
        file.write_bytes(png_header(60_000, 60_000))
    elif how == "link":
        file.unlink()
        file.symlink_to("nowhere")
    else:
        file.write_bytes({"text": b"hello", "empty": b"", "program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n"}[how])
    return file


@pytest.mark.parametrize("how", ["cut", "cut jpg", "flipped", "text", "empty", "bomb", "program", "link"])
def test_an_image_that_cannot_be_decoded(tmp_path, how):
    with fault(f"image: {how}"):
        words = "--source folder --root pictures --image-size 12 --output dataset.npz"
        named = spoil(write_images(tmp_path / "pictures"), how)
        found = run("prepare_dataset", tmp_path, words)
        assert found.sentence.startswith(f"{named.relative_to(tmp_path)} cannot be read as an image (")
        assert found.sentence.endswith("); replace or remove it")
        assert not [name for name in contents(tmp_path) if "dataset.npz" in name]
        named.unlink()
        assert run("prepare_dataset", tmp_path, words).code == 0


def test_a_class_too_small_to_be_split(tmp_path):
    with fault("class too small to be split"):
        for name, samples in (("ant", 8), ("bee", 1)):
            (tmp_path / "pictures" / name).mkdir(parents=True)
            for number in range(samples):
                Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / name / f"{number}.png")
        words = "--source folder --root pictures --image-size 8 --test-fraction 0.5 --output dataset.npz"
        found = run("prepare_dataset", tmp_path, words).sentence
        assert found.startswith("pictures: class 'bee' has 1 samples, and test_fraction 0.5 leaves it none in train")
        Image.new("RGB", (8, 8)).save(tmp_path / "pictures/bee/1.png")
        assert run("prepare_dataset", tmp_path, words).code == 0


def test_snakemake_goes_on_after_an_image_was_replaced(tmp_path):
    file = write_images(tmp_path / "pictures")
    source = {"source": "folder", "root": "pictures", "image_size": 12, "network": "small-cnn", "recipe": "quick"}
    study = Study(tmp_path, small_config() | {"datasets": {"pictures": source}})
    target = "results/digits/pictures/dataset.npz"
    with fault("image cut short, in Snakemake"):
        whole = file.read_bytes()
        file.write_bytes(whole[:200])
        output = study.snakemake(target, fails=True)
        assert "error: pictures/train/ant/ant3.png cannot be read as an image (" in output
        assert "Traceback" not in output
        assert contents(tmp_path / "results") == {}
        file.write_bytes(whole)
        study.snakemake(target)
        assert (tmp_path / target).is_file()


# Damaged and foreign artifacts


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "missing"])
@pytest.mark.parametrize(("step", "name"), [(step, name) for step, names in READS.items() for name in names])
def test_damaged_inputs(folder, step, name, damage):
    if damage == "cut" and name.endswith(".csv"):
        damage = "binary"
    with fault(f"{damage} {name} in {step}"):
        before = contents(folder)
        if damage == "missing":
            (folder / name).unlink()
        else:
            whole = before[name]
            spoilt = {"cut": whole[: len(whole) // 2], "text": b"hello\nthere\n", "binary": b"\xff\x00" * 9, "empty": b""}
            (folder / name).write_bytes(spoilt[damage])
        found = run(step, folder).sentence
        if damage == "missing":
            assert found == f"No such file or directory: {name}"
        else:
            assert found.startswith(f"{name} is damaged or not ")
            assert found.endswith("run again")
        assert {name for name in contents(folder) if Path(name).name.startswith(".")} == set()
        (folder / name).write_bytes(before[name])
        assert run(step, folder).code == 0
        assert contents(folder) == before


def test_a_plan_whose_sample_does_not_exist(folder):
    with fault("plan: sample out of range"):
        before = contents(folder)
        plan = load_plan(folder / "plan.parquet")
        plan = replace(plan, source=np.where(np.arange(len(plan)) == 5, 99_999, plan.source))
        save_plan(folder / "plan.parquet", plan)
        found = run("train_member", folder).sentence
        assert found.startswith("plan.parquet: row 5 names sample 99999, but there are 54;")
        assert found.endswith("delete it and run again")
        assert run("plan_baseline", folder).code == run("train_member", folder).code == 0
        assert contents(folder) == before


@pytest.mark.parametrize(
    ("step", "name", "said"),
    [
        ("train_member", "plan.parquet", "plan.parquet: row 36 names sample 36, but there are 36; "),
        ("train_member", "dataset.npz", "plan.parquet: labels differ from the data set's; the plan was made for other data"),
        (
            "estimate_hardness",
            "member/dynamics.npz",
            "member/dynamics.npz was trained on other data than the study's are now:",
        ),
        ("plan_resampled", "samples.parquet", "samples.parquet was made from other data than dataset.npz; delete it"),
        ("plan_resampled", "allocation.csv", "allocation.csv was made from other data than dataset.npz; delete it"),
        ("measure_gaps", "allocation.csv", "classes.csv tells of 2 classes, but allocation.csv of 3; one of them is of"),
    ],
)
def test_results_of_another_study(other, chain, tmp_path, step, name, said):
    with fault(f"{name} of another study in {step}"):
        folder = Path(shutil.copytree(other, tmp_path / "study"))
        before = contents(folder)
        shutil.copyfile(chain / name, folder / name)
        if said.startswith("plan.parquet: labels"):
            # As many samples of the same shape, as with another source or seed of the split.
            write_arrays_source(folder, classes=3)
            arrays = dict(np.load(folder / "data.npz", allow_pickle=False))
            np.savez(folder / "data.npz", **{key: value[: 36 if "train" in key else 18] for key, value in arrays.items()})
            assert run("prepare_dataset", folder).code == 0
        found = run(step, folder)
        assert found.sentence.startswith(said)
        for file, content in before.items():
            (folder / file).write_bytes(content)
        assert run(step, folder).code == 0
        assert contents(folder) == before


def test_synthetic_images_of_another_study(folder):
    with fault("synthetic images of another shape"):
        other_plan = replace(load_plan(folder / "plan.parquet"), synthetic=np.zeros((0, 9, 9, 3), np.uint8))
        save_plan(folder / "plan.parquet", other_plan)
        found = run("train_member", folder).sentence
        assert found.startswith("plan.parquet holds images of (9, 9, 3), but dataset.npz of (8, 8, 3); the plan was made for")
        assert run("plan_baseline", folder).code == run("train_member", folder).code == 0


@pytest.mark.parametrize(("field", "said"), [("dataset", "other data"), ("settings", "another network, recipe or seed")])
def test_a_member_of_another_study(folder, field, said):
    with fault(f"member with other {field}"):
        mine = load_outcomes(folder / "member/outcomes.npz")
        save_outcomes(folder / "foreign.npz", replace(mine, **{field: "another"}))
        words = STEPS["measure_classes"].replace("member/outcomes.npz", "member/outcomes.npz foreign.npz")
        found = run("measure_classes", folder, words).sentence
        assert found.startswith(f"foreign.npz was trained with {said} than member/outcomes.npz; delete the wrong one")
        save_outcomes(folder / "foreign.npz", replace(mine, member=2))
        assert run("measure_classes", folder, words).code == 0


# Whole runs of Snakemake

NETWORK = """
import os, signal, time
from pathlib import Path
from torch import nn

def network(channels, classes):
    order = Path("order").read_text()
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    Path("training").touch()
    while Path("order").read_text() == "wait":
        time.sleep(0.05)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))
"""
MEMBER = "results/digits/digits/members/baseline/variant0/member1/outcomes.npz"


@pytest.fixture(scope="module")
def obedient(tmp_path_factory) -> Study:
    """A study whose trainings do as the file ``order`` says, and whose first member is trained."""
    folder = tmp_path_factory.mktemp("obedient")
    config = small_config()
    config["datasets"]["digits"].pop("width")
    config["datasets"]["digits"]["network"] = "mine:network"
    study = Study(folder, config)
    (folder / "mine.py").write_text(NETWORK)
    (folder / "order").write_text("go")
    study.snakemake(MEMBER)
    return study


@pytest.fixture
def again(obedient) -> Iterator[Study]:
    """The same, its member to be trained again; ends with a run that must give the same member."""
    member = obedient.folder / MEMBER
    whole = member.read_bytes()
    member.unlink()
    (obedient.folder / "training").unlink()
    yield obedient
    (obedient.folder / "order").write_text("go")
    if not member.exists():
        obedient.snakemake(MEMBER)
    assert member.read_bytes() == whole
    assert contents(member.parent).keys() == {"outcomes.npz", "dynamics.npz", "weights.npz"}


def background(study: Study) -> subprocess.Popen:
    """Start Snakemake; return once its training waits."""
    (study.folder / "order").write_text("wait")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "snakemake", "--cores", "2", MEMBER]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=study.folder, env=environment, start_new_session=True, **pipes)
    while process.poll() is None and not (study.folder / "training").exists():
        time.sleep(0.02)
    assert process.poll() is None, process.stdout.read()
    return process


def test_a_killed_job_and_then_two_snakemakes_in_one_folder(again):
    """What the killed job leaves is made by the first of two Snakemakes, while the second is refused."""
    with fault("SIGKILL of a job, in Snakemake"), fault("two Snakemakes in one folder"):
        (again.folder / "order").write_text("die")
        output = again.snakemake(MEMBER, fails=True)
        assert "Traceback" not in output
        assert not (again.folder / MEMBER).exists()
        first = background(again)
        output = again.snakemake(MEMBER, fails=True)
        assert "Directory cannot be locked" in output
        assert "Traceback" not in output
        assert first.poll() is None
        (again.folder / "order").write_text("go")
        said, _ = first.communicate(timeout=120)
        assert first.returncode == 0, said
        assert (again.folder / MEMBER).exists()


def test_snakemake_goes_on_after_an_interrupt(again):
    with fault("Ctrl-C, in Snakemake"):
        running = background(again)
        os.killpg(running.pid, signal.SIGINT)
        said, _ = running.communicate(timeout=60)
        assert running.returncode != 0
        assert "stopped by SIGINT; run again to go on" in said
        assert "Traceback" not in said
        assert not (again.folder / MEMBER).exists()


def test_snakemake_goes_on_after_a_spoilt_plan(again):
    with fault("plan: sample out of range, in Snakemake"):
        place = again.folder / "results/digits/digits/plans/baseline/variant0"
        plan = load_plan(place / "plan.parquet")
        plan = replace(plan, source=plan.source - 1)
        save_plan(place / "plan.parquet", plan)
        output = again.snakemake(MEMBER, fails=True)
        assert "variant0/plan.parquet: row 0 names sample -1, but there are" in output
        assert "Traceback" not in output
        (place / "plan.parquet").unlink()


def test_all_faults_were_survived(record_property):
    record_property("faults tried", len(TRIED))
    record_property("faults survived", len(SURVIVED))
    print(f"{len(SURVIVED)} faults survived of {len(TRIED)} tried")
    assert sorted(set(TRIED) - set(SURVIVED)) == []


def test_a_signal_is_told_though_a_library_raises_an_error_of_its_own_on_the_way_out(tmp_path):
    code = (
        "import argparse, os, signal\nfrom hbr.study.command import run\n"
        "def main(arguments):\n"
        "    try:\n        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n        raise ValueError('cannot close')\n"
        "run(main, argparse.ArgumentParser())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow/scripts")}
    words = [sys.executable, "-c", code, "--log", str(tmp_path / "log")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "error: stopped by SIGTERM; run again to go on\n")
