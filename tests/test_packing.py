"""A study as one archive: what is in it, what somebody else can do with it, and what is made of archives that were changed."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from conftest import ROOT, Study

from hbr.errors import StudyError
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


@pytest.fixture
def packed(tmp_path) -> dict[str, bytes]:
    """The files of an archive of a study that holds one table."""
    table, study = tmp_path / "gaps.csv", tmp_path / "mine.yaml"
    table.write_text("gap\n1\n")
    study.write_text("study: mine\n")
    files = {"results/mine/gaps.csv": table, "studies/own/mine.yaml": study}
    crate = crate_of("mine", "studies/own/mine.yaml", files, ["a machine"], True)
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
