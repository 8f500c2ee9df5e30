"""Turn columns of a table into streams: a reader of a layout says which columns, this does the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acquisition.errors import RecordingError, StreamError
from acquisition.importing import stamps
from acquisition.importing.found import Found, Hints, markers
from acquisition.importing.rates import IRREGULAR, LONGEST, filled, rate_of, usable
from acquisition.importing.stamps import Stamps
from acquisition.importing.tables.cells import are_texts, numbers_and_beside, stamps_of, texts_of
from acquisition.importing.tables.dialect import Dialect
from acquisition.importing.tables.separators import MISSING
from acquisition.stream import BoolArray, FloatArray, Modality
from acquisition.units import factor

BEATS, SHARE = (0.25, 3.0), 0.9
"""Seconds between beats of a heart, and the share of intervals that must lie there."""
EACH, FEW_ROWS = 0.5, 20
"""Share of rows with one text above which it says that nothing is, if there are more rows than a few."""
GRAVITY = 0.2
"""Share by which the median acceleration may differ from gravity."""


class Wish(NamedTuple):
    """Ask for a stream: its name, columns (from 0), unit, and what its numbers are multiplied with."""

    name: str
    modality: Modality
    unit: str
    columns: tuple[int, ...]
    scale: float = 1.0
    labels: tuple[str, ...] = ()
    beside: tuple[bool, ...] = ()
    """Of the last columns, which only say something of the first, whether each says yes or no. A text in them
    refuses no file."""

    @property
    def irregular(self) -> bool:
        """Tell whether stamps follow no rate: beats, and rows of prosody."""
        return self.modality in IRREGULAR or self.modality is Modality.VOICE


class Clock(NamedTuple):
    """Say which column holds the stamps (from 0), and their unit; "" where its name or its numbers tell.

    `date` is the column of dates where `column` has times of day; `usual` the unit that the program writes,
    taken where it is plausible.
    """

    column: int
    unit: str = ""
    date: int | None = None
    usual: str = ""
    hints: Hints | None = None
    """What the user says of the unit, where the layout leaves that open."""


def read_sheet(
    path: Path,
    dialect: Dialect,
    wishes: Sequence[Wish],
    clock: Clock | None,
    *,
    sfreq: float | None = None,
    start: float = 0.0,
) -> tuple[list[Found], Stamps | None, list[str]]:
    """Return streams, the stamps they have in common (None without a column of time), and what was left out.

    Rows in which a stream has no value are left out of it where others do: cells of other devices. Stamps of
    the streams are seconds of the column, less nothing.

    Raises
    ------
    RecordingError, StreamError
        If a column holds something else, or its times make no sense.
    """
    columns = sorted({c for w in wishes if w.modality is not Modality.MARKERS for c in w.columns})
    beside = {c: yes for w in wishes for c, yes in zip(w.columns[::-1], w.beside[::-1], strict=False)}
    numbers, notes = numbers_and_beside(path, dialect, columns, beside)
    values = dict(zip(columns, numbers, strict=True))
    words = [w.columns[0] for w in wishes if w.modality is Modality.MARKERS]
    texts = dict(zip(words, texts_of(path, dialect, words), strict=True)) if words else {}
    n = len(next(iter(values.values()))) if values else len(next(iter(texts.values()), []))
    if not n:
        raise RecordingError(f"{path}: no rows under its header")
    common = None
    if clock is not None:
        main = next((w for w in wishes if w.modality not in IRREGULAR), None) or wishes[0]
        common = _clock(path, dialect, clock, main, values, sfreq)
        said = clock.hints.time_unit if clock.hints is not None else ""
        if clock.usual and common.unit != (said or clock.usual):
            name = dialect.names[clock.column]
            notes.append(f"column {name!r} read as {common.unit}: not plausible in {clock.usual}")
    found = []
    for wish in wishes:
        made, said = _stream(path, wish, values, texts, common, sfreq, start, alone=len(wishes) == 1)
        found += [made] if made is not None else []
        notes += [f"{wish.name}: {said}"] if said else []
    return found, common, notes


def _clock(
    path: Path, dialect: Dialect, clock: Clock, main: Wish, values: dict[int, FloatArray], sfreq: float | None
) -> Stamps:
    """Return the stamps of all rows; those of the rows where the main stream has a value tell the unit."""
    name = dialect.names[clock.column]
    if are_texts(path, dialect, clock.column):
        words = texts_of(path, dialect, [clock.column])[0]
        if clock.date is not None:
            days = texts_of(path, dialect, [clock.date])[0]
            words = [f"{day} {word}" if word.strip() else "" for day, word in zip(days, words, strict=True)]
        return stamps.texts(words, name, str(path))
    column = stamps_of(path, dialect, clock.column)
    there = (
        np.isfinite(values[main.columns[0]]) if main.modality is not Modality.MARKERS else np.isfinite(column)
    )
    intervals = None
    if main.modality in (Modality.RR, Modality.PPI) and main.unit:
        intervals = values[main.columns[0]][there] * factor(main.unit, main.modality) * main.scale / 1000
    modality = None if main.modality is Modality.MARKERS else main.modality
    asked = clock.hints.heed("time_unit") if clock.hints is not None else ""
    told = stamps.numbers(
        column[there],
        name,
        str(path),
        unit=clock.unit or asked or stamps.said_unit(dialect.units[clock.column]),
        usual=clock.usual,
        modality=modality,
        intervals=intervals,
        sfreq=sfreq,
    )
    return stamps.scaled(column, told.unit)


def _stream(
    path: Path,
    wish: Wish,
    values: dict[int, FloatArray],
    texts: dict[int, list[str]],
    common: Stamps | None,
    sfreq: float | None,
    start: float,
    *,
    alone: bool,
) -> tuple[Found | None, str]:
    if wish.modality is Modality.MARKERS:
        return _markers(path, wish, texts[wish.columns[0]], common, states=bool(values))
    samples = np.column_stack([values[c] for c in wish.columns]) * wish.scale
    if common is None:
        if wish.modality in IRREGULAR:
            took: BoolArray = samples[:, 0] != 0.0  # no time passed: neither do later beats move without it
            gone = int((~took).sum())
            return _summed(path, wish, samples[took]), f"{gone} intervals of 0 left out" if gone else ""
        if sfreq is None:
            raise StreamError(
                f"{path}: {wish.name}: neither a column of time nor a rate; --stream …:SFREQ= says it"
            )
        return _made(wish, start + np.arange(len(samples)) / sfreq, samples, sfreq), ""
    keep, blanks = filled(samples, always=not alone or wish.modality in IRREGULAR)
    said = [blanks] if blanks else []
    fit, told = usable(common.times[keep], equal=wish.irregular)
    times, samples = common.times[keep][fit], samples[keep][fit]
    said += [told] if told else []
    if not len(times):
        return None, "no rows with a value and a time"
    rate = 0.0 if wish.irregular else (sfreq or rate_of(times))
    return _made(wish, times, samples, rate), "; ".join(said)


def _made(wish: Wish, times: FloatArray, samples: FloatArray, sfreq: float) -> Found:
    n = samples.shape[1]
    labels = wish.labels or (
        ("x", "y", "z") if wish.modality is Modality.ACC and n == 3 else tuple(wish.name for _ in range(n))
    )
    return Found(
        name=wish.name,
        modality=wish.modality,
        unit=wish.unit,
        sfreq=sfreq,
        times=times,
        samples=samples,
        labels=labels,
    )


def _summed(path: Path, wish: Wish, samples: FloatArray) -> Found:
    """Return intervals that follow one another from 0, each stamped at its end, with what is beside them."""
    values = samples[:, 0]
    seconds = values * factor(wish.unit, wish.modality) / 1000
    bad = np.flatnonzero(~((seconds > 0) & (seconds <= LONGEST)))
    if len(bad):
        raise StreamError(
            f"{path}: row {bad[0] + 1}: interval {values[bad[0]]:g}: without a time column every "
            "interval must be there, and no longer than an hour"
        )
    return _made(wish, np.cumsum(seconds), samples, 0.0)


def _markers(
    path: Path, wish: Wish, texts: list[str], common: Stamps | None, *, states: bool
) -> tuple[Found | None, str]:
    """Return the marks of a column; beside samples (`states`) rows that say the same on and on are one."""
    if common is None:
        raise StreamError(f"{path}: {wish.name}: markers need a column of time")
    there = np.array([t.strip().casefold() not in MISSING for t in texts], bool)
    if states:
        there &= _begins(texts)
    if not (there & np.isfinite(common.times)).any():
        return None, "no text with a time"
    words = [text.strip() for text, is_there in zip(texts, there, strict=True) if is_there]
    return markers(wish.name, common.times[there], words, wish.name), ""


def unit_of(intervals: FloatArray) -> str:
    """Return the unit of intervals between beats that their size tells, s or ms; "" if they are none."""
    there = intervals[np.isfinite(intervals)]
    if len(there) < SHARE * len(intervals) or not len(there):
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        seconds = there * scale
        if np.mean((seconds >= BEATS[0]) & (seconds <= BEATS[1])) >= SHARE:
            return unit
    return ""


def in_gravities(found: Found) -> tuple[Found, str]:
    """Return an acceleration without a unit with the one that gravity tells, and what is said of it.

    A body is at rest most of the time: the median length of the vector is 1 g, 1000 mg, or 9.81 m/s2.
    """
    if found.modality is not Modality.ACC or found.unit or found.samples.shape[1] != 3:
        return found, ""
    length = np.sqrt((np.asarray(found.samples, np.float64) ** 2).sum(axis=1))
    middle = float(np.median(length[np.isfinite(length)])) if np.isfinite(length).any() else math.nan
    for unit, one in (("g", 1.0), ("m/s2", 9.80665), ("mg", 1000.0)):
        if abs(middle / one - 1.0) < GRAVITY:
            return replace(found, unit=unit), f"{found.name}: taken as {unit}: its median is {middle:.4g}"
    return found, ""


def _begins(texts: Sequence[str]) -> BoolArray:
    """Tell where a column begins to say something; 0, or what nearly each row says, is nothing."""
    plain = [t.strip() for t in texts]
    most = max(set(plain), key=plain.count)
    rest = (
        "0"
        if "0" in plain
        else most
        if len(plain) > FEW_ROWS and plain.count(most) > EACH * len(plain)
        else ""
    )
    return np.array([t != rest and t != b for b, t in zip([rest, *plain], plain, strict=False)], bool)


def epoch_of(common: Stamps | None) -> tuple[float, bool]:
    """Return the Unix time of second 0 of stamps, nan if they are no times of a calendar, and if in UTC."""
    if common is None or not common.absolute:
        return math.nan, True
    return 0.0, common.zoned
