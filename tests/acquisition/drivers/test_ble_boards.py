"""BITalino, Movesense and band drivers against their emulated twins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers.bitalino import convert
from acquisition.emulated.bitalino import EmulatedBitalino
from acquisition.emulated.movesense import EmulatedMovesense
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import EmulatedPolar
from acquisition.errors import DeviceError
from acquisition.gatt.movesense import ECG_UV
from acquisition.gatt.polar import Measurement
from acquisition.stream import Modality
from tests.acquisition.ble_bench import Bench, device, session_of

ADDRESS = "20:16:07:18:17:01"


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def board(bench: Bench, **more: object) -> EmulatedBitalino:
    hardware = Hardware(name="BITalino", address=ADDRESS, skew=0.003, interval=0.03, **more)  # type: ignore[arg-type]
    made = EmulatedBitalino(bench.air, hardware)
    bench.put(made)
    return made


HELD = (0.5, 0.5, 0.5, 2.0, 2.0, 2.0)
"""For how long frames are held back [s], after 45 s without a fault."""


@pytest.fixture(scope="module")
def held_back() -> Iterator[tuple[Bench, EmulatedBitalino, int]]:
    """Return a bench on which a board's frames were held back, and how many frames had come before."""
    bench = Bench()
    twin = board(bench)
    driver = bench.driver(session_of(device("bitalino", address=ADDRESS)))
    driver.start()
    bench.run(driver, 45.0)
    before = len(bench.samples("BITalino EDA")[0])
    for seconds in HELD:
        twin.body.hardware.hold_until = bench.runner.clock() + seconds
        count = len(bench.samples("BITalino EDA")[0])
        bench.run(driver, 0.8 * seconds)
        assert len(bench.samples("BITalino EDA")[0]) - count < 12  # the fault was injected
        bench.run(driver, 5.0)
    bench.stop(driver)
    yield bench, twin, before
    bench.close()


def test_a_board_delivers_ecg_and_eda_in_their_units(held_back: tuple[Bench, EmulatedBitalino, int]) -> None:
    bench, twin, before = held_back
    true = np.array([t for t, _ in twin.sent])
    readings = np.array([v for _, v in twin.sent], np.float64)
    assert before > 40 * 100
    for name, column, modality in (("ECG", 0, Modality.ECG), ("EDA", 1, Modality.EDA)):
        times, values = bench.samples(f"BITalino {name}")
        own = convert(modality, readings[:, column], 10, eda_board="revolution").astype(np.float32)
        assert np.array_equal(values[:, 0], own[: len(values)])
        times = times[:before]
        late = times > times[0] + 30
        assert np.abs(times - true[:before])[late].max() < 0.010
        assert np.abs(times - true[:before]).max() < 0.031
    assert twin.commands[:3] == [b"\x00", b"\x83", b"\x19"]
    assert twin.commands[-1] == b"\x00"


def test_delayed_frames_are_not_taken_for_lost_ones(held_back: tuple[Bench, EmulatedBitalino, int]) -> None:
    bench, twin, before = held_back
    assert not bench.notices("gap")
    times, _ = bench.samples("BITalino EDA")
    assert len(times) > before + 30 * 100
    true = np.array([t for t, _ in twin.sent])[: len(times)]
    assert np.abs(times - true)[times > times[0] + 30].max() < 0.010


def test_transfer_functions_have_their_documented_values() -> None:
    middle = np.array([512.0])
    assert convert(Modality.ECG, middle, 10, eda_board="revolution")[0] == 0.0
    assert convert(Modality.EDA, middle, 10, eda_board="revolution")[0] == pytest.approx(12.5)
    assert convert(Modality.EDA, middle, 10, eda_board="classic")[0] == pytest.approx(2.0)
    assert convert(Modality.ECG, np.array([1024.0]), 10, eda_board="revolution")[0] == pytest.approx(1.5)


def test_lost_frames_are_counted_to_one_sample(bench: Bench) -> None:
    twin = board(bench)
    driver = bench.driver(session_of(device("bitalino", address=ADDRESS)))
    driver.start()
    bench.run(driver, 20.0)
    for lost in (3, 40):
        before = len(bench.samples("BITalino EDA")[0])
        twin.body.hardware.lose = lost
        bench.run(driver, 5.0)
        assert twin.body.hardware.lose == 0  # the fault was injected
        times = bench.samples("BITalino EDA")[0][before - 1 :]
        assert np.diff(times).max() == pytest.approx((lost + 1) / 100.3, abs=1e-3)
    bench.stop(driver)
    said = [n.message for n in bench.notices("gap", "BITalino EDA")]
    assert said == ["3 samples missing", "40 samples missing"]


def test_a_board_that_comes_back_counts_anew(bench: Bench) -> None:
    twin = board(bench)
    driver = bench.driver(session_of(device("bitalino", address=ADDRESS)))
    driver.start()
    bench.run(driver, 10.0)
    bench.do(twin.body.leave())
    bench.run(driver, 10.0)
    bench.do(twin.body.come_back())
    bench.until(driver, lambda: bool(bench.notices("resumed", "BITalino ECG")))
    bench.run(driver, 3.0)
    bench.stop(driver)
    times, _ = bench.samples("BITalino ECG")
    assert np.all(np.diff(times) > 0)
    (segment,) = bench.notices("segment", "BITalino ECG")
    assert "counts anew" in segment.message
    k = int(np.argmax(np.diff(times)))
    assert (segment.start, segment.stop) == (times[k], times[k + 1])
    true = np.array([t for t, _ in twin.sent])
    assert abs(times[-1] - true[np.argmin(np.abs(true - times[-1]))]) < 0.006


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eda": 5}, "channels 5 and 6 have 6 bits"),
        ({"ecg": 9}, "on which channel"),
        ({"eda_board": "new"}, "must be revolution or classic"),
        ({"gain": 1}, "no setting 'gain'"),
    ],
)
def test_faulty_settings_of_a_board_are_refused(
    bench: Bench, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(DeviceError, match=message):
        bench.driver(session_of(device("bitalino", address=ADDRESS, settings=settings)))


@pytest.mark.parametrize("stamp", [5000, 2**32 - 10_000])
def test_a_movesense_delivers_ecg_also_when_its_stamps_begin_anew(bench: Bench, stamp: int) -> None:
    hardware = Hardware(name="Movesense 1", address=ADDRESS, skew=-0.002, interval=0.03)
    twin = EmulatedMovesense(bench.air, hardware, stamp=stamp)
    bench.put(twin)
    driver = bench.driver(session_of(device("movesense", address=ADDRESS)))
    driver.start()
    bench.run(driver, 40.0)
    bench.stop(driver)
    times, values = bench.samples("Movesense ECG")
    true = np.array([t for t, _ in twin.sent])
    said = np.array([v for _, v in twin.sent]) * ECG_UV
    assert len(times) > 36 * 250
    assert np.array_equal(values[:, 0], said.astype(np.float32)[: len(values)])
    assert np.abs(times - true[: len(times)])[-2000:].max() < 0.010
    assert not bench.notices("gap", "Movesense ECG")
    assert len(bench.samples("Movesense RR")[0]) > 30
    assert twin.commands[-2:] == [b"\x02\x64", b"\x02\x65"]


def test_a_rate_that_a_movesense_lacks_is_refused(bench: Bench, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('title = "m"\ndriver = "movesense"\n[[stream]]\nmodality = "ecg"\nsfreq = 300.0\n')
    with pytest.raises(DeviceError, match="ecg at 300 Hz"):
        bench.driver(session_of(device(str(profile), address=ADDRESS)))


def test_a_new_band_needs_only_a_file(bench: Bench, tmp_path: Path) -> None:
    profile = tmp_path / "band.toml"
    profile.write_text(
        'title = "band"\ndriver = "polar"\n[[stream]]\nmodality = "ppi"\nname = "P"\nsfreq = 0.0\n'
        '[[stream]]\nmodality = "acc"\nname = "A"\nsfreq = 50.0\n'
    )
    hardware = Hardware(name="band", address=ADDRESS, interval=0.03)
    twin = EmulatedPolar(bench.air, hardware, measures=[Measurement.PPI, Measurement.ACC], compressed=True)
    bench.put(twin)
    driver = bench.driver(session_of(device(str(profile), address=ADDRESS)))
    driver.start()
    bench.run(driver, 40.0)
    bench.stop(driver)
    _, pulse = bench.samples("P")
    assert len(pulse) >= 30
    assert np.isnan(pulse[4, 0])  # spoilt by movement, as the band said
    assert set(pulse[np.isfinite(pulse[:, 0]), 0]) == {1000.0}
    assert set(pulse[:, 1]) == {8.0}  # what the band thinks each is off by [ms]
    assert set(pulse[:, 2]) == {1.0}  # on the skin
    _, acc = bench.samples("A")
    assert len(acc) > 1500
    assert np.allclose(np.hypot(acc[:, 0], acc[:, 1]), 1000.0, atol=1.0)
