"""Nuanic rings: the record of the source, and the driver against its twin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.emulated.nuanic import SILENCE, EmulatedRing
from acquisition.emulated.peripheral import Hardware
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.nuanic import Record
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "C0:FF:EE:00:00:09"
NAME = "Nuanic EDA"


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def put(bench: Bench, *, needs_pairing: bool = False, **more: Any) -> EmulatedRing:
    hardware = Hardware(
        name="Nuanic 1", address=ADDRESS, skew=0.001, interval=0.03, needs_pairing=needs_pairing
    )
    made = EmulatedRing(bench.air, hardware, **more)
    bench.put(made)
    return made


def test_a_record_is_that_of_the_source() -> None:
    record = Record.from_bytes(bytes.fromhex("06 00 00 30 FD 77 90 01 00 00 20 A1 07 00"))
    assert (record.boot, record.ms, record.conductance) == (6, 1_720_000_000_000, 2.0)
    with pytest.raises(PacketError, match="13 bytes"):
        Record.from_bytes(bytes(13))
    assert np.isnan(Record(1, 2, 0).conductance)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_a_record_survives_the_round_trip(boot: int, ms: int, ohm: int) -> None:
    assert Record.from_bytes(bytes(Record(boot, ms, ohm))) == Record(boot, ms, ohm)


def test_a_ring_delivers_conductance_in_time(bench: Bench) -> None:
    twin = put(bench, needs_pairing=True)
    driver = bench.driver(session_of(device("nuanic", address=ADDRESS)))
    driver.start()
    bench.run(driver, 50.0)
    bench.stop(driver)
    times, values = bench.samples(NAME)
    every = np.array([t for t, _ in twin.sent])
    first = int(np.argmin(np.abs(every - times[0])))  # it measured before it was connected, too
    true = every[first : first + len(times)]
    said = np.array([v for _, v in twin.sent])[first : first + len(times)]
    assert len(times) > 45 * 8
    assert twin.rate == 8
    assert np.abs(values[:, 0] / said - 1.0).max() < 1e-4
    assert np.abs(times - true)[times > times[0] + 30.0].max() < 0.012
    assert not bench.notices("gap")


def test_a_change_of_mode_is_told_and_waited_out(bench: Bench) -> None:
    put(bench, mode=2)
    driver = bench.driver(session_of(device("nuanic", address=ADDRESS)))
    driver.start()
    bench.run(driver, SILENCE - 5.0)
    assert not len(bench.samples(NAME)[0])
    bench.run(driver, 20.0)
    bench.stop(driver)
    assert len(bench.samples(NAME)[0]) > 50
    assert any("silent for a minute" in n.message for n in bench.notices("health"))
    assert not any("connecting again" in n.message for n in bench.notices("health"))


def test_a_ring_that_was_started_anew_has_its_clock_set(bench: Bench) -> None:
    twin = put(bench)
    driver = bench.driver(session_of(device("nuanic", address=ADDRESS)))
    driver.start()
    bench.run(driver, 15.0)
    bench.do(twin.restart())
    bench.until(driver, lambda: bool(bench.notices("segment", NAME)))
    bench.run(driver, 10.0)
    twin.take_off()
    bench.run(driver, 2.0)
    bench.stop(driver)
    times, _ = bench.samples(NAME)
    assert np.all(np.diff(times) > 0)
    assert [n.message for n in bench.notices("segment", NAME)] == ["the ring was started anew"]
    assert any("not on a finger" in n.message for n in bench.notices("health"))


def test_a_rate_that_a_ring_lacks_is_refused(bench: Bench, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('title = "m"\ndriver = "nuanic"\n[[stream]]\nmodality = "eda"\nsfreq = 5.0\n')
    with pytest.raises(DeviceError, match="eda at 5 Hz"):
        bench.driver(session_of(device(str(profile), address=ADDRESS)))
