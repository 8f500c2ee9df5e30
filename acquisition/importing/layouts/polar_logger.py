"""Polar Sensor Logger: ECG, RR, ACC .txt of an H10; phone time, ns of the sensor, ms, values.

The layout is that of the app's exports: `Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing import stamps
from acquisition.importing.found import Found, FoundFile, Hints, Peek
from acquisition.importing.tables.cells import stamps_of, texts_of
from acquisition.importing.tables.dialect import dialect_of
from acquisition.importing.tables.sheet import Clock, Wish, in_gravities, read_sheet
from acquisition.stream import ERROR, Modality

TITLE = "Polar Sensor Logger"
BLOCKER = "blocker"
"""Column that is 1 where movement spoils a pulse interval."""


def recognise(peek: Peek) -> bool:
    """Tell whether the first line has the app's names."""
    return peek.first.casefold().startswith(("phone timestamp;", "phone data rx timestamp;"))


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the values by the sensor's own time, placed by the phone's."""
    dialect = dialect_of(path, replace(hints, separator=";", decimal=".", header=""))
    names = [n.casefold() for n in dialect.names]
    wishes = _wishes(names)
    if not wishes:
        raise RecordingError(
            f"{path}: no column of ECG, RR, PPI or acceleration (there are: {', '.join(dialect.names)})"
        )
    own = next((i for i, n in enumerate(names) if "[ns]" in n), None)
    ns = stamps_of(path, dialect, own) if own is not None else np.empty(0)
    ns = ns[np.isfinite(ns)]
    if len(ns) < 2 or float(ns[0]) == float(ns[-1]):
        own = None  # files of beats have 0 in each row
    streams, _, notes = read_sheet(path, dialect, wishes, Clock(own, "ns") if own is not None else Clock(0))
    phone = stamps.texts(texts_of(path, dialect, [0])[0][:1], dialect.names[0], str(path))
    begin = float(phone.times[0]) if own is None else float(ns[0]) / 1e9
    streams = [replace(s, times=s.times - begin) for s in streams]
    for change in (_unspoilt, in_gravities):
        told = [change(s) for s in streams]
        streams = [found for found, _ in told]
        notes += [text for _, text in told if text]
    epoch, zoned = (float(phone.times[0]) if phone.absolute else float("nan")), phone.zoned
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=zoned,
        resolution=0.1,
        notes=tuple(notes),
    )


def _unspoilt(found: Found) -> tuple[Found, str]:
    """Return pulse intervals without those that movement spoils, and without the column that says so; and how
    many these are. Where that column is empty, nothing is said of an interval."""
    if found.labels[-1:] != (BLOCKER,):
        return found, ""
    samples = np.array(found.samples[:, :-1], np.float64)
    spoilt = np.nan_to_num(np.asarray(found.samples[:, -1], np.float64)) != 0
    samples[spoilt, 0] = np.nan
    n = int(spoilt.sum())
    note = f"{n} of {len(spoilt)} pulse intervals are spoilt by movement ({BLOCKER}): left out" if n else ""
    return replace(found, samples=samples, labels=found.labels[:-1]), note


def _wishes(names: list[str]) -> list[Wish]:
    out = []
    for i, name in enumerate(names):
        if name.startswith("ecg"):
            out.append(Wish("ecg", Modality.ECG, "uV", (i,)))
        elif name.startswith("rr"):
            out.append(Wish("rr", Modality.RR, "ms", (i,)))
        elif name.startswith("pp-interval"):
            beside = {word: j for word in (ERROR, BLOCKER) for j, n in enumerate(names) if n.startswith(word)}
            labels, told = ("PPI", *beside), tuple(word == BLOCKER for word in beside)
            columns = (i, *beside.values())
            out.append(Wish("ppi", Modality.PPI, "ms", columns, labels=labels, beside=told))
    axes = [i for i, n in enumerate(names) if n.split(" ")[0] in ("x", "y", "z")]
    if len(axes) == 3:
        unit = next((u for u in ("mg", "g") if f"[{u}]" in names[axes[0]]), "")
        if "[" in names[axes[0]] and not unit:
            return out  # a gyroscope, a magnetometer
        out.append(Wish("acc", Modality.ACC, unit, tuple(axes)))
    return out
