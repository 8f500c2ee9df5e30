"""Where near a moment the ECG looks most like this person's own R waves."""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.correcting.signals import RawSignal

REACH = 0.12
"""How far from the given moment the R wave is sought [s]."""
BEFORE, AFTER = 0.06, 0.08
"""What of a beat the template holds [s]."""
BEATS = 25
"""Normal beats nearest in time that the template is the median of."""
LEAST = 0.5
"""A correlation below this is none: then the sharpest deflection that way is taken."""


def template(signal: RawSignal, beats: FloatArray, time: float) -> FloatArray:
    """Return the median of the ECG around the beats nearest to a moment, its mean 0 [mV].

    Parameters
    ----------
    beats : ndarray
        Normal beats, in order [s].

    Returns
    -------
    ndarray
        Empty where there are fewer than three whole ones.
    """
    if len(beats) < 3 or len(signal.times) < 2:
        return np.empty(0)
    near = np.sort(np.argsort(np.abs(beats - time), kind="stable")[:BEATS])
    grid = _grid(signal.info.sfreq)
    rows = np.array([_read(signal, beats[k] + grid) for k in near.tolist()])
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < 3:
        return np.empty(0)
    middle = np.median(rows - rows.mean(axis=1, keepdims=True), axis=0)
    return np.asarray(middle - middle.mean())


def snapped(signal: RawSignal, beats: FloatArray, time: float) -> float:
    """Return where near a moment an R wave of this person is, to a fraction of a sample; else that moment.

    Parameters
    ----------
    beats : ndarray
        Normal beats, in order [s].
    """
    wave = template(signal, beats, time)
    if not len(wave):
        return time
    step = 1.0 / signal.info.sfreq
    n = round(REACH / step)
    offsets = step * np.arange(-n, n + 1)
    grid = _grid(signal.info.sfreq)
    pieces = np.array([_read(signal, time + offset + grid) for offset in offsets.tolist()])
    whole = np.isfinite(pieces).all(axis=1)
    if not whole.any():
        return time
    likeness = _likeness(pieces, wave, whole)
    best = int(np.argmax(likeness))
    if likeness[best] < LEAST:
        return time + float(offsets[_sharpest(pieces, wave, whole)])
    return time + float(offsets[best]) + step * _rest(likeness, best)


def _grid(sfreq: float) -> FloatArray:
    return np.arange(-round(BEFORE * sfreq), round(AFTER * sfreq) + 1) / sfreq


def _read(signal: RawSignal, at: FloatArray) -> FloatArray:
    """Return the signal at moments, linear between samples; nan across a gap."""
    first, last = np.searchsorted(signal.times, (at[0], at[-1]), side="right").tolist()
    part = slice(max(first - 1, 0), last + 1)
    times, values = signal.times[part], signal.values[part]
    if len(times) < 2 or times[0] > at[0] or times[-1] < at[-1]:
        return np.full(len(at), np.nan)
    if float(np.diff(times).max()) > 2.5 / signal.info.sfreq:
        return np.full(len(at), np.nan)
    return np.interp(at, times, values)


def _likeness(pieces: FloatArray, wave: FloatArray, whole: BoolArray) -> FloatArray:
    """Return the correlation of each piece with the wave; −1 where a sample is missing or all is flat."""
    off = np.where(whole[:, None], pieces - pieces.mean(axis=1, keepdims=True), 0.0)
    norms, norm = np.sqrt((off * off).sum(axis=1)), float(np.sqrt(wave @ wave))
    return np.where(whole & (norms > 0.2 * norm), off @ wave / np.maximum(norms * norm, 1e-12), -1.0)


def _rest(likeness: FloatArray, best: int) -> float:
    """Return where between samples the correlation is highest [samples]."""
    if not 0 < best < len(likeness) - 1:
        return 0.0
    left, middle, right = likeness[best - 1 : best + 2].tolist()
    bend = left - 2.0 * middle + right
    return (
        float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0.0 and left > -1.0 < right else 0.0
    )


def _sharpest(pieces: FloatArray, wave: FloatArray, whole: BoolArray) -> int:
    """Return the offset at which the signal stands out most, the way this person's R waves do."""
    peak = int(np.argmax(np.abs(wave)))
    heights = (pieces[:, peak] - np.median(pieces, axis=1)) * np.sign(wave[peak])
    return int(np.argmax(np.where(whole, heights, -np.inf)))
