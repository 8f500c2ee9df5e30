"""Listening to devices before anything is recorded: what comes, who hears it, and which sensor was tapped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from acquisition.devices.taps import Activity, Taps
from acquisition.drivers import Doubting, Driver
from acquisition.lsl.clock import local_clock
from acquisition.stream import Chunk, ClockOffset, Modality, Role, StreamInfo

CYCLE = 0.1
"""Seconds between two looks at the drivers."""


class Listener(Protocol):
    """Hear what drivers deliver before a recording, and what time it is."""

    def hear(self, item: Chunk | ClockOffset) -> None:
        """Take in an item."""

    def tick(self, now: float) -> None:
        """Know that all that came before `now` [s, LSL clock] was heard."""


class Judge(Listener, Protocol):
    """Say how a sensor sits; the rooms above hand it in, since signals are judged by the pipeline alone."""

    def contact(self, info: StreamInfo) -> tuple[bool, str] | None:
        """Return whether a stream does well and what is to be said; None where it cannot judge."""


class Listening:
    """Drivers that are listened to without recording; used as a context.

    Parameters
    ----------
    listener : Listener, optional
        Hears everything, too.
    clock, sleep : callable
        LSL clock [s], and what waits.
    """

    def __init__(
        self,
        drivers: Sequence[Driver],
        listener: Listener | None = None,
        *,
        clock: Callable[[], float] = local_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.drivers = list(drivers)
        self._listener, self._clock, self._sleep = listener, clock, sleep
        self._taps = Taps()
        self.heard: dict[Any, list[Chunk]] = {}
        self.doubted: dict[tuple[Role, str], str] = {}
        """Streams that a recording would have kept apart, and why."""

    def __enter__(self) -> Listening:
        for driver in self.drivers:
            driver.start()
        return self

    def __exit__(self, *_: object) -> None:
        for driver in self.drivers:
            driver.stop()

    def until_ready(self, seconds: float) -> bool:
        """Wait until all devices stream, but no longer than so."""
        end = self._clock() + seconds
        while self._clock() < end:
            self.listen(CYCLE)
            if all(driver.ready() for driver in self.drivers):
                return True
        return False

    def listen(self, seconds: float) -> None:
        """Take in what comes within so many seconds."""
        end = self._clock() + seconds
        while True:
            for item in (i for driver in self.drivers for i in driver.drain()):
                if isinstance(item, Chunk | ClockOffset) and item.info.modality not in (
                    Modality.DEVICE_TIME,
                    Modality.MARKERS,
                ):
                    self._hear(item)
            self._believe()
            if self._listener is not None:
                self._listener.tick(self._clock())
            if self._clock() >= end:
                return
            self._sleep(min(CYCLE, max(0.0, end - self._clock())))

    def _believe(self) -> None:
        """Hear also a sender that is another than at the last check: nothing is recorded here."""
        for driver in (d for d in self.drivers if isinstance(d, Doubting)):
            for waiting in driver.waiting():
                self.doubted[waiting.role, waiting.name] = waiting.why
                driver.confirm((waiting.role, waiting.name), yes=True)

    def _hear(self, item: Chunk | ClockOffset) -> None:
        if self._listener is not None:
            self._listener.hear(item)
        if isinstance(item, Chunk):
            self._taps.hear(item)
            self.heard.setdefault(item.info.key, []).append(item)

    @property
    def activities(self) -> list[Activity]:
        """Return how each stream moves that a tap would move."""
        return list(self._taps.activities.values())

    def tapped(self) -> list[Activity]:
        """Return the streams that were tapped since the last call."""
        return self._taps.new()
