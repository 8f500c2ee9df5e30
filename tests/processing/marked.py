"""A closed recording that holds nothing but events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acquisition.event import Event
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import EventSettings, Participant, Recorded, Session
from acquisition.session.toml import dump_session

BEGIN = 1000.0


def write_marked(
    path: Path, events: Sequence[Event], *, seconds: float = 600.0, vocabulary: Path | None = None
) -> Path:
    """Write a recording that begins at `BEGIN` [s, LSL clock] with a tick a second."""
    session = Session(
        id="D01_S01",
        crisis_contact="test desk",
        client=Participant("C01"),
        therapist=Participant("T01"),
        events=EventSettings(vocabulary=str(vocabulary or "")),
        recorded=Recorded(started="2026-11-22T00:00:00+00:00", streams=()),
    )
    waiting = sorted(events, key=lambda e: e.time)
    with RecordingStore(path, fsync=0.0) as store:
        (path / "session.toml").write_text(dump_session(session), "utf-8")
        with store.bulk():
            for k in range(round(seconds) + 1):
                while waiting and waiting[0].time <= BEGIN + k:
                    store.event(waiting.pop(0))
                store.tick(BEGIN + k, 1.7e9 + k)
    return path
