"""Hours that are hard to infer from: what happens in a room where people react, take turns and share things.

A therapist who answers the client's state, marks in bouts, own speech that moves heart and skin, events that
both live through, days that differ, an edge that widens from session to session, coupling of any share. All
of it can be there without any effect or coupling: what is then found is found wrongly. Whatever was put in is
known (`truth_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from acquisition.simulation import truth
from acquisition.simulation.script import (
    PAST,
    REST,
    SPEECH_HR,
    TALK,
    TALK_FROM,
    Coupling,
    Course,
    Day,
    Excursion,
    Mark,
    Script,
    Turn,
    stream_rng,
)
from acquisition.stream import PEOPLE, FloatArray, Role

FULL = (4.0, 0.10, 0.5)
"""One SD of the arousal index in each channel, at least [bpm, ln µS, √(1/min)]."""
WEIGHTS = (0.4, 0.4, 0.2)
STEP = 5.0
"""How often the therapist looks [s]."""
APART = 60.0
"""Marks of one bout excepted, the next support begins so long after the last began, at the earliest [s]."""
BOUT, BOUT_STEP = 4, 20.0
"""Marks in a bout, and how far apart they begin [s]."""
HIGH = 0.8
"""Quantile of the client's state in the hour above which a therapist who reacts supports."""
LABEL_EVERY = 75.0
MARGIN = 90.0
"""Nothing happens in the last seconds [s]."""
FADE = 60.0
"""Time constant with which an effect wears off [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """Say what makes an hour hard; without anything it is an hour of talk in which nothing has an effect.

    Parameters
    ----------
    number : int
        Which session of the dyad it is.
    minutes : float
        Length of the live part.
    pushes : float
        Pushes of the client an hour; the therapist has a fourth of them.
    support : float
        Marks of int_support an hour; `reactive` 0: at random, 1: only while the client's state is high.
    bouts : float
        Share of marks that begin a bout of four.
    effect : float
        What each mark does to the client's arousal index within a minute [SD].
    speech_hr, speech_ln_scl : float
        How much own speech raises HR [bpm], the tonic level [ln µS].
    long_turns : bool
        Turns of 15 to 60 s instead of 2 to 25 s.
    common : int
        Events that push both people; `common_marked`: they are marked, as play_humor.
    day_hr, day_ln_scl : float
        SD of the day's offset [bpm], [ln µS].
    edge, widening : float
        Where the client's felt_over begins in the first session [SD], and how far it moves a session.
    share, lag : float
        Coupling over the hour: the client follows the therapist by `lag` [s], EDA by 1 s more; 0: none.
    """

    number: int = 1
    minutes: float = 38.0
    pushes: float = 16.0
    support: float = 24.0
    reactive: float = 0.9
    bouts: float = 0.1
    effect: float = 0.0
    speech_hr: float = 4.0
    speech_ln_scl: float = 0.05
    long_turns: bool = True
    common: int = 15
    common_marked: bool = True
    day_hr: float = 4.0
    day_ln_scl: float = 0.2
    edge: float = 1.5
    widening: float = 0.15
    share: float = 0.0
    lag: float = 2.0


EASY = Hard(
    reactive=0.0, bouts=0.0, speech_hr=SPEECH_HR, speech_ln_scl=0.0, long_turns=False, common=0,
    day_hr=0.0, day_ln_scl=0.0, widening=0.0,
)  # fmt: skip
"""The same hour without what is hard."""
BEGUN = Mark("session_start", "system", 0.1 - PAST)
"""The first mark of each hour."""
DEMO_MINUTES = 90.0
"""Live part of an hour that is shown: it goes on for longer than anybody watches."""
SHOWN = {
    name: replace(hard, minutes=DEMO_MINUTES, common=round(hard.common * DEMO_MINUTES / Hard().minutes))
    for name, hard in (("hard", Hard()), ("easy", EASY))
}
"""Hours that a demonstration can play instead of the shipped course, by name."""


def hard_script(seed: int, hard: Hard) -> Script:
    """Return the script of one session of a dyad.

    Parameters
    ----------
    seed : int
        Of the dyad: its people are the same in all their sessions.
    """
    own = _session_seed(seed, hard.number)
    end = 60.0 * hard.minutes
    course = Course(
        days={role: _day(seed, hard, role) for role in PEOPLE},
        excursions=tuple(sorted((*_pushes(own, hard, end), *_common(own, hard, end)), key=_start)),
        couplings=_couplings(hard, end),
        turns=turns_of(own, hard, end),
        speech_hr=hard.speech_hr,
        speech_ln_scl=hard.speech_ln_scl,
    )
    supported = _with_support(Script(own, course), hard, end)
    marks = (*structure(), *supported.marks, *_marked_events(course, hard))
    script = Script(own, replace(supported, marks=marks))
    return Script(own, replace(supported, marks=(*marks, *_labels(script, hard, end))))


def truth_of(script: Script, hard: Hard, start: float) -> dict[str, Any]:
    """Return what was put in as plain values; times are of the live part that begins at `start` [s, LSL]."""
    course = script.course
    assert course is not None
    return {
        "start_lsl": start,
        "recording_begins": -PAST,
        "seed": script.seed,
        "parameters": asdict(hard),
        "days": {str(role): asdict(day) for role, day in course.days.items()},
        "edge": hard.edge + hard.widening * (hard.number - 1),
        "speech_hr": course.speech_hr,
        "speech_ln_scl": course.speech_ln_scl,
        "excursions": [asdict(e) | {"role": str(e.role)} for e in course.excursions],
        "couplings": [asdict(c) | {"leader": str(c.leader)} for c in course.couplings],
        "marks": [asdict(m) for m in course.marks],
    }


def state(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return how far a person is from the rest of their day [SD], shape (n,): the index, not smoothed."""
    me = truth.person(script, role)
    levels = (
        truth.hr(script, role, t) - me.hr,
        truth.ln_scl(script, role, t) - float(np.log(me.scl)),
        np.sqrt(np.maximum(truth.scr_rate(script, role, t), 0.0)) - me.scr_rate**0.5,
    )
    parts = [w * x / full for w, x, full in zip(WEIGHTS, levels, FULL, strict=True)]
    return np.asarray(sum(parts), float)


def _session_seed(seed: int, number: int) -> int:
    return int(stream_rng(seed, "session", number).integers(1, 2**31))


def _day(seed: int, hard: Hard, role: Role) -> Day:
    hr, ln_scl = stream_rng(seed, "day", hard.number, role).standard_normal(2).tolist()
    return Day(person=seed, hr=hard.day_hr * hr, ln_scl=hard.day_ln_scl * ln_scl)


def _start(e: Excursion) -> float:
    return e.start


def _pushes(seed: int, hard: Hard, end: float) -> list[Excursion]:
    """Return pushes of one person alone, at random times and of all sizes."""
    out = []
    for role, rate in ((Role.CLIENT, hard.pushes), (Role.THERAPIST, hard.pushes / 4.0)):
        rng = stream_rng(seed, "pushes", role)
        for begin in np.sort(rng.uniform(30.0, end - MARGIN, rng.poisson(rate * end / 3600.0))).tolist():
            size = float(rng.uniform(0.3, 1.2))
            out.append(
                Excursion(
                    role=role,
                    start=begin,
                    stop=begin + float(rng.uniform(20, 80)),
                    hr=16.0 * size,
                    ln_scl=0.45 * size,
                    scr_rate=8.0 * size,
                    rise=15.0,
                    recovery=float(rng.uniform(16, 60)),
                )
            )
    return out


def _common(seed: int, hard: Hard, end: float) -> list[Excursion]:
    """Return events that push both people at the same moment."""
    rng = stream_rng(seed, "common")
    out = []
    for begin in np.sort(rng.uniform(30.0, end - MARGIN, hard.common)).tolist():
        size = float(rng.uniform(0.5, 1.0))
        for role in PEOPLE:
            both = {"hr": 8.0 * size, "ln_scl": 0.15 * size, "scr_rate": 10.0 * size}
            out.append(Excursion(role=role, start=begin, stop=begin + 8.0, rise=4.0, recovery=12.0, **both))
    return out


def _marked_events(course: Course, hard: Hard) -> list[Mark]:
    """Return a mark for each event that both live through."""
    if not hard.common_marked:
        return []
    starts = [e.start for e in course.excursions if e.role is Role.CLIENT]
    both = {e.start for e in course.excursions if e.role is Role.THERAPIST}.intersection(starts)
    return [Mark("play_humor", "dyad", begin) for begin in sorted(both)]


def _couplings(hard: Hard, end: float) -> tuple[Coupling, ...]:
    if hard.share <= 0.0:
        return ()
    follows = {"hr_lag": hard.lag, "eda_lag": hard.lag + 1.0, "share": hard.share, "gain": 1.0}
    return (Coupling(leader=Role.THERAPIST, start=0.0, stop=end, **follows),)


def turns_of(seed: int, hard: Hard, end: float) -> tuple[Turn, ...]:
    """Return turns that alternate from the talk baseline on, with short silences between."""
    rng, out = stream_rng(seed, "turns"), []
    at, role = TALK_FROM + 0.5, Role.CLIENT
    middles = {Role.CLIENT: 30.0, Role.THERAPIST: 18.0} if hard.long_turns else {
        Role.CLIENT: 9.0, Role.THERAPIST: 6.0,
    }  # fmt: skip
    shortest, longest = (8.0, 60.0) if hard.long_turns else (2.0, 25.0)
    while at < end:
        length = float(np.clip(rng.lognormal(np.log(middles[role]), 0.5), shortest, longest))
        out.append(Turn(role, at, at + length))
        at += length + float(rng.uniform(0.2, 1.6))
        role = truth.other(role)
    return tuple(out)


def structure() -> tuple[Mark, ...]:
    """Return the marks of every hour: its begin and both baselines."""
    return (
        BEGUN,
        Mark("baseline_rest", "tech", *REST),
        Mark("baseline_talk", "tech", *TALK),
    )


def _with_support(script: Script, hard: Hard, end: float) -> Course:
    """Let the therapist look every few seconds, and support: at random, or the more the higher the state."""
    course = script.course
    assert course is not None
    times = np.arange(40.0, end - MARGIN, STEP)
    rng = stream_rng(script.seed, "support")
    luck, bout = rng.random((2, len(times)))
    base = state(script, Role.CLIENT, times)
    added = np.zeros(len(times))
    begun, until = list[float](), -np.inf
    high = float(np.quantile(base, HIGH))
    chance = hard.support * STEP / 3600.0
    for k, t in enumerate(times.tolist()):
        reacts = (base[k] + added[k] > high) / (1.0 - HIGH)
        if t < until or luck[k] > chance * (1.0 - hard.reactive + hard.reactive * reacts):
            continue
        mine = [t + BOUT_STEP * i for i in range(BOUT if bout[k] < hard.bouts else 1)]
        begun += mine
        until = mine[-1] + APART
        for begin in mine:
            added += hard.effect * _felt(times - begin)
    later = [*begun[1:], np.inf][: len(begun)]
    marks = [
        Mark("int_support", "therapist", t, t + (10.0 if after - t < APART else 25.0))
        for t, after in zip(begun, later, strict=True)
    ]
    helped = [_effect(t, hard.effect) for t in begun] if hard.effect else []
    pushes = tuple(sorted((*course.excursions, *helped), key=_start))
    return replace(course, excursions=pushes, marks=tuple(marks))


def _felt(since: FloatArray) -> FloatArray:
    """Return how far an effect of size 1 has come so long after a mark: up within 30 s, then wearing off."""
    after, gone = np.maximum(since, 0.0), np.maximum(since - 30.0, 0.0)
    felt: FloatArray = (1.0 - np.exp(-np.minimum(after, 30.0) / 10.0)) * np.exp(-gone / FADE)
    return felt


def _effect(begin: float, size: float) -> Excursion:
    """Return what a mark does to the client: in each channel what makes `size` of the index."""
    return Excursion(
        role=Role.CLIENT, start=begin, stop=begin + 30.0, hr=size * FULL[0], ln_scl=size * FULL[1],
        scr_rate=2.0 * size, rise=10.0, recovery=FADE,
    )  # fmt: skip


def _labels(script: Script, hard: Hard, end: float) -> Sequence[Mark]:
    """Return what the client says in cued review: felt_over beyond the edge of the session, else felt_ok."""
    rng = stream_rng(script.seed, "labels")
    at = np.arange(60.0, end - MARGIN, LABEL_EVERY)
    at = at + rng.uniform(0.0, 0.6 * LABEL_EVERY, len(at))
    before = np.stack([state(script, Role.CLIENT, at - back) for back in range(10)])
    edge = hard.edge + hard.widening * (hard.number - 1)
    over = rng.random(len(at)) < 1.0 / (1.0 + np.exp(-2.5 * (before.mean(axis=0) - edge)))
    return [Mark("felt_over" if o else "felt_ok", "client", float(t)) for t, o in zip(at, over, strict=True)]
