"""The front end of the R-peak detector: ECG in, candidates with their measurements out, all vectorised."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.filters import Decimator, low_pass
from processing.heart.rpeaks_refine import BOX, REACH
from processing.heart.waves.beneath import NEAR, WINDOW, lies_beneath
from processing.heart.waves.echo import swing_after
from processing.heart.waves.energy import Energy
from processing.heart.waves.running import Waves
from processing.sums import cut

RATE = 125.0
"""Rate the candidates are sought at [Hz]; the ECG is decimated to the nearest rate in 100-187 Hz."""
ENVELOPE = 0.08
"""Length of the energy window [s]: a normal QRS."""
NEIGHBOURHOOD = 0.10
"""A candidate is the largest envelope within this distance on either side [s]."""
BACKGROUND = 1.6
"""Past over which the noise floor is taken [s]: holds a whole beat down to 40 bpm."""
HALF_SHAPE = 0.12
"""Half length of the stored shape of a beat [s]."""
NEARLY = 0.6
"""Share of the highest peak's height from which another may be taken for the R peak."""
SHIFT = 3
"""Samples by which a shape may be shifted to fit another."""


class Candidates(NamedTuple):
    """Hold measurements of envelope maxima, one row each, in time order.

    Fields
    ------
    place : ndarray of int, shape (n,)
        Decimated sample count of the envelope maximum.
    height : ndarray, shape (n,)
        Envelope there [mV].
    floor : ndarray, shape (n,)
        Lower quartile of the envelope over the time before [mV].
    before : ndarray, shape (n,)
        Largest envelope 0.10-0.36 s before [mV].
    reference : ndarray, shape (n,)
        Median of the largest envelopes of the last six windows of 1.25 s [mV].
    slope : ndarray, shape (n,)
        Steepest slope within the envelope window [mV per sample].
    since : ndarray of int, shape (n,)
        Decimated samples from the earliest place its R peak may have to the envelope maximum.
    shapes : ndarray, shape (n, 2 * half + 2 * SHIFT + 1)
        ECG below 40 Hz around the middle of the energy window [mV].
    """

    place: IntArray
    height: FloatArray
    floor: FloatArray
    before: FloatArray
    reference: FloatArray
    slope: FloatArray
    since: IntArray
    shapes: FloatArray


def earliest_peak(shapes: FloatArray, rate: float) -> IntArray:
    """Return where the R peak of a candidate lies at the earliest, in samples from the middle of its shape.

    The `Refiner` will take one of the two deflections that stand out of a short mean; which one, it knows
    only once the beats before are decided. So the one that comes first, where it nears its height.

    Parameters
    ----------
    shapes : ndarray, shape (n, n_samples)
        ECG around the candidates, at `rate` [Hz].
    """
    box, middle = round(BOX * rate), shapes.shape[1] // 2
    reach, length = min(round(REACH * rate), middle - box), 2 * box + 1
    sums = np.pad(shapes.cumsum(axis=1), ((0, 0), (1, 0)))  # each row for itself: always in the same order
    near = slice(middle - box - reach, middle - box + reach + 1)
    inner = shapes[:, middle - reach : middle + reach + 1]
    inner = inner - (sums[:, length:] - sums[:, :-length])[:, near] / length
    earliest = np.minimum(_first_peak(inner), _first_peak(-inner))
    return np.asarray(earliest - reach)


def _first_peak(curves: FloatArray) -> IntArray:
    """Return the first place in each row that is a peak of it and near the height of the highest."""
    near = curves >= NEARLY * curves.max(axis=1, keepdims=True)
    steps = np.diff(curves, axis=1, prepend=-np.inf, append=-np.inf)
    return np.asarray((near & (steps[:, :-1] >= 0) & (steps[:, 1:] <= 0)).argmax(axis=1))


class FrontEnd:
    """Turn the ECG of one gap-free stretch into candidates.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self.step = max(1, round(sfreq / RATE))
        self.rate = fd = sfreq / self.step
        self._smooth = low_pass(2, min(40.0, 0.45 * sfreq), sfreq)
        self._decimate = Decimator(self.step)
        self._width = max(2, round(ENVELOPE * fd))
        self._near = max(2, round(NEIGHBOURHOOD * fd))
        self._energy = Energy(fd, self._width)
        self._past = round(BACKGROUND * fd)
        self._half = round(HALF_SHAPE * fd)
        self._window = round(1.25 * fd)
        self.delay = round(0.5 * (self._width - 1) + 0.018 * fd)
        """Decimated samples from the middle of a QRS to its envelope maximum."""
        self.look = max(self._near, self._half + SHIFT - self.delay) + 1
        """Decimated samples needed after an envelope maximum before it is a candidate."""
        self.count = 0
        """Decimated samples seen."""
        self._start = self._past + self._near + self._window
        self._wide = np.zeros(self._start)
        self._older: list[FloatArray] = []
        self._kept = int((WINDOW + 2.0) * fd)
        self._envelope = np.zeros(self._start)
        self._searched = 0
        self._last = -(10**9)
        self._tops: list[float] = []
        self._forgotten = 0
        self._waves = Waves(fd)
        none, whole = np.empty(0), np.empty(0, np.int64)
        shapes = np.empty((0, 2 * (self._half + SHIFT) + 1))
        self._none = Candidates(whole, none, none, none, none, none, whole, shapes)

    def push(self, ecg: FloatArray) -> Candidates:
        """Take in the next samples [mV] and return the candidates that are now complete."""
        self._trim()  # first: what is decided after this is measured on what came now
        y = self._decimate(self._smooth(ecg))
        self._envelope = np.concatenate((self._envelope, self._energy.push(y)))
        self._wide = np.concatenate((self._wide, y))
        self.count += len(y)
        self._note_tops()
        peaks = self._maxima()
        return self._measure(peaks) if len(peaks) else self._none

    def swing_after(self, place: int, beat: int) -> float:
        """Return how far the ECG swings between a candidate and a later beat, over the candidate's own swing;
        both by their `place`, of the last two seconds."""
        middle = place - self.delay + len(self._wide) - self.count
        return swing_after(self._wide, middle, middle + beat - place, self.rate)

    def lies_beneath(self, pairs: list[tuple[int, int]]) -> bool:
        """Tell whether another heart lies beneath beats and the next ones, by their `place`; of the last
        `WINDOW` seconds."""
        near = int(NEAR * self.rate)
        start, stop = pairs[0][0] - self.delay - near, pairs[-1][1] - self.delay + near
        ecg = np.concatenate((*self._older, self._wide))
        begin = self.count - len(ecg)
        return lies_beneath(
            ecg[start - begin : stop - begin], np.array(pairs) - self.delay - start, self.rate
        )

    def waves_around(self, places: IntArray) -> BoolArray:
        """Tell of candidates, by their `place`, whether the ECG around them is waves; of the last second."""
        begin = len(self._wide) - self.count
        return self._waves.around(self._wide, places - self.delay + begin, begin)

    def _maxima(self) -> IntArray:
        low, high = self._searched, self.count - self.look
        if high <= low:
            return np.empty(0, np.int64)
        self._searched = high
        at = self._offset()
        seen = self._envelope[low + at - self._near : high + at + self._near]
        top = maximum_filter1d(seen, 2 * self._near + 1)[self._near : len(seen) - self._near]
        middle = seen[self._near : len(seen) - self._near]
        peaks = np.flatnonzero((middle == top) & (middle > 1e-9)) + low
        return self._single(peaks)

    def _single(self, peaks: IntArray) -> IntArray:
        # equal neighbours (a plateau) are one maximum
        kept = []
        for peak in peaks.tolist():
            if peak - self._last > self._near // 2:
                kept.append(peak)
                self._last = peak
        return np.array(kept, np.int64)

    def _offset(self) -> int:
        return len(self._envelope) - self.count

    def _measure(self, peaks: IntArray) -> Candidates:
        at = peaks + self._offset()
        env, wide, fd = self._envelope, self._wide, self.rate
        height = env[at]
        past = cut(env, at - self._past, self._past)
        quarter = self._past // 4
        floor = np.partition(past, quarter, axis=1)[:, quarter]
        for j in np.flatnonzero(peaks < self._past).tolist():  # the zeros before the start are no silence
            seen = np.sort(past[j, self._past - int(peaks[j]) :])
            floor[j] = seen[len(seen) // 4] if len(seen) else height[j]
        far, near, lead = int(0.36 * fd), int(0.10 * fd), self._width + int(0.04 * fd)
        before = cut(env, at - far, far - near).max(axis=1)
        inside = cut(wide, at - lead, lead + 1)
        slope = np.abs(inside[:, 2:] - inside[:, :-2]).max(axis=1)
        reach = self._half + SHIFT
        shapes = cut(wide, at - reach - self.delay, 2 * reach + 1)
        usual, since = self._reference(peaks, past, height), self.delay - earliest_peak(shapes, fd)
        return Candidates(peaks, height, floor, before, usual, slope, since, shapes)

    def _note_tops(self) -> None:
        """Note the highest of each window that is complete."""
        done, complete = self._forgotten + len(self._tops), self.count // self._window
        if complete > done:
            first, last = (k * self._window + self._offset() for k in (done, complete))
            windows = self._envelope[first:last].reshape(-1, self._window)
            self._tops += windows.max(axis=1).tolist()

    def _reference(self, peaks: IntArray, past: FloatArray, height: FloatArray) -> FloatArray:
        # the height a QRS has here, whatever was decided so far; one artefact does not move a median of six
        windows, of = np.unique(peaks // self._window, return_inverse=True)
        usual = np.empty(len(windows))
        for j, stop in enumerate((windows - self._forgotten).tolist()):
            tops = sorted(self._tops[max(0, stop - 6) : stop])
            usual[j] = tops[len(tops) // 2] if len(tops) > 1 else np.nan
        out = usual[of]
        for j in np.flatnonzero(np.isnan(out)).tolist():
            out[j] = max(float(past[j].max()), float(height[j]))
        return out

    def _trim(self) -> None:
        if len(self._tops) > 500:
            self._forgotten += len(self._tops) - 20
            del self._tops[:-20]
        keep = self._start + self.look + self._near
        if len(self._envelope) > 4 * keep:
            self._envelope = self._envelope[-keep:]
            self._older.append(self._wide[:-keep][-self._kept :].copy())  # or all of it would be kept
            self._wide = self._wide[-keep:]
            while sum(map(len, self._older[1:])) >= self._kept:
                del self._older[0]
