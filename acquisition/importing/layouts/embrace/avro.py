"""Empatica EmbracePlus raw data, .avro, one file or a folder of them: stamps in µs of Unix time.

The fields are those of the schema inside the file (rawData.eda.timestampStart, samplingFrequency, values …).
Acceleration is in counts, with its ranges or, from schema 6.5 on, a factor to g; peaks of the pulse in ns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even, joined, markers, single
from acquisition.stream import FloatArray, Modality

TITLE = "Empatica EmbracePlus (raw)"
MAX_BYTES = 1 << 28


def recognise(peek: Peek) -> bool:
    """Tell whether it is an Avro file, or a folder of them."""
    if peek.path.is_dir():
        return bool(_files(peek.path))
    return peek.head.startswith(b"Obj\x01")


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.suffix == ".avro" and f.is_file() and not f.is_symlink())


def read(path: Path, hints: Hints) -> FoundFile:
    """Read skin conductance, acceleration, pulse and button presses of every record."""
    files = _files(path) if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files)
    if size > MAX_BYTES:
        raise RecordingError(f"{path}: {size >> 20} MiB ({MAX_BYTES >> 20} at most)")
    parts: dict[str, list[Found]] = {"eda": [], "acc": [], "tags": []}
    peaks: list[float] = []
    left_out: dict[str, None] = {}
    for one in files:
        for raw in _records(one):
            for name, found in (("eda", _eda(raw)), ("acc", _acc(raw)), ("tags", _tags(raw))):
                parts[name] += [found] if found is not None else []
            peaks += (raw.get("systolicPeaks") or {}).get("peaksTimeNanos") or []
            if (raw.get("accelerometer") or {}).get("x") and not parts["acc"]:
                left_out["accelerometer: its file does not say how counts become g"] = None
    streams = [stream for found in parts.values() for stream in joined(found)]
    streams += [pulse] if (pulse := intervals_of(np.sort(np.array(peaks, np.float64)) / 1e9)) else []
    if not streams:
        raise RecordingError(f"{path}: no skin conductance, acceleration, pulse or button press in it")
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=0.0,
        resolution=0.1,
        left_out=tuple(left_out),
        notes=(f"{len(files)} files joined",) if len(files) > 1 else (),
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    import fastavro

    with path.open("rb") as file:
        for record in fastavro.reader(file):
            raw = record.get("rawData") if isinstance(record, dict) else None
            if not isinstance(raw, dict):
                raise RecordingError(f"{path}: an Avro file without rawData, so none of an EmbracePlus")
            yield raw


def intervals_of(peaks: FloatArray) -> Found | None:
    """Return the intervals between peaks of the pulse [s], stamped at their ends; None without any."""
    if len(peaks) < 2:
        return None
    return Found(
        name="PPI",
        modality=Modality.PPI,
        unit="s",
        sfreq=0.0,
        times=peaks[1:],
        samples=single(np.diff(peaks)),
        labels=("PPI",),
    )


def _block(raw: dict[str, Any], key: str) -> tuple[float, float] | None:
    block = raw.get(key) or {}
    start, rate = float(block.get("timestampStart") or 0) / 1e6, float(block.get("samplingFrequency") or 0)
    return (start, rate) if start > 0 and 0 < rate < 10_000 else None


def _eda(raw: dict[str, Any]) -> Found | None:
    head, values = _block(raw, "eda"), np.asarray((raw.get("eda") or {}).get("values", []), np.float64)
    if head is None or not len(values):
        return None
    start, rate = head
    return Found(
        name="eda",
        modality=Modality.EDA,
        unit="uS",
        sfreq=float(f"{rate:.6g}"),
        times=even(len(values), rate, start),
        samples=single(values),
        labels=("eda",),
    )


def _acc(raw: dict[str, Any]) -> Found | None:
    block, head = raw.get("accelerometer") or {}, _block(raw, "accelerometer")
    axes = [np.asarray(block.get(a, []), np.float64) for a in ("x", "y", "z")]
    n = min(map(len, axes))
    if head is None or not n:
        return None
    said = block.get("imuParams") or {}
    counts = float(said.get("digitalMax") or 0) - float(said.get("digitalMin") or 0)
    scale = float(said.get("conversionFactor") or 0)
    if not scale and counts:
        scale = (float(said.get("physicalMax") or 0) - float(said.get("physicalMin") or 0)) / counts
    if not scale > 0:
        return None
    start, rate = head
    samples = np.column_stack([a[:n] for a in axes]) * scale
    return Found(
        name="accelerometer",
        modality=Modality.ACC,
        unit="g",
        sfreq=float(f"{rate:.6g}"),
        times=even(n, rate, start),
        samples=samples,
        labels=("x", "y", "z"),
    )


def _tags(raw: dict[str, Any]) -> Found | None:
    times = np.asarray((raw.get("tags") or {}).get("tagsTimeMicros", []), np.float64) / 1e6
    if not len(times):
        return None
    return markers("tags", times, ["tag"] * len(times), "tag")
