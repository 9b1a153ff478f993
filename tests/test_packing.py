"""A study as one archive: what is in it, what somebody else can do with it, and what is made of archives that were changed."""

import argparse
import hashlib
import io
import json
import shutil
import sys
import tarfile
import tempfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from conftest import ROOT, Study

from hbr.errors import StudyError
from hbr.study.claims.together import judge_together
from hbr.study.command import answer
from hbr.study.crate import CRATE, crate_of, parts_of, told_by
from hbr.study.packing import files_of, pack, unpack
from hbr.study.studies import load_study


def test_a_clone_that_unpacks_a_study_has_nothing_to_run(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(finished.folder)
    config = load_study(Path("config.yaml"))
    number = pack(tmp_path / "digits.tar.gz", Path("config.yaml"), config)
    (tmp_path / "clone").mkdir()
    clone = Study(tmp_path / "clone", finished.config)
    study, _, pictures = unpack(tmp_path / "digits.tar.gz", clone.folder)
    assert study == clone.folder / "config.yaml"
    assert pictures
    names = set(files_of(Path("config.yaml"), config))
    assert number == len(names)
    assert {"results/digits/digits/dataset.npz", "results/digits/digits/checksums.csv"} <= names
    assert any(name.startswith("benchmarks/results/digits/train_member/") for name in names)
    for name in names - {"config.yaml", "requirements.lock"}:
        there, here = Path(name), clone.folder / name
        assert here.read_bytes() == there.read_bytes()
        assert abs(here.stat().st_mtime - there.stat().st_mtime) < 1e-3
    assert not [path for path in clone.folder.iterdir() if path.name.startswith(".unpacked")]
    assert clone.planned() == {}
    with pytest.raises(StudyError, match="results/digits is there already"):
        unpack(tmp_path / "digits.tar.gz", clone.folder)


def test_images_and_what_shows_them_are_left_out_where_asked(whole, tmp_path, monkeypatch):
    import pack_study

    monkeypatch.chdir(whole.folder)
    hidden = pack_study.showing_images()
    assert hidden["noise"]
    config = load_study(Path("config.yaml"))
    every, fewer = (set(files_of(Path("config.yaml"), config, given)) for given in (None, hidden))
    left_out = {Path(name).relative_to("results/digits/digits") for name in every - fewer if name.startswith("results")}
    assert Path("dataset.npz") in left_out
    assert Path("plans/resampled-aum-smote-easy-alpha1/variant1/plan.parquet") in left_out
    assert Path("plans/control/variant1/plan.parquet") not in left_out
    assert "reports/digits/digits/noise.html" not in fewer
    assert {"reports/digits/ledger.html", "reports/digits/index.html"} <= fewer
    assert "<img" not in Path("reports/digits/index.html").read_text(encoding="utf-8")
    assert not [name for name in fewer if Path(name).stem in hidden["noise"]]


def test_a_study_that_is_not_finished_is_not_packed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=r"results/digits/digits/checksums\.csv is missing: the study is not finished"):
        files_of(ROOT / "config.yaml", load_study(ROOT / "config.yaml"))


@pytest.mark.parametrize("spoilt", ["hole", "changed file", "changed study", "page", "name"])
def test_a_study_that_is_not_whole_any_more_is_not_packed(finished, tmp_path, monkeypatch, spoilt):
    for name in ("results", "reports", "config.yaml"):
        put = shutil.copytree if (finished.folder / name).is_dir() else shutil.copy2
        put(finished.folder / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    study, config = Path("config.yaml"), load_study(Path("config.yaml"))
    table, sentence = Path("results/digits/digits/gaps.csv"), ""
    if spoilt == "hole":
        table.unlink()
        sentence = r"gaps\.csv is recorded, but missing; make run STUDY=config\.yaml first"
    elif spoilt == "changed file":
        table.write_text(table.read_text() + "\n")
        sentence = r"gaps\.csv was changed after the study ended"
    elif spoilt == "changed study":
        config["seed"] += 1
        sentence = r"^config\.yaml was changed: .*outcomes\.npz has another network, recipe or seed"
        with pytest.raises(StudyError, match=sentence):
            judge_together({study: config})
    elif spoilt == "page":
        Path("reports/digits/index.html").unlink()
        sentence = r"reports/digits/index\.html is missing"
    else:
        study = study.rename("study.txt")
        sentence = r"study\.txt would not be unpacked"
    with pytest.raises(StudyError, match=sentence):
        files_of(study, config)


def test_an_archive_says_which_version_made_its_results(packed):
    assert told_by(json.loads(packed[CRATE]))[2] == "0.0.9"


@pytest.fixture
def packed(tmp_path) -> dict[str, bytes]:
    """The files of an archive of a study that holds one table."""
    table, study = tmp_path / "gaps.csv", tmp_path / "mine.yaml"
    table.write_text("gap\n1\n")
    study.write_text("study: mine\n")
    files = {"results/mine/gaps.csv": table, "studies/own/mine.yaml": study}
    crate = crate_of("mine", "studies/own/mine.yaml", files, ["a machine"], True, "0.0.9")
    return {CRATE: json.dumps(crate).encode(), **{name: path.read_bytes() for name, path in files.items()}}


def archive_of(place: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(place, "w:gz") as archive:
        for name, content in files.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return place


def test_a_crate_says_what_it_holds(packed):
    crate = json.loads(packed[CRATE])
    assert crate["@graph"][0]["about"] == {"@id": "./"}
    assert set(parts_of(crate)) == set(packed) - {CRATE}
    assert told_by(crate)[:2] == ("mine", "studies/own/mine.yaml")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"results/mine/gaps.csv": b"gap\n2\n"}, r"gaps\.csv is not what its checksum says"),
        ({"results/mine/more.csv": b""}, r"more\.csv is not named in ro-crate-metadata\.json"),
        ({"results/mine/gaps.csv": None}, r"gaps\.csv is missing; the archive was changed"),
        ({"../out.csv": b""}, "is damaged or no archive of `make pack`"),
        ({CRATE: b"{}"}, "is not what `make pack` writes"),
        ({CRATE: None}, r"holds no ro-crate-metadata\.json"),
    ],
)
def test_archives_that_were_changed_are_refused_whole(packed, tmp_path, change, sentence):
    files = {name: content for name, content in {**packed, **change}.items() if content is not None}
    (tmp_path / "clone").mkdir()
    with pytest.raises(StudyError, match=sentence):
        unpack(archive_of(tmp_path / "mine.tar.gz", files), tmp_path / "clone")
    assert list((tmp_path / "clone").iterdir()) == []
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["workflow/scripts/train_member.py", "results/other/gaps.csv", "Makefile"])
def test_what_is_no_part_of_a_study_is_not_unpacked(packed, tmp_path, name):
    content = tmp_path / "content"
    content.write_bytes(b"x")
    crate = crate_of("mine", name, {name: content}, [], True) if name == "Makefile" else json.loads(packed[CRATE])
    if name != "Makefile":
        crate["@graph"].append({"@id": name, "@type": "File", "contentSize": "1", "sha256": "x"})
    (tmp_path / "clone").mkdir()
    files = {**({} if name == "Makefile" else packed), CRATE: json.dumps(crate).encode(), name: b"x"}
    with pytest.raises(StudyError, match=r"no part of a study|no study file"):
        unpack(archive_of(tmp_path / "mine.tar.gz", files), tmp_path / "clone")
    assert list((tmp_path / "clone").iterdir()) == []


@pytest.mark.parametrize("named", ["results/../../config.yaml", "gone.yaml"])
def test_a_study_file_that_is_not_in_the_archive_moves_nothing(packed, tmp_path, named):
    crate = json.loads(packed[CRATE])
    crate["@graph"][1]["mainEntity"]["@id"] = named
    (tmp_path / "clone").mkdir()
    files = {**packed, CRATE: json.dumps(crate).encode()}
    with pytest.raises(StudyError, match=r"does not hold its study file|no study file"):
        unpack(archive_of(tmp_path / "mine.tar.gz", files), tmp_path / "clone")
    assert list((tmp_path / "clone").iterdir()) == []


@pytest.mark.parametrize(("study", "whole"), [("mine", True), ("other", False)])
def test_records_of_another_study_are_not_unpacked(packed, tmp_path, study, whole):
    name = f".snakemake/metadata/{urlsafe_b64encode(f'results/{study}/gaps.csv'.encode()).decode()}"
    crate = json.loads(packed[CRATE])
    crate["@graph"].append({"@id": name, "@type": "File", "contentSize": "1", "sha256": hashlib.sha256(b"x").hexdigest()})
    (tmp_path / "clone").mkdir()
    archive = archive_of(tmp_path / "mine.tar.gz", {**packed, CRATE: json.dumps(crate).encode(), name: b"x"})
    if whole:
        unpack(archive, tmp_path / "clone")
        assert (tmp_path / "clone" / name).read_bytes() == b"x"
        return
    with pytest.raises(StudyError, match="is no part of a study"):
        unpack(archive, tmp_path / "clone")
    assert list((tmp_path / "clone").iterdir()) == []


def test_results_on_another_disk_are_moved_there_or_not_at_all(packed, tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    clone.mkdir()
    shared = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        (clone / "results").symlink_to(shared)
        archive = archive_of(tmp_path / "mine.tar.gz", packed)
        with monkeypatch.context() as broken:
            broken.setattr(shutil, "move", lambda *_: (shared / "mine").mkdir() or int("no disk"))
            with pytest.raises(ValueError, match="no disk"):
                unpack(archive, clone)
        assert not list(shared.iterdir())
        unpack(archive, clone)
        assert (shared / "mine/gaps.csv").read_bytes() == packed["results/mine/gaps.csv"]
    finally:
        shutil.rmtree(shared)


def test_a_study_file_that_is_there_is_left_alone(packed, tmp_path):
    archive, clone = archive_of(tmp_path / "mine.tar.gz", packed), tmp_path / "clone"
    (clone / "studies/own").mkdir(parents=True)
    (clone / "studies/own/mine.yaml").write_text("study: another\n")
    with pytest.raises(StudyError, match=r"studies/own/mine\.yaml is another study file; rename it"):
        unpack(archive, clone)
    assert not (clone / "results").exists()
    (clone / "studies/own/mine.yaml").write_bytes(packed["studies/own/mine.yaml"])
    assert unpack(archive, clone)[0] == clone / "studies/own/mine.yaml"
    assert (clone / "results/mine/gaps.csv").read_bytes() == packed["results/mine/gaps.csv"]


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(StudyError, match="does not exist; name an archive"):
        unpack(tmp_path / "none.tar.gz", tmp_path)
    (tmp_path / "text.tar.gz").write_text("x")
    with pytest.raises(StudyError, match="is damaged or no archive"):
        unpack(tmp_path / "text.tar.gz", tmp_path)


def test_code_of_ones_own_is_named_since_it_is_not_in_an_archive(tmp_path, monkeypatch):
    import pack_study

    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("import helper\ndef network(): ...\n")
    (tmp_path / "helper.py").touch()
    config = load_study(ROOT / "config.yaml")
    assert pack_study.own_modules(Path("config.yaml"), config) == []
    config["datasets"]["digits"]["network"] = "mine:network"
    assert pack_study.own_modules(Path("config.yaml"), config) == ["helper.py", "mine.py"]


def test_what_cannot_be_written_is_told_in_a_sentence(tmp_path, monkeypatch):
    def fail(arguments: argparse.Namespace) -> None:
        (tmp_path / "a folder").mkdir()
        (tmp_path / "a folder").write_text("x")

    monkeypatch.setattr(sys, "argv", ["script"])
    with pytest.raises(SystemExit, match=r"^error: Is a directory: .*a folder$"):
        answer(fail, argparse.ArgumentParser())
