"""Whatever one stream sends, the hour goes on for everybody else, and what was recorded can be read."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.drivers import Drained
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.recorder.begin import record
from acquisition.recorder.health import HealthWatch
from acquisition.recorder.listener import Listener, Status
from acquisition.recorder.recorder import Outcome
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Chunk, ClockOffset, Role
from tests.acquisition.sine_driver import SESSION, SineDriver, info

pytestmark = pytest.mark.realtime

CLIENT = info(Role.CLIENT)


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


class Injecting(SineDriver):
    """Send items among the sines, one a call; say how many were sent, and when all and a few sines were."""

    def __init__(self, *items: Drained) -> None:
        super().__init__()
        self.left = list(items)
        self.injected = self.after = 0
        self.done = threading.Event()

    def drain(self) -> list[Drained]:
        if self.left:
            self.extra.append(self.left.pop(0))
            self.injected += 1
        elif self.after < 3:
            self.after += 1
        else:
            self.done.set()
        return super().drain()


def recorded(parent: Path, driver: SineDriver, seconds: float = 0.6) -> Outcome:
    return record(SESSION, parent, seconds=seconds, drivers=[driver], fsync=0)


def of(outcome: Outcome, role: Role) -> np.ndarray:
    chunks = [i.times for i in Recording(outcome.path) if isinstance(i, Chunk) and i.info.role is role]
    return np.concatenate([np.empty(0), *chunks])


def notices(outcome: Outcome) -> list[Notice]:
    return [i for i in Recording(outcome.path) if isinstance(i, Notice)]


def chunk(stamp: float, value: float = 1.0) -> Chunk:
    return Chunk(CLIENT, np.array([stamp]), np.array([[value]], np.float32))


@pytest.mark.parametrize("stamp", [math.inf, -math.inf, math.nan, 1e300, -1e300, 1e18])
def test_a_stamp_that_no_clock_shows_ends_nothing(tmp_path: Path, stamp: float) -> None:
    driver = Injecting(chunk(stamp))
    outcome = recorded(tmp_path, driver)
    assert driver.injected == 1
    assert outcome.ended == ""
    assert len(of(outcome, Role.THERAPIST)) == driver.sent[Role.THERAPIST]
    assert len(of(outcome, Role.CLIENT)) == driver.sent[Role.CLIENT]
    assert verify(outcome.path) == []
    (told,) = [n for n in notices(outcome) if n.kind == "health"]
    assert told.role is Role.CLIENT and told.message.startswith("1 samples dropped: stamps that no clock")


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_wall_clock_that_is_set_by_an_hour_moves_no_sample_and_no_tick(tmp_path: Path, jump: float) -> None:
    """Times are those of the LSL clock; the wall clock is only noted beside them."""
    driver, begun = SineDriver(), local_clock()

    def wall() -> float:
        now = local_clock()
        return 1.8e9 + now - begun + jump * (now - begun > 0.4)

    outcome = record(SESSION, tmp_path, seconds=0.8, drivers=[driver], fsync=0, wall=wall)
    assert outcome.ended == "" and verify(outcome.path) == []
    batches = list(Recording(outcome.path).batches())
    ticks, walls = (np.concatenate([getattr(b, name) for b in batches]) for name in ("ticks", "walls"))
    assert abs(np.ptp(walls - ticks) - 3600.0) < 0.01, "the fault is there"
    assert (np.diff(ticks) > 0.0).all() and np.ptp(ticks) < 5.0
    for role in (Role.CLIENT, Role.THERAPIST):
        times = of(outcome, role)
        assert len(times) == driver.sent[role]
        assert np.allclose(np.diff(times), 0.01)
    assert [n.kind for n in notices(outcome)] == ["clock"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.floats(width=64), st.floats(width=64), st.floats(width=64)), min_size=1, max_size=4)
)
def test_no_numbers_of_one_stream_touch_the_other_person(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[tuple[float, float, float]]
) -> None:
    items: list[Drained] = []
    for stamp, value, offset in numbers:
        items += [Chunk(CLIENT, np.array([stamp]), np.array([[value]])), ClockOffset(CLIENT, stamp, offset)]
    driver = Injecting(*items)
    fast = replace(SESSION, recording=replace(SESSION.recording, cycle=0.04))
    outcome = record(fast, tmp_path_factory.mktemp("r"), drivers=[driver], fsync=0, stop=driver.done)
    assert driver.injected == len(items)
    assert outcome.ended == ""
    assert verify(outcome.path) == []
    assert len(of(outcome, Role.THERAPIST)) == driver.sent[Role.THERAPIST]
    list(Recording(outcome.path).batches())


@pytest.mark.parametrize(
    "samples",
    [np.zeros((1, 3), np.float32), np.zeros(1, np.float32), np.array([["text"]], object)],
    ids=["more channels", "no channels", "text"],
)
def test_a_chunk_that_cannot_be_stored_is_left_out_alone(tmp_path: Path, samples: np.ndarray) -> None:
    driver = Injecting(Chunk(CLIENT, np.array([local_clock()]), samples))
    outcome = recorded(tmp_path, driver)
    assert driver.injected == 1
    assert outcome.ended == "" and verify(outcome.path) == []
    assert len(of(outcome, Role.CLIENT)) == driver.sent[Role.CLIENT]
    assert any("left out" in n.message for n in notices(outcome))


def test_a_stream_of_which_nothing_comes_but_faults_is_parted_from_the_others(tmp_path: Path) -> None:
    odd = info(Role.CLIENT, name="odd")
    bad = Chunk(odd, np.array([1.0]), np.zeros((1, 3), np.float32))
    driver = Injecting(*[bad] * 30)
    driver.streams = lambda: [*driver.infos, odd]  # type: ignore[method-assign]  # it sends no sines
    outcome = recorded(tmp_path, driver, seconds=4.0)
    assert driver.injected > 20
    (lost,) = [n for n in notices(outcome) if n.kind == "lost" and n.stream == "odd"]
    assert "after 20 faults" in lost.message
    assert len(of(outcome, Role.THERAPIST)) == driver.sent[Role.THERAPIST]


def broken(*_: object, **__: object) -> object:
    raise OverflowError("cannot convert float infinity to integer")


def test_a_watch_that_breaks_is_told_and_the_recording_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HealthWatch, "check", broken)
    driver = SineDriver()
    outcome = recorded(tmp_path, driver)
    assert outcome.ended == ""
    assert len(of(outcome, Role.CLIENT)) == driver.sent[Role.CLIENT]
    (told,) = [n for n in notices(outcome) if "watch of health failed" in n.message]
    assert "infinity" in told.message


class Deaf(Listener):
    """Break whatever it hears."""

    cycles = 0

    def cycle(self, status: Callable[[], Status], now: float) -> None:
        self.cycles += 1
        raise RuntimeError("no terminal")


def test_a_report_that_breaks_ends_nothing(tmp_path: Path) -> None:
    deaf = Deaf()
    outcome = record(SESSION, tmp_path, seconds=0.3, drivers=[SineDriver()], fsync=0, listener=deaf)
    assert deaf.cycles > 1
    assert outcome.ended == ""


def test_a_fault_of_our_own_ends_in_closed_files_that_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick, calls = RecordingStore.tick, list[float]()

    def failing(self: RecordingStore, time: float, wall: float) -> None:
        calls.append(time)
        if len(calls) == 4:
            raise ZeroDivisionError("of ours")
        tick(self, time, wall)

    monkeypatch.setattr(RecordingStore, "tick", failing)
    outcome = recorded(tmp_path, SineDriver(), seconds=5.0)
    assert len(calls) == 5  # the fourth failed, the fifth closed
    assert outcome.ended.startswith("ended by a fault at 0.3 s: ZeroDivisionError: of ours")
    assert Recording(outcome.path).state == "closed"
    (finding,) = verify(outcome.path)
    assert (finding.problem, finding.file) == ("ended", "dyad.xdf")
    assert "ended by a fault at 0.3 s" in str(finding)
