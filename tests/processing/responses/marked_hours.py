"""Hours with marks that do nothing, or something known: an index at 1 Hz, who speaks, and when was marked.

What is seen (and answered) in the hour is `state`, 1 SD; the index follows it as each kind of index does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.responses.matching import Effect, effect
from processing.responses.moments import describe

N = 3000
KINDS = {"arousal": 0, "hr": 0, "scl": 0, "lnrmssd": 30}
"""Index → how far its values look ahead [s]."""
NULLS = (
    "random", "bouts", "after a crossing", "other speaks", "at the end, with trend", "reactive",
    "strongly reactive", "reactive, other speaks", "reactive, partly hidden", "excursions, half answered",
    "excursions, all answered",
)  # fmt: skip
RISE, STAY, FALL, LENGTH = 15, 60, 40.0, 240


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MarkedHour:
    """Hold an hour: the index, its speech, marks, and the true effect (mean over the 60 s after)."""

    series: FloatArray
    own: FloatArray
    other: FloatArray
    marks: IntArray
    truth: float
    beside: FloatArray | None = None


def found(hour: MarkedHour, kind: str) -> Effect:
    """Return what the product finds."""
    everywhere = np.ones(len(hour.series), np.bool_)
    beside = [] if hour.beside is None else [(hour.beside, KINDS["hr"])]
    m = describe(hour.series, hour.own, hour.other, everywhere, ahead=KINDS[kind], beside=beside)
    return effect(m, hour.marks)


def marked_hour(
    null: str, kind: str, rng: np.random.Generator, *, size: float = 0.0, n: int = 0
) -> MarkedHour:
    """Return an hour of one null, of `n` marks (8 to 30), each of which changes the state by `size` SD."""
    n = n or int(rng.integers(8, 31))
    talk = _talk(rng)
    state = _standard(_scl(rng) if kind == "scl" else _state(rng, talk))
    if kind == "hr":
        state = _standard(state + 0.7 * _wander(rng, 8.0))
    marks: IntArray | None = None
    if null.startswith("excursions"):
        state, marks = _excursions(0.7 * state, 1.0 if "all" in null else 0.5, rng)
    elif null == "at the end, with trend":
        state = _standard(state - 1.5 * np.linspace(-0.5, 0.5, N))
    bare = state
    if null.split(",")[0] in ("reactive", "strongly reactive"):
        state, marks = _react(bare, talk, null, n, size, rng.random(N))
    else:
        marks = _given(null, state, talk, n, rng) if marks is None else marks
    marks = np.unique(marks[(marks >= 70) & (marks < N - 75)])
    if size and "reactive" not in null:
        state = bare + sum((_kernel(int(t), size) for t in marks.tolist()), start=np.zeros(N))

    own, other = ((talk == who).astype(float) for who in (1, 2))
    shown = state + 0.7 * _wander(rng, 8.0) if "hidden" in null else state
    series = _index(shown, kind, rng)
    beside = _index(shown + 0.7 * _wander(rng, 8.0), "hr", rng) if kind == "lnrmssd" else None
    return MarkedHour(series=series, own=own, other=other, marks=marks, truth=size, beside=beside)


def _given(null: str, state: FloatArray, talk: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    where = np.arange(70, N - 75)
    if null == "bouts":
        first = rng.uniform(80, N - 200, max(2, n // 4))
        times = first[:, None] + 20.0 * np.arange(4) + rng.uniform(0, 8, (len(first), 4))
        return times.ravel().astype(np.int64)
    if null == "after a crossing":
        out, last = [], -999
        for up in np.flatnonzero((state[1:] > 1) & (state[:-1] <= 1)).tolist():
            if up - last > 120:
                out.append(up + 60)
                last = up
        return np.array(out, np.int64)
    if null == "other speaks":
        where = where[talk[where] == 2]
    elif null == "at the end, with trend":
        where = np.arange(N - 1000, N - 75)
    return rng.choice(where, n, replace=False)


def _react(
    bare: FloatArray, talk: IntArray, null: str, n: int, size: float, draws: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Let marks come the more often the higher the state is and the faster it rose; each changes it."""
    level, slope = (2.0, 1.0) if "strongly" in null else (1.0, 0.7)
    allowed: BoolArray = (talk == 2) if "speaks" in null else np.ones(N, np.bool_)
    allowed[:70], allowed[N - 75 :] = False, False
    rate = np.exp(level * bare + slope * (bare - np.roll(bare, 30)))
    base = 1.4 * n / float(np.sum(rate[allowed]))
    marks: list[int] = []
    state, last = bare.copy(), -999
    for t in np.flatnonzero(allowed).tolist():
        if t - last < 30 or len(marks) == n:
            continue
        hazard = base * math.exp(level * state[t - 1] + slope * (state[t - 1] - state[t - 31]))
        if draws[t] < min(hazard, 0.5):
            marks.append(t)
            last = t
            if size:
                state += _kernel(t, size)
    return state, np.array(marks, np.int64)


def _kernel(at: int, size: float) -> FloatArray:
    """Return what a mark does: a rise, a stay, a fall; mean `size` over the 60 s after."""
    k = np.arange(LENGTH, dtype=float)
    shape = np.where(k < RISE, k / RISE, np.where(k < STAY, 1.0, np.exp(-(k - STAY) / FALL)))
    out = np.zeros(N)
    out[at : at + LENGTH] = (size * shape / np.mean(shape[:60]))[: N - at]
    return out


def _excursions(state: FloatArray, share: float, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """Add excursions of one shape, of which a share is answered at about the same phase."""
    marks, t = [], np.arange(N, dtype=float)
    for start in np.arange(100, N - 250, 140):
        u = t - (begin := start + rng.uniform(0, 30))
        height, stop = 3.0 * rng.uniform(0.5, 1.6), rng.uniform(40, 60)
        fall = np.exp(-np.maximum(u - stop, 0) / 22.0)
        state = state + height * np.where(u < 0, 0.0, np.where(u < stop, np.minimum(u / 15, 1.0), fall))
        if rng.random() < share:
            marks.append(int(begin + 25 + 30.0 * rng.lognormal(0, 0.3)))
    return _standard(state), np.array(marks, np.int64)


def _index(state: FloatArray, kind: str, rng: np.random.Generator) -> FloatArray:
    """Return the index: itself, a centred mean of 10 s, or of 60 s of a noisy signal the other way."""
    if kind in ("arousal", "scl"):
        return state
    width = 11 if kind == "hr" else 61
    raw = state if kind == "hr" else 1.5 * _wander(rng, 3.0) - state
    padded = np.pad(raw, width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1.0 / width), "valid")


def _state(rng: np.random.Generator, talk: IntArray) -> FloatArray:
    slow = math.sqrt(0.85) * _wander(rng, rng.uniform(30, 100)) + math.sqrt(0.15) * _wander(rng, 600.0)
    speech = 0.4 * (_smooth((talk == 1).astype(float), 3.0) - 0.5)
    return _smooth(slow, 4.0) + speech + rng.normal(0, 0.5) * np.linspace(-0.5, 0.5, N)


def _scl(rng: np.random.Generator) -> FloatArray:
    """Return a level made of responses and drift, skewed."""
    k = np.arange(120.0)
    rate = 0.08 * np.exp(0.8 * _wander(rng, 120.0))
    pulses = (rng.random(N) < rate) * rng.lognormal(0, 0.5, N)
    x = np.convolve(pulses, np.exp(-k / 30) - np.exp(-k / 1.5))[:N]
    out: FloatArray = (
        0.8 * x / x.std() + 0.8 * _wander(rng, 600.0) + rng.normal(-0.8, 0.6) * np.linspace(-0.5, 0.5, N)
    )
    return out


def _talk(rng: np.random.Generator) -> IntArray:
    """Return who speaks each second: 0 nobody, 1 the person, 2 the other; log-normal turns."""
    out, at, who = np.zeros(N, np.int64), 0, 1
    while at < N:
        length = max(1, int(rng.lognormal(math.log(9.0 if who == 1 else 5.0), 0.9)))
        out[at : at + length] = who
        at += length + int(rng.integers(0, 4))
        who = 3 - who
    return out


def _wander(rng: np.random.Generator, tau: float) -> FloatArray:
    keep, before = math.exp(-1.0 / tau), int(6 * tau)
    out = lfilter([math.sqrt(1.0 - keep * keep)], [1.0, -keep], rng.standard_normal(N + before))
    return np.asarray(out[before:], np.float64)


def _smooth(x: FloatArray, tau: float) -> FloatArray:
    a = 1.0 - math.exp(-1.0 / tau)
    out, _ = lfilter([a], [1.0, a - 1.0], x, zi=[x[0] * (1.0 - a)])
    return np.asarray(out, np.float64)


def _standard(x: FloatArray) -> FloatArray:
    out: FloatArray = (x - x.mean()) / x.std()
    return out
