"""LSL inlets as a driver: only streams on the session's allow list, each bound to a person, and pinned.

A stream is found by its source_id, or by its name, never by its type alone. Refused are a stream without a
source_id (it could not be found again after a loss) and one that two outlets claim to be (LSL would switch
between two people silently).
"""

from __future__ import annotations

import logging
import math
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pylsl

from acquisition.drivers import Drained, Driver, SignsOf, Waiting
from acquisition.drivers.lsl_link import Link, open_link, open_pinned
from acquisition.errors import StreamError
from acquisition.event import Notice
from acquisition.lsl.binding import Binding, bindings_of, check_shape, choose, fit, provisional
from acquisition.lsl.checked import Identity, checked
from acquisition.lsl.network import Remote, configure, find, resolve
from acquisition.rates import too_slow
from acquisition.session.session import Device, Session
from acquisition.stream import PEOPLE, Chunk, ClockOffset, Modality, Role, StreamInfo
from acquisition.voice.sound_source import SoundSource

logger = logging.getLogger(__name__)

EARLY = 12.0
"""Seconds from the start within which a stream that nobody checked is taken as it is found."""
WATCH_PERIOD = 4.0
"""Seconds between two looks at the network once every stream is open."""

OTHERWISE = "with other properties than before, and is refused"


def open_driver(devices: Sequence[Device], session: Session) -> Driver:
    """Return the driver of all LSL devices of a session; speech bound as voice becomes rows of prosody.

    Raises
    ------
    StreamError
        If the same channel of a stream is bound twice, or LSL already runs with other settings.
    """
    bindings = bindings_of(devices)
    voice = [b.modality is Modality.VOICE and b.role in PEOPLE for b in bindings]
    bindings = [replace(b, listened=True) if v else b for b, v in zip(bindings, voice, strict=True)]
    settings = {"scope": session.lsl.scope, "session_id": session.lsl.session_id}
    driver = LslDriver(bindings, checked=checked(), **settings)
    return SoundSource(driver) if any(voice) else driver


@dataclass(slots=True, eq=False)
class _Place:
    """Hold what became of a binding."""

    binding: Binding
    info: StreamInfo
    link: Link | None = None
    fault: str = ""
    told: set[str] = field(default_factory=set)


class LslDriver:
    """Deliver the streams of all LSL devices of a session.

    Parameters
    ----------
    bindings : sequence of Binding
        The allow list.
    scope, session_id : str
        See `acquisition.lsl.network.configure`.
    checked : mapping, optional
        source_id → who it came from when the devices were checked.
    """

    def __init__(
        self,
        bindings: Sequence[Binding],
        *,
        scope: str = "machine",
        session_id: str = "default",
        checked: Mapping[str, Identity] | None = None,
    ) -> None:
        configure(scope=scope, session_id=session_id)
        self._checked = dict(checked or {})
        self._late = math.inf
        self._places = [_Place(b, provisional(b)) for b in bindings]
        self._links: dict[str, Link] = {}
        self._refused: set[str] = set()
        self._seen: list[Remote] = []
        self._notices: list[Notice] = []
        self._left: list[Drained] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._look = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lsl-watch", daemon=True)

    def streams(self) -> list[StreamInfo]:
        """Return a description per binding; sfreq is nan until the stream is found."""
        with self._lock:
            return [place.info for place in self._places]

    def ready(self) -> bool:
        """Tell whether every stream is open."""
        with self._lock:
            return all(place.link is not None for place in self._places)

    def missing(self) -> list[str]:
        """Return a line for each stream that is not open: why, and which streams are there instead."""
        with self._lock:
            there = ", ".join(str(r) for r in self._seen) or "none"
            return [
                f"{p.binding.place}: {p.fault or f'no stream {p.binding.wanted}'} (streams there: {there})"
                for p in self._places
                if p.link is None
            ]

    def signs(self) -> SignsOf:
        """Return nothing: LSL has no words for them."""
        return {}

    def start(self) -> None:
        """Begin to look for the streams."""
        self._late = float(pylsl.local_clock()) + EARLY
        self._thread.start()

    def waiting(self) -> list[Waiting]:
        """Return the streams whose sender is in doubt."""
        with self._lock:
            return [
                Waiting(
                    role=p.info.role,
                    name=p.info.name,
                    source_id=p.link.remote.source_id,
                    sender=f"{p.link.remote} {p.link.remote.outlet}",
                    why=p.link.doubt,
                    since=p.link.doubted,
                )
                for p in self._places
                if p.link is not None and p.link.doubt
            ]

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        """Return what they sent since the last call."""
        with self._lock:
            links = list(self._links.values())
        return [item for link in links for item in link.apart()]

    def confirm(self, key: tuple[Role, str], *, yes: bool) -> None:
        """Take a stream from now on, with all that its sender sends; or refuse that sender for good."""
        with self._lock:
            link = next((p.link for p in self._places if p.info.key == key and p.link is not None), None)
        if link is None or not link.doubt:
            return
        if yes:
            link.confirm()
            return
        link.rivals.add(link.remote.uid)
        self._drop(link, f"{link.remote} was denied and is refused")

    def remotes(self) -> list[Remote]:
        """Return who the streams come from that are open."""
        with self._lock:
            return [link.remote for link in self._links.values()]

    def stop(self) -> None:
        """Close all inlets."""
        self._stop.set()
        self._look.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._left = self.drain()
        with self._lock:
            links, self._links = list(self._links.values()), {}
        for link in links:
            link.close()

    def drain(self) -> list[Drained]:
        """Return all that arrived, without waiting; once more after `stop`."""
        left, self._left = self._left, []
        with self._lock:
            out: list[Drained] = list(self._notices)
            self._notices = []
            links = list(self._links.values())
        for link in links:
            try:
                if link.must_look():
                    self._look.set()
                out += link.drain()
            except Exception as error:  # one stream's fault must not take the others'
                out += self._part(link, error)
        return left + out

    def _part(self, link: Link, error: Exception) -> list[Notice]:
        """Give a stream up that cannot be read."""
        logger.exception("stream %s failed", link.remote)
        what = f"it cannot be read ({type(error).__name__}: {error})"[:300]
        with self._lock:
            self._refused.add(link.remote.uid)
            self._links = {key: one for key, one in self._links.items() if one is not link}
            for place in self._places:
                if place.link is link:
                    place.link, place.fault = None, what
        threading.Thread(target=link.close, name="lsl-close", daemon=True).start()
        return link.notices("lost", f"{link.remote} is parted from the others: {what}")

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._look.clear()
            try:
                suspect = self._look_around()
            except Exception:  # whatever a neighbour sends: who is lost must be found again
                logger.exception("a look at the network failed")
                suspect = not self._stop.wait(1.0)
            if self.ready() and not suspect:
                self._look.wait(WATCH_PERIOD)

    def _look_around(self) -> bool:
        """Look once who is there; tell whether to look again at once."""
        self._search()
        began = float(pylsl.local_clock())
        seen = resolve()
        with self._lock:
            self._seen = seen
        if self._stop.is_set():
            return False
        again = [self._judge(link, seen, began) for link in list(self._links.values())]
        self._bind(seen)
        return any(again)

    def _bind(self, seen: list[Remote]) -> None:
        for place in self._places:
            if place.link is not None or self._stop.is_set():
                continue
            try:
                remote = choose(place.binding, seen, self._refused)
                if remote is None:
                    continue
                link = self._link(place.binding, remote)
                info, column = fit(place.binding, remote, link.description)
                self._attach(place, link, info, column)
                if why := too_slow(info.modality, info.sfreq):
                    with self._lock:
                        self._note(place, f"{why}; it is recorded as it comes, and no index made of it")
            except TimeoutError as error:
                self._tell(place, f"stream {place.binding.wanted}: {error}")
            except StreamError as error:
                self._tell(place, str(error))
            except Exception as error:  # a description that nobody thought of: the others are opened
                logger.exception("%s cannot be opened", place.binding.wanted)
                self._tell(place, f"stream {place.binding.wanted} cannot be opened: {type(error).__name__}")

    def _link(self, binding: Binding, remote: Remote) -> Link:
        link = self._links.get(remote.source_id)
        if link is None:
            check_shape(binding, remote)
            link = open_link(remote, checked=self._checked.get(remote.source_id))
            if why := self._doubt(remote):
                link.suspect(why)
            with self._lock:
                self._links[remote.source_id] = link
        return link

    def _doubt(self, remote: Remote) -> str:
        """Say why a stream that was just found is kept apart until it is confirmed; "" if it is not."""
        if remote.source_id in self._checked:
            return self._checked[remote.source_id].differs(remote)
        late, elsewhere = float(pylsl.local_clock()) > self._late, remote.host != socket.gethostname()
        return f"it appeared late, from {remote.host!r}, and was not checked" if late and elsewhere else ""

    def _attach(self, place: _Place, link: Link, info: StreamInfo, column: int | None) -> None:
        for other in self._places:
            same = other.link is link and other.binding.place != place.binding.place
            if same and (column is None or link.column(other.info) in (None, column)):
                what = f"channel {info.channels[0]!r}" if column is not None else "every channel"
                raise StreamError(f"{what} of {link.remote} is bound twice, also by {other.binding.place}")
        with self._lock:
            if not math.isnan(place.info.sfreq) and place.info != info:
                raise StreamError(f"{link.remote} came back {OTHERWISE}")
            place.link, place.info, place.fault = link, info, ""
            link.attach(info, column)

    def _tell(self, place: _Place, fault: str) -> None:
        with self._lock:
            place.fault = fault
            self._note(place, fault)

    def _note(self, place: _Place, message: str) -> None:
        """Tell of something once, with the lock held."""
        if message not in place.told:
            place.told.add(message)
            now, info = float(pylsl.local_clock()), place.info
            self._notices.append(
                Notice(time=now, kind="health", role=info.role, stream=info.name, message=message)
            )

    def _search(self) -> None:
        """Look at once for outlets that liblsl no longer receives: mostly they were started anew."""
        for source_id, link in list(self._links.items()):
            if link.astray() and link.is_first_search() and (found := find(source_id)):
                self._judge(link, found)

    def _judge(self, link: Link, seen: list[Remote], began: float = math.nan) -> bool:
        """Compare who answers with the outlet that was pinned; tell whether to look again at once."""
        verdict = link.judge({r.uid: r for r in seen if r.source_id == link.remote.source_id}, began)
        if verdict == "stolen":
            self._drop(link)
        elif verdict != "gone" and link.astray():
            return not self._reopen(link)
        return verdict in ("suspect", "gone")

    def _reopen(self, link: Link) -> bool:
        """Go on with the outlet as it was just seen; tell whether it answers."""
        remote, places = link.remote, [place for place in self._places if place.link is link]
        if not places:  # nobody took it as it was: it is opened as it is now
            self._drop(link)
            return True
        try:
            for place in places:
                check_shape(place.binding, remote)
            pinned, said = open_pinned(remote)
            for place in places:
                if fit(place.binding, remote, said) != (place.info, link.column(place.info)):
                    raise StreamError(f"{remote} came back {OTHERWISE}")
        except TimeoutError:
            return False
        except StreamError as error:
            self._drop(link, str(error))
            return True
        link.reopen(pinned, said)
        return True

    def _drop(self, link: Link, why: str = "") -> None:
        gone = f"outlet {link.remote} is gone"
        self._refused |= link.rivals
        with self._lock:
            self._links.pop(link.remote.source_id, None)
            self._notices += link.notices(
                "lost", why or f"{gone}; another that shared its source_id is refused"
            )
            for place in self._places:
                if place.link is link:
                    place.link, place.fault = None, why or gone
        threading.Thread(target=link.close, name="lsl-close", daemon=True).start()
