"""Channels of the arousal index: from heard index samples to one value a second.

The value of second t is that of the newest window which ends at or before t; an older one than its step is
not held. So the last seconds are weighed, not the next, although the rows carry the centre of their window.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from processing.index import IndexSample
from processing.indices import INDICES

if TYPE_CHECKING:
    from processing.config import PipelineConfig


@dataclass(frozen=True, slots=True)
class Heard:
    """Say how a channel follows from heard rows.

    Parameters
    ----------
    channel : str
    half : float
        From `time`, the centre of the window, to its end [s].
    age : float
        How old the newest window may be [s].
    """

    channel: str
    half: float
    age: float


CALLED = {"hr": "heart rate", "scl": "EDA", "scr": "EDA", "f0": "voice"}
"""What channels are called where they are in doubt."""
STEPS = {"f0_shift": 2.5}
"""How many steps of its index old a channel's newest window may be, where it is not one."""


def heard_of(config: PipelineConfig) -> dict[str, Heard]:
    """Return how each index that the channels are made of is heard, with the windows of a configuration."""
    out = {}
    for channel, names in config.arousal.channels.items():
        for name in names:
            timing = INDICES[name].timing
            half, step = timing.window(config) / 2.0, timing.step(config)
            out[name] = Heard(channel, half, STEPS.get(name, 1.0) * step)
    return out


class Belief(NamedTuple):
    """Say how good what a second is made of is: the least quality (0-1), and what is said beside a value."""

    quality: float
    doubt: str


class Newest:
    """Give the newest value of an index whose window has ended."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._rows: deque[tuple[float, float, float, float, str]] = deque()
        self._end, self._value = -math.inf, math.nan
        self.belief = Belief(0.0, "")

    def push(self, sample: IndexSample) -> None:
        """Take in a row of the channel."""
        end = sample.time + self._heard.half
        row = (end, sample.available, sample.value, sample.quality, sample.reason)
        if self._rows and row[:2] < self._rows[-1][:2]:
            insort(self._rows, row, key=lambda r: r[:2])
        else:
            self._rows.append(row)

    def at(self, time: float, tick: float) -> float:
        """Return the value at a moment, from what was known at a tick; nan if there is none or it is old."""
        while self._rows and self._rows[0][0] <= time and self._rows[0][1] <= tick:
            self._end, _, self._value, quality, said = self._rows.popleft()
            self.belief = Belief(quality, said)
        return self._value if time - self._end < self._heard.age else math.nan


class Channels:
    """Give the channels of one person second by second.

    Parameters
    ----------
    names : iterable of str
        Of hr, scl, scr, f0: those that count.
    heard : mapping of str to Heard
        Index → how it is heard (`heard_of`).
    """

    def __init__(self, entity: str, names: Iterable[str], heard: Mapping[str, Heard]) -> None:
        self._entity = entity
        self._names = tuple(names)
        self._newest = {index: Newest(how) for index, how in heard.items()}
        self._indices: dict[str, list[str]] = {name: [] for name in self._names}
        for index, how in heard.items():
            self._indices.setdefault(how.channel, []).append(index)

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples; those of other people and indices are passed over."""
        for sample in samples:
            if sample.index in self._newest and sample.entity == self._entity:
                self._newest[sample.index].push(sample)

    def at(self, time: float, tick: float) -> dict[str, float]:
        """Return each channel at a second [bpm, ln µS, √(1/min), semitones]; nan where there is no value."""
        raw = {index: newest.at(time, tick) for index, newest in self._newest.items()}
        level, rate = raw["scl"], raw["scr_rate"]
        if self._is_doubted_alone("scr_rate", "scl"):
            rate = math.nan
        values = {
            "hr": raw["hr"],
            "scl": math.log(level) if level > 0.0 else math.nan,
            "scr": math.sqrt(rate) if rate >= 0.0 else math.nan,
            "f0": raw["f0_shift"] if raw["speaking"] >= 0.5 else math.nan,
        }
        return {name: values[name] for name in self._names}

    def _is_doubted_alone(self, index: str, beside: str) -> bool:
        """Tell whether an index is in doubt and another of the same signal is not: swings hide responses and
        no level, so that there is one channel less, and nothing is to be doubted of the others."""
        return self._newest[index].belief.quality == 0.0 < self._newest[beside].belief.quality

    def belief(self, channels: Iterable[str]) -> Belief:
        """Return how good the values of some channels are at the second that was asked for last."""
        least, doubts = 1.0, list[str]()
        for channel in channels:
            for index in self._indices[channel]:
                quality, said = self._newest[index].belief
                if quality < least:
                    least = quality
                if said:
                    doubts.append(f"{CALLED[channel]} in doubt: {said}")
        return Belief(least, "; ".join(dict.fromkeys(doubts)))
