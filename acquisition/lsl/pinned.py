"""An inlet that receives from one outlet and from no other, whatever liblsl connects it to.

When a connection breaks, liblsl itself looks for the outlet by name, type and source_id, on every host in
reach and in every LSL session, and goes on with the only one that answers. It does not say so. Without that
search it would throw away what had arrived before the break, so the search stays on, and its result is never
used: a change is seen by the clock offset, which liblsl forgets when it connects to another outlet, and what
comes after it is discarded and counted.

Source: liblsl 1.16 to 1.18, `inlet_connection::try_recover` (a search takes a second at least, after which
half a second passes before the new connection is made) and `time_receiver::reset_timeoffset_on_recovery`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import pylsl
from numpy.typing import NDArray
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeout

from acquisition.stream import FloatArray

SEARCH = 0.9
"""Seconds in which liblsl cannot have changed to another outlet: its search takes one."""
PAUSE = 0.4
"""Seconds after a change in which nothing of the other outlet can have come: liblsl waits half of one."""
CHUNK, MAX_PULLS = 1024, 512
"""Samples at once, how often: more than the buffer holds at 1000 Hz, and an end if a sender outruns us."""
Pulled = tuple[NDArray[Any], FloatArray]


class LslInlet(Protocol):
    """What is used of `pylsl.StreamInlet`."""

    def pull_chunk(self, timeout: float, max_samples: int, *, as_numpy: bool) -> Pulled: ...
    def time_correction(self, timeout: float) -> float: ...
    def was_clock_reset(self) -> bool: ...
    def close_stream(self) -> None: ...


class Pinned:
    """Give what one outlet sends.

    A change is seen once the clock offset was measured. A measurement within `SEARCH` seconds of the opening
    shows that there was none before; where it came later or never, samples wait for a look at the network,
    begun after they came, that saw the outlet: an outlet that is there has not been given up.

    Parameters
    ----------
    raw : LslInlet
        An inlet of the outlet's own resolved description, opened a moment ago.
    opened : float
        When it was made, on the LSL clock [s].
    clock : callable
        The LSL clock [s].
    """

    def __init__(
        self, raw: LslInlet, opened: float, *, clock: Callable[[], float] = pylsl.local_clock
    ) -> None:
        self._raw, self._opened, self._clock = raw, opened, clock
        self._measured = math.nan
        self._sure = self._changed = self._left = False
        self._seen = -math.inf
        self._apart: list[Pulled] = []
        self._taken = -math.inf
        self._discarded = 0

    def astray(self) -> bool:
        """Tell whether liblsl went on with another outlet: nothing comes from then on."""
        if self._raw.was_clock_reset():
            self._changed = True
        return self._changed

    def unsure(self) -> bool:
        """Tell whether samples wait for a look at the network."""
        return not self._sure and not self._changed and self._clock() - self._opened > SEARCH

    def seen(self, began: float) -> None:
        """Say that a look that began then saw the outlet."""
        self._seen = max(self._seen, began)
        if began >= self._measured and not self.astray():
            self._sure = True

    def leave(self) -> None:
        """Give the connection up: another one to the outlet, or to the one after it, was made."""
        self._drop_apart()
        if not self._left:
            self._leave(self._pull())

    def discarded(self) -> int:
        """Return how many samples were discarded since the last call."""
        n, self._discarded = self._discarded, 0
        return n

    def time_correction(self, timeout: float) -> float:
        """Return the clock offset [s].

        Raises
        ------
        TimeoutError, LostError
            As `pylsl.StreamInlet.time_correction`; also while it is open whose offset it is.
        """
        value = self._raw.time_correction(timeout)
        if self.astray():
            raise LostError("another outlet")
        if math.isnan(self._measured):
            now = self._clock()
            self._sure, self._measured = self._sure or now - self._opened < SEARCH, now
        if not self._sure:
            raise LslTimeout("whose offset it is was not seen yet")
        return value

    def pull(self) -> list[Pulled]:
        """Return the chunks that came from the outlet since the last call, without waiting."""
        if not self._apart:
            self._take()
        if self._sure or self._seen > self._taken:
            chunks, self._apart = self._apart, []
            return chunks
        if self._changed:
            self._drop_apart()
        return []

    def close_stream(self) -> None:
        """Drop the connection."""
        self._raw.close_stream()

    def _take(self) -> None:
        if self._left:
            return
        began = self._clock()
        if self.astray():
            self._leave(self._pull())
            return
        chunks = self._pull()
        if self.astray() and self._clock() - began >= PAUSE:
            self._leave(chunks)
            return
        self._apart = chunks
        self._taken = self._clock()

    def _pull(self) -> list[Pulled]:
        chunks = []
        for _ in range(MAX_PULLS):
            values, times = self._raw.pull_chunk(0.0, CHUNK, as_numpy=True)
            if len(times):
                chunks.append((values, times))
            if len(times) < CHUNK:
                break
        return chunks

    def _drop_apart(self) -> None:
        self._discarded += sum(len(times) for _, times in self._apart)
        self._apart = []

    def _leave(self, chunks: list[Pulled]) -> None:
        """Give a connection up that is another outlet's, and what came over it."""
        self._discarded += sum(len(times) for _, times in chunks)
        self._left = True
        self._raw.close_stream()
