"""What may go into a recording: streams with consent, of people who are not paused."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from acquisition.drivers import Drained
from acquisition.drivers.border import Border
from acquisition.errors import RecordingError
from acquisition.event import Event, Notice
from acquisition.events.pauses import Pauses, item_role
from acquisition.recorder.assigning import Assigning
from acquisition.recorder.health import HealthWatch
from acquisition.recorder.listener import Listener
from acquisition.recorder.quota import Allowance, Quota, samples_of
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Session, missing_consent
from acquisition.stream import ClockOffset, Modality, Role, StreamInfo
from acquisition.voice.rows import is_sound

logger = logging.getLogger(__name__)

FAULTS = 20
"""Items of one stream that fail one after the other until the stream is given up."""


class Intake:
    """Stand between the drivers and the files.

    Parameters
    ----------
    clock : callable
        LSL clock [s].
    """

    def __init__(
        self, session: Session, store: RecordingStore, listener: Listener, clock: Callable[[], float]
    ) -> None:
        self._session, self._listener, self._clock = session, listener, clock
        self.store = store
        self.health = HealthWatch()
        self.pauses = Pauses()
        self.opened: dict[tuple[Role, str], StreamInfo] = {}
        self.assigning = Assigning(lambda: store.number)
        self._border = Border(clock)
        self._quota = Quota()
        self._sent: dict[tuple[Role, str], Allowance] = {}
        self._refused: set[tuple[Role, str]] = set()
        self._faults: dict[tuple[Role, str], int] = {}
        self._told: set[tuple[Role, str, str]] = set()

    def expect(self, infos: Iterable[StreamInfo]) -> None:
        """Open the streams that are known by now, and watch all that are expected."""
        now, infos = self._clock(), list(infos)
        self.assigning.expect(infos)
        for info in infos:
            if not math.isnan(info.sfreq):
                self.open(info)
            self.health.expect([info], now)
        for role in self.pauses.on:
            self.health.pause(role, now, on=True)

    def admit(self, items: Iterable[Drained]) -> list[Drained]:
        """Return what of the items can be believed; one that breaks takes no other with it."""
        admitted: list[Drained] = []
        for item in self.assigning.route(items):
            try:
                kept = self._border.admit(item)
            except Exception as error:  # whatever a driver brings: the others' recording goes on
                self._fault(item, error)
            else:
                admitted += [] if kept is None else [kept]
        return admitted

    def dropped(self, *, last: bool = False) -> None:
        """Tell of what could not be believed, and of what was held back because it was too much."""
        for notice in self._border.told(last=last):
            self.notice(notice)
        for (role, name), sent in self._sent.items():
            if n := sent.due(now := self._clock(), last=last):
                what = f"{n} samples dropped: far more a second than any such stream has"
                self.notice(Notice(time=now, kind="health", role=role, stream=name, message=what))
        for notice in self._quota.due(self._clock(), last=last):
            if notice.role not in self.pauses.on:
                self._say(notice)

    def take(self, item: Drained, now: float) -> None:
        """Store what of an item may be stored; an item that breaks takes no other with it."""
        key = _key(item)
        if key in self._faults and key in self._refused:
            return
        try:
            self._take(item, now)
            self._faults.pop(key, None)
        except Exception as error:  # as in `admit`
            self._fault(item, error)

    def _fault(self, item: Drained, error: Exception) -> None:
        """Leave an item out and say so once; give its stream up when nothing else comes of it."""
        key, what = _key(item), f"{type(error).__name__}: {error}"[:300]
        self._faults[key] = n = self._faults.get(key, 0) + 1
        now = self._clock()
        if (*key, what) not in self._told and len(self._told) < 1000:
            self._told.add((*key, what))
            logger.warning("%s %s: left out: %s", *key, what)
            self._tell(
                Notice(time=now, kind="health", role=key[0], stream=key[1], message=f"left out: {what}")
            )
        if n == FAULTS and key not in self._refused:
            self._refused.add(key)
            why = f"nothing more is recorded of it after {n} faults: {what}"
            self._tell(Notice(time=now, kind="lost", role=key[0], stream=key[1], message=why))

    def _tell(self, notice: Notice) -> None:
        try:
            self.notice(notice)
        except Exception:  # a fault that cannot be written down must not become a second one
            logger.exception("a notice could not be stored")

    def _take(self, item: Drained, now: float) -> None:
        kept = self.pauses.admit(item)
        if kept is None:
            return
        if isinstance(kept, Notice):
            self.health.told(kept)
            self.notice(kept)
        elif not self.open(kept.info):
            return
        elif isinstance(kept, ClockOffset):
            self.store.offset(kept.info, kept.collected, kept.value)
        elif self._sent.setdefault(kept.info.key, samples_of(kept.info)).admit(now, len(kept.times)):
            self.store.samples(kept.info, kept.times, kept.samples)
            for notice in self.health.hear(kept, now):
                self.notice(notice)

    def open(self, info: StreamInfo) -> bool:
        """Open a stream if it is new; refuse one without consent, and one that its header no longer fits."""
        if self.opened.get(info.key) == info:
            return True
        if info.key in self._refused or not self.consented(info):
            return False
        now = self._clock()
        try:
            self.store.open_stream(info)
        except RecordingError as error:
            self._refused.add(info.key)
            self.notice(Notice(time=now, kind="lost", role=info.role, stream=info.name, message=str(error)))
            return False
        self.opened[info.key] = info
        self.health.expect([info], now)
        return True

    def consented(self, info: StreamInfo) -> bool:
        """Check consent once more, here, for whatever a driver brings."""
        if is_sound(info):
            if info.key not in self._refused:
                self._refused.add(info.key)
                self._listener.problem(
                    f"{info.role} {info.name}: not recorded: it is speech, not rows of voice"
                )
            return False
        missing = missing_consent(self._session, info.role, info.modality, beside=(Modality.ECG,))
        if missing and info.key not in self._refused:
            self._refused.add(info.key)
            why = f"{' and '.join(missing)} must be true"
            self._listener.problem(f"{info.role} {info.name}: not recorded: {why}")
        return not missing

    def assign(self, event: Event) -> None:
        """Let devices change hands from the next slice on, by an event that was recorded."""
        now = self._clock()
        for before, info in self.assigning.hear(event, now):
            if before is not None:
                self.health.forget(before)
            if info is not None and self.consented(info):
                self.health.expect([info], now)
                if info.role in self.pauses.on:
                    self.health.pause(info.role, now, on=True)

    def notice(self, notice: Notice) -> None:
        """Store a notice, unless it is about a person who is paused, or its stream says too much."""
        if notice.role not in self.pauses.on and self._quota.admit(notice, self._clock()):
            self._say(notice)

    def _say(self, notice: Notice) -> None:
        self.store.notice(notice)
        self._listener.notice(notice)

    def pause(self, event: Event) -> None:
        """Keep nothing of a person from this event on."""
        self.store.event(event)
        self.store.paused(event.role)
        self.pauses.pause(event)
        self.health.pause(event.role, self._clock(), on=True)

    def resume(self, event: Event) -> Event:
        """Keep what is stamped from now on; return the event with that moment."""
        now = self._clock()
        event = replace(event, time=now)
        offsets = self.pauses.resume(event.role, now)
        self.store.paused(event.role, on=False)
        self.store.event(event)
        for offset in offsets:
            if self.open(offset.info):
                self.store.offset(offset.info, offset.collected, offset.value)
        self.health.pause(event.role, now, on=False)
        return event


def _key(item: Drained) -> tuple[Role, str]:
    return (item_role(item), item.stream) if isinstance(item, Notice) else item.info.key
