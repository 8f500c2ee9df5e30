"""Refill: what a unit wrote to its card over drop-outs goes into the gaps, and nowhere else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.shimmer import EmulatedShimmer
from acquisition.gatt.shimmer_answers import Version
from acquisition.recording.recording import Recording
from acquisition.recording.refill import refill_name
from acquisition.recording.verify import verify
from acquisition.refilling.hint import hint_of
from acquisition.refilling.refilling import Refilled, refill
from acquisition.stream import FloatArray, Role
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "C0:FF:EE:00:00:01"
KEY = (Role.CLIENT, "Shimmer EDA")
AWAY = ((12.0, 7.0), (30.0, 15.0))
"""Begin and length of the drop-outs [s]."""


def conductance(t: FloatArray) -> FloatArray:
    """Return a conductance that goes through two ranges."""
    return np.asarray(3.0 * np.exp(0.6 * np.sin(0.5 * t)))


@dataclass(eq=False)
class Hour:
    """A recording with drop-outs, the unit that was worn, and the bench it lives on."""

    bench: Bench
    twin: EmulatedShimmer
    path: Path

    def refill(self, **more: Any) -> list[Refilled]:
        """Refill it over the air."""
        return refill(self.path, radio=self.bench.radio, clock=self.bench.runner.clock, **more)


def recorded(bench: Bench, parent: Path, seconds: float = 60.0, **more: Any) -> Hour:
    """Record a unit that goes out of range twice."""
    hardware = Hardware(name="Shimmer3R-0001-BLE", address=ADDRESS, interval=0.03, skew=0.0004)
    twin = EmulatedShimmer(bench.air, hardware, eda=conductance, **more)
    bench.put(twin)
    begun = bench.runner.clock()
    bench.drop_outs(twin, [(begun + at, length) for at, length in AWAY])
    outcome = bench.record(session_of(device("shimmer3r_gsr", address=ADDRESS)), parent, seconds)
    return Hour(bench, twin, outcome.path)


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hour]:
    bench = Bench()
    yield recorded(bench, tmp_path_factory.mktemp("hour"))
    bench.close()


def samples(path: Path) -> tuple[FloatArray, FloatArray]:
    """Return stamps and values of the stream."""
    parts = [b.streams[KEY] for b in Recording(path).batches() if KEY in b.streams]
    return np.concatenate([p.times for p in parts]), np.concatenate([p.samples[:, 0] for p in parts])


def notices(path: Path, kind: str) -> list[Any]:
    """Return notices of the stream."""
    return [
        n for b in Recording(path).batches() for _, n in b.notices if n.kind == kind and n.stream == KEY[1]
    ]


def copy(hour: Hour, to: Path) -> Hour:
    """Return the same with a recording of its own."""
    shutil.copytree(hour.path, to / "copy")
    return Hour(hour.bench, hour.twin, to / "copy")


def test_gaps_are_filled_to_the_sample_and_in_time(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    before_times, before = samples(one.path)
    files = {p.name: p.read_bytes() for p in one.path.glob("*") if p.is_file()}
    (done,) = one.refill()
    assert (done.left, done.why) == (0, "")
    times, values = samples(one.path)
    true = np.array([t for t, _ in one.twin.sent])
    assert len(before) < len(values) == len(before) + done.samples
    # Every sample since the first that came, each once and in order, at the time it was measured.
    assert np.all(np.diff(times) > 0)
    first = int(np.argmin(np.abs(true - times[0])))
    place = first + np.round((times - times[0]) * 51.2 * 1.0004).astype(int)
    assert np.all(np.diff(place) > 0)
    assert np.abs(times - true[place]).max() < 0.012
    said = np.array([v for _, v in one.twin.sent])[place]
    assert np.abs(values / said - 1.0).max() < 0.01
    # What is missing still are the repeats while the unit changed its range.
    holes = np.diff(place) - 1
    assert set(holes[holes > 0].tolist()) == {5}
    assert (holes > 0).sum() >= 8
    # What came live is there as it was.
    live = np.searchsorted(times, before_times)
    assert np.array_equal(times[live], before_times)
    assert np.array_equal(values[live], before, equal_nan=True)
    assert {p.name: p.read_bytes() for p in one.path.glob("*") if p.is_file()} == files
    assert verify(one.path) == []


def test_every_stretch_is_marked_and_a_second_refill_finds_nothing(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    gaps = [n for n in notices(one.path, "gap") if "range" not in n.message]
    one.refill()
    assert len(gaps) == len(AWAY)
    for gap in gaps:
        inside = [m for m in notices(one.path, "refilled") if gap.start < m.start <= m.stop < gap.stop]
        told = sum(int(re.search(r"(\d+) samples", m.message)[1]) for m in inside)  # type: ignore[index, misc]
        assert gap.message == f"{told} samples missing"  # as many as were counted
    marks = len(notices(one.path, "refilled"))
    again = one.refill()
    assert [d.why for d in again] == ["nothing is missing"]
    assert len(notices(one.path, "refilled")) == marks


def test_what_could_be_had_is_said_until_it_was_looked_for(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    assert f"`attune refill {one.path}` would look for 2 gaps" in hint_of(one.path)
    assert "client/Shimmer EDA" in hint_of(one.path)
    one.refill()
    assert hint_of(one.path) == ""
    assert hint_of(tmp_path / "nothing") == ""


def test_nothing_is_said_of_devices_that_keep_nothing(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    session = one.path / "session.toml"
    session.write_text(
        session.read_text().replace(
            'profile = "shimmer3r_gsr"', 'profile = "shimmer3r_gsr"\nsettings = { card = "off" }', 1
        )
    )
    assert hint_of(one.path) == ""
    assert one.refill() == []


def test_a_card_in_a_folder_gives_the_same(hour: Hour, tmp_path: Path) -> None:
    one, other = copy(hour, tmp_path / "a"), copy(hour, tmp_path / "b")
    for path, data in hour.twin.card.files.items():
        (tmp_path / "card" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "card" / path).write_bytes(data)
    one.refill()
    other.refill(folder=tmp_path / "card")
    for a, b in zip(samples(one.path), samples(other.path), strict=True):
        assert np.array_equal(a, b, equal_nan=True)


def test_losses_and_drop_outs_while_fetching_heal(hour: Hour, tmp_path: Path) -> None:
    one, other = copy(hour, tmp_path / "a"), copy(hour, tmp_path / "b")
    one.refill()
    card = hour.twin.card
    n = card.blocks
    card.damaged, card.lost = {n + 3, n + 9}, {n + 6}
    hour.twin.drop_after_blocks = n + 12
    (done,) = other.refill()
    card.damaged, card.lost = set(), set()
    assert hour.twin.drop_after_blocks == 0  # the connection was broken
    assert done.left == 0
    for a, b in zip(samples(one.path), samples(other.path), strict=True):
        assert np.array_equal(a, b, equal_nan=True)


def test_what_cannot_be_had_is_told(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    hour.twin.docked = True
    (done,) = one.refill()
    hour.twin.docked = False
    assert "take it out" in done.why
    assert not (one.path / refill_name(Role.CLIENT)).exists()
    (tmp_path / "empty").mkdir()
    (done,) = one.refill(folder=tmp_path / "empty")
    assert "no log file of a Shimmer" in done.why


def test_a_unit_that_sends_no_files_says_what_to_do(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    version, hour.twin._version = hour.twin._version, Version(3, 1, 1, 8)
    (done,) = one.refill()
    hour.twin._version = version
    assert "say --from FOLDER" in done.why


def test_another_units_card_is_refused(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    for path, data in hour.twin.card.files.items():
        (tmp_path / "card" / path).parent.mkdir(parents=True, exist_ok=True)
        other = bytearray(data)
        other[384 + 3 :: 5] = bytes(b ^ 0x15 for b in other[384 + 3 :: 5])
        (tmp_path / "card" / path).write_bytes(other)
    (done,) = one.refill(folder=tmp_path / "card")
    assert "holds other values" in done.why


def test_a_refill_of_another_recording_is_refused(hour: Hour, tmp_path: Path) -> None:
    one = copy(hour, tmp_path)
    one.refill()
    session = one.path / "session.toml"
    text = session.read_text()
    id = next(line for line in text.splitlines() if line.startswith("id = ") and len(line) > 30)
    shutil.rmtree(tmp_path / "other", ignore_errors=True)
    assert id
    findings = verify(one.path)
    assert findings == []
    target = one.path / refill_name(Role.CLIENT)
    data = target.read_bytes()
    said = id.split('"')[1].encode()
    target.write_bytes(data.replace(said, said[::-1].replace(b"-", b"0")[:0] + b"0" * 8 + said[8:]))
    assert [f.problem for f in verify(one.path)][:1] == ["swapped"]
