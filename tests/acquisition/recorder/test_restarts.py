"""Killed in a pause, stopped for a while, renamed: what the recorder and who follows it make of that."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import ControlError, RecordingError
from acquisition.event import Event, Notice
from acquisition.recorder.again import paused_before
from acquisition.recorder.begin import record
from acquisition.recorder.control import Client
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Chunk, Role
from tests.acquisition.recorder.test_recorder import Ears, StalledClock, recording
from tests.acquisition.sine_driver import SESSION, SineDriver
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

ID = SESSION.id


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def child(parent: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.acquisition.sine_driver", str(parent)])


def samples(path: Path, role: Role) -> np.ndarray:
    chunks = [i.times for i in Recording(path) if isinstance(i, Chunk) and i.info.role is role]
    return np.concatenate([np.empty(0), *chunks])


@pytest.mark.parametrize("resumed", [False, True])
def test_killed_in_a_pause_it_begins_again_paused(tmp_path: Path, resumed: bool) -> None:
    parent = tmp_path / "out"
    process = child(parent)
    try:
        wait_for(lambda: parent.is_dir() and list(parent.glob("*/session.toml")))
        client = Client.find()
        client.pause("client")
        if resumed:
            client.resume("client")
        ticks = client.status()["ticks"] + 2
        wait_for(lambda: client.status()["ticks"] >= ticks)
    finally:
        process.kill()
        process.wait()
    (first,) = parent.iterdir()
    assert Recording(first).state == "cut"  # so it was killed
    ears, driver = Ears(), SineDriver()
    outcome = record(SESSION, parent, seconds=0.5, drivers=[driver], fsync=0, listener=ears)
    assert driver.sent[Role.CLIENT] > 20
    assert len(samples(outcome.path, Role.THERAPIST)) == driver.sent[Role.THERAPIST]
    assert len(samples(outcome.path, Role.CLIENT)) == (driver.sent[Role.CLIENT] if resumed else 0)
    pauses = [i for i in Recording(outcome.path) if isinstance(i, Event) and i.code == "consent_pause"]
    assert [(e.phase, e.actor, e.source) for e in pauses][:1] == (
        [] if resumed else [("on", "client", "auto")]
    )
    assert any("is paused still" in line for line in ears.problems) == (not resumed)


def test_a_pause_of_a_recording_that_was_closed_is_over(tmp_path: Path) -> None:
    with recording(SineDriver(), tmp_path / "out") as client:
        client.pause("client")
    assert paused_before(tmp_path / "out", ID) == (None, [])
    assert paused_before(tmp_path / "nowhere", ID) == (None, [])


def test_of_several_recordings_the_last_one_counts(tmp_path: Path) -> None:
    for k, (name, phase) in enumerate((("2026-01-01_" + ID, "on"), ("2026-01-02_" + ID, "off"))):
        store = RecordingStore(tmp_path / name, fsync=0)
        store.event(Event(time=1.0, code="consent_pause", phase="on", actor="therapist").identified())
        if phase == "off":
            store.event(Event(time=2.0, code="consent_pause", phase="off", actor="therapist").identified())
        store.tick(3.0, 0.0)
        store._release()
        for file in (tmp_path / name).glob("*.xdf"):
            os.utime(file, ns=(k, k))
        expected = [Role.THERAPIST] if phase == "on" else []
        assert paused_before(tmp_path, ID) == (tmp_path / name, expected)


@pytest.mark.parametrize("says", [True, False], ids=["says when it began", "does not"])
def test_a_copy_or_an_erasure_makes_no_recording_the_last(tmp_path: Path, says: bool) -> None:
    """The older one was written to last; both begin on one day, the later one has the longer name."""
    for name, hour, written in (("2026-01-01_" + ID, 9, 20), ("2026-01-01_" + ID + "_2", 14, 10)):
        store = RecordingStore(tmp_path / name, fsync=0)
        store.event(Event(time=1.0, code="consent_pause", phase="on", actor="client").identified())
        if hour == 9:
            store.event(Event(time=2.0, code="consent_pause", phase="off", actor="client").identified())
        store.tick(3.0, 0.0)
        store._release()
        for file in (tmp_path / name).glob("*.xdf"):
            os.utime(file, (written, written))
        started = f'started = "2026-01-01T{hour:02d}:00:00.000+00:00"' if says else 'started = "unknown"'
        (tmp_path / name / "session.toml").write_text(f"[recorded]\n{started}\n")
    last = f"2026-01-01_{ID}_2" if says else f"2026-01-01_{ID}"
    assert paused_before(tmp_path, ID) == (tmp_path / last, [Role.CLIENT] if says else [])


def test_a_stall_is_told_with_its_length(tmp_path: Path) -> None:
    clock = StalledClock()
    outcome = record(SESSION, tmp_path, seconds=6.5, drivers=[SineDriver(clock=clock)], clock=clock, fsync=0)
    (told,) = [i for i in Recording(outcome.path) if isinstance(i, Notice) and "stood still" in i.message]
    assert 4.5 < told.stop - told.start < 5.5
    assert told.message.startswith(f"the recorder stood still for {told.stop - told.start:.1f} s")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP")
def test_a_recorder_that_was_stopped_goes_on_and_says_for_how_long(tmp_path: Path) -> None:
    parent = tmp_path / "out"
    process = child(parent)
    try:
        wait_for(lambda: parent.is_dir() and list(parent.glob("*/session.toml")))
        client = Client.find()
        wait_for(lambda: client.status()["ticks"] > 3)
        process.send_signal(signal.SIGSTOP)
        threading.Event().wait(2.5)  # the stall itself
        process.send_signal(signal.SIGCONT)
        ticks = client.status()["ticks"]
        wait_for(lambda: client.status()["ticks"] > ticks + 3)
        client.stop()
        process.wait(60)
    finally:
        process.kill()
    (path,) = parent.iterdir()
    assert verify(path) == []
    (told,) = [i for i in Recording(path) if isinstance(i, Notice) and "stood still" in i.message]
    assert 2.0 < told.stop - told.start < 10.0
    times = samples(path, Role.CLIENT)
    assert np.diff(times).max() < 0.011  # the driver kept all that came meanwhile


def test_renamed_while_it_grows_it_goes_on_and_is_closed_where_it_is(tmp_path: Path) -> None:
    driver, parent = SineDriver(), tmp_path / "out"
    with recording(driver, parent) as client:
        (path,) = parent.iterdir()
        wait_for(lambda: client.status()["ticks"] > 3)
        follower = Recording(path, follow=True)
        assert follower.poll() is not None
        path.rename(parent / "renamed")
        wait_for(lambda: client.status()["recording"].endswith("renamed"))
        with pytest.raises(RecordingError, match="was renamed, moved or replaced"):
            list(follower.batches())
    assert verify(parent / "renamed") == []
    told = [
        i for i in Recording(parent / "renamed") if isinstance(i, Notice) and "was renamed to" in i.message
    ]
    assert len(told) == 1
    assert len(samples(parent / "renamed", Role.CLIENT)) == driver.sent[Role.CLIENT]


def test_a_follower_never_reads_another_recording_that_takes_the_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with RecordingStore(tmp_path / name, fsync=0) as store:
            store.tick(1.0, 0.0)
    follower = Recording(tmp_path / "a", follow=True)
    (tmp_path / "a").rename(tmp_path / "old")
    (tmp_path / "b").rename(tmp_path / "a")
    with pytest.raises(RecordingError, match="was renamed, moved or replaced"):
        follower.poll()


def test_a_recording_that_is_deleted_while_it_is_followed_has_ended(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.tick(1.0, 0.0)
    follower = Recording(tmp_path / "a", follow=True)
    shutil.rmtree(tmp_path / "a")
    assert follower.poll() is None
    assert follower.ended


def test_two_recorders_on_one_machine_do_not_meet(tmp_path: Path) -> None:
    parents = [tmp_path / "one", tmp_path / "two"]
    processes = [child(parent) for parent in parents]
    try:
        wait_for(lambda: all(p.is_dir() and list(p.glob("*/session.toml")) for p in parents))
        paths = [next(parent.iterdir()) for parent in parents]
        with pytest.raises(ControlError, match="several recorders are running"):
            Client.find()
        clients = [Client.find(path) for path in paths]
        for client, value in zip(clients, (10.0, 20.0), strict=True):
            client.mark(Event(time=math.nan, code="suds", actor="client", value=value))
        clients[0].pause("client")
        assert [c.status()["paused"] for c in clients] == [["client"], []]
        clients[0].resume("client")
        for client, process in zip(clients, processes, strict=True):
            client.stop()
            process.wait(60)
    finally:
        for process in processes:
            process.kill()
    marked = [[i.value for i in Recording(p) if isinstance(i, Event) and i.code == "suds"] for p in paths]
    assert marked == [[10.0], [20.0]]
    assert [verify(p) for p in paths] == [[], []]
