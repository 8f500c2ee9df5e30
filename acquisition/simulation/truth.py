"""The truth of the simulated dyad as functions of time: HR, tonic level, responses, breath, speech.

`t` is in seconds from the start of the live part, as in the script; every function is pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from acquisition.simulation.physiology import Wander, plateau, response, wander
from acquisition.simulation.script import SPEECH_HR as SPEECH_HR
from acquisition.simulation.script import Script, stream_rng
from acquisition.stream import FloatArray, Role

RAMP = 6.0
"""Seconds in which coupling sets in and ends."""
SPEECH_SCR_RATE = 1.5
"""How many more responses come while speaking [1/min]."""
EDA_RISE = 2.0
"""How many times more slowly than HR the tonic level rises: else its flank would be a response itself."""
RSA_LOSS = 0.45
"""By which share RSA shrinks while speaking, and in an excursion of `FULL_HR` [bpm]."""
FULL_HR = 16.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traits:
    """How one person is at rest, and their slow fluctuations.

    Parameters
    ----------
    hr : float
        [bpm]
    rsa : float
        Amplitude of the respiratory swing of RR [ms].
    breathing : float
        [Hz]
    scl : float
        [µS]
    scr_rate : float
        [1/min]
    r_height : float
        R peak [mV].
    f0 : float
        Voice [Hz].
    slow_hr, slow_ln_scl : Wander
        [bpm], [ln µS]; variance 1, `hr_sd` and `ln_scl_sd` scale them.
    """

    hr: float
    rsa: float
    breathing: float
    scl: float
    scr_rate: float
    r_height: float
    f0: float
    hr_sd: float
    ln_scl_sd: float
    slow_hr: Wander
    slow_ln_scl: Wander
    mayer: Wander
    breath: Wander
    baseline: Wander


@lru_cache(maxsize=16)
def traits(seed: int, role: Role) -> Traits:
    """Return the person a seed makes of a role; seeds differ by a few bpm and tenths of µS."""
    rng = stream_rng(seed, "traits", role)
    client = role is Role.CLIENT
    return Traits(
        hr=(75.0 if client else 65.0) + float(rng.uniform(-3, 3)),
        rsa=(36.0 if client else 42.0) + float(rng.uniform(-4, 4)),
        breathing=(0.25 if client else 0.22) + float(rng.uniform(-0.01, 0.01)),
        scl=(5.0 if client else 4.2) + float(rng.uniform(-0.5, 0.5)),
        scr_rate=4.0 if client else 3.0,
        r_height=1.1 if client else 0.9,
        f0=205.0 if client else 120.0,
        hr_sd=3.2 if client else 2.8,
        ln_scl_sd=0.05,
        slow_hr=wander(rng, sd=1.0, low=0.005, high=0.1, slope=0.3),
        slow_ln_scl=wander(rng, sd=1.0, low=0.002, high=0.03, slope=3.0),
        mayer=wander(rng, sd=7.0, low=0.085, high=0.115, slope=0.0, n_sines=6),
        breath=wander(rng, sd=0.12, low=0.005, high=0.04, slope=1.0, n_sines=8),
        baseline=wander(rng, sd=0.035, low=0.03, high=0.5, slope=1.0, n_sines=10),
    )


def person(script: Script, role: Role) -> Traits:
    """Return the person of a role in a script: on another course, themselves on that day."""
    fresh = traits(script.seed, role)
    if script.course is None:
        return fresh
    day = script.course.days[role]
    own = traits(day.person, role)
    return replace(
        fresh,
        hr=own.hr + day.hr,
        rsa=own.rsa,
        breathing=own.breathing,
        scl=own.scl * float(np.exp(day.ln_scl)),
        f0=own.f0,
    )


def other(role: Role) -> Role:
    """Return the partner."""
    return Role.THERAPIST if role is Role.CLIENT else Role.CLIENT


def coupled(script: Script, role: Role, t: FloatArray, own: Wander, theirs: Wander, lag: str) -> FloatArray:
    """Return a slow signal of variance 1: own, and while coupled partly the leader's, `lag` seconds ago.

    While coupled it is larger by the gain of the script, for both people.
    """
    gain, share, follow = np.ones(len(t)), np.zeros(len(t)), np.zeros(len(t))
    for c in script.couplings(*_bounds(t)):
        inside = plateau(t, c.start, c.stop, ramp=RAMP)
        gain += (c.gain - 1.0) * inside
        if c.leader is not role:
            share += c.share * inside
            follow += c.share * inside * theirs(t - float(getattr(c, lag)))
    # Independent parts add by their variances: this keeps the variance as it is.
    return gain * (np.sqrt(1.0 - share**2) * own(t) + follow)


def excited(script: Script, role: Role, t: FloatArray, what: str) -> FloatArray:
    """Return what the excursions add to `hr` [bpm], `ln_scl` or `scr_rate` [1/min]."""
    total = np.zeros(len(t))
    for e in script.excursions(*_bounds(t)):
        if e.role is role:
            size: float = getattr(e, what)
            starts, stops = np.array([e.start]), np.array([e.stop])
            rise = e.rise * (EDA_RISE if what == "ln_scl" else 1.0)
            total += size * response(t, starts, stops, rise=rise, fall=e.recovery)
    return total


def speaking(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return how far the body has followed own speech, 0 to 1."""
    begin, end = _bounds(t)
    spans = [(u.start, u.stop) for u in script.turns(begin - 40.0, end) if u.role is role]
    starts, stops = np.array(spans).reshape(-1, 2).T
    return np.minimum(response(t, starts, stops, rise=1.5, fall=3.0), 1.0)


def hr(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return heart rate without its respiratory and 0.1 Hz swings [bpm], shape (n,)."""
    me, you = person(script, role), person(script, other(role))
    slow = coupled(script, role, t, me.slow_hr, you.slow_hr, "hr_lag")
    rise = SPEECH_HR if script.course is None else script.course.speech_hr
    return me.hr + me.hr_sd * slow + excited(script, role, t, "hr") + rise * speaking(script, role, t)


def ln_scl(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return the natural logarithm of the tonic level, ln(SCL / 1 µS), shape (n,)."""
    me, you = person(script, role), person(script, other(role))
    slow = coupled(script, role, t, me.slow_ln_scl, you.slow_ln_scl, "eda_lag")
    level: FloatArray = float(np.log(me.scl)) + me.ln_scl_sd * slow + excited(script, role, t, "ln_scl")
    if script.course is not None and script.course.speech_ln_scl:
        level += script.course.speech_ln_scl * speaking(script, role, t)
    return level


def scr_rate(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return how often skin conductance responses are drawn [1/min], shape (n,)."""
    push = excited(script, role, t, "scr_rate") + SPEECH_SCR_RATE * speaking(script, role, t)
    return person(script, role).scr_rate + push


def breath_phase(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return the phase of breathing [cycles], shape (n,)."""
    me = person(script, role)
    return me.breathing * t + me.breath(t)


def rr(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return the interval the heart aims at [s]: HR, respiratory swing and 0.1 Hz waves."""
    me = person(script, role)
    load = speaking(script, role, t) + np.abs(excited(script, role, t, "hr")) / FULL_HR
    swing = (
        me.rsa * (1.0 - RSA_LOSS * np.minimum(load, 1.0)) * np.sin(2 * np.pi * breath_phase(script, role, t))
    )
    return 60.0 / hr(script, role, t) + 1e-3 * (swing + me.mayer(t))


def _bounds(t: FloatArray) -> tuple[float, float]:
    """Return the half-open interval that holds all of t."""
    return (float(t.min()), float(np.nextafter(t.max(), np.inf))) if len(t) else (0.0, 0.0)
