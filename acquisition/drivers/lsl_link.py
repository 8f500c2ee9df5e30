"""One stream on the network and all who take a channel of it: its inlet, its pinned identity, its rivals."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pylsl

from acquisition.drivers import Drained
from acquisition.drivers.border import Border
from acquisition.event import Notice, NoticeKind
from acquisition.events.foreign import marker_texts
from acquisition.lsl.checked import Identity
from acquisition.lsl.inlet import Inlet, Offset, Remark, Samples, open_raw
from acquisition.lsl.network import Description, Remote, describe
from acquisition.lsl.pinned import Pinned
from acquisition.stream import BoolArray, Chunk, ClockOffset, Modality, StreamInfo

OPEN_TIMEOUT = 3.0
STALE = 1.5
"""Seconds without samples after which it is looked who answers."""
Verdict = Literal["same", "suspect", "restarted", "gone", "stolen"]


class Link:
    """Receive one stream for everyone who is bound to it.

    Parameters
    ----------
    remote : Remote
        The stream; its uid is pinned.
    pinned : Pinned
        An open inlet for it.
    description : Description
        What it says of itself.
    checked : Identity, optional
        Who it came from when the devices were checked.
    """

    def __init__(
        self,
        remote: Remote,
        pinned: Pinned,
        description: Description,
        *,
        checked: Identity | None = None,
    ) -> None:
        self.remote = remote
        self.description = description
        self.rivals: set[str] = set()
        """uids of other outlets that answered to the same source_id at the same time."""
        self._pinned = pinned
        self._inlet = Inlet(pinned, remote.sfreq)
        self._next: tuple[Pinned, Inlet] | None = None
        self._swap = threading.Lock()
        self._cut = self._searched = self._closed = False
        self._takers: list[tuple[StreamInfo, int | None]] = []
        self._border = Border(pylsl.local_clock)
        self.doubt = ""
        """Why what it sends is kept apart until somebody confirms it; "" while it is trusted."""
        self.doubted = math.nan
        """Since when [s]."""
        self._checked = checked
        self._apart: list[Chunk | ClockOffset] = []
        self._offset: Offset | None = None
        self._confirmed = -math.inf
        self._again: Offset | None = None
        self._told: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._suspects: set[str] = set()
        self._absent = 0
        self._inlet.start()

    def attach(self, info: StreamInfo, column: int | None) -> None:
        """Deliver a channel (None: all) as this stream."""
        self._takers = [*self._takers, (info, column)]
        if self.doubt:
            self._tell_of_doubt(info)

    def column(self, info: StreamInfo) -> int | None:
        """Return the channel that a stream takes, None for all."""
        return next(column for taker, column in self._takers if taker.key == info.key)

    def close(self) -> None:
        """Drop the connection."""
        with self._swap:
            self._closed = True
            inlets = [self._inlet, *([self._next[1]] if self._next else [])]
        for inlet in inlets:
            inlet.stop()

    def astray(self) -> bool:
        """Tell whether it must be opened anew: its outlet was started anew, or liblsl found another one."""
        return self._cut or (self._next is None and self._pinned.astray())

    def is_first_search(self) -> bool:
        """Tell once of a connection that went astray that its outlet is to be looked for at once."""
        first, self._searched = not self._searched, True
        return first

    def reopen(self, pinned: Pinned, description: Description) -> None:
        """Go on with a new connection to the outlet; what the old one still holds of it comes first."""
        known = self._offset.value if self._offset is not None else None
        inlet = Inlet(pinned, self.remote.sfreq, known=known)
        inlet.start()
        self.description = description
        with self._swap:
            last = inlet if self._closed else self._next and self._next[1]
            if not self._closed:
                self._next, self._cut, self._searched = (pinned, inlet), False, False
        if last:
            last.stop()

    def notices(
        self, kind: NoticeKind, message: str, start: float = math.nan, stop: float = math.nan
    ) -> list[Notice]:
        """Return a notice for each role that takes part."""
        now = float(pylsl.local_clock())
        return [
            Notice(
                time=now, kind=kind, role=info.role, stream=info.name, message=message, start=start, stop=stop
            )
            for info, _ in self._takers
        ]

    def must_look(self) -> bool:
        """Tell whether it is time to look who answers."""
        if self.astray() or self._pinned.unsure():
            return True
        return self.remote.sfreq > 0 and self._inlet.age() > max(STALE, 3.0 / self.remote.sfreq)

    def judge(self, alive: Mapping[str, Remote], began: float = math.nan) -> Verdict:
        """Compare the outlets that answer to the source_id, to a look that began then, with the pinned one.

        Two that answer to one look may be an outlet and its own quick restart; to two looks, they are rivals.
        """
        others = alive.keys() - {self.remote.uid} - self.rivals
        if self.remote.uid in alive:
            self._suspect(others, alive)
            self._absent = 0
            self._seen(began)
            return "suspect" if self._suspects else "same"
        self._suspects = set()
        if not alive:
            self._absent += 1
            if self._absent == 2:
                self._tell("lost", f"outlet {self.remote} is gone{self._instead()}")
            return "gone"
        if self.rivals or len(others) != 1:
            self.rivals |= others
            return "stolen"
        self._restarted(alive[others.pop()])
        return "restarted"

    def _seen(self, began: float) -> None:
        with self._swap:
            for pinned in (self._pinned, *([self._next[0]] if self._next else [])):
                pinned.seen(began)

    def _instead(self) -> str:
        if not self.astray():
            return ""
        return (
            "; LSL found another one of its name, type and source_id that does not answer in this session: "
            "nothing of it is recorded"
        )

    def _suspect(self, others: set[str], alive: Mapping[str, Remote]) -> None:
        sure = others & self._suspects
        self._suspects = others - sure
        if sure:
            self.rivals |= sure
            there = "; ".join(str(alive[uid]) for uid in sure)
            self._tell("health", f"another outlet claims the same source_id and is refused: {there}")

    def _restarted(self, new: Remote) -> None:
        old, self.remote = self.remote, new
        self._absent, self._cut = 0, True
        rate = "" if old.sfreq == new.sfreq else f", rate {old.sfreq:g} Hz became {new.sfreq:g} Hz"
        why = self._checked.differs(new) if self._checked is not None else ""
        if not why and new.host != old.host:
            why = f"it came from {old.host!r} and comes from {new.host!r} now"
        self._tell("segment", f"outlet restarted on {new.host}: {old.outlet} became {new.outlet}{rate}")
        if why:
            self.suspect(why)

    def suspect(self, why: str) -> None:
        """Keep apart what it sends from now on, until it is confirmed."""
        self.doubt, self.doubted = why, float(pylsl.local_clock())
        for info, _ in self._takers:
            self._tell_of_doubt(info)

    def _tell_of_doubt(self, info: StreamInfo) -> None:
        said = f"{self.doubt}: kept apart until `attune confirm '{info.role} {info.name}'`"
        now = self.doubted
        self._told.put(Notice(time=now, kind="health", role=info.role, stream=info.name, message=said))

    def confirm(self) -> None:
        """Take what is stamped from now on; what came before stays apart."""
        self.doubt, self._confirmed = "", float(pylsl.local_clock())
        if self._checked is not None:
            self._checked = Identity(self.remote.host, self.remote.uid)
        if self._offset is not None:
            self._again = self._offset

    def apart(self) -> list[Chunk | ClockOffset]:
        """Return what came while it was doubted, once."""
        out, self._apart = self._apart, []
        return out

    def _tell(self, kind: NoticeKind, message: str) -> None:
        for notice in self.notices(kind, message):
            self._told.put(notice)

    def drain(self) -> list[Drained]:
        """Return what arrived, once for each taker."""
        out: list[Drained] = []
        if not self._takers:
            return out
        while not self._told.empty():
            out.append(self._told.get())
        if self._again is not None:
            out += self._offsets(self._again)
            self._again = None
        for item in self._received():
            match item:
                case Offset():
                    self._offset = item
                    (self._apart if self.doubt else out).extend(self._offsets(item))
                case Samples():
                    self._apart += self._chunks(item if self.doubt else self._before(item))
                    if not self.doubt:
                        out += self._chunks(self._since(item))
                case Remark():
                    out += self.notices(item.kind, item.message, item.start, item.stop)
        out += self._border.told()
        return out

    def _received(self) -> list[Offset | Samples | Remark]:
        items = self._inlet.drain()
        with self._swap:
            pinned, coming, self._next = self._pinned, self._next, None
            if coming is not None:
                pinned.leave()
                threading.Thread(target=self._inlet.stop, name="lsl-close", daemon=True).start()
                self._pinned, self._inlet = coming
        if n := pinned.discarded():
            what = "came over a connection that LSL had made to another outlet, or may have: not recorded"
            items.append(Remark("health", f"{n} samples {what}"))
        return items

    def _offsets(self, item: Offset) -> list[ClockOffset]:
        return [ClockOffset(info, item.collected, item.value) for info, _ in self._takers]

    def _chunks(self, item: Samples) -> list[Chunk]:
        if not len(item.times):
            return []
        chunks = [self._chunk(info, column, item) for info, column in self._takers]
        kept = [self._border.admit(chunk) for chunk in chunks]
        return [chunk for chunk in kept if isinstance(chunk, Chunk)]

    def _late(self, item: Samples) -> BoolArray:
        """Tell which samples are stamped before the confirmation."""
        shift = self._offset.value if self._offset is not None else 0.0
        late: BoolArray = item.times + shift < self._confirmed
        return late

    def _before(self, item: Samples) -> Samples:
        late = self._late(item)
        return Samples(item.times[late], item.values[late])

    def _since(self, item: Samples) -> Samples:
        late = self._late(item)
        return Samples(item.times[~late], item.values[~late]) if late.any() else item

    def _chunk(self, info: StreamInfo, column: int | None, item: Samples) -> Chunk:
        values = item.values if column is None else np.ascontiguousarray(item.values[:, column : column + 1])
        if info.modality is Modality.MARKERS and values.dtype != object:
            texts = [marker_texts(values[:, i]) for i in range(values.shape[1])]
            values = np.array(texts, object).T.reshape(values.shape)
        return Chunk(info, item.times, values)


def open_link(remote: Remote, *, checked: Identity | None = None) -> Link:
    """Open a stream.

    Raises
    ------
    TimeoutError, StreamError
        If it does not answer, or its description cannot be read.
    """
    pinned, said = open_pinned(remote)
    return Link(remote, pinned, said, checked=checked)


def open_pinned(remote: Remote) -> tuple[Pinned, Description]:
    """Connect to an outlet and read its description; raises what `open_link` does."""
    pinned, xml = open_raw(remote.found, OPEN_TIMEOUT)
    return pinned, describe(xml, remote.n_channels)
