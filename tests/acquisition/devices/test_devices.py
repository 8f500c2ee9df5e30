"""Scan, identify and check, on emulated wearables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.devices.check import check
from acquisition.devices.nearby import Activity, moving, scan_ble, verdict
from acquisition.emulated.bitalino import EmulatedBitalino
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import h10
from acquisition.errors import DeviceError
from acquisition.stream import Chunk, Modality, Role, StreamInfo
from tests.acquisition.ble_bench import Bench, device, session_of

EDA = StreamInfo(
    name="EDA", role=Role.CLIENT, modality=Modality.EDA, sfreq=100.0, unit="uS", channels=("EDA",)
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_scan_names_the_profile_that_fits(bench: Bench) -> None:
    strap = Hardware(name="unknown maker", address="11:22:33:44:55:66")
    bench.put(h10(bench.air), EmulatedBitalino(bench.air, strap))
    found = {f.identity: f for f in scan_ble(3.0, bench.radio)}
    assert found["C7:4C:DA:51:37:51"].profile == "polar_h10"
    assert found["11:22:33:44:55:66"].profile == "bitalino"
    assert found["C7:4C:DA:51:37:51"].rssi == -50


def test_scan_without_a_radio_says_so(bench: Bench) -> None:
    bench.put(h10(bench.air))
    bench.do(bench.air.switch(False)) if bench.air.central else setattr(bench.air, "on", False)
    with pytest.raises(DeviceError, match="switched off"):
        scan_ble(1.0, bench.radio)


def test_check_finds_everything_in_order(bench: Bench, tmp_path: Path) -> None:
    bench.put(h10(bench.air))
    session = session_of(device("polar_h10", address="C7:4C:DA:51:37:51"))
    findings = check(
        session,
        tmp_path,
        drivers=bench.drivers(session),
        clock=bench.runner.clock,
        sleep=bench.runner.run,
        wall=bench.runner.clock,
    )
    assert [f for f in findings if not f.ok] == []
    assert {f.part for f in findings} == {"consent", "sealing", "device", "stream", "disk", "clock", "lsl"}
    assert "battery 87 %" in next(f.text for f in findings if f.part == "device")


def test_check_says_what_is_missing_and_why(bench: Bench, tmp_path: Path) -> None:
    bench.put(h10(bench.air, battery=12))
    session = session_of(
        device("polar_h10", address="C7:4C:DA:51:37:51"),
        device("polar_h10", role="therapist", address="C7:4C:DA:51:37:99"),
    )
    findings = check(
        session,
        tmp_path,
        drivers=bench.drivers(session),
        clock=bench.runner.clock,
        sleep=bench.runner.run,
        wall=bench.runner.clock,
    )
    bad = {f.what: f.text for f in findings if not f.ok}
    assert "the battery is low" in bad["client polar_h10 (C7:4C:DA:51:37:51)"]
    assert "in range" in bad["therapist polar_h10 (C7:4C:DA:51:37:99)"]
    assert bad["therapist H10 ECG"] == "no samples"


def test_a_skin_response_is_no_tap() -> None:
    times = np.arange(0, 10, 0.01)
    rng = np.random.default_rng(0)
    quiet = 5 + 0.003 * rng.standard_normal(len(times))
    response = np.where(times > 9.0, 1.2 * (1 - np.exp(-(times - 9.0) / 0.7)) ** 2, 0.0)
    activity = Activity(EDA)
    activity.hear(Chunk(EDA, times, (quiet + response)[:, None]))
    assert np.ptp(quiet + response) > 0.5
    assert moving([activity]) is None


def test_the_tapped_stream_is_the_one_that_moves() -> None:
    rng = np.random.default_rng(0)
    calm, tapped = Activity(EDA), Activity(EDA)
    times = np.arange(0, 10, 0.01)
    for activity, tap in ((calm, 0.0), (tapped, 3.0)):
        values = 5 + 0.01 * rng.standard_normal(len(times)) + tap * (times > 9.5)
        activity.hear(Chunk(EDA, times, values[:, None]))
    assert moving([calm, tapped]) is tapped
    assert moving([calm]) is None
    assert moving([]) is None


@pytest.mark.parametrize(
    ("values", "ok", "text"),
    [
        (5 + 0.1 * np.sin(np.arange(800) / 50), True, "median 5"),
        (np.full(800, 5.0), False, "flat"),
        (0.001 * np.sin(np.arange(800)), False, "outside"),
        (5 + 0.1 * np.sin(np.arange(300)), False, "samples are missing"),
        (np.empty(0), False, "no samples"),
    ],
)
def test_a_verdict_says_what_a_stream_looks_like(values: np.ndarray, ok: bool, text: str) -> None:
    good, said = verdict(EDA, values[:, None], 8.0)
    assert good is ok
    assert text in said
