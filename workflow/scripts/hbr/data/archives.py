"""The public archives: where they are published, under which name and checksum. Checksums are those torchvision publishes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """One published file."""

    filename: str
    url: str
    md5: str


_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_SVHN = "http://ufldl.stanford.edu/housenumbers/"


def _archive(base: str, filename: str, md5: str) -> Archive:
    return Archive(filename, base + filename, md5)


ARCHIVES: dict[str, tuple[Archive, ...]] = {
    "CIFAR10": (_archive(_CIFAR, "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),),
    "CIFAR100": (_archive(_CIFAR, "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85"),),
    "FashionMNIST": (
        _archive(_FASHION, "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        _archive(_FASHION, "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        _archive(_FASHION, "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        _archive(_FASHION, "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    "SVHN": (
        _archive(_SVHN, "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        _archive(_SVHN, "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
    ),
}
