"""Device clock → LSL clock on simulated links."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.drivers.ble_stream import Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock, Stamps
from acquisition.drivers.clock_fit import connection_interval
from acquisition.event import Notice
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo

PACKET, N = 73 / 130, 73


def link(
    seed: int, *, skew: float = 0.003, seconds: float = 180.0, interval: float = 0.0325
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return true time, device stamp and arrival of packets: connection events, bursts, two late seconds."""
    rng = np.random.default_rng(seed)
    period = PACKET / (1 + skew)
    true = np.arange(period, seconds, period)
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
    device_back = np.arange(N - 1, -1, -1) * PACKET / N
    back = device_back / (1 + more.get("skew", 0.003))
    for t, d, a in zip(true, device, arrival, strict=True):
        clock.observe(d, a)
        wrong.append(stamps.give(d - device_back) - (t - back))
        times.append(t - back)
    return np.concatenate(times), np.concatenate(wrong)


@pytest.mark.parametrize("skew", [0.003, -0.003, 0.02])
def test_stamps_are_right_to_ten_milliseconds_after_half_a_minute(skew: float) -> None:
    late = [w[t > 30] for t, w in (errors(seed, skew=skew) for seed in range(2))]
    assert np.quantile(np.abs(np.concatenate(late)), 0.99) < 0.010


@pytest.mark.parametrize("interval", [0.015, 0.030, 0.0375, 0.045])
def test_so_they_are_with_connection_events_at_fixed_intervals(interval: float) -> None:
    times, wrong = errors(1, interval=interval)
    assert np.quantile(np.abs(wrong[times > 30]), 0.99) < 0.010
    assert np.abs(wrong[(times > 1.5) & (times < 30)]).max() < 0.030


def test_where_all_packets_wait_equally_long_the_error_is_half_an_interval_at_most() -> None:
    # 16 events of 35 ms are one packet of an H10 that is 0.3 % fast, to an eighth of a millisecond.
    _, _, arrival = link(2, interval=0.035)
    assert np.median(np.diff(arrival)) == pytest.approx(0.56)
    times, wrong = errors(2, interval=0.035)
    assert np.abs(wrong[times > 1.5]).max() < 0.035 / 2 + 0.010


def test_before_that_they_are_right_to_a_connection_interval() -> None:
    early = [
        np.abs(w[(t > 1.5) & (t < 30)]).max() for t, w in (errors(seed, seconds=30.0) for seed in range(6))
    ]
    assert max(early) < 0.030


def test_a_stamp_depends_on_nothing_that_comes_later() -> None:
    _, device, arrival = link(6, seconds=60.0)
    whole, part = DeviceClock(), DeviceClock()
    seen = []
    for d, a in zip(device, arrival, strict=True):
        whole.observe(d, a)
        seen.append(whole.lsl(d))
    for d, a, stamp in zip(device[:50], arrival[:50], seen[:50], strict=True):
        part.observe(d, a)
        assert part.lsl(d) == stamp


def test_a_tap_on_two_devices_is_one_moment() -> None:
    moments = np.linspace(31, 175, 50)
    first, second = errors(1), errors(2, skew=-0.002, interval=0.03)
    apart = np.abs(np.interp(moments, *first) - np.interp(moments, *second))
    assert apart.max() < 0.020


def test_the_interval_of_connection_events_is_read_from_arrivals() -> None:
    rng = np.random.default_rng(0)
    missed = rng.random(48) < 0.1
    events = np.cumsum(rng.integers(10, 20, 48)) + missed
    for interval in (0.0075, 0.030, 0.04875):
        arrivals = 5.0 + events * interval + rng.exponential(0.0005, 48)
        assert connection_interval(arrivals.tolist()) == pytest.approx(interval)
    assert connection_interval(np.cumsum(rng.uniform(0.5, 0.6, 48)).tolist()) is None
    assert connection_interval([1.0, 2.0]) is None


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


def test_a_machine_that_is_late_for_long_is_not_a_clock_set_anew() -> None:
    true, device, arrival = link(5)
    busy = (true > 60.0) & (true < 90.0)
    arrival = arrival + np.where(busy, 1.0 + 0.6 * np.sin(true), 0.0)
    arrival = np.maximum.accumulate(arrival)
    clock = DeviceClock()
    for d, a in zip(device, arrival, strict=True):
        clock.observe(d, a)
    assert clock.resets == 0
    assert abs(clock.lsl(device[-1]) - true[-1]) < 0.010


def test_stamps_that_ran_ahead_are_soon_right_again() -> None:
    true, device, arrival = link(5)
    clock = DeviceClock()
    stamps = Stamps(clock)
    wrong = []
    for t, d, a in zip(true, device, arrival + np.where(true < 80, 1.5, 0.0), strict=True):
        if clock.observe(d, a):
            stamps.restart()
        wrong.append(float(stamps.give(d - np.arange(N - 1, -1, -1) * PACKET / N)[-1] - t))
    ahead = np.array(wrong)
    assert ahead[true < 79].min() > 1.4  # the fault was injected
    assert clock.resets == 1
    assert np.abs(ahead[(true > 100) & (true < 119)]).max() < 0.040


def test_a_clock_begun_anew_goes_by_its_last_seconds_until_its_rate_can_be_told() -> None:
    clock = DeviceClock(at_events=False)
    clock.restart()
    for device, late in ((100.0, 0.2), (103.0, 0.5), (110.0, 0.4)):
        clock.observe(device, device + late)
    assert clock.lsl(110.0) == pytest.approx(110.4, abs=1e-9)


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


@pytest.mark.parametrize(("n", "sfreq"), [(73, 130.0), (10, 100.0), (1, 8.0)])
@pytest.mark.parametrize("late", [0.5, 2.0, 4.0, 6.0])
@pytest.mark.parametrize("at_once", [False, True])
def test_first_packets_that_are_late_are_no_clock_that_was_set(
    n: int, sfreq: float, late: float, at_once: bool
) -> None:
    info = StreamInfo(
        name="s", role=Role.CLIENT, modality=Modality.ECG, sfreq=sfreq, unit="uV", channels=("ECG",)
    )
    out, rng, came = Outbox(), np.random.default_rng(1), 0.0
    stream = PacketStream(info, DeviceClock(), out)
    for k in range(1, int(60 * sfreq / n)):
        last = k * n / sfreq
        ready = last if last >= late else late if at_once else last + late
        came = max(came + 1e-4, ready + rng.uniform(0.0, 0.04))
        stream.packet(np.zeros((n, 1)), round(last * 1e9), 100.0 + came)
    assert [i for i in out if isinstance(i, Notice)] == []
    times = np.concatenate([c.times for c in out if isinstance(c, Chunk) and c.info is info])
    assert np.all(np.diff(times) >= 0)
    assert np.abs(times - 100.0 - np.arange(1, len(times) + 1) / sfreq)[times > 150.0].max() < 0.05
