"""From a source to a prepared data set: embedded digits, public archives, a folder of images, an array file."""

import gzip
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from hbr.data.archives import ARCHIVES
from hbr.data.datasets import PreparedDataset, prepare
from hbr.data.download import md5_of
from hbr.data.files import read_arrays
from hbr.data.folders import read_images
from hbr.data.trees import image_tree
from hbr.errors import StudyError

# The constants of arXiv 2504.07031; other data sets are normalised by the statistics of their own training pixels.
PAPER_STATISTICS = {
    "CIFAR10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "CIFAR100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
}


def digits_dataset(test_fraction: float, seed: int) -> PreparedDataset:
    """Return scikit-learn's embedded 8 x 8 digits, balanced: every class gives the training set equally many samples."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Ink runs from 0 to 16; 15 keeps it inside a byte and every level distinct.
    images = (digits.images * 15).astype(np.uint8)[..., None]
    labels = digits.target.astype(np.int64)
    names = tuple(str(name) for name in digits.target_names)
    train, test = stratified_split(labels, test_fraction, seed, balanced=True, origin="digits", names=names)
    parts = images[train], labels[train], images[test], labels[test]
    return prepare(*parts, names, origin="digits", train_ids=train, test_ids=test)


def torchvision_dataset(name: str, archives: Sequence[Path]) -> PreparedDataset:
    """Return a public data set from its verified archives; torchvision decodes them."""
    for archive, path in zip(ARCHIVES[name], archives, strict=True):
        if (found := md5_of(path)) != archive.md5:
            raise StudyError(f"{path} has MD5 {found}, expected {archive.md5}; delete it and run again")
    with tempfile.TemporaryDirectory(prefix="hbr-") as folder:
        try:
            train, test, names = _decode(name, archives, Path(folder))
        except OSError as error:
            if error.errno is not None:
                raise
            raise _undecodable(name, archives, error) from None
        # Unpacking and decoding raise many types on bytes that are not theirs.
        except (tarfile.TarError, RuntimeError, ValueError, KeyError, EOFError, zlib.error) as error:
            raise _undecodable(name, archives, error) from None
    mean, std = PAPER_STATISTICS.get(name, (None, None))
    return prepare(*train, *test, names, mean, std, origin=name)


def folder_dataset(
    root: Path, image_size: int, test_fraction: float | None, seed: int, report: Callable[[str], None] = print
) -> PreparedDataset:
    """Return the images of ``<root>/{train,test}/<class>/``, or of ``<root>/<class>/`` split by ``test_fraction``.

    ``report`` receives a line on everything that is left out.
    """
    tree = image_tree(root)
    for remark in tree.remarks:
        report(f"{root}: {remark}")
    names = tree.class_names
    if "all" in tree.splits and test_fraction is None:
        raise StudyError(f"{root} holds no train/ and test/; add them, or set `test_fraction` to split it by seed")
    splits = read_images(tree, image_size, report)
    ids = {split: np.array([file.path for file in files], dtype=object) for split, files in tree.splits.items()}
    if "train" in splits:
        train, test = splits["train"], splits["test"]
    else:
        images, labels = splits["all"]
        chosen, rest = stratified_split(labels, test_fraction or 0.0, seed, origin=str(root), names=names)
        train, test = (images[chosen], labels[chosen]), (images[rest], labels[rest])
        ids = {"train": ids["all"][chosen], "test": ids["all"][rest]}
    train, test = (_with_channels(part, train, test) for part in (train, test))
    return prepare(*train, *test, names, origin=str(root), train_ids=ids["train"], test_ids=ids["test"])


def arrays_dataset(
    path: Path, test_fraction: float | None, seed: int, report: Callable[[str], None] = print
) -> PreparedDataset:
    """Return the data set of an ``.npz``: ``images`` and ``labels``, or ``{train,test}_images`` and ``{train,test}_labels``.

    Images are uint8, ``(samples, height, width)`` or with 1 or 3 channels behind; labels are ``(samples,)`` or, as MedMNIST
    publishes them, ``(samples, 1)``; ``class_names`` is optional. ``report`` receives a line on everything that is left out.
    """
    arrays = read_arrays(path)
    split, whole = ("train_images", "train_labels", "test_images", "test_labels"), ("images", "labels")
    given = next((keys for keys in (split, whole) if all(name in arrays for name in keys)), None)
    if given is None:
        raise StudyError(f"{path} holds {sorted(arrays)}; expected images and labels, or {', '.join(split)}")
    if unused := sorted(set(arrays) - {*given, "class_names"}):
        held = ", ".join(f"{name} of {len(arrays[name]) if arrays[name].ndim else 1:,}" for name in unused)
        report(f"{path}: left out, as it is neither train nor test: {held}")
    parts = [_checked(path, name, arrays[name]) for name in given]
    names = _names_in(path, arrays, parts[1])
    train_ids: Iterable[object] = ()
    test_ids: Iterable[object] = ()
    if given == whole:
        if test_fraction is None:
            raise StudyError(f"{path} holds no test_images; add them, or set `test_fraction` to split it by seed")
        images, labels = parts
        if labels.ndim != 1 or len(images) != len(labels):
            raise StudyError(f"{path}: {len(images)} images but labels of shape {labels.shape}; give one label an image")
        train, test = stratified_split(labels, test_fraction, seed, origin=str(path), names=names)
        parts = [images[train], labels[train], images[test], labels[test]]
        train_ids, test_ids = train, test
    train_images, train_labels, test_images, test_labels = parts
    return prepare(
        train_images, train_labels, test_images, test_labels, names, origin=str(path), train_ids=train_ids, test_ids=test_ids
    )


def stratified_split(
    labels: np.ndarray,
    test_fraction: float,
    seed: int,
    balanced: bool = False,
    origin: str = "data set",
    names: Sequence[str] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted train and test indices; each class gives ``test_fraction`` of its samples, rounded, to the test set.

    With ``balanced`` every class gives the training set as many samples as the smallest class can, the rest is tested on.
    Raises ``StudyError``, with ``origin`` and the class's name in its sentence, where a class would be empty on one side.
    """
    if not len(labels):
        raise StudyError(f"{origin} holds no samples")
    rng = np.random.default_rng(seed)
    values, counts = np.unique(labels, return_counts=True)
    train, test = [], []
    for value, count in zip(values, counts, strict=True):
        basis = counts.min() if balanced else count
        kept = int(basis - round(basis * test_fraction))
        if not 0 < kept < count:
            name = repr(names[value]) if 0 <= value < len(names) else value
            raise StudyError(
                f"{origin}: class {name} has {count} samples, and test_fraction {test_fraction} leaves it none in train or "
                "in test; add samples or change `test_fraction`"
            )
        members = rng.permutation(np.flatnonzero(labels == value))
        train.append(members[:kept])
        test.append(members[kept:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def _checked(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    # Images may leave their one channel out; labels may be of any integer type.
    if name.endswith("images"):
        if array.ndim not in (3, 4):
            raise StudyError(f"{path}: {name} are of shape {array.shape}; expected (samples, height, width) or with channels")
        return array if array.ndim == 4 else array[..., None]
    if not np.issubdtype(array.dtype, np.integer):
        raise StudyError(f"{path}: {name} are {array.dtype}; expected integers 0 to classes - 1")
    if array.ndim == 0:
        raise StudyError(f"{path}: {name} are a single number; expected one an image")
    # One column is how many publish their labels; several are several labels an image.
    return (array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array).astype(np.int64)


def _names_in(path: Path, arrays: Mapping[str, np.ndarray], labels: np.ndarray) -> tuple[str, ...]:
    if "class_names" not in arrays:
        largest = int(labels.max(initial=-1))
        # Labels that are really ids would make names without end.
        if largest >= len(labels):
            raise StudyError(f"{path}: the largest label is {largest}, with {len(labels)} images; number classes from 0")
        return tuple(str(label) for label in range(largest + 1))
    names = arrays["class_names"]
    if names.ndim != 1:
        raise StudyError(f"{path}: class_names are of shape {names.shape}; give one name a class")
    try:
        return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)
    except UnicodeDecodeError:
        raise StudyError(f"{path}: class_names are bytes that are not UTF-8; save them as text") from None


def _undecodable(name: str, archives: Sequence[Path], error: Exception) -> StudyError:
    files = ", ".join(str(path) for path in archives)
    return StudyError(f"{files} cannot be decoded as {name} ({error}); delete and run again")


_Part = tuple[np.ndarray, np.ndarray]


def _with_channels(part: _Part, train: _Part, test: _Part) -> _Part:
    # Grey images in one split and RGB in the other become RGB in both.
    images, labels = part
    channels = max(train[0].shape[3], test[0].shape[3])
    return (np.repeat(images, channels, axis=3) if images.shape[3] < channels else images), labels


def _decode(name: str, archives: Sequence[Path], folder: Path) -> tuple[_Part, _Part, tuple[str, ...]]:
    from torchvision import datasets

    if name in ("CIFAR10", "CIFAR100"):
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder, filter="data")
        cifar = [getattr(datasets, name)(folder, train=train) for train in (True, False)]
        parts = [(part.data, np.asarray(part.targets)) for part in cifar]
        return parts[0], parts[1], tuple(cifar[0].classes)
    if name == "FashionMNIST":
        raw = folder / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for archive_path in archives:
            with gzip.open(archive_path) as packed, (raw / Path(archive_path).stem).open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        fashion = [datasets.FashionMNIST(str(folder), train=train) for train in (True, False)]
        parts = [(part.data.numpy()[..., None], part.targets.numpy()) for part in fashion]
        return parts[0], parts[1], tuple(fashion[0].classes)
    for archive_path in archives:
        (folder / Path(archive_path).name).symlink_to(Path(archive_path).resolve())
    svhn = [datasets.SVHN(str(folder), split=split) for split in ("train", "test")]
    parts = [(part.data.transpose(0, 2, 3, 1), np.asarray(part.labels)) for part in svhn]
    return parts[0], parts[1], tuple(str(digit) for digit in range(10))
