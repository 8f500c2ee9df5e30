"""FIFF raw files of MNE (.fif): channels by name, annotations as events; ours of `attune export` too.

A file is tags: kind, type, size, next, each a big-endian int32, then the data (FIFF specification 1.3). MNE
itself is not needed to read one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import unpack, unpack_from

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even
from acquisition.importing.layouts.bids import annotation_stream, marks
from acquisition.importing.tables.naming import modality_of
from acquisition.stream import FloatArray, Modality

TITLE = "MNE raw (FIFF)"
MAGIC = b"\x00\x00\x00\x64\x00\x00\x00\x1f\x00\x00\x00\x14"
"""The first tag of every file: its id, of 20 bytes."""
BLOCK_START, BLOCK_END = 104, 105
N_CHANNELS, RATE, CHANNEL, MEAS_DATE, COMMENT, FIRST = 200, 201, 203, 204, 206, 208
BUFFER, SKIP = 300, 301
ONSETS, ENDS = 3568, 3569
ANNOTATIONS = 3810
TYPES = {2: ">i2", 3: ">i4", 4: ">f4", 5: ">f8", 16: ">i2"}
SI = {Modality.ECG: (1e3, "mV"), Modality.EDA: (1e6, "uS"), Modality.ACC: (1.0, "g")}
"""From volt and siemens, which MNE works in."""
ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""Share by which a number in volts and back in millivolts may be another: far less than single precision."""
MAX_BYTES, MAX_CHANNELS = 1 << 31, 512


@dataclass(slots=True)
class _Raw:
    sfreq: float = math.nan
    first: int = 0
    epoch: float = math.nan
    names: list[str] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    parts: list[FloatArray] = field(default_factory=list)
    onsets: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def recognise(peek: Peek) -> bool:
    """Tell whether it begins as such a file."""
    return peek.head.startswith(MAGIC)


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the channels whose names say what they are, and annotations."""
    raw = _raw(path)
    if not (raw.sfreq > 0 and raw.names and raw.parts):
        raise RecordingError(f"{path}: no raw data in it (epochs and averages cannot be imported)")
    data = np.concatenate(raw.parts) * np.array(raw.scales)
    streams, left_out = [], []
    for name, columns in _grouped(raw.names).items():
        modality = hints.sensor(name) or modality_of(name)
        if modality is None or modality is Modality.MARKERS:
            left_out.append(f"{name}: --sensor says what it is")
            continue
        scale, unit = SI.get(modality, (1.0, ""))
        samples = _unrounded(data[:, columns] * scale)
        keep = ~np.isnan(samples).all(axis=1)
        streams.append(
            Found(
                name=name,
                modality=modality,
                unit=unit,
                sfreq=raw.sfreq,
                times=even(len(samples), raw.sfreq)[keep],
                samples=samples[keep],
                labels=tuple(raw.names[c] for c in columns),
            )
        )
    streams += _events(raw)
    if not streams:
        raise RecordingError(f"{path}: no channel that its name tells ({'; '.join(left_out)})")
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=raw.epoch,
        resolution=0.1,
        left_out=tuple(left_out),
    )


def _unrounded(samples: FloatArray) -> FloatArray:
    """Return samples that are single-precision numbers but for the rounding of their unit as those."""
    single = samples.astype(np.float32).astype(np.float64)
    near = np.abs(samples - single) <= ROUNDING * np.abs(samples)
    return single if bool((near | np.isnan(samples)).all()) else samples


def _grouped(names: list[str]) -> dict[str, list[int]]:
    """Return the columns of each stream: the axes of an acceleration are one."""
    out: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        modality = modality_of(name)
        key = f"{name.split(' ')[0]} acc" if modality is Modality.ACC and " " in name else name
        out.setdefault(key, []).append(i)
    return out


def _events(raw: _Raw) -> list[Found]:
    rows = []
    ends = raw.ends if len(raw.ends) == len(raw.onsets) else raw.onsets
    for onset, end, text in zip(raw.onsets, ends, raw.texts, strict=False):
        if text.strip() and not text.startswith("BAD_"):
            rows += marks(onset, end - onset, text)
    return annotation_stream("annotations", rows)


def _raw(path: Path) -> _Raw:
    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: {path.stat().st_size >> 20} MiB ({MAX_BYTES >> 20} at most)")
    raw, blocks = _Raw(), [0]
    n_channels = 0
    for kind, form, data in _tags(path, path.read_bytes()):
        if kind == BLOCK_START:
            blocks.append(unpack(">i", data[:4])[0])
        elif kind == BLOCK_END:
            blocks = blocks[:-1] or [0]
        elif blocks[-1] == ANNOTATIONS:
            _annotation(raw, kind, form, data)
        elif kind == N_CHANNELS:
            n_channels = unpack(">i", data[:4])[0]
            if not 0 < n_channels <= MAX_CHANNELS:
                raise RecordingError(f"{path}: {n_channels} channels ({MAX_CHANNELS} at most)")
        elif kind == RATE:
            raw.sfreq = float(_numbers(form, data)[0])
        elif kind == MEAS_DATE and len(data) >= 8:
            seconds, micros = unpack(">ii", data[:8])
            raw.epoch = seconds + micros * 1e-6 if seconds > 0 else math.nan
        elif kind == CHANNEL and len(data) >= 96:
            scale, cal = unpack_from(">ff", data, 12)
            raw.scales.append(scale * cal)
            raw.names.append(data[80:96].split(b"\0")[0].decode("latin-1").strip())
        elif kind == BUFFER and n_channels:
            values = _numbers(form, data)
            raw.parts.append(values[: len(values) // n_channels * n_channels].reshape(-1, n_channels))
    if raw.parts and len(raw.names) != n_channels:
        raise RecordingError(f"{path}: {len(raw.names)} channels are described, {n_channels} are there")
    return raw


def _annotation(raw: _Raw, kind: int, form: int, data: bytes) -> None:
    if kind == ONSETS:
        raw.onsets = _numbers(form, data).tolist()
    elif kind == ENDS:
        raw.ends = _numbers(form, data).tolist()
    elif kind == COMMENT:
        raw.texts = [t.replace("{COLON}", ":") for t in data.decode("utf-8", "replace").split(":")]


def _numbers(form: int, data: bytes) -> FloatArray:
    kind = np.dtype(TYPES.get(form & 0xFFFF, ">f4"))
    return np.frombuffer(data, kind, len(data) // kind.itemsize).astype(np.float64)


def _tags(path: Path, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while 0 <= at <= len(data) - 16:
        kind, form, size, then = unpack_from(">iiii", data, at)
        if size < 0 or at + 16 + size > len(data):
            raise RecordingError(f"{path}: cut at byte {at}: a tag of {size} bytes")
        yield kind, form, data[at + 16 : at + 16 + size]
        if then < 0:
            return
        if 0 < then <= at:
            raise RecordingError(f"{path}: byte {at}: a tag that leads back")
        at = then if then > 0 else at + 16 + size
