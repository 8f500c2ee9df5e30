"""Videos with their frame numbers drawn in: sixteen blocks, black or white, read back from any picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

BITS = 16
SIZE = (320, 180)
TICKS = 12_800
"""Of a second, as stamps."""


def still(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Return a picture of a number: its bits above, a bar that moves below; shape (h, w, 3)."""
    wide, high = size
    picture = np.full((high, wide, 3), 90, np.uint8)
    for k in range(BITS):
        left, right = k * wide // BITS, (k + 1) * wide // BITS
        picture[: high // 2, left:right] = 235 if number >> k & 1 else 16
    bar = number * 4 % max(wide - 8, 1)
    picture[high // 2 :, bar : bar + 8] = 235
    return picture


def film(
    path: Path,
    stamps: Sequence[float],
    *,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    gop: int = 50,
    first: int = 0,
    sound: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose k-th picture shows the number first + k from stamps[k] on [s]."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
        if sound:
            _sing(file, stamps[-1])
        for k, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(still(first + k, size), format="rgb24")
            frame.pts, frame.time_base = round(stamp * TICKS), Fraction(1, TICKS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def _sing(file: Any, seconds: float) -> None:
    stream = file.add_stream("aac", rate=48_000, layout="mono")
    tone = (0.2 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * 48_000)) / 48_000)).astype(np.float32)
    for start in range(0, len(tone) - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        file.mux(stream.encode(frame))
    file.mux(stream.encode())


def even(seconds: float, rate: float = 25.0) -> list[float]:
    """Return the stamps of a constant frame rate."""
    return [k / rate for k in range(round(seconds * rate))]


def number_in(pixels: NDArray[np.uint8]) -> int:
    """Return the number that a picture shows, from its upper quarter; shape (h, w, channels)."""
    high, wide = pixels.shape[:2]
    row = pixels[high // 8 : high // 4, :, :3].mean(axis=(0, 2))
    return sum(int(row[int((k + 0.5) * wide / BITS)] > 128) << k for k in range(BITS))


def pixels_of(image: QImage) -> NDArray[np.uint8]:
    """Return an image as an array, shape (h, w, 4)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()
