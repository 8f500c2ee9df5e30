"""Read what `--stream` asks for by name or number, out of any file that can be imported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from acquisition.errors import AttunementError, RecordingError, StreamError
from acquisition.importing import stamps
from acquisition.importing.border import stamped_column
from acquisition.importing.clock import Source
from acquisition.importing.found import Found, Hints
from acquisition.importing.layouts import e4, edf, opensignals, wav, xdf
from acquisition.importing.layouts.csv_table import time_column
from acquisition.importing.rates import IRREGULAR, complete, usable
from acquisition.importing.recognition import BROKEN, peek, reason, recognised
from acquisition.importing.request import Request
from acquisition.importing.tables.cells import are_texts, index_of, numbers_of, stamps_of, texts_of
from acquisition.importing.tables.dialect import Dialect, cut_line, dialect_of
from acquisition.importing.tables.table import Column, Wanted, choose, read_npz
from acquisition.lsl.network import channel_number
from acquisition.stream import FloatArray, Modality
from acquisition.units import factor, known
from acquisition.xdf.items import Damage

TABLES = (".csv", ".tsv", ".txt", ".dat", ".asc")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Read:
    """Hold the columns that were asked for, the file's clock, and what was said of it."""

    columns: list[Column]
    source: Source
    damage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    timed: bool = False
    """A column of stamps that is asked for is taken."""


def read_requests(path: Path, requests: Sequence[Request], time: str | None, hints: Hints) -> Read:
    """Read what is asked of a file; `time` names the column of stamps in tables and .npz files.

    Raises
    ------
    RecordingError, StreamError
        If the file cannot be read or has no such column; it names the choices.
    """
    try:
        with np.errstate(all="ignore"):
            return _stamped(_read(path, requests, time, hints), requests)
    except AttunementError:
        raise
    except BROKEN as error:
        raise RecordingError(f"{path}: cannot be read: {reason(error)}") from error


def _stamped(read: Read, requests: Sequence[Request]) -> Read:
    """Leave out and count the rows that have no stamp."""
    pairs = [stamped_column(r.column, c) for r, c in zip(requests, read.columns, strict=True)]
    said = [text for _, text in pairs if text]
    return replace(read, columns=[c for c, _ in pairs], notes=(*read.notes, *said)) if said else read


def _read(path: Path, requests: Sequence[Request], time: str | None, hints: Hints) -> Read:
    suffix = path.suffix.casefold()
    seen = peek(path)
    if suffix == ".npz":
        wanted = [Wanted(r.column, r.modality is Modality.MARKERS) for r in requests]
        return Read(columns=read_npz(path, wanted, time, hints), source=Source(path=path), timed=True)
    if suffix in (".edf", ".bdf"):
        return _edf(path, requests, hints)
    if suffix == ".wav":
        return _wav(path, requests)
    if suffix == ".xdf" or xdf.recognise(seen):
        return _xdf(path, requests)
    if suffix in TABLES and not (e4.recognise(seen) or opensignals.recognise(seen)):
        dialect = dialect_of(path, hints)
        if all(_is_column(dialect, r.column) for r in requests):
            return _table(path, dialect, requests, time, hints)
        return _streams_or_columns(path, dialect, requests, hints)
    return _found(path, requests, hints)


def _is_column(dialect: Dialect, name: str) -> bool:
    return name in dialect.names or (name.isdecimal() and 1 <= int(name) <= len(dialect.names))


def _streams_or_columns(path: Path, dialect: Dialect, requests: Sequence[Request], hints: Hints) -> Read:
    """Read streams as the listing of a vendor's table names them; else say which columns there are."""
    try:
        return _found(path, requests, hints)
    except (RecordingError, StreamError):
        for request in requests:
            index_of(path, dialect, request.column)
        raise


def _edf(path: Path, requests: Sequence[Request], hints: Hints) -> Read:
    file = edf.read_signals(path, hints.part)
    columns = []
    for request in requests:
        if request.modality is Modality.MARKERS:
            found = edf.events_of(file)
            if not found:
                raise RecordingError(f"{path}: no annotations in it")
            columns.append(Column(times=found[0].times, samples=found[0].samples, labels=found[0].labels))
            continue
        i = choose(path, "signal", request.column, file.header.labels, numbered=True)
        keep = edf.outside_gaps(file, i)
        columns.append(
            Column(
                times=file.times(i)[keep] if file.gaps or not keep.all() else None,
                samples=file.physical(path, i)[keep, np.newaxis],
                labels=(file.header.labels[i],),
                sfreq=file.rate(i),
                unit=file.header.units[i],
                began=file.began,
            )
        )
    source = Source(path=path, epoch=file.header.epoch, zoned=False, resolution=1.0)
    return Read(columns=columns, source=source, damage=file.damage, notes=file.notes)


def _wav(path: Path, requests: Sequence[Request]) -> Read:
    frames, rate, notes, damage = wav.sound_of(path)
    n = frames.shape[1]
    labels = ["left", "right"] if n == 2 else [str(i) for i in range(1, n + 1)]
    columns = []
    for request in requests:
        i = choose(path, "channel", request.column, labels, numbered=True)
        columns.append(Column(times=None, samples=frames[:, i : i + 1], labels=(labels[i],), sfreq=rate))
    return Read(columns=columns, source=Source(path=path), damage=damage, notes=notes)


def _xdf(path: Path, requests: Sequence[Request]) -> Read:
    """Read streams by name, name@source_id or #id, or a channel of one after a colon."""
    damage: list[Damage] = []
    streams = xdf.read_streams(path, damage)
    if not streams and damage:
        raise RecordingError(f"{path}: no stream in it that can be read: {damage[0]}")
    columns, notes = [], []
    for request in requests:
        one, channel = xdf.asked(path, streams, request.column)
        column, said = _xdf_column(path, streams, one, channel, request)
        columns.append(column)
        notes += [f"{one.title}: {text}" for text in (*one.notes, *said)]
    return Read(
        columns=columns,
        source=Source(path=path, own=True, opened=xdf.opened(path)),
        damage=tuple(map(str, damage)),
        notes=tuple(notes),
    )


def _xdf_column(
    path: Path, streams: Sequence[xdf.OneClock], one: xdf.OneClock, channel: str, request: Request
) -> tuple[Column, list[str]]:
    at = list(range(one.stream.header.n_channels))
    labels, units = one.said.labels, one.said.units
    if channel:
        try:
            at = [channel_number(labels, channel, first=1)]
        except StreamError as error:
            raise RecordingError(f"{path}: stream {one.title!r}: {error}") from error
    if request.modality is Modality.MARKERS:
        times, texts, said = xdf.markers_of(one, at[0], streams)
        if len(at) > 1:
            raise StreamError(
                f"{path}: markers are one channel, stream {one.title!r} has {len(at)} ({', '.join(labels)})"
            )
        return Column(times=times, samples=texts, labels=(labels[at[0]],)), said
    if one.samples.dtype == object:
        raise RecordingError(
            f"{path}: stream {one.title!r} holds text, which can only be imported as markers"
        )
    sfreq, said = xdf.rate(one, request.modality)
    mine = tuple(units[i] for i in at)
    return Column(
        times=one.times,
        samples=one.samples[:, at],
        labels=tuple(labels[i] for i in at),
        sfreq=sfreq if sfreq else None,
        unit=mine[0] if len(set(mine)) == 1 else "",
        stamped=True,
    ), said


def _found(path: Path, requests: Sequence[Request], hints: Hints) -> Read:
    """Read streams of a vendor's layout by their names or numbers."""
    file = recognised(path, hints)
    names = [f.name for f in file.streams]
    columns = []
    for request in requests:
        found: Found = file.streams[choose(path, "stream", request.column, names, numbered=True)]
        columns.append(
            Column(
                times=found.times,
                samples=found.samples,
                labels=found.labels,
                sfreq=found.sfreq or None,
                unit=found.unit,
                stamped=True,
            )
        )
    source = Source(path=path, epoch=file.epoch, zoned=file.zoned, resolution=file.resolution)
    return Read(columns=columns, source=source, damage=file.damage, notes=file.notes)


def _table(path: Path, dialect: Dialect, requests: Sequence[Request], time: str | None, hints: Hints) -> Read:
    at = [index_of(path, dialect, r.column) for r in requests]
    plain = [c for c, r in zip(at, requests, strict=True) if r.modality is not Modality.MARKERS]
    order = sorted(set(plain))
    values = dict(zip(order, numbers_of(path, dialect, order), strict=True))
    words = {
        c: texts_of(path, dialect, [c])[0]
        for c, r in zip(at, requests, strict=True)
        if r.modality is Modality.MARKERS
    }
    if not any(len(v) for v in values.values()) and not any(words.values()):
        raise RecordingError(f"{path}: no rows under its header")
    notes: list[str] = []
    told = None
    clock = time_column(dialect)
    if time is None and clock is not None and clock not in at and all(r.sfreq is None for r in requests):
        time = dialect.names[clock]
        notes.append(f"column {time!r} taken as the stamps")
    if time is not None:
        told = _stamps(path, dialect, index_of(path, dialect, time), requests, at, values, hints)
        if told.unit != "s":
            notes.append(f"column {time!r} read as {told.unit}")
    columns = []
    for request, c in zip(requests, at, strict=True):
        column, said = _column(request, dialect.names[c], words.get(c), values.get(c), told)
        columns.append(column)
        notes += [f"{request.column}: {said}"] if said else []
    epoch, zoned = (0.0, told.zoned) if told is not None and told.absolute else (math.nan, True)
    if dialect.named is False or dialect.decimal == "," or dialect.preamble[1:]:
        notes.append(dialect.said())
    return Read(
        columns=columns,
        source=Source(path=path, epoch=epoch, zoned=zoned, resolution=0.1),
        damage=cut_line(path, dialect),
        notes=tuple(notes),
        timed=True,
    )


def _column(
    request: Request,
    title: str,
    words: list[str] | None,
    values: FloatArray | None,
    told: stamps.Stamps | None,
) -> tuple[Column, str]:
    """Return a column and its stamps; rows without a time, and blank ones of other devices, are left out."""
    if words is not None:
        texts = np.array(words, object)[:, np.newaxis]
        if told is None:
            return Column(times=None, samples=texts, labels=(title,)), ""
        return Column(times=told.times, samples=texts, labels=(title,)), ""
    assert values is not None
    if told is None:
        return Column(times=None, samples=values[:, np.newaxis], labels=(title,)), ""
    there, blank = complete(told.times, values) if request.modality not in IRREGULAR else (None, "")
    times, values = (told.times, values) if there is None else (told.times[there], values[there])
    keep, said = usable(times, equal=request.modality in IRREGULAR)
    said = "; ".join(text for text in (blank, said) if text)
    return Column(times=times[keep], samples=values[keep][:, np.newaxis], labels=(title,)), said


def _stamps(
    path: Path,
    dialect: Dialect,
    column: int,
    requests: Sequence[Request],
    at: Sequence[int],
    values: dict[int, FloatArray],
    hints: Hints,
) -> stamps.Stamps:
    """Return the stamps of a table, their unit told by its name, else by what they stamp."""
    name = dialect.names[column]
    if are_texts(path, dialect, column):
        return stamps.texts(texts_of(path, dialect, [column])[0], name, str(path))
    numbers = stamps_of(path, dialect, column)
    main = next(
        ((r, c) for r, c in zip(requests, at, strict=True) if r.modality not in IRREGULAR),
        (requests[0], at[0]),
    )
    request, c = main
    intervals = None
    there = np.isfinite(numbers)
    if request.modality in (Modality.RR, Modality.PPI):
        there &= np.isfinite(values[c])
        intervals = values[c][there] * factor(request.unit, request.modality) / 1000
    elif request.modality is not Modality.MARKERS and np.isfinite(values[c]).any():
        there &= np.isfinite(values[c])
    modality = None if request.modality is Modality.MARKERS else request.modality
    told = stamps.numbers(
        numbers[there],
        name,
        str(path),
        unit=hints.heed("time_unit") or stamps.said_unit(dialect.units[column]),
        modality=modality,
        intervals=intervals,
        sfreq=request.sfreq,
    )
    return stamps.scaled(numbers, told.unit)


def said_unit(column: Column, modality: Modality) -> str:
    """Return the unit that a file says of a column, if it says something for its modality."""
    return column.unit if column.unit and known(column.unit, modality) else ""
