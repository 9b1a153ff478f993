"""Files are data: no pickle is loaded, no archive writes beside its folder, no name becomes a path, a command or a script."""

import ast
import hashlib
import io
import os
import pickle
import re
import shutil
import signal
import tarfile
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from conftest import ROOT, Study, small_config
from PIL import Image
from test_faults import READS, SHORT, TRAIN, Ended, contents, run, start, walk_steps, write_arrays_source

from hbr.analysis.figures.names import shortened
from hbr.data import archives as archives_module
from hbr.data.archives import ARCHIVES, Archive
from hbr.data.datasets import load_dataset
from hbr.data.sources import torchvision_dataset
from hbr.errors import StudyError

# Whole scripts.
pytestmark = pytest.mark.slow

# Sources


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` of an expression, or nothing."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else []), *reversed(parts)])


def is_set(call: ast.Call, key: str, value: object) -> bool:
    return any(k.arg == key and isinstance(k.value, ast.Constant) and k.value.value == value for k in call.keywords)


NEVER = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}
NEVER |= {"pd.read_pickle", "pandas.read_pickle", "shutil.unpack_archive", "tempfile.mktemp", "zipfile.ZipFile.extractall"}
UNPICKLERS = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve")


def dangers(code: str) -> list[str]:
    """Return every call that could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        last = name.rpartition(".")[2]
        dangerous = (
            name in NEVER
            or (name.split(".")[0] in UNPICKLERS and last in ("load", "loads", "Unpickler", "open"))
            or (name in ("np.load", "numpy.load") and not is_set(node, "allow_pickle", False))
            or (name == "torch.load" and not is_set(node, "weights_only", True))
            or (last in ("extractall", "extract") and not is_set(node, "filter", "data"))
            or is_set(node, "shell", True)
            or is_set(node, "allow_pickle", True)
            or is_set(node, "weights_only", False)
        )
        if dangerous:
            found.append(f"line {node.lineno}: {name}")
    return found


@pytest.mark.parametrize(
    "code",
    [
        "pickle.load(f)",
        "pickle.Unpickler(f)",
        "np.load(f)",
        "numpy.load(f, allow_pickle=True)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "archive.extractall(folder)",
        "yaml.load(f, Loader=yaml.Loader)",
        "eval(text)",
        "exec(text)",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "pd.read_pickle(f)",
        "joblib.load(f)",
    ],
)
def test_the_search_for_dangers_finds_them(code):
    assert dangers(code)


def test_no_source_loads_pickles_or_runs_texts():
    files = [path for path in (ROOT / "workflow").rglob("*.py") if "__pycache__" not in path.parts]
    assert len(files) > 30
    assert {str(path): found for path in files if (found := dangers(path.read_text()))} == {}


def test_no_rule_file_loads_pickles_or_runs_texts():
    words = (
        r"\b(eval|exec|__import__|os\.system|os\.popen|yaml\.(unsafe_|full_)?load|pickle\.loads?|(np|torch)\.load)\(|shell=True"
    )
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]:
        assert re.findall(words, path.read_text()) == [], path


# Pickles


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture
def marker(tmp_path) -> Iterator[Path]:
    """A file that no test may leave; the trap is shown to work first."""
    path = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(path)))
    assert path.exists()
    path.unlink()
    yield path
    assert not path.exists()


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Every artifact of a tiny study."""
    folder = tmp_path_factory.mktemp("chain")
    write_arrays_source(folder)
    walk_steps(folder)
    return folder


@pytest.fixture
def folder(study, tmp_path) -> Path:
    return Path(shutil.copytree(study, tmp_path / "study"))


def read_by(kind: str) -> list[tuple[str, str]]:
    return [(step, name) for step, names in READS.items() for name in names if name.endswith(kind)]


def assert_refused(end: Ended, name: str) -> None:
    assert end.sentence.startswith(f"{name} is damaged or not ")


@pytest.mark.parametrize(("step", "name"), read_by(".npz"))
def test_object_arrays_are_refused(folder, marker, step, name):
    with np.load(folder / name, allow_pickle=False) as archive:
        arrays = dict(archive)
    for key in arrays:
        np.savez(folder / name, **arrays | {key: np.array([Trap(marker)], dtype=object)})
        end = run(step, folder)
        # An array that a script never touches harms nobody.
        if end.code:
            assert_refused(end, name)
        assert not marker.exists()


@pytest.mark.parametrize("name", ["data.npz", "member/outcomes.npz", "member/dynamics.npz"])
def test_every_array_of_these_files_is_read(folder, marker, name):
    step = next(step for step, names in READS.items() if name in names)
    np.savez(folder / name, trap=np.array([Trap(marker)], dtype=object))
    assert_refused(run(step, folder), name)


@pytest.mark.parametrize(("step", "name"), read_by(""))
def test_pickles_under_another_name_are_refused(folder, marker, step, name):
    (folder / name).write_bytes(pickle.dumps(Trap(marker)))
    assert_refused(run(step, folder), name)


@pytest.mark.parametrize(("step", "name"), read_by(".parquet"))
def test_pickles_in_the_metadata_of_parquet_are_ignored(folder, marker, step, name):
    table = pq.read_table(folder / name)
    metadata = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": pickle.dumps(Trap(marker))}
    fields = [field.with_metadata(metadata) for field in table.schema]
    columns = [column.combine_chunks() for column in table.columns]
    about = {
        b"pandas": b'{"index_columns": [], "attributes": {}, "columns": [], "creator": {}}',
        b"x": pickle.dumps(Trap(marker)),
    }
    pq.write_table(pa.table(columns, schema=pa.schema(fields, metadata=about)), folder / name)
    end = run(step, folder)
    assert end.code == 0 or end.sentence


@pytest.mark.parametrize("place", ["array", "state"])
def test_pickles_in_a_checkpoint_are_set_aside(folder, marker, place):
    """A checkpoint that bears the right tag, so that nothing but the refusal to unpickle stands in its way."""
    words = TRAIN.replace('"epochs": 1,', '"epochs": 20,') + " --checkpoint-minutes 1e-9"
    checkpoint = folder / "member/checkpoint.npz"
    process = start("train_member", folder, words)
    while process.is_alive() and not checkpoint.exists():
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with np.load(checkpoint, allow_pickle=False) as archive:
        saved = dict(archive)
    if place == "array":
        saved["state"] = np.array([Trap(marker)], dtype=object)
    else:
        stream = io.BytesIO()
        torch.save({"epoch": Trap(marker)}, stream)
        saved["state"] = np.frombuffer(stream.getvalue(), np.uint8)
    np.savez(checkpoint, **saved)
    end = run("train_member", folder, words.replace("1e-9", "5"))
    assert end.code == 0
    assert "checkpoint.npz is damaged; it is set aside as checkpoint.damaged.npz" in end.log
    assert SHORT["epochs"] == 1


# Archives


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for entry, content in members:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize("how", ["above", "absolute", "link", "link to a folder", "hard link", "device", "pickle"])
def test_an_archive_writes_nothing_beside_its_folder(tmp_path, monkeypatch, marker, how):
    """Its checksum is made to fit, as if the published archive itself had been replaced."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    secret = tmp_path / "secret"
    secret.write_text("mine")
    evil = tmp_path / "evil"
    inside = "cifar-10-batches-py"
    members = {
        "above": [(entry("../../evil"), b"evil")],
        "absolute": [(entry(str(evil)), b"evil")],
        "link": [(entry("out", tarfile.SYMTYPE, str(secret)), b""), (entry("out"), b"evil")],
        "link to a folder": [(entry("out", tarfile.SYMTYPE, "../.."), b""), (entry("out/evil"), b"evil")],
        "hard link": [(entry("out", tarfile.LNKTYPE, "../../secret"), b""), (entry("out"), b"evil")],
        "device": [(entry("zero", tarfile.CHRTYPE), b"")],
        "pickle": [
            (entry(f"{inside}/{name}"), pickle.dumps(Trap(marker))) for name in ("batches.meta", "data_batch_1", "test_batch")
        ],
    }[how]
    path = tmp_path / "cifar-10-python.tar.gz"
    tar_of(path, *members)
    found = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(archives_module.ARCHIVES, "CIFAR10", (Archive(path.name, "http://127.0.0.1:9/x", found),))
    with pytest.raises(StudyError) as caught:
        torchvision_dataset("CIFAR10", [path])
    assert str(caught.value).startswith(f"{path} cannot be decoded as CIFAR10 (")
    assert secret.read_text() == "mine"
    assert not evil.exists()
    assert set(contents(tmp_path)) == {"secret", path.name}


def test_the_checksum_comes_before_everything_else(tmp_path, marker):
    path = tmp_path / ARCHIVES["CIFAR10"][0].filename
    path.write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(StudyError, match="has MD5"):
        torchvision_dataset("CIFAR10", [path])


# Names

LONG = "long " * 40
NASTY = [
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned;",
    "| touch pwned &",
    "--rf",
    "..x",
    "<script>alert(1)<",
    "<img src=x onerror=alert(2)>",
    '" onload="alert(3)',
    "it's &amp; 100 %s",
    "{wildcards.dataset}",
    "$x^2$",
    r"a\$b$c $\frac$",
    "NA",
    "007",
    "Grüße 🐈",
    LONG,
]
FILES = ["$(touch pwned)", ";touch pwned;", "-rf", "<script>alert(4)<", "{wildcards}", "line\nbreak", "x" * 240, "it's"]


class Page(HTMLParser):
    """The texts, scripts and event handlers of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.tag = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""

    def handle_data(self, data: str) -> None:
        if self.tag == "script":
            self.scripts[-1] += data
        elif self.tag != "style":
            self.texts.append(data)


def assert_harmless(page: Path, names: list[str]) -> Page:
    read = Page(page.read_text(encoding="utf-8"))
    handlers = [(name, value) for name, value in read.attributes if name.startswith("on") and "alert" in value]
    assert handlers == [], page
    for script in read.scripts:
        assert "alert(" not in script, page
        assert not [name for name in names if len(name) > 5 and name in script], page
    return read


def texts_of(svg: Path) -> str:
    """Return the texts of an SVG, which must be well-formed and without scripts."""
    root = ElementTree.parse(svg).getroot()
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "foreignObject", "iframe", "image"} - {"image"}, svg
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")], svg
    return "\n".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text"))


def write_pictures(root: Path, names: list[str]) -> None:
    for split, files in (("train", FILES), ("test", FILES[:4])):
        for label, name in enumerate(names):
            (root / split / name).mkdir(parents=True)
            for number, file in enumerate(files):
                pixels = np.random.default_rng(number).integers(0, 90, (8, 8, 3)).astype(np.uint8)
                pixels[label % 8, :, label // 8] += 150
                Image.fromarray(pixels).save(root / split / name / f"{file}.png")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory) -> Study:
    """A whole study of classes and files with such names."""
    folder = tmp_path_factory.mktemp("nasty")
    write_pictures(folder / "images", NASTY)
    config = small_config()
    source = {"source": "folder", "root": "images", "image_size": 8, "network": "small-cnn", "width": 4, "recipe": "quick"}
    config["datasets"] = {"pictures": source}
    config["resampling"] |= {"strategies": [{"oversampling": "random", "undersampling": "easy"}], "hardness_offset": 9.0}
    config["resampling"]["variants"] = 1
    config["hardness"]["estimators"] = {"aum": {}}
    config["recipes"]["quick"] |= {"epochs": 2, "el2n_epoch": 1}
    study = Study(folder, config)
    study.snakemake()
    return study


def test_class_names_reach_the_data_set_as_they_are(nasty):
    assert load_dataset(nasty.folder / "results/digits/pictures/dataset.npz").class_names == tuple(sorted(NASTY))


def test_names_never_run(nasty):
    assert not list(nasty.folder.rglob("pwned"))
    assert not list(nasty.folder.parent.glob("*pwned*"))
    made = [path for path in nasty.folder.rglob("*") if path.relative_to(nasty.folder).parts[0] != "images"]
    assert not [path for path in made if any(name in path.name for name in NASTY if name not in ("NA", "007"))]


def test_pages_show_names_escaped(nasty):
    reports = nasty.folder / "reports/digits/pictures"
    pages = {path.stem: assert_harmless(path, NASTY) for path in reports.glob("*.html")}
    assert set(pages) == {"baseline", "hardness", "robustness", "allocation", "effect", "precision", "gap_and_accuracy"}
    assert_harmless(reports.parent / "index.html", NASTY)
    for chapter in ("baseline", "hardness", "allocation"):
        shown = {text.strip() for text in pages[chapter].texts}
        assert {name.strip() for name in NASTY} <= shown, chapter


@pytest.mark.parametrize(
    "figure",
    [
        "images",
        "class_recall",
        "hardness_distributions",
        "class_order",
        "allocation",
        "recall_by_class",
        "class_changes",
        "easiest_images",
        "hardest_images",
    ],
)
def test_figures_show_names_as_they_are(nasty, figure):
    shown = texts_of(nasty.folder / f"reports/digits/pictures/figures/{figure}.svg")
    missing = [name for name in NASTY if shortened(name).strip() not in shown]
    # Sheets show some classes only.
    assert len(missing) < len(NASTY) if "images" in figure else missing == []


def test_all_figures_are_well_formed(nasty):
    figures = list((nasty.folder / "reports").rglob("*.svg"))
    assert len(figures) >= 12
    for figure in figures:
        texts_of(figure)


@pytest.mark.slow
def test_names_with_slashes_from_an_array_file(tmp_path):
    """Folders cannot be called so, but names inside an .npz can."""
    names = ["../../up", "</script><script>alert(1)</script>", "</td></table><b>"]
    write_arrays_source(tmp_path)
    with np.load(tmp_path / "data.npz", allow_pickle=False) as archive:
        np.savez(tmp_path / "data.npz", **archive, class_names=np.array(names))
    walk_steps(tmp_path)
    (tmp_path / "aum").mkdir()
    for old, new in (("samples.parquet", "samples.parquet"), ("hardness.csv", "classes.csv")):
        shutil.copyfile(tmp_path / old, tmp_path / "aum" / new)
    inputs = '{"data": "dataset.npz", "samples": ["aum/samples.parquet"], "classes": ["aum/classes.csv"]}'
    words = f"--notebook {ROOT}/workflow/notebooks/hardness.py --dataset tiny --html page.html"
    end = run("render_notebook", tmp_path, f"{words} --inputs '{inputs}'")
    assert end.code == 0, end.terminal
    page = assert_harmless(tmp_path / "page.html", names)
    assert set(names) <= {text.strip() for text in page.texts}
    for figure in (tmp_path / "figures").glob("*.svg"):
        texts_of(figure)
    assert list(pd.read_csv(tmp_path / "hardness.csv")["class_name"]) == names


@pytest.mark.parametrize("name", ["line\nbreak", "bell\x07", "escape\x1b[2J", "null\x00byte", "", "twice", "\u2028"])
def test_names_that_no_table_or_figure_can_hold_are_refused(tmp_path, name):
    write_arrays_source(tmp_path)
    with np.load(tmp_path / "data.npz", allow_pickle=False) as archive:
        np.savez(tmp_path / "data.npz", **archive, class_names=np.array(["ant", "twice", name or "\x00"]))
    found = run("prepare_dataset", tmp_path).sentence
    assert found.startswith("data.npz: ")
    assert "rename" in found
    assert found.isprintable()


@pytest.mark.parametrize("name", ["line\nbreak", "escape\x1b[2J", "\udcff"])
def test_folders_and_files_that_would_speak_to_the_terminal(tmp_path, name):
    words = "--source folder --root images --image-size 8 --output dataset.npz"
    write_pictures(tmp_path / "images", ["ant", "bee"])
    (tmp_path / "images/train/ant" / f"{name}.png").write_bytes(b"no image")
    found = run("prepare_dataset", tmp_path, words).sentence
    assert "cannot be read as an image" in found
    assert found.isprintable()
    shutil.rmtree(tmp_path / "images")
    write_pictures(tmp_path / "images", ["ant", name])
    found = run("prepare_dataset", tmp_path, words).sentence
    assert "is empty or holds a control character; rename the class" in found
    assert found.isprintable()
    assert set(contents(tmp_path)) == {path for path in contents(tmp_path) if path.startswith("images/")}


@pytest.mark.parametrize("line", ["../ant", "/etc", "bee/../ant", "."])
def test_a_listing_of_classes_cannot_lead_elsewhere(tmp_path, line):
    write_pictures(tmp_path / "images", ["ant", "bee"])
    (tmp_path / "images/classes.txt").write_text(f"{line}\nbee\n")
    found = run("prepare_dataset", tmp_path, "--source folder --root images --image-size 8 --output dataset.npz").sentence
    assert "classes.txt and the class folders disagree about" in found
