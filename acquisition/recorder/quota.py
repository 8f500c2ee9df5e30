"""What one stream may say: thousands of notices a second would fill files, log, window and memory.

Each stream has so many notices at once, and some more each second. What is beyond is counted, and the count
is told. Nobody who is well comes near it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from acquisition.event import Notice
from acquisition.stream import Role, StreamInfo

BURST, RATE = 200.0, 0.5
"""Notices of a stream at once, and those more a second: 2000 in the first hour."""
TELL = 10.0
"""Seconds between two counts of what was held back."""
STATES = ("stale", "lost", "resumed")
"""Kinds that say how a stream is: the last of them is told however many were held back."""
ALWAYS = ("ended", "disk")
"""Kinds that the recorder itself tells, and that say how the recording ended."""
Key = tuple[Role, str]


@dataclass(slots=True)
class Allowance:
    """Let through so many at once, and so many more a second.

    Parameters
    ----------
    burst, rate : float
        At once; and a second.
    """

    burst: float = BURST
    rate: float = RATE
    held: int = 0
    """How many were held back since the last count."""
    _left: float = math.nan
    _at: float = -math.inf
    _told: float = -math.inf

    def admit(self, now: float, n: int = 1) -> bool:
        """Tell whether n more may pass; count them if not."""
        gained = self.rate * max(now - self._at, 0.0)  # the first time there is all of it
        self._left = min(self._left + gained, self.burst) if math.isfinite(gained) else self.burst
        self._at = now
        if self._left < n:
            self.held += n
            return False
        self._left -= n
        return True

    def due(self, now: float, *, last: bool = False) -> int:
        """Return how many were held back since this was last told; 0 if none, or if it is too soon."""
        if not self.held or (now - self._told < TELL and not last):
            return 0
        n, self.held, self._told = self.held, 0, now
        return n


TIMES, LEAST = 50.0, 20_000.0
"""A stream may send so many times what it says, and at least so many samples a second."""
BACKLOG = 400.0
"""Seconds of that which may come at once: LSL keeps 360 while nobody pulls."""


def samples_of(info: StreamInfo) -> Allowance:
    """Return what a stream may send at all: a sender that runs wild must not fill the disk of the hour."""
    rate = max(TIMES * info.sfreq, LEAST) if info.sfreq > 0 else LEAST
    return Allowance(burst=BACKLOG * rate, rate=rate)


@dataclass(slots=True)
class _Stream:
    notices: Allowance = field(default_factory=Allowance)
    state: Notice | None = None


class Quota:
    """Hold the allowance of each stream."""

    def __init__(self) -> None:
        self._streams: dict[Key, _Stream] = {}

    def admit(self, notice: Notice, now: float) -> bool:
        """Tell whether a notice may pass; a state that may not is kept until the next count."""
        if notice.kind in ALWAYS:
            return True
        stream = self._streams.setdefault((notice.role, notice.stream), _Stream())
        passes = stream.notices.admit(now)
        if notice.kind in STATES:
            stream.state = None if passes else notice
        return passes

    def due(self, now: float, *, last: bool = False) -> Iterator[Notice]:
        """Give what a stream is by now, and how many of its notices were held back; each ten seconds."""
        for (role, name), stream in self._streams.items():
            if n := stream.notices.due(now, last=last):
                if stream.state is not None:
                    yield stream.state
                    stream.state = None
                said = f"{n} more notices of this stream are only counted: too many"
                yield Notice(time=now, kind="health", role=role, stream=name, message=said)
