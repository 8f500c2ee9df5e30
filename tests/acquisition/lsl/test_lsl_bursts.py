"""Bridges that push a packet's samples one by one, or at another rate than they say, over LSL itself."""

from __future__ import annotations

import time

import numpy as np
import pylsl
import pytest

from acquisition.event import Notice
from acquisition.lsl.outlet import Outlet
from acquisition.recorder.health import HealthWatch
from acquisition.stream import Chunk, FloatArray
from acquisition.timebase.base import TimeBase
from acquisition.timebase.manner import Manner
from tests.acquisition.lsl_sender import Listening, binding, listening, outlet

pytestmark = pytest.mark.realtime

SFREQ, PACKET, PACKETS = 130.0, 73, 14


def told(listener: Listening, bridged: Outlet) -> tuple[list[Notice], list[FloatArray]]:
    """Send packets as they would come over the radio; return what is told, and stamps and arrivals."""
    health, sent, heard = HealthWatch(), 0, 0
    stamps, arrivals, notices = list[FloatArray](), list[FloatArray](), list[Notice]()
    begin = pylsl.local_clock()
    while sent < PACKETS or heard < PACKETS * PACKET:
        now = pylsl.local_clock()
        assert now < begin + 30.0, f"{heard} samples came"
        if sent < PACKETS and now - begin >= (sent + 1) * PACKET / SFREQ:
            for _ in range(PACKET):
                bridged.push(np.array([pylsl.local_clock()]), np.zeros((1, 1)))
            sent += 1
        for item in listener.driver.drain():
            if isinstance(item, Chunk):
                if not heard:
                    health.expect([item.info], now)
                    health.begin(now)
                notices += health.hear(item, now)
                stamps.append(item.times)
                arrivals.append(np.full(len(item.times), now))
                heard += len(item.times)
        time.sleep(0.01)
    return notices, [np.concatenate(stamps), np.concatenate(arrivals)]


@pytest.mark.parametrize("says", [130.0, 250.0])
def test_samples_pushed_packet_by_packet_over_lsl_lie_evenly_and_are_no_gaps(says: float) -> None:
    source_id = f"bridge{says:g}"
    bridged = outlet(source_id, sfreq=says)
    with listening(binding(source_id)) as listener:
        notices, (stamps, arrivals) = told(listener, bridged)
    bridged.close()
    assert len(stamps) == PACKETS * PACKET
    assert np.diff(stamps).max() > 0.2, "they came in packets"
    assert not [n for n in notices if n.kind == "gap"]
    base = TimeBase(says)
    times = np.append(base.push(stamps, arrivals).times, base.drain())
    assert base.account.manner is Manner.PACKETS
    assert not base.account.losses
    steps = np.diff(times)[4 * PACKET :]
    # the machine may be busy: a packet may have been sent late, but no step of a sample is far from its own
    assert np.abs(steps * SFREQ - 1.0).max() < 0.2
