"""Refill of a Nuanic ring: what its memory holds goes into the gaps, however its reading is broken."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from acquisition.emulated.nuanic import EmulatedRing
from acquisition.emulated.peripheral import Hardware
from acquisition.gatt.nuanic import NOT_SET, Record
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.refilling.hint import hint_of
from acquisition.refilling.refilling import Refilled, refill
from acquisition.stream import FloatArray, Role
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "C0:FF:EE:00:00:09"
KEY = (Role.CLIENT, "Nuanic EDA")
AWAY = ((12.0, 7.0), (30.0, 15.0))
"""Begin and length of the drop-outs [s]."""


@dataclass(eq=False)
class Hour:
    """A recording with drop-outs, the ring that was worn, and the bench it lives on."""

    bench: Bench
    twin: EmulatedRing
    path: Path

    def refill(self) -> list[Refilled]:
        """Refill it over the air."""
        return refill(self.path, radio=self.bench.radio, clock=self.bench.runner.clock)


def recorded(bench: Bench, parent: Path, seconds: float = 60.0, *, restart: bool = False) -> Hour:
    """Record a ring that goes out of range twice, and is started anew the second time."""
    hardware = Hardware(name="Nuanic 1", address=ADDRESS, skew=0.0004, interval=0.03)
    twin = EmulatedRing(bench.air, hardware)
    bench.put(twin)
    begun = bench.runner.clock()
    bench.drop_outs(twin, [(begun + at, length) for at, length in (AWAY[:-1] if restart else AWAY)])

    async def start_anew() -> None:
        await asyncio.sleep(AWAY[-1][0])
        await twin.restart()

    if restart:
        bench.runner.submit(start_anew())
    outcome = bench.record(session_of(device("nuanic", address=ADDRESS)), parent, seconds)
    return Hour(bench, twin, outcome.path)


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hour]:
    bench = Bench()
    yield recorded(bench, tmp_path_factory.mktemp("ring"))
    bench.close()


def samples(path: Path) -> tuple[FloatArray, FloatArray]:
    """Return stamps and values of the stream."""
    parts = [b.streams[KEY] for b in Recording(path).batches() if KEY in b.streams]
    return np.concatenate([p.times for p in parts]), np.concatenate([p.samples[:, 0] for p in parts])


def copy(hour: Hour, to: Path) -> Hour:
    """Return the same with a recording of its own."""
    shutil.copytree(hour.path, to / "copy")
    return Hour(hour.bench, hour.twin, to / "copy")


def test_gaps_are_filled_to_the_sample_and_in_time(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    assert "would look for 2 gaps" in hint_of(one.path)
    before, _ = samples(one.path)
    (done,) = one.refill()
    assert (done.stretches, done.left, done.why) == (2, 0, "")
    times, values = samples(one.path)
    true, said = np.array(one.twin.sent).T
    first = int(np.argmin(np.abs(true - times[0])))
    assert len(times) == len(before) + done.samples
    assert np.abs(values / said[first : first + len(values)] - 1.0).max() < 1e-4
    assert np.abs(times - true[first : first + len(times)]).max() < 0.02
    assert verify(one.path) == []
    assert hint_of(one.path) == ""


@pytest.mark.parametrize("chunk", [14, 20, 5, 240])
def test_readings_of_any_length_that_break_off_give_the_same(hour: Hour, tmp_path: Path, chunk: int) -> None:
    one, other = copy(hour, tmp_path / "a"), copy(hour, tmp_path / "b")
    one.refill()
    before, hour.twin.chunk = hour.twin.chunk, chunk
    hour.twin.drop_after = 3
    (done,) = other.refill()
    hour.twin.chunk = before
    assert hour.twin.drop_after == 0  # the connection was broken
    assert done.left == 0
    for a, b in zip(samples(one.path), samples(other.path), strict=True):
        assert np.array_equal(a, b)


def test_a_memory_without_an_end_or_of_another_ring_is_refused(hour: Hour, tmp_path: Path) -> None:
    one, kept = copy(hour, tmp_path), hour.twin.kept
    hour.twin.kept = [Record(r.boot, r.ms, r.ohm + 1000) for r in kept]
    (other,) = one.refill()
    hour.twin.kept = [Record(6, kept[0].ms, 1000)] * 20_000
    hour.twin._rewind = lambda data: None  # type: ignore[method-assign]
    (endless,) = one.refill()
    del hour.twin._rewind
    hour.twin.kept = kept
    assert "holds other values" in other.why
    assert endless.why  # told, and no time without an end
    assert not (one.path / "refill").exists()


def test_a_ring_that_was_started_anew_keeps_both_of_its_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    clock = bench.runner.clock
    monkeypatch.setattr("acquisition.drivers.nuanic.driver.time.time", lambda: 1_700_000_000.0 + clock())
    one = recorded(bench, tmp_path, 50.0, restart=True)
    (done,) = one.refill()
    times, values = samples(one.path)
    bench.close()
    true, said = np.array(one.twin.sent).T
    near = np.array([int(np.argmin(np.abs(true - t))) for t in times])
    assert done.stretches >= 1
    assert np.all(np.diff(times) > 0)
    assert np.abs(values / said[near] - 1.0).max() < 0.2  # a sample beside the right one at most
    left = set(range(near[0], near[-1])) - set(near.tolist())
    assert all(one.twin.kept[k].ms < NOT_SET for k in left)  # before its clock was set
    assert len(left) < 40
