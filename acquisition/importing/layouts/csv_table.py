"""Any table with names that say what the columns hold; also those of `attune export --to csv`."""

from __future__ import annotations

from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.stamps import moment
from acquisition.importing.tables.cells import numbers_of, texts_of
from acquisition.importing.tables.dialect import Dialect, cut_line, dialect_of, encoding_of
from acquisition.importing.tables.naming import bare, is_time, modality_of, spelled, unit_in
from acquisition.importing.tables.sheet import Clock, Wish, epoch_of, in_gravities, read_sheet, unit_of
from acquisition.stream import CONTACT, Modality, of_beats
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS

TITLE = "table"
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".asc")
LEAST_ROWS = 4
"""How many of the columns of prosody a table must have at least."""


def recognise(peek: Peek) -> bool:
    """Tell by its ending, and that it is text."""
    return peek.suffix in SUFFIXES and (b"\0" not in peek.head or encoding_of(peek.head).startswith("utf-16"))


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
        left_out = [] if wishes else left_out
    if not wishes:
        choices = "; ".join(left_out) or ", ".join(dialect.names)
        raise RecordingError(
            f"{path}: no column that its name tells ({choices}): --stream "
            "ROLE:MODALITY:UNIT[:SFREQ]=COLUMN says it"
        )
    wishes, said = _with_units(path, dialect, wishes)
    at = Clock(clock, date=_dates(path, dialect, clock), hints=hints) if clock is not None else None
    streams, common, notes = read_sheet(path, dialect, wishes, at)
    told = [in_gravities(found) for found in streams]
    streams = [found for found, _ in told]
    notes += [*said, *(text for _, text in told if text)]
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
        damage=cut_line(path, dialect),
        notes=tuple(notes),
    )


def _dates(path: Path, dialect: Dialect, clock: int) -> int | None:
    """Return the column of dates that stands beside a column of times of day."""
    at = next((i for i, n in enumerate(dialect.names) if bare(n).casefold() in ("date", "datum")), None)
    if at is None or at == clock:
        return None
    day, time = ((texts_of(path, dialect, [i])[0] or [""])[0] for i in (at, clock))
    try:
        return at if moment(f"{day} {time}", "md")[1] and not moment(time)[1] else None
    except ValueError:
        return None


def _with_units(path: Path, dialect: Dialect, wishes: list[Wish]) -> tuple[list[Wish], list[str]]:
    """Return intervals with the unit that their size tells where their name does not, and say it."""
    out, said = [], []
    for wish in wishes:
        if wish.modality in (Modality.RR, Modality.PPI) and not wish.unit:
            unit = unit_of(numbers_of(path, dialect, wish.columns[:1])[0])
            said += [f"{wish.name}: taken as {unit} by their size"] if unit else []
            wish = wish._replace(unit=unit)
        out.append(wish)
    return out, said


def rows_of_voice(dialect: Dialect) -> list[Wish]:
    """Return the columns of prosody, where a table holds them by their names."""
    for channels in (ROW_CHANNELS, TURN_CHANNELS):
        at = [i for i, name in enumerate(dialect.names) if name in channels]
        if dialect.named and {dialect.names[i] for i in at} >= set(channels[:LEAST_ROWS]):
            labels = tuple(dialect.names[i] for i in at)
            return [Wish("voice", Modality.VOICE, "", tuple(at), labels=labels)]
    return []


def _by_file_name(path: Path, dialect: Dialect, clock: int | None) -> list[Wish]:
    """Return the columns beside the times by what the name of the file says: one, or three axes."""
    modality = modality_of(path.stem) or modality_of(path.stem.partition("_")[2])
    if modality is None or modality is Modality.MARKERS or clock is None:
        return []
    at = tuple(i for i, name in enumerate(dialect.names) if i != clock and not is_time(name))
    if len(at) != (3 if modality is Modality.ACC else 1):
        return []
    unit = unit_in(dialect.names[at[0]]) or dialect.units[at[0]]
    return [Wish(path.stem, modality, spelled(unit, modality), at)]


def time_column(dialect: Dialect) -> int | None:
    """Return the first column that its name says to be time."""
    if not dialect.named:
        return None
    return next((i for i, name in enumerate(dialect.names) if is_time(name)), None)


def _with_beside(dialect: Dialect, wish: Wish) -> Wish:
    """Return intervals with the columns right behind them in which a device says something of each."""
    columns, labels = list(wish.columns), [bare(wish.name)]
    for i in range(wish.columns[0] + 1, len(dialect.names)):
        label = bare(dialect.names[i]).casefold()
        if not of_beats(wish.modality, (*labels, label)):
            break
        columns.append(i)
        labels.append(label)
    if len(columns) == 1:
        return wish
    told = tuple(label == CONTACT for label in labels[1:])
    return wish._replace(columns=tuple(columns), labels=tuple(labels), beside=told)


def wishes_of(dialect: Dialect, clock: int | None, hints: Hints) -> tuple[list[Wish], list[str]]:
    """Return the streams that the names tell, and why the other columns are left out."""
    wishes: list[Wish] = []
    left_out: list[str] = []
    axes: list[int] = []
    beside = set[int]()
    for i, name in enumerate(dialect.names):
        if i == clock or (clock is not None and is_time(name)):
            continue
        modality = hints.sensor(name, str(i + 1)) or (modality_of(name) if dialect.named else None)
        if modality is None:
            left_out += [] if i in beside else [f"{name}: its name does not say what it holds"]
            continue
        if modality is Modality.ACC:
            axes.append(i)
            continue
        unit = spelled(unit_in(name) or dialect.units[i], modality)
        wishes.append(_with_beside(dialect, Wish(name, modality, unit, (i,))))
        beside.update(wishes[-1].columns[1:])
    if axes:
        unit = spelled(unit_in(dialect.names[axes[0]]) or dialect.units[axes[0]], Modality.ACC)
        title = "acc" if len(axes) > 1 else dialect.names[axes[0]]
        wishes.append(Wish(title, Modality.ACC, unit, tuple(axes)))
    return wishes, left_out
