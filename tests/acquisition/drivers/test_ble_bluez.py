"""The Polar driver on stock bleak with its BlueZ backend: a private D-Bus, a fake org.bluez, real time."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers.ble_radio import Radio
from acquisition.drivers.polar.driver import open_driver
from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.polar import EmulatedPolar, h10
from acquisition.session.session import permitted
from acquisition.stream import Chunk
from tests.acquisition.ble_bench import device, session_of

pytestmark = pytest.mark.realtime


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start a D-Bus of our own, which bleak takes for the system's."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("no dbus-daemon on this machine")
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile"]
    command += [f"--address=unix:path={tmp_path}/bus", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        daemon.terminate()


def test_stock_bleak_records_an_h10_through_bluez(bus: str) -> None:
    pytest.importorskip("dbus_fast", reason="D-Bus is there on Linux only")
    from bleak.backends.bluezdbus.manager import get_global_bluez_manager

    from tests.acquisition import fake_bluez

    belts: list[EmulatedPolar] = []
    air = Air()
    bluez = fake_bluez.FakeBlueZ(air)

    async def prepare() -> None:
        await bluez.start(bus)
        belts.append(h10(air))
        await belts[0].start()

    async def finish() -> None:
        manager = await get_global_bluez_manager()
        for connection in (manager._bus, bluez.bus):
            assert connection is not None
            connection.disconnect()
            await connection.wait_for_disconnect()

    session = session_of(device("polar_h10", name="Polar H10 12345678"))
    driver = open_driver(permitted(session)[0], session, radio=Radio(prepare=prepare, finish=finish))
    items: list[object] = []
    driver.start()
    try:
        deadline = time.monotonic() + 120.0
        while sum(isinstance(i, Chunk) and i.info.name == "H10 ECG" for i in items) < 5:
            assert time.monotonic() < deadline, driver.missing()
            items += driver.drain()
            time.sleep(0.05)
        assert driver.keepers[0].facts["mtu"] == "517"
    finally:
        driver.stop()
    ecg = np.concatenate([i.samples for i in items if isinstance(i, Chunk) and i.info.name == "H10 ECG"])
    assert ecg[:, 0].tolist() == [float(v) for _, v in belts[0].sent[: len(ecg)]]
    assert belts[0].commands[-2:] == [b"\x03\x00", b"\x03\x02"]
