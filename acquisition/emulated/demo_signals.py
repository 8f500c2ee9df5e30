"""What the simulated dyad's bodies do, as signals that an emulated wearable can measure at any moment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from acquisition.emulated.peripheral import Signal
from acquisition.simulation.body import Beats
from acquisition.simulation.dyad import Block, Dyad, completed
from acquisition.simulation.script import Script
from acquisition.stream import FloatArray, Modality, Role, StreamInfo

KEPT = 4
"""Blocks of ten seconds that can still be measured."""
_UNITS = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.RESP: ""}


class Bodies:
    """Two people; devices read their signals between the samples of the simulation.

    Parameters
    ----------
    seed : int
        Which two people.
    ahead : callable
        Seconds from the start of the script's live part to when the devices were switched on.
    """

    def __init__(self, seed: int, ahead: Callable[[], float]) -> None:
        self._script, self._ahead = Script(seed), ahead
        self._infos: list[StreamInfo] = []
        self._blocks: Iterator[Block] | None = None
        self._kept: list[Block] = []

    def signal(
        self, role: Role, modality: Modality, sfreq: float, convert: Callable[[FloatArray], FloatArray]
    ) -> Signal:
        """Return a signal over seconds since the devices were switched on; all are made before `prepare`.

        Parameters
        ----------
        sfreq : float
            Rate of the simulation [Hz].
        convert : callable
            From mV, µS or breaths to what the device measures.
        """
        number = len(self._infos)
        self._infos.append(
            completed(
                StreamInfo(
                    name=f"{modality} {number}",
                    role=role,
                    modality=modality,
                    sfreq=sfreq,
                    unit=_UNITS[modality],
                    channels=(),
                )
            )
        )

        def read(since: FloatArray) -> FloatArray:
            t = since + self._ahead()
            self._reach(float(t[-1]))
            times = np.concatenate([b.streams[number][0] for b in self._kept])
            values = np.concatenate([b.streams[number][1][:, 0] for b in self._kept])
            return convert(np.interp(t, times, values.astype(np.float64)))

        return read

    def beats(self, role: Role) -> Signal:
        """Return [from, to) in seconds since the devices were switched on → times of the beats between."""

        def read(between: FloatArray) -> FloatArray:
            first, last = (between + self._ahead()).tolist()
            self._reach(last)
            rows: list[Beats] = [b.beats[role] for b in self._kept]
            times = np.concatenate([r.times for r in rows])
            return np.asarray(times[(times >= first) & (times < last)] - self._ahead())

        return read

    def prepare(self) -> None:
        """Simulate up to the live part; takes seconds, so it is done before any device is switched on."""
        self._reach(20.0)

    def _reach(self, t: float) -> None:
        if self._blocks is None:
            self._blocks = Dyad(self._script, tuple(self._infos)).blocks()
        # One block more than is asked for: readings lie between samples, and beats of a block may come late.
        while not self._kept or self._kept[-1].end < t + 1.0:
            self._kept = [*self._kept[1 - KEPT :], next(self._blocks)]


@dataclass(frozen=True, slots=True)
class Body:
    """One of the two people, as a device on that person measures them; tapped every `period` seconds."""

    bodies: Bodies
    role: Role
    period: float = math.inf

    def signal(
        self, modality: Modality, sfreq: float, convert: Callable[[FloatArray], FloatArray], *, tap: float
    ) -> Signal:
        """Return a signal as `Bodies.signal` does; a tap throws it off by `tap`."""
        return self.tapped(self.bodies.signal(self.role, modality, sfreq, convert), tap)

    def beats(self) -> Signal:
        """Return [from, to) in seconds since the device was switched on → times of the beats between."""
        return self.bodies.beats(self.role)

    def tapped(self, signal: Signal, tap: float) -> Signal:
        """Return a signal that a tap throws off by `tap`, for a twentieth of a second."""

        def read(t: FloatArray) -> FloatArray:
            values = signal(t)
            bump = tap * np.exp(-(((t % self.period) / 0.03) ** 2)) * (t >= self.period)
            return values + (bump if values.ndim == 1 else bump[:, None])

        return signal if self.period == math.inf else read


def microvolts(mv: FloatArray) -> FloatArray:
    """Return an ECG as most sensors send it."""
    return np.asarray(1e3 * mv)
