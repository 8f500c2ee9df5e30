"""The script of the simulated dyad: what happens when, known exactly and queryable by tests and reports.

All times are seconds from the start of the live part: the simulated past is −720 … 0, what lies after 0
comes in cycles of five minutes, each drawn anew from the seed. docs/simulation.md has the table.
"""

from __future__ import annotations

import uuid
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from acquisition.event import Event, Phase, Value
from acquisition.stream import Modality, Role

PAST = 720.0
"""How old the session is when the live part starts [s]."""
AGE = 3300.0
"""How old the session of a demonstration is when it is first seen [s]: its live part began long before."""
CYCLE = 300.0
"""Period of the live part [s]."""
CELL = 60.0
"""Talk is drawn in pieces of this length [s]."""
TALK_FROM = -403.0
"""Nobody speaks before [s]."""
REST = (-712.0, -408.0)
TALK = (-404.0, -284.0)
SPEECH_HR = 1.5
"""How much HR rises while speaking [bpm]."""
LONGEST_TURN = 120.0
"""No turn of talk is longer [s]."""
LONGEST_TAIL = 360.0
"""No excursion is felt longer than this after its end [s]."""


def stream_rng(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random stream of a purpose, the same on every machine and independent of all others."""
    keys = [zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names]
    return np.random.default_rng([seed, *keys])


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """A push on one person: rises with `rise`, decays with `recovery` after `stop` (time constants [s]).

    `hr` [bpm], `ln_scl` [ln µS] and `scr_rate` [1/min] say how far it would go if it never ended.
    The tonic level rises with twice `rise`.
    """

    role: Role
    start: float
    stop: float
    hr: float
    ln_scl: float
    scr_rate: float
    rise: float
    recovery: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """A stretch in which one person's slow HR and EDA are, to the `share`, the other's of some seconds ago.

    `share` is the correlation of the two slow signals at that lag once the ramps at both ends are over;
    `gain` says by how much the slow signals of both people grow meanwhile, `uneven` by how much a repeated
    skin response is earlier or later [s], and smaller or larger (a logarithm; SD): without a lag two people
    who go together do not answer alike to the tenth of a second, as two hands of one person do.
    """

    leader: Role
    start: float
    stop: float
    hr_lag: float
    eda_lag: float
    share: float
    gain: float
    uneven: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that spoils or stops the recording of one person; `modality` None means all of them."""

    kind: Literal["electrode_off", "dropout", "pause"]
    role: Role
    modality: Modality | None
    start: float
    stop: float

    def hits(self, role: Role, modality: Modality) -> bool:
        """Tell whether it concerns a stream."""
        return self.role is role and self.modality in (None, modality)


@dataclass(frozen=True, slots=True)
class Turn:
    """Someone speaks."""

    role: Role
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker of the past; `stop` None for a point."""

    code: str
    actor: str
    start: float
    stop: float | None = None
    value: Value = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Say whose day it is, and how it differs from their other days.

    Parameters
    ----------
    person : int
        Seed that the person's rest is drawn from, the same in all their sessions.
    hr, ln_scl : float
        Offset of this day [bpm], [ln µS].
    """

    person: int
    hr: float
    ln_scl: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Hold an hour of another course than the shipped one; both baselines lie where they always do.

    Parameters
    ----------
    turns : tuple of Turn
        In order, none before `TALK_FROM`.
    speech_hr, speech_ln_scl : float
        How much own speech raises HR [bpm] and the tonic level [ln µS].
    """

    days: Mapping[Role, Day]
    excursions: tuple[Excursion, ...] = ()
    couplings: tuple[Coupling, ...] = ()
    turns: tuple[Turn, ...] = ()
    marks: tuple[Mark, ...] = ()
    speech_hr: float = SPEECH_HR
    speech_ln_scl: float = 0.0


PAUSE = Fault(kind="pause", role=Role.CLIENT, modality=None, start=-276.0, stop=-256.0)
ELECTRODE_OFF = Fault(
    kind="electrode_off", role=Role.THERAPIST, modality=Modality.ECG, start=-248.0, stop=-223.0
)
DROPOUT = Fault(kind="dropout", role=Role.THERAPIST, modality=Modality.EDA, start=-216.0, stop=-201.0)
FIRST_EXCURSION = Excursion(
    role=Role.CLIENT, start=-196.0, stop=-151.0, hr=18.0, ln_scl=0.4, scr_rate=8.0, rise=15.0, recovery=16.0
)
FIRST_COUPLING = Coupling(
    leader=Role.THERAPIST, start=-120.0, stop=60.0, hr_lag=2.0, eda_lag=3.0, share=0.95, gain=1.6
)
MARKS = (
    Mark("session_start", "system", -719.9),
    Mark("baseline_rest", "tech", *REST),
    Mark("baseline_talk", "tech", *TALK),
    Mark("consent_pause", "client", PAUSE.start, PAUSE.stop),
    Mark("int_explore", "therapist", -195.0, -150.0),
    Mark("rupture_withdraw", "client", -178.0, -150.0, 3),
    Mark("suds", "client", -160.0, None, 70),
    Mark("repair_attempt", "therapist", -148.0, -128.0),
    Mark("note", "tech", -140.0, None, None, "simulated: recovery after the excursion"),
    Mark("repair_resolved", "dyad", -124.0, None, 4),
    Mark("int_support", "therapist", -120.0, -30.0),
    Mark("now_moment", "dyad", -62.0),
    Mark("suds", "client", -20.0, None, 30),
)


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that happens in the dyad of a seed: the shipped course, or another one."""

    seed: int
    course: Course | None = None

    def excursions(self, begin: float, end: float) -> list[Excursion]:
        """Return the excursions that are felt anywhere in [begin, end), their tails included."""
        if self.course is not None:
            every = list(self.course.excursions)
        else:
            cycles = _numbers(begin - LONGEST_TAIL, end)
            every = [FIRST_EXCURSION, *(_cycle(self.seed, c)[0] for c in cycles)]
        return [e for e in every if e.start < end and e.stop + LONGEST_TAIL > begin]

    def couplings(self, begin: float, end: float) -> list[Coupling]:
        """Return the coupled stretches that touch [begin, end)."""
        if self.course is not None:
            every = list(self.course.couplings)
        else:
            cycles = _numbers(begin - CYCLE, end)
            every = [FIRST_COUPLING, *(_cycle(self.seed, c)[1] for c in cycles)]
        return [c for c in every if c.start < end and c.stop > begin]

    def faults(self, kind: str | None = None) -> list[Fault]:
        """Return the faults; all of them lie in the past. Another course has none."""
        if self.course is not None:
            return []
        return [f for f in (PAUSE, ELECTRODE_OFF, DROPOUT) if kind in (None, f.kind)]

    def turns(self, begin: float, end: float) -> list[Turn]:
        """Return the turns of talk that touch [begin, end), in order."""
        if self.course is not None:
            return _touching(self.course.turns, begin, end)
        cells = range(int((begin + PAST) // CELL), int((end + PAST) // CELL) + 1)
        return [t for c in cells for t in _talk(self.seed, c) if t.start < end and t.stop > begin]

    def events(self, start: float, until: float = 0.0) -> list[Event]:
        """Return the markers on the LSL clock, in order; `start` is that of the live part.

        The shipped course has markers in the past, and in the cycles that end by `until` [s from the start],
        which nobody watches live.
        """
        marks = MARKS if self.course is None else self.course.marks
        if self.course is None:
            marks += tuple(m for c in range(int(until // CYCLE)) for m in _cycle_marks(self.seed, c))
        return sorted(
            (e for i, mark in enumerate(marks) for e in _mark_events(self.seed, i, mark, start)),
            key=lambda e: e.time,
        )


def _touching(turns: Sequence[Turn], begin: float, end: float) -> list[Turn]:
    """Return the turns that touch [begin, end): they are in order and do not overlap by much."""
    first = bisect_right(turns, begin - LONGEST_TURN, key=lambda t: t.start)
    last = bisect_right(turns, end, key=lambda t: t.start)
    return [t for t in turns[first:last] if t.start < end and t.stop > begin]


def _numbers(begin: float, end: float) -> range:
    return range(max(0, int(begin // CYCLE)), max(0, int(end // CYCLE) + 1))


@lru_cache(maxsize=32)
def _cycle(seed: int, number: int) -> tuple[Excursion, Coupling]:
    """Return what one cycle of the live part holds."""
    rng = stream_rng(seed, "cycle", number)
    begin = number * CYCLE + 85.0 + float(rng.uniform(0, 15))
    excursion = Excursion(
        role=Role.CLIENT if rng.random() < 0.75 else Role.THERAPIST,
        start=begin,
        stop=begin + float(rng.uniform(40, 60)),
        hr=float(rng.uniform(12, 18)),
        ln_scl=float(rng.uniform(0.3, 0.5)),
        scr_rate=float(rng.uniform(6, 9)),
        rise=15.0,
        recovery=float(rng.uniform(16, 28)),
    )
    begin = number * CYCLE + 200.0 + float(rng.uniform(0, 15))
    return excursion, Coupling(
        leader=Role.THERAPIST, start=begin, stop=begin + 140.0, hr_lag=2.0, eda_lag=3.0, share=0.95, gain=1.6
    )


def _cycle_marks(seed: int, number: int) -> tuple[Mark, ...]:
    """Return what is marked in a cycle: the excursion explored, rated, supported; the coupling noticed."""
    excursion, coupling = _cycle(seed, number)
    rng = stream_rng(seed, "marks", number)
    felt = int(rng.integers(5, 9)) * 10
    return (
        Mark("int_explore", "therapist", excursion.start - 8.0, excursion.stop),
        Mark("suds", "client", excursion.stop - 5.0, None, felt),
        Mark("int_support", "therapist", excursion.stop + 5.0, excursion.stop + 35.0),
        Mark("suds", "client", number * CYCLE + 195.0, None, felt - 30),
        Mark("now_moment", "dyad", coupling.start + float(rng.uniform(30.0, 60.0))),
    )


@lru_cache(maxsize=128)
def _talk(seed: int, cell: int) -> tuple[Turn, ...]:
    """Return the turns of one cell: the people alternate, with short silences between."""
    rng = stream_rng(seed, "talk", cell) if cell >= 0 else None
    begin = cell * CELL - PAST
    end = begin + CELL - 0.3
    if rng is None or end <= TALK_FROM:
        return ()
    speaking, turns = rng.random() < 0.5, []
    at = max(begin, TALK_FROM) + float(rng.uniform(0.3, 1.5))
    while at < end - 2.0:
        middle = 9.0 if speaking else 6.0
        length = float(np.clip(rng.lognormal(np.log(middle), 0.5), 2.0, 25.0))
        turns.append(Turn(Role.CLIENT if speaking else Role.THERAPIST, at, min(at + length, end)))
        at += length + float(rng.uniform(0.2, 1.6))
        speaking = not speaking
    return tuple(turns)


def _mark_events(seed: int, number: int, mark: Mark, start: float) -> list[Event]:
    phases: list[tuple[Phase, float]] = [("point", mark.start)]
    if mark.stop is not None:
        phases = [("on", mark.start), ("off", mark.stop)]
    return [
        Event(
            time=start + t,
            code=mark.code,
            phase=phase,
            actor=mark.actor,
            source="auto" if mark.actor == "system" else "key",
            value=mark.value if phase != "off" else None,
            note=mark.note,
            t_unc=1.0,
            ref=_mark_id(seed, number, "on") if phase == "off" else "",
            id=_mark_id(seed, number, phase),
        )
        for phase, t in phases
    ]


def _mark_id(seed: int, number: int, phase: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"attunement simulation {seed} {number} {phase}"))
