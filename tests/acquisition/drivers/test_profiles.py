"""Every shipped profile: what its driver says of its channels, and what stands for its device."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.drivers import Driver
from acquisition.drivers.table import TABLE, opener
from acquisition.emulated.demo import demo_radio
from acquisition.emulated.demo_signals import Bodies
from acquisition.emulated.virtual_time import VirtualRunner, VirtualStop
from acquisition.errors import DeviceError
from acquisition.lsl.network import describe
from acquisition.lsl.outlet import announce
from acquisition.recorder.begin import open_drivers, record
from acquisition.recording.recording import Recording
from acquisition.session.profile import load_profile, shipped
from acquisition.session.session import Session
from acquisition.session.toml import parse_session
from acquisition.stream import FloatArray, Modality, Role
from acquisition.units import convert
from acquisition.xdf.header import header_xml

HEAD = """
[session]
id = "profiles"
crisis_contact = "nobody: emulated devices"
[client]
code = "C01"
consent = { version = "t", ecg = true, eda = true, acc = true, resp = true, voice = true, rating = true }
[therapist]
code = "T01"
consent = { version = "t", ecg = true, eda = true }
"""
UNITS: dict[Modality, tuple[str, ...]] = {
    Modality.ECG: ("mV", "uV"),
    Modality.EDA: ("uS",),
    Modality.RR: ("ms", "1/1024 s"),
    Modality.PPI: ("ms",),
    Modality.ACC: ("mg", "g"),
    Modality.DEVICE_TIME: ("ns",),
}
"""What a device sends; the others have none, or what the sender says."""
WITHOUT = {(Modality.RR, "contact"), (Modality.PPI, "contact"), (Modality.DEVICE_TIME, "samples")}


TWINS = [name for name in shipped() if TABLE[load_profile(name).driver].twin]
"""Those whose devices are emulated."""
SECONDS = 60.0


def session_of(profile: str, settings: str = "") -> Session:
    """Return a session with one device of a profile, on the client."""
    of_lsl = load_profile(profile).driver == "lsl"
    which = 'source_id = "somebody"' if of_lsl else 'address = "C0:00:00:00:00:01"'
    device = f'[[device]]\nrole = "client"\nprofile = "{profile}"\n{which}\n{settings}\n'
    return parse_session(HEAD + device, "session.toml")


def opened(profile: str, settings: str = "") -> list[Driver]:
    """Open the driver of a profile for one device."""
    return open_drivers(session_of(profile, settings))[0]


def emulated(profile: str, parent: Path, more: str = "") -> dict[str, tuple[FloatArray, FloatArray]]:
    """Record a minute of what stands for a device, in virtual time; return stamps and samples by stream."""
    runner = VirtualRunner(5000.0)
    try:
        session = session_of(profile, f"settings = {{ emulated = true{more} }}")
        open_driver: Any = opener(load_profile(profile).driver)
        radio = demo_radio(runner, runner.clock)
        outcome = record(
            session,
            parent,
            seconds=SECONDS,
            drivers=[open_driver(session.devices, session, radio=radio, clock=runner.clock)],
            clock=runner.clock,
            wall=lambda: 1_700_000_000.0 + runner.clock(),
            stop=VirtualStop(runner),
        )
    finally:
        runner.close()
    got: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    for batch in Recording(outcome.path).batches():
        for (_, name), part in batch.streams.items():
            got.setdefault(name, []).append((part.times, np.asarray(part.samples, np.float64)))
    columns = {name: list(zip(*parts, strict=True)) for name, parts in got.items()}
    return {name: (np.concatenate(times), np.concatenate(rows)) for name, (times, rows) in columns.items()}


def true_intervals(role: Role) -> FloatArray:
    """Return the intervals of the person whom the twins measure [ms]."""
    beats = Bodies(1, lambda: 0.0).beats(role)
    times = [beats(np.array([k, k + 5.0])) for k in np.arange(0.0, SECONDS + 60.0, 5.0)]
    return np.asarray(1e3 * np.diff(np.concatenate(times)))


def place_in(every: FloatArray, some: FloatArray) -> float:
    """Return by how much intervals differ from those of a person where they fit best [ms]."""
    windows = np.lib.stride_tricks.sliding_window_view(every, len(some))
    return float(np.nanmax(np.abs(windows - some), axis=1).min())


@pytest.mark.parametrize("profile", shipped())
def test_every_channel_has_its_own_unit_in_files_and_over_lsl(profile: str, tmp_path: Path) -> None:
    driver, settings = load_profile(profile).driver, ""
    if driver == "wav_file":
        with wave.open(str(tmp_path / "x.wav"), "wb") as sound:
            sound.setparams((1, 2, 48_000, 0, "NONE", ""))
            sound.writeframes(bytes(96_000))
        settings = f'settings = {{ path = "{tmp_path / "x.wav"}" }}'
    elif TABLE[driver].twin:
        settings = "settings = { emulated = true }"
    infos = [info for one in opened(profile, settings=settings) for info in one.streams()]
    assert infos
    for info in infos:
        assert info.role is Role.CLIENT
        said = announce(info)
        assert said.units == describe(header_xml(info).decode(), len(info.channels)).units
        for label, unit in zip(said.labels, said.units, strict=True):
            if (info.modality, label) in WITHOUT:
                assert unit == "", (info.name, label)
            elif driver != "lsl" and info.modality in UNITS:
                assert unit in UNITS[info.modality], (info.name, label)
            else:
                assert unit == info.unit, (info.name, label)


@pytest.mark.realtime
@pytest.mark.parametrize("profile", TWINS)
def test_what_stands_for_a_device_sends_all_that_its_profile_wants_of_one_person(
    profile: str, tmp_path: Path
) -> None:
    got = emulated(profile, tmp_path)
    definition = load_profile(profile)
    units = {i.name: i.unit for i in Recording(next(tmp_path.iterdir())).streams}
    for stream in definition.streams:
        times, samples = got[stream.name]
        assert np.all(np.diff(times) > 0)
        values = convert(samples[:, :1], units[stream.name], stream.modality)[:, 0]
        first = 25.0 if stream.modality is Modality.PPI else 10.0
        assert times[-1] - times[0] > SECONDS - first - 8.0
        if stream.modality in (Modality.RR, Modality.PPI):
            off = 25.0 if stream.modality is Modality.PPI else 1.5
            assert len(values) > 20
            assert place_in(true_intervals(Role.CLIENT), values[2:]) < off
        elif stream.modality is Modality.ACC:
            length = np.linalg.norm(convert(samples, units[stream.name], Modality.ACC), axis=1)
            assert np.allclose(length, 1.0, atol=0.01)
        elif stream.modality is Modality.ECG:
            assert np.ptp(values) > 0.5
        else:
            assert stream.modality is Modality.EDA and 0.5 < np.median(values) < 40.0
        if stream.sfreq > 0.0:
            assert len(times) / (times[-1] - times[0]) == pytest.approx(stream.sfreq, rel=0.02)


@pytest.mark.parametrize("profile", [name for name in shipped() if name not in TWINS])
def test_where_nothing_stands_for_a_device_that_is_said_and_no_real_one_is_looked_for(profile: str) -> None:
    driver = load_profile(profile).driver
    with pytest.raises(DeviceError, match=f"{profile} .*: no emulated twin for driver '{driver}'"):
        opened(profile, "settings = { emulated = true }")


@pytest.mark.realtime
def test_a_verity_sense_says_of_each_pulse_interval_how_far_it_may_be_off_and_what_movement_spoils(
    tmp_path: Path,
) -> None:
    times, rows = emulated("polar_verity_sense", tmp_path, more=", tap = 9.0")["Verity PPI"]
    assert times[0] - 5000.0 > 19.0  # the first are told of after 25 s, those of the last five of them
    assert set(rows[:, 2]) == {1.0}
    assert set(rows[:, 1]) == {5.0}
    spoilt = np.isnan(rows[:, 0])
    assert 2 <= spoilt.sum() <= 8
    errors = place_in(true_intervals(Role.CLIENT), rows[:, 0])
    assert 5.0 < errors < 25.0
