"""Empatica EmbracePlus .csv of the care portal: aggregated per minute, Unix time in ms."""

from __future__ import annotations

from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.dialect import dialect_of
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import Modality

TITLE = "Empatica EmbracePlus (aggregated)"
COLUMNS = {"eda_scl_usiemens": (Modality.EDA, "uS")}


def recognise(peek: Peek) -> bool:
    """Tell whether the first line has the portal's names."""
    return peek.first.startswith("timestamp_unix,timestamp_iso,participant_full_id")


def read(path: Path, hints: Hints) -> FoundFile:
    """Read skin conductance; minutes without a value, and why, are counted."""
    dialect = dialect_of(path, Hints(separator=",", decimal="."))
    names = list(dialect.names)
    wishes = [Wish(n, *COLUMNS[n], (i,)) for i, n in enumerate(names) if n in COLUMNS]
    if not wishes:
        raise RecordingError(
            f"{path}: no column that can be imported (there are: {', '.join(names)}; known: "
            f"{', '.join(COLUMNS)})"
        )
    streams, _, notes = read_sheet(path, dialect, wishes, Clock(names.index("timestamp_unix"), "ms"))
    slow = "one value a minute: a level, from which no responses can be told; the raw .avro files have 4 Hz"
    return FoundFile(
        path=path, layout=TITLE, streams=tuple(streams), epoch=0.0, resolution=1.0, notes=(*notes, slow)
    )
