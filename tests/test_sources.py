"""Images where users keep them: what is read, what is left out and said, what is away and refused."""

import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import small_config
from PIL import ExifTags, Image, ImageOps

from hbr.data.datasets import load_dataset, save_dataset
from hbr.data.folders import _read_image, picture_size
from hbr.data.repeats import first_alike, repeat_table, repeated
from hbr.data.sources import arrays_dataset, folder_dataset
from hbr.data.trees import fingerprint, image_tree
from hbr.errors import StudyError
from hbr.study.modules import check_plugins
from hbr.study.presence import expand_paths, present_sources

CLASSES = ("ant", "bee", "cow")


def picture(number: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def write(path: Path, number: int = 0, mode: str = "RGB", **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(number, mode).save(path, **options)
    return path


@pytest.fixture
def root(tmp_path) -> Path:
    """Three classes of 4 images to train on and 2 to test on."""
    for label, name in enumerate(CLASSES):
        for number in range(6):
            write(tmp_path / f"pictures/{'test' if number > 3 else 'train'}/{name}/{name}{number}.png", 10 * label + number)
    return tmp_path / "pictures"


def refusal(call, *arguments, **keys) -> str:
    with pytest.raises(StudyError) as caught:
        call(*arguments, **keys)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def read(root: Path, test_fraction: float | None = None):
    """Return the data set and what was said of it."""
    lines: list[str] = []
    return folder_dataset(root, 8, test_fraction, 0, lines.append), lines


# What is read


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_read_upright_as_viewers_show_them(tmp_path, orientation):
    plain = np.zeros((8, 6, 3), np.uint8)
    plain[:2, :3] = (250, 120, 10)
    noted = Image.Exif()
    noted[ExifTags.Base.Orientation] = orientation
    path = tmp_path / "1.png"
    Image.fromarray(plain).save(path, exif=noted)
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
    assert picture_size(path) == upright.size
    assert (_read_image(path, 8)[0] == np.asarray(upright.resize((8, 8), Image.Resampling.BILINEAR))).all()


def test_images_in_folders_below_a_class_are_its_images(root):
    for number in range(5):
        write(root / f"train/ant/second day/camera 2/x{number}.png", number)
    dataset, lines = read(root)
    assert np.bincount(dataset.train_labels).tolist() == [9, 4, 4]
    assert lines == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in ("x.bmp", "x.tif", "x.TIFF", "x.ppm", "x.gif")),
        *((name, {"format": "JPEG"}) for name in ("x.jfif", "x.jpe", "x.JPEG")),
        ("x.webp", {"lossless": True}),
    ],
)
def test_every_format_that_is_safe_to_read_is_read(root, name, options):
    before, _ = read(root)
    write(root / "train/ant" / name, 5, mode="P" if name.endswith("gif") else "RGB", **options)
    dataset, lines = read(root)
    assert len(dataset.train_labels) == 13
    assert lines == []
    pixels = dataset.train_images[-1]
    if options.get("format") != "JPEG":
        expected = picture(5, "P").convert("RGB") if name.endswith("gif") else picture(5)
        np.testing.assert_array_equal(pixels, np.asarray(expected))
    assert fingerprint(image_tree(root)) != before.checksum


@pytest.mark.parametrize(("mode", "same"), [("P", "RGB"), ("1", "L")])
def test_palettes_and_bits_are_converted_exactly(root, mode, same):
    file = write(root / "train/ant/ant0.png", 3, mode)
    pixels = np.asarray(Image.open(file).convert(same).convert("RGB"))
    np.testing.assert_array_equal(read(root)[0].train_images[0], pixels)


def test_of_several_pictures_in_a_file_the_first_is_read_and_said(root):
    write(root / "train/ant/ant0.webp", 7, save_all=True, append_images=[picture(8)], lossless=True)
    dataset, lines = read(root)
    np.testing.assert_array_equal(dataset.train_images[1], np.asarray(picture(7)))
    assert lines == [f"{root}: 1 file of several pictures, of which the first is read"]


# What is left out, and said


def leave(*names: str) -> Callable[[Path], None]:
    def put(root: Path) -> None:
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(b"no image")

    return put


LEFT = {
    "jupyter": (leave("train/.ipynb_checkpoints/ant0-checkpoint.png"), "1 entry of other programs passed over, train/.ipynb"),
    "mac": (leave("train/ant/._ant0.png", "train/ant/._ant1.png"), "2 entries of other programs passed over, train/ant/._a"),
    "mac archive": (leave("__MACOSX/train/._x.png"), "1 entry of other programs passed over, __MACOSX"),
    "disk station": (leave("train/@eaDir/x.png", "test/bee/@eaDir/y.png"), "2 entries of other programs passed over"),
    "other formats": (
        leave("train/ant/a.heic", "train/ant/b.heic", "train/bee/notes.txt"),
        "3 files in class folders left out",
    ),
    "loose": (leave("train/x.png", "test/y.png"), "2 images outside class folders left out, train/x.png, test/y.png"),
    "validation": (leave("val/ant/x.png"), "1 folder beside train and test left out, val"),
    "pipe": (lambda root: os.mkfifo(root / "train/ant/pipe.png"), "1 file in class folders left out"),
    "upward": (
        lambda root: (root / "train/ant/train").symlink_to(".."),
        "1 link to folders already walked passed over, train/ant/",
    ),
    "itself": (lambda root: (root / "train/ant/loop").symlink_to("loop"), "1 file in class folders left out"),
}


@pytest.mark.parametrize("put", LEFT)
def test_what_is_left_out_changes_nothing_and_is_counted(root, put):
    """Neither the data nor what they are known by: the reader and the fingerprint walk the same tree."""
    (dataset, lines), known = read(root), fingerprint(image_tree(root))
    assert lines == []
    change, said = LEFT[put]
    change(root)
    again, lines = read(root)
    assert again.checksum == dataset.checksum
    assert fingerprint(image_tree(root)) == known
    assert [line.startswith(f"{root}: {said}") for line in lines] == [True], lines


def test_hidden_folders_are_no_classes_of_one_folder(root):
    leave(".ipynb_checkpoints/x.png", "__MACOSX/ant/._x.png")(root / "train")
    dataset, lines = read(root / "train", 0.25)
    assert dataset.class_names == CLASSES
    assert len(lines) == 1


def test_links_that_lead_in_circles_end_at_once(tmp_path):
    """Each real folder once: links among n folders have n! paths."""
    folders = [tmp_path / f"pictures/ant/{number}" for number in range(12)]
    for number, folder in enumerate(folders):
        write(folder / f"{number}.png", number)
        write(tmp_path / f"pictures/bee/{number}.png", number)
        for other in folders:
            (folder / f"to {other.name}").symlink_to(other, target_is_directory=True)
    tree = image_tree(tmp_path / "pictures")
    assert len(tree.splits["all"]) == 24
    assert tree.remarks[0].startswith("144 links to folders already walked passed over, ant/")


def test_a_class_may_be_a_link_to_a_folder_elsewhere(root):
    (root / "train/cow").rename(root.parent / "elsewhere")
    (root / "train/cow").symlink_to(root.parent / "elsewhere")
    assert read(root)[1] == []
    before = fingerprint(image_tree(root))
    write(root.parent / "elsewhere/more.png")
    assert fingerprint(image_tree(root)) != before


def test_every_bad_image_is_named_at_once(root):
    bad = [root / name for name in ("train/ant/ant1.png", "train/cow/cow2.png", "test/bee/bee4.png")]
    for file in bad:
        file.write_bytes(b"no image")
    lines: list[str] = []
    message = refusal(folder_dataset, root, 8, None, 0, lines.append)
    assert f"{root}: 3 of 18 images cannot be used" in message
    assert [line.split(" cannot be read ")[0] for line in lines] == list(map(str, bad))


# Layouts


def test_images_without_classes_are_refused_with_a_way_out(root):
    for file in list((root / "test").rglob("*.png")):
        file.rename(root / "test" / file.name)
    for name in CLASSES:
        (root / "test" / name).rmdir()
    message = refusal(folder_dataset, root, 8, None, 0)
    assert message.startswith(f"{root / 'test'} holds 6 images and no class folders, so that their classes are unknown;")
    assert message.endswith(f"or set `root` to {root / 'train'} and `test_fraction`")
    assert read(root / "train", 0.25)[0].class_names == CLASSES


@pytest.mark.parametrize("names", [("Training", "Testing"), ("TRAIN", "Validation", "Test")])
def test_parts_of_a_data_set_under_other_names_are_no_classes(tmp_path, names):
    for name in names:
        write(tmp_path / f"{name}/ant/1.png")
    assert "which read as parts of a data set and not as its classes; rename" in refusal(folder_dataset, tmp_path, 8, 0.25, 0)


def test_classes_may_be_called_as_parts_of_a_data_set_are(tmp_path):
    for number, name in enumerate(("Train", "Test") * 4):
        write(tmp_path / f"{name}/{number}.png", number)
    assert read(tmp_path, 0.25)[0].class_names == ("Test", "Train")


@pytest.mark.parametrize(("away", "left"), [("test", "train"), ("train", "test")])
def test_a_split_alone_is_no_class(root, away, left):
    (root / away).rename(root.parent / "away")
    message = refusal(folder_dataset, root, 8, 0.25, 0)
    assert message.startswith(f"{root} holds {left}/ but no {away}/;")


# Names and texts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_listing_may_begin_with_a_byte_order_mark(root, encoding, end):
    (root / "classes.txt").write_bytes(end.join(["cow", "ant", "bee", ""]).encode(encoding))
    assert read(root)[0].class_names == ("cow", "ant", "bee")


@pytest.mark.parametrize(("encoding", "said"), [("utf-16", "UTF-16 (byte 1)"), ("latin-1", "not UTF-8 (byte 8)")])
def test_a_listing_in_another_encoding_is_named(root, encoding, said):
    (root / "classes.txt").write_bytes("ant\nbee\u00e9\ncow\n".encode(encoding))
    assert refusal(image_tree, root) == f"{root / 'classes.txt'} is {said}; save it as UTF-8"


@pytest.mark.parametrize("place", ["train", "test", "classes.txt"])
def test_names_are_compared_in_one_normal_form(root, place):
    composed, apart = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    assert composed != apart
    for split in ("train", "test"):
        (root / split / "cow").rename(root / split / (apart if split == place else composed))
    (root / "classes.txt").write_text(f"bee\nant\n{apart if place == 'classes.txt' else composed}\n", encoding="utf-8")
    known = fingerprint(image_tree(root))
    assert read(root)[0].class_names == ("bee", "ant", composed)
    if place != "classes.txt":
        (root / place / apart).rename(root / place / composed)
    assert fingerprint(image_tree(root)) == known


def test_two_folders_that_read_alike_are_refused(root):
    for form in ("NFC", "NFD"):
        (root / "train" / unicodedata.normalize(form, "caf\u00e9")).mkdir()
    assert "holds two folders that both read 'caf\u00e9'" in refusal(image_tree, root)


# Fingerprints


def test_fingerprint_sees_names_and_sizes_and_no_dates_or_places(root):
    before = fingerprint(image_tree(root))
    file = root / "train/cow/cow1.png"
    os.utime(file, (1, 1))
    (root / "notes.md").write_text("not part of the data")
    (root / "classes.txt").write_text("ant\nbee\ncow\n")
    moved = root.rename(root.parent / "elsewhere")
    assert fingerprint(image_tree(moved)) == before
    (moved / "train/cow/cow1.png").rename(moved / "train/cow/cow9.png")
    seen = {before, fingerprint(image_tree(moved))}
    (moved / "train/cow/cow9.png").write_bytes(b"other size")
    seen.add(fingerprint(image_tree(moved)))
    (moved / "train/cow/cow9.png").rename(moved / "train/bee/cow9.png")
    seen.add(fingerprint(image_tree(moved)))
    write(moved / "test/cow/cow9.png")
    seen.add(fingerprint(image_tree(moved)))
    (moved / "classes.txt").write_text("cow\nant\nbee\n")
    seen.add(fingerprint(image_tree(moved)))
    assert len(seen) == 6


# What is away


@pytest.fixture
def study(root, monkeypatch) -> dict:
    """The config of a study of these images in the working folder, which has prepared them."""
    monkeypatch.chdir(root.parent)
    Path("results/digits/mine").mkdir(parents=True)
    save_dataset("results/digits/mine/dataset.npz", read(root)[0])
    source = {"source": "folder", "root": "pictures", "image_size": 8, "network": "small-cnn", "recipe": "quick"}
    return small_config() | {"datasets": {"mine": source}}


def unreadable(monkeypatch, folder: str) -> None:
    scan = os.scandir

    def refuse(path):
        if str(path).endswith(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)


AWAY = {
    "root": (lambda _: Path("pictures").rename("away"), "pictures is not a folder;"),
    "mount point": (
        lambda _: (Path("pictures").rename("away"), Path("pictures").mkdir()),
        "pictures holds no images in class folders",
    ),
    "split": (lambda _: Path("pictures/test").rename("away"), "pictures holds train/ but no test/;"),
    "class of a split": (lambda _: Path("pictures/test/cow").rename("away"), "pictures/test/cow is missing, though class"),
    "class": (
        lambda _: [Path(f"pictures/{split}/cow").rename(f"away-{split}") for split in ("train", "test")],
        "pictures holds no images of class 'cow' (delete results/digits/mine/dataset.npz if it is to go)",
    ),
    "images of a class": (
        lambda _: [file.unlink() for file in Path("pictures/train/cow").iterdir()],
        "pictures holds no images of class 'cow' (delete",
    ),
    "rights of the root": (lambda patch: unreadable(patch, "pictures"), "pictures cannot be read (Permission denied)"),
    "rights of a class": (lambda patch: unreadable(patch, "train/cow"), "pictures/train/cow cannot be read (Permission"),
}


@pytest.mark.parametrize("how", AWAY)
def test_a_folder_that_is_away_is_refused_before_its_results_are_touched(study, monkeypatch, how):
    present_sources(study)
    take, said = AWAY[how]
    take(monkeypatch)
    message = refusal(present_sources, study)
    assert message.startswith(f"datasets.mine: {said}")
    assert message.endswith("; results were made from 18 images: mount it, or change `root`")
    Path("results/digits/mine/dataset.npz").unlink()
    # Without results, two classes are as good as three, and an empty one is the reader's to name.
    if how not in ("class", "images of a class"):
        assert "results" not in refusal(present_sources, study)


def test_other_classes_are_other_data(study):
    Path("pictures/train/cow").rename("pictures/train/dog")
    Path("pictures/test/cow").rename("pictures/test/dog")
    present_sources(study)


def test_an_array_file_that_is_away_or_damaged_is_refused(study):
    study["datasets"]["mine"] = {"source": "arrays", "file": "data.npz"}
    assert refusal(present_sources, study).endswith(
        "data.npz cannot be read (No such file or directory); results were made from 18 images: mount it, or change `file`"
    )
    np.savez("data.npz", images=np.zeros(3))
    known = present_sources(study)
    Path("data.npz").rename("moved.npz")
    study["datasets"]["mine"]["file"] = "moved.npz"
    assert present_sources(study) == known
    Path("moved.npz").write_bytes(Path("moved.npz").read_bytes()[:100])
    assert "moved.npz is damaged or not an .npz" in refusal(present_sources, study)


def test_an_archive_that_is_away_is_missed_only_where_it_is_needed(study):
    study["datasets"]["mine"] = {"source": "torchvision", "name": "CIFAR10", "archive_folder": "disk"}
    present_sources(study)
    Path("results/digits/mine/dataset.npz").unlink()
    assert refusal(present_sources, study).startswith("datasets.mine: disk/cifar-10-python.tar.gz does not exist; put ")
    Path("resources").mkdir()
    Path("resources/cifar-10-python.tar.gz").touch()
    present_sources(study)


@pytest.mark.parametrize("key", ["network", "method"])
def test_a_function_whose_file_is_away_is_refused(study, key):
    place = study["datasets"]["mine"] if key == "network" else study["hardness"]["estimators"]["aum"]
    place[key] = "own.functions:mine"
    where = "datasets.mine.network" if key == "network" else "hardness.estimators.aum.method"
    assert refusal(check_plugins, study, [Path()]).startswith(
        f"{where}: own.functions:mine needs own/functions.py, which is not in"
    )
    Path("own").mkdir()
    Path("own/functions.py").touch()
    assert refusal(check_plugins, study, [Path()]) == f"{where}: own/functions.py has no function 'mine'"
    for text in ("def mime(): ...", "from others import mime", "mime = print"):
        Path("own/functions.py").write_text(text)
        assert refusal(check_plugins, study, [Path()]).endswith("has no function 'mine'; did you mean 'mime'?")
    # What only a run can tell is left to it.
    told = ("def mine(): ...", "from others import m as mine", "if True:\n  mine = print", "from others import *")
    for text in (*told, "globals()['mine'] = print", "def __getattr__(name): ...", "def broken(:"):
        Path("own/functions.py").write_text(text)
        check_plugins(study, [Path()])


# Paths


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    config = {
        "datasets": {"a": {"root": "~/pictures"}, "b": {"file": "~/x.npz"}, "c": {"archive_folder": "~"}, "d": {"root": "./~"}}
    }
    expand_paths(config)
    assert [next(iter(keys.values())) for keys in config["datasets"].values()] == [
        "/home/me/pictures",
        "/home/me/x.npz",
        "/home/me",
        "./~",
    ]
    assert "datasets.a.root: ~nobody-knows/x begins" in refusal(expand_paths, {"datasets": {"a": {"root": "~nobody-knows/x"}}})


# Arrays


def test_class_names_of_bytes_are_decoded(tmp_path):
    images, labels = np.zeros((6, 8, 8), np.uint8), np.arange(6) % 2
    np.savez(tmp_path / "x.npz", images=images, labels=labels, class_names=np.array(["caf\u00e9".encode(), b"bee"]))
    assert arrays_dataset(tmp_path / "x.npz", 0.5, 0).class_names == ("caf\u00e9", "bee")
    np.savez(tmp_path / "x.npz", images=images, labels=labels, class_names=np.array(["caf\u00e9".encode("latin-1"), b"bee"]))
    assert refusal(arrays_dataset, tmp_path / "x.npz", 0.5, 0).endswith(
        "class_names are bytes that are not UTF-8; save them as text"
    )


@pytest.mark.parametrize("channels", [(), (3,)])
def test_the_published_layout_of_medmnist_is_read(tmp_path, channels):
    rng, lines = np.random.default_rng(0), []
    parts = {}
    for split, count in (("train", 12), ("val", 4), ("test", 8)):
        parts[f"{split}_images"] = rng.integers(0, 256, (count, 28, 28, *channels), dtype=np.uint8)
        parts[f"{split}_labels"] = (np.arange(count) % 4)[:, None].astype(np.uint8)
    np.savez(tmp_path / "pathmnist.npz", **parts)
    dataset = arrays_dataset(tmp_path / "pathmnist.npz", None, 0, lines.append)
    assert dataset.train_labels.tolist() == [0, 1, 2, 3] * 3
    np.testing.assert_array_equal(dataset.test_images.reshape(parts["test_images"].shape), parts["test_images"])
    said = "left out, as it is neither train nor test: val_images of 4, val_labels of 4"
    assert lines == [f"{tmp_path / 'pathmnist.npz'}: {said}"]


def test_prepared_names_are_in_one_normal_form(tmp_path):
    name = unicodedata.normalize("NFD", "caf\u00e9")
    np.savez(
        tmp_path / "x.npz", images=np.zeros((6, 8, 8), np.uint8), labels=np.arange(6) % 2, class_names=np.array([name, "bee"])
    )
    save_dataset(tmp_path / "dataset.npz", arrays_dataset(tmp_path / "x.npz", 0.5, 0))
    assert load_dataset(tmp_path / "dataset.npz").class_names == ("caf\u00e9", "bee")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"labels": np.int64(3)}, "labels are a single number; expected one an image"),
        ({"images": np.zeros((6, 0, 8), np.uint8)}, "images have no pixels, shape (4, 0, 8, 1); give larger ones"),
    ],
)
def test_arrays_of_nothing_are_refused(tmp_path, arrays, said):
    np.savez(tmp_path / "x.npz", **({"images": np.zeros((6, 8, 8), np.uint8), "labels": np.arange(6) % 2} | arrays))
    assert said in refusal(arrays_dataset, tmp_path / "x.npz", 0.3, 0)


# What is there twice


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_picture_with_a_transparent_colour_is_refused(root, mode):
    file = write(root / "train/ant/ant0.png", 3, mode, transparency=picture(3, mode).getpixel((0, 0)))
    assert refusal(read, root) == f"{file} has transparent places; put it on a background you choose"


def test_images_seen_in_training_and_under_two_labels_are_said(root):
    dataset, _ = read(root)
    assert list(repeated(dataset)) == []
    bees = dataset.train_labels == 1
    images, labels = dataset.train_images[bees], dataset.train_labels[bees]
    told = list(repeated(replace(dataset, test_images=images, test_labels=labels, test_ids=("b0", "b1", "b2", "b3"))))
    first = dataset.train_ids[int(np.flatnonzero(bees)[0])]
    assert told == [
        f"4 test images are training images, pixel for pixel, such as test b0 (train {first}); leave out one of the "
        "two (`make lists` names all in repeats.csv)"
    ]
    images = np.concatenate([dataset.train_images, images[:1]])
    twice = replace(dataset, train_images=images, train_labels=np.append(dataset.train_labels, 0))
    twice = replace(twice, train_ids=(*dataset.train_ids, "x"))
    assert list(repeated(twice)) == [
        f"1 image stands under another label too, pixel for pixel, such as train x (train {first}); leave out one of the "
        "two (`make lists` names all in repeats.csv)"
    ]
    table = repeat_table(twice)
    assert table.to_dict("records") == [
        {"split": "train", "id": "x", "class_name": "ant"}
        | {"first_split": "train", "first_id": first, "first_class_name": "bee"}
    ]


def test_copies_of_an_image_lead_to_the_first(root):
    images = np.array([3, 5, 3, 3, 5, 7], np.uint8)[:, None, None, None].repeat(8, 1)
    assert first_alike(images[:2], images[2:]).tolist() == [0, 1, 0, 0, 1, 5]


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_that_no_pixel_has_is_nothing(root, mode):
    write(root / "train/ant/ant0.png", 3, mode, transparency=(1, 2, 9) if mode == "RGB" else 9)
    assert Image.open(root / "train/ant/ant0.png").has_transparency_data
    read(root)


def test_one_folder_that_is_two_classes_by_a_link_is_refused(root):
    (root / "train/zebra").symlink_to(root / "train/ant", target_is_directory=True)
    assert refusal(image_tree, root) == f"{root / 'train'}: 'ant' and 'zebra' are one folder by a link; remove the link"
