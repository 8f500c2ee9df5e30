"""Admission: which samples count, when they were, and how far each stream has passed.

Three rules, all of them comparisons on recorded facts (tick times, stamps, file positions), so that a live
run and a later one agree to the bit and thousands of ticks can be handled at once:

- **clock**: an offset stored in the file holds for what follows it. The first one, or a jump of more than
  0.5 s, applies at once; any other ramps in over 5 s of raw time from the last admitted sample, so that time
  never jumps back. (Stepping inflated RMSSD from 29.8 to 30.2 ms with 5 ms of offset noise.)
- **admission**: with m the largest stamp so far and R[k] = T[k] − lateness, a sample of slice k is dropped,
  and counted, when c > T[k] + 0.5 (future), c < R[k−1] or c < m − 0.1 (late). If m − 0.1 ≤ c < m it takes
  stamp m. What goes on from dropped ones, where times were set back, is dropped up to m + 0.16.
- **times**: c is the time that the time base gave a sample (`processing.sample_times`) where its stream does
  not vouch for its stamps. Such a sample stands in the slice that settled it, how late it came is judged by
  the slice in which it arrived, and R does not pass what a sample that waits may be late.
- **watermark**: W[k] = max(min(m, T[k]), R[k]). Every sample admitted after tick k has a stamp ≥ W[k]: what
  depends on data before W is final. A silent stream passes with R, so a stall releases what waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.batch import StreamPart
from acquisition.stream import BoolArray, FloatArray
from acquisition.timebase.laid import TORN

RAMP = 5.0
STEP = 0.5
AHEAD = 0.5
JITTER = 0.1


@dataclass(slots=True)
class _ClockMap:
    """Map raw stamps to the recorder's clock."""

    start: float = -np.inf
    low: float = 0.0
    high: float = 0.0
    known: bool = False

    def at(self, raw: FloatArray) -> FloatArray:
        """Return the seconds to add to each raw stamp."""
        if self.low == self.high or not np.isfinite(self.start):
            return np.full(len(raw), self.high)
        share = np.clip((raw - self.start) / RAMP, 0.0, 1.0)
        return self.low + (self.high - self.low) * share

    def offset(self, value: float, last: float) -> None:
        """Take a new offset; `last` is the raw stamp of the last admitted sample (−inf without one)."""
        if not np.isfinite(value):
            return
        now = float(self.at(np.array([last]))[0]) if np.isfinite(last) else self.high
        jump = not self.known or not np.isfinite(last) or abs(value - now) > STEP
        self.start, self.low, self.high, self.known = last, value if jump else now, value, True


@dataclass(frozen=True, slots=True, eq=False)
class Admitted:
    """Hold what a batch admits of a stream: which samples, their stamps [s], each tick's watermark [s]."""

    keep: BoolArray
    times: FloatArray
    watermarks: FloatArray


class Waits(NamedTuple):
    """Say when samples arrived that were settled later.

    Fields
    ------
    since, until : ndarray, shape (n_samples,)
        Ticks before and after which each sample of a batch arrived [s].
    oldest : ndarray, shape (n_ticks,)
        The tick before which the oldest sample arrived that still waits after each tick [s]; inf if none
        does. A silent stream is passed no further than such a sample may be late.
    """

    since: FloatArray
    until: FloatArray
    oldest: FloatArray


class Admission:
    """Decide for one stream.

    Parameters
    ----------
    lateness : float
        How late a sample may arrive [s]; inf admits everything that is not out of order.
    """

    def __init__(self, lateness: float) -> None:
        self.lateness = lateness
        self.late = 0
        self.future = 0
        self._clock = _ClockMap()
        self._raw = -np.inf
        self._m = -np.inf
        self._r = -np.inf
        self._behind = np.nan
        """Stamp of the last sample if it was dropped as it lay before others [s]; else nan."""

    def admit(self, part: StreamPart | None, ticks: FloatArray, waits: Waits | None = None) -> Admitted:
        """Admit the samples of a batch; `part` is None where the stream is silent.

        Parameters
        ----------
        waits : Waits, optional
            Where samples are settled later than they arrived.
        """
        r = np.empty(len(ticks) + 1)  # r[k] is R[k − 1]
        r[0] = self._r
        r[1:] = (ticks if waits is None else np.minimum(ticks, waits.oldest)) - self.lateness
        np.maximum.accumulate(r, out=r)
        if part is None:
            m_at_tick = np.full(len(ticks), self._m)
            keep, times = np.empty(0, np.bool_), np.empty(0)
        else:
            low, high = r[part.slices], ticks[part.slices]
            if waits is not None:
                low, high = waits.since - self.lateness, waits.until
            keep, times, m = self._segments(part, low, high)
            m_at_tick = m[part.slices.searchsorted(np.arange(len(ticks)), side="right")]
        watermarks = np.maximum(np.minimum(m_at_tick, ticks), r[1:])
        if len(ticks):
            self._r = float(r[-1])
        return Admitted(keep, times, watermarks)

    def _segments(
        self, part: StreamPart, low: FloatArray, high: FloatArray
    ) -> tuple[BoolArray, FloatArray, FloatArray]:
        """Go from offset to offset; return the mask, the stamps kept, and m around each sample."""
        keeps: list[BoolArray] = []
        times: list[FloatArray] = []
        maxima: list[FloatArray] = [np.array([self._m])]
        begin = 0
        for position, value in [*part.offsets, (len(part.times), np.nan)]:
            if position > begin:
                segment = slice(begin, position)
                keep, stamps, m = self._segment(part.times[segment], low[segment], high[segment])
                keeps.append(keep)
                times.append(stamps)
                maxima.append(m)
                begin = position
            self._clock.offset(value, self._raw)
        if not keeps:
            return np.empty(0, np.bool_), np.empty(0), maxima[0]
        return np.concatenate(keeps), np.concatenate(times), np.concatenate(maxima)

    def _segment(
        self, raw: FloatArray, low: FloatArray, high: FloatArray
    ) -> tuple[BoolArray, FloatArray, FloatArray]:
        c = raw + self._clock.at(raw)
        if np.isnan(self._behind) and self._plain(c, low, high):  # nearly always, and an eighth of the cost
            self._m, self._raw = float(c[-1]), float(raw[-1])
            return np.ones(len(c), np.bool_), c, c
        c = np.where(np.isnan(c), -np.inf, c)
        future = c > high + AHEAD
        m = np.maximum.accumulate(np.append(self._m, np.where(future, -np.inf, c)))
        late = ~future & ((c < low) | (c < m[:-1] - JITTER))
        if late.any() or self._behind == self._behind:
            late = late | self._torn(c, c < m[:-1] - JITTER, late | future)
            m = np.maximum.accumulate(np.append(self._m, np.where(future | late, -np.inf, c)))
        keep = ~(future | late)
        self.future += int(future.sum())
        self.late += int(late.sum())
        self._m = float(m[-1])
        kept = np.flatnonzero(keep)
        if len(kept):
            self._raw = float(raw[kept[-1]])
        return keep, np.maximum(c, m[:-1])[keep], m[1:]

    def _torn(self, c: FloatArray, before: BoolArray, out: BoolArray) -> BoolArray:
        """Return which samples go on from some that were dropped as they lay `before` others, up to a gap.

        A chunk that was overtaken is followed by others that lie beyond the last, and leave no gap.

        Parameters
        ----------
        c : ndarray, shape (n,)
            Stamps [s].
        before, out : ndarray of bool, shape (n,)
            Which lie before others, and which are dropped for that or else.
        """
        torn, end = np.zeros(len(c), np.bool_), 0
        last = np.append(self._behind, np.where(before, c, np.nan)[:-1])
        for k in np.flatnonzero(~out & (c >= last) & (c < last + JITTER)).tolist():
            if k >= end:
                top = max(self._m, float(np.max(c[:k], initial=-np.inf, where=~(out | torn)[:k])))
                beyond = np.flatnonzero(c[k:] >= top + TORN)
                end = k + int(beyond[0]) if len(beyond) else len(c)
                torn[k:end] = True
        self._behind = float(c[-1]) if (before | torn)[-1] else np.nan
        return torn

    def _plain(self, c: FloatArray, low: FloatArray, high: FloatArray) -> bool:
        """Return whether all stamps come in order and in time; never where one is nan."""
        if not (c[0] >= self._m and (c[1:] >= c[:-1]).all()):
            return False
        return bool((c <= high + AHEAD).all() and (c >= low).all())
