"""AcqKnowledge .acq, by bioread: channels, units, rates and event markers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even, markers, single
from acquisition.importing.tables.naming import modality_of, spelled

TITLE = "AcqKnowledge"
MAX_BYTES = 1 << 29


def recognise(peek: Peek) -> bool:
    """Tell by its ending: the format has no magic bytes."""
    return peek.suffix == ".acq"


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the channels whose names say what they are, and the markers."""
    import bioread

    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: {path.stat().st_size >> 20} MiB ({MAX_BYTES >> 20} at most)")
    file = bioread.read(str(path))
    streams, left_out = [], []
    for k, channel in enumerate(file.channels, 1):
        found, why = _stream(channel, k, hints)
        streams += [found] if found is not None else []
        left_out += [why] if why else []
    streams += _markers(file)
    if not streams:
        raise RecordingError(
            f"{path}: no channel that its name tells ({'; '.join(left_out)}); --sensor 1=ECG says it"
        )
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=_epoch(file),
        resolution=1.0,
        left_out=tuple(left_out),
    )


def _epoch(file: Any) -> float:
    """Return the Unix time of sample 0 by the mark that each segment begins with; nan in older versions."""
    for mark in getattr(file, "event_markers", None) or []:
        made = getattr(mark, "date_created_utc", None)
        if made is not None:
            return float(made.timestamp()) - float(mark.sample_index) / float(file.samples_per_second)
    return math.nan


def _stream(channel: Any, number: int, hints: Hints) -> tuple[Found | None, str]:
    name, unit = str(channel.name), str(channel.units)
    modality = hints.sensor(str(number), name) or modality_of(name)
    said = (
        spelled({"microsiemens": "uS", "umho": "uS", "Volts": "V"}.get(unit, unit), modality)
        if modality
        else ""
    )
    if modality is None:
        return None, f"{number} {name} [{unit}]: --sensor {number}=ECG says what it is"
    sfreq = float(channel.samples_per_second)
    values = np.asarray(channel.data, np.float64)
    return Found(
        name=name,
        modality=modality,
        unit=said,
        sfreq=sfreq,
        times=even(len(values), sfreq),
        samples=single(values),
        labels=(name,),
    ), ""


def _markers(file: Any) -> list[Found]:
    marks = [m for m in (getattr(file, "event_markers", None) or []) if getattr(m, "text", "")]
    if not marks:
        return []
    times = [float(m.sample_index) / float(file.samples_per_second) for m in marks]
    return [markers("markers", times, [str(m.text) for m in marks], "text")]
