import gzip
import hashlib
import io
import os
import pickle
import tarfile
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from torchvision import datasets as torchvision_datasets

from hbr.data import archives as archives_module
from hbr.data.archives import ARCHIVES, Archive
from hbr.data.datasets import channel_statistics, load_dataset, prepare, save_dataset
from hbr.data.download import fetch_archive, md5_of
from hbr.data.files import read_arrays, replacing, write_arrays
from hbr.data.folders import picture_size
from hbr.data.plans import (
    DUPLICATE,
    HOLDOUT,
    KEPT,
    SYNTHETIC,
    Plan,
    check_plan,
    identity_plan,
    load_plan,
    save_plan,
)
from hbr.data.sources import (
    PAPER_STATISTICS,
    arrays_dataset,
    digits_dataset,
    folder_dataset,
    stratified_split,
    torchvision_dataset,
)
from hbr.data.trees import image_tree
from hbr.errors import StudyError

SPLIT = ("train_images", "train_labels", "test_images", "test_labels")


def refusal(call, *arguments, **keys) -> str:
    with pytest.raises(StudyError) as caught:
        call(*arguments, **keys)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def assert_same_dataset(one, other) -> None:
    for name in (*SPLIT, "mean", "std"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype
    assert one.class_names == other.class_names
    assert one.checksum == other.checksum


# Digits and splitting


def test_digits_are_small_bytes_of_equally_large_classes():
    dataset = digits_dataset(0.5, 0)
    assert dataset.train_images.dtype == dataset.test_images.dtype == np.uint8
    assert dataset.train_images.shape[1:] == dataset.test_images.shape[1:] == (8, 8, 1)
    assert dataset.train_images.max() == 240
    assert dataset.class_names == tuple("0123456789")
    assert set(np.bincount(dataset.train_labels)) == {87}


def test_digits_are_each_in_train_or_test_and_never_in_both():
    from sklearn.datasets import load_digits

    digits = load_digits()
    dataset = digits_dataset(0.3, 4)

    def keys(images, labels):
        return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))

    every = keys((digits.images * 15).astype(np.uint8), digits.target)
    train, test = keys(dataset.train_images, dataset.train_labels), keys(dataset.test_images, dataset.test_labels)
    assert len(set(every)) == len(every)
    assert sorted(train + test) == every


def test_the_seed_decides_the_digits_split():
    assert digits_dataset(0.5, 3).checksum == digits_dataset(0.5, 3).checksum
    assert digits_dataset(0.5, 3).checksum != digits_dataset(0.5, 4).checksum


def test_stratified_split_takes_the_fraction_of_each_class():
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 1, 1])
    train, test = stratified_split(labels, 0.5, 0)
    assert np.bincount(labels[train]).tolist() == [2, 3]
    assert np.bincount(labels[test]).tolist() == [2, 3]
    assert sorted([*train, *test]) == list(range(10))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


def test_balanced_split_trains_on_what_the_smallest_class_can_give():
    labels = np.repeat([0, 1, 2], [4, 10, 7])
    train, test = stratified_split(labels, 0.25, 0, balanced=True)
    assert np.bincount(labels[train]).tolist() == [3, 3, 3]
    assert np.bincount(labels[test]).tolist() == [1, 7, 4]
    assert sorted([*train, *test]) == list(range(21))


@pytest.mark.parametrize(("counts", "fraction"), [([4, 1], 0.5), ([4, 2], 0.8), ([9, 3], 0.1)])
def test_a_split_that_empties_a_class_is_refused(counts, fraction):
    message = refusal(stratified_split, np.repeat([0, 1], counts), fraction, 0)
    assert message.startswith(f"data set: class 1 has {counts[1]} samples, and test_fraction {fraction}")


# Folders


def write_image(path: Path, value, size: int = 8, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"lossless": True} if path.suffix == ".webp" else {}
    Image.new(mode, (size, size), value).save(path, **options)
    return path


@pytest.fixture
def photos(tmp_path) -> Path:
    """Two classes, three train images and one test image each; red is the number in the file name."""
    root = tmp_path / "photos"
    numbers = {"train": {"cat": (1, 4, 5), "ant": (0, 2, 3)}, "test": {"cat": (0,), "ant": (1,)}}
    for split, classes in numbers.items():
        for name, files in classes.items():
            for number in files:
                write_image(root / split / name / f"{number:03}.png", (number, 0, 0))
    return root


def test_folder_samples_stand_in_file_name_order_over_all_classes(photos):
    dataset = folder_dataset(photos, 8, None, 0)
    assert dataset.class_names == ("ant", "cat")
    assert dataset.train_images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert dataset.train_labels.tolist() == [0, 1, 0, 0, 1, 1]
    assert dataset.test_images[:, 0, 0, 0].tolist() == [0, 1]
    assert dataset.test_labels.tolist() == [1, 0]


def test_folder_images_are_resized(photos):
    halves = np.zeros((32, 32, 3), dtype=np.uint8)
    halves[:, 16:] = 255
    Image.fromarray(halves).save(photos / "train/ant/000.png")
    write_image(photos / "train/cat/001.png", (7, 8, 9), size=20)
    dataset = folder_dataset(photos, 16, None, 0)
    assert dataset.train_images.shape == (6, 16, 16, 3)
    assert (dataset.train_images[0, :, :7] == 0).all()
    assert (dataset.train_images[0, :, 9:] == 255).all()
    assert (dataset.train_images[1] == [7, 8, 9]).all()


def test_folder_images_of_the_right_size_keep_their_pixels(photos):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(photos / "train/ant/000.png")
    np.testing.assert_array_equal(folder_dataset(photos, 8, None, 0).train_images[0], pixels)


def test_classes_txt_sets_the_label_order(photos):
    (photos / "classes.txt").write_text("cat\n\nant\n")
    dataset = folder_dataset(photos, 8, None, 0)
    assert dataset.class_names == ("cat", "ant")
    assert dataset.train_labels.tolist() == [1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(("listing", "odd"), [("cat\n", "ant"), ("ant\ncat\ndog\n", "dog"), ("Ant\ncat\n", "Ant")])
def test_classes_txt_that_disagrees_is_refused(photos, listing, odd):
    (photos / "classes.txt").write_text(listing)
    message = refusal(folder_dataset, photos, 8, None, 0)
    assert "classes.txt" in message
    assert repr(odd) in message


def test_a_class_named_twice_in_classes_txt_is_refused(photos):
    (photos / "classes.txt").write_text("ant\ncat\ncat\n")
    assert "classes.txt" in refusal(folder_dataset, photos, 8, None, 0)


def test_one_folder_is_split_by_test_fraction(tmp_path):
    for number in range(12):
        write_image(tmp_path / ("ant", "cat")[number % 2] / f"{number:03}.png", (number, 0, 0))
    dataset = folder_dataset(tmp_path, 8, 0.5, 0)
    assert np.bincount(dataset.train_labels).tolist() == np.bincount(dataset.test_labels).tolist() == [3, 3]
    train, test = dataset.train_images[:, 0, 0, 0], dataset.test_images[:, 0, 0, 0]
    assert sorted([*train, *test]) == list(range(12))
    assert (train % 2 == dataset.train_labels).all()
    assert dataset.checksum == folder_dataset(tmp_path, 8, 0.5, 0).checksum
    assert dataset.checksum != folder_dataset(tmp_path, 8, 0.5, 1).checksum
    assert "test_fraction" in refusal(folder_dataset, tmp_path, 8, None, 0)


def test_grey_images_stay_grey(tmp_path):
    for split, name in [("train", "a"), ("train", "b"), ("test", "a"), ("test", "b")]:
        write_image(tmp_path / split / name / "0.png", 9, mode="L")
    assert folder_dataset(tmp_path, 8, None, 0).train_images.shape == (2, 8, 8, 1)


@pytest.mark.parametrize("split", ["train", "test"])
def test_grey_among_rgb_becomes_rgb(photos, split):
    file = sorted((photos / split / "ant").iterdir())[0]
    write_image(file, 77, mode="L")
    dataset = folder_dataset(photos, 8, None, 0)
    images = {"train": dataset.train_images, "test": dataset.test_images}
    assert images["train"].shape[3] == images["test"].shape[3] == 3
    assert (images[split][int(file.stem)] == 77).all()


def test_a_whole_split_of_grey_becomes_rgb(photos):
    for file in (photos / "test").rglob("*.png"):
        write_image(file, 50, mode="L")
    dataset = folder_dataset(photos, 8, None, 0)
    assert dataset.test_images.shape == (2, 8, 8, 3)
    assert (dataset.test_images == 50).all()


def test_other_colour_modes_are_refused_by_file(photos):
    file = write_image(photos / "train/cat/004.png", 0, mode="I;16")
    message = refusal(folder_dataset, photos, 8, None, 0)
    assert message.startswith(f"{file} has colour mode I;16;")


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_pictures_that_could_be_transparent_are_read_where_they_are_not(photos, mode):
    file = photos / "train/cat/004.png"
    Image.new(mode, (8, 8), (*[40] * (len(mode) - 1), 255)).save(file)
    assert (folder_dataset(photos, 8, None, 0).train_images == 40).all(axis=(1, 2, 3)).any()
    assert picture_size(file) == (8, 8)
    glass = Image.new(mode, (8, 8), (*[40] * (len(mode) - 1), 255))
    glass.putpixel((3, 3), (*[40] * (len(mode) - 1), 254))
    glass.save(file)
    said = f"{file} has transparent places; put it on a background you choose"
    assert refusal(folder_dataset, photos, 8, None, 0) == refusal(picture_size, file) == said


@pytest.mark.parametrize("content", [b"", b"no image at all", "half"], ids=["empty", "text", "half"])
def test_an_undecodable_image_is_refused_by_file(photos, content):
    file = photos / "train/cat/004.png"
    if content == "half":
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(file)
        content = file.read_bytes()[:2000]
    file.write_bytes(content)
    assert refusal(folder_dataset, photos, 8, None, 0).startswith(f"{file} cannot be read as an image")


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_class_is_refused(photos, split):
    for file in (photos / split / "cat").iterdir():
        file.unlink()
    message = refusal(folder_dataset, photos, 8, None, 0)
    assert f"{split}: class 'cat' has no samples" in message


def test_a_split_without_images_is_refused(photos):
    for file in (photos / "test").rglob("*.png"):
        file.unlink()
    assert refusal(folder_dataset, photos, 8, None, 0).startswith(f"{photos / 'test'} holds no ")


def test_one_class_is_refused(tmp_path):
    for split in ("train", "test"):
        write_image(tmp_path / split / "only" / "0.png", (0, 0, 0))
    assert "needs at least 2" in refusal(folder_dataset, tmp_path, 8, None, 0)


def test_a_missing_root_is_refused(tmp_path):
    assert refusal(folder_dataset, tmp_path / "nowhere", 8, None, 0).startswith(f"{tmp_path / 'nowhere'} is not a folder")


def test_a_class_missing_in_test_is_refused(photos):
    (photos / "test/cat/000.png").unlink()
    (photos / "test/cat").rmdir()
    assert refusal(folder_dataset, photos, 8, None, 0).startswith(f"{photos / 'test/cat'} is missing")


def test_a_class_missing_in_train_is_refused(photos):
    write_image(photos / "test/dog/002.png", (0, 0, 0))
    assert "dog" in refusal(folder_dataset, photos, 8, None, 0)


def test_class_order_of_the_real_cifar10_is_that_of_its_listing():
    folder = os.environ.get("HBR_CIFAR10")
    if not folder:
        pytest.skip("HBR_CIFAR10 names no unpacked cifar10 folder (train/<class>/<index>.webp)")
    assert list(image_tree(Path(folder)).class_names) == (Path(folder) / "classes.txt").read_text().split()


# Arrays


def array_parts(channels: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "train_images": rng.integers(0, 256, (6, 8, 8, channels), dtype=np.uint8),
        "train_labels": np.arange(6) % 3,
        "test_images": rng.integers(0, 256, (3, 8, 8, channels), dtype=np.uint8),
        "test_labels": np.arange(3),
    }


def saved(folder: Path, **arrays) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_arrays_with_a_test_set_are_taken_as_they_are(tmp_path):
    parts = array_parts()
    dataset = arrays_dataset(saved(tmp_path, **parts, class_names=np.array(["a", "b", "c"])), None, 0)
    for name in SPLIT:
        np.testing.assert_array_equal(getattr(dataset, name), parts[name])
    assert dataset.train_labels.dtype == np.int64
    assert dataset.class_names == ("a", "b", "c")


def test_arrays_without_a_test_set_are_split(tmp_path):
    images = np.arange(12, dtype=np.uint8)[:, None, None, None] * np.ones((8, 8, 3), dtype=np.uint8)
    labels = np.arange(12) % 2
    path = saved(tmp_path, images=images, labels=labels)
    dataset = arrays_dataset(path, 0.5, 0)
    train, test = dataset.train_images[:, 0, 0, 0], dataset.test_images[:, 0, 0, 0]
    assert sorted([*train, *test]) == list(range(12))
    assert (train % 2 == dataset.train_labels).all()
    assert (test % 2 == dataset.test_labels).all()
    assert dataset.class_names == ("0", "1")
    assert "test_fraction" in refusal(arrays_dataset, path, None, 0)


def test_grey_arrays_may_leave_the_channel_out(tmp_path):
    parts = array_parts(channels=1)
    flat = parts | {name: parts[name][..., 0] for name in ("train_images", "test_images")}
    assert_same_dataset(
        arrays_dataset(saved(tmp_path, **flat), None, 0), prepare(*(parts[name] for name in SPLIT), ("0", "1", "2"))
    )


@pytest.mark.parametrize(
    "dtype",
    [np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64],
)
def test_labels_of_any_integer_type_are_taken(tmp_path, dtype):
    parts = array_parts()
    parts |= {name: parts[name].astype(dtype) for name in ("train_labels", "test_labels")}
    assert arrays_dataset(saved(tmp_path, **parts), None, 0).train_labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("train_labels", lambda labels: labels[:-1], "give one label an image"),
        ("test_images", lambda images: images[:-1], "give one label an image"),
        ("train_labels", lambda labels: np.stack([labels, labels], axis=1), "give one label an image"),
        ("train_images", lambda images: images / 255.0, "expected uint8"),
        ("test_images", lambda images: images.astype(np.int64), "expected uint8"),
        ("train_images", lambda images: np.repeat(images, 2, axis=3), "expected uint8"),
        ("train_images", lambda images: images[:, :4], "make them equal"),
        ("train_labels", lambda labels: labels - 1, "labels run from -1 to 1"),
        ("test_labels", lambda labels: labels + 1, "labels run from 1 to 3"),
        ("train_labels", lambda labels: labels.astype(np.float64), "expected integers"),
        ("test_labels", lambda labels: labels * 0, "class '1' has no samples"),
        ("train_labels", lambda labels: labels * 0, "needs at least 2"),
        pytest.param(
            "train_labels",
            lambda labels: np.array(["a", "b", "c"])[labels],
            "expected integers",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_file(tmp_path, name, change, why):
    parts = array_parts()
    parts[name] = change(parts[name])
    path = saved(tmp_path, **parts)
    message = refusal(arrays_dataset, path, None, 0)
    assert message.startswith(str(path))
    assert why in message


def test_arrays_to_split_with_mismatched_counts_are_refused(tmp_path):
    path = saved(tmp_path, images=np.zeros((5, 8, 8), dtype=np.uint8), labels=np.arange(4))
    assert refusal(arrays_dataset, path, 0.5, 0).startswith(f"{path}: 5 images but labels of shape (4,)")


def test_object_arrays_are_refused_and_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    parts = array_parts() | {"class_names": np.array([Trap(), "b", "c"], dtype=object)}
    path = saved(tmp_path, **parts)
    assert refusal(arrays_dataset, path, None, 0).startswith(str(path))
    assert not (tmp_path / "sprung").exists()


def test_wrong_array_names_are_refused(tmp_path):
    message = refusal(arrays_dataset, saved(tmp_path, x=np.zeros(3), y=np.zeros(3)), 0.5, 0)
    assert "['x', 'y']" in message
    assert "expected images and labels" in message


def test_a_plain_npy_file_is_refused_by_name(tmp_path):
    path = tmp_path / "data.npz"
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert str(path) in refusal(arrays_dataset, path, None, 0)


def test_damage_inside_a_compressed_file_is_refused_by_name(tmp_path):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, train_images=np.repeat(np.arange(256, dtype=np.uint8), 40), other=np.zeros(3))
    content = bytearray(path.read_bytes())
    middle = content.index(b"train_images") + 120
    content[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(content)
    assert str(path) in refusal(arrays_dataset, path, None, 0)


# Prepared files


def test_a_prepared_file_returns_what_was_saved(tmp_path, tiny_dataset):
    save_dataset(tmp_path / "dataset.npz", tiny_dataset)
    assert_same_dataset(load_dataset(tmp_path / "dataset.npz"), tiny_dataset)
    assert str(read_arrays(tmp_path / "dataset.npz", "checksum")["checksum"]) == tiny_dataset.checksum


def test_equal_content_gives_equal_bytes(tmp_path, tiny_dataset):
    save_dataset(tmp_path / "one.npz", tiny_dataset)
    later = time.time() + 10_000
    save_dataset(tmp_path / "two.npz", load_dataset(tmp_path / "one.npz"))
    os.utime(tmp_path / "two.npz", (later, later))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_prepared_file_is_refused_by_name(tmp_path, tiny_dataset, kept):
    path = tmp_path / "dataset.npz"
    save_dataset(path, tiny_dataset)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert refusal(load_dataset, path).startswith(f"{path} is damaged")


def test_a_flipped_byte_in_a_prepared_file_is_refused_by_name(tmp_path, tiny_dataset):
    path = tmp_path / "dataset.npz"
    save_dataset(path, tiny_dataset)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert refusal(load_dataset, path).startswith(f"{path} is damaged")


def test_channel_statistics_are_those_of_numpy(tiny_dataset):
    mean, std = channel_statistics(tiny_dataset.train_images)
    scaled = tiny_dataset.train_images / 255.0
    np.testing.assert_allclose(mean, scaled.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, scaled.std((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(tiny_dataset.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(tiny_dataset.std, std, rtol=1e-6)


def test_a_constant_channel_can_still_be_divided_by():
    assert channel_statistics(np.full((2, 4, 4, 1), 255, dtype=np.uint8)) == ((1.0,), (1e-6,))


def test_object_arrays_are_never_written(tmp_path):
    with pytest.raises(TypeError, match="names"):
        write_arrays(tmp_path / "a.npz", names=np.array(["a", None], dtype=object))
    assert not list(tmp_path.iterdir())


# Archives


@pytest.mark.parametrize("name", ["CIFAR10", "CIFAR100"])
def test_cifar_archives_are_those_torchvision_names(name):
    known = getattr(torchvision_datasets, name)
    assert ARCHIVES[name] == (Archive(known.filename, known.url, known.tgz_md5),)


def test_fashion_archives_are_those_torchvision_names():
    known = torchvision_datasets.FashionMNIST
    expected = tuple(Archive(file, known.mirrors[0] + file, md5) for file, md5 in known.resources)
    assert ARCHIVES["FashionMNIST"] == expected


def test_svhn_archives_are_those_torchvision_names():
    known = torchvision_datasets.SVHN.split_list
    assert ARCHIVES["SVHN"] == tuple(Archive(known[part][1], known[part][0], known[part][2]) for part in ("train", "test"))


CONTENT = bytes(range(256)) * 40
ARCHIVE = Archive("data.bin", "http://127.0.0.1:9/official/data.bin", hashlib.md5(CONTENT).hexdigest())


def answer(status: int = 200, body: bytes = CONTENT, length: int | None = None):
    return status, body, len(body) if length is None else length


class Server:
    """A real web server; each request gets the next answer, the last one for ever."""

    def __init__(self) -> None:
        self.answers, self.paths = [answer()], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, length = outer.answers[min(len(outer.paths), len(outer.answers) - 1)]
                outer.paths.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    running = Server()
    running.thread.start()
    yield running
    running.server.shutdown()
    running.thread.join()
    running.server.server_close()


def fetch(target: Path, **keys) -> list[str]:
    lines: list[str] = []
    fetch_archive(ARCHIVE, target, pause_seconds=0, report=lines.append, **keys)
    return lines


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_archive_is_fetched_from_the_mirror(tmp_path, server, slash):
    assert fetch(tmp_path / "new/data.bin", mirror=f"{server.address}/mirror{slash}") == []
    assert server.paths == ["/mirror/data.bin"]
    assert (tmp_path / "new/data.bin").read_bytes() == CONTENT
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["data.bin"]


def test_an_archive_is_fetched_from_its_official_address(tmp_path, server):
    archive = Archive("data.bin", f"{server.address}/official/data.bin", ARCHIVE.md5)
    fetch_archive(archive, tmp_path / "data.bin", pause_seconds=0, report=lambda _: None)
    assert server.paths == ["/official/data.bin"]
    assert md5_of(tmp_path / "data.bin") == ARCHIVE.md5


def test_a_failing_server_is_asked_again(tmp_path, server):
    server.answers = [answer(500, b"busy"), answer(500, b"busy"), answer()]
    lines = fetch(tmp_path / "data.bin", mirror=server.address)
    assert len(server.paths) == 3
    assert [line.split(" to fetch ")[0] for line in lines] == ["attempt 1 of 4", "attempt 2 of 4"]
    assert all("500" in line for line in lines)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (answer(body=b"a login page"), "expected"),
        (answer(body=CONTENT[:1000], length=len(CONTENT)), f"cut short at 1000 of {len(CONTENT)} bytes"),
        (answer(404, b"gone"), "404"),
        (answer(body=b""), "expected"),
    ],
    ids=["other bytes", "cut short", "not found", "empty"],
)
def test_a_fetch_that_never_succeeds_says_what_to_do_and_leaves_nothing(tmp_path, server, wrong, why):
    server.answers = [wrong]
    message = refusal(fetch, tmp_path / "data.bin", mirror=server.address, attempts=2)
    for part in (why, "data.bin", ARCHIVE.md5, str(tmp_path / "data.bin"), "`archive_folder`", "`mirror`"):
        assert part in message
    assert len(server.paths) == (1 if wrong[0] == 404 else 2)
    assert not list(tmp_path.iterdir())


def test_an_address_that_is_none_is_tried_once(tmp_path):
    message = refusal(fetch, tmp_path / "data.bin", mirror="http://[::1")
    assert message.startswith("could not fetch http://[::1/data.bin (Invalid IPv6 URL)")


def test_a_cut_short_fetch_is_tried_again(tmp_path, server):
    server.answers = [answer(body=CONTENT[:10], length=len(CONTENT)), answer()]
    fetch(tmp_path / "data.bin", mirror=server.address)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_a_failed_fetch_leaves_the_old_file(tmp_path, server):
    (tmp_path / "data.bin").write_bytes(b"old")
    server.answers = [answer(body=b"wrong")]
    refusal(fetch, tmp_path / "data.bin", mirror=server.address, attempts=1)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("data.bin", b"old")]


@pytest.mark.parametrize(
    "mirror",
    [
        "http://127.0.0.1:9",
        pytest.param("mirror.example/data"),
    ],
)
def test_a_mirror_that_is_no_server_is_refused(tmp_path, monkeypatch, mirror):
    monkeypatch.setenv("no_proxy", "*")
    assert "`mirror`" in refusal(fetch, tmp_path / "data.bin", mirror=mirror, attempts=1)
    assert not list(tmp_path.iterdir())


def test_an_archive_is_copied_from_a_folder(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/data.bin").write_bytes(CONTENT)
    fetch(tmp_path / "new/data.bin", folder=tmp_path / "disk", mirror="http://127.0.0.1:9")
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "new").iterdir()] == [("data.bin", CONTENT)]


def test_an_archive_missing_in_the_folder_is_named(tmp_path):
    message = refusal(fetch, tmp_path / "new/data.bin", folder=tmp_path)
    assert message == f"{tmp_path / 'data.bin'} does not exist; put data.bin from {ARCHIVE.url} there"


def test_a_corrupt_archive_in_the_folder_is_named(tmp_path):
    (tmp_path / "data.bin").write_bytes(CONTENT[:-1])
    message = refusal(fetch, tmp_path / "new/data.bin", folder=tmp_path)
    assert message.startswith(f"{tmp_path / 'data.bin'} has MD5 ")
    assert ARCHIVE.md5 in message
    assert not (tmp_path / "new").exists()


def published(monkeypatch, name: str, paths: list[Path]) -> None:
    known = tuple(Archive(path.name, f"http://127.0.0.1:9/{path.name}", md5_of(path)) for path in paths)
    monkeypatch.setitem(archives_module.ARCHIVES, name, known)


def test_fashion_archives_decode_exactly(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    expected, paths = {}, []
    for part, prefix, count in (("train", "train", 30), ("test", "t10k", 20)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = rng.permutation(count).astype(np.uint8) % 10
        expected[part] = (images, labels)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
            path = tmp_path / f"{prefix}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(header + array.tobytes()))
            paths.append(path)
    published(monkeypatch, "FashionMNIST", paths)
    dataset = torchvision_dataset("FashionMNIST", paths)
    np.testing.assert_array_equal(dataset.train_images[..., 0], expected["train"][0])
    np.testing.assert_array_equal(dataset.train_labels, expected["train"][1])
    np.testing.assert_array_equal(dataset.test_images[..., 0], expected["test"][0])
    np.testing.assert_array_equal(dataset.test_labels, expected["test"][1])
    assert dataset.class_names[0] == "T-shirt/top"
    np.testing.assert_allclose(dataset.mean, [expected["train"][0].mean() / 255], rtol=1e-6)


def test_cifar10_decodes_exactly_and_is_normalised_as_in_the_paper(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    names = [f"class {label}" for label in range(10)]
    batches = {
        name: {
            "data": rng.integers(0, 256, (10, 3072), dtype=np.uint8),
            "labels": [int(label) for label in rng.permutation(10)],
        }
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    }
    files = {name: pickle.dumps(content) for name, content in (batches | {"batches.meta": {"label_names": names}}).items()}
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    published(monkeypatch, "CIFAR10", [path])
    sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    known = torchvision_datasets.CIFAR10
    monkeypatch.setattr(known, "train_list", [[name, sums[name]] for name, _ in known.train_list])
    monkeypatch.setattr(known, "test_list", [[name, sums[name]] for name, _ in known.test_list])
    monkeypatch.setattr(known, "meta", known.meta | {"md5": sums["batches.meta"]})
    dataset = torchvision_dataset("CIFAR10", [path])
    train = [batches[f"data_batch_{number}"] for number in range(1, 6)]
    stored = np.concatenate([batch["data"] for batch in train])
    for channel in range(3):
        planes = stored[:, channel * 1024 : (channel + 1) * 1024].reshape(-1, 32, 32)
        np.testing.assert_array_equal(dataset.train_images[..., channel], planes)
    assert dataset.train_labels.tolist() == [label for batch in train for label in batch["labels"]]
    assert dataset.test_labels.tolist() == batches["test_batch"]["labels"]
    np.testing.assert_array_equal(dataset.test_images[:, 0, 1, 2], batches["test_batch"]["data"][:, 2 * 1024 + 1])
    assert dataset.class_names == tuple(names)
    assert PAPER_STATISTICS["CIFAR10"] == ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    np.testing.assert_array_equal(dataset.mean, np.float32([0.4914, 0.4822, 0.4465]))
    np.testing.assert_array_equal(dataset.std, np.float32([0.2023, 0.1994, 0.2010]))


def test_svhn_decodes_exactly_with_ten_as_zero(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    paths, expected, known = [], {}, {}
    for split, count in (("train", 30), ("test", 20)):
        images = rng.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        labels = (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]
        expected[split] = images, labels
        path = tmp_path / f"{split}_32x32.mat"
        savemat(path, {"X": images, "y": labels})
        paths.append(path)
        known[split] = ["", path.name, md5_of(path)]
    published(monkeypatch, "SVHN", paths)
    monkeypatch.setattr(torchvision_datasets.SVHN, "split_list", known)
    dataset = torchvision_dataset("SVHN", paths)
    np.testing.assert_array_equal(dataset.train_images, expected["train"][0].transpose(3, 0, 1, 2))
    np.testing.assert_array_equal(dataset.test_labels, expected["test"][1][:, 0] % 10)
    assert dataset.class_names == tuple("0123456789")


def test_an_archive_with_another_checksum_is_not_decoded(tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(b"something else")
    message = refusal(torchvision_dataset, "CIFAR10", [path])
    assert message.startswith(f"{path} has MD5 ")
    assert ARCHIVES["CIFAR10"][0].md5 in message


# Plans

LABELS = np.array([0, 1, 2, 0, 1, 2])


def mixed_plan() -> Plan:
    return Plan(
        source=np.array([0, 1, 1, 2, 0, 5], dtype=np.int64),
        labels=np.array([0, 1, 1, 2, 0, 2], dtype=np.int64),
        origin=np.array([KEPT, KEPT, DUPLICATE, HOLDOUT, SYNTHETIC, KEPT], dtype=np.int8),
        synthetic=np.full((1, 4, 4, 3), 9, dtype=np.uint8),
    )


@pytest.mark.parametrize("plan", [mixed_plan(), identity_plan(LABELS, (4, 4, 3))], ids=["mixed", "identity"])
def test_a_plan_returns_as_it_was_saved(tmp_path, plan):
    save_plan(tmp_path / "plan.parquet", plan)
    loaded = load_plan(tmp_path / "plan.parquet")
    for name in ("source", "labels", "origin", "synthetic"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(plan, name))
        assert getattr(loaded, name).dtype == getattr(plan, name).dtype
    check_plan(loaded, LABELS, "plan.parquet")
    assert len(loaded) == 6


def test_equal_plans_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        save_plan(tmp_path / f"{name}.parquet", mixed_plan())
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_the_identity_plan_trains_on_every_sample_once():
    plan = identity_plan(LABELS, (4, 4, 3))
    assert plan.source.tolist() == list(range(6))
    assert plan.class_counts(4).tolist() == [2, 2, 2, 0]
    assert plan.synthetic.shape == (0, 4, 4, 3)


@pytest.mark.parametrize(("row", "sample", "limit"), [(0, 6, 6), (0, -1, 6), (5, 99, 6), (4, 1, 1), (4, -1, 1)])
def test_a_plan_that_names_missing_samples_is_refused(row, sample, limit):
    plan = mixed_plan()
    plan.source[row] = sample
    message = refusal(check_plan, plan, LABELS, "plan.parquet")
    assert message.startswith(f"plan.parquet: row {row} names sample {sample}, but there are {limit};")


def test_a_plan_with_labels_of_other_data_is_refused():
    assert "labels differ" in refusal(check_plan, mixed_plan(), np.roll(LABELS, 1), "plan.parquet")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_plan_is_refused_by_name(tmp_path, kept):
    path = tmp_path / "plan.parquet"
    save_plan(path, mixed_plan())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert refusal(load_plan, path).startswith(f"{path} is damaged")


def test_a_plan_whose_synthetic_images_are_not_each_in_one_row_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="each synthetic image must stand in one row"):
        save_plan(tmp_path / "plan.parquet", replace(mixed_plan(), synthetic=np.zeros((2, 4, 4, 3), np.uint8)))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_replacing_leaves_the_old_file_when_its_block_raises(tmp_path, error):
    (tmp_path / "file.txt").write_text("old")
    with pytest.raises(error), replacing(tmp_path / "file.txt") as temporary:
        temporary.write_text("half a new")
        raise error
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file.txt", "old")]


def test_replacing_swaps_the_whole_file_at_the_end(tmp_path):
    (tmp_path / "file.txt").write_text("old")
    with replacing(tmp_path / "file.txt") as temporary:
        temporary.write_text("new")
        assert (tmp_path / "file.txt").read_text() == "old"
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file.txt", "new")]
