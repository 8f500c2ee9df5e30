"""LabChart .txt: Interval=, ExcelDateTime=, ChannelTitle=, Range=, then time, channels, and #* comments."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import HEAD, Found, FoundFile, Hints, Peek, single
from acquisition.importing.tables.dialect import dialect_of, encoding_of, opened
from acquisition.importing.tables.naming import modality_of, spelled
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import Modality

TITLE = "LabChart text"
EXCEL_EPOCH = 25_569.0
"""1970-01-01 as Excel counts days."""


def recognise(peek: Peek) -> bool:
    """Tell whether the first lines are LabChart's."""
    return any(x.startswith("Interval=") for x in peek.lines[:3]) and any(
        x.startswith("ChannelTitle=") for x in peek.lines[:12]
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the channels whose titles say what they are, and comments."""
    with path.open("rb") as file:
        encoding = encoding_of(file.read(HEAD))
    dialect = replace(dialect_of(path, replace(hints, separator="\t")), encoding=encoding)
    head = dict(line.split("=", 1) for line in dialect.preamble if "=" in line)
    titles = _cells(head.get("ChannelTitle", ""))
    units = _cells(head.get("UnitName", "")) or [x.split(" ")[-1] for x in _cells(head.get("Range", ""))]
    wishes, left_out = [], []
    for k, title in enumerate(titles):
        unit = units[k] if k < len(units) else ""
        modality = hints.sensors.get(title) or modality_of(title)
        said = spelled(unit, modality) if modality else ""
        if modality is None:
            left_out.append(f"{title} [{unit}]: --sensor says what it is")
            continue
        wishes.append(Wish(title, modality, said, (k + 1,)))
    if not wishes:
        raise RecordingError(f"{path}: no channel that its title tells ({'; '.join(left_out)})")
    dialect = replace(dialect, names=("time", *titles, *dialect.names[len(titles) + 1 :]))
    step = re.match(r"\s*([\d.,eE+-]+)\s*s", head.get("Interval", ""))
    sfreq = float(f"{1 / float(step[1].replace(',', '.')):.9g}") if step else None
    streams, _, notes = read_sheet(path, dialect, wishes, Clock(0, "s"), sfreq=sfreq)
    streams += _comments(path, dialect, len(titles) + 1)
    epoch = _epoch(head.get("ExcelDateTime", ""))
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
    return (float(m[0].replace(",", ".")) - EXCEL_EPOCH) * 86_400 if m else math.nan


def _comments(path: Path, dialect: object, width: int) -> list[Found]:
    from acquisition.importing.tables.dialect import Dialect

    assert isinstance(dialect, Dialect)
    times, texts = [], []
    for line in opened(path, dialect):
        if "#*" in line or "#" in line:
            cells = line.rstrip("\r\n").split("\t")
            text = " ".join(cells[width:]).strip()
            if m := re.match(r"#(?:\*|\d+)\s*(.+)", text):
                try:
                    times.append(float(cells[0].replace(",", ".")))
                except ValueError:
                    continue
                texts.append(m[1])
    if not texts:
        return []
    return [
        Found(
            name="comments",
            modality=Modality.MARKERS,
            unit="",
            sfreq=0.0,
            times=np.array(times),
            samples=single(np.array(texts, object)),
            labels=("comment",),
        )
    ]
