"""Synchrony of the two people, live: lag table, its peak, a chance band, and statements at fixed looks.

x is the therapist, y the client; lag > 0: the client follows. Each signal is on its own, never one composite.
`sync_<signal>` is the largest |z| over lags, the same statistic that its chance band is made of; the mean
|z|, the other candidate, leaves the band half as often where the people are coupled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from acquisition.stream import FloatArray, IntArray, Role
from processing.coupling.chance import ChancePool
from processing.coupling.config import SynchronyConfig
from processing.coupling.peaks import pick, smoother
from processing.coupling.statement import Looks, Rule, Statement
from processing.coupling.wclc import LagTable, strongest
from processing.index import IndexSample, released, rows
from processing.signals import SIGNALS, GridSignal

__all__ = ["COUPLED_P", "Synchrony", "SynchronyConfig"]

PAIR = (Role.THERAPIST.value, Role.CLIENT.value)
COUPLED_P = 0.005
""""Coupling above chance" may be said once `sync_<signal>_p` has been this small at any look."""


class Synchrony:
    """Listen to one signal of both people and tell how they go together.

    Rows are for entity dyad. `time` is the centre of the window at lag 0; that of `_p` and `_lead` is the
    look, up to which they take in the session. What concerns data time t is settled at t + the
    signal's delay.
    """

    def __init__(self, signal: str, *, config: SynchronyConfig, session_id: str) -> None:
        if signal not in SIGNALS:
            raise ValueError(f"no synchrony signal named {signal!r} (known: {', '.join(SIGNALS)})")
        rule, shape = SIGNALS[signal], config.shape(signal)
        self._name, self._sfreq, self._delay = f"sync_{signal}", rule.sfreq, rule.delay
        self._index, self._step = rule.index, round(config.step * rule.sfreq)
        self._config, self._shape = config, shape
        self._people = [GridSignal(rule, entity) for entity in PAIR]
        self._table = LagTable(shape)
        self._smoother = smoother(shape.max_lag)
        apart = max(config.pool_apart, (shape.window + 2 * shape.max_lag) / rule.sfreq)
        steps = int(np.ceil(apart / config.pool_step))
        self._pool = ChancePool(shape, apart=steps, least=config.least_pool)
        self._looks = Looks(
            shape,
            Rule(
                n_permutations=config.n_permutations,
                least_segments=config.least_segments,
                p_leader=config.p_leader,
                least_lag=config.least_lag * rule.sfreq,
            ),
            session_id=session_id,
            signal=signal,
        )
        self._origin: int | None = None
        self._due = -math.inf
        """Watermark before which nothing more is settled [s]."""
        self._n = 0
        self._band = (np.nan, np.nan)
        self._next_segment = shape.window
        self._reach = shape.window + shape.max_lag
        grid = round(config.pool_step * rule.sfreq)
        self._next_pooled = -(-self._reach // grid) * grid
        self._past = np.full((2, 4 * self._reach), np.nan)

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples of both people."""
        heard = [sample for sample in samples if sample[3] == self._index]
        if heard:
            for person, entity in zip(self._people, PAIR, strict=True):
                person.take([sample for sample in heard if sample[2] == entity])

    def advance(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return what became final; `watermarks` are the lower ones of the two people."""
        if len(ticks) == 0 or watermarks[-1] < self._due:
            return []
        if self._origin is None:
            self._origin = int(np.ceil(ticks[0]) * self._sfreq)
        # Whole steps only, and every point of a step is read as of the tick that settles its last one: a live
        # run then does the work of a step at once, as a batch does.
        first = self._origin + self._n
        end = first + -self._n % self._step
        bound = int(np.floor((float(watermarks[-1]) - self._delay) * self._sfreq)) + 2
        ends = np.arange(end, max(bound, end + 1), self._step)
        n, available = released(ends / self._sfreq + self._delay, ticks, watermarks)
        self._due = float(end + n * self._step) / self._sfreq + self._delay
        if n == 0:
            return []
        lengths = np.full(n, self._step)
        lengths[0] = end + 1 - first
        since = available.repeat(lengths)
        x, y = (person.read(first, since) for person in self._people)
        return self._rows(x, y, since)

    def _rows(self, x: FloatArray, y: FloatArray, available: FloatArray) -> list[IndexSample]:
        start, n = self._n, len(x)
        step = self._step
        z, counts = self._table.push(x, y, every=step)
        self._keep(x, y)
        at = np.arange(-start % step, n, step)
        bands, out = self._look_back(start, at, available)
        if len(at):
            out += self._values(start + at, available[at], z, counts, bands)
        return out

    def _keep(self, x: FloatArray, y: FloatArray) -> None:
        stop = self._reach + self._n + len(x)
        while stop > self._past.shape[1]:
            self._past = np.concatenate([self._past, np.full_like(self._past, np.nan)], axis=1)
        self._past[:, self._reach + self._n : stop] = x, y
        self._n += len(x)

    def _look_back(
        self, start: int, at: IntArray, available: FloatArray
    ) -> tuple[FloatArray, list[IndexSample]]:
        """Return the band in force at each of the samples `at`, and the statements that fell due."""
        config, out = self._config, []
        every, look, first_look = (
            round(s * self._sfreq) for s in (config.band_every, config.look_every, config.first_look)
        )
        bands = np.empty((len(at), 2))
        filled, due = 0, math.gcd(every, look)
        for j in range(start + -start % due, self._n, due):
            if j > 0 and (j % look == 0 or (j % every == 0 and j < first_look)):
                upto = int(np.searchsorted(at, j - start))
                bands[filled:upto], filled = self._band, upto
                self._renew_band(j)
            if j % look == 0:
                out += self._state(j, look, float(available[j - start]))
        bands[filled:] = self._band
        return bands, out

    def _renew_band(self, j: int) -> None:
        step = round(self._config.pool_step * self._sfreq)
        ends = np.arange(self._next_pooled, j + 1, step)
        if len(ends) and j <= self._config.until * self._sfreq:
            self._next_pooled = int(ends[-1]) + step
            x, y = self._past
            self._pool.add(x, y, ends + self._reach, int(ends[0]) // step)
        if j >= self._config.band_from * self._sfreq:
            self._band = self._pool.band()

    def _state(self, j: int, look: int, available: float) -> list[IndexSample]:
        first, until = self._config.first_look, self._config.until
        if not first <= j / self._sfreq <= until:
            early = j < first * self._sfreq
            reason = f"not before minute {first / 60:g}" if early else f"not after hour {until / 3600:g}"
            said = Statement(p=np.nan, p_reason=reason, leader=np.nan, leader_reason=reason, share=0.0)
        else:
            ends = np.arange(self._next_segment, j + 1, self._shape.window)
            self._next_segment += len(ends) * self._shape.window
            self._looks.add(self._past[0], self._past[1], ends + self._reach)
            said = self._looks.look(j // look)
        time = self._time(j)
        said_of = (("_p", said.p, said.p_reason), ("_lead", said.leader, said.leader_reason))
        return [
            IndexSample(time, available, "dyad", self._name + end, value, "", said.share, reason)
            for end, value, reason in said_of
        ]

    def _time(self, j: int) -> float:
        return ((self._origin or 0) + j) / self._sfreq

    def _values(
        self, j: IntArray, available: FloatArray, z: FloatArray, counts: FloatArray, bands: FloatArray
    ) -> list[IndexSample]:
        value, coverage = strongest(z), counts.min(axis=1) / self._shape.window
        lag = pick(z, self._smoother, int(j[0]) // self._step) / self._sfreq
        quality = np.where(np.isnan(value), 0.0, coverage).tolist()
        missing = self._missing(value.tolist(), coverage.tolist())
        lags, low, high = lag.tolist(), bands[:, 0].tolist(), bands[:, 1].tolist()
        no_peak = [m or ("" if k == k else "no peak") for m, k in zip(missing, lags, strict=True)]
        has_band = [1.0 if b == b else 0.0 for b in low]
        no_band = self._band_reasons(j, low)
        columns = (
            ("", value.tolist(), "", quality, missing),
            ("_lag", lags, "s", quality, no_peak),
            ("_coverage", coverage.tolist(), "", repeat(1.0), repeat("")),
            ("_chance_low", low, "", has_band, no_band),
            ("_chance_high", high, "", has_band, no_band),
        )
        half = self._shape.window / (2.0 * self._sfreq)
        times, since = (self._time(0) + j / self._sfreq - half).tolist(), available.tolist()
        return [
            sample
            for end, values, unit, qualities, reasons in columns
            for sample in rows(times, since, "dyad", self._name + end, values, unit, qualities, reasons)
        ]

    def _missing(self, value: list[float], coverage: list[float]) -> list[str]:
        low = f"coverage below {self._config.coverage:.0%}".replace("%", " %")
        return [
            ""
            if v == v
            else "no data"
            if c == 0.0
            else low
            if c < self._config.coverage
            else "constant signal"
            for v, c in zip(value, coverage, strict=True)
        ]

    def _band_reasons(self, j: IntArray, low: list[float]) -> list[str]:
        if low[0] == low[0]:
            return [""] * len(low)
        early = f"not before minute {self._config.band_from / 60:g}"
        first = self._config.band_from * self._sfreq
        return [
            "" if b == b else early if k < first else "chance pool too small"
            for k, b in zip(j.tolist(), low, strict=True)
        ]
