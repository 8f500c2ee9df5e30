"""RIFF and RF64 .wav: 8 to 32 bit, float, extensible, and files whose sizes were never filled in."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even
from acquisition.stream import Modality

TITLE = "WAV"
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
UNFILLED = 0x7FFF0000
"""A program that cannot go back writes 0, or a length of this and more: there is no file of so many bytes."""
LEAST_LOST = 0.1
"""Seconds: some programs count their own head among the samples."""
MAX_CHANNELS = 64
NAMES = {2: "ADPCM", 6: "A-law", 7: "µ-law", 0x55: "MP3"}


class _Form(NamedTuple):
    kind: int
    channels: int
    rate: int
    bits: int


def recognise(peek: Peek) -> bool:
    """Tell whether it begins as such a file."""
    return peek.head[:4] in (b"RIFF", b"RF64") and peek.head[8:12] == b"WAVE"


def read(path: Path, hints: Hints) -> FoundFile:
    """Read each channel as speech."""
    frames, rate, notes, damage = sound_of(path)
    n = frames.shape[1]
    labels = ["left", "right"] if n == 2 else [str(i) for i in range(1, n + 1)]
    times = even(len(frames), rate)
    streams = tuple(
        Found(
            name=label,
            modality=Modality.VOICE,
            unit="",
            sfreq=rate,
            times=times,
            samples=frames[:, i : i + 1],
            labels=(label,),
        )
        for i, label in enumerate(labels)
    )
    return FoundFile(path=path, layout=TITLE, streams=streams, notes=notes, damage=damage)


class Sound(NamedTuple):
    """Hold samples of shape (n_samples, n_channels), their rate [Hz], what was unusual, and what is lost."""

    frames: NDArray[Any]
    sfreq: float
    notes: tuple[str, ...]
    damage: tuple[str, ...]


def frames_of(path: Path) -> tuple[NDArray[Any], float, tuple[str, ...]]:
    """Return samples of shape (n_samples, n_channels), their rate [Hz], and what was unusual."""
    sound = sound_of(path)
    return sound.frames, sound.sfreq, sound.notes


def sound_of(path: Path) -> Sound:
    """Return what a file holds.

    Integers of 16 and 32 bit as they are, 8 bit as 16, 24 bit as 32, float as float32.

    Raises
    ------
    RecordingError
        If it is no such file, or its samples are compressed.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) not in (b"RIFF", b"RF64") or file.read(8)[4:] != b"WAVE":
            raise RecordingError(f"{path}: no WAV file")
        form: _Form | None = None
        while len(head := file.read(8)) == 8:
            name, length = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"fmt ":
                form = _form(path, file.read(min(length, 64)))
                file.seek(max(0, length - 64) + length % 2, 1)
            elif name == b"data":
                if form is None:
                    raise RecordingError(f"{path}: samples before the chunk that says what they are")
                begin = file.tell()
                rest = size - begin
                unfilled = length == 0 or length >= min(UNFILLED, rest + 1)
                said = (f"its length was never filled in ({length}); read to its end",) if unfilled else ()
                if not unfilled and not _ends(file, begin + length, size):
                    unfilled = True
                    said = (f"its header says {length} of {rest} bytes; read to its end",)
                file.seek(begin)
                frames = _decoded(path, file.read(rest if unfilled else length), form)
                lost = (length - rest) / (form.bits // 8 * form.channels * form.rate)
                cut = length < UNFILLED and lost >= LEAST_LOST
                damage = (f"cut: the last {lost:.4g} s are missing",) if cut else ()
                return Sound(frames, float(form.rate), () if cut else said, damage)
            else:
                file.seek(length + length % 2, 1)
    raise RecordingError(f"{path}: no samples in it")


def _ends(file: BinaryIO, at: int, size: int) -> bool:
    """Tell whether a chunk can end there: at the end, or before others whose names are letters.

    The head of a recording that broke off may say what was written when it was last brought up to date.
    """
    for place in (at, at + at % 2):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return True
        if head[:4].rstrip(b" ").isalnum() and place + 8 + struct.unpack("<I", head[4:])[0] <= size:
            return True
    return False


def _form(path: Path, data: bytes) -> _Form:
    if len(data) < 16:
        raise RecordingError(f"{path}: its format chunk is cut")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", data[:16])
    if kind == EXTENSIBLE and len(data) >= 26:
        kind = struct.unpack("<H", data[24:26])[0]
    whole = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}
    if kind not in whole:
        raise RecordingError(f"{path}: samples are {NAMES.get(kind, f'of format {kind}')}; convert it to PCM")
    if bits not in whole[kind] or not 1 <= channels <= MAX_CHANNELS or not 1000 <= rate <= 400_000:
        raise RecordingError(f"{path}: {bits} bits, {channels} channels at {rate} Hz cannot be read")
    return _Form(kind, channels, rate, bits)


def _decoded(path: Path, data: bytes, form: _Form) -> NDArray[Any]:
    width = form.bits // 8 * form.channels
    n = len(data) // width
    if not n:
        raise RecordingError(f"{path}: no samples in it")
    data = data[: n * width]
    if form.kind == FLOAT:
        return np.frombuffer(data, f"<f{form.bits // 8}").reshape(n, form.channels).astype(np.float32)
    if form.bits == 8:
        whole = np.frombuffer(data, np.uint8).astype(np.int16)
        return ((whole - 128) << 8).reshape(n, form.channels)
    if form.bits == 24:
        padded = np.zeros((n * form.channels, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4").reshape(n, form.channels)
    return np.frombuffer(data, f"<i{form.bits // 8}").reshape(n, form.channels)
