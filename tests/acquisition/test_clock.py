"""Device clock → LSL clock on simulated links."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.clock import DeviceClock, Stamps
from acquisition.stream import FloatArray

PACKET, N = 73 / 130, 73


def link(
    seed: int, *, skew: float = 0.003, seconds: float = 180.0, interval: float = 0.0325
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return true time, device stamp and arrival of packets: connection events, bursts, two late seconds."""
    rng = np.random.default_rng(seed)
    true = np.arange(PACKET, seconds, PACKET)
    ready = true + rng.uniform(0.001, 0.004, len(true))
    phase = rng.uniform(0, interval)
    sent = phase + np.ceil((ready - phase) / interval) * interval
    for begin in (60.0, 120.0):
        sent[(sent > begin) & (sent < begin + 2.0)] = begin + 2.0
    return true, 1e4 + true * (1 + skew), np.maximum.accumulate(sent)


def errors(seed: int, **more: float) -> tuple[FloatArray, FloatArray]:
    """Return true times and errors of all stamps."""
    true, device, arrival = link(seed, **more)
    clock, times, wrong = DeviceClock(), [], []
    stamps = Stamps(clock)
    back = np.arange(N - 1, -1, -1) * PACKET / N
    skew = more.get("skew", 0.003)
    for t, d, a in zip(true, device, arrival, strict=True):
        clock.observe(d, a)
        wrong.append(stamps.give(d - back * (1 + skew)) - (t - back))
        times.append(t - back)
    return np.concatenate(times), np.concatenate(wrong)


@pytest.mark.parametrize("skew", [0.003, -0.003, 0.0, 0.02])
def test_stamps_are_right_to_ten_milliseconds_after_half_a_minute(skew: float) -> None:
    late = [w[t > 30] for t, w in (errors(seed, skew=skew) for seed in range(6))]
    assert np.quantile(np.abs(np.concatenate(late)), 0.99) < 0.010


def test_before_that_they_are_right_to_a_connection_interval() -> None:
    early = [np.abs(w[(t > 1.5) & (t < 30)]).max() for t, w in (errors(seed) for seed in range(6))]
    assert max(early) < 0.0425


def test_a_tap_on_two_devices_is_one_moment() -> None:
    moments = np.linspace(31, 175, 50)
    first, second = errors(1), errors(2, skew=-0.002, interval=0.03)
    apart = np.abs(np.interp(moments, *first) - np.interp(moments, *second))
    assert apart.max() < 0.020


def test_a_clock_set_anew_is_noticed_and_followed() -> None:
    true, device, arrival = link(3)
    device = np.where(true > 90, device - 5e3, device)
    clock = DeviceClock()
    resets = [clock.observe(d, a) for d, a in zip(device, arrival, strict=True)]
    assert np.flatnonzero(resets).tolist() == [int(np.argmax(true > 90))]
    assert abs(clock.lsl(device[-1]) - true[-1]) < 0.010


def test_a_clock_set_a_little_ahead_is_noticed_and_followed() -> None:
    true, device, arrival = link(4)
    device = np.where(true > 90, device + 1.0, device)
    clock = DeviceClock()
    for d, a in zip(device, arrival, strict=True):
        clock.observe(d, a)
    assert clock.resets == 1
    assert abs(clock.lsl(device[-1]) - true[-1]) < 0.010


def test_two_late_seconds_are_not_a_clock_set_anew() -> None:
    clock = DeviceClock()
    _, device, arrival = link(5)
    assert np.max(arrival - (device - 1e4)) > 1.0  # the fault was injected
    for d, a in zip(device, arrival, strict=True):
        clock.observe(d, a)
    assert clock.resets == 0


def test_nothing_is_known_before_the_first_packet() -> None:
    assert np.isnan(DeviceClock().lsl(3.0))


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 1e3)), min_size=1, max_size=60))
def test_stamps_never_run_backwards(packets: list[tuple[float, float]]) -> None:
    clock = DeviceClock()
    stamps, last = Stamps(clock), -np.inf
    for device, arrival in packets:
        clock.observe(device, arrival)
        given_stamps = stamps.give(device - np.arange(9, -1, -1, dtype=np.float64) * 0.01)
        assert np.all(np.diff(given_stamps) >= 0)
        assert np.isfinite(given_stamps).all()
        assert given_stamps[0] >= last
        last = given_stamps[-1]
