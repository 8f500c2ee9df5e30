"""Empatica EmbracePlus raw data, .avro: stamps in µs of Unix time, acceleration in counts with its range.

The fields are those of the schema inside the file (rawData.eda.timestampStart, samplingFrequency, values …).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even, single
from acquisition.stream import Modality

TITLE = "Empatica EmbracePlus (raw)"
MAX_BYTES = 1 << 28


def recognise(peek: Peek) -> bool:
    """Tell whether it is an Avro file."""
    return peek.head.startswith(b"Obj\x01")


def read(path: Path, hints: Hints) -> FoundFile:
    """Read skin conductance, acceleration and button presses of every record of a file."""
    import fastavro

    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: {path.stat().st_size >> 20} MiB ({MAX_BYTES >> 20} at most)")
    parts: dict[str, list[Found]] = {"eda": [], "acc": [], "tags": []}
    with path.open("rb") as file:
        for record in fastavro.reader(file):
            raw = record.get("rawData") if isinstance(record, dict) else None
            if not isinstance(raw, dict):
                raise RecordingError(f"{path}: an Avro file without rawData, so none of an EmbracePlus")
            for name, found in (("eda", _eda(raw)), ("acc", _acc(raw)), ("tags", _tags(raw))):
                parts[name] += [found] if found is not None else []
    streams = [_joined(found) for found in parts.values() if found]
    if not streams:
        raise RecordingError(f"{path}: no skin conductance, acceleration or button press in it")
    return FoundFile(path=path, layout=TITLE, streams=tuple(streams), epoch=0.0, resolution=0.1)


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
    counts = float(said.get("digitalMax", 0)) - float(said.get("digitalMin", 0))
    scale = (
        (float(said.get("physicalMax", 0)) - float(said.get("physicalMin", 0))) / counts if counts else 0.0
    )
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
    return Found(
        name="tags",
        modality=Modality.MARKERS,
        unit="",
        sfreq=0.0,
        times=times,
        samples=np.full((len(times), 1), "tag", object),
        labels=("tag",),
    )


def _joined(parts: list[Found]) -> Found:
    """Return blocks of one signal as one stream, in order of time; holes between them stay."""
    from dataclasses import replace

    parts = sorted(parts, key=lambda p: float(p.times[0]))
    return replace(
        parts[0],
        times=np.concatenate([p.times for p in parts]),
        samples=np.concatenate([p.samples for p in parts]),
    )
