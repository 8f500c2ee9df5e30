"""LagMap: coupling at every lag over the last ten minutes, beside what chance alone would give. No Qt.

The pipeline hands on only the strongest lag of each window. The table it came from is computed here once
more, from the same rows by the same code, so that each column stands for one row of `sync_<signal>`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, Role
from processing.coupling.config import SynchronyConfig
from processing.coupling.signals import GridSignal
from processing.coupling.wclc import LagTable
from processing.index import IndexSample
from processing.indices import SIGNALS
from viewer.model.column import Float32Array, Recent
from viewer.model.model import SessionModel
from viewer.model.trace import Trace

PAIR = (Role.THERAPIST.value, Role.CLIENT.value)
"""Who is x and who is y, as in `processing.coupling.synchrony`, whose import costs the window two seconds."""

SPAN = 600.0
"""Seconds that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LagMapReading:
    """Hold what the map shows at a moment.

    Parameters
    ----------
    start, stop : float
        Ends of the time axis [s since the first tick].
    times : ndarray, shape (n,)
        Centre of each window [s since the first tick].
    lags : ndarray, shape (n_lags,)
        [s]; > 0: the client follows.
    z : ndarray, shape (n, n_lags)
        nan where there is no value, or no chance band yet.
    high : ndarray, shape (n,)
        Upper edge of the chance band of the largest |z| over lags; nan before there is a band.
    reason : str
        Why the newest window has no value, or no chance band yet; "" if it has both.
    """

    start: float
    stop: float
    times: FloatArray
    lags: FloatArray
    z: Float32Array
    high: Float32Array
    reason: str = ""

    @property
    def outside(self) -> np.ndarray:
        """Return which cells are farther from 0 than the chance band of their window."""
        return np.abs(self.z) > self.high[:, None]


class LagMap:
    """Keep the lag table of one signal for the whole session."""

    def __init__(self, model: SessionModel, signal: str) -> None:
        self._model, self._name = model, f"sync_{signal}"
        self._rule, self._shape = SIGNALS[signal], SynchronyConfig().shape(signal)
        self._begin()

    def _begin(self) -> None:
        self._people = {entity: GridSignal(self._rule, entity) for entity in PAIR}
        self._heard: Counter[tuple[str, str]] = Counter()
        # Live only the newest minutes are ever shown; a review may go anywhere.
        live = self._model.state == "growing"
        rows = round(2 * SPAN / SynchronyConfig().step)
        keep = rows * len(self._shape.lags) if live else None
        self._table, self._z = LagTable(self._shape), Recent(np.float32, keep)
        self._n, self._last = 0, 0

    def read(self, moment: float) -> LagMapReading:
        """Return the ten minutes up to a moment [s since the first tick], as far as they were known then."""
        self._update()
        rows = self._trace(self._name)
        lags = np.asarray(self._shape.lags / self._rule.sfreq)
        start = max(moment - SPAN, 0.0)
        known = int(np.searchsorted(rows.available[: self._n], moment, side="right"))
        first = max(int(np.searchsorted(rows.times[:known], start)), -(-self._z.first // len(lags)))
        z = self._z.part(first * len(lags), known * len(lags))
        table = np.array(z.reshape(-1, len(lags)), np.float32)
        high = self._trace(f"{self._name}_chance_high").values[first:known]
        if len(high) < len(table):
            high = np.full(len(table), np.nan, np.float32)
        table[np.isnan(high)] = np.nan  # a coupling is never shown without what chance would give
        table[np.isnan(rows.values[first:known])] = np.nan  # nor where the row says that there is none
        newest = self._model.known("dyad", self._name, moment)
        return LagMapReading(
            start=start,
            stop=start + SPAN,
            times=rows.times[first:known],
            lags=lags,
            z=table,
            high=high,
            reason="" if newest is None or math.isfinite(newest.value) else newest.reason,
        )

    def _trace(self, index: str, entity: str = "dyad") -> Trace:
        return self._model.traces.get((entity, index)) or Trace(0.0)

    def _update(self) -> None:
        """Compute the windows that have come since the last call."""
        rows = self._trace(self._name)
        if rows.n < self._n:
            self._begin()
        if rows.n == self._n:
            return
        for entity, person in self._people.items():
            person.take(self._new_rows(entity))
        times, since = rows.times[self._n :], rows.available[self._n :]
        half = self._shape.window / (2.0 * self._rule.sfreq)
        ends = np.rint((times + self._model.t0 + half) * self._rule.sfreq).astype(np.int64)
        first = self._last + 1 if self._n else int(ends[0])
        available = np.repeat(since + self._model.t0, np.diff(ends, prepend=first - 1))
        x, y = (self._people[entity].read(first, available) for entity in PAIR)
        step = max(round(SynchronyConfig().step * self._rule.sfreq), 1)
        z, _ = self._table.push(x, y, every=step)
        self._z.extend(z.ravel())
        self._n, self._last = rows.n, int(ends[-1])

    def _new_rows(self, entity: str) -> list[IndexSample]:
        t0, out = self._model.t0, list[IndexSample]()
        for index in self._rule.needs:
            trace, begin = self._trace(index, entity), self._heard[entity, index]
            self._heard[entity, index] = trace.n
            columns = (trace.times[begin:] + t0, trace.available[begin:] + t0, trace.values[begin:])
            out += [
                IndexSample(time, available, entity, index, value, "", 1.0, "")
                for time, available, value in zip(*(c.tolist() for c in columns), strict=True)
            ]
        return out


def in_columns(reading: LagMapReading, n: int) -> tuple[Float32Array, np.ndarray]:
    """Return z and what is outside the chance band, in n columns: of each the newest window that lies in it.

    Returns
    -------
    z, outside : ndarray, shape (n, n_lags)
        nan where a column holds no window.
    """
    z = np.full((n, len(reading.lags)), np.nan, np.float32)
    outside = np.zeros(z.shape, np.bool_)
    width = (reading.stop - reading.start) / n
    # Columns are locked to the clock, not to the moment: a cell keeps its colour while time goes on.
    first = math.ceil(reading.stop / width) - n
    at = np.floor(reading.times / width).astype(np.int64) - first
    there = (at >= 0) & (at < n)
    z[at[there]], outside[at[there]] = reading.z[there], reading.outside[there]
    return z, outside
