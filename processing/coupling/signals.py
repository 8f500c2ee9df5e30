"""Signals on common grids, made from index samples, so that two people can be compared sample by sample."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from acquisition.stream import PEOPLE, FloatArray, IntArray, Role
from processing.index import IndexSample, doubted
from processing.indices import SIGNALS, Signal

FEW = 16
"""So many points are read one by one, in a third of the time; the values are the same to the bit."""
WAITING = 64
"""So many rows at most wait for their check: half a minute of beats at 120 a minute."""
_columns = itemgetter(0, 1, 4, 6)


class GridSignal:
    """Hold one person's rows of one index and give values on the grid."""

    def __init__(self, rule: Signal, entity: str) -> None:
        self._rule = rule
        self._entity = entity
        self._times: list[float] = []
        self._numbers: list[float] = []
        self._available: list[float] = []
        self._values: list[float] = []
        self._newest = -math.inf
        self._unsure: list[IndexSample] = []
        """Rows of less than full quality."""
        self._unchecked: dict[float, tuple[float, float, float]] = {}

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples; rows of other people and indices are passed over."""
        wanted, entity = self._rule.needs, self._entity
        self.take([s for s in samples if s[3] in wanted and s[2] == entity])

    def take(self, rows: Sequence[IndexSample]) -> None:
        """Take in rows of this person and of the index, and of the one that it is checked by."""
        taken = []
        self._unsure += [s for s in rows if s[6] < 1.0 and s[4] == s[4] and s[3] == self._rule.index]
        columns = map(_columns, rows) if not self._rule.check else self._checked(rows)
        for time, available, value, quality in columns:
            # A row that does not move forward would make the grid depend on when it was read.
            if value == value and quality > 0.0 and time > self._newest:
                self._newest = time
                taken.append((time, available, value))
        if taken:
            times, available, values = zip(*taken, strict=True)
            self._times += times
            self._available += available
            self._values += _scaled(values, self._rule.scale)
            if self._rule.form == "rows":
                # Rounding to even would put two rows that lie at halves on one point, and none on the next.
                self._numbers += [math.floor(t * self._rule.sfreq + 0.5) for t in times]

    def _checked(self, rows: Sequence[IndexSample]) -> list[tuple[float, float, float, float]]:
        """Return time, availability, value and quality of rows whose check has come, in order of time."""
        out = []
        for row in sorted(rows, key=lambda row: (row[1], row[3] == self._rule.check, row[0])):
            if row[3] != self._rule.check:
                self._unchecked[row[0]] = (row[1], row[4], row[6])
            elif row[0] in self._unchecked:
                since, value, quality = self._unchecked.pop(row[0])
                out.append((row[0], max(since, row[1]), value if row[4] == 0.0 else math.nan, quality))
        if len(self._unchecked) > WAITING:
            self._unchecked = dict(sorted(self._unchecked.items())[-WAITING:])
        return out

    def read(self, first: int, available: FloatArray) -> FloatArray:
        """Return the values at grid points `first` and on, and forget what later points cannot need.

        Parameters
        ----------
        first : int
            Number of the first grid point; never less than in an earlier call.
        available : ndarray, shape (n,)
            T of the tick that settles each point [s]: a row that became available later is not used, whether
            or not it has been heard.

        Returns
        -------
        ndarray, shape (n,)
            nan where the rule gives no value.
        """
        n, sfreq, reach = len(available), self._rule.sfreq, self._rule.slope // 2
        if n <= FEW:
            at = {"joined": self._joined_at, "rows": self._slope_at if reach else self._row_at}[
                self._rule.form
            ]
            out = np.array([at(first + k, since) for k, since in enumerate(available.tolist())])
        else:
            out = self._read_many(first, available, reach) if self._times else np.full(n, np.nan)
        self._forget((first + n - reach - 1) / sfreq - self._rule.join)
        return out

    def _read_many(self, first: int, available: FloatArray, reach: int) -> FloatArray:
        points = np.arange(first - reach, first + len(available) + reach, dtype=np.int64)
        since, values = np.array(self._available), np.array(self._values)
        if self._rule.form == "joined":
            grid, times = points / self._rule.sfreq, np.array(self._times)
            return _joined(grid, available, times, since, values, self._rule.join)
        level, known = _on_rows(points, np.array(self._numbers), since, values)
        return _around(level, known, available, self._rule.sfreq)

    def _joined_at(self, number: int, available: float) -> float:
        """Return what `_joined` does at one grid point."""
        point = number / self._rule.sfreq
        times, after = self._times, bisect_right(self._times, point)
        k = after - 1
        if k < 0:
            return math.nan
        if times[k] == point and self._available[k] <= available:
            return self._values[k]
        if after == len(times) or not self._available[after] <= available:
            return math.nan
        width = times[after] - times[k]
        if not width <= self._rule.join:
            return math.nan
        low = self._values[k]
        return low + (self._values[after] - low) * ((point - times[k]) / width)

    def _row_at(self, number: int, available: float) -> float:
        """Return the row at one grid point."""
        at = bisect_left(self._numbers, number)
        there = at < len(self._numbers) and self._numbers[at] == number and self._available[at] <= available
        return self._values[at] if there else math.nan

    def _slope_at(self, number: int, available: float) -> float:
        """Return what `_slope` does at one grid point."""
        half = self._rule.slope // 2
        if math.isnan(self._row_at(number, available)):
            return math.nan
        total, weight = 0.0, 0
        for k in range(1, half + 1):
            total += k * (self._row_at(number + k, available) - self._row_at(number - k, available))
            weight += k * k
        return total / (2.0 * weight) * self._rule.sfreq

    def belief(self, start: float, stop: float, available: float) -> tuple[float, str]:
        """Return the least quality of the rows between two moments that are used, and why one was passed over
        as in doubt, if one was; forget older ones.

        Parameters
        ----------
        start, stop : float
            [s]; `start` never less than in an earlier call.
        available : float
            T of the tick by which the rows were known [s].
        """
        del self._unsure[: bisect_left(self._unsure, start, key=itemgetter(0))]
        least, doubt = 1.0, ""
        for row in self._unsure:
            if row[0] > stop:
                break
            if row[1] <= available:
                least = min(least, row[6] or 1.0)
                doubt = doubt or ("" if row[6] else doubted(row[7]))
        return least, doubt

    def _forget(self, before: float) -> None:
        n = bisect_right(self._times, before) - 1
        if n > 0:
            del self._times[:n], self._numbers[:n], self._available[:n], self._values[:n]


def _scaled(values: Sequence[float], scale: str) -> list[float]:
    if scale == "same":
        return list(values)
    if scale == "rate":
        return [60_000.0 / value if value > 0 else math.nan for value in values]
    positive = np.array(values)
    logarithms: list[float] = np.log(np.where(positive > 0, positive, np.nan)).tolist()
    return logarithms


def _on_rows(
    points: IntArray, numbers: FloatArray, since: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the value at each point, nan where there is no row, and when it became available [s]."""
    at = np.minimum(np.searchsorted(numbers, points), len(numbers) - 1)
    return np.where(numbers[at] == points, values[at], np.nan), since[at]


def _around(level: FloatArray, known: FloatArray, available: FloatArray, sfreq: float) -> FloatArray:
    """Return level or slope, of the neighbours of each point that were available when it was settled."""
    n, width = len(available), len(level) - len(available) + 1
    parts = [np.where(known[k : k + n] <= available, level[k : k + n], np.nan) for k in range(width)]
    return parts[0] if width == 1 else _slope(parts, sfreq)


def _joined(
    grid: FloatArray,
    available: FloatArray,
    times: FloatArray,
    since: FloatArray,
    values: FloatArray,
    join: float,
) -> FloatArray:
    """Return straight lines between rows at most `join` seconds apart [s], nan elsewhere."""
    before = np.searchsorted(times, grid, side="right") - 1
    after = np.minimum(before + 1, len(times) - 1)
    a, b = np.maximum(before, 0), after
    width = times[b] - times[a]
    exact = (before >= 0) & (times[a] == grid) & (since[a] <= available)
    between = (before >= 0) & (b > a) & (width <= join) & (since[b] <= available)
    part = (grid - times[a]) / np.where(width > 0, width, 1.0)
    line = values[a] + (values[b] - values[a]) * part
    return np.where(exact, values[a], np.where(between, line, np.nan))


def _slope(level: list[FloatArray], sfreq: float) -> FloatArray:
    """Return the least-squares slope per second through an odd number of neighbours, oldest first."""
    half = len(level) // 2
    total = np.zeros(len(level[0]))
    for k in range(1, half + 1):
        total = total + k * (level[half + k] - level[half - k])
    # The middle value has no weight, but a slope across a hole would be an interpolation.
    weight = 2.0 * sum(k * k for k in range(1, half + 1))
    return np.where(np.isnan(level[half]), np.nan, total / weight * sfreq)


def on_grid(samples: Sequence[IndexSample], signal: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times [s, LSL clock] and a signal of therapist and client, for a whole session.

    Raises
    ------
    ValueError
        If there is no such signal.
    """
    if signal not in SIGNALS:
        raise ValueError(f"no synchrony signal named {signal!r} (known: {', '.join(SIGNALS)})")
    rule = SIGNALS[signal]
    rows = [s for s in samples if s.index in rule.needs and s.entity in PEOPLE]
    if not rows:
        return np.empty(0), np.empty(0), np.empty(0)
    first = int(np.ceil(min(row.time for row in rows) * rule.sfreq))
    last = int(np.floor(max(row.time for row in rows) * rule.sfreq))
    known = np.full(max(last - first + 1, 0), np.inf)
    people = [GridSignal(rule, role.value) for role in (Role.THERAPIST, Role.CLIENT)]
    for person in people:
        person.hear(rows)
    therapist, client = (person.read(first, known) for person in people)
    return (first + np.arange(len(known))) / rule.sfreq, therapist, client
