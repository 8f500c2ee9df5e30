"""From packets to chunks: stamps on the LSL clock, gaps with their bounds, the device's own stamps beside."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import Drained
from acquisition.drivers.beats_told import BeatsTold
from acquisition.drivers.clock import DeviceClock, Stamps
from acquisition.event import Notice, NoticeKind
from acquisition.stream import COUNT, Chunk, FloatArray, Modality, StreamInfo

Outbox = deque[Drained]
TOLERANCE = 0.05
"""Share by which the period within a packet may differ before samples are missing."""
HOLD = 1.5
"""Seconds for which the first packets are kept back: one alone may be late, and its stamp is for good."""
SMOOTHING = 0.05
"""Weight of a new packet in the estimate of the sample period."""
QUIET = 2.2
"""Seconds beyond the intervals told of and the beat that goes on, after which beats count as missing."""
AHEAD = 10.0
"""Seconds by which the intervals of a packet may be longer than the time since the one before: it may have
been held up, and beats with it."""


def device_time_info(info: StreamInfo) -> StreamInfo:
    """Return the stream of raw stamps beside a stream: a row a packet, so that the mapping can be redone."""
    return replace(
        info,
        name=f"{info.name} device time",
        modality=Modality.DEVICE_TIME,
        sfreq=0.0,
        unit="ns",
        channels=("device", "arrival", COUNT),
        format="int64",
        source_id=f"{info.source_id}-time",
        metadata={},
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tell what happens to a stream."""

    info: StreamInfo
    out: Outbox

    def __call__(
        self, kind: NoticeKind, now: float, what: str, start: float = math.nan, stop: float = math.nan
    ) -> None:
        role, name = self.info.key
        self.out.append(
            Notice(time=now, kind=kind, role=role, stream=name, message=what, start=start, stop=stop)
        )


class _Packet(NamedTuple):
    samples: NDArray[Any]
    stamp: int
    arrival: float
    with_time: bool
    why: str


class PacketStream:
    """Turn the packets of one stream into chunks.

    Parameters
    ----------
    info : StreamInfo
        With its nominal rate.
    clock : DeviceClock
        Shared by the streams of a device that share its stamps.
    out : deque
        Where chunks and notices go.
    """

    def __init__(self, info: StreamInfo, clock: DeviceClock, out: Outbox) -> None:
        self.info, self.time_info = info, device_time_info(info)
        self._clock, self._out, self._tell = clock, out, _Teller(info, out)
        self._stamps = Stamps(clock)
        self._period = 1.0 / info.sfreq
        self._base: int | None = None
        self._last: int | None = None
        self._recent: deque[int] = deque(maxlen=32)
        self._resets, self._renewed = clock.resets, clock.renewed
        self._broken = False
        self._why = ""
        self._held: list[_Packet] | None = []

    @property
    def last(self) -> float:
        """Return the last stamp [s], nan before the first."""
        return self._stamps.last

    def packet(
        self, samples: NDArray[Any], stamp: int, arrival: float, *, with_time: bool = True, why: str = ""
    ) -> None:
        """Take in the samples of a packet, shape (n_samples, n_channels).

        Parameters
        ----------
        stamp : int
            Device time of the last sample [ns].
        arrival : float
            LSL clock [s].
        with_time : bool
            Whether to send the device's stamp too; once is enough where streams share their packets.
        why : str
            Why samples are missing before it, where the driver left them out itself.
        """
        if self._base is None:
            self._base = stamp
        if stamp in self._recent:
            self._tell("health", arrival, "a packet came twice; the second is left out")
            return
        self._recent.append(stamp)
        newest = self._held[-1].stamp if self._held else self._last
        if newest is not None and stamp < newest and self._clock.resets == self._resets:
            # Whatever the clock thinks of it: stamps that run backwards are a clock set anew.
            self._clock.restart()
            self._clock.resets += 1
        goes_on = newest is not None and self._follows(len(samples), stamp - newest)
        self._clock.observe((stamp - self._base) * 1e-9, arrival, goes_on=goes_on)
        packet = _Packet(samples, stamp, arrival, with_time, why)
        if self._held is None:
            self._send(packet)
            return
        self._held.append(packet)
        if arrival - self._held[0].arrival >= HOLD:
            self._let_go()

    def _follows(self, n: int, step: int) -> bool:
        """Tell whether a packet of n samples follows the one before without a gap, by their stamps [ns]."""
        return abs(step * 1e-9 / (n * self._period) - 1.0) <= TOLERANCE

    def _let_go(self) -> None:
        held, self._held = self._held or [], None
        for packet in held:
            self._send(packet)

    def _send(self, packet: _Packet) -> None:
        samples, stamp, arrival, with_time, why = packet
        before = self._stamps.last
        device, missing = self._place(len(samples), stamp)
        if self._clock.renewed != self._renewed:
            self._renewed = self._clock.renewed
            self._stamps.renew()
        times = self._stamps.give(device)
        self._explain(before, float(times[0]), missing, arrival, why)
        self._last = stamp
        self._out.append(Chunk(self.info, times, samples))
        if with_time:
            row = np.array([[stamp, round(arrival * 1e9), len(samples)]], np.int64)
            self._out.append(Chunk(self.time_info, times[-1:], row))

    def _place(self, n: int, stamp: int) -> tuple[FloatArray, int | None]:
        """Return the device times of the samples [s], and how many are missing before them; None: unknown."""
        end = (stamp - (self._base or 0)) * 1e-9
        back = np.arange(n - 1, -1, -1, dtype=np.float64)
        if self._last is None or self._clock.resets != self._resets:
            first, self._resets = self._last is None, self._clock.resets
            self._stamps.restart()
            return end - back * self._period, 0 if first else None
        span = (stamp - self._last) * 1e-9
        if self._follows(n, stamp - self._last):
            self._period += SMOOTHING * (span / n - self._period)
            return end - back * (span / n), 0
        return end - back * self._period, max(0, round(span / self._period) - n)

    def _explain(self, before: float, first: float, missing: int | None, now: float, why: str) -> None:
        if math.isnan(before) or (missing == 0 and not self._broken):
            return
        if missing is None:
            self._tell("segment", now, self._why or "the device's clock was set anew", before, first)
        count = "samples missing, how many is not known" if missing is None else f"{missing} samples missing"
        if missing != 0:
            self._tell("gap", now, f"{count}: {why}" if why else count, before, first)
        if self._broken:
            self._tell("resumed", now, f"samples again after {first - before:.1f} s", before, first)
        self._broken, self._why = False, ""

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke; told once."""
        if self._held:
            self._let_go()
        if not self._broken and not math.isnan(self.last):
            self._broken = True
            self._tell("lost", now, why, self.last)

    def restart(self, why: str) -> None:
        """Expect stamps that begin anew, such as a counter after a reconnection."""
        if self._last is None:
            return
        self._why, self._held = why, []
        self._recent.clear()
        if self._clock.resets == self._resets:
            self._clock.restart()
            self._clock.resets += 1


class BeatStream:
    """Turn intervals between beats, which come without stamps, into chunks: each stamped at its end.

    The sum of the intervals is a clock; beats that were never told of let it lag, so it is then begun anew.
    """

    def __init__(self, info: StreamInfo, out: Outbox, *, seconds: float) -> None:
        self.info, self._out, self._unit, self._tell = info, out, seconds, _Teller(info, out)
        self._clock, self._told = DeviceClock(at_events=False), BeatsTold()
        self._stamps = Stamps(self._clock, slew=0.03)
        self._sum, self._arrival = 0.0, math.nan
        self._broken = False

    @property
    def last(self) -> float:
        """Return the last stamp [s], nan before the first."""
        return self._stamps.last

    def beats(self, intervals: Sequence[float], arrival: float) -> None:
        """Take in intervals, oldest first, in the unit of the stream."""
        self.intervals(intervals, intervals, arrival)

    def intervals(
        self, values: Sequence[float] | Sequence[tuple[float, ...]], lengths: Sequence[float], arrival: float
    ) -> None:
        """Take in values to store, of all channels or more, and the lengths that the sum goes on by."""
        if not len(values):
            self._told.heard(arrival)
            return
        steps = np.asarray(lengths, np.float64) * self._unit
        quiet = arrival - self._arrival - float(steps.sum())  # with the beat that goes on, up to its length
        missed = quiet - float(steps.max()) > QUIET
        self._arrival = arrival
        ends = self._sum + np.cumsum(steps)
        self._sum = float(ends[-1])
        # Asked in any case: it takes the packet in.
        late = self._told.missing(float(ends[0]), self._sum, arrival)
        why = "beats missing, how many is not known" if late or missed else ""
        if quiet < -AHEAD:
            why = f"intervals of {steps.sum():.0f} s came within {steps.sum() + quiet:.0f} s: counted anew"
        if why:
            self._told.forget()
            self._clock.restart()
            self._stamps.restart()
        self._clock.observe(self._sum, arrival)
        before = self._stamps.last
        times = self._stamps.give(ends)
        if why and not math.isnan(before):
            self._tell("segment" if quiet < -AHEAD else "gap", arrival, why, before, float(times[0]))
        if self._broken:
            self._broken = False
            self._tell("resumed", arrival, "beats again", before, float(times[0]))
        rows = np.asarray(values, np.float32).reshape(len(times), -1)[:, : len(self.info.channels)]
        self._out.append(Chunk(self.info, times, rows))

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke; told once."""
        if not self._broken and not math.isnan(self.last):
            self._broken = True
            self._tell("lost", now, why, self.last)
