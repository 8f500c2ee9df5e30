"""Columns of time in tables of events: their names, units, and whether they are seconds or of a calendar."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acquisition.importing.stamps import UNITS, UNIX, moment, said_unit, two_zones
from acquisition.importing.tables.naming import bare, unit_in
from processing.codings.annotations.annotation import seconds

_PLAIN = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Clock:
    """Say how a column is read: its unit, and "utc" or "wall" where it holds times of a calendar."""

    unit: str = "s"
    calendar: str = ""

    def read(self, text: str) -> float:
        """Return a cell in seconds: of its file's clock, or of Unix time.

        Raises
        ------
        ValueError
            If it is no time.
        """
        if self.calendar and not _PLAIN.fullmatch(text):
            return moment(text)[0]
        if self.unit == "s":
            return seconds(text)
        value = float(text.replace(",", "."))
        scale = UNITS[self.unit]
        return value / round(1 / scale) if scale < 1 else value * scale


def clock_of(name: str, cells: Sequence[str]) -> Clock:
    """Return how a column of time is to be read, by the unit in its name, else by what it holds.

    Numbers as large as Unix time is in milli-, micro- or nanoseconds are that; dates are of a calendar, in
    UTC if they say their zone: all or none.
    """
    there = [cell.strip() for cell in cells if cell.strip()]
    numbers = [float(c.replace(",", ".")) for c in there if _PLAIN.fullmatch(c)]
    said = said_unit(unit_in(name)) if unit_in(name) else ""
    if numbers and len(numbers) == len(there):
        middle = sorted(numbers)[len(numbers) // 2]
        for unit in [said] if said else ["s", "ms", "us", "ns"]:
            if UNIX[0] < middle * UNITS[unit] < UNIX[1]:
                return Clock(unit, "utc")
        return Clock(said or "s")
    found = [_moment(cell) for cell in there]
    dated = [f for f in found if f is not None and f[0]]
    if there and len(dated) == len(there):
        return Clock("s", "utc" if all(zoned for _, zoned in dated) else "wall")
    return Clock(said or "s")


def other_zone(cells: Sequence[str]) -> tuple[int, str] | None:
    """Return the place of the first date that says a zone where the first date says none, or the other way
    round, and that in words; None if all do as the first one."""
    first: tuple[str, bool] | None = None
    for i, cell in enumerate(cells):
        found = _moment(cell) if not _PLAIN.fullmatch(cell.strip()) else None
        if found is None or not found[0]:
            continue
        first = first or (cell, found[1])
        if found[1] is not first[1]:
            return i, two_zones(first[0], cell, found[1])
    return None


def _moment(text: str) -> tuple[bool, bool] | None:
    try:
        _, has_date, has_zone = moment(text)
    except ValueError:
        return None
    return has_date, has_zone


def plain_name(name: str) -> str:
    """Return the name of a column without its unit, in small letters: `Onset [ms]` is onset."""
    whole = name.strip().casefold()
    return (bare(whole) or whole) if unit_in(whole) else whole


def recording_time(stamp: float, calendar: str, began: float, wall: bool) -> float:
    """Return how many seconds after its beginning a moment of a calendar lies in a recording.

    Parameters
    ----------
    began : float
        Unix time of the recording's beginning [s], of a clock on the wall if `wall`; nan if it is not known.

    Raises
    ------
    ValueError
        If it cannot be told; it says why.
    """
    if math.isnan(began):
        raise ValueError(
            "is of a calendar, and the recording does not say when it began: attune amend started=…, or give "
            "times in seconds since it began"
        )
    if (calendar == "wall") != wall:
        which = ("the time of a clock on the wall", "UTC")
        mine, theirs = which if calendar == "wall" else which[::-1]
        raise ValueError(f"is {mine}, the recording's start is {theirs}: write the zone, such as +02:00")
    return stamp - began


def beginning(started: str) -> tuple[float, bool]:
    """Return a start as Unix time [s], nan if there is none, and whether it is of a clock on the wall."""
    try:
        when, dated, zoned = moment(started)
    except ValueError:
        return math.nan, False
    return (when, not zoned) if dated else (math.nan, False)


Clocks = Mapping[str, Clock]
