"""What of a recording a video is held against: its voice rows, its sync marks, when it began and ended."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.overlay import effective, read_overlay
from acquisition.linking.spoken import Spoken, spoken_of
from acquisition.recording.lock import held
from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE, FloatArray, Modality, Role
from acquisition.voice.rows import ROW_CHANNELS

MARK = "sync_mark"
"""What F10 marks: a clap, or a button."""
FURTHEST = 1e7
"""Nothing in a recording or a video is further from its beginning [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Hour:
    """Hold it.

    Parameters
    ----------
    begin, end : float
        First and last tick [s, clock of the recording].
    spoken : Spoken
        What was said, by the rows.
    marks : tuple of float
        Stamps of the sync marks that hold [s].
    together : bool
        Whether the times of the two people may be compared.
    """

    begin: float
    end: float
    spoken: Spoken
    marks: tuple[float, ...]
    together: bool = True


def read_hour(path: Path) -> Hour:
    """Read a finished recording.

    Raises
    ------
    RecordingError
        If it is none, still grows, or is empty.
    """
    refuse_growing(path)
    rows: dict[Role, list[tuple[FloatArray, FloatArray]]] = {role: [] for role in PEOPLE}
    events: list[Event] = []
    begin = end = np.nan
    late: dict[tuple[Role, str], float] = {}
    whole = Recording(path)
    for batch in whole.batches():
        begin = float(batch.ticks[0]) if np.isnan(begin) else begin
        end = float(batch.ticks[-1])
        events += [event for _, event in batch.events]
        for key, part in batch.streams.items():
            times, late[key] = part.on_clock(late.get(key, 0.0))
            if part.info.modality is Modality.VOICE and part.info.channels == ROW_CHANNELS:
                rows[part.info.role].append((times, np.asarray(part.samples, np.float64)))
    if np.isnan(begin):
        raise RecordingError(f"{path}: nothing was recorded that a video could be linked to")
    marks = (e.onset for e in effective(events, read_overlay(path)) if e.code == MARK and e.phase == "point")
    return Hour(begin, end, spoken_of(_joined(rows)), tuple(marks), whole.aligned)


def refuse_growing(path: Path) -> None:
    """Refuse a recording that still grows.

    Raises
    ------
    RecordingError
        If it does.
    """
    if held(path):
        raise RecordingError(f"{path}: is still growing; link videos when it has ended")


def began(path: Path) -> float:
    """Return the stamp of a recording's first tick [s]; nan if it has none.

    Raises
    ------
    RecordingError
        If there is no recording, or it is sealed and its keys are not at hand.
    """
    batch = Recording(path).poll(1)
    return float(batch.ticks[0]) if batch is not None and len(batch.ticks) else np.nan


def _joined(
    rows: dict[Role, list[tuple[FloatArray, FloatArray]]],
) -> dict[Role, tuple[FloatArray, FloatArray]]:
    return {
        role: (np.concatenate([t for t, _ in parts]), np.concatenate([x for _, x in parts]))
        for role, parts in rows.items()
        if parts
    }


def clock(seconds: float) -> str:
    """Return seconds as people read them: 12:03.25, -0:04.00, 1:02:03.00."""
    hundredths = round(abs(seconds) * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and hundredths else ""
    return f"{sign}{f'{hours}:{minutes:02}' if hours else minutes}:{rest // 100:02}.{rest % 100:02}"


def seconds_of(text: str) -> float | None:
    """Return what such a text, or a number of seconds, says; None if it says nothing of that kind."""
    sign, body = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    parts = body.split(":")
    if len(parts) > 3 or not all(part and set(part) <= set("0123456789.") for part in parts):
        return None
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if any("." in part for part in parts[:-1]) or (len(parts) > 1 and any(n >= 60 for n in numbers[1:])):
        return None
    seconds = math.fsum(n * 60**k for k, n in enumerate(reversed(numbers)))
    return sign * seconds if seconds <= FURTHEST else None


def said(times: Iterable[float]) -> str:
    """Return times for a line, the first few."""
    known = [clock(t) for t in times]
    return ", ".join(known[:6]) + (f" and {len(known) - 6} more" if len(known) > 6 else "")
