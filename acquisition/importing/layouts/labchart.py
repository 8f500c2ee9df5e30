"""LabChart .txt: Interval=, ExcelDateTime=, ChannelTitle=, Range=, then time, channels, and #* comments.

A block of a recording that was stopped and begun again has such a head of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing import stamps
from acquisition.importing.found import HEAD, Found, FoundFile, Hints, Peek, joined, markers
from acquisition.importing.tables.dialect import Dialect, dialect_of, encoding_of, opened
from acquisition.importing.tables.naming import modality_of, spelled
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet

TITLE = "LabChart text"
MAX_BLOCKS = 1000
_HEAD = re.compile(r"[A-Za-z ]{2,30}=(\t|$)")


def recognise(peek: Peek) -> bool:
    """Tell whether the first lines are LabChart's."""
    return any(x.startswith("Interval=") for x in peek.lines[:3]) and any(
        x.startswith("ChannelTitle=") for x in peek.lines[:12]
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the channels whose titles say what they are, and comments."""
    with path.open("rb") as file:
        encoding = encoding_of(file.read(HEAD))
    dialect = replace(dialect_of(path, replace(hints, separator="tab", header="")), encoding=encoding)
    blocks = _blocks(path, dialect)
    if not blocks:
        raise RecordingError(f"{path}: no rows under its head")
    parts = [
        _block(path, replace(dialect, skip=skip, until=until), head, hints) for head, skip, until in blocks
    ]
    first = parts[0]
    from_file = "StartOfFile" in blocks[0][0].get("TimeFormat", "")
    streams: list[Found] = []
    for part in parts:
        apart = part.epoch - first.epoch
        shift = apart if math.isfinite(apart) and not from_file else 0.0
        streams += [replace(f, times=f.times + shift) for f in part.streams]
    notes = [text for part in parts for text in part.notes]
    if len(parts) > 1:
        streams = joined(streams)
        notes.append(f"{len(parts)} blocks, each at its own start")
    return replace(first, streams=tuple(streams), notes=tuple(dict.fromkeys(notes)))


def _blocks(path: Path, dialect: Dialect) -> list[tuple[dict[str, str], int, int]]:
    """Return each block's head, and the lines between which its rows stand."""
    found: list[tuple[dict[str, str], int, int]] = []
    head: dict[str, str] = {}
    rows = False
    skip = line_number = 0
    with path.open(encoding=dialect.encoding, errors="replace", newline=None) as file:
        for line_number, line in enumerate(file):
            if _HEAD.match(line):
                if rows:
                    found.append((head, skip, line_number))
                    head, rows = {}, False
                    if len(found) == MAX_BLOCKS:
                        raise RecordingError(f"{path}: more than {MAX_BLOCKS} blocks")
                name, _, value = line.partition("=")
                head[name] = value
            elif line.strip() and not rows:
                rows, skip = True, line_number
    return [*found, (head, skip, 0)] if rows else found


def _block(path: Path, dialect: Dialect, head: dict[str, str], hints: Hints) -> FoundFile:
    titles = _cells(head.get("ChannelTitle", ""))
    units = _cells(head.get("UnitName", "")) or [x.split(" ")[-1] for x in _cells(head.get("Range", ""))]
    wishes, left_out = [], []
    for k, title in enumerate(titles):
        unit = units[k] if k < len(units) else ""
        modality = hints.sensor(title) or modality_of(title)
        if modality is None:
            left_out.append(f"{title} [{unit}]: --sensor says what it is")
            continue
        wishes.append(Wish(title, modality, spelled(unit, modality), (k + 1,)))
    if not wishes:
        raise RecordingError(f"{path}: no channel that its title tells ({'; '.join(left_out)})")
    n = max(len(titles) + 1, len(dialect.names))
    names = ("time", *titles, *(str(i) for i in range(len(titles) + 2, n + 1)))
    dialect = replace(dialect, names=names, units=("",) * n)
    step = re.match(r"\s*([\d.,eE+-]+)\s*s", head.get("Interval", ""))
    sfreq = float(f"{1 / float(step[1].replace(',', '.')):.9g}") if step else None
    streams, common, notes = read_sheet(path, dialect, wishes, Clock(0, "s"), sfreq=sfreq)
    epoch = _epoch(head.get("ExcelDateTime", ""))
    if common is not None and common.unit == "clock":  # the time of day, with or without its date
        day = 0.0 if common.absolute else math.floor(epoch / 86_400) * 86_400 if math.isfinite(epoch) else 0.0
        epoch = day if common.absolute or math.isfinite(epoch) else math.nan
    streams += _comments(path, dialect, len(titles) + 1)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=False,
        resolution=0.001,
        left_out=tuple(left_out),
        notes=tuple(notes),
    )


def _cells(text: str) -> list[str]:
    return [c.strip() for c in text.strip("\r\n").split("\t") if c.strip()]


def _epoch(text: str) -> float:
    m = re.search(r"[\d.,]+[eE][+-]?\d+|\d{5}[.,]\d+", text)
    return (float(m[0].replace(",", ".")) - stamps.EXCEL_EPOCH) * 86_400 if m else math.nan


def _comments(path: Path, dialect: Dialect, width: int) -> list[Found]:
    when: list[str] = []
    texts: list[str] = []
    for line in opened(path, dialect):
        if "#" in line:
            cells = line.rstrip("\r\n").split("\t")
            text = " ".join(cells[width:]).strip()
            if m := re.match(r"#(?:\*|\d+)\s*(.+)", text):
                when.append(cells[0])
                texts.append(m[1])
    times = _seconds(when, path)
    keep = np.isfinite(times)
    if not keep.any():
        return []
    return [markers("comments", times[keep], np.array(texts, object)[keep].tolist(), "comment")]


def _seconds(when: Sequence[str], path: Path) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the first cells of rows as seconds, of the block or of the day."""
    try:
        return np.array([float(text.replace(",", ".")) for text in when])
    except ValueError:
        return np.asarray(stamps.texts(list(when), "time", str(path)).times)
