"""The border between readers and everything else: whatever a file says, what passes has its stamp."""

from __future__ import annotations

from dataclasses import replace

from acquisition.importing.found import Found, FoundFile
from acquisition.importing.tables.table import Column
from acquisition.plausible import stamped
from acquisition.stream import BoolArray, FloatArray


def _said(name: str, keep: BoolArray) -> str:
    n = int((~keep).sum())
    return f"{name}: {n} of {len(keep)} rows left out: their time is no number, or none that a clock shows"


def _keep(times: FloatArray) -> BoolArray | None:
    """Return which rows have a stamp, None if all have."""
    keep = stamped(times)
    return None if keep.all() else keep


def stamped_streams(file: FoundFile) -> FoundFile:
    """Return a file without rows that have no stamp, which are counted; a stream without others is named."""
    streams, notes, gone = list[Found](), list[str](), list[str]()
    for found in file.streams:
        keep = _keep(found.times)
        if keep is None:
            streams.append(found)
            continue
        notes.append(_said(found.name, keep))
        if keep.any():
            streams.append(replace(found, times=found.times[keep], samples=found.samples[keep]))
        else:
            gone.append(f"{found.name}: no row of it has a time")
    if not notes:
        return file
    return replace(
        file,
        streams=tuple(streams),
        left_out=(*file.left_out, *gone),
        notes=(*file.notes, *notes),
    )


def stamped_column(name: str, column: Column) -> tuple[Column, str]:
    """Return a column without rows that have no stamp, and what is said of those."""
    keep = None if column.times is None else _keep(column.times)
    if keep is None or column.times is None:
        return column, ""
    return replace(column, times=column.times[keep], samples=column.samples[keep]), _said(name, keep)
