"""Synchrony of the two people, live: lag table, its peak, a chance band, and statements at fixed looks.

x is the therapist, y the client; lag > 0: the client follows. Each signal is on its own, never one composite.
`sync_<signal>` is the largest |z| over lags, the same statistic that its chance band is made of; the mean
|z|, the other candidate, leaves the band half as often where the people are coupled.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from acquisition.event import Event
from acquisition.events.intervals import that_hold
from acquisition.stream import Chunk, FloatArray, Role
from processing.coupling.chance import ChancePool
from processing.coupling.common import Marked
from processing.coupling.config import SynchronyConfig
from processing.coupling.one_person import kind_of
from processing.coupling.peaks import pick, smoother
from processing.coupling.shared import Shared, Spans, inside
from processing.coupling.signals import GridSignal
from processing.coupling.statement import Looks, Pair, Statement, rule_of, unsaid
from processing.coupling.wclc import LagTable, strongest
from processing.index import IndexSample, Watermarks, index_sample, released, rows
from processing.indices import SIGNALS, SPEECH, delay_of, part_of, speech_of

if TYPE_CHECKING:
    from processing.config import PipelineConfig

__all__ = ["Synchrony", "SynchronyConfig"]

PAIR = (Role.THERAPIST.value, Role.CLIENT.value)


class Synchrony:
    """Listen to one signal of both people and tell how they go together.

    Rows are for entity dyad. `time` is the centre of the window at lag 0; that of `_p`, `_stated` and `_lead`
    is the look, up to which they take in the session; after the last look there are none. What concerns data
    time t is settled at t + the signal's delay; a look knows the speech and the marks of that moment.
    """

    def __init__(self, signal: str, *, config: PipelineConfig) -> None:
        if signal not in SIGNALS:
            raise ValueError(f"no synchrony signal named {signal!r} (known: {', '.join(SIGNALS)})")
        rule, mine = SIGNALS[signal], config.synchrony
        shape = mine.shape(signal)
        self._name, self._sfreq, self._delay = f"sync_{signal}", rule.sfreq, delay_of(signal, config)
        self._untested = rule.untested
        self._part, self._step = part_of(signal), round(mine.step * rule.sfreq)
        self._indices = (*rule.needs, SPEECH)
        kind = kind_of(signal)
        self._shared = Shared(kind) if kind is not None else None
        self._lone = kind.reason if kind is not None else ""
        self._config, self._shape = mine, shape
        self._people = [GridSignal(rule, entity) for entity in PAIR]
        self._speakers = [GridSignal(speech_of(rule), entity) for entity in PAIR]
        self._speech = np.empty((2, 0))
        """Who spoke, up to the newest look."""
        self._marks: list[tuple[float, Event]] = []
        self._listens = not rule.untested
        """A look is still to come: what is said and marked is kept."""
        self._table = LagTable(shape)
        self._smoother = smoother(shape.max_lag)
        apart = max(mine.pool_apart, (shape.window + 2 * shape.max_lag) / rule.sfreq)
        steps = int(np.ceil(apart / mine.pool_step))
        most = int(mine.until / mine.pool_step) + 1
        self._pool = ChancePool(shape, apart=steps, least=mine.least_pool, most=most)
        self._looks = Looks(shape, rule_of(signal, mine))
        self._every, self._look, self._first_look, self._last_look = (
            round(s * rule.sfreq) for s in (mine.band_every, mine.look_every, mine.first_look, mine.last_look)
        )
        self._low = f"coverage below {mine.coverage:.0%}".replace("%", " %")
        self._origin: int | None = None
        self._due = -math.inf
        """Watermark before which nothing more is settled [s]."""
        self._n = 0
        self._band = (np.nan, np.nan)
        self._reach = shape.window + shape.max_lag
        grid = round(mine.pool_step * rule.sfreq)
        self._next_pooled = -(-self._reach // grid) * grid
        self._past = np.full((2, 4 * self._reach), np.nan)

    def update(self, chunk: Chunk) -> None:
        """Let samples pass: coupling is computed from indices."""

    def mark(self, event: Event, time: float) -> None:
        """Take in an event that acts at `time`, T of the tick that closed its slice [s]."""
        if self._listens:
            self._marks.append((time, event))

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples of both people."""
        if self._shared is not None:
            self._shared.hear(samples)
        heard = [sample for sample in samples if sample[3] in self._indices]
        if heard:
            for person, speaker, entity in zip(self._people, self._speakers, PAIR, strict=True):
                mine = [sample for sample in heard if sample[2] == entity]
                person.take([sample for sample in mine if sample[3] != SPEECH])
                if self._listens:
                    speaker.take([sample for sample in mine if sample[3] == SPEECH])

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final; `watermarks` are the lower ones of the two people."""
        passed = watermarks[self._part]
        if len(ticks) == 0 or passed[-1] < self._due:
            return []
        if self._origin is None:
            self._origin = int(np.ceil(ticks[0]) * self._sfreq)
        if not np.isfinite(passed[-1]):  # the first samples of all still wait for their times
            return []
        # Whole steps only, and every point of a step is read as of the tick that settles its last one: a live
        # run then does the work of a step at once, as a batch does.
        first = self._origin + self._n
        end = first + -self._n % self._step
        bound = int(np.floor((float(passed[-1]) - self._delay) * self._sfreq)) + 2
        ends = np.arange(end, max(bound, end + 1), self._step)
        n, available = released(ends / self._sfreq + self._delay, ticks, passed)
        self._due = float(end + n * self._step) / self._sfreq + self._delay
        if n == 0:
            return []
        lengths = np.full(n, self._step)
        lengths[0] = end + 1 - first
        since = available.repeat(lengths)
        x, y = (person.read(first, since) for person in self._people)
        return self._rows(x, y, since)

    def _rows(self, x: FloatArray, y: FloatArray, available: FloatArray) -> list[IndexSample]:
        start, step = self._n, self._step
        z, counts = self._table.push(x, y, every=step)
        self._keep(x, y)
        at = range(start + -start % step, self._n, step)
        since = available[at.start - start :: step].tolist()
        bands, out = self._look_back(start, at, available)
        if since:
            out += self._values(at, since, z, counts, bands)
        return out

    def _keep(self, x: FloatArray, y: FloatArray) -> None:
        begin = self._reach + self._n
        stop = begin + len(x)
        while stop > self._past.shape[1]:
            self._past = np.concatenate([self._past, np.full_like(self._past, np.nan)], axis=1)
        self._past[0, begin:stop], self._past[1, begin:stop] = x, y
        self._n += len(x)

    def _look_back(
        self, start: int, at: range, available: FloatArray
    ) -> tuple[list[tuple[float, float]], list[IndexSample]]:
        """Return the band in force at each of the samples `at`, and the statements that fell due."""
        every, look, first_look = self._every, self._look, self._first_look
        bands: list[tuple[float, float]] = []
        out: list[IndexSample] = []
        due = math.gcd(every, look)
        for j in range(start + -start % due, self._n, due):
            self._blank(float(available[j - start]))
            if j > 0 and (j % look == 0 or (j % every == 0 and j < first_look)):
                bands += [self._band] * (bisect_left(at, j) - len(bands))
                self._renew_band(j)
            if j % look == 0 and j <= self._last_look:
                out += self._state(j, look, float(available[j - start]))
        return bands + [self._band] * (len(at) - len(bands)), out

    def _of_one(self, available: float) -> Spans:
        """Return the spans known at a moment in which the signals were one person's [s, LSL clock]."""
        return self._shared.spans(available) if self._shared is not None else ()

    def _blank(self, available: float) -> None:
        """Leave out of what later looks are made of where both are one person's."""
        if spans := self._of_one(available):
            points = ((self._origin or 0) + np.arange(self._past.shape[1]) - self._reach) / self._sfreq
            self._past[:, inside(points, spans)] = np.nan

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
        if self._untested:
            said = unsaid(self._untested)
        elif j < self._first_look:
            said = unsaid(f"not before minute {self._config.first_look_min:g}")
        else:
            said = self._look_at(j, available)
            doubt = self._belief(j, available)[1] if math.isnan(said.stated) else ""
            doubt = self._lone if math.isnan(said.stated) and self._of_one(available) else doubt
            said = unsaid(doubt) if doubt else said
        time = self._time(j)
        said_of = (
            ("_p", said.p, said.reason),
            ("_stated", said.stated, said.reason),
            ("_lead", said.leader, said.leader_reason),
        )
        return [
            index_sample(time, available, "dyad", self._name + end, value, said.share, reason)
            for end, value, reason in said_of
        ]

    def _look_at(self, j: int, available: float) -> Statement:
        """Return what the look at sample j says, by what was known at `available` [s]."""
        first = self._speech.shape[1]
        since = np.full(j + 1 - first, available)
        origin = self._origin or 0
        spoke = np.array([speaker.read(origin + first, since) for speaker in self._speakers])
        self._speech = np.concatenate([self._speech, spoke], axis=1)
        x, y = self._past[:, self._reach : self._reach + j + 1]
        held = that_hold(event for time, event in self._marks if time <= available)
        marked = Marked.by(held.values(), self._time(j))
        segments = marked.segments(
            reach=self._shape.max_lag,
            window=self._shape.window,
            n=j + 1,
            begin=origin / self._sfreq,
            sfreq=self._sfreq,
        )
        pair = Pair(x=x, y=y, x_speaks=self._speech[0], y_speaks=self._speech[1])
        said = self._looks.look(pair, segments)
        if j + self._look > self._last_look:
            self._listens, self._speech = False, np.empty((2, 0))
            self._marks.clear()
        return said

    def _time(self, j: int) -> float:
        return ((self._origin or 0) + j) / self._sfreq

    def _values(
        self,
        at: range,
        since: list[float],
        z: FloatArray,
        counts: FloatArray,
        bands: list[tuple[float, float]],
    ) -> list[IndexSample]:
        shared = np.array([self._rests_on_one(j, when) for j, when in zip(at, since, strict=True)], np.bool_)
        z = np.where(shared[:, None], np.nan, z) if shared.any() else z
        value, sfreq, window = strongest(z).tolist(), self._sfreq, self._shape.window
        coverage = [count / window for count in counts.min(axis=1).tolist()]
        lags = [lag / sfreq for lag in pick(z, self._smoother, at.start // self._step).tolist()]
        low, high = zip(*bands, strict=True)
        beliefs = [self._belief(j, when) for j, when in zip(at, since, strict=True)]
        quality = [
            min(c, least) if v == v else 0.0
            for v, c, (least, _) in zip(value, coverage, beliefs, strict=True)
        ]
        missing = [
            "" if v == v else self._lone if one else self._missing(c, doubt)
            for v, c, (_, doubt), one in zip(value, coverage, beliefs, shared.tolist(), strict=True)
        ]
        no_peak = [m or ("" if k == k else "no peak") for m, k in zip(missing, lags, strict=True)]
        has_band = [1.0 if b == b else 0.0 for b in low]
        no_band = ["" if b == b else self._no_band(j) for j, b in zip(at, low, strict=True)]
        columns = (
            ("", value, quality, missing),
            ("_lag", lags, quality, no_peak),
            ("_coverage", coverage, repeat(1.0), repeat("")),
            ("_chance_low", low, has_band, no_band),
            ("_chance_high", high, has_band, no_band),
        )
        half, first = window / (2.0 * sfreq), self._time(0)
        times = [first + j / sfreq - half for j in at]
        return [
            sample
            for end, values, qualities, reasons in columns
            for sample in rows(times, since, "dyad", self._name + end, values, qualities, reasons)
        ]

    def _rests_on_one(self, j: int, available: float) -> bool:
        """Tell whether the windows that end at sample j hold time in which both were one person's."""
        begin, end = self._time(j - self._reach + 1), self._time(j)
        return any(start <= end and stop > begin for start, stop in self._of_one(available))

    def _missing(self, coverage: float, doubt: str) -> str:
        """Say why there is no value; where rows were in doubt, that, and nothing of the rest."""
        if coverage >= self._config.coverage:
            return "constant signal"
        return doubt or ("no data" if coverage == 0.0 else self._low)

    def _belief(self, j: int, available: float) -> tuple[float, str]:
        """Return the least quality of what the windows that end at sample j are made of, and what was passed
        over as in doubt, and why."""
        span = self._time(j - self._reach + 1), self._time(j), available
        both = [person.belief(*span) for person in self._people]
        return min(least for least, _ in both), next((doubt for _, doubt in both if doubt), "")

    def _no_band(self, j: int) -> str:
        early = j < self._config.band_from * self._sfreq
        return f"not before minute {self._config.band_from / 60:g}" if early else "chance pool too small"
