"""AcqKnowledge .txt: the file's name, `2 msec/sample`, `2 channels`, a name and a unit each, then columns."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.dialect import Dialect, dialect_of, opened
from acquisition.importing.tables.naming import modality_of, spelled
from acquisition.importing.tables.separators import split
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet

TITLE = "AcqKnowledge text"
_STEP = re.compile(r"([\d.,]+)\s*(msec|sec|usec|ms|s|Hz|min)(/sample)?", re.IGNORECASE)


TIMES = {"min": "min", "sec": "s", "ms": "ms", "msec": "ms", "millisec": "ms"}
TIMES |= {"hour": "h", "hours": "h", "hr": "h"}


def recognise(peek: Peek) -> bool:
    """Tell whether lines 2 and 3 say the step and the channels."""
    return any(re.search(r"/sample\s*$", x) for x in peek.lines[:3]) and any(
        re.fullmatch(r"\d+ channels?\s*", x) for x in peek.lines[:4]
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the channels whose names say what they are."""
    dialect = dialect_of(path, replace(hints, header=""))
    lines = [x.strip() for x in dialect.preamble]
    at = next(i for i, x in enumerate(lines) if re.fullmatch(r"\d+ channels?", x))
    n = int(lines[at].split()[0])
    titles = lines[at + 1 : at + 1 + 2 * n : 2]
    units = lines[at + 2 : at + 2 + 2 * n : 2]
    head = split(lines[at + 1 + 2 * n], dialect.separator) if len(lines) > at + 1 + 2 * n else []
    timed = (
        bool(head)
        and re.fullmatch(r"min|sec|ms|msec|millisec|hours?|hr|samples?", head[0], re.IGNORECASE) is not None
    )
    wishes, left_out = [], []
    for k, (title, unit) in enumerate(zip(titles, units, strict=False)):
        modality = hints.sensor(title, f"CH{k + 1}") or modality_of(title)
        said = spelled(_unit(unit), modality) if modality else ""
        if modality is None:
            left_out.append(f"{title} [{unit}]: --sensor says what it is")
            continue
        wishes.append(Wish(title, modality, said, (k + timed,)))
    if not wishes:
        raise RecordingError(f"{path}: no channel that its name tells ({'; '.join(left_out)})")
    sfreq = _rate(path, lines)
    dialect = _without_counts(path, dialect)
    clock = None
    if timed:
        dialect = replace(dialect, names=(head[0], *dialect.names[1:]))
        unit = TIMES.get(head[0].casefold(), "")
        clock = Clock(0, unit) if unit else None
    streams, _, notes = read_sheet(path, dialect, wishes, clock, sfreq=sfreq)
    return FoundFile(
        path=path, layout=TITLE, streams=tuple(streams), left_out=tuple(left_out), notes=tuple(notes)
    )


def _without_counts(path: Path, dialect: Dialect) -> Dialect:
    """Return how a table is written if its first row only says how many follow."""
    rows = opened(path, dialect)
    first = split(next(rows, "").rstrip("\r\n"), dialect.separator)
    n = str(sum(1 for _ in rows))
    counts = [cell for cell in first if cell]
    return replace(dialect, skip=dialect.skip + 1) if counts and set(counts) == {n} else dialect


def _unit(text: str) -> str:
    return {"microsiemens": "uS", "umho": "uS", "microsiemen": "uS", "volts": "V", "millivolts": "mV"}.get(
        text.casefold(), text
    )


def _rate(path: Path, lines: list[str]) -> float:
    line = next(x for x in lines if "/sample" in x)
    m = _STEP.search(line)
    value = float(m[1].replace(",", ".")) if m else 0.0
    if m is None or not value > 0:
        raise RecordingError(f"{path}: {line!r} is no step between samples")
    seconds = {"msec": 1e3, "ms": 1e3, "usec": 1e6, "sec": 1.0, "s": 1.0, "min": 1 / 60}[m[2].casefold()]
    return float(f"{seconds / value:.9g}")
