"""Tables of events: comma, semicolon or tab between the columns, named in the first line.

`events.csv` of `attune process`, a BIDS events.tsv and a list typed by hand are such tables.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping

from acquisition.errors import AnnotationError
from acquisition.text import from_cell
from processing.codings.annotations.annotation import MAX_ANNOTATIONS, Annotation, decoded
from processing.codings.annotations.coders import Rows, bare, coded, is_coded
from processing.codings.annotations.times import Clock, Clocks, clock_of, other_zone, plain_name

NAMES: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "datetime", "zeitstempel", "unix_time", "unix"),
    "start": ("t", "onset", "start", "begin", "zeit", "beginn"),
    "stop": ("stop", "end", "ende"),
    "duration": ("duration", "dauer"),
    "code": ("code", "trial_type", "label", "text", "kode"),
    "tier": ("tier",),
}
"""What a column means → its names; `time` is on the LSL clock or of a calendar, the others count from 0."""
TIMES = ("time", "start", "stop", "duration")
_SEP = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
FIELDS = ("actor", "phase", "value", "note", "rater", "id", "ref", "t_shift", "t_unc", "source")
OURS = {"time", "t", "onset", "t_shift", "t_unc", "ref"}
"""Columns by which `events.csv` of `attune process` is known: no cell of it is a formula to a spreadsheet."""
PREAMBLE = 40
"""Lines that may stand before the names of columns, as in tables of older BORIS."""
MISSING = frozenset(("", "na", "n/a", "nan", "none", "null"))


def read_table(data: bytes) -> list[Annotation]:
    """Read a table; columns without a meaning here are left out.

    Raises
    ------
    AnnotationError
        If there is no column of times or of codes, or a row that cannot be read; the line is named.
    """
    text = decoded(data, ("utf-8-sig", "cp1252"))
    if not text.strip():
        raise AnnotationError("empty")
    head = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=head.count)
    if said := _SEP.match(head):  # as Excel is told
        delimiter, text = said[1], text.split("\n", 1)[-1]
    known = _of_a_program(text, delimiter)
    if known is not None:
        return known
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        heads = next(reader, [])
        names = [name.strip().casefold() for name in heads]
        columns, ours = _columns(names), set(names) >= OURS
        rows: list[tuple[list[str], int]] = []
        for row in reader:
            row = [from_cell(cell) for cell in row] if ours else row
            if any(cell.strip() for cell in row):
                rows.append((row, reader.line_num))
            if len(rows) > MAX_ANNOTATIONS:
                raise AnnotationError(f"line {reader.line_num}: more than {MAX_ANNOTATIONS} rows")
        clocks = {what: _clock(heads, columns[what], rows) for what in TIMES if what in columns}
        out = [_annotation(row, columns, clocks, line) for row, line in rows]
    except csv.Error as error:
        raise AnnotationError(f"line {reader.line_num}: {error}") from None
    return out


def _clock(heads: list[str], at: int, rows: list[tuple[list[str], int]]) -> Clock:
    there = [(r[at], line) for r, line in rows if at < len(r) and r[at].strip().casefold() not in MISSING]
    cells = [cell for cell, _ in there]
    if found := other_zone(cells):
        raise AnnotationError(f"line {there[found[0]][1]}: {heads[at]}: {found[1]}")
    return clock_of(heads[at], cells)


def _of_a_program(text: str, delimiter: str) -> list[Annotation] | None:
    """Return the annotations of a table of another program's form; None if it is none."""
    cells: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
            if len(cells) > MAX_ANNOTATIONS:
                return None
    except csv.Error:
        return None
    if not cells:
        return None
    for k, head in enumerate(cells[:PREAMBLE]):
        names = [name.casefold() for name in head]
        if not is_coded(names):
            continue
        rows = [dict(zip(names, row, strict=False)) for row in cells[k + 1 :]]
        if (found := coded(Rows(names, rows, lines[k + 1 :]))) is not None:
            return found
    return bare(cells)


def _columns(names: list[str]) -> dict[str, int]:
    """Return which column holds what."""
    twice = {n for n in names if n and names.count(n) > 1}
    if twice:
        raise AnnotationError(f"line 1: column {sorted(twice)[0][:40]!r} twice")
    found = {}
    plain = [plain_name(name) for name in names]
    for what, choices in NAMES.items():
        at = [names.index(c) for c in choices if c in names]
        at = at or [plain.index(c) for c in choices if c in plain and what in TIMES]
        if at:
            found[what] = at[0]
    found |= {name: names.index(name) for name in FIELDS if name in names}
    if not {"time", "start"} & set(found):
        raise AnnotationError(
            "line 1: no column of times (time on the LSL clock or of a calendar; t, onset, start in seconds)"
        )
    if not {"code", "tier"} & set(found):
        raise AnnotationError("line 1: no column of codes (code, trial_type, label, text or tier)")
    return found


def _annotation(row: list[str], columns: Mapping[str, int], clocks: Clocks, line: int) -> Annotation:
    cells = {what: row[at].strip() if at < len(row) else "" for what, at in columns.items()}
    cells = {what: "" if cell.casefold() in MISSING else cell for what, cell in cells.items()}
    absolute = bool(cells.get("time"))
    first = "time" if absolute else "start"
    start = _seconds(cells, first, clocks, line)
    if math.isnan(start):
        raise AnnotationError(f"line {line}: no time")
    stop = _seconds(cells, "stop", clocks, line)
    duration = _seconds(cells, "duration", clocks, line)
    if math.isnan(stop) and duration > 0.0:
        stop = start + duration
    if stop < start or duration < 0.0:
        raise AnnotationError(f"line {line}: ends before its start")
    fields = {k: cells[k] for k in FIELDS if cells.get(k)}
    return Annotation(
        start=start,
        stop=stop,
        tier=cells.get("tier", ""),
        text=cells.get("code", ""),
        place=f"line {line}",
        fields=fields,
        absolute=absolute,
        calendar=clocks[first].calendar,
    )


def _seconds(cells: Mapping[str, str], what: str, clocks: Clocks, line: int) -> float:
    text = cells.get(what, "")
    if not text:
        return math.nan
    try:
        return clocks[what].read(text)
    except ValueError:
        raise AnnotationError(f"line {line}: {what} = {text[:40]!r} is no time") from None
