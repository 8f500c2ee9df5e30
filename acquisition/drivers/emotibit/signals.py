"""Lines of an EmotiBit → chunks: its clock by the round trips it asks for, its samples between its stamps."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from acquisition.drivers.ble_stream import HOLD, Outbox, device_time_info
from acquisition.drivers.clock import Stamps
from acquisition.drivers.emotibit.clock import RoundTripClock
from acquisition.drivers.emotibit.order import Order
from acquisition.event import Notice, NoticeKind
from acquisition.gatt.emotibit import (
    CLIPPED,
    LOCAL_TIME,
    OVERFLOWED,
    REQUEST,
    WRAP_MS,
    Line,
    flagged,
    sample_times,
)
from acquisition.stream import Chunk, StreamInfo

MISSING = 0.6
"""Sample periods beyond a packet's own by which its stamp must be late before samples are missing."""
LONGEST = 2.0
"""Seconds of a round trip that says nothing any more."""
KEPT = 8
"""Requests whose answers are waited for."""
REPORT = 10.0
"""Seconds between two words on losses."""


class DeviceMs:
    """The device's milliseconds without laps; a step back is a device that was started anew."""

    def __init__(self) -> None:
        self._last: int | None = None
        self.restarts = 0

    def full(self, ms: int) -> int:
        """Return milliseconds that go on after 2**32."""
        if self._last is None:
            self._last = ms
            return ms
        step = (ms - self._last + WRAP_MS // 2) % WRAP_MS - WRAP_MS // 2
        if step < -5000:
            self.restarts += 1
            self._last = ms
            return ms
        if step > 0:
            self._last += step
            return self._last
        return self._last + step


class Channel:
    """One stream of one or several tags, whose values come in packets of their own."""

    def __init__(self, info: StreamInfo, tags: tuple[str, ...], clock: RoundTripClock, out: Outbox) -> None:
        self.info, self.time_info, self.tags = info, device_time_info(info), tags
        self._clock, self._out, self._stamps = clock, out, Stamps(clock)
        self._parts: dict[tuple[int, int], dict[str, list[float]]] = {}
        self._before: float | None = None
        self._broken, self._why, self._restarts = False, "", 0
        self.samples = 0

    @property
    def last(self) -> float:
        """Return the last stamp [s], nan before the first."""
        return self._stamps.last

    def take(self, tag: str, ms: int, values: list[float], arrival: float) -> None:
        """Take the values of a tag, whose last one was taken at `ms`; those of all tags belong together."""
        if not values:
            return
        part = self._parts.setdefault((ms, len(values)), {})
        part[tag] = values
        if len(part) < len(self.tags):
            for key in list(self._parts)[:-4]:
                del self._parts[key]  # one of its tags was lost
            return
        rows = np.array([part[t] for t in self.tags], np.float32).T
        del self._parts[ms, len(values)]
        self._samples(rows, ms, arrival)

    def _samples(self, rows: np.ndarray, ms: int, arrival: float) -> None:
        n, before, last = len(rows), self._before, self._stamps.last
        missing: int | None = 0
        if self._restarts != self._clock.resets:
            self._restarts, missing = self._clock.resets, None if before is not None else 0
            self._stamps.restart()
            before = None
        elif before is not None:
            beyond = (ms - before) * 1e-3 * self.info.sfreq - n
            if beyond > MISSING:
                missing, before = round(beyond), None
            elif ms <= before:
                return  # told twice under other numbers
        times = self._stamps.give(np.array(sample_times(ms, n, before, self.info.sfreq)) * 1e-3)
        self._before = float(ms)
        self._explain(last, float(times[0]), missing, arrival)
        self._out.append(Chunk(self.info, times, rows))
        row = np.array([[ms * 1_000_000, round(arrival * 1e9), n]], np.int64)
        self._out.append(Chunk(self.time_info, times[-1:], row))
        self.samples += n

    def _explain(self, before: float, first: float, missing: int | None, now: float) -> None:
        if math.isnan(before) or (missing == 0 and not self._broken):
            return
        if missing is None:
            self._tell("segment", now, "it was started anew", before, first)
        if missing != 0:
            n = "samples missing, how many is not known" if missing is None else f"{missing} samples missing"
            self._tell("gap", now, n, before, first)
        if self._broken:
            self._tell("resumed", now, f"samples again after {first - before:.1f} s", before, first)
        self._broken = False

    def _tell(self, kind: NoticeKind, now: float, what: str, start: float, stop: float = math.nan) -> None:
        role, name = self.info.key
        self._out.append(
            Notice(time=now, kind=kind, role=role, stream=name, message=what, start=start, stop=stop)
        )

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke; told once."""
        if not self._broken and not math.isnan(self.last):
            self._broken = True
            self._tell("lost", now, why, self.last)


class Signals:
    """All that comes from one device.

    Parameters
    ----------
    channels : list of Channel
        Fed by the tags they name; they share `clock`.
    told : callable
        Told what is to be told of the device.
    """

    def __init__(self, channels: list[Channel], clock: RoundTripClock, told: Callable[[str], None]) -> None:
        self.channels, self._clock, self._told = channels, clock, told
        self.order, self._ms = Order(), DeviceMs()
        self._base: int | None = None
        self._asked: dict[str, tuple[int, float]] = {}
        self.battery = math.nan
        self.best = math.inf
        """Shortest round trip [s]."""
        self.round_trips = 0
        self._flagged: dict[tuple[str, str], int] = {}
        self._told_at = -math.inf
        self._said: tuple[int, int] = (0, 0)
        self.damaged = 0
        self._held: list[tuple[Channel, str, int, list[float], float]] | None = []

    def feed(self, lines: list[Line], now: float) -> None:
        """Take the lines of a datagram, and its arrival [s, LSL clock]."""
        for line, arrival in self.order.feed(lines, now):
            self._line(line, arrival)
        self._report(now)

    def look(self, now: float) -> None:
        """Take what is waited for no longer."""
        self.feed([], now)

    def answered(self, request: Line, text: str, now: float) -> None:
        """Note that a request for the time was answered with `text` at `now` [s, LSL clock]."""
        self._asked[text] = (request.ms, now)
        for old in list(self._asked)[:-KEPT]:
            del self._asked[old]

    def _line(self, line: Line, arrival: float) -> None:
        restarts = self._ms.restarts
        ms = self._ms.full(line.ms)
        if self._ms.restarts > restarts:
            self._clock.restart()
            self._clock.resets += 1
            self._asked.clear()
        if line.tag in (LOCAL_TIME, REQUEST):
            self._sync(line, ms, arrival)
            return
        if line.tag in (CLIPPED, OVERFLOWED):
            for tag, n in flagged(line).items():
                self._flagged[line.tag, tag] = self._flagged.get((line.tag, tag), 0) + n
            return
        if line.tag == "B%" and line.payload:
            self.battery = line.values()[-1]
        for channel in self.channels:
            if line.tag in channel.tags:
                self._clock.observe(ms * 1e-3, arrival)
                self._take(channel, line, ms, arrival)

    def _take(self, channel: Channel, line: Line, ms: int, arrival: float) -> None:
        """Hand values on; the first are kept back until the clock is known."""
        if self._held is None:
            channel.take(line.tag, ms, line.values(), arrival)
            return
        self._held.append((channel, line.tag, ms, line.values(), arrival))
        if self.round_trips or arrival - self._held[0][-1] >= HOLD:
            held, self._held = self._held, None
            for to, tag, at, values, came in held:
                to.take(tag, at, values, came)

    def _sync(self, line: Line, ms: int, arrival: float) -> None:
        """Take a moment of both clocks: half-way between what the device asked and when it had the answer."""
        if line.tag == REQUEST:
            self._clock.observe(ms * 1e-3, arrival)
            return
        asked = self._asked.pop(line.payload[0], None) if line.payload else None
        if asked is None:
            return
        request_ms, sent = asked
        trip = ((line.ms - request_ms) % WRAP_MS) * 1e-3
        if trip > LONGEST:
            return
        self.best = min(self.best, trip)
        self.round_trips += 1
        self._clock.point(ms * 1e-3, sent + trip / 2.0, trip)

    @property
    def starts(self) -> int:
        """Return how often it was started anew since it was first heard."""
        return self._ms.restarts

    def restart(self) -> None:
        """Expect a device that may have counted on, or anew."""
        self.order.restart()

    def lost(self, now: float, why: str) -> None:
        """Note in each stream that the connection broke."""
        for channel in self.channels:
            channel.lost(now, why)

    def _report(self, now: float) -> None:
        """Tell of packets that never came, and of values that were clipped or overflowed, now and then."""
        if now - self._told_at < REPORT:
            return
        lost, late = self.order.lost, self.order.late
        news = []
        if (lost, late) != self._said:
            self._said = (lost, late)
            news.append(f"{lost} packets never came, {late} too late")
        names = {CLIPPED: "clipped", OVERFLOWED: "lost within the device"}
        news += [f"{n} values of {tag} {names[kind]}" for (kind, tag), n in self._flagged.items()]
        self._flagged.clear()
        if news:
            self._told_at = now
            self._told("; ".join(news))
