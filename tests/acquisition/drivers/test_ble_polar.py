"""The Polar driver against an emulated H10."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.emulated.polar import EmulatedPolar, h10
from acquisition.recording.recording import Recording
from acquisition.stream import FloatArray, Role
from tests.acquisition.ble_bench import Bench, device, session_of

pytestmark = pytest.mark.realtime

ADDRESS = "C7:4C:DA:51:37:51"
SESSION = device("polar_h10", address=ADDRESS)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def sent(belt: EmulatedPolar) -> tuple[FloatArray, FloatArray]:
    """Return true times and values of what the belt measured."""
    pairs = np.array(belt.sent)
    return pairs[:, 0], pairs[:, 1]


def test_everything_of_an_h10_reaches_the_recording(bench: Bench, tmp_path: Path) -> None:
    belt = h10(bench.air)
    bench.put(belt)
    outcome = bench.record(session_of(SESSION), tmp_path, 40.0)
    recording = Recording(outcome.path)
    parts = next(iter(recording.batches()))
    ecg = parts.streams[Role.CLIENT, "H10 ECG"]
    times, values = sent(belt)
    n = len(ecg.times)
    assert n > 39 * 130
    assert np.array_equal(ecg.samples[:, 0], values[:n])
    late = times[:n] > times[0] + 30
    assert np.abs(ecg.times - times[:n])[late].max() < 0.010
    assert np.abs(ecg.times - times[:n]).max() < 0.045
    rr = parts.streams[Role.CLIENT, "H10 RR"]
    assert set(rr.samples[:, 0]) == {1024.0}
    assert np.allclose(np.diff(rr.times[5:]), 1.0, atol=0.04)
    stamps = parts.streams[Role.CLIENT, "H10 ECG device time"]
    assert stamps.samples.dtype == np.int64
    assert np.all(np.diff(stamps.samples[:, 0]) > 0)
    assert stamps.samples[:, 2].sum() == n
    header = (outcome.path / "client.xdf").read_bytes()
    assert b"<firmware>5.0.0<" in header
    assert b"<battery>87 %<" in header
