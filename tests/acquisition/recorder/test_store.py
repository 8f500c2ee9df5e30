"""What is on the disk: whole slices, nothing of a paused person, nothing of one person at the other's."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf

from acquisition.errors import RecordingError
from acquisition.event import Event, Notice
from acquisition.recorder.store import RESERVE, RecordingStore
from acquisition.recording import lock
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import PEOPLE, ROLES, Role
from acquisition.xdf import Decoder, Samples, TickMark, load_foreign
from tests.acquisition.simulated import ECG, EDA, MARKERS, RR, STREAMS, abandon, content, fill, record, values

RNG = np.random.default_rng(8)
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


def undated(data: bytes) -> bytes:
    """Return a file without the date in its header, and without what depends on it: the CRC of slice 0."""
    at = data.index(b"<datetime>") + len(b"<datetime>")
    first = next(t.stop for t in Decoder().feed(data) if isinstance(t, TickMark))
    return data[:at] + data[at + 25 : first - 16] + data[first - 8 :]


def read(path: Path) -> dict[str, Any]:
    return content(Recording(path).batches())


def test_all_files_have_the_same_ticks(tmp_path: Path) -> None:
    record(tmp_path / "a")
    ticks = []
    for role in ROLES:
        decoder, got = Decoder(), []
        for item in decoder.feed((tmp_path / "a" / f"{role}.xdf").read_bytes()):
            if isinstance(item, Samples):
                assert item.stream.id != 1
            elif isinstance(item, TickMark):
                got.append((item.number, item.time, item.wall, item.intact))
        ticks.append(got)
        assert decoder.closed
    assert ticks[0] == ticks[1] == ticks[2]
    assert [t[0] for t in ticks[0]] == list(range(150))


@posix
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        record(tmp_path / "a")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    for file in (tmp_path / "a").iterdir():
        if file.name != "session.toml":  # not the store's
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_the_lock_is_held_from_before_the_first_file_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    seen = []
    opened = os.open

    def watching(name: Any, *args: Any, **options: Any) -> int:
        if str(name).endswith(".xdf"):
            seen.append(lock.held(path))
        return opened(name, *args, **options)

    monkeypatch.setattr("acquisition.xdf.writer.os.open", watching)
    store = RecordingStore(path, fsync=0)
    monkeypatch.undo()
    assert seen == [True] * 3
    assert lock.held(path)
    store.close()
    assert not lock.held(path)


def test_a_recording_is_never_reopened(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0), pytest.raises(RecordingError, match="never reopened"):
        RecordingStore(tmp_path / "a", fsync=0)
    with pytest.raises(RecordingError, match="never reopened"):
        RecordingStore(tmp_path / "a", fsync=0)
    (tmp_path / "a" / "recorder.lock").unlink()
    with pytest.raises(RecordingError, match=r"client\.xdf.*never reopened"):
        RecordingStore(tmp_path / "a", fsync=0)


def test_an_unmakeable_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="file"):
        RecordingStore(tmp_path / "file" / "a", fsync=0)


def test_two_streams_of_one_name_are_refused_and_a_second_opening_is_not(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.open_stream(ECG)
        store.open_stream(replace(ECG, metadata={"battery": "80"}))
        with pytest.raises(RecordingError, match="named 'ECG'"):
            store.open_stream(replace(ECG, channels=("one",)))
        store.tick(0.0, 0.0)
    assert len(load_foreign(tmp_path / "a" / "client.xdf")) == 1


def test_nothing_of_one_person_is_in_the_files_of_the_others(tmp_path: Path) -> None:
    record(tmp_path / "a", n_ticks=300)
    roles: dict[Role, set[Role]] = {}
    for role in ROLES:
        infos = [s.info for s in load_foreign(tmp_path / "a" / f"{role}.xdf")]
        text = (tmp_path / "a" / f"{role}.xdf").read_bytes()
        roles[role] = {r for r in ROLES if f"<role>{r}</role>".encode() in text}
        assert infos
        for other in set(PEOPLE) - {role}:
            assert f'"actor": "{other}"'.encode() not in text
    assert roles == {role: {role} for role in ROLES}


def test_one_persons_data_do_not_change_a_byte_of_the_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, with_client in (("a", True), ("b", False)):
        with RecordingStore(tmp_path / name, fsync=0) as store:
            rng = np.random.default_rng(5)
            for k in range(200):
                now = k / 10
                store.samples(EDA, np.array([now]), values(EDA, 1, rng))
                store.event(Event(time=now, code="session_start", actor="system", id="1"))
                if with_client:
                    store.samples(ECG, np.array([now]), values(ECG, 1, np.random.default_rng(k)))
                    store.event(Event(time=now, code="now_moment", actor="client", id="2"))
                    store.notice(Notice(time=now, kind="gap", role=Role.CLIENT))
                store.tick(now, 0.0)
    for name in ("therapist.xdf", "dyad.xdf"):
        a, b = ((tmp_path / d / name).read_bytes() for d in "ab")
        assert undated(a) == undated(b)
    assert (tmp_path / "a" / "client.xdf").stat().st_size > (tmp_path / "b" / "client.xdf").stat().st_size


def test_a_paused_persons_file_gets_ticks_and_boundaries_only(tmp_path: Path) -> None:
    """Byte by byte: what the paused file got is what a store gets that is asked to store nothing."""
    for name, paused in (("a", True), ("b", False)):
        with RecordingStore(tmp_path / name, fsync=0) as store:
            rng = np.random.default_rng(2)
            times = np.arange(3.0)
            store.samples(ECG, times, values(ECG, 3, rng))
            store.event(Event(time=3.0, code="consent_pause", phase="on", actor="client", id="p"))
            store.tick(3.0, 0.0)
            if paused:
                store.paused(Role.CLIENT)
            for k in range(250):
                now = 3.1 + k / 10
                if paused:
                    store.open_stream(RR)
                    store.samples(ECG, now + times, values(ECG, 3, rng))
                    store.samples(RR, now + times, values(RR, 3, rng))
                    store.offset(ECG, now, 0.5)
                    store.event(Event(time=now, code="now_moment", actor="client", id="n"))
                    store.notice(Notice(time=now, kind="gap", role=Role.CLIENT))
                store.tick(now, 0.0)
            assert store.refused == (5 * 250 if paused else 0)
            store.paused(Role.CLIENT, on=False)
            store.event(Event(time=40.0, code="consent_pause", phase="off", actor="client", id="q"))
            store.tick(40.0, 0.0)
    a, b = ((tmp_path / d / "client.xdf").read_bytes() for d in "ab")
    (resumed,) = [t.start for t in Decoder().feed(b) if isinstance(t, TickMark) and t.number == 251]
    assert undated(a[:resumed]) == undated(b[:resumed])
    assert b"<name>RR" in a[resumed:]  # what was opened meanwhile
    assert a[resumed:].count(b'"phase": "off"') == 1


def test_the_partner_goes_on_during_a_pause_and_both_events_are_kept(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.paused(Role.CLIENT)
        store.event(Event(time=0.0, code="consent_pause", phase="on", actor="client"))
        store.samples(ECG, np.array([0.0]), values(ECG, 1, RNG))
        store.samples(EDA, np.array([0.0]), values(EDA, 1, RNG))
        store.offset(ECG, 0.0, 0.25)
        store.tick(0.1, 0.0)
        store.event(Event(time=1.0, code="consent_pause", phase="off", actor="client"))
        store.paused(Role.CLIENT, on=False)
        store.samples(ECG, np.array([1.0]), values(ECG, 1, RNG))
        store.tick(1.1, 0.0)
    got = read(tmp_path / "a")
    assert got["streams"][EDA.key]["times"] == [0.0]
    assert got["streams"][ECG.key]["times"] == [1.0]
    assert got["streams"][ECG.key]["offsets"] == [(0, 0.25)]  # measured in the pause, about a clock
    assert [e.phase for _, e in got["events"]] == ["on", "off"]


def test_an_offset_comes_before_the_first_sample(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.samples(ECG, np.array([5.0]), values(ECG, 1, RNG))
        store.offset(EDA, 4.0, 0.125)
        store.samples(EDA, np.array([5.0]), values(EDA, 1, RNG))
        store.tick(6.0, 0.0)
    got = read(tmp_path / "a")["streams"]
    assert got[ECG.key]["offsets"] == [(0, 0.0)]
    assert got[EDA.key]["offsets"] == [(0, 0.125)]


def test_a_boundary_follows_a_tick_every_ten_seconds(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        for k in range(-120, 350):
            store.tick(k / 10, 0.0)
    raw = (tmp_path / "a" / "dyad.xdf").read_bytes()
    ticks = [t for t in Decoder().feed(raw) if isinstance(t, TickMark)]
    uuid = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")
    with_boundary = [t.time for t in ticks if raw[t.stop + 4 : t.stop + 20] == uuid]
    assert with_boundary == [-12.0, -2.0, 8.0, 18.0, 28.0]
    assert raw.count(uuid) == 5


def test_bulk_writing_gives_the_same_bytes_in_fewer_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = os.write

    def counting(fd: int, data: memoryview) -> int:
        written.append(len(data))
        return write(fd, data)

    monkeypatch.setattr("acquisition.xdf.writer.os.write", counting)
    counts = []
    for name, bulk in (("a", False), ("b", True)):
        written.clear()
        with RecordingStore(tmp_path / name, fsync=0) as store:
            if bulk:
                with store.bulk():
                    fill(store, 100, np.random.default_rng(1))
            else:
                fill(store, 100, np.random.default_rng(1))
        counts.append(len(written))
    assert counts == [1 + 3 + 300 + 3, 1 + 3 + 3 + 3]  # lock, heads, slices, footers
    for role in ROLES:
        a, b = ((tmp_path / d / f"{role}.xdf").read_bytes() for d in "ab")
        assert undated(a) == undated(b)


@contextmanager
def failing_write(
    monkeypatch: pytest.MonkeyPatch, n: int, *, partial: bool, error: type[BaseException] = OSError
) -> Iterator[list[int]]:
    """Let the n-th write fail from now on, after a part of it if `partial`; yield the calls made."""
    calls: list[int] = []
    write = os.write

    def failing(fd: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) == n and partial:
            return write(fd, data[: len(data) // 2])
        if len(calls) >= n:
            raise error(28, "No space left on device") if error is OSError else error()
        return write(fd, data)

    with monkeypatch.context() as patch:
        patch.setattr("acquisition.xdf.writer.os.write", failing)
        yield calls


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("partial", [True, False])
def test_a_refused_write_cuts_every_file_back_to_the_slice_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, partial: bool
) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    fill(store, 20, np.random.default_rng(3))
    sizes = {role: (tmp_path / "a" / f"{role}.xdf").stat().st_size for role in ROLES}
    assert store.sizes == sizes
    store.samples(ECG, np.array([50.0]), values(ECG, 1, RNG))
    name = f"{ROLES[n - 1]}.xdf"
    with failing_write(monkeypatch, n, partial=partial) as calls:
        with pytest.raises(RecordingError, match=rf"{name}: No space left on device"):
            store.tick(50.0, 0.0)
        assert len(calls) == n + partial  # the fault was injected
    assert {role: (tmp_path / "a" / f"{role}.xdf").stat().st_size for role in ROLES} == sizes
    assert (tmp_path / "a" / "recorder.lock").stat().st_size < RESERVE  # given back
    store.event(Event(time=51.0, code="disk", actor="system"))
    store.tick(51.0, 0.0)  # space again: nothing is lost
    store.close()
    got = read(tmp_path / "a")
    assert [t[0] for t in got["ticks"]] == list(range(22))
    assert got["streams"][ECG.key]["times"][-1] == 50.0
    assert verify(tmp_path / "a") == []


def test_an_interrupt_inside_a_write_leaves_whole_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    store.tick(0.0, 0.0)
    with (
        failing_write(monkeypatch, 2, partial=True, error=KeyboardInterrupt) as calls,
        pytest.raises(KeyboardInterrupt),
    ):
        store.tick(1.0, 0.0)
    assert len(calls) == 3
    store.close()
    assert [t[0] for t in read(tmp_path / "a")["ticks"]] == [0, 1]
    assert verify(tmp_path / "a") == []


def test_a_close_that_the_disk_refuses_leaves_whole_slices_and_frees_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    fill(store, 5, np.random.default_rng(3))
    before = read(tmp_path / "a")
    with (
        failing_write(monkeypatch, 2, partial=True),
        pytest.raises(RecordingError, match=r"therapist\.xdf: No space"),
    ):
        store.close()
    recording = Recording(tmp_path / "a")
    assert recording.state == "cut"
    assert content(recording.batches()) == before
    assert recording.damage == []


@pytest.mark.realtime
def test_a_failing_fsync_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("acquisition.recording.fsync.sync_file", refuse)
    store = RecordingStore(tmp_path / "a", fsync=0.005)
    deadline = time.monotonic() + 20

    def tick_until_told() -> None:
        while time.monotonic() < deadline:
            store.tick(time.monotonic(), 0.0)

    with pytest.raises(RecordingError, match=r"dyad\.xdf|therapist\.xdf|client\.xdf.*fsync"):
        tick_until_told()
    monkeypatch.undo()
    store.close()


_FULL = """
import sys, numpy as np
from pathlib import Path
from acquisition.errors import RecordingError
from acquisition.recorder.store import RecordingStore
from tests.acquisition.simulated import ECG, EDA
if sys.argv[2] != "0":
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
store = RecordingStore(Path(sys.argv[1]), fsync=0)
try:
    for k in range(100_000):
        for info, n in ((ECG, 20), (EDA, 15)):
            store.samples(info, np.arange(n) / n + k, np.zeros((n, len(info.channels))))
        store.tick(float(k), 0.0)
except RecordingError as error:
    print(k, error)
try:
    store.close()
    print("closed")
except RecordingError as error:
    print("not closed:", error)
"""


def fill_up(path: Path, limit: int) -> list[str]:
    """Record until the disk or the limit on file sizes ends it; return what the recorder printed."""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=120,
    )
    return done.stdout.splitlines()


@posix
def test_a_limit_on_file_sizes_leaves_whole_slices(tmp_path: Path) -> None:
    """The kernel then takes part of a write and refuses the rest, as it does when a disk fills."""
    failed, ended = fill_up(tmp_path / "a", 70_000)
    number, message = failed.split(" ", 1)
    assert "client.xdf: File too large" in message
    assert ended.startswith("not closed")
    recording = Recording(tmp_path / "a")
    got = content(recording.batches())
    assert [t[0] for t in got["ticks"]] == list(range(int(number)))
    assert recording.damage == []
    assert recording.state == "cut"


@posix
def test_a_full_disk_still_closes_the_recording(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        failed, ended = fill_up(disk / "a", 0)
        number, message = failed.split(" ", 1)
        assert "No space left on device" in message
        assert ended == "closed"  # with the bytes kept back
        recording = Recording(disk / "a")
        assert [t[0] for t in content(recording.batches())["ticks"]] == list(range(int(number) + 1))
        assert recording.state == "closed"
        assert verify(disk / "a") == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.realtime
@pytest.mark.slow
@posix
def test_a_killed_recorder_loses_little_and_leaves_files_that_load(tmp_path: Path) -> None:
    rng = random.Random(4)
    root = Path(__file__).resolve().parents[3]
    for run in range(3):
        path = tmp_path / str(run)
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.acquisition.recording_child", str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )
        assert child.stdout is not None
        with child, child.stdout:
            assert child.stdout.readline() == "ready\n"
            recording = Recording(path, follow=True)
            until = time.monotonic() + rng.uniform(0.3, 1.0)
            while time.monotonic() < until:
                recording.poll()
            assert Recording(path).state == "growing"
            killed = time.monotonic()
            child.kill()
        assert recording.state == "cut"
        got = content(Recording(path).batches())
        for role in PEOPLE:
            lost = killed - got["streams"][role, "ecg"]["times"][-1]
            assert lost < 0.3 + 0.7  # the machine may be busy; benchmarks/recording.py gives the figure
        for role in ROLES:
            assert pyxdf.load_xdf(path / f"{role}.xdf")[0]


def test_foreign_markers_stay_in_the_file_of_the_dyad(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.samples(MARKERS, np.array([1.0]), np.array([["x", "y"]], object))
        store.tick(1.0, 0.0)
    assert [s.header.name for s in load_foreign(tmp_path / "a" / "dyad.xdf")] == [MARKERS.name]
    assert load_foreign(tmp_path / "a" / "client.xdf") == []


def test_a_closed_store_takes_no_more_ticks(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.tick(0.0, 0.0)
    store.close()
    with pytest.raises(RecordingError, match="was closed"):
        store.tick(1.0, 0.0)
    assert verify(tmp_path / "a") == []


def test_an_abandoned_store_frees_the_lock(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    store.open_stream(STREAMS[0])
    abandon(store)
    assert not lock.held(tmp_path / "a")
