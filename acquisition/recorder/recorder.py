"""The recorder: any drivers → a recording directory, in cycles of 100 ms, each closed by a tick.

Nothing here interprets a sample. Streams without consent are never opened, and nothing of a paused person is
kept. A driver that breaks, a full disk or a signal end in files that are closed and say what happened.
"""

from __future__ import annotations

import functools
import logging
import math
import platform
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from acquisition.drivers import Drained, Driver, Identified, SignsOf, WithPast
from acquisition.errors import RecordingError
from acquisition.event import Notice
from acquisition.events.pauses import item_role
from acquisition.lsl.exposure import exposures
from acquisition.recorder.commands import Commands, plain
from acquisition.recorder.control_server import Server
from acquisition.recorder.disk import DiskWatch
from acquisition.recorder.intake import Intake
from acquisition.recorder.listener import Listener, Sheltered, Status
from acquisition.recorder.marks import Marks
from acquisition.recorder.replacing import Replacing
from acquisition.recorder.store import RecordingStore
from acquisition.recorder.unconfirmed import Unconfirmed
from acquisition.recording.contents import STOOD_STILL
from acquisition.recording.noted import kept_apart
from acquisition.session.file import write_session
from acquisition.session.session import Recorded, Session
from acquisition.stream import ClockOffset, Role, StreamInfo

logger = logging.getLogger(__name__)

STALL = 1.0
"""Seconds behind its time from which on the recorder gives up on the missed cycles."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say what was recorded: where, how many ticks, and why it ended early ("" if it did not)."""

    path: Path
    ticks: int
    ended: str = ""


class Recorder:
    """Run the cycles of one recording; made by `acquisition.recorder.begin.record`."""

    def __init__(
        self,
        session: Session,
        store: RecordingStore,
        drivers: list[Driver],
        marks: Marks,
        *,
        disk: DiskWatch,
        listener: Listener,
        clock: Callable[[], float],
        wall: Callable[[], float],
        stop: threading.Event,
        paused: Iterable[Role] = (),
    ) -> None:
        self._session, self._store, self._drivers, self._marks = session, store, drivers, marks
        self._disk, self._clock, self._wall, self._stop = disk, clock, wall, stop
        self._listener = Sheltered(listener)
        self._intake = Intake(session, store, self._listener, clock)
        self._unconfirmed = Unconfirmed(
            store.path, store.id, self._drivers, clock, sealed=session.protection.sealed
        )
        self._commands = Commands(
            store.path,
            self._intake,
            marks,
            clock=clock,
            status=self.status,
            stop=stop.set,
            confirm=self._unconfirmed.answer,
            replace=lambda fields: self._replacing.search(fields),
        )
        self._replacing = Replacing(session, self._drivers, self._intake, self._commands.record, clock)
        self._control = Server(store.path)
        self._held: list[Drained] = []
        self._begin = math.nan
        self._ticks = 0
        self._ended = ""
        self._told: set[str] = set()
        self._paused = tuple(paused)

    def run(self, *, seconds: float | None, opening: float) -> Outcome:
        """Record until the end and close the files, however it ends."""
        try:
            self._listener.started(self._store.path)
            self._commands.begin_paused(self._paused)
            for driver in self._drivers:
                driver.start()
            self._await_streams(opening)
            self._begin_recording(seconds)
            self._cycles(seconds)
        except Exception as error:
            if math.isnan(self._begin):
                raise
            logger.exception("the recording ends by a fault")
            self._end_by(error)
        finally:
            self._finish()
        return Outcome(self._store.path, self._ticks, self._ended)

    def _await_streams(self, opening: float) -> None:
        """Wait until every stream is open; what arrives meanwhile is kept for the first slice."""
        until = self._clock() + opening
        while not self._stop.is_set() and self._clock() < until:
            self._held = self._gather()
            if all(driver.ready() for driver in self._drivers):
                return
            self._stop.wait(self._session.recording.cycle)
        if not self._stop.is_set():
            self._tell_missing(opening)

    def _tell_missing(self, opening: float) -> None:
        for driver in self._drivers:
            if driver.ready():
                continue
            for line in driver.missing() or [f"{type(driver).__name__} is not ready"]:
                self._listener.problem(f"{line}; not there after {opening:g} s, the search goes on")

    def _begin_recording(self, seconds: float | None) -> None:
        infos = [i for driver in self._drivers for i in driver.streams() if self._intake.consented(i)]
        self._intake.expect(infos)
        if line := self._disk.estimate(infos, seconds):
            self._listener.problem(line)
        session = replace(self._session, recorded=self._recorded(infos))
        write_session(self._store.path, kept_apart(self._store.path, session))
        self._write_past()
        self._begin = self._clock()
        self._intake.health.begin(self._begin)
        self._listener.recording(self.status())
        remotes = [r for driver in self._drivers if isinstance(driver, Identified) for r in driver.remotes()]
        for stream, private, words in exposures(remotes):
            if not private:
                self._listener.problem(f"{stream}: {words}")

    def _recorded(self, infos: Iterable[StreamInfo]) -> Recorded:
        return Recorded(
            started=datetime.fromtimestamp(self._wall(), UTC).isoformat(timespec="milliseconds"),
            streams=tuple(infos),
            versions={"attunement": _version(), "python": platform.python_version()},
            vocabulary=self._marks.vocabulary.hash,
            id=self._store.id,
        )

    def _write_past(self) -> None:
        """Let a simulated device write what happened before the start, where the session asks for it."""
        if any(device.settings.get("past") for device in self._session.devices):
            for driver in self._drivers:
                if isinstance(driver, WithPast):
                    driver.write_past(self._store, wall=self._wall())

    def _cycles(self, seconds: float | None) -> None:
        cycle = self._session.recording.cycle
        self._begin = self._clock()
        n = 0
        while not self._stop.is_set():
            now = self._clock()
            if seconds is not None and now - self._begin >= seconds:
                return
            self._cycle(now)
            n += 1
            late = self._clock() - (self._begin + n * cycle)
            if late > STALL:
                self._shelter("stalls", functools.partial(self._tell_stall, late))
                # Nothing is lost by it: the drivers keep what arrived, and ticks say how long it took.
                n += int(late / cycle)
            elif late < 0:
                self._stop.wait(-late)

    def _tell_stall(self, late: float) -> None:
        now = self._clock()
        what = f"{STOOD_STILL} for {late:.1f} s; what senders and system kept meanwhile follows"
        self._intake.notice(
            Notice(time=now, kind="health", role=Role.DYAD, message=what, start=now - late, stop=now)
        )

    def _cycle(self, now: float) -> None:
        """Do one cycle; `now` was read before anything is drained."""
        wall = self._wall()
        items, self._held = self._gather(), []
        for item in items:
            self._intake.take(item, now)
        self._shelter("a replacement", lambda: self._replacing.look(now))
        self._shelter("health", lambda: self._look_after(now, wall))
        self._shelter("disk", lambda: self._look_at_disk(now))
        self._shelter(
            "unconfirmed streams", lambda: self._unconfirmed.cycle(now, wall, self._intake.pauses.on)
        )
        self._tick(now, wall)
        self._listener.cycle(self.status, now)

    def _shelter(self, what: str, act: Callable[[], None]) -> None:
        """Do what the recording can do without; if it breaks, say so once and go on."""
        try:
            act()
        except Exception as error:
            if what not in self._told:
                self._told.add(what)
                logger.exception("%s failed", what)
                said = f"the recorder's watch of {what} failed: {type(error).__name__}: {error}"[:500]
                self._intake.notice(Notice(time=self._clock(), kind="health", role=Role.DYAD, message=said))

    def _look_after(self, now: float, wall: float) -> None:
        for notice in self._intake.health.check(now, wall):
            self._intake.notice(notice)
        self._intake.dropped()

    def _look_at_disk(self, now: float) -> None:
        if moved := self._store.moved():
            self._unconfirmed.path = self._store.path
            self._listener.problem(moved)
            self._intake.notice(Notice(time=now, kind="disk", role=Role.DYAD, message=moved))
        stop, line = self._disk.look(now, self._intake.opened.values())
        if stop:
            self._end(line)
        elif line:
            self._intake.notice(Notice(time=now, kind="disk", role=Role.DYAD, message=line))

    def _gather(self) -> list[Drained]:
        """Return all that arrived, but nothing of a person who was paused by a command just now."""
        fresh = self._drain()
        items = self._held + fresh
        pressed = self._commands.answer(self._control.take()) | self._commands.hear(fresh)
        # Clock offsets are not about a person; the intake remembers them for the resume.
        pauses = self._intake.pauses
        return [
            i
            for i in items
            if isinstance(i, ClockOffset) or not (item_role(i) in pressed or pauses.concerns(i))
        ]

    def _drain(self) -> list[Drained]:
        items: list[Drained] = []
        for driver in list(self._drivers):
            try:
                items += self._intake.admit(driver.drain())
            except Exception as error:  # a driver's bug must not end the other person's recording
                logger.exception("driver failed")
                self._drivers.remove(driver)
                items += self._lost(driver, error)
        return items

    def _lost(self, driver: Driver, error: Exception) -> list[Notice]:
        now, what = self._clock(), f"driver failed: {type(error).__name__}: {error}"[:500]
        _stop_driver(driver)
        return [
            Notice(time=now, kind="lost", role=info.role, stream=info.name, message=what, start=now)
            for given in driver.streams()
            if (info := self._intake.assigning.info(given)) is not None
        ]

    def _tick(self, now: float, wall: float) -> None:
        try:
            self._store.tick(now, wall)
            self._ticks += 1
        except (RecordingError, OSError) as error:
            self._end(f"{error}; the recording ends")

    def _end(self, why: str) -> None:
        self._ended = self._ended or why
        self._stop.set()

    def _end_by(self, error: Exception) -> None:
        """End because of a fault of our own, which the files and `verify` then name."""
        at = self._clock() - self._begin
        self._end(f"ended by a fault at {at:.1f} s: {type(error).__name__}: {error}"[:500])

    def _finish(self) -> None:
        """Stop the devices, store what they still had, close every file; each step whatever the others do."""
        self._stop.set()
        for driver in self._drivers:
            _stop_driver(driver)
        self._shelter("a replacement", self._replacing.close)
        try:
            if not math.isnan(self._begin):
                self._last_slice(self._clock())
        finally:
            try:
                self._store.close()
            finally:
                self._control.close()  # last: who asked for the stop waits for this

    def _last_slice(self, now: float) -> None:
        self._shelter("the last samples", lambda: self._take_last(now))
        if self._ended:
            self._intake.notice(Notice(time=now, kind="ended", role=Role.DYAD, message=self._ended))
        self._tick(now, self._wall())

    def _take_last(self, now: float) -> None:
        for item in self._gather():
            self._intake.take(item, now)
        self._commands.held_back(last=True)
        self._intake.dropped(last=True)
        for notice in self._unconfirmed.close():
            self._intake.notice(notice)
        for event in self._marks.closing(now, self._intake.pauses.on):
            self._store.event(event)

    def _signs(self) -> SignsOf:
        """Return what the devices say of themselves, by stream."""
        said = ((k, signs) for driver in self._drivers for k, signs in driver.signs().items())
        return {key: signs for k, signs in said if (key := self._intake.assigning.key(k)) is not None}

    def status(self) -> Status:
        """Return what runs."""
        now = self._clock()
        opening = math.isnan(self._begin)
        return {
            "recording": str(self._store.path),
            "session": self._session.id,
            "state": "stopping" if self._stop.is_set() else "opening" if opening else "recording",
            "time": now,
            "elapsed": 0.0 if opening else now - self._begin,
            "ticks": self._ticks,
            "streams": [plain(asdict(h)) for h in self._intake.health.report(now, self._signs())],
            "paused": sorted(self._intake.pauses.on),
            "waiting": [asdict(one) for one in self._unconfirmed.waiting()],
            "last_marker": plain({"t": self._marks.last - self._begin})["t"],
            "open": [asdict(e) for e in self._marks.open],
            "disk_free": None if math.isnan(self._disk.left) else self._disk.left,
        }


def _stop_driver(driver: Driver) -> None:
    try:
        driver.stop()
    except Exception:  # a device that cannot be stopped must not keep the files open
        logger.exception("driver cannot be stopped")


def _version() -> str:
    try:
        return version("attunement")
    except PackageNotFoundError:
        return "unknown"
