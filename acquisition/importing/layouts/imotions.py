"""iMotions .csv: #INFO, #METADATA and #DATA lines, then Row, Timestamp [ms; some s] and a column per sensor.

Rows of other devices leave cells blank.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.dialect import dialect_of
from acquisition.importing.tables.naming import modality_of, spelled, unit_in
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import Modality

TITLE = "iMotions"
UNITS = {Modality.EDA: "uS", Modality.ECG: "mV"}


def recognise(peek: Peek) -> bool:
    """Tell whether the first line is #INFO."""
    return peek.first.startswith("#INFO") or any(x.startswith("#DATA") for x in peek.lines[:80])


def read(path: Path, hints: Hints) -> FoundFile:
    """Read calibrated columns; raw ones are left out."""
    dialect = dialect_of(path, replace(hints, separator=hints.separator or ",", decimal=hints.decimal or "."))
    names = list(dialect.names)
    if "Timestamp" not in names:
        raise RecordingError(f"{path}: no column Timestamp (there are: {', '.join(names)})")
    wishes, left_out = [], []
    for i, name in enumerate(names):
        modality = hints.sensor(name) or (None if name in ("EventSource",) else modality_of(name))
        if modality is None or re.search(r"\b(RAW|Resist\w*|Range|Quality|Peak)\b", name, re.IGNORECASE):
            if modality is not None:
                left_out.append(f"{name}: raw")
            continue
        wishes.append(Wish(name, modality, spelled(unit_in(name), modality) or UNITS.get(modality, ""), (i,)))
    if not wishes:
        raise RecordingError(
            f"{path}: no calibrated column that its name tells (there are: {', '.join(names)})"
        )
    clock = Clock(names.index("Timestamp"), usual="ms", hints=hints)
    streams, _, notes = read_sheet(path, dialect, wishes, clock)
    return FoundFile(
        path=path, layout=TITLE, streams=tuple(streams), left_out=tuple(left_out), notes=tuple(notes)
    )
