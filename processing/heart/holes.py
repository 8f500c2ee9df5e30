"""Short holes and spikes in an ECG: bridged for the detector, so that what lies beyond keeps its place."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import BoolArray, FloatArray, IntArray

GAP = 0.15
"""A hole longer than this ends a stretch [s]."""
MISSING = 1.5
"""A step of so many periods is a hole."""
TOUCHED = 0.12
"""An R peak so near to a hole may be misplaced [s]: the place is found from so much ECG."""
HIDING = 0.04
"""A longer hole may hide a beat [s]."""
WHOLE, UNKNOWN = 0.2, 0.041
"""Share of a sample by which a hole may seem to differ from a whole number of them. One that differs more is
no loss of samples, but stamps that are not true: how long it is nobody knows, and it counts as so long at
least [s]."""
KEPT = 30.0
"""How long a hole is remembered [s]."""
SHARP, NARROW, BROADER = 0.0125, 0.016, 0.024
"""Longest time between the samples on either side of a spike [s]: while no beat was seen, then, and of one
that is far higher than a QRS. No R wave is back at its foot so soon. At low rates it is one sample; all
limits are ours."""
FLANK, CALM = 0.25, 0.12
"""What lies beside a spike strays from the line under it by at most so much of its height; the same of a
broader one."""
LEAST, FAR = 1.2, 3.5
"""Least height over the steepest rise of a beat; the same of a broader one."""
BESIDE = 0.008
"""So much is looked at on either side, but never more than the spike is long [s]."""
RISE = 0.012
"""The steepest rise of a beat is taken over this time [s]: half a period of line noise, or a little more."""
HALF = 0.5
"""A spike comes back to nearer than this share of its height: a quick look, before all widths are tried."""
BLOCK, BLOCKS = 1.25, 6
"""The usual one is the median of the highest of so many blocks of so many seconds."""
AT_ONCE = 64
"""Blocks that are looked at together where many have come."""
UNKNOWN_RISE, NO_RISE = 0.3, 0.01
"""The same while none was seen [mV]; a block without so much is flat, and tells nothing."""
UNDER = 0.035
"""An R peak so near to a spike may be misplaced, or be no peak [s]."""


class Holes:
    """Fill short holes with straight lines, and remember where they were.

    Parameters
    ----------
    sfreq : float
        [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._last = (math.nan, math.nan)
        self._holes: list[tuple[float, float]] = []

    def known(self) -> list[tuple[float, float]]:
        """Return the holes that are remembered [s]."""
        return self._holes

    def bridge(self, times: FloatArray, ecg: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return samples with the missing ones put in, and with which sample each came, by its stamp; stamps
        [s] do not decrease."""
        steps = steps_from(self._last[0], times)
        found = np.flatnonzero((steps > MISSING / self._sfreq) & (steps <= GAP))
        before = self._last
        self._last = (float(times[-1]), float(ecg[-1]))
        if not len(found):
            return times, ecg, times
        at, stamps, values = list[int](), list[FloatArray](), list[FloatArray]()
        for k in found.tolist():
            start, low = (float(times[k - 1]), float(ecg[k - 1])) if k else before
            stop, high = float(times[k]), float(ecg[k])
            n = max(1, round((stop - start) * self._sfreq) - 1)
            share = np.arange(1, n + 1) / (n + 1)
            at += [k] * n
            stamps.append(start + (stop - start) * share)
            values.append(low + (high - low) * share)
            whole = abs((stop - start) * self._sfreq - n - 1) <= WHOLE
            self._holes.append((start, stop if whole else max(stop, start + UNKNOWN)))
        came = np.insert(times, at, times[at])
        return np.insert(times, at, np.concatenate(stamps)), np.insert(ecg, at, np.concatenate(values)), came

    def crossed(self, beats: FloatArray, before: float) -> BoolArray:
        """Tell which intervals cannot be trusted: one of their beats is near a hole, or a beat may be in one.

        Parameters
        ----------
        beats : ndarray, shape (n,)
            R peaks that end the intervals [s].
        before : float
            The R peak before the first [s], nan without one.
        """
        out = crossing(beats, before, self._holes)
        if self._holes and len(beats):
            self._holes = [hole for hole in self._holes if hole[1] > beats[-1] - KEPT]
        return out


def crossing(beats: FloatArray, before: float, holes: Sequence[tuple[float, float]]) -> BoolArray:
    """Tell of intervals what `Holes.crossed` does, from the holes themselves [s]."""
    if not holes or not len(beats):
        return np.zeros(len(beats), np.bool_)
    starts, stops = np.array(holes).T
    all_ = np.append(before, beats)
    near = ((starts - TOUCHED < all_[:, None]) & (all_[:, None] < stops + TOUCHED)).any(axis=1)
    inside = (all_[:-1, None] < stops) & (starts < all_[1:, None]) & (stops - starts > HIDING)
    return np.asarray(near[1:] | near[:-1] | inside.any(axis=1))


class Spikes:
    """Lay lines under spikes that are too narrow for a QRS: discharges, damaged packets, pacemakers.

    A sample that may begin a spike waits, with all after it, until what follows has come; nothing else waits,
    and what is no spike leaves as it came. The samples themselves stay as they are wherever they are stored.

    Parameters
    ----------
    sfreq : float
        [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._sharp, self._narrow = (max(1, int(t * sfreq + 1e-6) - 1) for t in (SHARP, NARROW))
        self._most = max(self._narrow, int(BROADER * sfreq + 1e-6) - 1)
        self._beside = max(1, round(BESIDE * sfreq))
        self._step = 2.0 * LEAST / (self._narrow + 1)
        self._look = self._most + self._beside + 1
        self._rise, self._block = round(RISE * sfreq), round(BLOCK * sfreq)
        self._tops: list[float] = []
        self._starts: list[float] = []
        self._stops: list[float] = []
        self.restart()

    def restart(self) -> None:
        """Begin a new stretch: keep what is known of the beats, drop what waits."""
        self._times, self._ecg, self._came, self._known = (np.empty(0) for _ in range(4))
        self._offset = self._seen = self._left = self._over = self._tall = 0
        self._ahead = 1

    def push(
        self, times: FloatArray, ecg: FloatArray, came: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Take in samples of one stretch and return those that need no more.

        Parameters
        ----------
        times, ecg, came : ndarray, shape (n,)
            As `Holes.bridge` returns them.

        Returns
        -------
        times, ecg, known : ndarray, shape (n,)
            Stamps [s], ECG without spikes, and the stamp of the last sample that each had to wait for [s].
        """
        self._times = np.concatenate((self._times, times))
        self._ecg = np.concatenate((self._ecg, ecg))
        self._came = np.concatenate((self._came, came))
        self._known = np.concatenate((self._known, came))
        if not self._seen and not self._begin():
            return self._times[:0], self._ecg[:0], self._known[:0]
        stop = self._offset + len(self._ecg)
        while self._seen < stop:
            self._pass_quiet(stop)
            end = min(stop, (self._seen // self._block + 1) * self._block)
            if not self._search(end):
                break
        fresh = slice(self._left - self._offset, self._seen - self._offset)
        out = self._times[fresh], self._ecg[fresh], self._known[fresh]
        self._left = self._seen
        self._trim()
        return out

    def under(self, beats: FloatArray) -> BoolArray:
        """Tell which R peaks [s] are so near to a spike that they may be misplaced."""
        near = [bisect_left(self._stops, beat - UNDER) for beat in beats.tolist()]
        return np.array(
            [k < len(self._starts) and self._starts[k] < t + UNDER for k, t in zip(near, beats, strict=True)],
            np.bool_,
        )

    def known(self) -> list[tuple[float, float]]:
        """Return the first and the last sample of each spike [s]."""
        return list(zip(self._starts, self._stops, strict=True))

    def _usual(self) -> float:
        """Return the usual steepest rise before the block that is looked at [mV]."""
        block = self._seen // self._block
        # the block before this one may not be whole yet
        if self._tall < block - 1:
            for top in self._highest(self._tall, block - 1):
                if top > NO_RISE:
                    self._tops = [*self._tops[1 - BLOCKS :], top]
            self._tall = block - 1
        return sorted(self._tops)[len(self._tops) // 2] if self._tops else UNKNOWN_RISE

    def _highest(self, first: int, stop: int) -> list[float]:
        """Return the steepest rise in each of these blocks [mV]."""
        start = first * self._block - self._offset
        x = self._ecg[start : start + (stop - first) * self._block + self._rise]
        rises = np.abs(x[self._rise :] - x[: -self._rise]).reshape(-1, self._block)
        return list(rises.max(axis=1).tolist())

    def _pass_quiet(self, stop: int) -> None:
        """Go past whole blocks in which nothing may be a spike, many at once: that costs a tenth."""
        first, offset = self._seen // self._block, self._offset
        count = min((stop - self._look) // self._block - first, self._ahead)
        if count < 2 or not self._tops:
            self._ahead = min(2 * self._ahead, AT_ONCE)
            return
        usual = self._usuals(first, count)
        begin, end = self._seen - offset, (first + count) * self._block - offset
        at = np.arange(max(begin, 1), end)
        block = (at + offset) // self._block - first
        steep = np.abs(np.diff(self._ecg[max(begin - 1, 0) : end])) >= (self._step * usual)[block]
        steep &= (at > self._beside) & (at + offset > self._over)
        steps, block = at[steep], block[steep]
        likely = self._likely(steps, usual[block, None])
        self._ahead = min(2 * self._ahead, AT_ONCE)
        if likely:
            count, self._ahead = (likely[0][0] + offset) // self._block - first, 1
        if count:
            self._wait(steps[block < count])
            self._seen = (first + count - 1) * self._block
            self._usual()  # as of the last block
            self._seen += self._block

    def _usuals(self, first: int, count: int) -> FloatArray:
        """Return what `_usual` will be in so many blocks, if no spike is laid in them."""
        tops, known = list(self._tops), [len(self._tops)]
        last = first + count - 2
        for top in self._highest(self._tall, last) if self._tall < last else ():
            if top > NO_RISE:
                tops.append(top)
            known.append(len(tops))
        until = [known[max(0, k - 1 - self._tall)] for k in range(first, first + count)]
        recent = [sorted(tops[max(0, n - BLOCKS) : n]) for n in until]
        return np.array([values[len(values) // 2] for values in recent])

    def _begin(self) -> bool:
        """Level a spike at the first samples of a stretch; tell whether enough of them have come for that."""
        x, look = self._ecg, self._look
        if len(x) <= look:
            return False
        self._known[:look] = self._came[look]
        least = LEAST * (sorted(self._tops)[len(self._tops) // 2] if self._tops else UNKNOWN_RISE)
        for n in range(1, (self._narrow if self._tops else self._sharp) + 1):
            high = float(np.abs(x[:n] - x[n]).max())
            if high >= least and float(np.ptp(x[n : n + 1 + self._beside])) <= FLANK * high:
                x[:n] = x[n]
                self._over = n
                self._starts.append(float(self._times[0]))
                self._stops.append(float(self._times[n - 1]))
                break
        return True

    def _search(self, end: int) -> bool:
        """Look at the samples up to `end`, within one block; tell whether none of them has to wait."""
        usual = self._usual()
        begin = self._seen - self._offset
        x = self._ecg[max(begin - 1, 0) : end - self._offset]
        steps = np.flatnonzero(np.abs(np.diff(x)) >= self._step * usual) + max(begin, 1)
        steps = steps[(steps > self._beside) & (steps + self._offset > self._over)]
        whole = steps[steps + self._look < len(self._ecg)]
        for k, lengths in self._likely(whole, usual):
            if k + self._offset > self._over and self._lay(k, lengths, usual):
                steps = steps[(steps <= k) | (steps + self._offset > self._over)]
        self._wait(steps[steps + self._look < len(self._ecg)])
        late = steps[steps + self._look >= len(self._ecg)]
        self._seen = int(late[0]) + self._offset if len(late) else end
        return not len(late)

    def _wait(self, steps: IntArray) -> None:
        """Note what the samples from each of these places on had to wait for."""
        if not len(steps):
            return
        last = np.zeros(int(steps[-1] - steps[0]) + self._look, np.int64)
        last[steps - steps[0]] = steps
        last = np.maximum.accumulate(last)
        at = np.arange(steps[0], steps[-1] + self._look)
        near = at - last < self._look
        at, until = at[near], self._came[last[near] + self._look]
        self._known[at] = np.maximum(self._known[at], until)

    def _likely(self, steps: IntArray, usual: float | FloatArray) -> list[tuple[int, list[int]]]:
        """Return those of these places from which the ECG may come back soon, and after how many samples, as
        what follows tells: few."""
        if not len(steps):
            return []
        long, near = np.arange(1, self._most + 1), np.minimum(np.arange(1, self._most + 1), self._beside)
        away = self._ecg[steps[:, None] + np.arange(self._most + self._beside + 1)]
        away = away - self._ecg[steps - 1][:, None]
        back, beyond = away[:, long], away[:, long + near]
        top = np.maximum.accumulate(np.abs(away), axis=1)[:, long - 1]
        high = top + np.abs(back)
        stray = np.abs(beyond - back * ((long + 1 + near) / (long + 1)))
        back = (np.abs(back) <= HALF * top) & (stray <= FLANK * high) & (high >= LEAST * usual)
        back[:, self._most if self._tops else self._sharp :] = False
        likely = np.flatnonzero(back.any(axis=1))
        return [(int(steps[j]), long[back[j]].tolist()) for j in likely.tolist()]

    def _lay(self, k: int, lengths: list[int], usual: float) -> bool:
        """Lay a line under the spike of such a length that begins at a place; tell whether one does."""
        x, best, length = self._ecg, math.inf, 0
        for n in lengths:
            low, slope = float(x[k - 1]), float(x[k + n] - x[k - 1]) / (n + 1)
            near = min(n, self._beside)
            off = np.abs(x[k - 1 - near : k + n + 1 + near] - low - slope * np.arange(-near, n + 2 + near))
            high = float(off[near + 1 : near + 1 + n].max())
            beside = max(float(off[:near].max()), float(off[-near:].max()))
            flank, least = (FLANK, LEAST) if n <= self._narrow else (CALM, FAR)
            if high >= least * usual and beside <= flank * high and beside < best * high:
                best, length = beside / high, n
        if length:
            x[k : k + length] = np.interp(np.arange(length), (-1, length), (x[k - 1], x[k + length]))
            self._over = k + length + self._offset
            self._starts.append(float(self._times[k]))
            self._stops.append(float(self._times[k + length - 1]))
        return length > 0

    def _trim(self) -> None:
        keep = 3 * self._block
        if len(self._ecg) > 2 * keep:
            gone = min(len(self._ecg) - keep, self._left - self._offset)
            self._offset += gone
            self._times, self._ecg, self._came, self._known = (
                column[gone:] for column in (self._times, self._ecg, self._came, self._known)
            )
