"""Lists of RR intervals: Elite HRV, HRV4Training, Kubios and others: one number a line, or stamp and number.

Intervals are in ms or s: which, their size tells (a heart's is 0.25 to 3 s).
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.cells import numbers_of
from acquisition.importing.tables.dialect import cut_line, dialect_of
from acquisition.importing.tables.naming import modality_of
from acquisition.importing.tables.separators import BLANKS, is_number, split
from acquisition.importing.tables.sheet import Clock, Wish, epoch_of, read_sheet, unit_of
from acquisition.stream import Modality

TITLE = "list of RR intervals"
REMARKS = ("#", "%")
SAMPLED = re.compile(r"sampl\w*[ _-]?(rate|freq)|\bHz\b", re.IGNORECASE)
"""A remark that tells of a rate: what follows was sampled, and its counts may be of the size of intervals."""


def recognise(peek: Peek) -> bool:
    """Tell whether a text holds one or two columns of which the last is made of heart beats."""
    if peek.suffix not in (".txt", ".csv", ".tsv", ".rr", ".ibi", ".dat"):
        return False
    lines = [x.strip() for x in peek.lines if x.strip() and not x.startswith(REMARKS)]
    if any(x.startswith(REMARKS) and SAMPLED.search(x) for x in peek.lines):
        return False
    head = 0 if lines and all(is_number(c.strip(",;"), d) for d in ".," for c in lines[0].split()) else 1
    named = (
        head and lines and modality_of(lines[0].split(",")[-1].split(";")[-1].split("\t")[-1]) is Modality.RR
    )
    rows = lines[head if named else 0 : 200]
    if len(rows) < 3 or (len(lines) and not named and any(c.isalpha() for c in lines[0])):
        return False
    if named and len(split(lines[0], max("\t;,", key=lines[0].count))) > 2:
        return False
    last = [_last(row) for row in rows]
    values = np.array(last)
    return unit_of(values) != "" and len(rows[0].replace(",", " ").replace(";", " ").split()) <= 4


def _last(row: str) -> float:
    """Return the last number of a line, its decimal sign a comma or a point."""
    for sign in ("\t", ";", BLANKS):
        cells = split(row, sign)
        if len(cells) == 2:
            row = cells[1]
            break
    if row.count(",") == 2 and "." not in row:
        row = row.split(",", 1)[1]
    elif "," in row and "." in row:
        row = row.rsplit(",", 1)[1]
    try:
        return float(row.strip().strip('"').replace(",", "."))
    except ValueError:
        return math.nan


def read(path: Path, hints: Hints) -> FoundFile:
    """Read intervals, at their stamps where there are any."""
    dialect = dialect_of(path, hints)
    n = len(dialect.names)
    if n > 2:
        raise RecordingError(f"{path}: {n} columns; a list of intervals has one or two")
    values = numbers_of(path, dialect, [n - 1])[0]
    unit = unit_of(values)
    if not unit:
        raise RecordingError(f"{path}: its last column holds no intervals of a heart (0.25 to 3 s)")
    name = dialect.names[n - 1] if dialect.named else "rr"
    wish = Wish(name, Modality.RR, unit, (n - 1,))
    clock = Clock(0, hints=hints) if n == 2 else None
    streams, common, notes = read_sheet(path, dialect, [wish], clock)
    epoch, zoned = epoch_of(common)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=zoned,
        resolution=0.1,
        damage=cut_line(path, dialect),
        notes=(
            *notes,
            f"intervals taken as {unit}: {values[0]:g} is {values[0] * (1 if unit == 's' else 1e-3):.3f} s",
        ),
    )
