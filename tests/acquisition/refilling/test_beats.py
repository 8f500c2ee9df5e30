"""An H10's own memory heals the beats that a drop-out cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.emulated.polar import EmulatedPolar, h10
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.refilling.beats import found
from acquisition.refilling.refilling import refill
from acquisition.stream import FloatArray, Role
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "C7:4C:DA:51:37:51"
KEY = (Role.CLIENT, "H10 RR")
INTERVALS = 800.0 + np.round(60.0 * np.sin(np.arange(400) * 0.7) + 25.0 * np.cos(np.arange(400) ** 1.3))
BEATS = 0.4 + np.cumsum(INTERVALS) / 1e3


def beat_times(span: FloatArray) -> FloatArray:
    """Return the beats between two moments."""
    return np.asarray(BEATS[(span[0] <= BEATS) & (span[1] > BEATS)])


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def recorded(bench: Bench, parent: Path, **settings: Any) -> tuple[EmulatedPolar, Path]:
    """Record a belt that goes out of range for eleven seconds."""
    twin = h10(bench.air, address=ADDRESS, beat_times=beat_times)
    bench.put(twin)
    bench.drop_outs(twin, [(bench.runner.clock() + 35.0, 11.0)])
    session = session_of(device("polar_h10", address=ADDRESS, settings=settings))
    return twin, bench.record(session, parent, 90.0).path


def read(path: Path) -> tuple[FloatArray, FloatArray]:
    parts = [b.streams[KEY] for b in Recording(path).batches() if KEY in b.streams]
    return np.concatenate([p.times for p in parts]), np.concatenate([p.samples[:, 0] for p in parts])


def test_the_beats_of_a_drop_out_are_put_back_and_the_memory_freed(bench: Bench, tmp_path: Path) -> None:
    twin, path = recorded(bench, tmp_path, keep="rr")
    before, _ = read(path)
    assert not twin.memory.on  # stopped with the recording, so that it can be fetched
    assert twin.memory.intervals
    done = {d.stream: d for d in refill(path, radio=bench.radio, clock=bench.runner.clock)}
    one = done["H10 RR"]
    times, values = read(path)
    assert (one.stretches, one.left, one.why) == (1, 0, "")
    assert len(times) == len(before) + one.samples
    # Every interval since the first, in order, in its unit, and in time.
    ms = values / 1.024
    first = int(np.argmin(np.abs(BEATS + 1000.0 - times[0])))
    true = INTERVALS[first : first + len(ms)]
    assert np.abs(ms - true).max() < 1.0
    assert np.all(np.diff(times) > 0)
    late = times - (BEATS[first : first + len(ms)] + 1000.0)
    back = np.isin(times, before, invert=True)
    assert back.sum() == one.samples
    assert np.abs(late[back]).max() < 0.05
    marks = [n for b in Recording(path).batches() for _, n in b.notices if n.kind == "refilled"]
    assert [m.stream for m in marks] == ["H10 RR"]
    assert verify(path) == []
    assert twin.memory.name == ""


@pytest.mark.parametrize("fault", ["lost", "lost twice", "dropped"])
def test_a_memory_whose_reading_is_broken_is_read_again(bench: Bench, tmp_path: Path, fault: str) -> None:
    twin, path = recorded(bench, tmp_path, keep="rr")
    memory = twin.memory
    # Two answers of a packet come first, then the beats in four; the first and the second of these are lost.
    memory.lose = {"lost": {memory.sent + 3}, "lost twice": {memory.sent + 4, memory.sent + 8}}.get(
        fault, set()
    )
    memory.drop_after = memory.sent + 5 if fault == "dropped" else 0
    wanted = {*memory.lose, memory.drop_after}
    done = {d.stream: d for d in refill(path, radio=bench.radio, clock=bench.runner.clock)}
    assert max(wanted) < memory.sent  # the faults were injected
    assert (done["H10 RR"].stretches, done["H10 RR"].left, done["H10 RR"].why) == (1, 0, "")
    assert memory.name == ""


def test_without_being_told_a_belt_keeps_nothing(bench: Bench, tmp_path: Path) -> None:
    twin, path = recorded(bench, tmp_path)
    assert twin.memory.name == ""
    assert refill(path, radio=bench.radio, clock=bench.runner.clock) == []


def test_an_earlier_recording_is_left_alone_and_told(bench: Bench) -> None:
    twin = h10(bench.air, address=ADDRESS, beat_times=beat_times)
    twin.memory.name, twin.memory.intervals = "A0", [800]
    bench.put(twin)
    driver = bench.driver(session_of(device("polar_h10", address=ADDRESS, settings={"keep": "rr"})))
    driver.start()
    bench.run(driver, 8.0)
    bench.stop(driver)
    assert any("keeps no beats in its memory" in n.message for n in bench.notices("health"))
    assert (twin.memory.name, twin.memory.intervals) == ("A0", [800])


def test_beats_that_stand_twice_in_a_memory_place_nothing() -> None:
    memory = np.tile(INTERVALS[:40], 2)
    assert found(memory, INTERVALS[5:17]) == -1
    assert found(INTERVALS, INTERVALS[5:17] + 1.5) == 5
    assert found(INTERVALS, INTERVALS[5:17] + 4.0) == -1
