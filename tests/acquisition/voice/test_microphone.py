"""Microphones: what can go wrong, with a PortAudio whose blocks and times are drawn."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from acquisition.drivers import Drained
from acquisition.drivers.microphone import MicrophoneDriver, open_driver
from acquisition.errors import DeviceError
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.session.profile import load_profile
from acquisition.session.session import Consent, Device, Participant, Session, permitted
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality, Role
from acquisition.voice.models import Models
from acquisition.voice.sample_clock import SETTLING
from tests.waiting import wait_for

pytestmark = [pytest.mark.realtime, pytest.mark.slow]


def session(*names: str, raw_audio: bool = False) -> Session:
    """Return a session with the therapist on the first channel or device and the client on the other."""
    consent = Consent(version="test", voice=True, raw_audio=raw_audio)
    profile = load_profile("microphone")
    shared = len(names) == 1
    devices = tuple(
        Device(role=role, profile="microphone", name=name, channel=k if shared else 0, definition=profile)
        for k, (role, name) in enumerate(
            zip((Role.THERAPIST, Role.CLIENT), names * (2 if shared else 1), strict=True)
        )
    )
    return Session(
        id="D01_S01",
        crisis_contact="test",
        client=Participant("C01", consent),
        therapist=Participant("T01", consent),
        devices=devices,
    )


def driver_of(
    *names: str,
    load: Callable[[], Models] | None = None,
    raw_audio: bool = False,
    clock: Callable[[], float] = local_clock,
) -> MicrophoneDriver:
    s = session(*names, raw_audio=raw_audio)
    driver = open_driver(permitted(s)[0], s)
    return MicrophoneDriver(driver.places, load=load, clock=clock) if load else driver


def no_models() -> Models:
    raise DeviceError("not needed here")


@dataclass
class FakeSound:
    """PortAudio as far as the driver uses it: devices by name, each with its channels, rates and faults."""

    channels: int = 2
    rates: tuple[float, ...] = (16000.0,)
    own_rate: float = 48000.0
    fault: str = ""
    streams: list[Any] = field(default_factory=list)

    class PortAudioError(Exception):
        pass

    def _initialize(self) -> None:
        pass

    _terminate = _initialize

    def query_devices(self, device: object, kind: str) -> dict[str, Any]:
        if device == "none":
            raise ValueError("No input device matching 'none'")
        return {"max_input_channels": self.channels, "default_samplerate": self.own_rate}

    def check_input_settings(self, *, samplerate: float, **_: object) -> None:
        if samplerate not in self.rates:
            raise self.PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    def InputStream(self, **settings: Any) -> SimpleNamespace:
        if self.fault:
            raise self.PortAudioError(self.fault)
        stream = SimpleNamespace(**settings, start=lambda: None, close=lambda: None)
        self.streams.append(stream)
        return stream


@dataclass
class Clock:
    """The time that a test sets [s]."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def feed(
    stream: Any,
    clock: Clock,
    seconds: float,
    *,
    skip: tuple[float, float] = (9e9, 0.0),
    stall: tuple[float, float] = (9e9, 0.0),
    off: Callable[[float], float] = lambda t: 0.0,
) -> None:
    """Call the driver as PortAudio would, with blocks that say by their level which they are.

    After skip[0] seconds, skip[1] seconds of sound are lost; from stall[0] on none is handed over for
    stall[1]; `off` is what the device is off by where it says when sound of a moment was taken.
    """
    n, begin = stream.blocksize, clock.now
    for k in range(round(seconds * stream.samplerate / n)):
        taken = k * n / stream.samplerate
        taken += skip[1] if taken >= skip[0] else 0.0
        arrived = taken + n / stream.samplerate + 0.02
        if stall[0] <= arrived < sum(stall):
            arrived = sum(stall)
        clock.now = max(clock.now + 1e-4, begin + arrived)
        times = SimpleNamespace(
            currentTime=clock.now - 7.0, inputBufferAdcTime=begin + taken + off(taken) - 7.0
        )
        block = np.full((n, stream.channels), 0.1 + 0.001 * k, np.float32)
        stream.callback(block, n, times, SimpleNamespace(input_overflow=False))


def stamps_of(items: list[Drained], begin: float, skip: tuple[float, float] = (9e9, 0.0)) -> Stamps:
    """Return when each block of the client's sound was taken after `begin`, and what its stamp is off by."""
    chunks = [i for i in items if isinstance(i, Chunk) and i.info.role is Role.CLIENT]
    assert {c.info.modality for c in chunks} == {Modality.AUDIO}
    times = np.concatenate([c.times for c in chunks])
    block = np.rint((np.concatenate([c.samples[:, 0] for c in chunks]) / 32768 - 0.1) / 0.001)
    first = np.flatnonzero(np.diff(block, prepend=-1.0))  # the first sample of each block
    taken = block[first] * 512 / 16000
    taken = taken + np.where(taken >= skip[0], skip[1], 0.0)
    return Stamps(taken, times[first] - begin - taken)


class Stamps(NamedTuple):
    taken: FloatArray
    off: FloatArray


def started(monkeypatch: pytest.MonkeyPatch, sound: FakeSound, driver: MicrophoneDriver) -> list[Drained]:
    monkeypatch.setitem(sys.modules, "sounddevice", sound)
    driver.start()
    return []


def test_sound_is_stamped_by_count_and_a_slip_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, clock = FakeSound(), Clock()
    driver = driver_of("duo", load=no_models, raw_audio=True, clock=clock)
    items = started(monkeypatch, sound, driver)
    wait_for(lambda: bool(sound.streams), "the device is never opened")
    assert len(sound.streams) == 1  # both people on one device: one stream, one clock
    begin, skip = clock.now, (3.0, 0.25)
    feed(sound.streams[0], clock, 6.0, skip=skip)
    driver.stop()
    items += driver.drain()
    gaps = [i for i in items if isinstance(i, Notice) and i.kind == "gap"]
    assert {g.role for g in gaps} == set(PEOPLE)
    assert gaps[0].start - begin == pytest.approx(3.0, abs=0.035)
    assert gaps[0].stop - gaps[0].start == pytest.approx(0.25, abs=0.02)
    stamps = stamps_of(items, begin, skip)
    assert np.abs(stamps.off).max() < 0.01
    assert np.diff(stamps.taken).max() < 0.3  # none but what was lost


@pytest.mark.parametrize("stall", [0.25, 0.9, 2.5])
def test_a_sound_server_that_is_off_at_first_and_after_a_stall_moves_nothing(
    monkeypatch: pytest.MonkeyPatch, stall: float
) -> None:
    """As PulseAudio's: 0.46 s too old for 0.77 s, 0.1 s too old in a part of what it hands over at once."""

    def off(t: float) -> float:
        if t < 1.3:
            return -0.46 + min(0.46, 0.096 * max(0, math.ceil((t - 0.77) / 0.096)))
        return -0.096 if 4.0 <= t < 4.0 + stall - 0.1 else 0.0

    sound, clock = FakeSound(), Clock()
    driver = driver_of("duo", load=no_models, raw_audio=True, clock=clock)
    items = started(monkeypatch, sound, driver)
    wait_for(lambda: bool(sound.streams), "the device is never opened")
    begin = clock.now
    feed(sound.streams[0], clock, 9.0, off=off, stall=(4.0, stall))
    driver.stop()
    items += driver.drain()
    assert not [i for i in items if isinstance(i, Notice) and i.kind in ("gap", "clock")]
    stamps = stamps_of(items, begin)
    assert np.abs(stamps.off).max() < 0.01
    assert np.diff(stamps.taken).max() < 0.04
    assert stamps.taken[0] < 3.0


def test_a_device_that_does_not_say_when_is_stamped_as_it_comes_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound, clock = FakeSound(), Clock()
    driver = driver_of("duo", load=no_models, raw_audio=True, clock=clock)
    items = started(monkeypatch, sound, driver)
    wait_for(lambda: bool(sound.streams), "the device is never opened")
    begin = clock.now
    feed(sound.streams[0], clock, 4.0, off=lambda t: 7.0 - begin - t)  # it says 0, always
    driver.stop()
    items += driver.drain()
    told = [i for i in items if isinstance(i, Notice) and i.kind == "clock"]
    assert {n.message for n in told} == {
        "'duo' does not say when its sound was taken: it is stamped as it comes"
    }
    assert len(told) == len(PEOPLE)
    assert np.abs(stamps_of(items, begin).off).max() < 0.03


@pytest.mark.parametrize("own", [44100.0, 48000.0, 8000.0])
def test_a_device_of_another_rate_is_resampled(monkeypatch: pytest.MonkeyPatch, own: float) -> None:
    pytest.importorskip("soxr", reason="soxr is not installed")
    sound, clock = FakeSound(rates=(own,), own_rate=own), Clock()
    driver = driver_of("duo", load=no_models, raw_audio=True, clock=clock)
    items = started(monkeypatch, sound, driver)
    wait_for(lambda: bool(sound.streams), "the device is never opened")
    assert sound.streams[0].samplerate == own
    feed(sound.streams[0], clock, 5.0)
    driver.stop()
    items += driver.drain()
    n = sum(len(i.times) for i in items if isinstance(i, Chunk) and i.info.role is Role.CLIENT)
    assert n == pytest.approx((5.0 - SETTLING) * 16000, rel=0.03)


@pytest.mark.parametrize(
    ("sound", "name", "words"),
    [
        (FakeSound(channels=1), "duo", "'duo' has 1 input channels, 2 are needed"),
        (
            FakeSound(fault="Device unavailable [PaErrorCode -9985]"),
            "duo",
            "cannot be opened: Device unavailable",
        ),
        (FakeSound(), "none", "No input device matching 'none'"),
    ],
)
def test_a_device_that_cannot_be_used_is_named_and_the_search_goes_on(
    monkeypatch: pytest.MonkeyPatch, sound: FakeSound, name: str, words: str
) -> None:
    monkeypatch.setattr("acquisition.drivers.microphone.RETRY", 0.05)
    driver = driver_of(name, load=no_models)
    items = started(monkeypatch, sound, driver)

    def told() -> bool:
        nonlocal items
        items += driver.drain()
        return any(words in i.message for i in items if isinstance(i, Notice))

    wait_for(told, "nothing is said")
    assert any(words in line for line in driver.missing())
    assert not driver.ready()
    if name != "none":
        sound.channels, sound.fault = 2, ""
        wait_for(lambda: bool(sound.streams), "it is not tried again")
    driver.stop()


def test_a_device_that_falls_silent_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquisition.drivers.microphone.SILENT", 0.3)
    monkeypatch.setattr("acquisition.drivers.microphone.RETRY", 0.05)
    sound, driver = FakeSound(), driver_of("duo", load=no_models)
    started(monkeypatch, sound, driver)
    wait_for(lambda: len(sound.streams) >= 2, "it is not opened again")
    driver.stop()
    assert any(
        isinstance(i, Notice) and i.kind == "lost" and "opened anew" in i.message for i in driver.drain()
    )


def test_two_microphones_have_a_clock_each(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, driver = FakeSound(), driver_of("one", "other", load=no_models)
    started(monkeypatch, sound, driver)
    wait_for(lambda: len(sound.streams) == 2, "one of them is not opened")
    driver.stop()


def test_without_sounddevice_the_recorder_starts_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    driver = driver_of("duo", load=no_models)
    driver.start()
    wait_for(driver.ready, "the recorder would wait for ever")
    driver.stop()
    told = [
        i for i in driver.drain() if isinstance(i, Notice) and "sounddevice is not installed" in i.message
    ]
    assert {i.role for i in told} == set(PEOPLE)
