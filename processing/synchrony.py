"""Synchrony of the two people, live: lag table, its peak, a chance band, and statements at fixed looks.

x is the therapist, y the client; lag > 0: the client follows. Each signal is on its own, never one composite.
`sync_<signal>` is the largest |z| over lags, the same statistic that its chance band is made of; the mean
|z|, the other candidate, leaves the band half as often where the people are coupled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray, IntArray, Role
from processing.coupling.chance import ChancePool
from processing.coupling.config import SynchronyConfig
from processing.coupling.peaks import pick, smoother
from processing.coupling.statement import Looks, Rule, Statement
from processing.coupling.wclc import LagTable, strongest
from processing.index import IndexSample, index_samples, released
from processing.signals import SIGNALS, GridSignal

__all__ = ["COUPLED_P", "Synchrony", "SynchronyConfig"]

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
        self._people = [GridSignal(rule, role.value) for role in (Role.THERAPIST, Role.CLIENT)]
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
        self._n = 0
        self._band = (np.nan, np.nan)
        self._next_segment = shape.window
        self._reach = shape.window + shape.max_lag
        self._past = np.full((2, 4 * self._reach), np.nan)

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples of both people."""
        rows = [sample for sample in samples if sample[3] == self._index]
        for person in self._people:
            person.hear(rows)

    def advance(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return what became final; `watermarks` are the lower ones of the two people."""
        if len(ticks) == 0:
            return []
        if self._origin is None:
            self._origin = int(np.ceil(ticks[0]) * self._sfreq)
        # Whole steps only, and every point of a step is read as of the tick that settles its last one: a live
        # run then does the work of a step at once, as a batch does.
        first = self._origin + self._n
        end, bound = self._due(float(watermarks[-1]))
        if bound <= end:
            return []
        ends = np.arange(end, bound, self._step)
        n, available = released(ends / self._sfreq + self._delay, ticks, watermarks)
        if n == 0:
            return []
        lengths = np.diff(ends[:n], prepend=first - 1)
        since = np.repeat(available, lengths)
        x, y = (person.read(first, since) for person in self._people)
        return self._rows(x, y, since)

    def _due(self, watermark: float) -> tuple[int, int]:
        """Return the next end of a step and a bound just past the last one that can be settled."""
        end = (self._origin or 0) + self._n + -self._n % self._step
        if watermark < end / self._sfreq + self._delay:
            return end, end
        return end, int(np.floor((watermark - self._delay) * self._sfreq)) + 2

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
        every, look = (round(s * self._sfreq) for s in (config.band_every, config.look_every))
        bands = np.empty((len(at), 2))
        filled = 0
        for j in range(start, self._n):
            if j % every == 0 and j > 0:
                upto = int(np.searchsorted(at, j - start))
                bands[filled:upto], filled = self._band, upto
                self._renew_band(j, every)
            if j % look == 0:
                out += self._state(j, look, float(available[j - start]))
        bands[filled:] = self._band
        return bands, out

    def _renew_band(self, j: int, every: int) -> None:
        step = round(self._config.pool_step * self._sfreq)
        ends = np.arange(j - every + step, j + 1, step)
        ends = ends[ends >= self._reach]
        if len(ends):
            x, y = self._past
            self._pool.add(x, y, ends + self._reach, int(ends[0]) // step)
        if j >= self._config.band_from * self._sfreq:
            self._band = self._pool.band()

    def _state(self, j: int, look: int, available: float) -> list[IndexSample]:
        if j < self._config.first_look * self._sfreq:
            reason = f"not before minute {self._config.first_look / 60:g}"
            said = Statement(p=np.nan, p_reason=reason, leader=np.nan, leader_reason=reason, share=0.0)
        else:
            ends = np.arange(self._next_segment, j + 1, self._shape.window)
            self._next_segment += len(ends) * self._shape.window
            self._looks.add(self._past[0], self._past[1], ends + self._reach)
            said = self._looks.look(j // look)
        time = self._time(j)
        rows = (("_p", said.p, said.p_reason), ("_lead", said.leader, said.leader_reason))
        return [
            IndexSample(time, available, "dyad", self._name + end, value, "", said.share, reason)
            for end, value, reason in rows
        ]

    def _time(self, j: int) -> float:
        return ((self._origin or 0) + j) / self._sfreq

    def _values(
        self, j: IntArray, available: FloatArray, z: FloatArray, counts: FloatArray, bands: FloatArray
    ) -> list[IndexSample]:
        value, coverage = strongest(z), counts.min(axis=1) / self._shape.window
        times = self._time(0) + j / self._sfreq - self._shape.window / (2.0 * self._sfreq)
        lag = pick(z, self._smoother) / self._sfreq
        missing = self._missing(value, coverage)
        quality = np.where(np.isfinite(value), coverage, 0.0)
        no_peak = [m or ("" if k == k else "no peak") for m, k in zip(missing, lag.tolist(), strict=True)]
        no_band = self._band_reasons(j, bands)
        full = [""] * len(j)
        columns = (
            ("", value, "", quality, missing),
            ("_lag", lag, "s", quality, no_peak),
            ("_coverage", coverage, "", np.ones(len(j)), full),
            ("_chance_low", bands[:, 0], "", np.isfinite(bands[:, 0]) * 1.0, no_band),
            ("_chance_high", bands[:, 1], "", np.isfinite(bands[:, 1]) * 1.0, no_band),
        )
        return [
            sample
            for end, values, unit, qualities, reasons in columns
            for sample in index_samples(
                times, available, "dyad", self._name + end, values, unit, qualities, reasons
            )
        ]

    def _missing(self, value: FloatArray, coverage: FloatArray) -> list[str]:
        low = f"coverage below {self._config.coverage:.0%}".replace("%", " %")
        return [
            ""
            if v == v
            else "no data"
            if c == 0.0
            else low
            if c < self._config.coverage
            else "constant signal"
            for v, c in zip(value.tolist(), coverage.tolist(), strict=True)
        ]

    def _band_reasons(self, j: IntArray, bands: FloatArray) -> list[str]:
        early = f"not before minute {self._config.band_from / 60:g}"
        first = self._config.band_from * self._sfreq
        return [
            "" if b == b else early if k < first else "chance pool too small"
            for k, b in zip(j.tolist(), bands[:, 0].tolist(), strict=True)
        ]
