"""What may go into a recording: streams with consent, of people who are not paused."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from acquisition.drivers import Drained
from acquisition.errors import RecordingError
from acquisition.event import Event, Notice
from acquisition.events.pauses import Pauses
from acquisition.recorder.health import HealthWatch
from acquisition.recorder.listener import Listener
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Session, missing_consent
from acquisition.stream import ClockOffset, Modality, Role, StreamInfo
from acquisition.voice.rows import is_sound


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
        self._refused: set[tuple[Role, str]] = set()

    def expect(self, infos: Iterable[StreamInfo]) -> None:
        """Open the streams that are known by now, and watch all that are expected."""
        now = self._clock()
        for info in infos:
            if not math.isnan(info.sfreq):
                self.open(info)
            self.health.expect([info], now)
        for role in self.pauses.on:
            self.health.pause(role, now, on=True)

    def take(self, item: Drained, now: float) -> None:
        """Store what of an item may be stored."""
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
        else:
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

    def notice(self, notice: Notice) -> None:
        """Store a notice, unless it is about a person who is paused."""
        if notice.role not in self.pauses.on:
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
