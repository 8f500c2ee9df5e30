"""Shimmer units against their twin: values, clocks, every fault the protocol knows, and what is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from acquisition.drivers.shimmer import unit
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.shimmer import FACTORY, EmulatedShimmer
from acquisition.errors import DeviceError
from acquisition.gatt import shimmer as sh
from acquisition.gatt.shimmer import Op
from acquisition.stream import FloatArray, IntArray
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "C0:FF:EE:00:00:01"
NAME = "Shimmer EDA"
EPOCH = 1_700_000_000


def steady(t: FloatArray) -> FloatArray:
    """Return a conductance within one range."""
    return np.asarray(3.0 + np.sin(3.0 * t))


def at(low: int) -> Callable[[], float]:
    """Return a wall clock that stands where the low 24 bits of a unit's clock are so."""
    return lambda: ((EPOCH * sh.TICKS) // sh.LAP * sh.LAP + low) / sh.TICKS


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def put(bench: Bench, **more: Any) -> EmulatedShimmer:
    hardware = {k: more.pop(k) for k in list(more) if k in Hardware.__slots__}
    made = EmulatedShimmer(
        bench.air,
        Hardware(name="Shimmer3R-0001-BLE", address=ADDRESS, interval=0.03, **{"skew": 0.0004} | hardware),
        **more,
    )
    bench.put(made)
    return made


def opened(bench: Bench, profile: str = "shimmer3r_gsr", low: int = 0x100000, **settings: Any) -> Any:
    driver: Any = bench.driver(session_of(device(profile, address=ADDRESS, settings=settings)))
    for keeper in driver.keepers:
        keeper.wearable._wall = at(low)
    driver.start()
    return driver


def numbers(times: FloatArray) -> IntArray:
    """Return the number of each sample, counted from the first."""
    return np.asarray(np.round((times - times[0]) * 51.2 * 1.0004), np.int64)


def test_a_unit_delivers_what_it_measured_in_time(bench: Bench) -> None:
    twin = put(bench, eda=steady)
    driver = opened(bench)
    bench.run(driver, 45.0)
    bench.stop(driver)
    times, values = bench.samples(NAME)
    said = np.array([v for _, v in twin.sent])
    true = np.array([t for t, _ in twin.sent])
    assert len(times) > 40 * 51
    assert np.abs(values[:, 0] / said[: len(values)] - 1.0).max() < 0.01
    assert np.abs(times - true[: len(times)])[times > times[0] + 30].max() < 0.010
    assert not bench.notices("gap")
    assert (driver.streams()[0].sfreq, driver.streams()[0].unit) == (51.2, "uS")
    assert driver.streams()[0].metadata["firmware"] == "Shimmer3R 1.01.009"
    # Everything is written, in this order, before it starts; streaming and card together.
    assert [c[0] for c in twin.commands] == [
        0xA3, 0x72, 0x2E, 0x66, 0x72, 0x5E, 0x05, 0x08, 0x21, 0x8F, 0x8B, 0x01, 0x91, 0x70, 0x72, 0x95,
        0x89, 0x97,
    ]  # fmt: skip
    assert not (twin.sensing or twin.streaming or twin.logging)
    assert any("data/" in n.message for n in bench.notices("health"))


def test_a_shimmer3_speaks_the_same_over_its_own_service(bench: Bench) -> None:
    twin = put(bench, eda=steady, generation=sh.SHIMMER3, version=(0, 16, 12))
    driver = opened(bench)
    bench.run(driver, 12.0)
    bench.stop(driver)
    assert len(bench.samples(NAME)[0]) == len(twin.sent)
    assert driver.streams()[0].metadata["firmware"] == "Shimmer3 0.16.012"
    assert any("to be read in its dock" in n.message for n in bench.notices("health"))


def test_its_clock_wraps_without_a_trace(bench: Bench) -> None:
    twin = put(bench, eda=steady)
    driver = opened(bench, low=0xFFF000)
    bench.run(driver, 20.0)
    bench.stop(driver)
    times, _ = bench.samples(NAME)
    stamps = bench.samples(f"{NAME} device time")[1][:, 0]
    assert np.ptp(np.round(stamps * (sh.TICKS / 1e9)).astype(np.int64) // sh.LAP) == 1  # it did wrap
    assert np.abs(np.diff(times) * 51.2 - 1.0).max() < 0.1
    assert not bench.notices("gap")
    assert len(times) == len(twin.sent)


def test_conductance_is_true_to_a_percent_in_every_range_and_over_its_changes(bench: Bench) -> None:
    def sweep(t: FloatArray) -> FloatArray:
        return np.asarray(0.05 * (60.0 / 0.05) ** (0.5 - 0.5 * np.cos(2 * np.pi * t / 120.0)))

    twin = put(bench, eda=sweep)
    driver = opened(bench)
    bench.run(driver, 64.0)
    bench.stop(driver)
    times, values = bench.samples(NAME)
    place = numbers(times)
    said = np.array([v for _, v in twin.sent])[place]
    assert said.min() < 0.051
    assert said.max() > 59.0
    assert np.abs(values[:, 0] / said - 1.0).max() < 0.01  # so no spike either
    # It repeats its last word for 80 ms at each change of range: three, and one when it begins.
    assert [d for d in np.diff(place).tolist() if d > 1] == [6] * 4
    gaps = [n.message for n in bench.notices("gap", NAME)]
    assert len(gaps) == 4
    assert all(g.startswith("5 samples missing: it repeats its last reading") for g in gaps)


def test_a_range_that_is_set_is_kept_and_what_lies_beyond_it_is_missing(bench: Bench) -> None:
    twin = put(bench, eda=lambda t: np.asarray(3.0 + 0.2 * t))
    driver = opened(bench, gsr_range=2)
    bench.run(driver, 15.0)
    bench.stop(driver)
    values = bench.samples(NAME)[1][:, 0]
    said = np.array([v for _, v in twin.sent])
    assert (said < 4.99).sum() <= len(values) <= (said < 5.01).sum()  # 1000 kOhm and 12 bit end there
    assert said.max() > 5.1


def test_where_nothing_conducts_it_reads_next_to_nothing(bench: Bench) -> None:
    twin = put(bench, eda=lambda t: np.where(t > 8.0, 0.0, 3.0))
    driver = opened(bench)
    bench.run(driver, 15.0)
    bench.stop(driver)
    times, values = bench.samples(NAME)
    said = np.array([v for _, v in twin.sent])[numbers(times)]
    assert (values[said == 0.0] < 0.001).all()
    assert (said == 0.0).sum() > 100


def test_an_ecg_has_its_registers_written_and_its_values_to_the_last_bit(bench: Bench) -> None:
    twin = put(bench, mv=lambda t: np.asarray(np.sin(7.0 * t)))
    assert twin.registers == [FACTORY, FACTORY]
    driver = opened(bench, "shimmer3r_exg")
    bench.run(driver, 10.0)
    bench.stop(driver)
    times, values = bench.samples("Shimmer ECG")
    said = np.array([v for _, v in twin.sent])[: len(values)]
    assert len(times) == len(twin.sent)
    factor = 4 * (2**23 - 1) / 2420
    assert np.array_equal(values[:, 0], (np.round(said * factor) * 2420 / 4 / (2**23 - 1)).astype(np.float32))
    assert sh.same_registers(sh.exg_registers(0, 256.0), twin.registers[0])


@pytest.mark.parametrize("lost", [1, 7])
def test_lost_notifications_are_counted_to_one_sample(bench: Bench, lost: int) -> None:
    twin = put(bench, eda=steady)
    driver = opened(bench)
    bench.run(driver, 10.0)
    twin.body.hardware.lose = lost
    bench.run(driver, 5.0)
    bench.stop(driver)
    assert twin.body.hardware.lose == 0
    times, values = bench.samples(NAME)
    gaps = bench.notices("gap", NAME)
    missing = sum(int(n.message.split()[0]) for n in gaps)
    assert gaps
    assert len(times) + missing == len(twin.sent)
    k = np.round((times - times[0]) * 51.2 * 1.0004).astype(int)
    said = np.array([v for _, v in twin.sent])
    assert np.abs(values[:, 0] / said[k] - 1.0).max() < 0.01


def test_a_unit_that_was_away_goes_on_with_its_clock_and_what_is_missing_is_counted(bench: Bench) -> None:
    twin = put(bench, eda=steady)
    driver = opened(bench, low=0xFC0000)
    bench.run(driver, 10.0)
    bench.do(twin.body.leave())
    bench.run(driver, 20.0)
    bench.do(twin.body.come_back())
    bench.until(driver, lambda: bool(bench.notices("resumed", NAME)))
    bench.run(driver, 5.0)
    bench.stop(driver)
    times, _ = bench.samples(NAME)
    (gap,) = bench.notices("gap", NAME)
    assert not bench.notices("segment")
    assert len(times) + int(gap.message.split()[0]) == len(twin.sent)
    k = int(np.argmax(np.diff(times)))
    assert (gap.start, gap.stop) == (times[k], times[k + 1])
    assert [c[0] for c in twin.commands].count(Op.SET_CLOCK) == 1  # it would step its stamps


def test_a_unit_that_lost_its_power_begins_anew(bench: Bench) -> None:
    twin = put(bench, eda=steady)
    driver = opened(bench)
    bench.run(driver, 10.0)
    bench.do(twin.power_cycle())
    bench.run(driver, 5.0)
    bench.do(twin.body.come_back())
    bench.until(driver, lambda: bool(bench.notices("resumed", NAME)))
    bench.stop(driver)
    assert [n.message for n in bench.notices("segment", NAME)] == ["the unit was started anew"]


@pytest.mark.parametrize("op", [Op.VERSION, Op.SET_RATE, Op.SET_CLOCK, Op.SET_CRC, Op.STREAM_AND_LOG])
def test_a_connection_that_breaks_amid_a_command_is_made_again(bench: Bench, op: Op) -> None:
    twin = put(bench, eda=steady)
    twin.drop_on = op
    driver = opened(bench)
    bench.run(driver, 15.0)
    bench.stop(driver)
    assert [c[0] for c in twin.commands].count(op) == 2
    times, values = bench.samples(NAME)
    assert len(times) > 100
    assert np.isfinite(values).all()


def test_a_unit_that_measures_already_is_joined_or_set_anew(bench: Bench) -> None:
    twin = put(bench, eda=steady)

    async def begin(ticks: int) -> None:
        for command in (sh.set_rate(ticks), sh.set_sensors(sh.Sensor.GSR), bytes([Op.STREAM_AND_LOG])):
            twin._written(command)

    for ticks, stopped in ((640, 1), (320, 2)):
        bench.do(begin(ticks))
        assert twin.logging
        driver = opened(bench)
        bench.run(driver, 8.0)
        bench.stop(driver)
        assert [c[0] for c in twin.commands].count(Op.STOP) == stopped
        twin.commands.clear()
    assert len(bench.samples(NAME)[0]) > 400


def test_what_it_says_unasked_is_no_answer(bench: Bench) -> None:
    twin = put(bench, eda=steady)
    twin.old_status = True
    driver = opened(bench)

    async def dock() -> None:
        twin.docked = not twin.docked
        twin.tell_status()

    for _ in range(5):
        bench.run(driver, 2.0)
        bench.do(dock())
    bench.stop(driver)
    assert len(bench.samples(NAME)[0]) == len(twin.sent)
    assert not bench.notices("gap")


@pytest.mark.parametrize("way", ["acknowledged", "deaf_pipe"])
def test_either_pipe_will_do(bench: Bench, way: str) -> None:
    twin = put(bench, eda=steady)
    setattr(twin, way, True)
    driver = opened(bench)
    bench.run(driver, 12.0)
    bench.stop(driver)
    assert len(bench.samples(NAME)[0]) > 200


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"board": 0x2F}, "needs a GSR\\+ board"),
        ({"stall": True}, "understood the start, and does not send"),
        ({"refuses": {0x05}}, "refuses the command 05 80 02"),
        ({"has_card": False}, "does not write to its card \\(no card"),
        ({"docked": True}, "does not write to its card \\(it lies in its dock"),
    ],
)
def test_what_a_unit_cannot_is_told(bench: Bench, fault: dict[str, Any], message: str) -> None:
    twin = put(bench, eda=steady)
    for name, value in fault.items():
        setattr(twin, name, value)
    driver = opened(bench)
    bench.run(driver, 8.0)
    bench.stop(driver)
    assert any(re.search(message, n.message) for n in bench.notices("health"))
    assert bool(len(bench.samples(NAME)[0])) == ("card" in message)


def test_it_is_paired_where_it_wants_to_be(bench: Bench) -> None:
    twin = put(bench, eda=steady, needs_pairing=True)
    driver = opened(bench)
    bench.run(driver, 8.0)
    bench.stop(driver)
    assert len(bench.samples(NAME)[0]) > 200
    assert twin.body.hardware.needs_pairing


def test_a_clock_that_no_crystal_makes_is_told_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bench, eda=steady, skew=-0.024)
    monkeypatch.setattr(unit, "CLOCK_SEEN", 15.0)
    driver = opened(bench)
    bench.run(driver, 30.0)
    bench.stop(driver)
    assert sum("crystal may have failed" in n.message for n in bench.notices("health")) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gsr_range": 5}, "gsr_range = 5: 0 to 3, or 4"),
        ({"lead": "V5"}, "no such lead"),
        ({"card": "maybe"}, "must be on or off"),
        ({"gain": 1}, "no setting 'gain'"),
    ],
)
def test_faulty_settings_of_a_unit_are_refused(
    bench: Bench, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(DeviceError, match=message):
        bench.driver(session_of(device("shimmer3r_gsr", address=ADDRESS, settings=settings)))


def test_a_rate_is_what_the_unit_keeps_to(bench: Bench, tmp_path: Any) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('title = "m"\ndriver = "shimmer"\n[[stream]]\nmodality = "eda"\nsfreq = 100.0\n')
    driver: Any = bench.driver(session_of(device(str(profile), address=ADDRESS)))
    assert driver.streams()[0].sfreq == 32768 / 328
