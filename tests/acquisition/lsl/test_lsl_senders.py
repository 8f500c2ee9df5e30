"""The profiles for what other programs publish, on outlets that describe themselves as those do."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pylsl
import pytest

from acquisition.drivers import Drained, Driver
from acquisition.lsl.network import configure
from acquisition.recorder.begin import open_drivers
from acquisition.stream import Chunk
from acquisition.units import convert
from tests.acquisition.ble_bench import device, session_of
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

SENDERS: dict[str, tuple[dict[str, Any], list[tuple[str, str]], str, list[float], dict[str, Any]]] = {
    # what the stream says of itself, channels (label, unit), what labels are called, a sample, the device
    "opensignals": (
        {"name": "OpenSignals", "type": "00:07:80:4D:2E:76", "sfreq": 100.0},
        [("nSeq", ""), ("ECG1", "mV"), ("EDA2", "uS")],
        "label",
        [7.0, 0.3, 5.0],
        {"name": "OpenSignals", "channel": "EDA2"},
    ),
    "emotibit": (
        {"name": "EmotiBit EA", "type": "EDA", "sfreq": 15.0, "source_id": "emotibit-ea"},
        [("EA", "microsiemens")],
        "label",
        [5.0],
        {"source_id": "emotibit-ea"},
    ),
    "empatica": (
        {"name": "gsr", "type": "GSR", "sfreq": 4.0, "source_id": "e4-gsr"},
        [("GSR", "microsiemens")],
        "name",  # as some bridges write it
        [5.0],
        {"source_id": "e4-gsr"},
    ),
    "shimmer": (
        {"name": "Shimmer_GSR", "type": "GSR", "sfreq": 51.2, "source_id": "shimmer-3a4f"},
        [("GSR_CAL", ""), ("PPG_CAL", "mV")],
        "name",
        [200.0, 1.0],
        {"source_id": "shimmer-3a4f", "channel": "GSR_CAL", "unit": "kOhm"},
    ),
}


def outlet(said: dict[str, Any], channels: list[tuple[str, str]], label: str) -> pylsl.StreamOutlet:
    """Open an outlet with a description of its own kind."""
    configure()
    source_id = said.get("source_id", "00:07:80:4D:2E:76")
    info = pylsl.StreamInfo(said["name"], said["type"], len(channels), said["sfreq"], "float32", source_id)
    described = info.desc().append_child("channels")
    for name, unit in channels:
        channel = described.append_child("channel")
        channel.append_child_value(label, name)
        if unit:
            channel.append_child_value("unit", unit)
    return pylsl.StreamOutlet(info)


@pytest.mark.parametrize("profile", SENDERS)
def test_skin_conductance_of_other_programs_gets_in(profile: str) -> None:
    said, channels, label, sample, table = SENDERS[profile]
    out = outlet(said, channels, label)
    drivers, refusals = open_drivers(session_of(device(profile, **table)))
    assert refusals == []
    (driver,) = drivers
    items: list[Drained] = []
    driver.start()
    try:
        wait_for(driver.ready, "the stream is open")
        wait_for(lambda: _has_come(driver, out, sample, items), "a sample came")
    finally:
        driver.stop()
    chunk = next(i for i in items if isinstance(i, Chunk))
    assert chunk.info.sfreq == pytest.approx(said["sfreq"])
    assert chunk.info.channels == (table.get("channel", channels[0][0]),)
    conductance = convert(np.asarray(chunk.samples), chunk.info.unit, chunk.info.modality)
    assert conductance[0, 0] == pytest.approx(5.0)


def _has_come(driver: Driver, out: pylsl.StreamOutlet, sample: list[float], items: list[Drained]) -> bool:
    out.push_sample(sample)
    time.sleep(0.02)
    items += driver.drain()
    return any(isinstance(i, Chunk) for i in items)
