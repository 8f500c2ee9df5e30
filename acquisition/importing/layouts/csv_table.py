"""Any table with names that say what the columns hold; also those of `attune export --to csv`."""

from __future__ import annotations

from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.dialect import Dialect, dialect_of
from acquisition.importing.tables.naming import is_time, modality_of, spelled, unit_in
from acquisition.importing.tables.sheet import Clock, Wish, epoch_of, read_sheet
from acquisition.stream import Modality
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS

TITLE = "table"
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".asc")
LEAST_ROWS = 4
"""How many of the columns of prosody a table must have at least."""


def recognise(peek: Peek) -> bool:
    """Tell by its ending, and that it is text."""
    return peek.suffix in SUFFIXES and (b"\0" not in peek.head or peek.head[:2] in (b"\xff\xfe", b"\xfe\xff"))


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the columns whose names say what they hold, and in which unit."""
    dialect = dialect_of(path, hints)
    clock = time_column(dialect)
    wishes = rows_of_voice(dialect)
    left_out: list[str] = []
    if not wishes:
        wishes, left_out = wishes_of(dialect, clock, hints)
    if not wishes:
        wishes = _by_file_name(path, dialect, clock)
    if not wishes:
        choices = "; ".join(left_out) or ", ".join(dialect.names)
        raise RecordingError(
            f"{path}: no column that its name tells ({choices}): --stream "
            "ROLE:MODALITY:UNIT[:SFREQ]=COLUMN says it"
        )
    streams, common, notes = read_sheet(
        path, dialect, wishes, Clock(clock, hints.time_unit) if clock is not None else None
    )
    epoch, zoned = epoch_of(common)
    if common is not None:
        notes.append(f"times read as {common.unit}")
    return FoundFile(
        path=path,
        layout=f"{TITLE} ({dialect.said()})",
        streams=tuple(streams),
        epoch=epoch,
        zoned=zoned,
        resolution=0.1,
        left_out=tuple(left_out),
        notes=tuple(notes),
    )


def rows_of_voice(dialect: Dialect) -> list[Wish]:
    """Return the columns of prosody, where a table holds them by their names."""
    for channels in (ROW_CHANNELS, TURN_CHANNELS):
        at = [i for i, name in enumerate(dialect.names) if name in channels]
        if dialect.named and {dialect.names[i] for i in at} >= set(channels[:LEAST_ROWS]):
            labels = tuple(dialect.names[i] for i in at)
            return [Wish("voice", Modality.VOICE, "", tuple(at), labels=labels)]
    return []


def _by_file_name(path: Path, dialect: Dialect, clock: int | None) -> list[Wish]:
    """Return the columns of a table of our own, whose file is named role_stream, by what the stream is."""
    modality = modality_of(path.stem.partition("_")[2])
    if modality is None or modality is Modality.MARKERS or dialect.names[:2] != ("time", "t"):
        return []
    at = tuple(i for i in range(2, len(dialect.names)) if i != clock)
    if not at or (len(at) > 1 and modality is not Modality.ACC):
        return []
    return [Wish(path.stem, modality, spelled(unit_in(dialect.names[at[0]]), modality), at)]


def time_column(dialect: Dialect) -> int | None:
    """Return the first column that its name says to be time."""
    if not dialect.named:
        return None
    return next((i for i, name in enumerate(dialect.names) if is_time(name)), None)


def wishes_of(dialect: Dialect, clock: int | None, hints: Hints) -> tuple[list[Wish], list[str]]:
    """Return the streams that the names tell, and why the other columns are left out."""
    wishes: list[Wish] = []
    left_out: list[str] = []
    axes: list[int] = []
    for i, name in enumerate(dialect.names):
        if i == clock or (clock is not None and is_time(name)):
            continue
        modality = (
            hints.sensors.get(name)
            or hints.sensors.get(str(i + 1))
            or (modality_of(name) if dialect.named else None)
        )
        if modality is None:
            left_out.append(f"{name}: its name does not say what it holds")
            continue
        if modality is Modality.ACC:
            axes.append(i)
            continue
        unit = spelled(unit_in(name) or dialect.units[i], modality)
        wishes.append(Wish(name, modality, unit, (i,)))
    if axes:
        unit = spelled(unit_in(dialect.names[axes[0]]) or dialect.units[axes[0]], Modality.ACC)
        title = "acc" if len(axes) > 1 else dialect.names[axes[0]]
        wishes.append(Wish(title, Modality.ACC, unit, tuple(axes)))
    return wishes, left_out
