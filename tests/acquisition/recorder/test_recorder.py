from __future__ import annotations

import errno
import math
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers import Drained
from acquisition.errors import ControlError, RecordingError, SessionError
from acquisition.event import Event, Notice, Phase, Value
from acquisition.events.intervals import Intervals
from acquisition.events.overlay import effective
from acquisition.lsl.clock import local_clock
from acquisition.recorder.begin import open_drivers, record, recording_directory
from acquisition.recorder.control import Client
from acquisition.recorder.listener import Listener
from acquisition.recorder.recorder import Outcome
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.session.session import Session
from acquisition.session.toml import load_session
from acquisition.stream import Chunk, ClockOffset, Modality, Role
from acquisition.tick import Tick
from tests.acquisition.sine_driver import SESSION, SineDriver, info
from tests.waiting import wait_for
from viewer.model.markers import markers

pytestmark = pytest.mark.realtime

SECRET = 1234.5677490234375
"""A float32 that no sine sends."""
SECRET_BYTES = struct.pack("<f", SECRET)


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


class Ears(Listener):
    """Keep what the recorder says."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notices: list[Notice] = []

    def problem(self, line: str) -> None:
        self.problems.append(line)

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)


@contextmanager
def recording(driver: SineDriver, parent: Path, session: Session = SESSION) -> Iterator[Client]:
    """Record in a thread until the block ends."""
    stop, failures = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            record(session, parent, drivers=[driver], stop=stop, fsync=0, opening=0.3)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_for(lambda: failures or (parent.is_dir() and list(parent.glob("*/session.toml"))))
        yield Client.find()
    finally:
        stop.set()
        thread.join(90)
        assert not failures, failures


def items_of(outcome: Outcome | Path) -> list[object]:
    path = outcome if isinstance(outcome, Path) else outcome.path
    return list(Recording(path))


def events_of(path: Path) -> list[Event]:
    return [i for i in items_of(path) if isinstance(i, Event)]


def test_a_recording_holds_every_sample_and_says_so(tmp_path: Path) -> None:
    driver = SineDriver()
    outcome = record(SESSION, tmp_path, seconds=0.6, drivers=[driver])
    assert driver.stopped == 1
    items = items_of(outcome)
    ticks = [i for i in items if isinstance(i, Tick)]
    assert len(ticks) == outcome.ticks >= 6
    for role in (Role.CLIENT, Role.THERAPIST):
        chunks = [i for i in items if isinstance(i, Chunk) and i.info.role is role]
        times = np.concatenate([c.times for c in chunks])
        assert len(times) == driver.sent[role]
        np.testing.assert_array_equal(
            np.concatenate([c.samples[:, 0] for c in chunks]), np.sin(times).astype("f4")
        )
    assert Recording(outcome.path).state == "closed"


def test_the_recording_says_what_was_resolved(tmp_path: Path) -> None:
    driver = SineDriver()
    outcome = record(SESSION, tmp_path, seconds=0.2, drivers=[driver])
    recorded = load_session(outcome.path / "session.toml").recorded
    assert recorded is not None
    assert list(recorded.streams) == driver.infos
    assert recorded.vocabulary.startswith("sha256:")
    assert recorded.versions["attunement"]
    assert (outcome.path / "session.toml").stat().st_mode & 0o077 == 0


def test_directories_are_numbered() -> None:
    parent, wall = Path("/not/there"), 1795305600.0
    assert recording_directory(parent, "D07_S03", wall).name.endswith("_D07_S03")


def test_a_second_recording_of_a_session_gets_its_own_directory(tmp_path: Path) -> None:
    first, second = (record(SESSION, tmp_path, seconds=0.1, drivers=[SineDriver()]).path for _ in range(2))
    assert second.name == f"{first.name}_2"


def test_ticks_do_not_drift(tmp_path: Path) -> None:
    outcome = record(SESSION, tmp_path, seconds=2.0, drivers=[SineDriver()])
    times = np.array([i.time for i in items_of(outcome) if isinstance(i, Tick)])[:-1]
    assert len(times) == 20
    phase = times - times[0] - 0.1 * np.arange(20)
    assert (
        phase.min() >= 0
    )  # a cycle may begin late on a busy machine, never early, and does not push the next
    assert np.median(phase) < 0.05


class StalledClock:
    """Jump once by five seconds, as a machine that stalls."""

    def __init__(self) -> None:
        self.at = local_clock() + 0.5

    def __call__(self) -> float:
        now = local_clock()
        return now if now < self.at else now + 5.0


def test_a_stall_drops_no_sample_and_is_not_made_up_for_by_a_burst_of_ticks(tmp_path: Path) -> None:
    clock = StalledClock()
    driver = SineDriver(clock=clock)
    outcome = record(SESSION, tmp_path, seconds=6.5, drivers=[driver], clock=clock)
    items = items_of(outcome)
    times = np.array([i.time for i in items if isinstance(i, Tick)])
    assert np.diff(times).max() > 4.9
    assert len(times) < 30
    client = [i.times for i in items if isinstance(i, Chunk) and i.info.role is Role.CLIENT]
    assert np.diff(np.concatenate(client)).max() < 0.011


def test_a_stream_that_is_not_there_is_told_and_recorded_once_it_is(tmp_path: Path) -> None:
    client, late = info(Role.CLIENT), replace(info(Role.THERAPIST), sfreq=math.nan, channels=())
    driver, ears = SineDriver(client, late), Ears()
    driver.open = False
    driver.mute.add(Role.THERAPIST)
    stop = threading.Event()
    done: list[Outcome] = []
    thread = threading.Thread(
        target=lambda: done.append(
            record(SESSION, tmp_path, drivers=[driver], stop=stop, listener=ears, opening=0.2)
        )
    )
    driver.infos[1] = late
    driver._next[late.key] = 0
    driver.infos = [client]
    driver.streams = lambda: [client, late]  # type: ignore[method-assign]
    thread.start()
    wait_for(lambda: ears.problems)
    assert ears.problems == ["therapist ECG: not open; not there after 0.2 s, the search goes on"]
    found = info(Role.THERAPIST)
    driver.extra.append(Chunk(found, np.array([local_clock()]), np.array([[1.0]], np.float32)))
    wait_for(lambda: not driver.extra)
    stop.set()
    thread.join(90)
    [chunk] = [i for i in items_of(done[0]) if isinstance(i, Chunk) and i.info.role is Role.THERAPIST]
    assert chunk.samples[0, 0] == 1.0
    recorded = load_session(done[0].path / "session.toml").recorded
    assert recorded is not None
    assert math.isnan(recorded.streams[1].sfreq)


def test_a_stream_without_consent_is_not_recorded_whatever_a_driver_sends(tmp_path: Path) -> None:
    voice = info(Role.CLIENT, Modality.VOICE, 10.0)
    driver, ears = SineDriver(info(Role.CLIENT), voice), Ears()
    outcome = record(SESSION, tmp_path, seconds=0.3, drivers=[driver], listener=ears)
    assert ears.problems == ["client VOICE: not recorded: [client] consent.voice must be true"]
    assert {i.info.modality for i in items_of(outcome) if isinstance(i, Chunk)} == {Modality.ECG}
    assert b"VOICE" not in (outcome.path / "client.xdf").read_bytes()


def test_no_byte_of_a_paused_person_is_stored(tmp_path: Path) -> None:
    driver = SineDriver()
    parent = tmp_path / "out"
    with recording(driver, parent) as client:
        wait_for(lambda: driver.sent.get(Role.CLIENT, 0) > 20)
        client.pause("client")
        [path] = parent.iterdir()
        driver.value = {Role.CLIENT: SECRET, Role.THERAPIST: SECRET}
        before = driver.sent[Role.CLIENT]
        wait_for(lambda: driver.sent[Role.CLIENT] > before + 50)
        driver.extra.append(ClockOffset(driver.infos[0], SECRET, 0.0))
        driver.extra.append(Notice(time=1.0, kind="health", role=Role.CLIENT, message="SECRET"))
        with pytest.raises(ControlError, match="the client is paused"):
            client.mark(Event(time=local_clock(), code="suds", actor="client", value=70.0))
        wait_for(lambda: not driver.extra)
        driver.mute.add(Role.CLIENT)  # what is stamped after the resume is theirs to keep again
        ticks = client.status()["ticks"]
        wait_for(lambda: client.status()["ticks"] > ticks + 1)
        held = Chunk(driver.infos[0], np.array([local_clock()]), np.array([[SECRET]], np.float32))
        resumed = client.resume("client")["event"]["time"]
        driver.value = {}
        driver.mute.clear()
        driver.extra.append(held)  # stamped before the resume, delivered after it
        after = driver.sent[Role.CLIENT]
        wait_for(lambda: not driver.extra and driver.sent[Role.CLIENT] > after + 20)
    assert SECRET_BYTES in (path / "therapist.xdf").read_bytes()  # so it was sent
    data = (path / "client.xdf").read_bytes()
    assert SECRET_BYTES not in data
    assert b"SECRET" not in data
    events = events_of(path)
    on, off = (e for e in events if e.code == "consent_pause")
    assert (on.phase, off.phase, off.ref, on.actor) == ("on", "off", on.id, "client")
    chunks = [i for i in Recording(path) if isinstance(i, Chunk) and i.info.role is Role.CLIENT]
    times = np.concatenate([c.times for c in chunks])
    assert not ((times > on.time) & (times < resumed)).any()
    assert (times > resumed).any()


def test_during_a_pause_a_file_gets_only_ticks(tmp_path: Path) -> None:
    driver = SineDriver()
    with recording(driver, tmp_path / "out") as client:
        client.pause("client")
        [path] = (tmp_path / "out").iterdir()
        file = path / "client.xdf"
        begin = client.status()["ticks"] + 2  # the slice of the pause itself is written by then
        wait_for(lambda: client.status()["ticks"] >= begin)
        size = file.stat().st_size
        wait_for(lambda: client.status()["ticks"] >= begin + 20)
        grown = file.stat().st_size - size
        ticks = client.status()["ticks"] - begin  # those of the file, or more
    assert grown < (ticks + 5) * 80  # a tick takes some 55 bytes; its 10 samples would be 130 more


def test_the_clock_offset_measured_in_a_pause_holds_after_it(tmp_path: Path) -> None:
    driver = SineDriver()
    with recording(driver, tmp_path / "out") as client:
        wait_for(lambda: driver.sent.get(Role.CLIENT, 0) > 10)
        client.pause("client")
        driver.extra.append(ClockOffset(driver.infos[0], 5.0, 0.25))
        wait_for(lambda: not driver.extra)
        client.resume("client")
        sent = driver.sent[Role.CLIENT]
        wait_for(lambda: driver.sent[Role.CLIENT] > sent + 50)
    [path] = (tmp_path / "out").iterdir()
    offsets = [i.value for i in Recording(path) if isinstance(i, ClockOffset) and i.info.role is Role.CLIENT]
    assert offsets[-1] == 0.25


def test_marks_land_in_the_file_of_their_actor_and_open_intervals_end_censored(tmp_path: Path) -> None:
    with recording(SineDriver(), tmp_path / "out") as client:
        stamp = local_clock()
        first = client.mark(Event(time=stamp, code="suds", actor="client", value=30.0, source="key"))
        client.mark(Event(time=stamp, code="segment", actor="tech", value="opening", source="key"))
        client.mark(Event(time=stamp, code="now_moment", source="key"))
        void = client.undo()
        assert client.status()["open"][0]["code"] == "segment"
    [path] = (tmp_path / "out").iterdir()
    assert first.id.encode() in (path / "client.xdf").read_bytes()
    assert first.id.encode() not in (path / "dyad.xdf").read_bytes()
    events = {(e.code, e.phase): e for e in events_of(path)}
    assert events["suds", "point"].time == stamp
    assert events["now_moment", "void"].ref == void.ref
    assert events["segment", "off"].note == "censored"


@pytest.mark.parametrize(("code", "phase", "value"), [("segment", "on", "work"), ("suds", "point", 40.0)])
def test_a_press_is_stored_before_its_value_and_takes_its_place_with_it(
    tmp_path: Path, code: str, phase: Phase, value: Value
) -> None:
    with recording(SineDriver(), tmp_path / "out") as client:
        actor = "tech" if code == "segment" else "client"
        # Half a minute ago: a value may take its time.
        press = Event(time=local_clock() - 30.0, code=code, phase=phase, actor=actor, source="key", id="a")
        assert client.mark(press).value is None
        client.mark(replace(press, id="b", ref="a", value=value))
        is_open = [e["id"] for e in client.status()["open"]]
    [path] = (tmp_path / "out").iterdir()
    mine = [e for e in events_of(path) if e.code == code]
    assert [(e.phase, e.id) for e in mine if e.id == "a"] == [(phase, "a")]
    assert [e.ref for e in mine if e.phase == "void"] == ["a"]
    begun = [e for e in effective(mine) if e.phase != "off"]
    assert [(e.id, e.time, e.value) for e in begun] == [("b", press.time, value)]
    assert is_open == (["b"] if phase == "on" else [])
    shown = markers(Intervals(mine), 0.0, frozenset())
    assert len(shown) == 1


def test_commands_are_refused_with_the_reason(tmp_path: Path) -> None:
    faults: list[tuple[str, dict[str, object], str]] = [
        ("mark", {"code": "segmnt"}, "near: segment"),
        ("mark", {"code": "consent_pause", "actor": "dyad"}, "a pause is of client or therapist"),
        ("pause", {"role": "dyad"}, "role = 'dyad': must be one of client, therapist"),
        ("resume", {"role": "client"}, "the client is not paused"),
        ("fly", {}, "no command 'fly'"),
        ("undo", {"id": 3}, "id: must be text"),
    ]
    with recording(SineDriver(), tmp_path / "out") as client:
        for command, fields, why in faults:
            with pytest.raises(ControlError, match=why):
                client.call(command, **fields)


def test_a_driver_that_breaks_loses_only_its_own_streams(tmp_path: Path) -> None:
    ears, broken = Ears(), threading.Event()

    class Breaking(SineDriver):
        def drain(self) -> list[Drained]:
            if self.sent.get(Role.THERAPIST, 0) > 10:
                broken.set()
                raise ValueError("bad packet")
            return super().drain()

    good, bad = SineDriver(info(Role.CLIENT)), Breaking(info(Role.THERAPIST))
    outcome = record(SESSION, tmp_path, seconds=1.0, drivers=[good, bad], listener=ears)
    assert broken.is_set()
    [lost] = [n for n in ears.notices if n.kind == "lost"]
    assert (lost.role, lost.message) == (Role.THERAPIST, "driver failed: ValueError: bad packet")
    assert good.sent[Role.CLIENT] > 90
    assert Recording(outcome.path).state == "closed"


def test_a_disk_that_fills_ends_in_closed_files_that_say_so(tmp_path: Path) -> None:
    room = iter([1e9, 1e9, 1e9, 1e6])
    outcome = record(SESSION, tmp_path, seconds=30, drivers=[SineDriver()], free=lambda _: next(room, 1e6))
    assert "MB free on the disk" in outcome.ended
    assert outcome.ticks < 100
    assert Recording(outcome.path).state == "closed"
    [notice] = [i for i in Recording(outcome.path) if isinstance(i, Notice) and i.kind == "ended"]
    assert notice.message == outcome.ended
    (finding,) = verify(outcome.path)
    assert (finding.problem, finding.message) == ("ended", outcome.ended)


def test_a_write_that_fails_ends_in_closed_files_without_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, tick, failed = SineDriver(), RecordingStore.tick, list[int]()

    def full_once(self: RecordingStore, time: float, wall: float) -> None:
        tick(self, time, wall)
        if self.number == 5:
            failed.append(self.number)
            raise RecordingError(f"client.xdf: {os.strerror(errno.ENOSPC)}")

    monkeypatch.setattr(RecordingStore, "tick", full_once)
    outcome = record(SESSION, tmp_path, seconds=30, drivers=[driver])
    assert failed
    assert "No space left" in outcome.ended
    assert Recording(outcome.path).state == "closed"
    times = [i.times for i in Recording(outcome.path) if isinstance(i, Chunk) and i.info.role is Role.CLIENT]
    assert len(np.concatenate(times)) == driver.sent[Role.CLIENT]


def test_no_recording_starts_without_room(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="5 MB free on the disk"):
        record(SESSION, tmp_path / "out", drivers=[SineDriver()], free=lambda _: 5.0 * 2**20)
    assert not (tmp_path / "out").exists()


def test_a_session_with_nothing_to_open_is_refused() -> None:
    with pytest.raises(SessionError, match=r"\[\[device\]\]: missing"):
        open_drivers(SESSION)


def start_process(parent: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acquisition.sine_driver", str(parent)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: list(parent.glob("*/session.toml")))
    [path] = parent.iterdir()
    wait_for(lambda: (path / "client.xdf").stat().st_size > 8000)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_files(tmp_path: Path, number: int) -> None:
    process = start_process(tmp_path / "out")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    [path] = (tmp_path / "out").iterdir()
    assert Recording(path).state == "closed"


def test_a_kill_loses_less_than_a_second(tmp_path: Path) -> None:
    process = start_process(tmp_path / "out")
    killed = local_clock()
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    [path] = (tmp_path / "out").iterdir()
    found = Recording(path)
    assert found.state == "cut"
    last = max(float(i.times[-1]) for i in found if isinstance(i, Chunk))
    assert killed - last < 1.0
    with pytest.raises(ControlError, match="no recorder is running"):
        Client.find()
