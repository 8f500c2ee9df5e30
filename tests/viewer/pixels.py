"""What is on a picture: its pixels, and which of them have about a colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def of(image: QImage) -> NDArray[np.int16]:
    """Return the pixels of a picture (height × width × red, green, blue)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return raw[:, : image.width(), 2::-1].astype(np.int16)


def n_near(image: QImage, colour: str, off: int) -> int:
    """Return how many pixels differ from a colour (#rrggbb) by at most so much in each of their parts."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    near = np.ones((image.height(), image.width()), np.bool_)
    for part, begin in ((2, 1), (1, 3), (0, 5)):
        value = int(colour[begin : begin + 2], 16)
        one = raw[:, : image.width(), part]
        near &= (one >= max(value - off, 0)) & (one <= min(value + off, 255))
    return int(near.sum())
