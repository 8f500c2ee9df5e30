"""The loudness of a video's sound: its power in bands of speech each 16 ms, less what is always there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from acquisition.voice.models import HOP, SFREQ, Samples

STEP = HOP / SFREQ
"""Seconds between values: the hop of the voice rows."""
EDGES = (100.0, 300.0, 600.0, 1000.0, 2000.0, 4000.0, 7000.0)
"""Bounds of the bands [Hz]: below there is hum and handling, above little of a voice."""
_WINDOW = np.hanning(2 * HOP + 1)[:-1]
_BANDS = np.searchsorted(np.fft.rfftfreq(2 * HOP, 1 / SFREQ), EDGES)
_AT_ONCE = 4096
_STRETCH = 30.0
"""Seconds over which the sound that is always there is told."""
_QUIET = 10.0
"""Percentile of the power of a stretch that is taken for that sound."""


@dataclass(frozen=True, slots=True, eq=False)
class Loudness:
    """Hold the power of a video's sound.

    Parameters
    ----------
    power : ndarray, shape (n,)
        Mean square of the hop from k·`STEP` seconds of the video on, less what is always there; nan where
        there is no sound.
    total : ndarray, shape (n,)
        The same with all that was heard.
    """

    power: FloatArray
    total: FloatArray

    @property
    def duration(self) -> float:
        """Return how long it is [s]."""
        return len(self.power) * STEP

    @property
    def heard(self) -> float:
        """Return of how many seconds there is sound."""
        return float(np.count_nonzero(np.isfinite(self.power))) * STEP


class Listener:
    """Turn sound into band powers, piece by piece; pieces that follow on each other give the same as one."""

    def __init__(self) -> None:
        self._hops: list[tuple[int, NDArray[np.float32]]] = []
        self._kept: list[Samples] = []
        self._length = 0
        """Samples in `_kept`."""
        self._next = -1
        """Place of the first sample in `_kept`, counted from the video's beginning at 16 kHz."""

    def push(self, place: int, samples: Samples) -> None:
        """Take in samples, shape (n,), from a place on; where it is not the next, what was kept is let go."""
        if place != self._next + self._length:
            # The window reaches half a hop before and after: what precedes a gap is taken as silence.
            first = -(-place // HOP) * HOP - HOP // 2
            self._take()
            lead = np.zeros(max(place - first, 0), np.float32)
            self._kept, self._next = [lead, samples[max(first - place, 0) :]], first
            self._length = sum(map(len, self._kept))
        else:
            self._kept.append(samples)
            self._length += len(samples)
        if self._length >= (_AT_ONCE + 1) * HOP:
            self._take()

    def finish(self) -> Loudness:
        """Return the loudness of all that was heard."""
        self._take()
        n = max((at + len(bands) for at, bands in self._hops), default=0)
        bands = np.full((max(n, 0), len(EDGES) - 1), np.nan, np.float32)
        for at, part in self._hops:
            # What was heard before the pictures begin, all of a part or some, is none of theirs.
            begin, end = max(at, 0), max(at + len(part), 0)
            bands[begin:end] = part[begin - at : end - at]
        return loudness_of(bands)

    def _take(self) -> None:
        n = self._length // HOP - 1
        if n < 1:
            return
        kept = np.concatenate(self._kept)
        frames = np.lib.stride_tricks.sliding_window_view(kept[: (n + 1) * HOP], 2 * HOP)[::HOP]
        at = (self._next + HOP // 2) // HOP
        self._hops.append((at, np.concatenate(list(_bands(frames)))))
        self._kept, self._next = [kept[n * HOP :]], self._next + n * HOP
        self._length -= n * HOP


def _bands(frames: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for k in range(0, len(frames), _AT_ONCE):
        spectrum = np.fft.rfft(frames[k : k + _AT_ONCE] * _WINDOW, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        yield np.add.reduceat(power, _BANDS, axis=1)[:, :-1].astype(np.float32)


def loudness_of(bands: NDArray[np.float32]) -> Loudness:
    """Return the loudness of band powers, shape (n_hops, n_bands); nan where there is no sound."""
    scale = 1.0 / (len(_WINDOW) * float(np.sum(_WINDOW**2)) / 2)
    power = np.full(len(bands), np.nan)
    step = round(_STRETCH / STEP)
    for a in range(0, len(bands), step):
        near = bands[max(a - step, 0) : a + 2 * step]
        near = near[np.isfinite(near[:, 0]) & (near.sum(axis=1) > 0)]
        quiet = np.percentile(near, _QUIET, axis=0) if len(near) else np.zeros(bands.shape[1])
        part = bands[a : a + step]
        # A noise varies about its mean: what is not twice as loud as its quiet moments is as good as silence.
        power[a : a + step] = np.maximum(part - 2 * quiet, 0.0).sum(axis=1)
    power[~np.isfinite(bands[:, 0])] = np.nan
    return Loudness(power * scale, bands.sum(axis=1, dtype=np.float64) * scale)
