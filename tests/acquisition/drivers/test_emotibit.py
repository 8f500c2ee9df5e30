"""EmotiBit: its clock by round trips, its losses counted, and the driver against a twin on loopback."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from acquisition.drivers.ble_loop import LoopThread
from acquisition.drivers.ble_stream import Outbox
from acquisition.drivers.emotibit import host
from acquisition.drivers.emotibit.clock import RoundTripClock
from acquisition.drivers.emotibit.driver import EmotiBitDriver, open_driver
from acquisition.drivers.emotibit.order import Order
from acquisition.drivers.emotibit.signals import Channel, Signals
from acquisition.emulated.emotibit import EmulatedEmotiBit, Firmware
from acquisition.errors import DeviceError
from acquisition.event import Notice
from acquisition.gatt.emotibit import ACK, LOCAL_TIME, REQUEST, Line, read_datagram
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from tests.acquisition.ble_bench import device, session_of
from tests.waiting import wait_for

EDA = StreamInfo(
    name="EmotiBit EDA", role=Role.CLIENT, modality=Modality.EDA, sfreq=15.0, unit="uS", channels=("EDA",)
)
APART = 1234.5
"""Seconds between the clock of the loop and that of the recorder here."""


class Network:
    """A device and its host without sockets: datagrams take their time, and what else is wanted."""

    def __init__(self, seed: int = 1, **more: Any) -> None:
        self.device, self.out = Firmware(**more), deque[Any]()
        self.told: list[str] = []
        clock = RoundTripClock()
        self.signals = Signals([Channel(EDA, ("EA",), clock, self.out)], clock, self.told.append)
        self._random = np.random.default_rng(seed)
        self._way: list[tuple[float, bytes, bool]] = []
        self.lose, self.twice, self.late_ack = 0.0, 0.0, 0.0

    def run(self, begin: float, end: float) -> None:
        """Let time pass from one moment of the loop to another."""
        steps = np.arange(begin, end, 0.01)
        for k, now in enumerate(steps.tolist()):
            if k % 10 == 0:
                for data in self.device.data(now):
                    self._post(data, now, to_host=True)
            due = [x for x in self._way if x[0] <= now]
            self._way = [x for x in self._way if x[0] > now]
            for arrival, data, to_host in sorted(due):
                self._deliver(data, arrival, to_host)
            self.signals.look(now + APART)

    def _post(self, data: bytes, now: float, *, to_host: bool) -> None:
        if self._random.random() < self.lose:
            return
        for _ in range(2 if self._random.random() < self.twice else 1):
            self._way.append((now + 0.003 + float(self._random.exponential(0.006)), data, to_host))

    def _deliver(self, data: bytes, now: float, to_host: bool) -> None:
        lines, damaged = read_datagram(data)
        if not to_host:
            for line in lines:
                self.device.answered(line, now)
            return
        self.signals.damaged += damaged
        for line in lines:
            if line.tag == REQUEST and LOCAL_TIME in line.payload:
                text = f"{now:.6f}"
                self._post(str(Line(0, 0, LOCAL_TIME, (text,))).encode(), now, to_host=False)
                self.signals.answered(line, text, now + APART)
                ack = str(Line(0, 0, ACK, (str(line.number), REQUEST))).encode()
                self._post(ack, now + self.late_ack, to_host=False)
        self.signals.feed(lines, now + APART)

    def samples(self) -> tuple[FloatArray, FloatArray]:
        """Return stamps and values."""
        chunks = [c for c in self.out if isinstance(c, Chunk) and c.info == EDA]
        return np.concatenate([c.times for c in chunks]), np.concatenate([c.samples[:, 0] for c in chunks])

    def truth(self) -> tuple[FloatArray, FloatArray]:
        """Return when samples were taken, on the recorder's clock, and what they were."""
        true = np.array(self.device.sent)
        return true[:, 0] + APART, true[:, 1]

    def notices(self, kind: str) -> list[Notice]:
        """Return what was told of the stream."""
        return [n for n in self.out if isinstance(n, Notice) and n.kind == kind]


def errors(net: Network, since: float = 0.0) -> FloatArray:
    """Return the error of each stamp from a moment of the loop on: each is of the sample that is nearest."""
    times, values = net.samples()
    times, values = times[times >= since + APART], values[times >= since + APART]
    true, said = net.truth()
    at = np.clip(np.searchsorted(true, times), 1, len(true) - 1)
    place = at - (times - true[at - 1] < true[at] - times)
    assert np.abs(values - said[place]).max() < 1e-5
    return np.asarray(times - true[place])


@pytest.mark.parametrize(
    "more", [{"skew": 0.0005}, {"skew": -0.002}, {"ms": 2**32 - 20_000, "number": 65_000}]
)
def test_stamps_are_true_to_ten_milliseconds_over_both_wraps(more: dict[str, Any]) -> None:
    net = Network(**more)
    net.run(0.0, 120.0)
    found = errors(net)
    assert len(found) > 115 * 15
    times, _ = net.samples()
    assert np.all(np.diff(times) > 0)
    assert np.quantile(np.abs(found[times > times[0] + 30.0]), 0.99) < 0.010
    assert net.signals.round_trips >= 20
    assert not net.notices("gap")


def test_a_round_trip_is_halved() -> None:
    net = Network()
    signals = net.signals
    request = Line.from_text("60105,7,2,RD,1,100,TL,TU")
    signals.feed([request], 100.0)
    signals.answered(request, "x", 100.001)
    signals.feed([Line.from_text("60117,8,1,TL,1,100,x")], 100.2)
    assert (signals.round_trips, round(signals.best, 6)) == (1, 0.012)
    assert signals._clock.lsl(60.117) == pytest.approx(100.001 + 0.006, abs=1e-6)


def test_losses_are_counted_and_doubles_left_out() -> None:
    net = Network()
    net.run(0.0, 20.0)
    net.lose, net.twice, net.late_ack = 0.1, 0.2, 0.4
    net.run(20.0, 60.0)
    net.lose = 0.0
    net.run(60.0, 65.0)
    times, _ = net.samples()
    gaps = net.notices("gap")
    missing = sum(int(n.message.split()[0]) for n in gaps)
    true, _ = net.truth()
    assert len(gaps) > 5
    assert abs(len(times) + missing - (true <= times[-1] + 0.01).sum()) <= 2
    assert net.signals.order.lost > 20
    assert net.signals.order.doubled > 20
    assert any("packets never came" in t for t in net.told)
    errors(net)


def test_datagrams_that_overtake_one_another_lose_nothing() -> None:
    order = Order()
    lines = [Line(k, (65_530 + k) % 65_536, "EA", ("1",)) for k in range(12)]
    got = []
    for k in (0, 2, 1, 1, 3, 6, 5, 4, 8, 7, 9, 11, 10):
        got += order.feed([lines[k]], 0.01 * k)
    assert [line.ms for line, _ in got] == list(range(12))
    assert (order.lost, order.doubled, order.late) == (0, 1, 0)


def test_a_hole_is_waited_for_and_then_counted() -> None:
    order = Order()
    lines = [Line(k, k, "EA", ("1",)) for k in range(9)]
    order.feed(lines[:3], 0.0)
    assert order.feed(lines[5:7], 0.1) == []
    assert [line.ms for line, _ in order.due(0.4)] == [5, 6]
    order.feed([lines[4]], 0.5)
    assert (order.lost, order.late) == (2, 1)


def test_a_device_that_begins_anew_begins_a_segment() -> None:
    net = Network()
    net.run(0.0, 20.0)
    net.device.reboot(20.0)
    net.run(20.0, 60.0)
    assert len(net.notices("segment")) == 1
    times, _ = net.samples()
    assert np.all(np.diff(times) > 0)
    assert np.abs(errors(net, since=40.0)).max() < 0.010


def test_cut_lines_and_clipped_values_are_told() -> None:
    net = Network()
    net.run(0.0, 12.0)
    net.device.cut_next, net.device.clip_next = True, 3
    net.run(12.0, 40.0)
    assert net.signals.damaged == 1
    assert any("3 values of EA clipped" in t for t in net.told)


@contextmanager
def on_loopback(twin: EmulatedEmotiBit, *more: EmulatedEmotiBit) -> Iterator[LoopThread]:
    """Have twins on sockets of this machine."""
    loop = LoopThread()
    for one in (twin, *more):
        loop.submit(one.start()).result(5.0)
    try:
        yield loop
    finally:
        for one in (twin, *more):
            loop.submit(one.close()).result(5.0)
        loop.close()


def driver_of(twin: EmulatedEmotiBit, **more: Any) -> EmotiBitDriver:
    more = {"settings": {"port": twin.port}, **more}
    session = session_of(device("emotibit_direct", address="127.0.0.1", **more))
    return open_driver(session.devices)


@pytest.mark.realtime
def test_a_device_is_found_streams_and_is_found_again() -> None:
    twin, items = EmulatedEmotiBit(Firmware()), Outbox()
    with on_loopback(twin) as loop:
        driver = driver_of(twin)
        driver.start()

        def has(n: int) -> bool:
            items.extend(driver.drain())
            return (
                sum(len(c.times) for c in items if isinstance(c, Chunk) and c.info.name == "EmotiBit EDA") > n
            )

        wait_for(lambda: has(5), "samples")
        assert driver.ready()
        loop.submit(twin.drop()).result(5.0)
        wait_for(lambda: not driver.ready(), "the end of the connection")
        wait_for(driver.ready, "another one")
        have = sum(len(c.times) for c in items if isinstance(c, Chunk) and c.info.name == "EmotiBit EDA")
        wait_for(lambda: has(have + 5), "samples again")
        driver.stop()
        items.extend(driver.drain())
    kinds = {n.kind for n in items if isinstance(n, Notice)}
    assert {"lost", "resumed"} <= kinds
    acc = [c for c in items if isinstance(c, Chunk) and c.info.name == "EmotiBit ACC"]
    assert acc[0].samples.shape[1] == 3
    assert driver.kept()[0].facts == {"id": "MD-V5-0000108"}


@pytest.mark.realtime
def test_what_another_device_sends_to_the_same_port_is_not_listened_to() -> None:
    twin, items = EmulatedEmotiBit(Firmware()), Outbox()
    other = EmulatedEmotiBit(Firmware(us=lambda t: np.full(len(t), 55.0)), id="other", host="127.0.0.2")
    with on_loopback(twin, other):
        driver = driver_of(twin)
        driver.start()
        wait_for(lambda: twin._peer is not None, "a connection")
        other._peer = twin._peer

        def enough() -> bool:
            items.extend(driver.drain())
            return other._sent > 10 and any(isinstance(i, Chunk) for i in items)

        wait_for(enough, "samples")
        driver.stop()
        items.extend(driver.drain())
    values = [c.samples for c in items if isinstance(c, Chunk) and c.info.name == "EmotiBit EDA"]
    assert np.concatenate(values).max() < 10.0


@pytest.mark.realtime
def test_it_writes_to_its_card_where_it_is_asked_to_and_over_a_drop_out() -> None:
    twin = EmulatedEmotiBit(Firmware())
    with on_loopback(twin) as loop:
        driver = driver_of(twin, settings={"port": twin.port, "card": "on"})
        driver.start()
        wait_for(lambda: twin.firmware.recording, "a file")
        wait_for(driver.ready, "samples")
        loop.submit(twin.drop()).result(5.0)
        wait_for(lambda: not driver.ready(), "the end of the connection")
        assert twin.firmware.recording
        wait_for(driver.ready, "another one")
        driver.stop()
        wait_for(lambda: not twin.firmware.recording, "the end of the file")
    assert len(twin.firmware.files) == 1
    assert all(Line.from_text(text) for text in twin.firmware.files[0].splitlines())


@pytest.mark.realtime
def test_one_that_another_program_holds_is_told() -> None:
    twin = EmulatedEmotiBit(Firmware())
    twin.busy = True
    with on_loopback(twin):
        driver = driver_of(twin)
        driver.start()
        wait_for(lambda: "held by another program" in "".join(driver.missing()), "why not")
        driver.stop()


@pytest.mark.realtime
def test_one_that_does_not_answer_pings_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "OPENING", 0.5)
    twin = EmulatedEmotiBit(Firmware())
    twin.mute = True
    with on_loopback(twin):
        driver = driver_of(twin)
        driver.start()
        wait_for(lambda: "does not connect" in "".join(driver.missing()), "why not")
        driver.stop()


def test_faulty_settings_are_refused() -> None:
    with pytest.raises(DeviceError, match="no setting 'gain'"):
        open_driver(session_of(device("emotibit_direct", address="127.0.0.1", settings={"gain": 1})).devices)
    with pytest.raises(DeviceError, match="must be on or off"):
        open_driver(session_of(device("emotibit_direct", name="a", settings={"card": "yes"})).devices)
    with pytest.raises(DeviceError, match="neither address nor name"):
        open_driver(session_of(device("emotibit_direct")).devices)
    asyncio.set_event_loop(None)
