"""Where in a recording a video may belong: its loudness by the second against voice rows, at every lag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.linking.loudness import STEP, Loudness
from acquisition.linking.spoken import Spoken
from acquisition.stream import FloatArray, IntArray

PHASES = 4
"""Lags that are tried to a second."""
CHUNK = 150
"""Seconds of the video that are compared at once: 1000 ppm move them by less than a lag."""
FEWEST = 30
"""Seconds that a chunk must share with the rows."""
STEEPEST = 600.0
"""Clocks that are further apart are none [ppm]; those of cameras are within 100, by their makers."""
APART = 3.0
"""Lags nearer than this are the same place [s]."""
MOST, FEW, LONG = 24, 4, 600
"""Places that are looked at closer, of a short video and of a long one; how long that is [s]."""


@dataclass(frozen=True, slots=True)
class Place:
    """Say where a video may belong.

    Parameters
    ----------
    offset : float
        Stamp of the recording at the video's beginning [s].
    drift : float
        [ppm]
    score : float
        Log-likelihood ratio against no relation [nats].
    """

    offset: float
    drift: float
    score: float


def window_powers(loudness: FloatArray, starts: FloatArray) -> FloatArray:
    """Return the mean power of the seconds of a video that begin at `starts` [s]; nan where not all is heard.

    Parameters
    ----------
    loudness : ndarray, shape (n,)
        Power of each `STEP`; nan where there is no sound.
    starts : ndarray
        Of any shape.
    """
    known = np.isfinite(loudness)
    edges = np.arange(len(loudness) + 1) * STEP
    energy = np.concatenate([[0.0], np.cumsum(np.where(known, loudness, 0.0))]) * STEP
    heard = np.concatenate([[0.0], np.cumsum(known)]) * STEP
    whole = np.interp(starts + 1, edges, heard) - np.interp(starts, edges, heard)
    out = np.interp(starts + 1, edges, energy) - np.interp(starts, edges, energy)
    out[(whole < 0.999) | (starts < 0) | (starts + 1 > edges[-1])] = np.nan
    return np.asarray(out)


def levels(power: FloatArray) -> FloatArray:
    """Return power in dB over its quiet: what lies 30 dB under its loud moments, and less, is alike."""
    known = power[np.isfinite(power)]
    top = float(np.percentile(known, 90)) if len(known) else 0.0
    return 10 * np.log10(np.maximum(power, 1e-3 * top + 1e-15))


def search(loudness: Loudness, spoken: Spoken) -> list[Place]:
    """Return the places of a video where it agrees best with the rows, best first.

    They are at least `APART` from each other; none where it shares too little with the rows anywhere.
    """
    first = round(float(spoken.stops[0]))
    shift = float(spoken.stops[0]) - first
    rows = np.full(round(float(spoken.stops[-1])) - first + 1, np.nan)
    loudest = spoken.power / np.maximum(np.percentile(spoken.power, 90, axis=1), 1e-12)[:, None]
    rows[np.round(spoken.stops - shift).astype(int) - first] = levels(loudest.sum(axis=0))
    seconds = int(loudness.duration)
    if seconds < FEWEST or len(rows) < FEWEST:
        return []
    n_chunks = max(round(seconds / CHUNK), 1)
    edges = np.linspace(0, seconds, n_chunks + 1).astype(int)
    lags = np.arange(-seconds, len(rows))
    # score[c, l] is of chunk c with the second 0 of the video at row `lags[l]`.
    scores: NDArray[np.float32] = np.zeros((n_chunks, len(lags) * PHASES), np.float32)
    for phase in range(PHASES):
        starts = np.asarray(np.arange(seconds) + phase / PHASES, np.float64)
        heard = levels(window_powers(loudness.power, starts))
        for c in range(n_chunks):
            found = _scores(heard[edges[c] : edges[c + 1]], rows, edges[c], lags)
            # A video that begins a bit before the row: its windows begin at `phase` where the rows' do.
            place = (lags - lags[0]) * PHASES - phase
            ok = place >= 0
            scores[c, place[ok]] = found[ok]
    zero = first - 1 + shift + float(lags[0])
    most = MOST if seconds <= LONG else FEW
    best = _along_lines(scores, (edges[:-1] + edges[1:]) / 2, most)
    return [Place(zero + at / PHASES, drift, score) for drift, at, score in best]


def _scores(heard: FloatArray, rows: FloatArray, begin: int, lags: IntArray) -> FloatArray:
    """Return, for each lag, the score of a chunk that begins at second `begin`."""
    m = len(heard)
    lead = int(max(0, -(lags[0] + begin)))
    tail = int(max(0, lags[-1] + begin + m - len(rows)))
    padded = np.concatenate([np.full(lead, np.nan), rows, np.full(tail, np.nan)])
    start = int(lags[0] + begin) + lead
    part = padded[start : start + len(lags) + m - 1]
    x, xk = np.nan_to_num(part), np.isfinite(part).astype(float)
    y, yk = np.nan_to_num(heard), np.isfinite(heard).astype(float)
    n = np.correlate(xk, yk, "valid")
    sx, sy = np.correlate(x, yk, "valid"), np.correlate(xk, y, "valid")
    sxx, syy = np.correlate(x * x, yk, "valid"), np.correlate(xk, y * y, "valid")
    sxy = np.correlate(x, y, "valid")
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (n * sxy - sx * sy) / np.sqrt((n * sxx - sx**2) * (n * syy - sy**2))
    r = np.clip(np.nan_to_num(r), 0.0, 0.999)
    enough = n >= min(FEWEST, m)
    return np.where(enough, -0.5 * n * np.log(1 - r**2), 0.0)


def _along_lines(
    scores: NDArray[np.float32], middles: FloatArray, most: int
) -> list[tuple[float, int, float]]:
    """Return drift [ppm], place and score of the best lines."""
    length = scores.shape[1]
    span = float(middles[-1] - middles[0])
    finest = 1e6 / PHASES / 2 / span if span else np.inf
    drifts = np.arange(-STEEPEST, STEEPEST + 1, 50.0) if finest < STEEPEST else np.zeros(1)
    total = np.zeros((len(drifts), length), np.float32)
    for k, drift in enumerate(drifts):
        for row, middle in zip(scores, middles, strict=True):
            total[k] += np.roll(row, -round(drift * 1e-6 * middle * PHASES))
    best = total.max(axis=0)
    out = list[tuple[float, int, float]]()
    while len(out) < most and best.max() > 0:
        at = int(np.argmax(best))
        out.append((float(drifts[np.argmax(total[:, at])]), at, float(best[at])))
        best[max(at - round(APART * PHASES), 0) : at + round(APART * PHASES) + 1] = 0
    return out
