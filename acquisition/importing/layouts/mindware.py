"""MindWare text exports: `Sample Rate:` in the first lines, then time and channels; or a list of events."""

from __future__ import annotations

import re
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.layouts.bids import annotation_stream
from acquisition.importing.tables.dialect import dialect_of
from acquisition.importing.tables.naming import is_time, modality_of, spelled, unit_in
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import Modality

TITLE = "MindWare text"
ENDINGS = (
    (r"_?(Bio|ECG)$", Modality.ECG, "mV"),
    (r"_?(GSC|EDA)$", Modality.EDA, "uS"),
    (r"_?Resp$", Modality.RESP, ""),
)


def recognise(peek: Peek) -> bool:
    """Tell whether the first line is that of a signal export, or the names are those of its events."""
    return bool(re.match(r"Sample Rate:?[\t ,]", peek.first, re.IGNORECASE)) or peek.first.startswith(
        "Event Type\tName\tTime"
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read signals, or events."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    return _events(path) if first.startswith("Event Type") else _signals(path, first, hints)


def _signals(path: Path, first: str, hints: Hints) -> FoundFile:
    dialect = dialect_of(path, hints)
    m = re.search(r"[\d.]+", first)
    sfreq = float(m[0]) if m else None
    wishes, left_out, notes = [], [], []
    for i, name in enumerate(dialect.names):
        if is_time(name):
            continue
        modality, unit = hints.sensor(name) or modality_of(name), ""
        for pattern, kind, default in ENDINGS:
            if re.search(pattern, name, re.IGNORECASE):
                modality, unit = modality or kind, default
        if modality is None:
            left_out.append(f"{name}: --sensor says what it is")
            continue
        said = spelled(unit_in(name), modality)
        if not said and unit:
            notes.append(f"{name}: unit taken as {unit}, as MindWare exports it")
        wishes.append(Wish(name, modality, said or unit, (i,)))
    if not wishes:
        raise RecordingError(f"{path}: no channel that its name tells ({'; '.join(left_out)})")
    time = next((i for i, n in enumerate(dialect.names) if is_time(n)), None)
    streams, _, told = read_sheet(
        path, dialect, wishes, Clock(time, "s") if time is not None else None, sfreq=sfreq
    )
    return FoundFile(
        path=path, layout=TITLE, streams=tuple(streams), left_out=tuple(left_out), notes=(*notes, *told)
    )


def _events(path: Path) -> FoundFile:
    rows = list[tuple[float, str]]()
    for number, line in enumerate(path.read_text("utf-8-sig", "replace").splitlines()[1:], 2):
        cells = line.split("\t")
        if len(cells) > 2 and cells[1].strip():
            try:
                rows.append((float(cells[2].replace(",", ".")), cells[1].strip()))
            except ValueError:
                raise RecordingError(f"{path}: line {number}: time {cells[2][:40]!r} is no number") from None
    found = tuple(annotation_stream("events", rows, "name"))
    notes = () if found else ("no events in it",)  # nothing was marked; what stands beside it holds
    return FoundFile(path=path, layout=f"{TITLE} (events)", streams=found, notes=notes)
