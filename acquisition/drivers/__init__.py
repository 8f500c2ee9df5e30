"""Drivers: one module each, and the table of their names, imported on use.

A driver runs whatever threads or event loops it needs between `start` and `stop`. The recorder calls `drain`
every cycle from its own thread; it must return at once with all that has arrived, in order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from acquisition.event import Notice
from acquisition.stream import Chunk, ClockOffset, Role, StreamInfo

Drained = Chunk | ClockOffset | Notice


@dataclass(frozen=True, slots=True)
class Signs:
    """Hold what a device says of itself: battery [%] and signal strength [dBm], nan where it does not.

    A driver that knows has `signs()`, which returns them by (role, name) of each stream.
    """

    battery: float = math.nan
    rssi: float = math.nan


NO_SIGNS = Signs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Say which stream waits for a confirmation, who sends it, why it is doubted, and since when [s]."""

    role: Role
    name: str
    source_id: str
    sender: str
    why: str
    since: float


class Driver(Protocol):
    """Deliver the streams of one device or sender."""

    def streams(self) -> list[StreamInfo]:
        """Return every stream to expect, as far as it is known now; sfreq is nan where it is not."""

    def ready(self) -> bool:
        """Tell whether all streams are open, with their true properties in `streams`."""

    def start(self) -> None:
        """Begin to search, connect and receive; return at once."""

    def drain(self) -> list[Drained]:
        """Return all that arrived since the last call, without waiting."""

    def stop(self) -> None:
        """Stop the device cleanly and release it."""


@runtime_checkable
class Doubting(Protocol):
    """A driver some of whose streams may wait for a confirmation."""

    def waiting(self) -> list[Waiting]:
        """Return the streams that wait."""

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        """Return what they sent since the last call."""

    def confirm(self, key: tuple[Role, str], *, yes: bool) -> None:
        """Take a stream from now on, or refuse its sender."""
