"""Waves that were passed over: which of them may be beats.

One wave of a shape of its own amid an even rhythm may be motion; several of one shape are none. P, T and U
waves have one shape, too, but come after every beat, at one time after it or before the next. An ectopic beat
so early that it passes for a T wave comes after some beats. Another heart, a pacemaker beside the heart, or
the person's own small beats among larger pulses of something else keep a time of their own: their distance to
the beats that are followed wanders.

All limits are ours, set on six records, with motion in them, and on the kinds of `benchmarks.looks_good`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray

NONE, FAINT, WEAK, STRONG = 0.0, 0.25, 0.5, 1.0
"""What speaks for a beat that is missing: nothing; one wave that may be a beat only where there is no rhythm;
one wave; one of several alike, or like this heart's."""
KEPT, PAST = 24, 40.0
"""Waves that are remembered, and for how long [s]."""
ALIKE = 0.95
"""Least correlation of the slopes of two waves of one shape: waves of motion are smooth, and so alike in
themselves, not in their slopes."""
SIZES = (0.6, 1.6)
"""Least and largest envelope over that of another of the same shape."""
HIGH = 0.15
"""Envelope over that of the beat before from which a wave may be a beat: P waves are lower."""
OFTEN, TWICE, COUPLED, SHARE = 3, 2, 0.03, 0.33
"""Waves of one shape that may be beats by themselves, from which each of them may be: so many, or so many as
long after their beats, to so many seconds; and their least share of all of that shape."""
CLEARLY, STANDS_OUT = 0.3, 5.0
"""Envelope over that of the beat before, and over the noise floor, of a wave that would be seen whenever it
comes."""
SOME, MOST, SEEN = 3, 0.93, 8
"""Such a wave is no T wave if it comes after so many of this heart's beats at least, but not after this share
of them; so many at least must be remembered."""
FEWEST, WANDER = 8, 0.055
"""Waves of one shape keep a time of their own if they are so many and the quartiles of their times after the
beat before, and of those before the next, lie so far apart [s]. Of waves of six records, of tall T waves and
of ectopic beats it is under 0.032 s in nine of ten, at most 0.05 s."""
HOLD = 10.0
"""Where such a wave falls upon a beat it is not seen: so long the other rhythm is taken to go on [s]."""
ODD_HEIGHT, ODD_CONTRAST, ODD_SCORE = 0.42, 3.2, -2.5
"""Envelope over that of the beat before, and over the noise floor, and evidence (log-odds) of a wave that may
be a beat where there is no rhythm. Of four kinds of fibrillation that holds for 140 of the 143 beats that
were passed over, wide ones and such as came at once, and for 11 of 11 000 other waves."""
NOBODY = -1
"""In place of the number of one of this heart's beats."""


class Wave(NamedTuple):
    """Hold a wave that was passed over: its time [s], QRS envelope [mV], shape at every shift, what speaks
    for it by itself, and whether it would be seen whenever it comes."""

    time: float
    height: float
    parts: FloatArray
    evidence: float
    clear: bool


class _Seen(NamedTuple):
    """Hold a wave that is remembered: `since` and `rest` are its distances from the beats around it [s];
    `after` is the number of the beat before it, if that is like this heart's."""

    time: float
    height: float
    since: float
    rest: float
    doubted: bool
    after: int


class PassedOver:
    """Follow the waves that were passed over."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin a new stretch, whose time begins anew."""
        self._slopes: FloatArray = np.empty((0, 0))
        self._seen: list[_Seen] = []
        self._waiting: list[Wave] = []
        self._next = self._count = 0
        self._is_own = False
        self._until = -np.inf
        self._odd = NONE

    def look(self, size: float, contrast: float, score: float) -> None:
        """Look at any wave: its envelope over that of the beat before, and over the noise floor, and what
        speaks for a beat [log-odds]."""
        if size > ODD_HEIGHT and contrast > ODD_CONTRAST and score > ODD_SCORE:
            self._odd = FAINT

    def note(self, wave: Wave) -> None:
        """Take in a wave."""
        self._waiting.append(wave)

    def doubt(self, time: float) -> None:
        """Take the wave at this time, since the last beat, for one that may be a beat."""
        self._waiting = [
            wave._replace(evidence=max(wave.evidence, WEAK)) if wave.time == time else wave
            for wave in self._waiting
        ]

    def goes_on(self, until: float) -> None:
        """Take another rhythm to go on up to a time [s]."""
        self._until = max(self._until, until)

    def beat(self, time: float, before: float, *, is_own: bool) -> float:
        """Take in a beat; return what speaks for one that is missing since the beat before it.

        Parameters
        ----------
        time, before : float
            This beat, and the one before [s].
        is_own : bool
            It is like this heart's beats.
        """
        waiting, self._waiting = self._waiting, []
        self._count += self._is_own
        found, self._odd = self._odd, NONE
        for wave in waiting:
            found = max(found, wave.evidence, self._told(wave, time, before))
        self._is_own = is_own
        return STRONG if time < self._until else found

    def _told(self, wave: Wave, time: float, before: float) -> float:
        """Return what the waves of the same shape say of one between two beats [s]."""
        alike = self._remember(wave, time, before)
        if _keeps_time(alike):
            self.goes_on(time + HOLD)
        comes_and_goes = wave.clear and self._comes_and_goes(alike)
        return STRONG if comes_and_goes or _is_doubted(alike) else NONE

    def _remember(self, wave: Wave, time: float, before: float) -> list[_Seen]:
        """Remember a wave between two beats [s]; return all of its shape, itself the last."""
        slopes = wave.parts[:, 1:] - wave.parts[:, :-1]
        slopes = slopes / (np.sqrt((slopes * slopes).sum(axis=1, keepdims=True)) + 1e-12)
        if not self._seen:
            self._slopes = np.zeros((slopes.shape[1], KEPT))
        fits = slopes.dot(self._slopes).max(axis=0).tolist()
        low, high = SIZES[0] * wave.height, SIZES[1] * wave.height
        alike = [
            seen
            for seen, fit in zip(self._seen, fits, strict=False)
            if fit > ALIKE and low < seen.height < high and seen.time > wave.time - PAST
        ]
        own = _Seen(
            wave.time,
            wave.height,
            wave.time - before,
            time - wave.time,
            wave.evidence > NONE,
            self._count if self._is_own else NOBODY,
        )
        self._seen[self._next : self._next + 1] = [own]
        self._slopes[:, self._next] = slopes[len(slopes) // 2]
        self._next = (self._next + 1) % KEPT
        return [*alike, own]

    def _comes_and_goes(self, alike: list[_Seen]) -> bool:
        """Tell whether the last of these waves came after some of this heart's beats, and not after most."""
        if alike[-1].after == NOBODY:
            return False
        beats = 1 + self._count - min(seen.after for seen in self._seen if seen.after != NOBODY)
        times = sum(1 for since in _coupled(alike) if since.after != NOBODY)
        return beats >= SEEN and SOME <= times < MOST * beats


def _coupled(alike: list[_Seen]) -> list[_Seen]:
    """Return those that came as long after their beats as the last one."""
    return [seen for seen in alike if abs(seen.since - alike[-1].since) < COUPLED]


def _is_doubted(alike: list[_Seen]) -> bool:
    """Tell whether enough of these waves may be beats by themselves."""
    doubted = sum(1 for seen in alike if seen.doubted)
    coupled = sum(1 for seen in _coupled(alike) if seen.doubted)
    return doubted >= SHARE * len(alike) and (doubted >= OFTEN or coupled >= TWICE)


def _keeps_time(alike: list[_Seen]) -> bool:
    """Tell whether the distance of these waves to the beats around them wanders."""
    if len(alike) < FEWEST:
        return False
    return min(_spread([seen.since for seen in alike]), _spread([seen.rest for seen in alike])) > WANDER


def _spread(values: list[float]) -> float:
    """Return how far the quartiles lie apart."""
    ordered = sorted(values)
    return ordered[(3 * len(ordered)) // 4] - ordered[len(ordered) // 4]
