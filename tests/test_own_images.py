"""From a folder of pictures, or a .zip of one, to a study file: what is said, written, refused and left alone."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image
from test_places import STRANGE, make, with_makefile

from hbr.errors import StudyError
from hbr.hardness.allocation import resampling_ratios
from hbr.study.offsets import needed_offset, offset_by, offset_to_set
from hbr.study.own_images import look_at, told
from hbr.study.own_study import duration_of, root_of, study_name, study_path, written_study
from hbr.study.sizing import sizes_for, trainings, variants_within
from hbr.study.studies import load_study
from hbr.study.templates import filled, value_at
from hbr.study.zips import unpacked_beside

TEMPLATE = (ROOT / "studies/folder.yaml").read_text(encoding="utf-8")


def pictures(root: Path, counts: dict[str, int], size: tuple[int, int] = (12, 10)) -> Path:
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", size, (number, 9 * len(name) % 256, 7)).save(root / name / f"{number:03}.png")
    return root


# The template


def test_the_template_is_a_study_and_explains_every_key_of_its_sections():
    config = load_study(ROOT / "studies/folder.yaml")
    assert set(config["noise"]["rules"]) == {"lowest", "below", "pleiss"}
    assert config["placebos"]["kinds"] == ["shuffled"]
    assert "hardness_offset" in yaml.safe_load(TEMPLATE)["resampling"]


@settings(deadline=None, max_examples=25)
@given(
    some.text(some.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200), some.integers(8, 1024)
)
def test_whatever_a_folder_is_called_the_template_holds_it_and_keeps_the_rest(root, side):
    dataset = ("datasets", "my_images")
    text = filled(TEMPLATE, {(*dataset, "root"): root, (*dataset, "image_size"): side}, {dataset: "mine"})
    expected = yaml.safe_load(TEMPLATE)
    expected["datasets"] = {"mine": expected["datasets"]["my_images"] | {"root": root, "image_size": side}}
    assert yaml.safe_load(text) == expected
    assert text.count("#") - root.count("#") == TEMPLATE.count("#")
    assert len(text.splitlines()) == len(TEMPLATE.splitlines())


def test_comments_keep_their_column_where_they_can():
    text = "a: 1     # one\nb: [1, 2]   # two\nc: {d: long}  # three\n"
    assert filled(text, {("a",): 100, ("b",): [3]}).splitlines()[:2] == ["a: 100   # one", "b: [3]      # two"]
    assert filled(text, {("c", "d"): "longer still"}).splitlines()[2] == "c: {d: longer still}  # three"
    with pytest.raises(KeyError):
        filled(text, {("e",): 1})


# What is found


def test_what_a_folder_holds_is_said(tmp_path):
    root = pictures(tmp_path / "mine", {"ant": 12, "bee (Ä)": 30})
    (root / "ant/notes.txt").write_text("x")
    Image.new("L", (40, 20)).save(root / "ant/large.png")
    found = look_at(root)
    said = "\n".join(told(found))
    assert f"43 images of 2 classes in {root}" in said
    assert "images of each class: bee (Ä) 30, ant 13" in said
    assert "sizes: 12 x 10 pixels in the median, 10 to 40 pixels a side" in said
    assert "bee (Ä) has 2.3 times the images of ant" in said
    assert "1 file in class folders left out, as no images are read from them: 1 .txt" in said
    assert (found.short_side, found.class_counts, found.is_split) == (10, (13, 30), False)


def test_what_is_passed_over_stands_in_what_is_refused(tmp_path):
    root = pictures(tmp_path / "mine", {"ant": 12, "bee": 3})
    (root / "bee/1.HEIC").write_text("x")
    with pytest.raises(StudyError, match=r"of 'bee' \(3\), .* \(1 file in .*: 1 \.heic; convert pictures to JPEG or PNG\)$"):
        look_at(root)


def test_long_pictures_are_said_to_be_squeezed(tmp_path):
    root = pictures(tmp_path / "mine", {"ant": 10, "bee": 10}, (12, 8))
    assert "squeezed" not in "".join(told(look_at(root)))
    for number in range(3):
        Image.new("RGB", (13, 8), (number, 0, 0)).save(root / f"ant/{number:03}.png")
    assert "15% of the images are more than 1.5 times as long as wide; each is squeezed" in "\n".join(told(look_at(root)))


def test_the_one_folder_inside_is_meant(tmp_path):
    root = pictures(tmp_path / "outer/inner", {"ant": 10, "bee": 10})
    for name in ("__MACOSX", "@eaDir"):
        (tmp_path / "outer" / name).mkdir()
    assert look_at(tmp_path / "outer").tree.root == root
    # A picture beside the classes is none of them; one beside the folder of classes may be what is meant.
    shutil.copyfile(root / "ant/000.png", root / "all.png")
    found = look_at(tmp_path / "outer")
    assert found.tree.root == root and found.tree.remarks == ("1 image outside class folders left out, all.png",)
    shutil.copyfile(root / "ant/000.png", tmp_path / "outer/all.png")
    with pytest.raises(StudyError, match=r"outer holds images and one folder; name .*outer/inner if the classes are in there"):
        look_at(tmp_path / "outer")


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({}, "holds no images in class folders"),
        ({"ant": 12}, "holds one class, 'ant'"),
        ({"ant": 12, "bee": 9, "cat": 3}, r"holds fewer than 10 images of 'bee' \(9\), 'cat' \(3\), too few"),
        ({"train/ant": 9, "train/bee": 9, "test/ant": 9, "test/bee": 2}, r"test holds fewer than 3 images of 'bee' \(2\)"),
    ],
)
def test_folders_that_make_no_study_are_refused_in_a_sentence(tmp_path, counts, sentence):
    (tmp_path / "mine").mkdir()
    with pytest.raises(StudyError, match=sentence):
        look_at(pictures(tmp_path / "mine", counts))


def test_a_folder_that_is_not_there_and_pictures_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(StudyError, match=r"none does not exist; name a folder with one folder of images for each class"):
        look_at(tmp_path / "none")
    (tmp_path / "mine.tar.gz").write_bytes(b"")
    with pytest.raises(StudyError, match=r"mine\.tar\.gz is no folder and no \.zip; unpack it first, and name a folder"):
        look_at(tmp_path / "mine.tar.gz")
    root = pictures(tmp_path / "mine", {"ant": 10, "bee": 10})
    for number in range(2):
        (root / f"ant/{number:03}.png").write_bytes(b"no image")
    with pytest.raises(StudyError, match=r"ant/000\.png cannot be read as an image .* \(cannot be used either: ant/001\.png\)"):
        look_at(root)
    for picture in root.rglob("*.png"):
        picture.write_bytes(b"no image")
    with pytest.raises(StudyError, match=r"either: bee/000\.png, .* and 10 more\)$"):
        look_at(root)


# Archives


def zipped(archive: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return archive


def test_an_archive_is_unpacked_beside_once(tmp_path):
    archive = zipped(tmp_path / "My pictures.zip", {"ant/ä 1.png": b"a", "bee/1.png": b"b"})
    assert unpacked_beside(archive) == (tmp_path / "My pictures", True)
    assert (tmp_path / "My pictures/ant/ä 1.png").read_bytes() == b"a"
    assert unpacked_beside(archive) == (tmp_path / "My pictures", False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["My pictures", "My pictures.zip"]
    (tmp_path / "My pictures/bee/1.png").write_bytes(b"other")
    with pytest.raises(StudyError, match=r"My pictures is there, but bee/1\.png of My pictures\.zip is not in it"):
        unpacked_beside(archive)
    # Of the same size.
    (tmp_path / "My pictures/bee/1.png").write_bytes(b"c")
    with pytest.raises(StudyError, match=r"bee/1\.png of My pictures\.zip is not in it, or has another content"):
        unpacked_beside(archive)
    zipped(archive, {"ant/ä 1.png": b"a"})
    with pytest.raises(StudyError, match=r"holds bee/1\.png, which My pictures\.zip does not"):
        unpacked_beside(archive)


@pytest.mark.parametrize("coded", ["utf-8", "cp437"])
def test_names_in_an_archive_are_read_whether_or_not_they_say_their_code(tmp_path, coded):
    # As zip -r writes it: UTF-8 that nothing says, or the code page of old.
    name = "möwe".encode(coded)
    asked = b"m" + b"@" * (len(name) - 3) + b"we"
    archive = zipped(tmp_path / "mine.zip", {f"{asked.decode()}/1.png": b"a"})
    archive.write_bytes(archive.read_bytes().replace(asked, name))
    assert [path.name for path in unpacked_beside(archive)[0].iterdir()] == ["möwe"]


def test_what_a_disk_does_not_take_is_told_in_a_sentence(tmp_path):
    archive = zipped(tmp_path / "mine.zip", {f"{'x' * 300}/1.png": b"a"})
    with pytest.raises(StudyError, match=r"mine\.zip cannot be unpacked into .*mine \(File name too long\); copy it to where"):
        unpacked_beside(archive)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


@pytest.mark.parametrize("name", [".", "../out.png", "/etc/out.png", "ant/../../out.png", "..\\out.png", "C:/out.png"])
def test_nothing_is_written_outside_of_the_folder(tmp_path, name):
    archive = zipped(tmp_path / "mine.zip", {"ant/1.png": b"a", name: b"b"})
    with pytest.raises(StudyError, match="would lie outside of its folder"):
        unpacked_beside(archive)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


def test_an_empty_archive_is_refused(tmp_path):
    with pytest.raises(StudyError, match="holds no files"):
        unpacked_beside(zipped(tmp_path / "mine.zip", {}))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


def test_a_damaged_archive_leaves_nothing(tmp_path):
    archive = zipped(tmp_path / "mine.zip", {"ant/1.png": b"a" * 100})
    content = bytearray(archive.read_bytes())
    content[60] ^= 1
    for damaged in (bytes(content), bytes(content[:50]), b""):
        archive.write_bytes(damaged)
        with pytest.raises(StudyError, match=r"mine\.zip is damaged or no \.zip"):
            unpacked_beside(archive)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


# The study file


@pytest.mark.parametrize(("name", "study"), [("My Photos (2)", "my-photos-2"), ("été", "ete"), ("фото", None), ("-", None)])
def test_names_of_studies_resemble_their_folders(name, study):
    found = study_name(name)
    assert found == study or (study is None and found.startswith("images-") and len(found) == 13)


def test_two_folders_of_one_name_have_two_studies(tmp_path):
    one, other = tmp_path / "a/photos", tmp_path / "b/photos"
    path = study_path(tmp_path, one, one)
    path.write_text(filled(TEMPLATE, {("datasets", "my_images", "root"): str(one)}))
    assert root_of(path) == one
    assert study_path(tmp_path, one, one) == path
    assert study_path(tmp_path, other, other).name.startswith("photos-")


def test_a_study_stays_that_of_its_images_however_they_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    images = tmp_path / "photos"
    images.mkdir()
    (tmp_path / "link").symlink_to(images)
    path = study_path(tmp_path, images, images)
    for root in ("photos", "~/photos/", "link", str(images)):
        path.write_text(filled(TEMPLATE, {("datasets", "my_images", "root"): root}))
        assert study_path(tmp_path, images, images) == path
    # A second study beside it would hide what is wrong with it.
    for broken in ("datasets: [", "study: photos\n"):
        path.write_text(broken)
        assert study_path(tmp_path, images, images) == path


def test_a_study_of_other_images_by_its_name_is_said(tmp_path, monkeypatch, capsys):
    import describe_images

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(describe_images, "seconds_here", lambda *arguments: 7.0)
    root = pictures(tmp_path / "here/photos", {"ant": 10, "bee": 10})
    describe_images.main(describe_images.parser.parse_args([str(root)]))
    moved = shutil.move(root, tmp_path / "photos")
    capsys.readouterr()
    describe_images.main(describe_images.parser.parse_args([str(moved)]))
    said = capsys.readouterr()
    assert f"studies/own/photos.yaml is the study of {root}; if these are its images, moved, set `root` there" in said.err
    assert said.out.startswith("studies/own/photos-")


def test_a_name_that_another_study_bears_is_not_taken(tmp_path):
    digits, renamed = tmp_path / "pictures/digits", tmp_path / "renamed.yaml"
    others = [ROOT / "config.yaml", tmp_path / "none.yaml", renamed]
    assert study_path(tmp_path, digits, digits, others).name.startswith("digits-")
    renamed.write_text("study: photos\n")
    assert study_path(tmp_path, tmp_path / "photos", tmp_path / "photos", others).name.startswith("photos-")
    # A study goes on being that of its own images.
    own = tmp_path / "photos.yaml"
    own.write_text(f"study: photos\ndatasets: {{photos: {{root: {tmp_path / 'photos'}}}}}\n")
    assert study_path(tmp_path, tmp_path / "photos", tmp_path / "photos", [*others, own]) == own


@pytest.mark.parametrize("counts", [{"ant": 10, "bee": 25}, {"train/ant": 12, "train/bee": 9, "test/ant": 3, "test/bee": 4}])
def test_a_study_is_written_that_loads_and_says_what_was_found(tmp_path, counts):
    found = look_at(pictures(tmp_path / "it's: {mine} #1", counts))
    path = tmp_path / "studies/mine-1.yaml"
    said = written_study(path, found, TEMPLATE, lambda config, dataset: 10.0, 2, "make run IMAGES=mine")
    config = load_study(path)
    assert (config["study"], list(config["datasets"])) == ("mine-1", ["mine_1"])
    assert config["datasets"]["mine_1"]["root"] == str(found.tree.root)
    assert config["datasets"]["mine_1"]["image_size"] == 8
    assert config["recipes"]["mine"]["epochs"] == 40
    # 10 variants of control, resampled and placebo, 8 of the baseline, 2 with threshold samples, 5 without a fold each, twice.
    assert config["resampling"]["variants"] == config["noise"]["variants"] == 10
    assert said == "about 7 minutes on this machine as busy as it is: 50 trainings of 10 s, 2 at once"
    head = path.read_text(encoding="utf-8").partition("\nstudy:")[0]
    assert said in head.replace("\n#   ", " ")
    assert "images of 2 classes" in head
    assert all(line.startswith("#") for line in head.splitlines() if line)


def test_sizes_follow_the_amount_of_images(tmp_path):
    found = look_at(pictures(tmp_path / "mine", {"ant": 200, "bee": 100}, (64, 64)))
    sizes = sizes_for(found, "r", "s")
    assert sizes[("datasets", "my_images", "test_fraction")] == 0.3
    assert sizes[("recipes", "mine", "epochs")] == 40
    assert sizes[("noise", "rules", "lowest")] == {"method": "count", "count": 10}
    config = load_study(ROOT / "studies/folder.yaml")
    assert [variants_within(config, seconds, 2) for seconds in (1, 300, 10_000)] == [10, 4, 4]
    assert trainings(config) == 8 + 3 * 4 + 2 + 2 * 5
    assert duration_of(config, 10_000, 1).endswith("make it shorter")
    assert value_at(config, ("resampling", "variants")) == 4


# The offset


def test_an_offset_is_set_where_zero_would_not_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_study(ROOT / "studies/folder.yaml")
    place = Path("results/my-images/my_images/hardness/aum")
    assert offset_to_set(config) is None
    place.mkdir(parents=True)
    names = ("ant", "bee", "cat")

    def with_hardness(*hardness: float) -> float | None:
        table = pd.DataFrame({"class_name": names, "samples": [9, 9, 9], "hardness": hardness, "direction": "low-is-hard"})
        table.to_csv(place / "classes.csv", index=False)
        return offset_to_set(config)

    assert with_hardness(2.0, 2.1, 2.2) is None
    offset = with_hardness(-0.3, 0.2, 2.0)
    ratios = resampling_ratios(np.array([-0.3, 0.2, 2.0]), "low-is-hard", names, offset)
    # The easiest class keeps half of its images, and not much more.
    assert 0.5 <= min(3 * ratios) < 0.53
    assert max(3 * ratios) < 2
    assert needed_offset({"a": pd.read_csv(place / "classes.csv")}, "equal") == offset
    config["resampling"]["hardness_offset"] = 0.1
    assert offset_to_set(config) is None


def test_an_offset_is_of_one_estimator():
    config = load_study(ROOT / "studies/cifar10-cpu.yaml")
    # In units of the AUM, which EL2N has not.
    assert {name: offset_by(config, name) for name in config["hardness"]["estimators"]} == {
        "aum": 2,
        "el2n": 0,
        "forgetting": 0,
    }
    config["hardness"]["estimators"]["late"] = {"method": "aum", "first_epoch": 3}
    assert offset_by(config, "late") == 2
    # Margins of probabilities lie between -1 and 1.
    config["hardness"]["estimators"]["even"] = {"method": "aum", "margin": "probabilities"}
    assert offset_by(config, "even") == 0
    config["resampling"]["hardness_offset"] = {"el2n": 0.1}
    assert offset_to_set(config) is None
    assert (offset_by(config, "aum"), offset_by(config, "el2n")) == (0, 0.1)


def test_an_edited_study_is_left_alone(tmp_path, monkeypatch, capsys):
    import describe_images

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(describe_images, "seconds_here", lambda *arguments: 7.0)
    root = pictures(tmp_path / STRANGE, {"a 'cat'": 10, "ἀλώπηξ": 10})
    words = describe_images.parser.parse_args([str(root)])
    describe_images.main(words)
    said = capsys.readouterr()
    path = Path(said.out.strip())
    assert path == Path("studies/own/my-home-it-s-ete-100-1.yaml")
    assert "20 images of 2 classes" in said.err
    assert "is written" in said.err
    assert root_of(path) == root
    path.write_text(path.read_text(encoding="utf-8").replace("members: 8", "members: 2"), encoding="utf-8")
    edited = path.read_bytes()
    describe_images.main(words)
    said = capsys.readouterr()
    assert "is there and is used as it is" in said.err
    assert "trainings of 7 s" in said.err
    assert (Path(said.out.strip()), path.read_bytes()) == (path, edited)


def test_an_archive_is_looked_at_where_it_was_unpacked(tmp_path, monkeypatch, capsys):
    import describe_images

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(describe_images, "seconds_here", lambda *arguments: 7.0)
    root = pictures(tmp_path / "packed/my photos", {"ant": 10, "bee": 10})
    shutil.make_archive("photos", "zip", "packed")
    describe_images.main(describe_images.parser.parse_args(["photos.zip"]))
    said = capsys.readouterr()
    assert f"photos.zip is unpacked into {tmp_path}/photos" in said.err
    assert said.out == "studies/own/photos.yaml\n"
    assert root_of(Path("studies/own/photos.yaml")) == tmp_path / "photos" / root.name


@pytest.mark.slow
def test_a_step_is_timed_on_pictures_of_every_class(tmp_path):
    import torch

    from hbr.study.pace import seconds_of_training

    root = pictures(tmp_path / "mine", {"ant": 10, "bee": 10})
    Image.new("L", (9, 9)).save(root / "ant/grey.png")
    config = load_study(ROOT / "studies/folder.yaml")
    config["datasets"]["my_images"]["image_size"] = 8
    config["recipes"]["mine"] |= {"epochs": 2, "warmup_epochs": 1, "el2n_epoch": 1}
    assert 5 < seconds_of_training(look_at(root), config, "my_images", torch.device("cpu")) < 60


def test_make_hands_a_strange_name_on(tmp_path):
    study = with_makefile(tmp_path / "clone")
    done = make(study.folder, "run", f"IMAGES={pictures(tmp_path / STRANGE, {'ant': 10})}")
    assert done.returncode
    assert f"error: {tmp_path / STRANGE} holds one class, 'ant'" in done.stderr


def test_only_the_offset_of_a_study_file_is_written_again(tmp_path, monkeypatch, capsys):
    import settle_offset

    monkeypatch.chdir(tmp_path)
    place = Path("results/my-images/my_images/hardness/aum/classes.csv")
    Path("mine.yaml").write_text(TEMPLATE.replace("members: 8", "members: 9"), encoding="utf-8")
    edited = Path("mine.yaml").read_text(encoding="utf-8")
    settle_offset.main(settle_offset.parser.parse_args(["mine.yaml", "--tables"]))
    assert capsys.readouterr().out == f"{place}\n"
    place.parent.mkdir(parents=True)
    pd.DataFrame({"samples": [9, 9], "hardness": [-0.5, 2.0], "direction": "low-is-hard"}).to_csv(place, index=False)
    settle_offset.main(settle_offset.parser.parse_args(["mine.yaml"]))
    offset = load_study(Path("mine.yaml"))["resampling"]["hardness_offset"]
    assert offset > 0.5
    assert f"hardness_offset is set to {offset:g} in mine.yaml" in capsys.readouterr().out
    settled = Path("mine.yaml").read_text(encoding="utf-8")
    assert settled == edited.replace("hardness_offset: 0\n", f"hardness_offset: {offset}\n")
    for words in (["mine.yaml"], ["mine.yaml", "--tables"]):
        settle_offset.main(settle_offset.parser.parse_args(words))
        assert capsys.readouterr().out == ""
    Path("mine.yaml").write_text(edited.replace("  hardness_offset: 0", "  # hardness_offset: 0"), encoding="utf-8")
    with pytest.raises(StudyError, match=rf"write `hardness_offset: {offset:g}` under `resampling` in mine\.yaml"):
        settle_offset.main(settle_offset.parser.parse_args(["mine.yaml"]))
