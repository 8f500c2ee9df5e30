"""What is published of a growing recording: every value as it was released, nothing of who is paused."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pylsl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.batch import Batch, gather
from acquisition.event import Event
from acquisition.lsl.clock import local_clock
from acquisition.lsl.index_rows import Curtain, index_rows
from acquisition.lsl.network import configure
from acquisition.lsl.published import Publisher, open_publisher
from acquisition.recorder.store import RecordingStore
from acquisition.recording.lock import try_exclusive
from acquisition.recording.recording import Recording
from acquisition.session.session import LslSettings, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

NAN = math.nan
NUMBERS = itertools.count(2)
"""Of sessions: no test meets the streams of another."""
NAMES = {"client": (("hr", "bpm"), ("scl", "uS")), "dyad": (("sync_hr", ""),)}
ECG = StreamInfo(
    name="ECG", role=Role.CLIENT, modality=Modality.ECG, sfreq=100.0, unit="mV", channels=("ECG",)
)


class Sample(NamedTuple):
    """Stand for an index sample."""

    time: float
    available: float
    entity: str
    index: str  # type: ignore[assignment]
    value: float
    quality: float
    reason: str = ""


def session(*publish: str, number: int = 1) -> Session:
    return Session(
        id=f"D01_S{number:02d}",
        crisis_contact="test desk",
        client=Participant("C01"),
        therapist=Participant("T01"),
        lsl=LslSettings(publish=publish),
        recorded=Recorded(started="2026-11-22T00:00:00+00:00", streams=(ECG,)),
    )


def test_a_row_holds_what_became_known_at_one_moment_and_nothing_else() -> None:
    samples = [
        Sample(9.0, 10.0, "client", "hr", 61.0, 1.0),
        Sample(9.5, 10.0, "client", "hr", 62.0, 0.5),
        Sample(8.0, 10.0, "client", "scl", NAN, 0.0, "electrode off"),
        Sample(9.0, 10.1, "client", "scl", 4.0, 1.0),
        Sample(9.0, 10.1, "client", "unheard of", 4.0, 1.0),
    ]
    times, rows = index_rows(samples, ["hr", "scl"])
    assert times.tolist() == [10.0, 10.0, 10.1]
    expected = [[61, 1, 9, NAN, 0, 8], [62, 0.5, 9.5, NAN, NAN, NAN], [NAN, NAN, NAN, 4, 1, 9]]
    assert np.array_equal(rows, expected, equal_nan=True)


def test_no_samples_make_no_rows() -> None:
    times, rows = index_rows([], ["hr", "scl"])
    assert times.shape == (0,)
    assert rows.shape == (0, 6)


sample_lists = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["hr", "scl"]), st.one_of(st.just(NAN), st.floats(-9, 9))),
    max_size=20,
)


@given(sample_lists)
@settings(max_examples=40, deadline=None)
def test_every_sample_can_be_read_back_from_the_rows(drawn: list[tuple[int, str, float]]) -> None:
    samples = [Sample(k, float(at), "client", i, v, 0.5) for k, (at, i, v) in enumerate(sorted(drawn))]
    times, rows = index_rows(samples, ["hr", "scl"])
    assert np.all(np.diff(times) >= 0)
    read = [
        (row[c + 2], at, name, row[c])
        for at, row in zip(times.tolist(), rows.tolist(), strict=True)
        for c, name in ((0, "hr"), (3, "scl"))
        if math.isfinite(row[c + 2])
    ]
    sent = sorted((s.time, s.available, s.index, repr(s.value)) for s in samples)
    assert sorted((t, a, n, repr(v)) for t, a, n, v in read) == sent


def batch(ticks: FloatArray, *events: Event) -> Batch:
    waiting = list(events)
    items: list[Event | Tick] = []
    for k, tick in enumerate(ticks.tolist()):
        while waiting and waiting[0].time <= tick:
            items.append(waiting.pop(0))
        items.append(Tick(number=k, time=tick, wall=0.0))
    (only,) = gather(items)
    return only


def pause(at: float, phase: str, actor: str = "client") -> Event:
    return Event(time=at, code="consent_pause", phase=phase, actor=actor, id=str(at))  # type: ignore[arg-type]


def test_nothing_of_a_paused_person_or_of_the_two_is_shown_until_the_resume() -> None:
    curtain = Curtain()
    curtain.hear(batch(np.arange(0.0, 5.0), pause(1.5, "on")))
    curtain.hear(batch(np.arange(5.0, 10.0), pause(7.0, "off")))
    for entity in ("client", "dyad"):
        shown = [t for t in np.arange(0.0, 10.0, 0.5).tolist() if curtain.shown(entity, t)]
        assert shown == [0.0, 0.5, 1.0, 1.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5]
    assert curtain.shown("therapist", 3.0)


def received(inlet: pylsl.StreamInlet, n: int) -> tuple[list[list[float]], list[float]]:
    rows: list[list[float]] = []
    stamps: list[float] = []

    def enough() -> bool:
        chunk, at = inlet.pull_chunk()
        rows.extend(chunk)
        stamps.extend(at)
        return len(rows) >= n

    wait_for(enough, f"{n} rows")
    return rows, stamps


def inlet_of(publisher: Publisher, what: str) -> pylsl.StreamInlet:
    found = pylsl.resolve_byprop("source_id", f"attunement-{publisher.session.id}-{what}", 1, 60.0)
    inlet = pylsl.StreamInlet(found[0])
    inlet.open_stream(60.0)
    outlets = {**publisher._outlets, **{f"{role}-{name}": o for (role, name), o in publisher._raw.items()}}
    wait_for(lambda: outlets[what].heard, "the receiver to be connected")
    return inlet


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    """Return a publisher of indices, markers and ECG; its outlets are open."""
    configure()
    asked = session("indices", "markers", "ecg", number=next(NUMBERS))
    made = Publisher(asked, [ECG], NAMES, tmp_path / "p.lock")
    made.hear(batch(np.array([0.0])), [])
    assert made.open
    yield made
    made.close()


def test_other_programs_receive_value_quality_time_reason_and_markers(publisher: Publisher) -> None:
    client, dyad, reasons, markers = (
        inlet_of(publisher, what) for what in ("client", "dyad", "reasons", "markers")
    )
    now = local_clock() + 1.0
    mark = Event(time=now, code="now_moment", id="m")
    samples = [
        Sample(now - 5.0, now, "client", "hr", 61.5, 0.9),
        Sample(now - 4.0, now, "client", "scl", NAN, 0.0, "electrode off"),
        Sample(now - 4.0, now, "dyad", "sync_hr", 0.25, 1.0),
    ]
    publisher.hear(batch(np.array([now]), mark), samples)
    (row,), (stamp,) = received(client, 1)
    assert np.array_equal(row, [61.5, 0.9, now - 5.0, NAN, 0.0, now - 4.0], equal_nan=True)
    assert stamp == now
    assert received(dyad, 1)[0][0][0] == 0.25
    (text,), _ = received(reasons, 1)
    assert json.loads(str(text[0]))["reason"] == "electrode off"
    (text,), (at,) = received(markers, 1)
    assert Event.from_json(at, str(text[0])) == mark
    labels = client.info(10.0).get_channel_labels()
    assert labels == ["hr", "hr quality", "hr time", "scl", "scl quality", "scl time"]


def test_a_paused_person_publishes_nothing(publisher: Publisher) -> None:
    client = inlet_of(publisher, "client")
    now = local_clock() + 1.0
    on, off = pause(now, "on"), pause(now + 2.0, "off")
    during = Sample(now, now + 1.0, "client", "hr", 66.0, 1.0)
    after = Sample(now + 2.5, now + 3.0, "client", "hr", 77.0, 1.0)
    publisher.hear(batch(np.array([now, now + 1.0]), on), [during])
    publisher.hear(batch(np.array([now + 2.0, now + 3.0]), off), [after])
    rows, _ = received(client, 1)
    assert [row[0] for row in rows] == [77.0]


def test_what_was_known_before_is_not_published_again(publisher: Publisher) -> None:
    client = inlet_of(publisher, "client")
    now = local_clock()
    old, new = (Sample(t, t, "client", "hr", t, 1.0) for t in (now - 100.0, now + 1.0))
    publisher.hear(batch(np.array([now - 100.0, now + 1.0])), [old, new])
    assert [row[0] for row in received(client, 1)[0]] == [now + 1.0]


def test_only_one_process_publishes_and_another_takes_over(tmp_path: Path) -> None:
    held = try_exclusive(tmp_path / "p.lock")
    assert held >= 0
    assert try_exclusive(tmp_path / "p.lock") == -1
    configure()
    waiting = Publisher(session("indices"), [], NAMES, tmp_path / "p.lock")
    waiting.hear(batch(np.array([0.0])), [])
    assert not waiting.open
    os.close(held)

    def taken_over() -> bool:
        waiting.hear(batch(np.array([0.0])), [])
        return waiting.open

    wait_for(taken_over, "the other to take over")
    waiting.close()


def test_nothing_is_published_unless_asked_or_of_a_finished_recording(tmp_path: Path) -> None:
    for asked in ((), ("indices",)):
        path = tmp_path / f"r{len(asked)}"
        with RecordingStore(path, fsync=0.0) as store:
            (path / "session.toml").write_text(dump_session(session(*asked)), "utf-8")
            store.tick(0.0, 0.0)
            growing = open_publisher(Recording(path, follow=True), NAMES)
            assert (growing is not None) == bool(asked)
        assert open_publisher(Recording(path), NAMES) is None


def test_raw_streams_that_are_asked_for_are_published_on_the_recorders_clock(
    publisher: Publisher, tmp_path: Path
) -> None:
    raw = inlet_of(publisher, "client-ECG")
    now = local_clock() + 1.0
    path = tmp_path / "r"
    with RecordingStore(path, fsync=0.0) as store:
        store.offset(ECG, now - 50.0, 50.0)
        store.samples(ECG, now - 50.0 + np.arange(3) / 100, np.array([[1.0], [2.0], [3.0]], np.float32))
        store.tick(now, 0.0)
        (only,) = Recording(path).batches()
        publisher.hear(only, [])
    rows, stamps = received(raw, 3)
    assert [row[0] for row in rows] == [1.0, 2.0, 3.0]
    assert np.allclose(stamps, now + np.arange(3) / 100)
