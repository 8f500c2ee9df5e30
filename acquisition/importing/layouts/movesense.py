"""Movesense Showcase .csv (timestamp in ms, ecg) and .json (packets of samples with a stamp in ms; RR).

Counts of the showcase app are µV only by its own scale; other firmware differs: the unit is said with a note.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, single
from acquisition.importing.rates import rate_of
from acquisition.importing.stamps import moment
from acquisition.importing.tables.cells import numbers_of
from acquisition.importing.tables.dialect import Dialect, dialect_of
from acquisition.importing.tables.naming import modality_of, spelled, unit_in
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import FloatArray, Modality

TITLE = "Movesense"
UNIT = "uV"
MAX_BYTES = 1 << 28
NOTE = "ecg counts taken as µV, as the Showcase app writes them"
MOVESENSE = re.compile("movesense", re.IGNORECASE)
_STAMP = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d)_?(\d\d)_?(\d\d)(?:\.\d+)?(Z?)")


def recognise(peek: Peek) -> bool:
    """Tell whether it is a .csv or .json of the app."""
    if peek.suffix == ".json":
        return b'"data"' in peek.head[:200] and any(
            key in peek.head[:4000] for key in (b'"Samples"', b'"ArrayAcc"', b'"rrData"')
        )
    return peek.suffix == ".csv" and "movesense" in peek.name


def read(path: Path, hints: Hints) -> FoundFile:
    """Read ECG and acceleration; the start is in the file's name, or in its head."""
    streams, notes = _json(path) if path.suffix.casefold() == ".json" else _csv(path, hints)
    if not streams:
        raise RecordingError(f"{path}: no ECG, acceleration or intervals in it")
    first = min(float(s.times[0]) for s in streams)
    m = _STAMP.search(path.name)
    epoch = moment("{}-{}-{}T{}:{}:{}".format(*m.groups()[:6]))[0] - first if m else float("nan")
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=m is not None and m[7] == "Z",
        resolution=1.0,
        notes=tuple(notes),
    )


def _csv(path: Path, hints: Hints) -> tuple[list[Found], list[str]]:
    dialect = dialect_of(path, hints)
    names = [n.casefold() for n in dialect.names]
    if not dialect.named and len(names) == 2:
        names = ["timestamp", "ecg"]
    wishes = [
        Wish("ecg", Modality.ECG, spelled(unit_in(n), Modality.ECG) or _unit(path, dialect, i), (i,))
        for i, n in enumerate(names)
        if n.startswith("ecg")
    ]
    if not wishes and len(names) == 2 and modality_of(MOVESENSE.sub("", path.stem)) is Modality.ECG:
        wishes = [
            Wish(
                "ecg", Modality.ECG, spelled(unit_in(names[1]), Modality.ECG) or _unit(path, dialect, 1), (1,)
            )
        ]
    axes = [names.index(a) for a in ("x", "y", "z") if a in names]
    if len(axes) == 3:
        wishes.append(Wish("acc", Modality.ACC, "m/s2", tuple(axes)))
    clock = Clock(0, hints=hints)
    streams, _, told = read_sheet(path, dialect, wishes, clock) if wishes else ([], None, [])
    counts = any(w.modality is Modality.ECG and w.unit == UNIT for w in wishes)
    return streams, [*told, NOTE] if counts else told


def _unit(path: Path, dialect: Dialect, column: int) -> str:
    """Return the unit of an ECG that says none: counts are whole numbers, what the app converted is in mV."""
    values = numbers_of(path, dialect, [column])[0]
    return "mV" if np.any(values != np.round(values)) else UNIT


def _json(path: Path) -> tuple[list[Found], list[str]]:
    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: {path.stat().st_size >> 20} MiB ({MAX_BYTES >> 20} at most)")
    data = json.loads(path.read_text("utf-8", "replace"))
    rows = data.get("data") if isinstance(data, dict) else None
    ecg: list[tuple[float, list[Any]]] = []
    acc: list[tuple[float, list[Any]]] = []
    beats: list[Any] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        for key, target, field in (("ecg", ecg, "Samples"), ("acc", acc, "ArrayAcc")):
            packet = row.get(key)
            if isinstance(packet, dict) and isinstance(packet.get(field), list) and "Timestamp" in packet:
                target.append((float(packet["Timestamp"]) / 1000, packet[field]))
        rate = row.get("heartRate", row.get("hr"))
        if isinstance(rate, dict) and isinstance(rate.get("rrData"), list):
            beats += rate["rrData"]
    out, notes = list[Found](), [NOTE] if ecg else []
    told: tuple[tuple[str, Callable[[], list[Found]]], ...] = (
        ("rr", lambda: _beats(beats)),
        ("ecg", lambda: _electric(ecg)),
        ("acc", lambda: _acceleration(acc)),
    )
    for name, made in told:
        try:
            out += made()
        except (KeyError, TypeError, ValueError) as error:
            if name == "ecg" or not ecg:
                raise
            notes.append(f"{name}: left out: {_why(error)}")
    return out, notes


def _beats(told: list[Any]) -> list[Found]:
    """Return intervals that follow one another: one that is no number would move all later ones."""
    intervals = np.array([float(v) for v in told])
    intervals = intervals[intervals > 0.0]
    if not len(intervals):
        return []
    return [_found("rr", Modality.RR, "ms", np.cumsum(intervals) / 1000, single(intervals))]


def _electric(packets: list[tuple[float, list[Any]]]) -> list[Found]:
    if len(packets) < 2:
        return []
    return [_spread("ecg", Modality.ECG, UNIT, packets, lambda v: [float(v)])]


def _acceleration(packets: list[tuple[float, list[Any]]]) -> list[Found]:
    if len(packets) < 2:
        return []
    return [_spread("acc", Modality.ACC, "m/s2", packets, lambda v: [float(v[a]) for a in ("x", "y", "z")])]


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"a sample without {error}"
    return f"a value of it is no number ({error})"


def _found(
    name: str, modality: Modality, unit: str, times: FloatArray, samples: FloatArray, sfreq: float = 0.0
) -> Found:
    labels = ("x", "y", "z") if modality is Modality.ACC else (name,)
    return Found(
        name=name, modality=modality, unit=unit, sfreq=sfreq, times=times, samples=samples, labels=labels
    )


def _spread(
    name: str, modality: Modality, unit: str, packets: list[tuple[float, list[Any]]], row: Any
) -> Found:
    """Spread a packet's samples evenly from its stamp on, at the rate that the packets' stamps give."""
    starts = np.array([t for t, _ in packets])
    counts = np.array([len(v) for _, v in packets])
    steps = np.diff(starts) / np.maximum(counts[:-1], 1)
    step = float(np.median(steps))
    if not step > 0:
        raise RecordingError(f"{name}: stamps of its packets do not rise")
    lag = max(1, len(starts) // 2)
    whole = counts[:-lag].mean() if lag < len(starts) else counts.mean()
    n = np.concatenate([[0], np.cumsum(counts)])
    long = (starts[lag:] - starts[:-lag]) / np.maximum(n[lag : len(starts)] - n[: len(starts) - lag], 1)
    step = (
        float(np.median(long)) if len(long) and whole > 0 and abs(np.median(long) / step - 1) < 0.1 else step
    )
    times = np.concatenate(
        [t + step * np.arange(c) for t, c in zip(starts.tolist(), counts.tolist(), strict=True)]
    )
    samples = np.array([row(v) for _, values in packets for v in values], np.float64)
    whole_rows = samples if samples.ndim == 2 else single(samples)
    return _found(name, modality, unit, times, whole_rows, rate_of(times) or float(f"{1 / step:.6g}"))
