"""Sheets of training images."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def image_sheet(images: np.ndarray, captions: Sequence[str], title: str, columns: int = 10) -> Figure:
    """Return a sheet of uint8 images ``(n, height, width, channels)``, each with its caption above."""
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(0.85 * columns, 1.08 * rows + 0.4), squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, image, caption in zip(axes.flat, images, captions, strict=False):
        place.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        # A class may be called anything, and a dollar sign would start mathematics.
        place.set_title(caption.replace("$", r"\$"), fontsize=6, pad=2)
    figure.suptitle(title)
    return figure
