"""Full lists of beats of other programs: tables of times, and annotations of wfdb as text."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Hints
from acquisition.importing.tables.cells import numbers_of
from acquisition.importing.tables.dialect import Dialect, dialect_of
from acquisition.importing.tables.naming import bare, is_time, modality_of, unit_in
from acquisition.stream import FloatArray, Modality
from processing.heart.ibi import NORMAL

BEATS = "NLRBAaJSVrFejnE/fQ?"
"""Codes of wfdb that are beats; all others mark something else."""
WFDB = (".txt", ".ann", ".atr")
"""Endings under which annotations of wfdb are written as text."""
MILLISECONDS = ("ms", "msec")
_NAMES = re.compile(r"beats?|(beat|peak|r)[ _.]?(peaks?|times?|waves?)|r-?peaks?|onset", re.IGNORECASE)
_ANNOTATION = re.compile(
    r"\s*\[?((?:\d+:)*\d+:\d+(?:\.\d+)?|\d+\.\d+)[^\s]*\]?\s+(\d+)\s+(\S+)(?:\s+-?\d+){3}"
)
_HEAD = re.compile(r"\s*(elapsed\s+)?time\s+sample", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BeatList:
    """Hold beats of a file: times [s since the recording began], in order, and the line of each.

    Parameters
    ----------
    skipped : int
        Annotations that are no beats.
    """

    times: FloatArray
    lines: Sequence[int]
    skipped: int = 0


def read_beats(path: Path, sfreq: float = 0.0, hints: Hints | None = None) -> BeatList:
    """Read a full list of beats.

    Parameters
    ----------
    sfreq : float
        Sampling rate of the signal that was annotated [Hz], from which annotations of wfdb take a finer time.
    hints : Hints, optional
        How a table is written that can be read in two ways.

    Raises
    ------
    RecordingError
        If the file holds no such list; the line is named.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096).decode("utf-8", "replace").splitlines()
        rows = [line for line in head if line.strip() and not _HEAD.match(line)]
        found = _annotations(path, sfreq) if rows and _ANNOTATION.match(rows[0]) else _table(path, hints)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    return _checked(path, found)


def _checked(path: Path, found: BeatList) -> BeatList:
    """Refuse times that are no list of beats."""
    if not len(found.times):
        raise RecordingError(f"{path}: holds no beats")
    for k, time in enumerate(found.times.tolist()):
        if not np.isfinite(time):
            raise RecordingError(f"{path}: line {found.lines[k]}: no time")
        if k and time <= found.times[k - 1]:
            before = float(found.times[k - 1])
            raise RecordingError(
                f"{path}: line {found.lines[k]}: {time:g} s does not come after {before:g} s before it"
            )
    return found


def _annotations(path: Path, sfreq: float) -> BeatList:
    """Read what rdann prints: time, sample, code, three numbers."""
    times, lines, skipped = [], [], 0
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        if not line.strip() or (number == 1 and _HEAD.match(line)):
            continue
        said = _ANNOTATION.match(line)
        if said is None:
            raise RecordingError(
                f"{path}: line {number}: {line.strip()[:40]!r} is no annotation: time, sample, code"
            )
        if said[3] not in BEATS:
            skipped += 1
            continue
        time = _seconds(said[1])
        exact = int(said[2]) / sfreq if sfreq else time
        times.append(exact if abs(exact - time) < 2e-3 else time)
        lines.append(number)
    return BeatList(times=np.array(times, np.float64), lines=lines, skipped=skipped)


def _seconds(text: str) -> float:
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60.0 * seconds + float(part)
    return seconds


def _table(path: Path, hints: Hints | None) -> BeatList:
    """Read a column of times: the one that is named so, or the only one."""
    dialect = dialect_of(path, hints)
    column = _column(path, dialect)
    name = dialect.names[column] if dialect.named else ""
    said = (dialect.units[column] if column < len(dialect.units) else "") or unit_in(name)
    scale = 1e-3 if said.strip("[] ").casefold() in MILLISECONDS else 1.0
    values = numbers_of(path, dialect, [column])[0]
    there = np.isfinite(values)
    lines = [dialect.skip + k + 1 for k in range(len(values))]
    kept = [line for line, is_number in zip(lines, there.tolist(), strict=True) if is_number]
    return BeatList(times=scale * values[there], lines=kept)


def _column(path: Path, dialect: Dialect) -> int:
    if not dialect.named:
        if len(dialect.names) == 1:
            return 0
        raise RecordingError(f"{path}: its columns have no names; that of the beats is to be named time")
    named = [k for k, name in enumerate(dialect.names) if is_time(name) or _NAMES.fullmatch(bare(name))]
    exact = [k for k in named if bare(dialect.names[k]).casefold() == "time"]
    if len(exact or named) == 1:
        return (exact or named)[0]
    there = ", ".join(dialect.names)
    if not named and len(dialect.names) == 1 and modality_of(dialect.names[0]) is Modality.RR:
        raise RecordingError(f"{path}: {there}: intervals; times of beats are needed, in a column named time")
    raise RecordingError(
        f"{path}: {'two columns' if named else 'no column'} of times of beats (there are: {there})"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Hold a beat to export: time [s since the beginning], interval [ms], class, what was done to it."""

    time: float
    interval: float
    kind: float
    by_hand: str


def write_beats(path: Path, beats: Sequence[Beat], sfreq: float, who: str = "") -> None:
    """Write a full list of beats, by the file's ending: a table, or annotations as wrann of wfdb reads them.

    The table names with whose corrections the beats are; what wrann reads has no place for that.

    Raises
    ------
    RecordingError
        If the ending is another one, or the file cannot be written.
    """
    if path.suffix.casefold() not in (".csv", *WFDB):
        raise RecordingError(
            f"{path}: ends in .csv (a table) or {', '.join(WFDB)} (annotations of wfdb as text)"
        )
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix.casefold() == ".csv":
                rows = csv.writer(file)
                rows.writerow(("time", "interval_ms", "class", "by_hand", "editor"))
                rows.writerows((*_cells(beat), who) for beat in beats)
            else:
                file.writelines(f"{annotation(beat, sfreq or 1000.0)}\n" for beat in beats)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from error


def _cells(beat: Beat) -> tuple[str, str, str, str]:
    interval = f"{beat.interval:.3f}" if beat.interval == beat.interval else ""
    kind = f"{beat.kind:.0f}" if beat.kind == beat.kind else ""
    return repr(beat.time), interval, kind, beat.by_hand


def annotation(beat: Beat, sfreq: float) -> str:
    """Return a line as rdann prints it: N for a normal beat, Q for one that is not."""
    minutes, seconds = divmod(beat.time, 60.0)
    code = "N" if beat.kind == NORMAL else "Q"
    clock = f"{minutes:.0f}:{seconds:06.3f}"
    return f"{clock:>12}{round(beat.time * sfreq):9d}{code:>6}{0:5d}{0:5d}{0:5d}"
