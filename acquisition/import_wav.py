"""Read .wav files, one channel each person."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.import_table import Column, Wanted, choose


def read_wav(path: Path, wanted: Sequence[Wanted]) -> list[Column]:
    """Read channels by number, or as left and right; 16 or 32 bit."""
    with wave.open(str(path), "rb") as file:
        n, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
        data = file.readframes(file.getnframes())
    if width not in (2, 4):
        raise RecordingError(f"{path}: {8 * width} bits a sample (16 and 32 can be read)")
    frames = np.frombuffer(data, f"<i{width}").reshape(-1, n)
    labels = ["left", "right"] if n == 2 else [str(i) for i in range(1, n + 1)]
    columns = []
    for want in wanted:
        i = choose(path, "channel", want.name, labels, numbered=True)
        columns.append(
            Column(times=None, samples=frames[:, i : i + 1], labels=(labels[i],), sfreq=float(rate))
        )
    return columns
