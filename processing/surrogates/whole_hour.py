"""The coupling of one signal over the whole hour, decided as at a look, and what describes it beside that.

Beside the decision: the same with speech left in and while the talk is in one state, and how far the lag of a
segment is that of the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.coupling.common import Marked
from processing.coupling.config import SynchronyConfig
from processing.coupling.deciding import Decision, decide
from processing.coupling.peaks import pick, smoother
from processing.coupling.statement import (
    Pair,
    compared,
    leading_side,
    rule_of,
    why_too_few,
    why_untested,
)
from processing.indices import SIGNALS
from processing.surrogates.talk_states import STATES, in_state, p_in_state

AGREES = 1.0
"""Peaks of two segments agree within so many seconds."""
RATE = 2.0
"""Rate to which faster signals are averaged for what only describes [Hz]."""
LEAST_PAIRS = 8
"""Fewer neighbours with a peak give no stability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Hold how often the peaks of two segments lie within a second of each other.

    Parameters
    ----------
    share, chance : float
        Of neighbours, and of segments that are none; nan with too few peaks.
    n : int
        Neighbours that both have a peak.
    """

    share: float
    chance: float
    n: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decided:
    """Hold what the whole hour says about a signal; without a `found` for the `reason`.

    Parameters
    ----------
    z : ndarray, shape (2L + 1, n, n)
        Of segments with segments, speech taken out.
    side : int
        1 or −1 if therapist or client clearly leads, were coupling stated; else 0.
    raw_p : float
        The same p with speech left in.
    used : float
        Share of the segments of the hour that took part.
    free : tuple of ndarray
        Both signals without what goes with speech.
    states : dict
        State of the talk → the p in it, and of how many segments.
    """

    found: Decision | None
    z: FloatArray
    reason: str = ""
    side: int = 0
    raw_p: float = math.nan
    used: float = math.nan
    n_used: int = 0
    stability: Stability = Stability(share=math.nan, chance=math.nan, n=0)
    free: tuple[FloatArray, FloatArray] = (np.empty(0), np.empty(0))
    states: Mapping[str, tuple[float, int]] = field(default_factory=dict)


def whole_hour(pair: Pair, begin: float, signal: str, config: SynchronyConfig, marked: Marked) -> Decided:
    """Decide about a signal.

    Parameters
    ----------
    begin : float
        Time of the first sample [s, LSL clock].
    """
    shape, rule = config.shape(signal), rule_of(signal, config)
    segments = marked.segments(
        reach=shape.max_lag, window=shape.window, n=len(pair.x), begin=begin, sfreq=rule.sfreq
    )
    ends, inside, taken = segments.ends, segments.inside, segments.taken
    empty = np.empty((shape.n_lags, 0, 0))
    if why := why_untested(pair, ends, inside, shape):
        return Decided(found=None, z=empty, reason=why)
    x, y = pair.without_speech(taken, shape.window, sfreq=rule.sfreq, courses=rule.courses)
    z, used = compared(x, y, taken, shape)
    share = len(used) / int(inside.sum())
    if len(used) < rule.least_segments:
        why = why_too_few(pair, ends[inside], taken, shape, rule.least_segments)
        return Decided(found=None, z=empty, reason=why, used=share, n_used=len(used))
    found = decide(z)
    raw, _ = compared(pair.x, pair.y, used, shape)
    return Decided(
        found=found,
        z=z,
        side=leading_side(found, rule),
        raw_p=decide(raw).p,
        used=share,
        n_used=len(used),
        stability=stability(z, used, shape.window, shape.max_lag, rule.sfreq),
        free=(x, y),
        states=_states(pair, (x, y), begin, signal, config, marked),
    )


def _states(
    pair: Pair,
    free: tuple[FloatArray, FloatArray],
    begin: float,
    signal: str,
    config: SynchronyConfig,
    marked: Marked,
) -> dict[str, tuple[float, int]]:
    """Return the p in each state of the talk."""
    sfreq, (x, y, therapist, client) = slowed(SIGNALS[signal].sfreq, *free, pair.x_speaks, pair.y_speaks)
    window, max_lag = round(config.window * sfreq), round(config.max_lag * sfreq)
    ends = marked.segments(reach=max_lag, window=window, n=len(x), begin=begin, sfreq=sfreq).taken
    return {
        state: p_in_state(
            x, y, in_state(therapist, client, state), ends, window=window, max_lag=max_lag, sfreq=sfreq
        )
        for state in STATES
    }


def slowed(sfreq: float, *values: FloatArray) -> tuple[float, list[FloatArray]]:
    """Return a rate of at most 2 Hz, and values averaged to it; nan where one is missing."""
    by = max(round(sfreq / RATE), 1)
    return sfreq / by, [v[: len(v) // by * by].reshape(-1, by).mean(axis=1) for v in values]


def stability(z: FloatArray, ends: IntArray, window: int, max_lag: int, sfreq: float) -> Stability:
    """Return how often neighbouring segments have their peak at the same lag, within a second.

    A peak is picked as on screen (`processing.coupling.peaks`); picking alone finds one in noise, too, which
    is why the share of segments that are no neighbours stands beside.
    """
    lags = pick(np.ascontiguousarray(np.einsum("kii->ik", z)), smoother(max_lag)) / sfreq
    there = np.isfinite(lags)
    lags, ends = lags[there], ends[there]
    i, j = np.triu_indices(len(lags), 1)
    agree, beside = np.abs(lags[i] - lags[j]) <= AGREES, ends[j] - ends[i] == window
    n = int(beside.sum())
    if n < LEAST_PAIRS or beside.all():
        return Stability(share=math.nan, chance=math.nan, n=n)
    return Stability(share=float(agree[beside].mean()), chance=float(agree[~beside].mean()), n=n)
