"""A heart rate strap says whether its electrodes touch skin: that is kept beside each interval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers.ble_stream import BeatStream, Outbox
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import h10
from acquisition.emulated.strap import EmulatedStrap
from acquisition.errors import DeviceError
from acquisition.stream import Modality, Role, StreamInfo
from tests.acquisition.ble_bench import Bench, device, session_of

pytestmark = pytest.mark.realtime

ADDRESS = "C0:00:00:00:00:2A"


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def profile(folder: Path, channels: str, driver: str = "heart_rate", modality: str = "rr") -> str:
    """Write a profile of one's own."""
    path = folder / "own.toml"
    path.write_text(
        f'title = "own"\ndriver = "{driver}"\n[[stream]]\nmodality = "{modality}"\nname = "R"\n'
        f"sfreq = 0.0\nchannels = {channels}\n"
    )
    return str(path)


@pytest.mark.parametrize("which", ["strap", "polar"])
def test_whether_it_touches_skin_is_kept_beside_each_interval(bench: Bench, which: str) -> None:
    hardware = Hardware(name="HRM 42", address=ADDRESS)
    strap = EmulatedStrap(bench.air, hardware) if which == "strap" else h10(bench.air, address=ADDRESS)
    bench.put(strap)
    of = "heart_rate" if which == "strap" else "polar_h10"
    driver = bench.driver(session_of(device(of, address=ADDRESS)))
    driver.start()
    name, spans = ("Strap RR" if which == "strap" else "H10 RR"), []
    for touches in (True, False, None, True):
        strap.touches = touches
        bench.run(driver, 15.0)
        spans.append(bench.runner.clock())
    bench.stop(driver)
    times, rows = bench.samples(name)
    assert set(rows[:, 0]) == {1024.0}
    assert len(rows) > 50
    [info] = [i for i in driver.streams() if i.name == name]
    assert info.channels == ("RR", "contact")
    assert [info.unit_of(c) for c in info.channels] == ["1/1024 s", ""]
    for begin, end, told in zip([times[0], *spans], spans, (1.0, 0.0, math.nan, 1.0), strict=False):
        inside = rows[(times > begin + 2.0) & (times < end - 2.0), 1]
        assert len(inside) >= 6 and np.array_equal(inside, np.full(len(inside), told), equal_nan=True)


def test_a_profile_that_names_one_channel_gets_the_intervals_alone(bench: Bench, tmp_path: Path) -> None:
    bench.put(EmulatedStrap(bench.air, Hardware(name="HRM 42", address=ADDRESS)))
    driver = bench.driver(session_of(device(profile(tmp_path, '["RR"]'), address=ADDRESS)))
    driver.start()
    bench.run(driver, 12.0)
    bench.stop(driver)
    _, rows = bench.samples("R")
    assert rows.shape[1] == 1 and set(rows[:, 0]) == {1024.0}


@pytest.mark.parametrize(("driver", "modality"), [("heart_rate", "rr"), ("polar", "rr"), ("polar", "ppi")])
def test_a_profile_that_names_other_channels_beside_intervals_is_refused(
    bench: Bench, tmp_path: Path, driver: str, modality: str
) -> None:
    own = profile(tmp_path, '["beat", "energy"]', driver, modality)
    with pytest.raises(DeviceError, match=r"channels beside 'beat' must be (error, )?contact, or none"):
        bench.driver(session_of(device(own, address=ADDRESS)))


def test_of_pulse_intervals_a_profile_may_name_the_first_channels(bench: Bench, tmp_path: Path) -> None:
    own = profile(tmp_path, '["PPI", "error"]', "polar", "ppi")
    [info] = bench.driver(session_of(device(own, address=ADDRESS))).streams()
    assert info.channels == ("PPI", "error")
    out: Outbox = Outbox()
    rows = [(800.0, 5.0, 1.0), (810.0, 6.0, 0.0)]
    BeatStream(info, out, seconds=1e-3).intervals(rows, [800.0, 810.0], 10.0)
    assert out[0].samples.tolist() == [[800.0, 5.0], [810.0, 6.0]]  # type: ignore[union-attr]
    plain = StreamInfo(
        name="R", role=Role.CLIENT, modality=Modality.RR, sfreq=0.0, unit="ms", channels=("RR",)
    )
    BeatStream(plain, out, seconds=1e-3).beats([800.0, 810.0], 10.0)
    assert out[1].samples.tolist() == [[800.0], [810.0]]  # type: ignore[union-attr]
