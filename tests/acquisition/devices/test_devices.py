"""Scan, identify and check, on emulated wearables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.devices.check import check
from acquisition.devices.nearby import scan_ble, verdict
from acquisition.emulated.bitalino import EmulatedBitalino
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import h10
from acquisition.errors import DeviceError
from acquisition.stream import Modality, Role, StreamInfo
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
    parts = {"consent", "sealing", "plan", "device", "stream", "disk", "clock", "lsl"}
    assert {f.part for f in findings} == parts
    assert "battery 87 %" in next(f.text for f in findings if f.part == "device")


def test_check_says_what_will_and_what_will_not_be_opened(bench: Bench, tmp_path: Path) -> None:
    bench.put(h10(bench.air))
    session = session_of(
        device("polar_h10", address="C7:4C:DA:51:37:51"), device("movesense", address="C7:4C:DA:51:37:52")
    )
    said = check(
        session,
        tmp_path,
        wait=2.0,
        listen=1.0,
        drivers=bench.drivers(session),
        clock=bench.runner.clock,
        sleep=bench.runner.run,
        wall=bench.runner.clock,
    )
    plan = {f.what: (f.ok, f.text) for f in said if f.part == "plan"}
    ok, text = plan["client"]
    assert ok and text.startswith("will be opened: ") and "H10 ECG" in text
    assert plan["therapist"] == (True, "nothing will be opened")
    ok, text = plan["hearts"]
    assert not ok and text.startswith("2 hearts on the client (polar_h10 (C7:4C:DA:51:37:51), ")


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
