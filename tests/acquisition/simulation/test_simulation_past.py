"""The past is written as a recorder would have written it, and the driver goes on where it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.drivers.simulated import SimulatedDriver, open_driver
from acquisition.errors import DeviceError
from acquisition.event import Event, Notice
from acquisition.events.vocabulary import load_vocabulary
from acquisition.session.profile import DeviceProfile, ProfileStream, load_profile
from acquisition.session.session import Device, Session, permitted
from acquisition.session.toml import parse_session
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.hard import SHOWN, hard_script
from acquisition.simulation.past import write_past
from acquisition.simulation.script import PAST, PAUSE, Script
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality, Role, StreamInfo

START, WALL = 500.25, 1.8e9
SESSION = """
[session]
id = "demo"
crisis_contact = "simulated"
[client]
code = "C01"
consent = { version = "1", ecg = true, eda = true, voice = true }
[therapist]
code = "T01"
consent = { version = "1", ecg = true, eda = true, voice = true }
[[device]]
role = "client"
profile = "simulated"
settings = { seed = 7 }
[[device]]
role = "therapist"
profile = "simulated"
settings = { seed = 7 }
"""


class FakeStore:
    """Keep what it is given, slice by slice; refuse nothing, so that a wrong call shows."""

    def __init__(self) -> None:
        self.opened: list[StreamInfo] = []
        self.ticks: list[tuple[float, float]] = []
        self.got: list[tuple[int, Chunk]] = []
        self.events: list[tuple[int, Event]] = []
        self.notices: list[tuple[int, Notice]] = []
        self.calls: list[tuple[int, str]] = []
        self.in_bulk = False

    def open_stream(self, info: StreamInfo) -> None:
        self.opened.append(info)

    def samples(self, info: StreamInfo, times: FloatArray, samples: NDArray[Any]) -> None:
        assert info in self.opened and len(times) == len(samples) > 0
        self.got.append((len(self.ticks), Chunk(info, times, samples)))

    def event(self, event: Event) -> None:
        self.events.append((len(self.ticks), event))
        self.calls.append((len(self.ticks), f"{event.code} {event.phase}"))

    def notice(self, notice: Notice) -> None:
        self.notices.append((len(self.ticks), notice))

    def paused(self, role: Role, on: bool = True) -> None:
        self.calls.append((len(self.ticks), f"paused {role} {on}"))

    def tick(self, time: float, wall: float) -> None:
        assert self.in_bulk
        self.ticks.append((time, wall))

    @contextmanager
    def bulk(self) -> Iterator[None]:
        self.in_bulk = True
        yield
        self.in_bulk = False

    def stream(self, role: Role, modality: Modality) -> tuple[FloatArray, NDArray[Any]]:
        mine = [c for _, c in self.got if (c.info.role, c.info.modality) == (role, modality)]
        return np.concatenate([c.times for c in mine]), np.concatenate([c.samples for c in mine])


class Clock:
    """Stand still until told to move."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def store() -> FakeStore:
    store = FakeStore()
    write_past(store, Dyad(Script(1), simulated_streams()), START, wall=WALL)
    return store


LIVE = np.cumsum([0.03, 0.1, 0.41, 7.0, 0.1, 20.0])
"""When a driver is asked after its start [s]."""


@cache
def sent() -> list[Chunk]:
    items = Feed(Dyad(Script(1), simulated_streams()), START).take(START + float(LIVE[-1]))
    return [i for i in items if isinstance(i, Chunk)]


def everything(until: float) -> dict[tuple[Role, Modality], tuple[FloatArray, NDArray[Any]]]:
    """Return what two people send from the beginning of the past to a time after the start."""
    assert until <= LIVE[-1]
    n = {id(c): int(np.searchsorted(c.times, START + until, side="right")) for c in sent()}
    return {(c.info.role, c.info.modality): (c.times[: n[id(c)]], c.samples[: n[id(c)]]) for c in sent()}


def test_the_past_has_a_tick_every_tenth_of_a_second(store: FakeStore) -> None:
    times, walls = np.array(store.ticks).T
    np.testing.assert_allclose(times, START - PAST + 0.1 * np.arange(7200), rtol=0, atol=1e-9)
    np.testing.assert_allclose(walls - times, WALL - START, atol=1e-5)
    assert times[0] < 0 < times[-1] < START


def test_each_slice_holds_what_had_come_by_then(store: FakeStore) -> None:
    ticks = np.array(store.ticks)[:, 0]
    for k, chunk in store.got:
        assert chunk.times[-1] <= ticks[k]
        assert k == 0 or chunk.times[0] > ticks[k - 1]


def test_nothing_of_the_pause_is_kept_and_all_else_is(store: FakeStore) -> None:
    whole = everything(-0.1)
    stamps = whole[Role.CLIENT, Modality.ECG][0]
    inside = (stamps > START + PAUSE.start) & (stamps < START + PAUSE.stop)
    assert inside.sum() > 2000, "the pause must have had something to leave out"
    for (role, modality), (times, samples) in whole.items():
        got_times, got_samples = store.stream(role, modality)
        kept = np.ones(len(times), bool)
        if role is PAUSE.role:
            begins = times - (modality is Modality.VOICE)  # a row tells of the second before its stamp
            kept = (times <= START + PAUSE.start - 0.1 + 1e-9) | (begins >= START + PAUSE.stop)
        np.testing.assert_array_equal(got_times, times[kept])
        np.testing.assert_array_equal(got_samples, samples[kept])


def test_the_pause_is_framed_by_its_two_events(store: FakeStore) -> None:
    calls = [c for c in store.calls if "pause" in c[1]]
    first, last = (round((PAST + t) * 10) for t in (PAUSE.start, PAUSE.stop))
    assert calls == [
        (first, "consent_pause on"),
        (first, "paused client True"),
        (last, "paused client False"),
        (last, "consent_pause off"),
    ]


def test_no_other_marker_of_the_client_falls_into_the_pause(store: FakeStore) -> None:
    begin, end = START + PAUSE.start, START + PAUSE.stop
    inside = [e.code for _, e in store.events if e.role is PAUSE.role and begin < e.time < end]
    assert inside == []


def test_markers_are_of_the_vocabulary_and_lie_in_their_slice(store: FakeStore) -> None:
    known = load_vocabulary()
    ticks = np.array(store.ticks)[:, 0]
    for k, event in store.events:
        assert ticks[k] - 0.1 - 1e-6 < event.time <= ticks[k]
        code = known.codes[event.code]
        assert code.actor in (event.actor, "any")
        assert (event.phase == "point") == (code.kind == "point")
    codes = [(e.code, e.phase) for _, e in store.events]
    assert {("baseline_rest", "off"), ("baseline_talk", "off"), ("rupture_withdraw", "on")} <= set(codes)
    ids = [e.id for _, e in store.events]
    assert len(set(ids)) == len(ids) and all(ids)
    assert all(e.ref in ids for _, e in store.events if e.phase == "off")


def test_the_dropout_is_noticed(store: FakeStore) -> None:
    assert [(n.kind, n.role, n.stream) for _, n in store.notices] == [("gap", Role.THERAPIST, "EDA")]


def test_live_samples_go_on_where_the_past_ends() -> None:
    store, clock = FakeStore(), Clock(START)
    driver = SimulatedDriver(seed=1, clock=clock, past=True)
    driver.start()
    assert driver.drain() == []
    assert driver.write_past(store, wall=WALL) == START
    # The clock stands at the start, so one slice of the live part has caught up with it.
    assert store.ticks[-1][0] == pytest.approx(START)
    live: dict[tuple[Role, Modality], list[Chunk]] = {}
    for now in START + LIVE:
        clock.now = float(now)
        for item in driver.drain():
            assert isinstance(item, Chunk) and item.times[-1] <= now
            live.setdefault((item.info.role, item.info.modality), []).append(item)
    for key, (times, samples) in everything(clock.now - START).items():
        got_times, got_samples = store.stream(*key)
        got_times = np.concatenate([got_times, *(c.times for c in live[key])])
        got_samples = np.concatenate([got_samples, *(c.samples for c in live[key])])
        since = times > START + PAUSE.stop
        np.testing.assert_array_equal(got_times[-since.sum() :], times[since])
        np.testing.assert_array_equal(got_samples[-since.sum() :], samples[since])


def test_a_driver_without_a_past_starts_at_once() -> None:
    clock = Clock(50.0)
    driver = SimulatedDriver(seed=1, clock=clock)
    assert driver.ready() and len(driver.streams()) == 8
    assert driver.drain() == []
    driver.start()
    clock.now = 51.0
    items = [i for i in driver.drain() if isinstance(i, Chunk)]
    assert {i.info.key for i in items} == {i.key for i in driver.streams()}
    assert all(50.0 < i.times[0] <= i.times[-1] <= 51.0 for i in items)
    assert driver.drain() == []
    clock.now = 51.5
    driver.stop()
    clock.now = 60.0
    last = [i for i in driver.drain() if isinstance(i, Chunk)]
    assert last and max(i.times[-1] for i in last) <= 51.5
    assert driver.drain() == []


def session(text: str = SESSION) -> tuple[list[Device], Session]:
    parsed = parse_session(text, "session.toml")
    return permitted(parsed)[0], parsed


def test_a_session_opens_both_people_with_the_streams_of_the_profile() -> None:
    devices, parsed = session()
    driver = open_driver(devices, parsed, clock=Clock(0.0))
    assert driver.dyad.script.seed == 7
    wanted = load_profile("simulated").streams
    for role in PEOPLE:
        infos = [i for i in driver.streams() if i.role is role]
        assert [(i.modality, i.sfreq) for i in infos] == [(s.modality, s.sfreq) for s in wanted]
        kinds = ["voice-turns" if "turns" in s.name else s.modality for s in wanted]
        assert [i.source_id for i in infos] == [f"attunement-{role}-simulated-{kind}" for kind in kinds]
        assert all(i.channels and i.lateness > 0 for i in infos)


def test_a_session_can_ask_for_a_hard_or_an_easy_hour_of_which_only_the_past_is_marked() -> None:
    devices, parsed = session(SESSION.replace("seed = 7 }", 'seed = 7, past = true, hour = "hard" }'))
    driver = open_driver([d for d in devices if d.role is Role.CLIENT], parsed, clock=Clock(START))
    assert driver.dyad.script == hard_script(7, SHOWN["hard"])
    store = FakeStore()
    assert driver.write_past(store, wall=WALL) == START
    assert {e.code for _, e in store.events} == {"session_start", "baseline_rest", "baseline_talk"}
    easy = SimulatedDriver(seed=7, hour="easy").dyad.script.events(START, 0.0)
    assert not any(e.code == "play_humor" for e in easy) and any(e.code == "int_support" for e in easy)


def test_a_stream_without_consent_is_not_simulated() -> None:
    devices, parsed = session(SESSION.replace("eda = true", "eda = false", 1))
    infos = open_driver(devices, parsed).streams()
    assert {i.role for i in infos if i.modality is Modality.EDA} == {Role.THERAPIST}


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("settings = { seed = 7 }", "settings = { speed = 2 }", "speed"),
        ("settings = { seed = 7 }", "settings = { seed = -1 }", "-1"),
        ("settings = { seed = 7 }", "settings = { past = 3 }", "past"),
        ("settings = { seed = 7 }", "settings = { seed = 8 }", "7, 8"),
        ("settings = { seed = 7 }", 'settings = { hour = "short" }', "'short': must be one of hard, easy"),
        ('role = "therapist"\nprofile', 'role = "client"\nprofile', "twice"),
    ],
)
def test_a_setting_that_cannot_be_is_named(before: str, after: str, what: str) -> None:
    devices, parsed = session(SESSION.replace(before, after, 1))
    with pytest.raises(DeviceError, match=what):
        open_driver(devices, parsed)


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        (ProfileStream(modality=Modality.ACC, sfreq=50.0), "acc is not simulated"),
        (ProfileStream(modality=Modality.ECG), "sfreq = nan"),
        (ProfileStream(modality=Modality.EDA, sfreq=4.0, unit="kohm"), "kohm"),
    ],
)
def test_a_stream_that_cannot_be_simulated_is_named(stream: ProfileStream, what: str) -> None:
    profile = DeviceProfile(name="own", driver="simulated", title="own", streams=(stream,))
    _, parsed = session()
    with pytest.raises(DeviceError, match=what):
        open_driver([Device(role=Role.CLIENT, profile="own", definition=profile)], parsed)


def test_the_past_goes_into_a_real_recording(tmp_path: Path) -> None:
    from acquisition.recorder.store import RecordingStore

    pyxdf = pytest.importorskip("pyxdf")
    with RecordingStore(tmp_path / "past", fsync=0.0) as real:
        before = time.process_time()
        write_past(real, Dyad(Script(1), simulated_streams()), START, wall=WALL)
        assert time.process_time() - before < 20.0, "a past that takes this long is of no use"
    streams, _ = pyxdf.load_xdf(tmp_path / "past" / "client.xdf", dejitter_timestamps=False)
    by_name = {s["info"]["name"][0]: s for s in streams}
    times, samples = everything(-0.1)[Role.CLIENT, Modality.EDA]
    kept = (times <= START + PAUSE.start - 0.1 + 1e-9) | (times >= START + PAUSE.stop)
    np.testing.assert_array_equal(by_name["EDA"]["time_stamps"], times[kept])
    np.testing.assert_array_equal(by_name["EDA"]["time_series"], samples[kept])


def test_a_session_that_began_long_ago_is_written_at_once_with_what_was_marked_in_it() -> None:
    store, now, age = FakeStore(), 5000.0, 1400.0
    driver = SimulatedDriver(seed=1, clock=lambda: now, past=True, age=age)
    before = time.process_time()
    assert driver.write_past(store, wall=WALL) == now - age + PAST
    assert time.process_time() - before < 8.0, "a past that takes this long is of no use"
    assert store.ticks[0][0] == pytest.approx(now - age)
    assert now - 0.1 <= store.ticks[-1][0] <= now
    assert store.ticks[-1][1] == pytest.approx(WALL, abs=0.2)
    codes = [event.code for _, event in store.events]
    assert codes.count("now_moment") == 1 + int((age - PAST) // 300.0) == 3
    assert all(event.time <= now for _, event in store.events)
