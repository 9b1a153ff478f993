"""Images that a data set holds more than once: between training and test, and under two labels."""

from collections.abc import Iterator

from hbr.data.datasets import PreparedDataset
from hbr.data.files import fingerprint_of


def repeated(dataset: PreparedDataset) -> Iterator[str]:
    """Yield a line on test images that are training images, and one on images under two labels, both pixel for pixel."""
    ids = (*(f"train {name}" for name in dataset.train_ids), *(f"test {name}" for name in dataset.test_ids))
    labels = (*dataset.train_labels.tolist(), *dataset.test_labels.tolist())
    train = len(dataset.train_ids)
    first: dict[bytes, int] = {}
    seen, otherwise = [], []
    for images, start in ((dataset.train_images, 0), (dataset.test_images, train)):
        for place, image in enumerate(images, start):
            earlier = first.setdefault(fingerprint_of(image.tobytes()), place)
            if earlier < train <= place:
                seen.append((place, earlier))
            if labels[earlier] != labels[place]:
                otherwise.append((place, earlier))
    for pairs, one, many in (
        (seen, "test image is a training image", "test images are training images"),
        (otherwise, "image stands under another label too", "images stand under another label too"),
    ):
        if pairs:
            place, earlier = pairs[0]
            words = one if len(pairs) == 1 else many
            yield f"{len(pairs):,} {words}, pixel for pixel, such as {ids[place]} ({ids[earlier]}); leave out one of the two"
