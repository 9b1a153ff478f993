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
    width, side = PAGE / columns, 0.88 * PAGE / columns
    caption_height = 0.115 * max((caption.count("\n") + 1 for caption in captions), default=1)
    height = side + caption_height + 0.03
    # One panel in inches holds them all: a panel for each would take most of the time of a page.
    figure, axes = plt.subplots(figsize=(PAGE, height * rows + 0.4))
    family = font_family(captions)
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, columns)
        middle, top = (column + 0.5) * width, (row + 1) * height - side
        tall, wide = (side * length / max(image.shape[:2]) for length in image.shape[:2])
        extent = (middle - wide / 2, middle + wide / 2, top + tall, top)
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest", extent=extent)
        axes.text(middle, top - 0.025, plain(caption), fontsize=6, ha="center", va="bottom", fontfamily=family)
    axes.set(xlim=(0, PAGE), ylim=(height * rows, 0), aspect="equal")
    axes.axis("off")
    figure.suptitle(title)
    say_of_names(figure, captions)
    return figure
