"""EDF, EDF+C with annotations, EDF+D with interruptions, and BDF (edfplus.info/specs; biosemi.com).

Read here and not by edfio, which refuses what laboratories have: decimal commas, empty ranges of single
signals, files that were cut.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.importing.found import MAX_SECONDS, Found, FoundFile, Hints, Peek, even, in_axes, single
from acquisition.importing.layouts.bids import annotation_stream, marks
from acquisition.importing.layouts.edf_header import (
    ANNOTATIONS,
    MAX_SIGNALS,
    Header,
    empty_range,
    read_header,
    real,
)
from acquisition.importing.markers import triggered
from acquisition.importing.tables.naming import modality_of, spelled
from acquisition.stream import BoolArray, FloatArray, Modality

TITLE = "EDF"
MAX_BYTES = 1 << 31
OWN = 0.95
"""Share of a record that the next one begins later at least, where each has a place of its own."""
GAP = "gap/"
"""Begins the annotation of a gap in our own exports, which cannot leave samples out."""
_TAL = re.compile(rb"([+-]\d+(?:[.,]\d*)?)(?:\x15(\d+(?:[.,]\d*)?))?\x14([^\x00]*?)\x14?\x00")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Signals:
    """Hold a file: its header, its records as they are, and when each begins [s]."""

    header: Header
    records: NDArray[np.uint8]
    onsets: FloatArray
    damage: tuple[str, ...]
    notes: tuple[str, ...]
    annotations: list[tuple[float, float, str]]
    began: float = math.nan
    """When the first record begins [s], where it was not read; else nan."""

    def physical(self, path: Path, i: int) -> FloatArray:
        """Return a signal in its unit, shape (n_samples,)."""
        if why := empty_range(self.header.ranges[i]):
            raise RecordingError(
                f"{path}: signal {self.header.labels[i]!r}: {why}, so its values are not known: leave it "
                "out, or write the limits of its sensor into the header"
            )
        low, high, digital_low, digital_high = self.header.ranges[i]
        raw = self.digital(i).astype(np.float64)
        return np.asarray((raw - digital_low) * ((high - low) / (digital_high - digital_low)) + low)

    def digital(self, i: int) -> NDArray[Any]:
        """Return a signal as stored, shape (n_samples,)."""
        width = self.header.width
        begin = width * sum(self.header.counts[:i])
        part = np.ascontiguousarray(self.records[:, begin : begin + width * self.header.counts[i]])
        if width == 2:
            return part.view("<i2").reshape(-1)
        wide = np.zeros((part.size // 3, 4), np.uint8)
        wide[:, 1:] = part.reshape(-1, 3)
        return wide.view("<i4").reshape(-1) >> 8

    @property
    def gaps(self) -> bool:
        """Tell whether records do not adjoin, or the first does not begin at 0."""
        steps = np.diff(self.onsets)
        return bool(self.onsets[:1].any() or np.any(np.abs(steps - self.header.duration) >= 1e-6))

    def times(self, i: int) -> FloatArray:
        """Return the stamps of a signal [s since the start of the file]."""
        n, rate = self.header.counts[i], self.rate(i)
        steps = np.diff(self.onsets)
        if not len(steps) or np.all(np.abs(steps - self.header.duration) < 1e-6):
            return even(n * len(self.onsets), rate, float(self.onsets[0]) if len(self.onsets) else 0.0)
        return np.asarray((self.onsets[:, np.newaxis] + np.arange(n) / rate).reshape(-1))

    def rate(self, i: int) -> float:
        """Return the rate of a signal [Hz]."""
        return float(f"{self.header.counts[i] / self.header.duration:.12g}")


def recognise(peek: Peek) -> bool:
    """Tell whether it begins as such a file."""
    return peek.head[:8] in (b"0       ", b"\xffBIOSEMI") and len(peek.head) >= 256


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the signals whose labels say what they are, and annotations as events."""
    file = read_signals(path, hints.part)
    header = file.header
    streams, left_out = [], []
    for i, (label, unit) in enumerate(zip(header.labels, header.units, strict=True)):
        if label in ANNOTATIONS:
            continue
        found, why = _stream(path, file, i, label, unit, hints)
        streams += [found] if found is not None else []
        left_out += [f"{i + 1} {label} [{unit}]: {why}"] if why else []
    streams = in_axes(streams) + events_of(file)
    if not streams:
        raise RecordingError(f"{path}: no signal that can be imported: {'; '.join(left_out) or 'none in it'}")
    return FoundFile(
        path=path,
        layout="BDF" if header.width == 3 else header.reserved or TITLE,
        streams=tuple(streams),
        epoch=header.epoch,
        zoned=False,
        resolution=1.0,
        left_out=tuple(left_out),
        damage=file.damage,
        notes=file.notes,
    )


def _stream(
    path: Path, file: Signals, i: int, label: str, unit: str, hints: Hints
) -> tuple[Found | None, str]:
    modality = hints.sensor(str(i + 1), label) or modality_of(label)
    if modality is Modality.MARKERS or label.casefold() == "status":
        return _triggers(file, i, label)
    if modality is None:
        return None, f"--sensor {i + 1}=ECG says what it is"
    said = spelled(unit, modality)
    try:
        values = file.physical(path, i)
    except RecordingError as error:
        return None, str(error).removeprefix(f"{path}: ")
    times, keep = file.times(i), outside_gaps(file, i)
    same = file.header.labels.count(label)
    number = file.header.labels[: i + 1].count(label)
    sfreq = 0.0 if modality in (Modality.RR, Modality.PPI) else file.rate(i)
    return Found(
        name=label if same == 1 else f"{label} {number}",
        modality=modality,
        unit=said,
        sfreq=sfreq,
        times=times[keep],
        samples=single(values[keep]),
        labels=(label,),
        began=file.began,
    ), ""


def _triggers(file: Signals, i: int, label: str) -> tuple[Found | None, str]:
    """Return the codes of a trigger channel; of BioSemi's 24 bits the lower 16 are the trigger."""
    codes = file.digital(i).astype(np.int64)
    values = (codes & 0xFFFF if file.header.width == 3 else codes).astype(np.float64)
    times, texts = triggered(values, file.times(i))
    rows = list(zip(times.tolist(), texts, strict=True))
    return next(iter(annotation_stream(label, rows)), None), "" if rows else f"{label}: no trigger in it"


def outside_gaps(file: Signals, i: int) -> BoolArray:
    """Tell which samples are none of a gap that our own export annotated: it holds the lowest value there."""
    times, half = file.times(i), 0.5 / file.rate(i)
    keep: BoolArray = np.ones(len(times), bool)
    for onset, lasts, text in file.annotations:
        if text.startswith(GAP) and _concerns(text.removeprefix(GAP), file.header.labels[i]):
            first, stop = np.searchsorted(times, (onset - half, onset + lasts - half))
            keep[first:stop] = False
    return keep


def _concerns(stream: str, label: str) -> bool:
    """Tell whether a gap is one of a signal: it names its stream, and its label where that has several."""
    stream, slash, which = stream.partition("/")
    if slash:
        return which == label
    role, _, name = stream.partition("_")
    # Whose it is stands at the end, in files of older versions at the begin.
    whose = f" {role[:1]} " in (label[-2:].casefold() + " ", " " + label[:2].casefold())
    return whose and modality_of(name) is modality_of(label)


def events_of(file: Signals) -> list[Found]:
    rows = [
        mark
        for onset, lasts, text in file.annotations
        if not text.startswith(GAP)
        for mark in marks(onset, lasts, text)
    ]
    return annotation_stream("Annotations", rows)


def read_signals(path: Path, part: tuple[float, float] = (-math.inf, math.inf)) -> Signals:
    """Read a file, of one that is longer than a session only the records of a part [s since its start].

    Raises
    ------
    RecordingError
        If it is no such file; the field is named.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise RecordingError(f"{path}: {size >> 20} MiB ({MAX_BYTES >> 20} at most)")
    with path.open("rb") as file:
        header = read_header(path, file.read(256 * (MAX_SIGNALS + 1)))
    width = header.width * sum(header.counts)
    n = (size - header.size) // width
    damage = _damage(header, size, width, n)
    if n < 1:
        raise RecordingError(f"{path}: no whole record after its header")
    records: NDArray[np.uint8] = np.memmap(path, np.uint8, "r", header.size, (n, width))
    first = 0
    if n * header.duration > MAX_SECONDS:
        first, stop = _wanted(path, header, n, part)
        records = records[first:stop]
    onsets, annotations, told = _annotations(header, records)
    if "+D" in header.reserved and not len(onsets):
        why = told[0] if told else "no record says when it begins"
        raise RecordingError(f"{path}: has interruptions ({header.reserved}), and {why}")
    records, onsets, told = _in_order(header, records, onsets, told)
    if not len(onsets):
        onsets = even(len(records), 1 / header.duration, first * header.duration)
    return Signals(
        header=header,
        records=records,
        onsets=onsets,
        damage=damage,
        notes=(*_counted(header, n), *told),
        annotations=annotations,
        began=0.0 if len(records) < n else math.nan,
    )


def _in_order(
    header: Header, records: NDArray[np.uint8], onsets: FloatArray, told: tuple[str, ...]
) -> tuple[NDArray[np.uint8], FloatArray, tuple[str, ...]]:
    """Return records in the order of their onsets [s], if each has a place of its own then.

    Where they overlap, a clock was set back, and they stand as they came.
    """
    order = np.argsort(onsets, kind="stable")
    steps = np.diff(onsets[order])
    if not np.any(np.diff(onsets) < 0.0) or np.any(steps < OWN * header.duration):
        return records, onsets, told
    n = int(np.count_nonzero(np.diff(onsets) < 0.0))
    note = f"{n} of its records begin before the one before them: read in the order of their times"
    return records[order], onsets[order], (*told, note)


def _wanted(path: Path, header: Header, n: int, part: tuple[float, float]) -> tuple[int, int]:
    """Return the records that a part of a long file needs, with one more at either end."""
    begin, end = max(part[0], 0.0), min(part[1], n * header.duration)
    if end - begin > MAX_SECONDS:
        raise RecordingError(
            f"{path}: a file of {n * header.duration / 3600:.1f} h ({', '.join(header.labels[:5])}; 12 h at "
            "most): --part BEGIN:END [s] imports a part"
        )
    return max(0, math.floor(begin / header.duration) - 1), math.ceil(end / header.duration) + 1


def _damage(header: Header, size: int, width: int, n: int) -> tuple[str, ...]:
    said = []
    if 0 <= n < header.n_records:
        lost = (header.n_records - n) * header.duration
        said.append(f"{n} of {header.n_records} records are there; the last {lost:g} s are missing")
    elif (size - header.size) % width:
        said.append(f"{(size - header.size) % width} bytes of a cut record at its end")
    return tuple(said)


def _counted(header: Header, n: int) -> tuple[str, ...]:
    """Return what is said of a count of records that was not brought up to date; fewer than it are damage."""
    if header.n_records < 0:
        return (f"its header does not say how many records it has; all {n} read",)
    return (f"its header says {header.n_records} of {n} records; all read",) if n > header.n_records else ()


def _annotations(
    header: Header, records: NDArray[np.uint8]
) -> tuple[FloatArray, list[tuple[float, float, str]], tuple[str, ...]]:
    """Return when each record begins [s], and all annotations as (onset, duration, text)."""
    columns = [i for i, label in enumerate(header.labels) if label in ANNOTATIONS]
    onsets: list[float] = []
    found: list[tuple[float, float, str]] = []
    for row in records if columns else []:
        for k, i in enumerate(columns):
            begin = header.width * sum(header.counts[:i])
            data = row[begin : begin + header.width * header.counts[i]].tobytes()
            for number, m in enumerate(_TAL.finditer(data + b"\0")):
                onset, lasts = real(m[1].decode()), real((m[2] or b"0").decode())
                texts = [t for t in m[3].split(b"\x14") if t]
                if k == 0 and number == 0:
                    onsets.append(onset)
                found += [(onset, lasts, t.decode("utf-8", "replace").strip()) for t in texts]
    notes: tuple[str, ...] = ()
    if columns and len(onsets) != len(records):
        notes = (f"{len(records) - len(onsets)} of {len(records)} records do not say when they begin",)
        onsets = []
    return np.array(onsets), [f for f in found if f[2]], notes
