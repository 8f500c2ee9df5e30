"""What goes wrong with wearables: drop-outs, batteries, adapters, refusals; and what is told of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.drivers.ble import BleDriver
from acquisition.drivers.ble_stream import PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import EmulatedPolar, h10
from acquisition.emulated.strap import EmulatedStrap
from acquisition.errors import DeviceError, SessionError
from acquisition.gatt.polar import Measurement, Status
from acquisition.recorder.listener import Listener
from acquisition.recorder.report import status_lines
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "C7:4C:DA:51:37:51"
SESSION = device("polar_h10", address=ADDRESS)
ECG = "H10 ECG"


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def truth(belt: EmulatedPolar) -> tuple[FloatArray, FloatArray]:
    """Return true times and values of what the belt measured."""
    pairs = np.array(belt.sent)
    return pairs[:, 0], pairs[:, 1]


def started(bench: Bench, **hardware: Any) -> tuple[EmulatedPolar, BleDriver]:
    """Return a belt on the air and the driver that looks for it."""
    belt = h10(bench.air, **hardware)
    bench.put(belt)
    driver = bench.driver(session_of(SESSION))
    assert isinstance(driver, BleDriver)
    driver.start()
    return belt, driver


def told(bench: Bench) -> str:
    """Return all that was told about the devices so far, a line each."""
    return "\n".join(n.message for n in bench.notices("health"))


@pytest.mark.parametrize("seconds", [5.0, 30.0, 300.0])
def test_out_of_range_is_one_gap_with_exact_bounds(bench: Bench, seconds: float) -> None:
    belt, driver = started(bench)
    bench.run(driver, 40.0)
    before = len(bench.samples(ECG)[0])
    bench.do(belt.body.leave())
    bench.run(driver, seconds)
    assert len(bench.samples(ECG)[0]) - before < 80  # the fault was injected
    bench.do(belt.body.come_back())
    bench.until(driver, lambda: bool(bench.notices("resumed", ECG)))
    bench.run(driver, 10.0)
    bench.stop(driver)
    times, values = bench.samples(ECG)
    true, said = truth(belt)
    assert np.all(np.diff(times) > 0)
    (gap,) = bench.notices("gap", ECG)
    k = int(np.flatnonzero(np.diff(times) > 1.0)[0])
    assert (gap.start, gap.stop) == (times[k], times[k + 1])
    stamps = [c for c in bench.items if isinstance(c, Chunk) and c.info.name == f"{ECG} device time"]
    device_ns = np.concatenate([c.samples for c in stamps])
    jump = int(np.argmax(np.diff(device_ns[:, 0])))
    lost = (device_ns[jump + 1, 0] - device_ns[jump, 0]) * 1e-9 * 130 - 73
    assert gap.message == f"{round(lost)} samples missing"
    assert [n.start for n in bench.notices("lost", ECG)] == [times[k]]
    assert "(in range: Polar" not in told(bench)  # it does not count as near while it is away
    # What came after is what the belt measured then, and stamped right.
    after = true > true[np.argmax(np.diff(true))]
    tail = values[k + 1 :, 0]
    assert np.array_equal(tail, said[after][: len(tail)])
    assert np.abs(times[k + 1 :] - true[after][: len(tail)]).max() < 0.045


def test_a_clock_that_begins_anew_is_a_new_segment(bench: Bench) -> None:
    belt, driver = started(bench)
    bench.run(driver, 40.0)
    bench.do(belt.pull_battery())
    bench.run(driver, 20.0)
    bench.do(belt.put_battery())
    bench.until(driver, lambda: bool(bench.notices("resumed", ECG)))
    bench.run(driver, 5.0)
    bench.stop(driver)
    (segment,) = bench.notices("segment", ECG)
    assert "anew" in segment.message
    times, _ = bench.samples(ECG)
    true, _ = truth(belt)
    assert np.all(np.diff(times) > 0)
    last = true[-len(times) :][-100:]
    assert len(last) == 100
    assert abs(times[-1] - true[true <= times[-1] + 0.05][-1]) < 0.045


def test_an_adapter_that_is_switched_off_is_told_of_and_waited_for(bench: Bench) -> None:
    _, driver = started(bench)
    bench.run(driver, 10.0)
    bench.do(bench.air.switch(False))
    bench.run(driver, 10.0)
    assert any("Bluetooth cannot be used" in n.message for n in bench.notices("health"))
    bench.do(bench.air.switch(True))
    bench.until(driver, lambda: bool(bench.notices("resumed", ECG)))
    bench.stop(driver)
    assert len(bench.notices("lost", ECG)) == 1


def test_already_in_state_is_stopped_and_started_again(bench: Bench) -> None:
    belt = h10(bench.air)
    bench.put(belt)
    belt.fail_next = Status.ALREADY
    original = belt._obey
    refused: list[object] = []

    def obey(command: object) -> tuple[Status, bytes]:
        if getattr(command, "op", 0) == 2 and not refused:
            refused.append(command)
            return Status.ALREADY, b""
        return original(command)  # type: ignore[arg-type]

    belt.fail_next, belt._obey = None, obey  # type: ignore[method-assign]
    driver = bench.driver(session_of(SESSION))
    driver.start()
    bench.until(driver, lambda: len(bench.samples(ECG)[0]) > 0)
    assert refused
    assert belt.commands[1:4:2] == [belt.commands[1]] * 2
    assert belt.commands[2] == b"\x03\x00"
    bench.stop(driver)


def test_a_refusal_is_told_in_words_and_tried_again(bench: Bench) -> None:
    belt = h10(bench.air)
    bench.put(belt)
    belt.fail_next = Status.IN_CHARGER
    driver = bench.driver(session_of(SESSION))
    driver.start()
    bench.until(driver, lambda: len(bench.samples(ECG)[0]) > 0)
    bench.stop(driver)
    assert not belt.fail_next  # the fault was injected
    assert any("refused: it is in its charger" in n.message for n in bench.notices("health"))


def test_a_belt_that_never_answers_is_told_of(bench: Bench) -> None:
    belt = h10(bench.air)
    belt.silent = True
    bench.put(belt)
    driver = bench.driver(session_of(SESSION))
    driver.start()
    bench.until(driver, lambda: bool(bench.notices("health")))
    assert "no answer to GET_SETTINGS ECG" in bench.notices("health")[0].message
    belt.silent = False
    bench.until(driver, lambda: len(bench.samples(ECG)[0]) > 0)
    bench.stop(driver)


def test_a_belt_that_wants_to_be_paired_is_paired_and_recorded(bench: Bench) -> None:
    belt, driver = started(bench, needs_pairing=True)
    bench.until(driver, lambda: len(bench.samples(ECG)[0]) > 300)
    bench.stop(driver)
    assert belt.commands[:2] == [b"\x01\x00"] * 2  # the first was refused: the fault was injected
    assert "it wanted to be paired, and was" in told(bench)
    _, said = truth(belt)
    assert bench.samples(ECG)[1][:, 0].tolist() == said[: len(bench.samples(ECG)[1])].tolist()


def test_a_belt_that_refuses_to_be_paired_says_what_to_do(bench: Bench) -> None:
    belt, driver = started(bench, needs_pairing=True, refuses_pairing=True)
    bench.until(driver, lambda: bool(bench.notices("health")))
    bench.run(driver, 20.0)
    assert "wants to be paired, and pairing failed" in told(bench)
    assert f"bluetoothctl pair {ADDRESS}" in told(bench)
    assert len(bench.notices("health")) == 1  # told once
    belt.body.hardware.refuses_pairing = False
    bench.until(driver, lambda: len(bench.samples(ECG)[0]) > 0)
    bench.stop(driver)


def test_a_device_without_ecg_says_what_it_measures(bench: Bench) -> None:
    band = EmulatedPolar(bench.air, Hardware(name="band", address=ADDRESS), measures=[Measurement.ACC])
    bench.put(band)
    driver = bench.driver(session_of(SESSION))
    driver.start()
    bench.until(driver, lambda: bool(bench.notices("health")))
    assert "does not measure ECG (it measures ACC)" in bench.notices("health")[0].message
    bench.stop(driver)


def test_a_small_mtu_is_told_of_and_cut_packets_are_left_out(bench: Bench) -> None:
    _, driver = started(bench, mtu=100)
    bench.until(driver, lambda: len(bench.notices("health")) >= 2)
    bench.run(driver, 5.0)
    told = " ".join(n.message for n in bench.notices("health"))
    assert "MTU 100" in told
    bench.stop(driver)


def test_a_lost_packet_is_a_gap_of_its_samples_and_a_repeated_one_is_left_out(bench: Bench) -> None:
    belt, driver = started(bench)
    bench.until(driver, lambda: len(bench.samples(ECG)[0]) > 300)
    belt.body.notify = _losing(belt)  # type: ignore[method-assign]
    bench.run(driver, 5.0)
    bench.stop(driver)
    assert [n.message for n in bench.notices("gap", ECG)] == ["73 samples missing"]
    assert any("twice" in n.message for n in bench.notices("health", ECG))
    times, values = bench.samples(ECG)
    _, said = truth(belt)
    gap = int(np.flatnonzero(np.diff(times) > 0.1)[0])
    rest = np.concatenate([said[: gap + 1], said[gap + 1 + 73 :]])
    assert np.array_equal(values[:, 0], rest[: len(values)])


def _losing(belt: EmulatedPolar):  # type: ignore[no-untyped-def]
    original, seen = belt.body.notify, []

    def notify(characteristic: object, data: bytes) -> None:
        if data[0] == 0 and len(data) > 200:
            seen.append(data)
            if len(seen) == 1:
                return
            if len(seen) == 3:
                original(characteristic, data)
        original(characteristic, data)

    return notify


def test_late_packets_move_no_stamp(bench: Bench) -> None:
    belt, driver = started(bench)
    bench.run(driver, 40.0)
    belt.body.hardware.hold_until = bench.runner.clock() + 2.0
    count = len(bench.samples(ECG)[0])
    bench.run(driver, 1.5)
    assert len(bench.samples(ECG)[0]) == count  # the fault was injected
    bench.run(driver, 10.0)
    bench.stop(driver)
    times, values = bench.samples(ECG)
    true, said = truth(belt)
    assert np.array_equal(values[:, 0], said[: len(values)])
    assert np.abs(times - true[: len(times)])[-1500:].max() < 0.010
    assert not bench.notices("gap", ECG)


def test_two_belts_of_one_name_are_both_refused(bench: Bench) -> None:
    bench.put(h10(bench.air, name="belt"), h10(bench.air, name="belt", address="C7:4C:DA:51:37:52"))
    driver = bench.driver(session_of(device("polar_h10", name="belt")))
    driver.start()
    bench.until(driver, lambda: bool(bench.notices("health")))
    told = bench.notices("health")[0].message
    assert "2 devices are called 'belt'" in told
    assert "C7:4C:DA:51:37:52" in told
    bench.stop(driver)


def test_a_wrong_address_tells_who_is_in_range(bench: Bench) -> None:
    bench.put(h10(bench.air))
    driver = bench.driver(session_of(device("polar_h10", address="C7:4C:DA:51:37:99")))
    driver.start()
    bench.until(driver, lambda: bool(bench.notices("health")))
    told = bench.notices("health")[0].message
    assert "no device C7:4C:DA:51:37:99 in range" in told
    assert "Polar H10 12345678 (C7:4C:DA:51:37:51" in told
    assert driver.missing()
    bench.run(driver, 60.0)
    assert len(bench.notices("health")) == 1  # told once
    bench.stop(driver)


def test_a_belt_that_another_app_holds_is_told_of(bench: Bench) -> None:
    belt = h10(bench.air)
    bench.put(belt)
    bench.do(belt.body.advertise(False))
    driver = bench.driver(session_of(SESSION))
    driver.start()
    bench.until(driver, lambda: bool(bench.notices("health")))
    assert "another app or phone holds it" in bench.notices("health")[0].message
    bench.stop(driver)


def test_a_low_battery_is_told_of(bench: Bench) -> None:
    belt, driver = started(bench)
    bench.run(driver, 5.0)
    belt.body.hardware.battery = 15
    bench.run(driver, 70.0)
    bench.stop(driver)
    assert [n.message for n in bench.notices("health") if "battery 15 %" in n.message]


def test_battery_and_signal_strength_are_in_the_health_of_each_stream(bench: Bench, tmp_path: Path) -> None:
    belt = h10(bench.air, battery=64)
    bench.put(belt)
    session = session_of(SESSION)
    reports: list[dict[str, Any]] = []

    class Watching(Listener):
        def cycle(self, status: Callable[[], dict[str, Any]], now: float) -> None:
            reports.append(status())

    def weaken() -> None:
        belt.body.hardware.battery, bench.air.rssi = 63, -93

    bench.runner.loop.call_later(20.0, weaken)
    bench.record(session, tmp_path, 100.0, listener=Watching())
    first, last = (next(s for s in r["streams"] if s["name"] == ECG) for r in (reports[10], reports[-1]))
    assert (first["battery"], first["rssi"]) == (64.0, -50.0)
    assert (last["battery"], last["rssi"]) == (63.0, -93.0)
    said = "\n".join(status_lines(reports[-1]))
    assert "client H10 ECG 13" in said and ", battery 63 %, signal -93 dBm" in said
    batch = next(iter(Recording(next(tmp_path.iterdir())).batches()))
    told = [n.message for _, n in batch.notices if n.kind == "health"]
    assert any("weak signal (-93 dBm)" in m for m in told)


def test_one_device_cannot_be_two_people(bench: Bench) -> None:
    with pytest.raises(SessionError, match="also bound by device 1"):
        session_of(SESSION, device("polar_h10", role="therapist", address=ADDRESS))
    two = session_of(SESSION, device("polar_h10", name="another"))
    with pytest.raises(DeviceError, match="stream client H10 ACC twice"):
        bench.driver(two)


def test_a_device_needs_a_name_or_an_address(bench: Bench) -> None:
    with pytest.raises(DeviceError, match="neither address nor name"):
        bench.driver(session_of(device("polar_h10")))


def test_an_unknown_setting_is_refused_with_the_known_ones(bench: Bench) -> None:
    with pytest.raises(DeviceError, match=r"no setting 'rnage' \(known: acc_range, keep\)"):
        bench.driver(session_of(device("polar_h10", address=ADDRESS, settings={"rnage": 4})))


def test_stamps_never_run_backwards_whatever_a_device_sends() -> None:
    info = StreamInfo(
        name="x", role=Role.CLIENT, modality=Modality.ECG, sfreq=130.0, unit="uV", channels=("ECG",)
    )
    rng = np.random.default_rng(1)
    out: deque[object] = deque()
    stream = PacketStream(info, DeviceClock(), out)  # type: ignore[arg-type]
    stamp, arrival = 10**18, 50.0
    for _ in range(500):
        stamp += int(rng.choice([561_000_000, 561_000_000, 561_000_000, 5_000_000_000, -(10**12), 1]))
        arrival += 0.56 + rng.exponential(0.05)
        stream.packet(np.zeros((73, 1), np.float32), stamp, arrival)
    times = np.concatenate([c.times for c in out if isinstance(c, Chunk) and c.info is info])
    assert np.all(np.diff(times) >= 0)


def test_a_strap_of_any_maker_needs_no_profile_of_its_own(bench: Bench) -> None:
    strap = EmulatedStrap(bench.air, Hardware(name="HRM 42", address="11:22:33:44:55:66", interval=0.03))
    bench.put(strap)
    driver = bench.driver(session_of(device("heart_rate", name="HRM 42")))
    driver.start()
    bench.run(driver, 60.0)
    bench.stop(driver)
    times, values = bench.samples("Strap RR")
    assert len(times) > 50
    assert set(values[:, 0]) == {1024.0}
    assert np.abs((times[20:] - 1000.0) - np.round(times[20:] - 1000.0)).max() < 0.1
