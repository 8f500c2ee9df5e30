"""From frames to what is stored: a row a second and a row a turn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from acquisition.voice.channel import TINY
from acquisition.voice.models import HOP, SFREQ
from acquisition.voice.nuclei import NucleusFinder
from acquisition.voice.quality import Quality
from acquisition.voice.rows import SECOND

FRAME = HOP / SFREQ
"""Seconds."""
CONFIDENT = 0.5
"""Confidence from which on a frame is voiced (SwiftF0's own)."""
HANGOVER = 0.25
"""Seconds for which a person counts as speaking after their last own frame."""
PAUSE = 0.2
"""Shortest silence within a turn that counts as a pause [s]."""
TURN_END = 1.0
"""Silence that ends a turn [s]."""
SHORTEST = 0.2
"""Least own speech of a turn [s]: less is a click, a breath or the edge of the other's word."""
COVERED = 0.9
"""Share of a second that must have been heard for a row."""


class Frame(NamedTuple):
    """Hold what is known of 16 ms of one microphone.

    `own`: this person speaks; `uncertain`: someone does, and the levels do not tell who. `f0` [Hz] is nan
    unless the frame is own and voiced; `alpha` and `level` [dB]; `mid` 0-1.
    """

    time: float
    power: float
    own: bool
    uncertain: bool
    alpha: float
    mid: float
    f0: float
    level: float


class Row(NamedTuple):
    """Hold a stamp [s] and the values of `acquisition.voice.rows.ROW_CHANNELS` or `TURN_CHANNELS`."""

    time: float
    values: tuple[float, ...]


@dataclass(slots=True, eq=False)
class _Second:
    number: int
    frames: int = 0
    active: int = 0
    own: int = 0
    uncertain: int = 0
    nuclei: int = 0
    power: float = 0.0
    f0: list[float] = field(default_factory=list)
    alpha: list[float] = field(default_factory=list)
    mid: list[float] = field(default_factory=list)
    quality: list[Quality] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Turn:
    start: float
    stop: float
    own: int = 0
    pause: float = 0.0
    nuclei: int = 0
    power: float = 0.0
    f0: list[float] = field(default_factory=list)


class Summary:
    """Make the rows of one person, frame by frame."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.turns: list[Row] = []
        self._second: _Second | None = None
        self._turn: _Turn | None = None
        self._nuclei = NucleusFinder()
        self._heard = -math.inf
        """End of the last own frame [s]."""

    def push(self, frame: Frame) -> None:
        """Take in the next frame."""
        if self._turn is not None and frame.time - self._heard >= TURN_END:
            self._close_turn()
        number = math.floor(frame.time)
        if self._second is None or number != self._second.number:
            self._close_second()
            self._second = _Second(number)
        voiced = math.isfinite(frame.f0)
        nucleus = self._nuclei.push(frame.level, own=frame.own, voiced=voiced)
        if frame.own:
            self._speak(frame)
        self._count(self._second, frame, nucleus)
        if nucleus and self._turn is not None:
            self._turn.nuclei += 1

    def measured(self, quality: Quality) -> None:
        """Take in the quality of a voiced stretch whose last frame was the last one pushed."""
        if self._second is not None:
            self._second.quality.append(quality)

    def flush(self) -> None:
        """End: nothing more comes, or a gap follows."""
        self._close_second()
        self._close_turn()
        self._nuclei.restart()
        self._heard = -math.inf

    def take(self) -> tuple[list[Row], list[Row]]:
        """Return the rows and turns that were finished since the last call."""
        out = self.rows, self.turns
        self.rows, self.turns = [], []
        return out

    def _speak(self, frame: Frame) -> None:
        if self._turn is None:
            self._turn = _Turn(frame.time, frame.time)
        turn = self._turn
        silence = frame.time - turn.stop
        # Half a frame allows for the rounding of stamps.
        turn.pause += silence if silence >= PAUSE - FRAME / 2 else 0.0
        self._heard = turn.stop = frame.time + FRAME
        turn.own += 1
        turn.power += frame.power
        if math.isfinite(frame.f0):
            turn.f0.append(frame.f0)

    def _count(self, second: _Second, frame: Frame, nucleus: bool) -> None:
        second.frames += 1
        second.active += frame.own or frame.time < self._heard + HANGOVER - FRAME / 2
        second.own += frame.own
        second.uncertain += frame.uncertain
        second.nuclei += nucleus
        if frame.own:
            second.power += frame.power
        if math.isfinite(frame.f0):
            second.f0.append(frame.f0)
            second.alpha.append(frame.alpha)
            second.mid.append(frame.mid)

    def _close_second(self) -> None:
        s, self._second = self._second, None
        if s is None or s.frames * FRAME < COVERED:
            return
        low, median, high = _percentiles(s.f0, (16.0, 50.0, 84.0))
        values = (
            s.active / s.frames,
            median,
            (high - low) / 2,
            _decibels(s.power, s.own),
            _mean(s.alpha),
            len(s.f0) / s.frames,
            s.uncertain / s.frames,
            s.own / s.frames * SECOND,
            float(s.nuclei),
            _mean(s.mid),
            *_quality(s.quality),
        )
        self.rows.append(Row(s.number + 1.0, values))

    def _close_turn(self) -> None:
        t, self._turn = self._turn, None
        if t is None or t.own * FRAME < SHORTEST:
            return
        duration = t.stop - t.start
        (median,) = _percentiles(t.f0, (50.0,))
        values = (duration, duration - t.pause, t.pause, float(t.nuclei), median, _decibels(t.power, t.own))
        self.turns.append(Row(t.stop, values))


def _percentiles(values: list[float], shares: tuple[float, ...]) -> list[float]:
    return [float(p) for p in np.percentile(np.array(values), shares)] if values else [math.nan] * len(shares)


def _decibels(power: float, n: int) -> float:
    return 10 * math.log10(TINY + power / n) if n else math.nan


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _quality(runs: list[Quality]) -> list[float]:
    """Return harmonicity, jitter and shimmer of stretches, the longer ones counting more; nan without any."""
    out = []
    for values in ([r.hnr for r in runs], [r.jitter for r in runs], [r.shimmer for r in runs]):
        known = [(x, run.seconds) for x, run in zip(values, runs, strict=True) if math.isfinite(x)]
        seconds = math.fsum(w for _, w in known)
        out.append(math.fsum(x * w for x, w in known) / seconds if known else math.nan)
    return out
