"""What an emulated Polar band measures at the arm: the pulse as light, and its intervals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from acquisition.emulated.peripheral import Signal
from acquisition.gatt import polar as pmd
from acquisition.gatt.polar import Measurement, Setting
from acquisition.gatt.polar_frame import PulseInterval
from acquisition.stream import FloatArray

OFFERED: dict[Measurement, pmd.Settings] = {
    Measurement.PPG: {Setting.RATE: (55,), Setting.RESOLUTION: (22,), Setting.CHANNELS: (4,)},
    Measurement.ACC: {Setting.RATE: (52,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,)},
    Measurement.PPI: {},
}
FIRST, EVERY = 25.0, 5.0
"""Seconds until the first pulse intervals are told of, and from then on between two times."""
LATE = 0.25
"""Seconds from a beat of the heart to its pulse at the arm."""
OFF = 3.5
"""Standard deviation of the error of a pulse's time [ms]."""
SAID = round(OFF * 2.0**0.5)
"""What the band says of each interval: it lies between two pulses [ms]."""
MOVED = 0.5
"""Share of a tap from which movement spoils an interval."""


class Pulses:
    """Tell of pulse intervals.

    Parameters
    ----------
    beat_times : callable
        [from, to] in seconds since it was switched on → times of the beats between.
    moves : callable
        Seconds since then → how much the band moves, 1 at the height of a tap.
    rng : Generator
        Of the errors of pulses.
    """

    def __init__(self, beat_times: Signal, moves: Signal, rng: np.random.Generator) -> None:
        self._beats, self._moves, self._rng = beat_times, moves, rng
        self._last: tuple[float, float] | None = None
        """The pulse before as it is, and as it was found [s]."""

    def told(self, since: float, now: float, contact: bool | None) -> list[PulseInterval]:
        """Return the intervals that ended between two moments [s since it was switched on]."""
        beats = self._beats(np.array([since, now]) - LATE) + LATE
        found = beats + 1e-3 * OFF * self._rng.standard_normal(len(beats))
        every = [self._last] if self._last is not None else []
        every += list(zip(beats.tolist(), found.tolist(), strict=True))
        self._last = every[-1] if every else None
        return [self._interval(a, b, contact) for a, b in pairwise(every)]

    def _interval(
        self, before: tuple[float, float], after: tuple[float, float], contact: bool | None
    ) -> PulseInterval:
        seconds = after[1] - before[1]
        moved = self._moves(np.arange(before[0], after[0], 0.01)).max(initial=0.0) > MOVED
        return PulseInterval(
            hr=min(round(60.0 / seconds), 255),
            interval=round(1e3 * seconds),
            error=SAID,
            blocked=bool(moved),
            contact=contact,
        )


def wave(beat_times: Signal) -> Signal:
    """Return the light that comes back, shape (n, 4): three times less with each pulse, then without any."""

    def read(t: FloatArray) -> FloatArray:
        beats = beat_times(np.array([t[0] - LATE - 1.0, t[-1]])) + LATE
        since = t[:, None] - beats
        pulse = np.where(since > 0.0, np.exp(-(((since - 0.15) / 0.1) ** 2)), 0.0).sum(axis=1)
        light = 2e5 - 3e3 * pulse
        return np.stack([light, 0.9 * light, 0.8 * light, np.full(len(t), 1e3)], axis=1)

    return read
