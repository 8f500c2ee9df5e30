"""A laboratory's own vocabulary at work: codes, foreign markers that mean them, its copy in the recording."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import ControlError, VocabularyError
from acquisition.event import Event, Notice
from acquisition.lsl.clock import local_clock
from acquisition.recorder.begin import record
from acquisition.recorder.control import Client, endpoints
from acquisition.recording.recording import Recording
from acquisition.recording.repair import repair
from acquisition.recording.verify import verify
from acquisition.session.session import EventSettings, Session
from acquisition.session.toml import load_session, parse_session
from acquisition.stream import Chunk, Role
from tests.acquisition import simulated
from tests.acquisition.sine_driver import SESSION, SineDriver
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

OWN = """group,code,kind,actor,hotkey,value,meaning,seed_term,maps_to,hed,profiles,markers
own,trial,interval,dyad,-,-,a trial,-,-,-,technician,trial begins=on; trial ends=off
own,button,point,client,-,-,the button,-,-,-,-,B1
consent and rights,consent_pause,interval,client,F12,scope,pause,-,-,-,technician,B9
"""
MARKERS = replace(simulated.MARKERS, channels=("marker",))


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def markers(*texts: str) -> Chunk:
    return Chunk(MARKERS, np.full(len(texts), local_clock()), np.array([[t] for t in texts], object))


@contextmanager
def recorded(tmp_path: Path, driver: SineDriver, session: Session) -> Iterator[Client]:
    """Record in a thread until the block ends."""
    stop = threading.Event()
    arguments = {"drivers": [driver], "stop": stop, "fsync": 0, "opening": 0.3}
    thread = threading.Thread(target=record, args=(session, tmp_path / "out"), kwargs=arguments)
    thread.start()
    try:
        wait_for(endpoints)
        client = Client.find()
        wait_for(lambda: client.status()["state"] == "recording")
        yield client
    finally:
        stop.set()
        thread.join(60)


@pytest.fixture
def own(tmp_path: Path) -> Session:
    (tmp_path / "lab.csv").write_text(OWN, "utf-8")
    return replace(SESSION, events=EventSettings(vocabulary=str(tmp_path / "lab.csv")))


def the_path(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "out").iterdir()
    return path


def test_foreign_markers_are_recorded_as_they_are_and_as_what_they_mean(tmp_path: Path, own: Session) -> None:
    driver = SineDriver()
    with recorded(tmp_path, driver, own) as client:
        driver.extra.append(markers("trial begins", "whatever", "B1"))
        wait_for(lambda: client.status()["open"])
        driver.extra.append(markers("trial ends", "trial ends"))
        wait_for(lambda: not client.status()["open"])
    path = the_path(tmp_path)
    items = list(Recording(path))
    events = [i for i in items if isinstance(i, Event)]
    texts = ["trial begins", "whatever", "B1", "trial ends", "trial ends"]
    assert [e.code for e in events if not e.id] == texts
    mapped = [e for e in events if e.id]
    assert [(e.code, e.phase, e.actor, e.source) for e in mapped if e.code == "trial"] == [
        ("trial", "on", "dyad", "lsl"),
        ("trial", "off", "dyad", "lsl"),
    ]
    assert {e.time for e in mapped if e.code == "button"} == {events[0].time}
    assert any("interval 'trial' is not open" in i.message for i in items if isinstance(i, Notice))


def test_a_button_that_means_pause_stores_nothing_of_the_client_from_then_on(
    tmp_path: Path, own: Session
) -> None:
    driver = SineDriver()
    with recorded(tmp_path, driver, own) as client:
        wait_for(lambda: client.status()["ticks"] > 3)
        driver.extra.append(markers("B9"))
        wait_for(lambda: client.status()["paused"] == ["client"])
        driver.value[Role.CLIENT] = 7.25
        sent = driver.sent[Role.CLIENT]
        wait_for(lambda: driver.sent[Role.CLIENT] > sent + 30)
    chunks = [i for i in Recording(the_path(tmp_path)) if isinstance(i, Chunk)]
    assert driver.sent[Role.CLIENT] > sent  # it went on sending
    mine = np.concatenate([c.samples for c in chunks if c.info.role is Role.CLIENT])
    assert not (mine == 7.25).any()


def test_the_recording_keeps_the_vocabulary_and_finds_it_wherever_it_goes(
    tmp_path: Path, own: Session
) -> None:
    with recorded(tmp_path, SineDriver(), own) as client:
        assert client.mark(Event(time=local_clock(), code="button", actor="client")).code == "button"
        with pytest.raises(ControlError, match="no code named 'now_moment'"):
            client.mark(Event(time=local_clock(), code="now_moment"))
    path = the_path(tmp_path)
    assert verify(path) == []
    assert 'vocabulary = "events_vocab.csv"' in (path / "session.toml").read_text()
    (tmp_path / "lab.csv").unlink()
    moved = path.rename(tmp_path / "moved")
    kept = load_session(moved / "session.toml").events.vocabulary
    assert Path(kept) == moved / "events_vocab.csv"
    assert Path(kept).read_text() == OWN
    repair(moved, tmp_path / "repaired")
    assert (tmp_path / "repaired" / "events_vocab.csv").read_text() == OWN


def test_a_vocabulary_lies_beside_the_session_file(tmp_path: Path) -> None:
    text = '[session]\nid = "S1"\ncrisis_contact = "x"\n[client]\ncode = "C1"\n[therapist]\ncode = "T1"\n'
    session = parse_session(f'{text}[events]\nvocabulary = "lab.csv"\n', "session.toml", tmp_path)
    assert session.events.vocabulary == str(tmp_path / "lab.csv")


def test_no_recording_begins_with_a_vocabulary_that_is_not_there(tmp_path: Path) -> None:
    gone = replace(SESSION, events=EventSettings(vocabulary=str(tmp_path / "gone.csv")))
    with pytest.raises(VocabularyError, match=r"gone\.csv: cannot be read"):
        record(gone, tmp_path / "out", drivers=[SineDriver()], seconds=0.1)
    assert not (tmp_path / "out").exists()
