"""Columns of time: which unit they are in, and what they say in seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from acquisition.errors import StreamError
from acquisition.importing.tables.naming import unit_in
from acquisition.importing.tables.separators import MISSING
from acquisition.stream import FloatArray, Modality

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "days": 86_400.0}
UNITS |= {"excel": 1.0}
_SPELLINGS = {
    "s": "s",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "ss.msec": "s",
    "unix": "s",
    "ms": "ms",
    "msec": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "millis": "ms",
    "us": "us",
    "µs": "us",
    "μs": "us",
    "usec": "us",
    "microseconds": "us",
    "micros": "us",
    "ns": "ns",
    "nsec": "ns",
    "nanoseconds": "ns",
    "nanos": "ns",
    "min": "min",
    "minutes": "min",
    "h": "h",
    "hours": "h",
    "days": "days",
}
EXCEL_EPOCH = 25_569.0
"""1970-01-01 as Excel counts days."""
GUESSED = ("s", "ms", "us", "ns")
UNIX = (9.4e8, 2.3e9)
"""Unix times of the years 2000 to 2042 [s]; nothing else of a session is as large."""
LARGEST = 1e21
"""No clock counts so far, in whatever unit: nanoseconds since 1970 are below 1e19."""
DAY = 86_400.0
RATES = {
    Modality.ECG: (50.0, 4000.0),
    Modality.EDA: (0.2, 2000.0),
    Modality.ACC: (1.0, 2000.0),
    Modality.RESP: (0.1, 2000.0),
}
"""Rates [Hz] outside of which the unit of a time column must be another."""
PAUSE = 2.0
"""A longer step between stamps is no sample's [s]."""
BURST = 5.0
"""Stamps that come so much closer than they do on the whole come in bursts."""
FEW = 20
"""Fewer stamps tell no unit: they are taken as seconds."""
APART = 0.2
"""Share by which intervals may differ from the steps between their stamps."""
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?")
_DATES = (
    (re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"), (0, 1, 2)),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"), (2, 1, 0)),
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stamps:
    """Hold a column of time [s]; `absolute` if its zero is that of Unix time, in UTC if `zoned`."""

    times: FloatArray
    unit: str
    absolute: bool
    zoned: bool = True


def said_unit(name: str) -> str:
    """Return the unit that the name of a column of time says; "" if none."""
    for text in (unit_in(name), name.rsplit("_", 1)[-1], name):
        unit = _SPELLINGS.get(text.strip().casefold())
        if unit:
            return unit
    return "ms" if re.search(r"milli|_ms\b|\bms\b", name, re.IGNORECASE) else ""


def numbers(
    values: FloatArray,
    name: str,
    where: str,
    *,
    unit: str = "",
    usual: str = "",
    modality: Modality | None = None,
    intervals: FloatArray | None = None,
    sfreq: float | None = None,
) -> Stamps:
    """Return stamps that are numbers, in seconds.

    Parameters
    ----------
    unit : str
        As the user says it; else the name says it, else plausibility.
    usual : str
        What the program that wrote the file writes: taken where it is plausible and no longer unit is too.
    modality, sfreq : optional
        What the column stamps, and its rate [Hz].
    intervals : ndarray, optional
        Intervals [s] that end at the stamps.

    Raises
    ------
    StreamError
        If no unit, or more than one, makes sense; both readings are named.
    """
    values = np.where(np.abs(values) <= LARGEST, values, np.nan)
    said = unit or said_unit(name)
    if said:
        stamps = scaled(values, said)
        if why := implausible(stamps.times, modality, intervals, sfreq):
            if unit:
                return stamps
            raise StreamError(
                f"{where}: column {name!r} read as {said}: {why}; --time-unit says it is another"
            )
        return stamps
    if np.isfinite(values).sum() < FEW:
        of_calendar = [u for u in GUESSED if scaled(values, u).absolute]
        return scaled(values, usual or (of_calendar[0] if len(of_calendar) == 1 else "s"))
    readings = {u: scaled(values, u) for u in GUESSED}
    faults = {u: implausible(s.times, modality, intervals, sfreq) for u, s in readings.items()}
    fit = [u for u in GUESSED if not faults[u]]
    if usual and not faults[usual]:
        fit = [usual, *(u for u in fit if UNITS[u] > UNITS[usual])]
        if len(fit) == 1:
            return readings[usual]
    absolute = [u for u in fit if readings[u].absolute]
    if len(absolute) == 1:
        return readings[absolute[0]]
    excel = scaled(values, "excel")
    if not fit and excel.absolute and not implausible(excel.times, modality, intervals, sfreq):
        return excel
    if not fit:
        told = "; ".join(f"as {u}: {faults[u]}" for u in GUESSED[:2])
        raise StreamError(
            f"{where}: column {name!r} is no time of a session: {told}; --time-unit says the unit"
        )
    if len(fit) == 1 or (not usual and _is_seconds(values)):
        return readings[fit[0]]
    a, b = (f"{u}: {_span(readings[u].times):.6g} s long" for u in fit[:2])
    raise StreamError(f"{where}: column {name!r} can be read in two ways ({a}, or {b}); say --time-unit")


def _is_seconds(values: FloatArray) -> bool:
    """Tell whether numbers look like seconds: they have a part after the point, or go up by few."""
    there = values[np.isfinite(values)]
    if np.any(there != np.round(there)):
        return True
    steps = np.diff(there)
    return len(steps) == 0 or float(np.median(np.abs(steps))) < 100.0


def scaled(values: FloatArray, unit: str) -> Stamps:
    """Return a column of a unit in seconds; divided, not multiplied: 5123 ms are 5.123 s to the last bit."""
    times = np.asarray(values, np.float64) * UNITS[unit]
    if unit == "excel":
        times = (times - EXCEL_EPOCH) * DAY
    elif unit in ("ms", "us", "ns"):
        times = np.asarray(values, np.float64) / round(1 / UNITS[unit])
    there = times[np.isfinite(times)]
    absolute = bool(len(there)) and UNIX[0] < float(np.median(there)) < UNIX[1]
    return Stamps(times=times, unit=unit, absolute=absolute, zoned=unit != "excel")


def _bulk(times: FloatArray) -> float:
    """Return the span of nearly all stamps: a single wrong one tells nothing of their unit [s]."""
    there = times[np.isfinite(times)]
    low, high = np.percentile(there, [1.0, 99.0]) if len(there) else (0.0, 0.0)
    return float(high - low)


def _span(times: FloatArray) -> float:
    there = times[np.isfinite(times)]
    return float(there.max() - there.min()) if len(there) else 0.0


def implausible(
    times: FloatArray,
    modality: Modality | None,
    intervals: FloatArray | None = None,
    sfreq: float | None = None,
) -> str:
    """Return why stamps [s] cannot be those of a session; "" if they can."""
    span, n = _bulk(times), int(np.isfinite(times).sum())
    if span > DAY:
        return f"a session of {span / 3600:.0f} h"
    if n < 2:
        return ""
    if intervals is not None:
        return _apart(times, intervals)
    steps = np.diff(times[np.isfinite(times)])
    steps = steps[steps > 0]
    if not len(steps):
        return ""
    rate = 1.0 / float(np.median(steps))
    spread = len(steps) / float(np.minimum(steps, PAUSE).sum())
    rate = spread if rate > BURST * spread else rate
    if sfreq is not None and not 0.9 < rate / sfreq < 1.1:
        return f"{rate:.4g} Hz, not {sfreq:g}"
    low, high = RATES.get(modality, (0.0, math.inf)) if modality is not None else (0.0, math.inf)
    if not 0.99 * low <= rate <= 1.01 * high:
        return f"{str(modality).upper() if modality else 'it'} at {rate:.4g} Hz"
    return ""


def _apart(times: FloatArray, intervals: FloatArray) -> str:
    """Return how far intervals are from the steps between their stamps; beats may be missing."""
    steps, lengths = np.diff(times), intervals[1:]
    both = np.isfinite(steps) & np.isfinite(lengths) & (lengths > 0) & (steps > 0)
    if both.sum() < 5:
        return ""
    ratio = float(np.median(steps[both] / lengths[both]))
    if abs(ratio - 1.0) <= APART:
        return ""
    return f"intervals that sum up to {float(np.nansum(intervals)):.4g} s in a span of {_span(times):.6g} s"


def texts(values: Sequence[str], name: str, where: str) -> Stamps:
    """Return stamps that are dates and times of day, in seconds.

    Raises
    ------
    StreamError
        If one is neither, or some dates say a zone and others none; the first is named.
    """
    out = np.full(len(values), math.nan)
    order, days = _order(values), _Days()
    for i, text in enumerate(values):
        if text.strip().casefold() in MISSING:
            continue
        try:
            seconds, has_date, has_zone = moment(text, order)
        except ValueError:
            raise StreamError(
                f"{where}: row {i + 1}: {text[:40]!r} in column {name!r} is no time (a number, ISO 8601, "
                "or hours:minutes:seconds)"
            ) from None
        try:
            out[i] = days.dated(text, seconds, has_zone) if has_date else days.of_day(text, seconds)
        except ValueError as error:
            raise StreamError(f"{where}: row {i + 1}: column {name!r}: {error}") from None
    dated = bool(days.first) or not days.plain
    return Stamps(times=out, unit="clock", absolute=dated, zoned=days.zoned and not days.plain)


@dataclass(slots=True)
class _Days:
    """Put times of day on the day of the last date, or past midnight; ValueError says what does not fit."""

    first: str = ""
    """The first date, whether it says a zone, and the first time of a day."""
    zoned: bool = True
    plain: str = ""
    day: float = 0.0
    last: float = -math.inf

    def dated(self, text: str, seconds: float, zoned: bool) -> float:
        if self.plain and not self.first:
            raise ValueError(
                f"{text[:40]!r} has a date, {self.plain[:40]!r} before it none: the first needs one"
            )
        if self.first and zoned is not self.zoned:
            raise ValueError(two_zones(self.first, text, zoned))
        self.first, self.zoned = self.first or text, zoned
        self.day, self.last = math.floor(seconds / DAY) * DAY, seconds
        return seconds

    def of_day(self, text: str, seconds: float) -> float:
        if self.first and self.zoned:
            raise ValueError(two_zones(self.first, text, False))
        self.plain = self.plain or text
        if seconds + self.day < self.last - DAY / 2:
            self.day += DAY  # past midnight
        self.last = seconds + self.day
        return self.last


def two_zones(first: str, other: str, zoned: bool) -> str:
    """Return what is said where a date says its zone (`zoned`) and its column's first does not."""
    said = ("says its zone", "says none") if zoned else ("says no zone", "does")
    return f"{other[:40]!r} {said[0]}, the first one, {first[:40]!r}, {said[1]}: all must say it, or none"


def _order(values: Sequence[str]) -> str:
    """Return whether dates with slashes begin with the month; "" if they can be read in two ways."""
    for text in values[:: max(1, len(values) // 200)]:
        if (m := _SLASHED.search(text)) and (int(m[1]) > 12) != (int(m[2]) > 12):
            return "dm" if int(m[1]) > 12 else "md"
    return ""


def moment(text: str, order: str = "") -> tuple[float, bool, bool]:
    """Return a time as seconds (of Unix time, or of the day), and whether it has a date and a zone.

    Raises
    ------
    ValueError
        If it is no time.
    """
    plain = text.strip().strip('"')
    try:
        when = datetime.fromisoformat(plain.replace(",", "."))
        zoned = when.tzinfo is not None
        return (when if zoned else when.replace(tzinfo=UTC)).timestamp(), True, zoned
    except ValueError:
        pass
    clock = _CLOCK.search(plain)
    if clock is None or any(int(clock[k]) >= limit for k, limit in ((1, 24), (2, 60), (3, 61))):
        raise ValueError(text)
    hour = int(clock[1]) % 12 + 12 if re.search(r"\bPM\b", plain, re.IGNORECASE) else int(clock[1])
    seconds = hour * 3600 + int(clock[2]) * 60 + int(clock[3]) + float(f"0.{clock[4] or 0}")
    for pattern, places in _DATES:
        if m := pattern.search(plain):
            year, month, day = (int(m[p + 1]) for p in places)
            return _midnight(year, month, day) + seconds, True, False
    if m := _SLASHED.search(plain):
        if not order:
            raise ValueError(text)
        month, day = (int(m[1]), int(m[2])) if order == "md" else (int(m[2]), int(m[1]))
        return _midnight(int(m[3]), month, day) + seconds, True, False
    if plain.replace(clock[0], "").strip(" \tAPMapm"):
        raise ValueError(text)
    return seconds, False, False


def _midnight(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp()
