"""Sheets of training images."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from hbr.analysis.figures.fonts import font_family, plain
from hbr.analysis.figures.names import say_of_names
from hbr.analysis.figures.style import PAGE


def shown_id(name: str, most: int = 14) -> str:
    """Return a sample's id for a caption: # and the index, or the end of its path."""
    last = name.rpartition("/")[2]
    return f"#{name}" if name.isdecimal() else last if len(last) <= most else f"...{last[3 - most :]}"


def image_sheet(images: np.ndarray, captions: Sequence[str], title: str, columns: int = 10) -> Figure:
    """Return a sheet of uint8 images ``(n, height, width, channels)``, as wide as a page, each with its caption above."""
    rows = -(-len(images) // columns)
    width = PAGE / columns
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    figure, axes = plt.subplots(rows, columns, figsize=(PAGE, (0.88 * width + 0.115 * lines) * rows + 0.4), squeeze=False)
    for place in axes.flat:
        place.axis("off")
    family = font_family(captions)
    for place, image, caption in zip(axes.flat, images, captions, strict=False):
        place.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        place.set_title(plain(caption), fontsize=6, pad=2, fontfamily=family)
    figure.suptitle(title)
    say_of_names(figure, captions)
    return figure
