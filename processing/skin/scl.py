"""Tonic level: smoothed EDA less what the responses before still add to it.

Each response leaves a tail that halves every 6 s. Subtracting the tails, leaving out the rising flanks and
taking the 25th percentile over 10 s gives a level that responses hardly move; the median of the signal
outside responses lies 0.3 µS too high at ten responses a minute. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.eda_quality import EdaGate, EdaQualityConfig
from processing.skin.scr import ResponseFinder, Scr, ScrConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SclConfig:
    """Hold the parameters of the tonic level.

    Parameters
    ----------
    window : float
        Length of the window [s].
    half_life : float
        Half-life of a response's tail [s].
    quantile : float
        Which quantile of the remainder is the level.
    lookahead : float
        A point of the signal knows the responses that were settled so long after it [s]; later ones would
        make the level depend on more than a fixed delay.
    least : float
        Share of the window that must remain.
    """

    window: float = 10.0
    half_life: float = 6.0
    quantile: float = 0.25
    lookahead: float = 5.0
    least: float = 0.2


class Tonic:
    """Subtract the tails of responses from the smoothed signal, point by point."""

    def __init__(self, config: SclConfig) -> None:
        self._config = config
        self._points: deque[tuple[float, float]] = deque()
        self._scrs: deque[Scr] = deque()
        self._begun: deque[float] = deque()
        self._tail, self._last = 0.0, -math.inf
        self.times: FloatArray = np.empty(0)
        self.level: FloatArray = np.empty(0)

    def push(self, scrs: Sequence[Scr], times: FloatArray, eda: FloatArray, begun: FloatArray) -> None:
        """Take in responses, the smoothed signal [s], [µS], and the moments where new stretches begin [s]."""
        self._scrs.extend(scrs)
        self._points.extend(zip(times.tolist(), eda.tolist(), strict=True))
        self._begun.extend(begun.tolist())

    def settle(self, until: float) -> int:
        """Work out the points whose responses are known when all stamps below `until` have been seen.

        Returns how many there were.
        """
        times, level = [], []
        while self._points and self._points[0][0] + self._config.lookahead <= until:
            t, y = self._points.popleft()
            times.append(t)
            level.append(self._remainder(t, y))
        self.times = np.concatenate((self.times, times))
        self.level = np.concatenate((self.level, level))
        return len(times)

    def _remainder(self, t: float, y: float) -> float:
        """Return the signal less the tails at a point; nan on a rising flank."""
        if self._begun and self._begun[0] <= t:
            while self._begun and self._begun[0] <= t:
                self._begun.popleft()
            self._tail = 0.0
        else:
            self._tail *= math.exp2((self._last - t) / self._config.half_life)
        self._last = t
        while self._scrs and self._scrs[0].peak < t:
            self._scrs.popleft()
        if not self._scrs or self._scrs[0].known >= t + self._config.lookahead or self._scrs[0].onset >= t:
            return y - self._tail
        scr = self._scrs[0]
        if scr.peak <= t:
            # What the older tails lost during the rise belongs to this response too.
            lost = self._tail * (math.exp2((scr.peak - scr.onset) / self._config.half_life) - 1.0)
            self._tail += scr.amplitude + lost
        return math.nan

    def quantiles(self, starts: FloatArray) -> FloatArray:
        """Return the level in each window [start, start + window) [µS], nan where too little remains."""
        window = self._config.window
        first = np.searchsorted(self.times, starts)
        last = np.searchsorted(self.times, starts + window)
        width = int((last - first).max(initial=0))
        out = np.full(len(starts), np.nan)
        if width == 0:
            return out
        places = first[:, None] + np.arange(width)
        inside = places < last[:, None]
        values = np.where(inside, self.level[np.where(inside, places, 0)], np.nan)
        values.sort(axis=1)
        count = np.isfinite(values).sum(axis=1)
        enough = np.flatnonzero((count > 0) & (count >= self._config.least * (last - first)))
        rank = self._config.quantile * (count[enough] - 1)
        low = np.floor(rank).astype(np.int64)
        below = values[enough, low]
        above = values[enough, np.minimum(low + 1, count[enough] - 1)]
        out[enough] = below + (rank - low) * (above - below)
        return out

    def forget(self, before: float) -> None:
        """Let go of what lies before a moment [s]."""
        n = int(np.searchsorted(self.times, before))
        self.times, self.level = self.times[n:], self.level[n:]


def tonic_level(
    eda: FloatArray,
    sfreq: float,
    *,
    config: SclConfig | None = None,
    scr: ScrConfig | None = None,
    quality: EdaQualityConfig | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Estimate the tonic level, as the live estimator does, without its gate for too little valid signal.

    Parameters
    ----------
    eda : ndarray, shape (n_samples,)
        Skin conductance [µS]; nan where missing.
    sfreq : float
        Sampling rate [Hz].

    Returns
    -------
    times : ndarray, shape (n,)
        Centre of each window, every second [s since the first sample].
    level : ndarray, shape (n,)
        Skin conductance level [µS]; nan where there is none.
    """
    config, quality = config or SclConfig(), quality or EdaQualityConfig()
    stamps, eda = np.arange(len(eda)) / sfreq, np.asarray(eda, float)
    codes, gaps = EdaGate(sfreq, quality).push(stamps, eda)
    tonic = Tonic(config)
    tonic.push(*ResponseFinder(sfreq, scr or ScrConfig(), quality).push(stamps, eda, codes, gaps))
    tonic.settle(math.inf)
    half = config.window / 2
    times = np.arange(math.ceil(half), len(eda) / sfreq - half + 1e-9, 1.0)
    return times, tonic.quantiles(times - half)
