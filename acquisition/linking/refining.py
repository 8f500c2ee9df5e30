"""Offset and drift of a video to a fraction of a second, from rows of whole seconds.

A second's row says how much own speech there was between two moments. Shifted by a tenth of a second the same
second of the video holds other sound: syllables leave at one end and come in at the other. So the power of
the video is summed over the very seconds of the rows, shifted in steps of a hundredth, and compared with what
the rows let expect of both people together; the shift of best agreement is found for the whole video at once,
with a drift. How the pieces of it differ gives the error (a sandwich: Huber 1967, White 1980).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from acquisition.linking.loudness import Loudness
from acquisition.linking.searching import window_powers
from acquisition.linking.spoken import Spoken
from acquisition.stream import BoolArray, FloatArray

REACH, STEP = 0.8, 0.01
"""Shifts that are tried, to either side, and between them [s]."""
PRIOR = 200.0
"""Drift of cameras' clocks, a standard deviation [ppm]: counts where a video is too short to tell."""
FASTEST = 1000.0
"""Drift beyond which nothing is tried [ppm]."""
FEWEST, MOST = 12, 48
"""Pieces of which the error is told."""
SLOW = 20
"""Seconds to either side over which a gain control is followed."""
FULL = 0.9
"""Share of a second that speech must fill to count where only such seconds do."""
ALIKE = 0.85
"""Correlation under which the sound was reshaped by a gain control."""
LATER = 0.012
"""How much later than a person's own microphone a camera hears them: the air of 2 m, a room's echo [s]."""
ROUGH, RESHAPED = 0.012, 0.1
"""What rooms and the block of the speech detector add to the error, a standard deviation [s]; and what a gain
control adds, times the share of the variance that rows do not tell."""


@dataclass(frozen=True, slots=True)
class Line:
    """Hold when a video was taken.

    Parameters
    ----------
    offset : float
        Stamp at the video's beginning [s].
    drift : float
        [ppm]
    centre : float
        Where in the video the offset is known best [s].
    error, drift_error : float
        Standard deviations, there and of the drift [s, ppm].
    tells : float
        Degrees of freedom of these.
    agreement : float
        Correlation of what was heard and what was expected.
    seconds : int
        How many were compared.
    """

    offset: float
    drift: float
    centre: float
    error: float
    drift_error: float
    tells: float
    agreement: float
    seconds: int

    def half_width(self, video: float) -> float:
        """Return the half-width of the 95 % interval at a time of the video [s]."""
        far = (video - self.centre) * 1e-6 * self.drift_error
        shape = RESHAPED * (1 - self.agreement**2)
        return student(self.tells) * math.hypot(self.error, far, ROUGH, shape)


def student(tells: float) -> float:
    """Return the 97.5th percentile of Student's t (Cornish-Fisher, to 1 % from 4 degrees of freedom on)."""
    z = 1.959964
    return z + (z**3 + z) / (4 * tells) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * tells**2)


def refine(loudness: Loudness, spoken: Spoken, offset: float, drift: float) -> Line | None:
    """Return the line through what was found roughly; None if there is too little in common.

    Parameters
    ----------
    offset, drift : float
        Of the search [s, ppm]: within `REACH` everywhere.
    """
    filled = spoken.filled >= FULL
    line = None
    if len(spoken.people) > 1:
        line = _line(loudness, spoken, np.ones(len(filled), bool), offset, drift)
        if line is None or line.agreement >= ALIKE:
            return line
    # A gain control lifts what is between words; and of others than the one person nobody knows when they
    # spoke. Within speech neither matters.
    return _line(loudness, spoken, filled, offset, drift) or line


def resemblance(loudness: Loudness, spoken: Spoken, offset: float, drift: float) -> float:
    """Return how much speaks for a place, about, a log-likelihood ratio against no relation [nats]."""
    chosen = spoken.filled >= (FULL if len(spoken.people) == 1 else 0.0)
    compared = _compared(loudness, spoken, chosen, offset, drift)
    return evidence(compared.agreement, len(compared.times)) if compared is not None else 0.0


def evidence(agreement: float, seconds: int) -> float:
    """Return what a correlation over some seconds says for a relation [nats]."""
    r = min(max(agreement, 0.0), 0.9999)
    return -0.5 * seconds * math.log(1 - r * r)


class _Compared(NamedTuple):
    """Hold the cost of each second at each shift, where in the video these are [s], and the correlation."""

    costs: FloatArray
    times: FloatArray
    agreement: float


_SHIFTS = np.arange(-REACH, REACH + STEP / 2, STEP)


def _compared(
    loudness: Loudness, spoken: Spoken, chosen: BoolArray, offset: float, drift: float
) -> _Compared | None:
    starts = (spoken.stops - 1 - offset) / (1 + 1e-6 * drift)
    inside = chosen & (starts > REACH) & (starts < loudness.duration - 1 - REACH)
    if np.count_nonzero(inside) < FEWEST:
        return None
    begins, expected = starts[inside], spoken.power[:, inside]
    heard = window_powers(loudness.power, begins[:, None] - _SHIFTS[None, :])
    kept = np.isfinite(heard).all(axis=1)
    if np.count_nonzero(kept) < FEWEST:
        return None
    costs, agreement = disagreements(heard[kept], expected[:, kept])
    return _Compared(costs, begins[kept] + 0.5, agreement)


def _line(loudness: Loudness, spoken: Spoken, chosen: BoolArray, offset: float, drift: float) -> Line | None:
    line: Line | None = None
    for _ in range(4):
        compared = _compared(loudness, spoken, chosen, offset, drift)
        if compared is None:
            return None
        line, moved = _fit(compared.costs, compared.times, _SHIFTS, offset, drift, compared.agreement)
        offset, drift = line.offset, line.drift
        if moved < STEP / 4:
            break
    return None if line is None else replace(line, offset=line.offset + LATER)


def disagreements(heard: FloatArray, power: FloatArray) -> tuple[FloatArray, float]:
    """Return how far each second is from what was expected, at each shift; and the correlation at the best.

    Parameters
    ----------
    heard : ndarray, shape (n, n_shifts)
        Power of the video over each second, shifted.
    power : ndarray, shape (n_people, n)
        Own speech of each person.
    """
    best = heard.shape[1] // 2
    costs = np.empty(0)
    r = 0.0
    for _ in range(3):
        floor = 1e-3 * float(np.percentile(heard[:, best], 90)) + 1e-15
        gains = _gains(heard[:, best], power, floor)
        expected = 10 * np.log10(gains @ power + floor)
        found = 10 * np.log10(heard + floor)
        off = found - expected[:, None]
        weight = (expected > 10 * np.log10(2 * floor)).astype(float)
        off -= _slowly(off[:, best], weight)[:, None]
        scale = max(1.4826 * float(np.median(np.abs(off[:, best]))), 0.5)
        # Cauchy's loss: what neither row tells of, a door or a third voice, counts for little.
        costs = np.log1p((off / (2 * scale)) ** 2)
        best = int(np.argmin(costs.sum(axis=0)))
        r = float(np.corrcoef(found[:, best], expected)[0, 1])
    return costs, r


def _gains(heard: FloatArray, power: FloatArray, floor: float) -> FloatArray:
    """Return by how much the video hears each person louder than their own microphone does."""
    total = power.sum(axis=0)
    gains = np.ones(len(power))
    for k, own in enumerate(power):
        alone = (own > 0.9 * total) & (own > 0.1 * np.percentile(own, 90)) & (heard > floor)
        if np.count_nonzero(alone) >= 5:
            gains[k] = np.exp(np.median(np.log(heard[alone] / own[alone])))
    return gains


def _slowly(off: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the course of a gain: the mean difference of the seconds with speech around each."""
    places = np.arange(len(off))
    low, high = np.maximum(places - SLOW, 0), np.minimum(places + SLOW + 1, len(off))
    total, many = (np.concatenate([[0.0], np.cumsum(x)]) for x in (np.clip(off, -20, 20) * weight, weight))
    return np.asarray((total[high] - total[low]) / (many[high] - many[low] + 3.0))


def _fit(
    costs: FloatArray, times: FloatArray, shifts: FloatArray, offset: float, drift: float, agreement: float
) -> tuple[Line, float]:
    """Return the line of least cost, and how far it moved anywhere [s]."""
    seconds = len(times)
    n_pieces = int(np.clip(seconds // 60, FEWEST, MOST))
    which = np.minimum((np.arange(seconds) * n_pieces) // seconds, n_pieces - 1)
    pieces = np.array([costs[which == k].sum(axis=0) for k in range(n_pieces)])
    centre = float(times.mean())
    arm = np.array([times[which == k].mean() for k in range(n_pieces)]) - centre
    a, b = _least(pieces, arm, shifts, drift)
    spread = _spread(pieces, arm, shifts, a, b)
    new_drift = drift + 1e6 * b
    line = Line(
        # At `centre` of the video the stamp is later by `a`.
        offset=offset + centre * (1 + 1e-6 * drift) + a - centre * (1 + 1e-6 * new_drift),
        drift=new_drift,
        centre=centre,
        error=float(np.sqrt(spread[0, 0])),
        drift_error=1e6 * float(np.sqrt(spread[1, 1])),
        tells=float(n_pieces - 2),
        agreement=agreement,
        seconds=seconds,
    )
    return line, abs(a) + abs(b) * float(np.abs(arm).max())


def _spread(pieces: FloatArray, arm: FloatArray, shifts: FloatArray, a: float, b: float) -> FloatArray:
    """Return the covariance of shift and drift [s², s, 1]: how the gradients of the pieces differ."""
    n = len(pieces)
    slopes = np.gradient(pieces, STEP, axis=1)
    at = np.clip(a + b * arm, shifts[1], shifts[-2])
    gradient = np.array([np.interp(s, shifts, row) for s, row in zip(at, slopes, strict=True)])
    bends = np.gradient(np.gradient(_smooth(pieces.sum(axis=0)), STEP), STEP)
    curve = max(float(np.interp(a, shifts, bends)), 1e-9)
    design = np.stack([np.ones(n), arm])
    bread = curve / n * design @ design.T
    # The cost is no likelihood; its gradients say how much of one a piece tells.
    meat = (design * gradient**2) @ design.T
    unit = float(np.trace(np.linalg.solve(bread + 1e-9 * np.eye(2), meat))) / 2 or 1.0
    prior = np.diag([0.0, (1e6 / PRIOR) ** 2])
    inverse = np.linalg.inv(bread / unit + prior)
    return np.asarray(inverse @ (meat / unit**2 + prior) @ inverse * n / (n - 2))


def _smooth(curve: FloatArray) -> FloatArray:
    box = np.hanning(13)[1:-1]
    return np.convolve(np.pad(curve, 5, "edge"), box / box.sum(), "valid")


def _least(pieces: FloatArray, arm: FloatArray, shifts: FloatArray, drift: float) -> tuple[float, float]:
    """Return shift [s] and change of drift of least cost: a search that narrows."""
    unit = _unit(pieces)
    width = 0.5 / float(np.abs(arm).max())
    tried = np.linspace(-width, width, 41)
    tried = tried[np.abs(tried * 1e6 + drift) <= FASTEST]
    best = (np.inf, 0.0, 0.0)
    for narrower in (20, 5, 5, 5):
        for b in tried if len(tried) else np.zeros(1):
            moved = np.array([_moved(row, b * x / STEP) for x, row in zip(arm, pieces, strict=True)])
            total = _smooth(moved.sum(axis=0)) + 0.5 * unit * ((drift + 1e6 * b) / PRIOR) ** 2
            value, place = _vertex(total, shifts, int(np.argmin(total)))
            best = min(best, (value, place, float(b)))
        width /= narrower
        tried = best[2] + np.linspace(-width, width, 11)
    return best[1], best[2]


def _moved(curve: FloatArray, by: float) -> FloatArray:
    """Return a curve as it is `by` places further on, by cubics: lines would make any move dear."""
    whole = math.floor(by)
    f = by - whole
    at = np.clip(np.arange(len(curve))[:, None] + whole + np.arange(-1, 3), 0, len(curve) - 1)
    taps = (f * (-1 + f * (2 - f)), 2 + f * f * (-5 + 3 * f), f * (1 + f * (4 - 3 * f)), f * f * (f - 1))
    return np.asarray(curve[at] @ (0.5 * np.array(taps)))


def _unit(pieces: FloatArray) -> float:
    """Return the cost that counts as one unit of log-likelihood."""
    total = _smooth(pieces.sum(axis=0))
    k = int(np.clip(np.argmin(total), 1, len(total) - 2))
    slopes = np.gradient(pieces, STEP, axis=1)[:, k]
    curve = float(np.gradient(np.gradient(total, STEP), STEP)[k])
    return float(np.sum(slopes**2)) / max(curve, 1e-9) or 1.0


def _vertex(curve: FloatArray, x: FloatArray, k: int) -> tuple[float, float]:
    """Return least value and its place, by a parabola through three points."""
    if not 0 < k < len(curve) - 1:
        return float(curve[k]), float(x[k])
    low, mid, high = curve[k - 1 : k + 2]
    bend = low - 2 * mid + high
    part = 0.5 * (low - high) / bend if bend > 0 else 0.0
    return float(mid - 0.25 * (low - high) * part), float(x[k] + part * (x[1] - x[0]))
