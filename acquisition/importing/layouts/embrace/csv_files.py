"""Empatica EmbracePlus .csv: of the care portal, a row a minute, Unix time in ms; or made of the raw files.

Those of Empatica's script for the raw .avro files have Unix time in µs, and its peaks of the pulse in ns.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, markers
from acquisition.importing.layouts.embrace.avro import intervals_of
from acquisition.importing.tables.cells import numbers_of
from acquisition.importing.tables.dialect import Dialect, cut_line, dialect_of
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import Modality

TITLE = "Empatica EmbracePlus"
COLUMNS = {"eda_scl_usiemens": (Modality.EDA, "uS")}
RAW = "unix_timestamp,eda", "unix_timestamp,x,y,z"
TAGS, PEAKS = "tags_timestamp", "systolic_peak_timestamp"
SLOW = "one value a minute: a level, from which no responses can be told; the raw .avro files have 4 Hz"


def recognise(peek: Peek) -> bool:
    """Tell whether the first line has the portal's or the script's names."""
    first = peek.first.replace(" ", "").rstrip(",")
    return first.startswith("timestamp_unix,timestamp_iso,participant_full_id") or first in (
        *RAW,
        TAGS,
        PEAKS,
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read skin conductance, acceleration or tags; minutes without a value are counted."""
    dialect = dialect_of(path, replace(hints, separator=",", decimal=".", header="yes"))
    names = list(dialect.names)
    if names[0] in (TAGS, PEAKS):
        return _stamps(path, dialect, names[0])
    if names[0] == "unix_timestamp":
        return _raw(path, dialect)
    wishes = [Wish(n, *COLUMNS[n], (i,)) for i, n in enumerate(names) if n in COLUMNS]
    if not wishes:
        raise RecordingError(
            f"{path}: no column that can be imported (there are: {', '.join(names)}; known: "
            f"{', '.join(COLUMNS)})"
        )
    streams, _, notes = read_sheet(path, dialect, wishes, Clock(names.index("timestamp_unix"), "ms"))
    return FoundFile(
        path=path,
        layout=f"{TITLE} (aggregated)",
        streams=tuple(streams),
        epoch=0.0,
        resolution=1.0,
        damage=cut_line(path, dialect),
        notes=(*notes, SLOW),
    )


def _raw(path: Path, dialect: Dialect) -> FoundFile:
    wish = (
        Wish("EDA", Modality.EDA, "uS", (1,))
        if dialect.names[1] == "eda"
        else Wish("ACC", Modality.ACC, "g", (1, 2, 3))
    )
    streams, _, notes = read_sheet(path, dialect, [wish], Clock(0, "us"))
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=0.0,
        resolution=1.0,
        damage=cut_line(path, dialect),
        notes=tuple(notes),
    )


def _stamps(path: Path, dialect: Dialect, name: str) -> FoundFile:
    """Return button presses, or the intervals between peaks of the pulse."""
    times = numbers_of(path, dialect, [0])[0]
    times = times[np.isfinite(times)] / (1e6 if name == TAGS else 1e9)
    found: Found | None = intervals_of(times)
    if name == TAGS:
        found = markers("tags", times, ["tag"] * len(times), "tags")
    if found is None or not len(found.times):
        raise RecordingError(f"{path}: no {'tags' if name == TAGS else 'peaks'} in it")
    return FoundFile(path=path, layout=TITLE, streams=(found,), epoch=0.0, resolution=1.0)
