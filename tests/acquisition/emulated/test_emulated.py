"""The emulated wearables of a demonstration: two people, the real drivers and recorder, a past."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers import Driver
from acquisition.drivers.bitalino import open_driver as open_boards
from acquisition.drivers.polar.driver import open_driver as open_belts
from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo import demo_radio
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import EmulatedPolar
from acquisition.emulated.polar_band import OFFERED, wave
from acquisition.emulated.virtual_time import VirtualRunner, VirtualStop
from acquisition.errors import DeviceError
from acquisition.gatt.polar import Measurement
from acquisition.gatt.polar_frame import Frame
from acquisition.recorder.begin import record
from acquisition.recording.recording import Recording
from acquisition.session.session import Session, permitted
from acquisition.session.toml import parse_session
from acquisition.simulation.demo_session import emulated_session
from acquisition.stream import PEOPLE, Modality

pytestmark = pytest.mark.realtime


@pytest.fixture
def runner() -> Iterator[VirtualRunner]:
    runner = VirtualRunner(5000.0)
    yield runner
    runner.close()


def drivers(session: Session, runner: VirtualRunner) -> list[Driver]:
    radio = demo_radio(runner, runner.clock)
    devices = permitted(session)[0]
    belts = [d for d in devices if d.profile == "polar_h10"]
    boards = [d for d in devices if d.profile == "bitalino"]
    return [
        open_belts(belts, session, radio=radio, clock=runner.clock),
        open_boards(boards, session, radio=radio, clock=runner.clock),
    ]


def test_two_people_with_a_past_are_recorded_under_the_same_streams(
    runner: VirtualRunner, tmp_path: Path
) -> None:
    session = parse_session(emulated_session(seed=3), "session.toml")
    outcome = record(
        session,
        tmp_path,
        seconds=10.0,
        drivers=drivers(session, runner),
        clock=runner.clock,
        wall=lambda: 1_700_000_000.0 + runner.clock(),
        stop=VirtualStop(runner),
    )
    times: dict[object, list[np.ndarray]] = {}
    for batch in Recording(outcome.path).batches():
        for key, part in batch.streams.items():
            times.setdefault(key, []).append(part.times)
    for role in PEOPLE:
        for name in ("H10 ECG", "BITalino EDA"):
            stamps = np.concatenate(times[role, name])
            assert np.all(np.diff(stamps) > 0)
            assert stamps[-1] - stamps[0] > 725.0
    modalities = {i.modality for i in Recording(outcome.path).streams}
    assert {Modality.ECG, Modality.EDA, Modality.RR, Modality.ACC, Modality.DEVICE_TIME} <= modalities


def test_all_emulated_devices_are_of_the_same_two_people(runner: VirtualRunner) -> None:
    text = emulated_session(seed=3).replace("seed = 3", "seed = 4", 1)
    with pytest.raises(DeviceError, match="seed = 3: must be the same"):
        drivers(parse_session(text, "session.toml"), runner)


def test_a_band_tells_light_in_delta_frames_as_a_verity_sense_does() -> None:
    beats = 0.9 * np.arange(40)
    light = wave(lambda span: beats[(beats >= span[0]) & (beats < span[1])])
    band = EmulatedPolar(
        Air(), Hardware(name="band", address="C0:00:00:00:00:01"), measures=tuple(OFFERED), light=light
    )
    times = 5.0 + np.arange(24) / 55.0
    frame = Frame.from_bytes(bytes(band._frame(Measurement.PPG, times)))
    assert (frame.compressed, frame.kind, len(bytes(frame)) <= 232) == (True, 0, True)
    assert np.array_equal(frame.samples(), np.round(light(times)))
    span = np.arange(2.0, 20.0, 1.0 / 55.0)
    steps = np.diff(light(span)[:, 0])
    dips = span[1:-1][(steps[:-1] < 0) & (steps[1:] > 0)]
    assert np.allclose(np.diff(dips), 0.9, atol=0.04)
    assert set(light(span)[:, 3]) == {1000.0}  # the light around
