"""A recording reads the same while it grows and afterwards, whatever became of its files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.batch import Batch, Gatherer, gather
from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.recorder.store import RecordingStore
from acquisition.recording import lock
from acquisition.recording.recording import Recording
from acquisition.stream import ROLES, Role
from acquisition.tick import Tick
from tests.acquisition.simulated import (
    ECG,
    EDA,
    MARKERS,
    STREAMS,
    T0,
    abandon,
    content,
    record,
    values,
    write_session,
)

NAMES = [f"{role}.xdf" for role in ROLES]
modest = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("r") / "a", seed=3, n_ticks=400)


def follow(files: dict[str, bytes], work: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Let files grow by random pieces under a recorder's lock, looking now and then; return what was seen."""
    work.mkdir()
    held = lock.acquire(work)
    write_session(work)
    recording = Recording(work, follow=True)
    batches, sizes = [], dict.fromkeys(files, 0)
    longest = int(rng.choice([3, 60, 700, 9000]))
    while any(sizes[name] < len(data) for name, data in files.items()):
        name = str(rng.choice([n for n in files if sizes[n] < len(files[n])]))
        step = int(rng.integers(1, longest)) if rng.random() < 0.9 else 9000
        with open(work / name, "ab") as file:
            file.write(files[name][sizes[name] : sizes[name] + step])
        sizes[name] += step
        if rng.random() < 0.3:
            batches.append(recording.poll(int(rng.integers(1, 200))))
    lock.release(held)
    batches += recording.batches(int(rng.integers(1, 200)))
    assert recording.ended
    return content(b for b in batches if b is not None)


@modest
@given(seed=seeds, growth=seeds, closed=st.booleans())
def test_following_a_growing_recording_equals_reading_it_afterwards(
    seed: int, growth: int, closed: bool
) -> None:
    with scratch() as d:
        record(d / "a", seed=seed, n_ticks=120, close=closed)
        files = {name: (d / "a" / name).read_bytes() for name in NAMES}
        first = content(Recording(d / "a").batches())
        assert len(first["ticks"]) == 120
        assert first["streams"]
        assert follow(files, d / "b", np.random.default_rng(growth)) == first


@modest
@given(seed=seeds, growth=seeds, shares=st.tuples(*[st.floats(0, 1)] * 3), flip=st.booleans())
def test_a_cut_or_damaged_recording_reads_the_same_live_and_afterwards(
    seed: int, growth: int, shares: tuple[float, ...], flip: bool
) -> None:
    rng = np.random.default_rng(growth)
    with scratch() as d:
        record(d / "a", seed=seed, n_ticks=250)
        files = {}
        for name, share in zip(NAMES, shares, strict=True):
            data = bytearray((d / "a" / name).read_bytes())
            if flip:
                at = int(share * (len(data) - 200))
                data[at : at + 150] = rng.bytes(150)
            else:
                del data[int(share * len(data)) :]
            files[name] = bytes(data)
            (d / "a" / name).write_bytes(data)
        recording = Recording(d / "a")
        first = content(recording.batches())
        assert recording.damage or not flip
        assert follow(files, d / "b", rng) == first


@pytest.fixture(scope="module")
def read_at_once(recorded: Path) -> dict[str, Any]:
    return content(Recording(recorded).batches())


@modest
@given(sizes=st.lists(st.integers(1, 90), min_size=1, max_size=8))
def test_any_cut_into_batches_gives_the_same(
    recorded: Path, read_at_once: dict[str, Any], sizes: list[int]
) -> None:
    recording = Recording(recorded)
    batches: list[Batch | None] = []
    while not recording.ended:
        batches.append(recording.poll(sizes[len(batches) % len(sizes)]))
    assert content(b for b in batches if b is not None) == read_at_once


def test_the_items_of_a_recording_gather_to_its_batches(recorded: Path, read_at_once: dict[str, Any]) -> None:
    assert content(gather(Recording(recorded), n_ticks=37)) == read_at_once


def test_items_come_slice_by_slice_and_persons_before_the_dyad(recorded: Path) -> None:
    order: list[int] = []
    gatherer = Gatherer()
    for item in Recording(recorded):
        gatherer.add(item)
        if isinstance(item, Tick):
            assert item.number == gatherer.n_ticks - 1
            assert order == sorted(order)
            order = []
        elif hasattr(item, "info"):
            order.append(ROLES.index(item.info.role))
    assert gatherer.n_ticks == 400


def test_what_is_read_is_what_was_stored(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stored: dict[Any, list[Any]] = {info.key: [] for info in STREAMS}
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        for k in range(50):
            for info in STREAMS:
                times, samples = T0 + k + np.arange(k % 3) / 10, values(info, k % 3, rng)
                store.samples(info, times, samples)
                stored[info.key] += zip(times.tolist(), samples.tolist(), [k] * len(times), strict=True)
            store.tick(T0 + k, 1e9 + k)
    recording = Recording(tmp_path / "a")
    got = content(recording.batches())
    for key, rows in stored.items():
        of = got["streams"][key]
        assert list(zip(of["times"], of["samples"], of["slices"], strict=True)) == rows
        assert of["offsets"] == [(0, 0.0)]
    assert got["ticks"] == [(k, T0 + k, 1e9 + k) for k in range(50)]


def test_stream_infos_survive_the_header(tmp_path: Path) -> None:
    record(tmp_path / "a", session=False)
    recording = Recording(tmp_path / "a")
    assert set(recording.streams) == set(STREAMS)
    assert recording.session is None
    ecg = next(s for s in recording.streams if s.name == ECG.name)
    assert ecg.metadata == {"firmware": "3.1 <&>", "_0_odd": "x"}


def test_expected_streams_come_from_the_session_file(recorded: Path) -> None:
    recording = Recording(recorded)
    assert recording.streams == STREAMS
    assert recording.session is not None
    assert recording.session.client.code == "C07"


def test_a_missing_file_contributes_nothing_and_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    record(tmp_path / "a", seed=2)
    before = content(Recording(tmp_path / "a").batches())
    (tmp_path / "a" / "client.xdf").unlink()
    after = content(Recording(tmp_path / "a").batches())
    assert after["ticks"] == before["ticks"]
    assert after["streams"] == {k: v for k, v in before["streams"].items() if k[0] != Role.CLIENT}
    assert after["events"] == [e for e in before["events"] if e[1].actor != "client"]


def test_state_is_closed_growing_or_cut(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    recording = Recording(tmp_path / "a")
    store.tick(0.0, 0.0)
    assert Recording(tmp_path / "a").state == "growing"
    assert recording.poll() is not None
    assert len(list(recording.batches())) == 0  # and it goes on
    abandon(store)
    assert recording.state == "cut"
    assert recording.poll() is None
    assert recording.ended
    record(tmp_path / "b")
    assert Recording(tmp_path / "b").state == "closed"


def test_reading_without_following_stops_at_what_is_there(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    for k in range(5):
        store.tick(float(k), 0.0)
    assert [len(b.ticks) for b in Recording(tmp_path / "a").batches()] == [5]
    store.close()


def test_bytes_after_the_last_tick_are_not_delivered(tmp_path: Path) -> None:
    record(tmp_path / "a", close=False)
    before = content(Recording(tmp_path / "a").batches())
    with open(tmp_path / "a" / "dyad.xdf", "ab") as file:
        file.write((tmp_path / "a" / "client.xdf").read_bytes()[300:2000])
    assert content(Recording(tmp_path / "a").batches()) == before


def test_a_slice_with_one_flipped_bit_is_discarded_and_counted(tmp_path: Path) -> None:
    record(tmp_path / "a", n_ticks=50)
    path = tmp_path / "a" / "therapist.xdf"
    data = bytearray(path.read_bytes())
    whole = content(Recording(tmp_path / "a").batches())
    value = np.float32(whole["streams"][EDA.key]["samples"][20][0]).tobytes()
    data[data.index(value) + 1] ^= 4
    path.write_bytes(data)
    recording = Recording(tmp_path / "a")
    got = content(recording.batches())
    assert got["ticks"] == whole["ticks"]  # the other files have it
    assert recording.discarded == {Role.CLIENT: 0, Role.THERAPIST: 1, Role.DYAD: 0}
    lost = set(whole["streams"][EDA.key]["slices"]) - set(got["streams"][EDA.key]["slices"])
    assert lost == {whole["streams"][EDA.key]["slices"][20]}
    assert recording.damage[0][0] == "therapist.xdf"


def test_a_lost_header_is_replaced_by_the_session_file(tmp_path: Path) -> None:
    record(tmp_path / "a", n_ticks=250)
    before = content(Recording(tmp_path / "a").batches())
    assert ECG.name == EDA.name  # ids follow from names, in each file for itself
    for info in (ECG, EDA):
        path = tmp_path / "a" / f"{info.role}.xdf"
        data = bytearray(path.read_bytes())
        at = data.index(b"<name>ECG") - 20
        data[at : at + 700] = b"\xff" * 700
        path.write_bytes(data)
    recording = Recording(tmp_path / "a")
    after = content(recording.batches())
    assert {name for name, _ in recording.damage} == {"client.xdf", "therapist.xdf"}
    for info in (ECG, EDA):
        got = after["streams"][info.key]
        assert got["slices"][0] <= 102
        assert got["samples"] == before["streams"][info.key]["samples"][-len(got["times"]) :]


def test_foreign_markers_are_events_on_the_recorders_clock_and_stay_readable(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "a", fsync=0) as store:
        store.offset(MARKERS, 0.0, 0.5)
        store.samples(MARKERS, np.array([7.0]), np.array([["stimulus", "x"]], object))
        store.event(Event(time=7.25, code="now_moment", actor="client"))
        store.tick(8.0, 0.0)
    (batch,) = Recording(tmp_path / "a").batches()
    assert [(e.time, e.code, e.source) for _, e in batch.events] == [
        (7.25, "now_moment", "key"),
        (7.5, "stimulus", "lsl"),
    ]
    part = batch.streams[MARKERS.key]
    assert (part.times.tolist(), part.samples.tolist()) == ([7.0], [["stimulus", "x"]])
    assert part.offsets == [(0, 0.5)]


def test_there_must_be_a_recording(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RecordingError, match=r"no recording .*client\.xdf"):
            Recording(place)


def test_a_single_file_gives_its_streams_without_ticks(recorded: Path) -> None:
    recording = Recording(recorded / "therapist.xdf")
    assert {EDA.name} < {info.name for info in recording.streams}
    items = list(recording)
    assert items
    assert not any(isinstance(item, Tick) for item in items)
    assert list(recording.batches()) == []
    assert recording.state == "closed"


def test_a_foreign_recording_reads(data_dir: Path) -> None:
    recording = Recording(data_dir / "xdf" / "minimal.xdf")
    assert recording.streams is not None
    assert recording.damage == []
    assert recording.state == "closed"
