"""Skin conductance of two people, of one twice, and of two channels of which one leaks into the other.

Responses are differences of two exponentials on a wandering level; each person has a shape of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from acquisition.stream import PEOPLE, FloatArray
from processing.config import PipelineConfig
from processing.coupling.one_skin import OneSkin
from processing.index import IndexSample

RATE = 100
"""Rate at which skins are made [Hz]."""
TAIL = 60.0
"""A response is followed for so long [s]."""
SENSORS = (4, 10, 25, 100)
"""Rates of sensors [Hz]."""


class Sensor(NamedTuple):
    """Hold what a sensor gives: skin conductance [µS], and its rate [Hz]."""

    eda: FloatArray
    sfreq: float

    def times(self, start: float) -> FloatArray:
        """Return stamps in the middle of the samples [s]."""
        return np.asarray(start + (np.arange(len(self.eda)) + 0.5) / self.sfreq, np.float64)


Pair = tuple[Sensor, Sensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Hold how a skin answers: time constants [s], and level [µS]."""

    rise: float
    decay: float
    level: float


def shape(rng: np.random.Generator) -> Shape:
    """Draw the shape of a person's responses."""
    rise = float(np.exp(rng.uniform(np.log(0.4), np.log(1.3))))
    decay = float(np.exp(rng.uniform(np.log(1.5), np.log(8.0))))
    return Shape(rise=rise, decay=max(decay, 1.5 * rise), level=float(rng.uniform(1.0, 12.0)))


def volleys(rng: np.random.Generator, rate: float, seconds: float) -> tuple[FloatArray, FloatArray]:
    """Return when a person's nerve fires, so often a minute, and how strongly [s], [µS]."""
    waits = 1.5 + rng.exponential(60.0 / rate - 1.5, int(2.0 * rate * seconds / 60.0) + 20)
    times = 2.0 + np.cumsum(waits)
    times = times[times < seconds - 5.0]
    return times, np.clip(0.25 * np.exp(0.7 * rng.standard_normal(len(times))), 0.03, 2.0)


def skin(
    rng: np.random.Generator, times: FloatArray, sizes: FloatArray, seconds: float, own: Shape
) -> FloatArray:
    """Return the conductance of a skin that answers at these times, at `RATE` [µS]."""
    n, t = int(seconds * RATE), np.arange(int(TAIL * RATE)) / RATE
    out = np.zeros(n + len(t))
    for time, size in zip(times.tolist(), sizes.tolist(), strict=True):
        rise, decay = np.array((own.rise, own.decay)) * np.exp(0.1 * rng.standard_normal(2))
        answer = np.exp(-t / max(decay, 1.3 * rise)) - np.exp(-t / rise)
        begin = round(time * RATE)
        if 0 <= begin < n:
            out[begin : begin + len(t)] += size * answer / answer.max()
    wander = 0.0065 * np.cumsum(rng.standard_normal(int(seconds) + 2))
    return np.asarray(own.level + out[:n] + np.interp(np.arange(n) / RATE, np.arange(len(wander)), wander))


def sensed(rng: np.random.Generator, x: FloatArray, sfreq: int, noise: float, step: float = 0.0) -> Sensor:
    """Return a signal as a sensor of this rate, noise and step of the converter has it [Hz], [µS]."""
    width = RATE // sfreq
    y = x[: len(x) // width * width].reshape(-1, width).mean(axis=1)
    y = y + noise * rng.standard_normal(len(y))
    return Sensor(np.asarray(np.round(y / step) * step if step else y), float(sfreq))


def any_sensor(rng: np.random.Generator, x: FloatArray) -> Sensor:
    """Return a signal as a sensor of some kind has it."""
    step = float(rng.choice((0.0, 0.0009, 0.01)))
    return sensed(rng, x, int(rng.choice(SENSORS)), float(rng.uniform(0.001, 0.006)), step)


def one_twice(
    rng: np.random.Generator,
    seconds: float,
    *,
    latency: float,
    uneven: float = 0.05,
    unlike: float = 0.25,
    rate: float | None = None,
) -> Pair:
    """Return one person's skin under two sensors at different places.

    Parameters
    ----------
    latency, uneven : float
        By how much the second place is later, and the SD of that from response to response [s].
    unlike : float
        SD of how many times as large a response is there, as a logarithm.
    rate : float, optional
        Responses a minute.
    """
    times, sizes = volleys(rng, rate or rng.uniform(3.0, 12.0), seconds)
    own, gain = shape(rng), np.exp(rng.uniform(-0.9, 0.9))
    rise, decay = own.rise * np.exp(0.2 * rng.standard_normal()), own.decay * rng.uniform(1.0, 1.6)
    there = replace(own, rise=rise, decay=max(decay, 1.3 * rise), level=float(rng.uniform(1.0, 12.0)))
    late = times + latency + uneven * rng.standard_normal(len(times))
    other = gain * sizes * np.exp(unlike * rng.standard_normal(len(times)))
    return (
        any_sensor(rng, skin(rng, times, sizes, seconds, own)),
        any_sensor(rng, skin(rng, late, other, seconds, there)),
    )


def leaking(rng: np.random.Generator, seconds: float, share: float, back: float = 0.0) -> Pair:
    """Return two channels of an amplifier: `share` of the first is in the second, `back` in the first."""
    one, other = (
        skin(rng, *volleys(rng, rng.uniform(3.0, 10.0), seconds), seconds, shape(rng)) for _ in range(2)
    )
    sfreq, noise = int(rng.choice(SENSORS)), float(rng.uniform(0.001, 0.004))
    return sensed(rng, one + back * other, sfreq, noise), sensed(rng, other + share * one, sfreq, noise)


def strangers(rng: np.random.Generator, seconds: float) -> Pair:
    """Return two people who have nothing in common."""
    one, other = (
        any_sensor(rng, skin(rng, *volleys(rng, rng.uniform(3.0, 12.0), seconds), seconds, shape(rng)))
        for _ in range(2)
    )
    return one, other


def answering(rng: np.random.Generator, seconds: float, uneven: float, *, alike: bool = False) -> Pair:
    """Return two people who answer the same stimuli, of a strength that both feel, each in their own way.

    Parameters
    ----------
    uneven : float
        SD of a person's latency from one stimulus to the next [s].
    alike : bool
        Both answer every stimulus in one shape, and nothing else.
    """
    every = rng.uniform(6.0, 20.0)
    stimuli = np.cumsum(every * rng.uniform(0.6, 1.4, int(1.4 * seconds / every)))
    return answers(rng, seconds, stimuli[stimuli < seconds - 8.0], uneven, alike=alike)


def paced(rng: np.random.Generator, seconds: float, uneven: float) -> Pair:
    """Return two people who answer one even pace, such as that of a breathing exercise."""
    pace: FloatArray = np.arange(5.0, seconds - 8.0, rng.uniform(4.0, 12.0))
    return answers(rng, seconds, pace, uneven, alike=True, unlike=uneven)


def answers(
    rng: np.random.Generator,
    seconds: float,
    stimuli: FloatArray,
    uneven: float,
    *,
    alike: bool,
    unlike: float = 0.5,
) -> Pair:
    """Return two people who answer stimuli [s]."""
    felt, one, out = 0.3 * np.exp(0.4 * rng.standard_normal(len(stimuli))), shape(rng), list[Sensor]()
    for _ in PEOPLE:
        hit = rng.random(len(stimuli)) < (1.0 if alike else 0.9)
        times = stimuli[hit] + rng.uniform(1.2, 2.6) + uneven * rng.standard_normal(hit.sum())
        sizes = np.clip(felt[hit] * np.exp(unlike * rng.standard_normal(len(times))), 0.03, 2.0)
        if not alike:
            more = volleys(rng, 2.0, seconds)
            times, sizes = np.concatenate((times, more[0])), np.concatenate((sizes, more[1]))
        out.append(any_sensor(rng, skin(rng, times, sizes, seconds, one if alike else shape(rng))))
    return out[0], out[1]


def told_of(pair: Pair, start: float = 1000.0) -> list[IndexSample]:
    """Return what is told of two sensors, the client's first, stamped in the middle of their samples."""
    part = OneSkin(PipelineConfig())
    for role, sensor in zip(PEOPLE, pair, strict=True):
        there = np.isfinite(sensor.eda)
        part.sink(role)(sensor.times(start)[there], sensor.eda[there])
    seconds = min(len(eda) / sfreq for eda, sfreq in pair)
    ticks: FloatArray = start + np.arange(0.0, seconds, 10.0)
    return part.advance(ticks, {"skin": ticks})
