"""Read .wav files, one channel each person."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.importing.table import Column, Wanted, choose


def frames_of(path: Path) -> tuple[NDArray[Any], float]:
    """Return integers of shape (n_samples, n_channels), and their rate [Hz]; 16 or 32 bit.

    Raises
    ------
    RecordingError
        If it is no such file.
    """
    try:
        with wave.open(str(path), "rb") as file:
            n, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except wave.Error as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from error
    if width not in (2, 4):
        raise RecordingError(f"{path}: {8 * width} bits a sample (16 and 32 can be read)")
    return np.frombuffer(data, f"<i{width}").reshape(-1, n), float(rate)


def read_wav(path: Path, wanted: Sequence[Wanted]) -> list[Column]:
    """Read channels by number, or as left and right; 16 or 32 bit."""
    frames, rate = frames_of(path)
    n = frames.shape[1]
    labels = ["left", "right"] if n == 2 else [str(i) for i in range(1, n + 1)]
    columns = []
    for want in wanted:
        i = choose(path, "channel", want.name, labels, numbered=True)
        columns.append(Column(times=None, samples=frames[:, i : i + 1], labels=(labels[i],), sfreq=rate))
    return columns
