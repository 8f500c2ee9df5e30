"""One microphone: samples at 16 kHz become hops of 16 ms, at places that count from the first sample."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from acquisition.voice.models import BLOCK, HOP, SFREQ, Models, Samples

GROUP = 8
"""Hops that are decided on together."""
PAST, AHEAD = 11, 10
"""Hops before and after a frame that its pitch depends on (the model's receptive field)."""
HALF = 6
"""Half the hops, 192 ms together, whose power is compared between people."""
GAP = 0.02
"""Seconds by which a stamp may differ from the one before plus 1/16000 s."""
SPEECH, SILENCE = 0.5, 0.35
"""Likelihood from which on there is speech, and below which there is none any more (Silero's own)."""
LOW_BAND, HIGH_BAND = (50.0, 1000.0), (1000.0, 5000.0)
"""[Hz], as in the alpha ratio of eGeMAPS (Eyben et al. 2016, doi:10.1109/TAFFC.2015.2457417)."""
MID_BAND, WHOLE_BAND = (500.0, 4000.0), (50.0, 8000.0)
"""[Hz], of the mid-band share; ours."""
TINY = 1e-12
"""Power below any microphone's noise (−120 dB); keeps the logarithm of digital silence finite."""
_WINDOW = np.hanning(2 * HOP + 1)[:-1]
_BINS = np.fft.rfftfreq(2 * HOP, 1 / SFREQ)
_LOW, _HIGH, _MID, _WHOLE = (
    slice(*np.searchsorted(_BINS, band)) for band in (LOW_BAND, HIGH_BAND, MID_BAND, WHOLE_BAND)
)
_SMOOTH = (1.0, 2.0, 3.0, 2.0, 1.0)


class Hop(NamedTuple):
    """Hold what a hop's samples say: beginning [s], mean square, speech or not, alpha [dB], mid share."""

    time: float
    power: float
    speech: bool
    alpha: float
    mid: float


class Channel:
    """Cut an unbroken stretch of one microphone into hops.

    Results depend on the samples and on where the stretch begins, not on how it is handed over.
    """

    def __init__(self, models: Models) -> None:
        self._activity, self._pitch = models.activity(), models.pitch()
        self.restart()

    def restart(self) -> None:
        """Begin a new stretch."""
        self._activity.reset()
        self._speech = False
        self._samples = np.zeros(0, np.float32)
        self._times = np.zeros(0)
        self._first = 0
        """Number of the hop at which `_hops` and `_samples` begin."""
        self._hops: list[Hop] = []
        self._stop = math.nan
        self.ended = False
        """Nothing more comes to this stretch."""

    def fits(self, time: float) -> bool:
        """Tell whether a sample at `time` follows on what there is."""
        return math.isnan(self._stop) or abs(time - self._stop) <= GAP

    @property
    def empty(self) -> bool:
        """Tell whether the stretch has not begun."""
        return math.isnan(self._stop)

    @property
    def count(self) -> int:
        """Return how many hops there were since the stretch began."""
        return self._first + len(self._hops)

    def hop(self, k: int) -> Hop:
        """Return a hop that is not yet forgotten."""
        return self._hops[k - self._first]

    def sound(self, k: int) -> Samples:
        """Return the samples of a hop that is not yet forgotten."""
        start = (k - self._first) * HOP
        return self._samples[start : start + HOP]

    def push(self, times: FloatArray, samples: Samples) -> None:
        """Take in stamps [s] and samples (full scale 1), each of shape (n,), that follow on each other."""
        if len(times) == 0:
            return
        self._stop = float(times[-1]) + 1 / SFREQ
        self._times = np.concatenate([self._times, times])
        self._samples = np.concatenate([self._samples, samples])
        while len(self._samples) - len(self._hops) * HOP >= BLOCK:
            self._block(len(self._hops) * HOP)

    def _block(self, at: int) -> None:
        block = self._samples[at : at + BLOCK]
        likely = self._activity(block)
        self._speech = likely >= (SILENCE if self._speech else SPEECH)
        for start in range(at, at + BLOCK, HOP):
            hop = self._samples[start : start + HOP].astype(np.float64)
            before = self._samples[start - HOP : start] if start else np.zeros(HOP, np.float32)
            alpha, mid = _bands(np.concatenate([before, hop]))
            power = math.fsum((hop * hop).tolist()) / HOP
            self._hops.append(Hop(float(self._times[start]), power, self._speech, alpha, mid))

    def known(self) -> int:
        """Return how many hops have all the hops around them that their level needs."""
        return self.count if self.ended else max(0, self.count - HALF + 1)

    def level(self, k: int) -> float:
        """Return the mean square of the 192 ms around the beginning of hop `k`, of what there is of them."""
        around = range(max(0, k - HALF), min(k + HALF, self.count))
        return math.fsum(self.hop(i).power for i in around) / len(around)

    def smooth(self, k: int) -> float:
        """Return the intensity of hop `k` and its neighbours [dB], 80 ms, triangular."""
        near = [(w, k + i - 2) for i, w in enumerate(_SMOOTH) if 0 <= k + i - 2 < self.count]
        power = math.fsum(w * self.hop(i).power for w, i in near) / math.fsum(w for w, _ in near)
        return 10 * math.log10(TINY + power)

    def ready(self, start: int) -> bool:
        """Tell whether the group of hops from `start` on has all that its pitch needs."""
        return self.count >= start + GROUP + AHEAD or (self.ended and self.count > start)

    def pitch(self, start: int, stop: int) -> tuple[FloatArray, FloatArray]:
        """Return F0 [Hz] and confidence of hops `start` to `stop`."""
        left = max(start - PAST, 0)
        a, b = (left - self._first) * HOP, (min(stop + AHEAD, self.count) - self._first) * HOP
        f0, confidence = self._pitch(self._samples[a:b])
        return f0[start - left : stop - left], confidence[start - left : stop - left]

    def forget(self, before: int) -> None:
        """Let go of what groups from hop `before` on do not need."""
        n = max(before - PAST - 1, 0) - self._first
        if n > 0:
            self._samples, self._times = self._samples[n * HOP :], self._times[n * HOP :]
            del self._hops[:n]
            self._first += n


def _bands(samples: FloatArray) -> tuple[float, float]:
    """Return 10·log10 of the power in 1-5 kHz over that in 50-1000 Hz [dB], and the share in 500 Hz-4 kHz."""
    spectrum = np.fft.rfft(samples * _WINDOW)
    power = spectrum.real**2 + spectrum.imag**2
    low, high, mid, whole = (float(power[band].sum()) for band in (_LOW, _HIGH, _MID, _WHOLE))
    return 10 * math.log10((high + TINY) / (low + TINY)), mid / (whole + TINY)
