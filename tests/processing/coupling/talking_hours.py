"""Hours of two people who talk: heart rate at 4 Hz, ln skin conductance at 1 Hz, speech, and what they share.

What a kind of hour holds, its words say: "turns" (own speech raises own heart rate by 1 SD and brings
responses of the skin), "events15" (both answer 15 common events), "drift" (a shared course, correlation time
600 s), "coupled" (the client follows the therapist by 2 s with weight 0.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from acquisition.stream import FloatArray

SECONDS = 3000
FAST = 4
"""Rate of heart rate [Hz]."""
LAG = 2
"""Seconds by which a coupled client follows."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TalkingHour:
    """Hold an hour.

    Parameters
    ----------
    hr, scl : ndarray, shape (2, n)
        Therapist and client, at 4 Hz and at 1 Hz.
    speech : ndarray, shape (2, SECONDS)
        1 where the person speaks in the second that begins there.
    events : ndarray
        Moments of what both live through [s].
    """

    hr: FloatArray
    scl: FloatArray
    speech: FloatArray
    events: FloatArray


def talking_hour(kind: str, rng: np.random.Generator, weight: float = 0.3) -> TalkingHour:
    """Return an hour of a kind."""
    speech, gain, begins = _turns(rng)
    hr = np.array([_heart(rng) for _ in range(2)])
    responses = np.array([_responses(rng) for _ in range(2)])
    if "coupled" in kind:
        rest = np.sqrt(1.0 - weight**2)
        for signal, shift in ((hr, LAG * FAST), (responses, LAG)):
            led = np.concatenate([signal[0, :shift][::-1], signal[0, :-shift]])
            signal[1] = rest * signal[1] + weight * led
    scl = np.array([_standard(r) + 0.8 * _wander(rng, SECONDS, 600.0) for r in responses])
    if "turns" in kind:
        for one in range(2):
            said = np.repeat(speech[one] * gain[one], FAST)
            hr[one] += _smooth(said, 3.0 * FAST)
            heard = [b for b in begins[one] if rng.random() < 0.4]
            scl[one] += 0.5 * _impulses(SECONDS, heard, _response(), rng, 1.0)
    if "drift" in kind:
        shared = _wander(rng, SECONDS, 600.0)
        hr, scl = hr + np.repeat(shared, FAST), scl + shared
    events = np.empty(0)
    if found := re.search(r"events(\d+)", kind):
        events = np.sort(rng.uniform(60.0, SECONDS - 150.0, int(found[1])))
        t = np.arange(120 * FAST) / FAST
        beat = (t / 8.0) * np.exp(1.0 - t / 8.0)
        for one in range(2):
            hr[one] += 1.5 * _impulses(SECONDS * FAST, events * FAST, beat, rng, 2.0 * FAST * one)
            scl[one] += 1.5 * _impulses(SECONDS, events, _response(), rng, 2.0 * one)
    return TalkingHour(hr=hr, scl=scl, speech=speech, events=events)


def marked_by_hand(events: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return when events were marked: a second late, with a standard deviation of 1.5 s."""
    return events + rng.normal(1.0, 1.5, len(events))


def misheard(speech: FloatArray, rng: np.random.Generator, share: float = 0.05) -> FloatArray:
    """Return what a detector heard that is wrong in a share of the seconds."""
    wrong = rng.random(speech.shape) < share
    return np.abs(speech - wrong)


def on_fast_grid(speech: FloatArray) -> FloatArray:
    """Return rows of speech, each at the end of its second, on the grid of heart rate."""
    rows = np.concatenate([[0.0], speech])
    fast: FloatArray = np.interp(np.arange(len(speech) * FAST) / FAST, np.arange(len(rows)), rows)
    return fast


def on_slow_grid(speech: FloatArray) -> FloatArray:
    """Return rows of speech, each at the end of its second, on whole seconds."""
    return np.concatenate([[0.0], speech[:-1]])


def slopes(level: FloatArray) -> FloatArray:
    """Return the least-squares slope over 5 s, centred; nan at both ends."""
    out = np.full(len(level), np.nan)
    out[2:-2] = (2.0 * (level[4:] - level[:-4]) + level[3:-1] - level[1:-3]) / 10.0
    return out


def _turns(rng: np.random.Generator) -> tuple[FloatArray, FloatArray, list[list[int]]]:
    """Return speech of therapist and client, how loud or engaged each turn is, and when turns begin."""
    speech, gain = np.zeros((2, SECONDS)), np.zeros((2, SECONDS))
    begins: list[list[int]] = [[], []]
    at, who = 0, 1
    while at < SECONDS:
        length = max(1, int(rng.lognormal(np.log(9.0 if who else 5.0), 0.8)))
        speech[who, at : at + length] = 1.0
        gain[who, at : at + length] = rng.lognormal(-0.08, 0.4)
        begins[who].append(at)
        at += length + int(rng.integers(0, 3))
        who = 1 - who
    return speech, gain, begins


def _heart(rng: np.random.Generator) -> FloatArray:
    n = SECONDS * FAST
    rate = 0.25 + 0.03 * _wander(rng, n, 60.0 * FAST)
    depth = 1.0 + 0.3 * _wander(rng, n, 30.0 * FAST)
    breath = np.sin(2.0 * np.pi * np.cumsum(rate) / FAST + rng.uniform(0.0, 2.0 * np.pi)) * depth
    heart: FloatArray = (
        0.8 * _wander(rng, n, 10.0 * FAST) + 0.5 * _wander(rng, n, 60.0 * FAST) + 0.45 * breath
    )
    return heart


def _responses(rng: np.random.Generator) -> FloatArray:
    """Return what the skin's own responses add up to: 4 a minute, more and less often by turns."""
    rate = 0.06 * np.exp(0.5 * _wander(rng, SECONDS, 120.0) - 0.125)
    impulses = (rng.random(SECONDS) < rate) * rng.lognormal(0.0, 0.4, SECONDS)
    responses: FloatArray = np.convolve(impulses, _response())[:SECONDS]
    return responses


def _response() -> FloatArray:
    t = np.arange(120.0)
    shape = np.exp(-t / 20.0) - np.exp(-t / 1.5)
    response: FloatArray = shape / shape.max()
    return response


def _impulses(
    n: int, moments: FloatArray | list[int], shape: FloatArray, rng: np.random.Generator, late: float
) -> FloatArray:
    out = np.zeros(n)
    for moment in moments:
        at = int(moment + late)
        if at < n:
            m = min(len(shape), n - at)
            out[at : at + m] += shape[:m] * rng.lognormal(0.0, 0.3)
    return out


def _wander(rng: np.random.Generator, n: int, tau: float) -> FloatArray:
    """Return AR(1) noise of unit variance; `tau` in samples."""
    a, burn = float(np.exp(-1.0 / tau)), int(5.0 * tau)
    noise: FloatArray = lfilter([np.sqrt(1.0 - a * a)], [1.0, -a], rng.standard_normal(n + burn))[burn:]
    return noise


def _smooth(values: FloatArray, tau: float) -> FloatArray:
    a = float(np.exp(-1.0 / tau))
    smooth: FloatArray = lfilter([1.0 - a], [1.0, -a], values)
    return smooth


def _standard(values: FloatArray) -> FloatArray:
    standard: FloatArray = (values - values.mean()) / values.std()
    return standard
