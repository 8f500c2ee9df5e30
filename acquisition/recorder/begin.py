"""Begin a recording: what may be opened, where it goes, and the recorder that runs it."""

from __future__ import annotations

import threading
import time as _time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from acquisition.drivers import Driver
from acquisition.drivers.table import opener, twin_of
from acquisition.errors import RecordingError, SessionError
from acquisition.events.vocabulary import load_vocabulary
from acquisition.lsl.clock import local_clock
from acquisition.protection import audit
from acquisition.protection.vault import Keys, new_keys
from acquisition.recorder.again import paused_before
from acquisition.recorder.disk import DiskWatch
from acquisition.recorder.listener import Listener
from acquisition.recorder.marks import Marks
from acquisition.recorder.recorder import Outcome, Recorder
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id
from acquisition.session.file import keep_vocabulary
from acquisition.session.session import Session, permitted
from acquisition.stream import PEOPLE

OPENING = 10.0
"""Seconds to wait for all streams before the first tick."""


def open_drivers(session: Session) -> tuple[list[Driver], list[str]]:
    """Return the drivers of all streams that may be opened, and a line for each that may not.

    Raises
    ------
    SessionError
        If nothing may be opened.
    DeviceError, StreamError
        From a driver that cannot be made.
    """
    devices, refusals = permitted(session)
    if not devices:
        raise SessionError("session.toml", refusals or ["[[device]]: missing (at least one)"])
    if emulated := [device for device in devices if device.emulated]:
        for device in emulated:
            twin_of(device.definition.driver if device.definition is not None else "", device.title)
        _hand_in_twins()
    by_driver: dict[str, list[object]] = {}
    for device in devices:
        if device.definition is not None:
            by_driver.setdefault(device.definition.driver, []).append(device)
    return [opener(name)(group, session) for name, group in by_driver.items()], refusals


def _hand_in_twins() -> None:
    """Give the drivers a radio with emulated wearables: Bumble is loaded for a demonstration only."""
    from acquisition.drivers.ble_radio import hand_in
    from acquisition.emulated.demo import demo_radio

    hand_in(demo_radio)


def _keys(session: Session, id: str) -> Keys | None:
    """Return the keys of a recording that is to be sealed."""
    if not session.protection.sealed:
        return None
    return new_keys(id, {role: session.participant(role).code for role in PEOPLE})


def recording_directory(parent: Path, session_id: str, wall: float) -> Path:
    """Return a directory that is not there yet: parent/<date>_<id>[_n]."""
    stem = f"{datetime.fromtimestamp(wall):%Y-%m-%d}_{session_id}"
    n = 1
    while (path := parent / (stem if n == 1 else f"{stem}_{n}")).exists():
        n += 1
    return path


def record(
    session: Session,
    parent: Path,
    *,
    seconds: float | None = None,
    drivers: Sequence[Driver] | None = None,
    clock: Callable[[], float] = local_clock,
    wall: Callable[[], float] = _time.time,
    stop: threading.Event | None = None,
    listener: Listener | None = None,
    opening: float = OPENING,
    fsync: float = 1.0,
    free: Callable[[Path], float] | None = None,
) -> Outcome:
    """Record a session until `seconds` have passed since the first tick, or it is stopped.

    Parameters
    ----------
    parent : Path
        Where the directory <date>_<id>[_n] is made.
    drivers : sequence of Driver, optional
        In place of those that the session names.
    clock, wall : callable
        LSL clock and wall clock [s].
    stop : threading.Event, optional
        Set it to end the recording.
    free : callable, optional
        Path → free bytes of its disk.

    Raises
    ------
    AttunementError
        If the recording cannot begin.
    """
    listener = listener or Listener()
    refusals: list[str] = []
    if drivers is None:
        drivers, refusals = open_drivers(session)
    disk = DiskWatch(parent, free) if free else DiskWatch(parent)
    if why := disk.preflight():
        raise RecordingError(why)
    vocabulary = load_vocabulary(Path(session.events.vocabulary) if session.events.vocabulary else None)
    cut, paused = paused_before(parent, session.id)
    path = recording_directory(parent, session.id, wall())
    id = new_id()
    store = RecordingStore(path, fsync=fsync, id=id, keys=_keys(session, id))
    try:
        session = keep_vocabulary(path, session)
        recorder = Recorder(
            session,
            store,
            list(drivers),
            Marks(vocabulary, patterns=session.patterns),
            disk=disk,
            listener=listener,
            clock=clock,
            wall=wall,
            stop=stop or threading.Event(),
            paused=paused,
        )
    except BaseException:
        store.close()
        raise
    for line in refusals:
        listener.problem(line)
    for role in paused:
        why = f"the {role} was paused when {cut} was cut off, and is paused still"
        listener.problem(f"{why}: nothing of them is stored until `attune resume {role}`")
    audit.keep("recording began", id, sealed=int(session.protection.sealed))
    outcome = recorder.run(seconds=seconds, opening=opening)
    audit.keep("recording ended", id, ticks=outcome.ticks)
    return outcome
