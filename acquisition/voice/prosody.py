"""Prosody of one or two people at once, from their microphones: who speaks, pitch, intensity, spectral slope.

Every microphone hears both people, and Silero fires on the other's voice too. So a frame is a person's own if
their microphone got more power than the other's, after both were calibrated; pitch is followed in own frames
only. Samples are let go of within a second.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

import numpy as np

from acquisition.stream import FloatArray, Role
from acquisition.voice.channel import GAP, GROUP, TINY, Channel
from acquisition.voice.models import HOP, SFREQ, Models, Samples
from acquisition.voice.quality import Measure, VoicedRuns
from acquisition.voice.summary import CONFIDENT, Frame, Row, Summary

UNSURE = 3.0
"""Levels that differ by less do not tell who speaks [dB]."""
PATIENCE = 1.0
"""Seconds to wait for the other's microphone before it counts as silent for a frame."""
NEAR = HOP / SFREQ
"""Seconds within which two hops of different microphones are of the same moment."""


class Owner(Enum):
    """Whose a frame is, as far as one microphone tells."""

    NOBODY = 0
    SELF = 1
    PROBABLY_SELF = 2
    UNKNOWN = 3
    OTHER = 4


@dataclass(frozen=True, slots=True)
class Found:
    """Hold what became final of one person: rows and turns, and where new stretches began [s]."""

    role: Role
    rows: list[Row]
    turns: list[Row]
    begins: list[float]


@dataclass(slots=True, eq=False)
class _Person:
    """Hold one microphone and how far it is worked off.

    `levels` [dB] at `times` outlive the stretch that they are of: the other person is compared with them.
    """

    role: Role
    channel: Channel
    gain: float
    runs: VoicedRuns | None = None
    summary: Summary = field(default_factory=Summary)
    queue: list[tuple[FloatArray, Samples]] = field(default_factory=list)
    begins: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    heard: int = 0
    """First hop of the stretch whose level is not in `levels`."""
    next: int = 0
    """First hop of the stretch that is not decided."""

    def accept(self) -> bool:
        """Take the next piece of the queue, unless a stretch before it must be worked off first."""
        if not self.queue:
            return False
        times, samples = self.queue[0]
        if not self.channel.fits(float(times[0])):
            self.end()
            if self.next < self.channel.count:
                return False
            self.flush()
            self.channel.restart()
            self.next = self.heard = 0
        if self.channel.empty:
            self.begins.append(float(times[0]))
        del self.queue[0]
        self.channel.push(times, samples)
        self._listen()
        return True

    def end(self) -> None:
        """Let the stretch end here."""
        self.channel.ended = True
        self._listen()

    def _listen(self) -> None:
        for k in range(self.heard, self.channel.known()):
            self.times.append(self.channel.hop(k).time)
            self.levels.append(10 * math.log10(TINY + self.channel.level(k)) + self.gain)
        self.heard = max(self.heard, self.channel.known())

    def level_at(self, time: float) -> float:
        """Return the level nearest to a moment [dB]; nan if none is near."""
        i = bisect_left(self.times, time)
        near = [k for k in (i - 1, i) if 0 <= k < len(self.times) and abs(self.times[k] - time) <= NEAR]
        return self.levels[min(near, key=lambda k: abs(self.times[k] - time))] if near else math.nan

    def forget(self, before: float) -> None:
        """Let go of levels before a moment [s]."""
        n = bisect_left(self.times, before)
        del self.times[:n], self.levels[:n]
        self.channel.forget(min(self.next, self.heard))

    def due(self) -> float:
        """Return the time of the first frame that is not decided; inf if there is none."""
        return self.channel.hop(self.next).time if self.next < self.channel.count else math.inf

    def listen_closer(self, k: int, *, voiced: bool) -> None:
        """Take in hop `k` before it is summarised: measure the voiced stretch that it ends."""
        quality = self.runs.push(self.channel.sound(k), voiced=voiced) if self.runs else None
        if quality is not None:
            self.summary.measured(quality)

    def flush(self) -> None:
        """End what is unfinished: nothing more comes, or a gap follows."""
        quality = self.runs.end() if self.runs else None
        if quality is not None:
            self.summary.measured(quality)
        self.summary.flush()

    def take(self) -> Found:
        """Return what became final."""
        rows, turns = self.summary.take()
        begins, self.begins = self.begins, []
        return Found(self.role, rows, turns, begins)


class Prosody:
    """Turn microphones into rows.

    Parameters
    ----------
    people : sequence of Role
        Whose microphones there are; with one alone nothing tells their voice from another's.
    gains : mapping of Role to float
        What to add to each microphone's level so that both people are alike in their own [dB]; see
        `acquisition.voice.calibration`.
    measures : mapping of Role to callable, optional
        What measures voice quality, for those of whom it is asked for.
    """

    def __init__(
        self,
        people: Sequence[Role],
        models: Models,
        *,
        gains: Mapping[Role, float],
        measures: Mapping[Role, Measure] | None = None,
    ) -> None:
        runs = {role: VoicedRuns(measure) for role, measure in (measures or {}).items()}
        self._people = {
            role: _Person(role, Channel(models), gains.get(role, 0.0), runs.get(role)) for role in people
        }

    def push(self, role: Role, times: FloatArray, samples: Samples) -> None:
        """Take in samples of one microphone.

        Parameters
        ----------
        times : ndarray, shape (n,)
            Stamps [s]; a jump of more than 20 ms begins a new stretch.
        samples : ndarray, shape (n,)
            At 16 kHz, full scale 1.
        """
        breaks = np.flatnonzero(np.abs(np.diff(times) - 1 / SFREQ) > GAP) + 1
        edges = [0, *breaks.tolist(), len(times)]
        queue = self._people[role].queue
        queue += [(times[a:b], samples[a:b]) for a, b in pairwise(edges) if b > a]

    def advance(self, until: float) -> list[Found]:
        """Return what became final, a value for each person.

        Parameters
        ----------
        until : float
            All that will ever come of stamps before it has come [s]. A frame waits for the other's microphone
            `PATIENCE` longer than that.
        """
        moved = True
        while moved:
            people = list(self._people.values())
            accepted = [person.accept() for person in people]
            decided = [self._decide(person, until) for person in people]
            moved = any(accepted) or any(decided)
            self._forget()
        return [person.take() for person in self._people.values()]

    def finish(self) -> list[Found]:
        """Return the rest: nothing more comes."""
        out = self.advance(math.inf)
        for person in self._people.values():
            person.end()
        out += self.advance(math.inf)
        for person in self._people.values():
            person.flush()
        return out + [person.take() for person in self._people.values()]

    def _decide(self, person: _Person, until: float) -> bool:
        """Work off the groups of hops of which all is known; tell whether there were any."""
        moved = False
        while person.channel.ready(person.next):
            stop = min(person.next + GROUP, person.channel.count)
            states = [self._owner(person, k, until) for k in range(person.next, stop)]
            if None in states:
                break
            _summarise(person, stop, [state for state in states if state is not None])
            person.next, moved = stop, True
        return moved

    def _owner(self, person: _Person, k: int, until: float) -> Owner | None:
        """Tell whose a frame is; None while the other's level may still come."""
        hop = person.channel.hop(k)
        if not hop.speech:
            return Owner.NOBODY
        others = [p for p in self._people.values() if p is not person]
        if not others:
            return Owner.SELF
        (other,) = others
        heard = bool(other.times) and other.times[-1] >= hop.time
        if not heard and (other.queue or until < hop.time + PATIENCE):
            return None
        own = 10 * math.log10(TINY + person.channel.level(k)) + person.gain
        ratio = own - other.level_at(hop.time)
        if ratio > UNSURE:
            return Owner.SELF
        if ratio > 0.0:
            return Owner.PROBABLY_SELF
        return Owner.OTHER if ratio < -UNSURE else Owner.UNKNOWN

    def _forget(self) -> None:
        due = min(person.due() for person in self._people.values())
        for person in self._people.values():
            latest = person.times[-1] if person.times else math.inf
            person.forget(min(due, latest) - 2 * NEAR)


def _summarise(person: _Person, stop: int, owners: Sequence[Owner]) -> None:
    """Turn a group of hops whose owners are known into frames."""
    start, channel = person.next, person.channel
    own = [owner in (Owner.SELF, Owner.PROBABLY_SELF) for owner in owners]
    f0, confidence = channel.pitch(start, stop) if any(own) else (np.empty(0), np.empty(0))
    for i, owner in enumerate(owners):
        hop = channel.hop(start + i)
        voiced = own[i] and bool(confidence[i] >= CONFIDENT)
        person.listen_closer(start + i, voiced=voiced)
        person.summary.push(
            Frame(
                time=hop.time,
                power=hop.power,
                own=own[i],
                uncertain=owner in (Owner.PROBABLY_SELF, Owner.UNKNOWN),
                alpha=hop.alpha,
                mid=hop.mid,
                f0=float(f0[i]) if voiced else math.nan,
                level=channel.smooth(start + i),
            )
        )
