"""Videos with their frame numbers drawn in: sixteen blocks, black or white, read back from any picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
BASE, STEP, LONG = 500.0, 40.0, 0.2
"""The pitch of second 0, how much higher each later second is [Hz], and how long a tone lasts [s]."""


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


_FILMED: dict[tuple[object, ...], bytes] = {}


def film(
    path: Path,
    stamps: Sequence[float],
    *,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    gop: int = 50,
    first: int = 0,
    sound: Sung | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose k-th picture shows the number first + k from stamps[k] on [s].

    One without sound is encoded once: that takes seconds, and most tests want the same. Without `options` the
    encoder takes least time, and pictures come in the order in which they are shown.
    """
    if options is None:
        options = {"preset": "ultrafast"} if codec == "libx264" else {}
    which = (path.suffix, tuple(stamps), size, codec, gop, first, tuple(options.items()))
    if sound is None and which in _FILMED:
        path.write_bytes(_FILMED[which])
        return path
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
        if sound is not None:
            sing(file, sound)
        for k, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(still(first + k, size), format="rgb24")
            frame.pts, frame.time_base = round(stamp * TICKS), Fraction(1, TICKS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    if sound is None:
        _FILMED[which] = path.read_bytes()
    return path


@dataclass(frozen=True)
class Sung:
    """Hold the sound of a video: the same samples on each channel, in parts that begin at stamps [s]."""

    parts: Sequence[tuple[float, NDArray[np.float32]]]
    rate: int = 48_000
    layout: str = "mono"
    codec: str = "aac"


def bursts(seconds: float, rate: int = 48_000, first: int = 0) -> NDArray[np.float32]:
    """Return tones that begin with each second and last LONG; that of second k has pitch(first + k)."""
    t = np.arange(round(seconds * rate)) / rate
    k = np.floor(t)
    wave = np.where(t - k < LONG, 0.4 * np.sin(2 * np.pi * (BASE + STEP * (first + k)) * (t - k)), 0.0)
    return wave.astype(np.float32)


def sing(file: Any, sung: Sung) -> None:
    """Write the sound of a video, at its stamps."""
    stream = file.add_stream(sung.codec, rate=sung.rate, layout=sung.layout)
    rate, channels = sung.rate, len(av.AudioLayout(sung.layout).channels)
    for begin, wave in sung.parts:
        for start in range(0, len(wave), 1024):
            part = np.tile(wave[start : start + 1024], (channels, 1))
            if sung.codec == "aac":
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=sung.layout)
            else:
                whole = np.rint(part.T.reshape(1, -1) * 32_767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(whole, format="s16", layout=sung.layout)
            frame.sample_rate, frame.pts, frame.time_base = (
                rate,
                round(begin * rate) + start,
                Fraction(1, rate),
            )
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
