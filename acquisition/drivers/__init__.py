"""Drivers: one module each, and the table of their names, imported on use.

A driver runs whatever threads or event loops it needs between `start` and `stop`. The recorder calls `drain`
every cycle from its own thread; it must return at once with all that has arrived, in order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from acquisition.event import Notice
from acquisition.stream import Chunk, ClockOffset, Role, StreamInfo

if TYPE_CHECKING:
    from acquisition.lsl.network import Remote
    from acquisition.session.session import Device
    from acquisition.simulation.past import Store as PastStore

Drained = Chunk | ClockOffset | Notice


@dataclass(frozen=True, slots=True)
class Signs:
    """Hold what a device says of itself: battery [%] and signal strength [dBm], nan where it does not.

    `Driver.signs` returns them by (role, name) of each stream for which a device says any.
    """

    battery: float = math.nan
    rssi: float = math.nan


NO_SIGNS = Signs()
SignsOf = dict[tuple[Role, str], Signs]


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

    def missing(self) -> list[str]:
        """Return a line for each device or stream that is not open: which, and why."""

    def signs(self) -> SignsOf:
        """Return what devices say of themselves; empty where none does."""

    def stop(self) -> None:
        """Stop the device cleanly and release it."""


def unopened(streams: Iterable[StreamInfo]) -> list[str]:
    """Return a line for each stream whose properties are not known yet."""
    return [f"{info.role} {info.name}: not open" for info in streams if math.isnan(info.sfreq)]


@runtime_checkable
class WithPast(Protocol):
    """A driver whose devices are simulated and may write what happened before the start."""

    def write_past(self, store: PastStore, *, wall: float) -> float | None:
        """Write it; return when the live part began [s, LSL clock], None where nothing was asked for."""


@runtime_checkable
class Identified(Protocol):
    """A driver that knows who its streams come from."""

    def remotes(self) -> Sequence[Remote]:
        """Return the senders of the streams that are open."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Say what was assumed of a device, what turned out, and whether that is the same.

    `holds` is None where only a person can tell.
    """

    what: str
    assumed: str
    found: str
    holds: bool | None = None


@runtime_checkable
class Assuming(Protocol):
    """A device whose protocol leaves something open, and that knows what turned out."""

    def assumptions(self) -> list[Assumption]:
        """Return what was assumed of it and seen so far."""


class Kept(Protocol):
    """What is known of one device that is kept connected."""

    @property
    def device(self) -> Device:
        """Return the entry of the session file."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the device said of itself, by name."""

    @property
    def streaming(self) -> bool:
        """Tell whether it sends."""

    @property
    def fault(self) -> str:
        """Return why it does not."""


@runtime_checkable
class Keeping(Protocol):
    """A driver that keeps devices connected, and knows each of them."""

    def kept(self) -> Sequence[Kept]:
        """Return its devices."""


@runtime_checkable
class Doubting(Protocol):
    """A driver some of whose streams may wait for a confirmation."""

    def waiting(self) -> list[Waiting]:
        """Return the streams that wait."""

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        """Return what they sent since the last call."""

    def confirm(self, key: tuple[Role, str], *, yes: bool) -> None:
        """Take a stream from now on, or refuse its sender."""
