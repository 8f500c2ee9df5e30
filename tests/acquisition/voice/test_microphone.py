"""Microphones: two synthetic voices through a sound server and PortAudio, and what can go wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acquisition.drivers import Drained
from acquisition.drivers.microphone import MicrophoneDriver, open_driver
from acquisition.errors import DeviceError
from acquisition.event import Notice
from acquisition.session.profile import load_profile
from acquisition.session.session import Consent, Device, Participant, Session, permitted
from acquisition.stream import PEOPLE, Chunk, Modality, Role
from acquisition.voice.models import Models
from tests.acquisition.pulse import need_pulse, null_sink
from tests.acquisition.speech import alternating, dialogue, need_models, pitch_of, write_wav
from tests.waiting import wait_for

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 2.5
"""Seconds of each sentence that are played: real time costs as long as it lasts."""
ATTEMPTS = 4


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
    *names: str, load: Callable[[], Models] | None = None, raw_audio: bool = False
) -> MicrophoneDriver:
    s = session(*names, raw_audio=raw_audio)
    driver = open_driver(permitted(s)[0], s)
    return MicrophoneDriver(driver.places, load=load) if load else driver


def no_models() -> Models:
    raise DeviceError("not needed here")


@pytest.mark.parametrize("first", PEOPLE)
def test_two_voices_through_a_sound_server_are_told_apart(first: Role, tmp_path: Path) -> None:
    """Run in a process of its own: PortAudio and ALSA read the environment once."""
    need_models()
    need_pulse()
    starts, seconds = alternating(2, first=first, longest=LONGEST)
    mics, truth = dialogue(starts, seconds, longest=LONGEST)
    write_wav(tmp_path / "duo.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
    rows, turns, gaps = heard_whole(tmp_path, tmp_path / "duo.wav")
    if gaps:
        pytest.skip(f"this machine is too busy to play and hear in real time: {gaps[0]}")
    by_start = sorted((stop - length, stop, role, f0) for role, stop, length, f0 in turns)
    assert [role for _, _, role, _ in by_start] == [role for role, _, _ in truth]
    delay = np.median([found[0] - true[1] for found, true in zip(by_start, truth, strict=True)])
    for (start, stop, _, f0), (role, true_start, true_stop) in zip(by_start, truth, strict=True):
        assert start - delay == pytest.approx(true_start, abs=0.25), (by_start, truth, rows)
        assert stop - delay == pytest.approx(true_stop, abs=0.25), (by_start, truth, rows)
        assert 12 * abs(np.log2(f0 / pitch_of(role, LONGEST))) < 0.5
    own = sum(phonation for _, _, phonation in rows)
    foreign = sum(
        phonation
        for role, stamp, phonation in rows
        if not any(
            who is role and a - 0.25 < stamp - delay and stamp - 1.0 - delay < b + 0.25 for who, a, b in truth
        )
    )
    assert own > 0.4 * sum(stop - start for _, start, stop in truth)
    assert foreign <= 0.01 * own


def heard_whole(
    folder: Path, wav: Path
) -> tuple[list[tuple[Role, float, float]], list[tuple[Role, float, float, float]], list[str]]:
    """Play it until all of it was heard, `ATTEMPTS` times at most: a busy machine may lose sound."""
    for k in range(ATTEMPTS):
        (folder / str(k)).mkdir()
        rows, turns, gaps = play_and_hear(folder / str(k), wav)
        if not gaps:
            break
    return rows, turns, gaps


def play_and_hear(
    folder: Path, wav: Path
) -> tuple[list[tuple[Role, float, float]], list[tuple[Role, float, float, float]], list[str]]:
    """Play a file into a sink that the driver hears, in a process of its own; see `read_child`."""
    with null_sink(folder) as environment:
        command = [sys.executable, "-m", "tests.acquisition.microphone_child", str(wav)]
        child = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False
        )
    assert child.returncode == 0, child.stdout + child.stderr
    return read_child(child.stdout)


def read_child(
    printed: str,
) -> tuple[list[tuple[Role, float, float]], list[tuple[Role, float, float, float]], list[str]]:
    """Return printed rows (role, stamp, phonation), turns (role, end, duration, F0) and gaps."""
    rows, turns, gaps = [], [], []
    for line in printed.splitlines():
        kind, *rest = line.split(maxsplit=2 if line.startswith("gap") else 5)
        if kind == "row":
            rows.append((Role(rest[0]), float(rest[1]), float(rest[2])))
        elif kind == "turn":
            turns.append((Role(rest[0]), float(rest[1]), float(rest[2]), float(rest[3])))
        elif kind == "gap":
            gaps.append(line)
    return rows, turns, gaps


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


def feed(stream: Any, seconds: float, begin: float, *, skip: tuple[float, float] = (9e9, 0.0)) -> None:
    """Call the driver as PortAudio would; after skip[0] seconds, skip[1] seconds of sound are lost."""
    n, lost = stream.blocksize, 0.0
    for k in range(round(seconds * stream.samplerate / n)):
        taken = k * n / stream.samplerate
        lost = skip[1] if taken >= skip[0] else 0.0
        times = SimpleNamespace(currentTime=0.0, inputBufferAdcTime=begin + taken + lost - time.monotonic())
        block = np.full((n, stream.channels), 0.1 + 0.001 * k, np.float32)
        stream.callback(block, n, times, SimpleNamespace(input_overflow=False))


def started(monkeypatch: pytest.MonkeyPatch, sound: FakeSound, driver: MicrophoneDriver) -> list[Drained]:
    monkeypatch.setitem(sys.modules, "sounddevice", sound)
    driver.start()
    return []


def test_sound_is_stamped_by_count_and_a_slip_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, driver = FakeSound(), driver_of("duo", load=no_models, raw_audio=True)
    items = started(monkeypatch, sound, driver)
    wait_for(lambda: bool(sound.streams), "the device is never opened")
    assert len(sound.streams) == 1  # both people on one device: one stream, one clock
    begin = time.monotonic() - 6.0
    feed(sound.streams[0], 6.0, begin, skip=(3.0, 0.25))
    gaps: list[Notice] = []

    def seen() -> bool:
        nonlocal items
        items += driver.drain()
        gaps[:] = [i for i in items if isinstance(i, Notice) and i.kind == "gap"]
        return {g.role for g in gaps} == set(PEOPLE)

    wait_for(seen, "the lost samples are not told of")
    driver.stop()
    items += driver.drain()
    assert gaps[0].stop - gaps[0].start == pytest.approx(0.25, abs=0.02)
    chunks = [i for i in items if isinstance(i, Chunk) and i.info.role is Role.CLIENT]
    assert {c.info.modality for c in chunks} == {Modality.AUDIO}
    times = np.concatenate([c.times for c in chunks])
    first, last = times[times < begin + 3.0], times[times > begin + 4.5]
    assert np.abs(np.diff(first) - 1 / 16000).max() < 1e-6 + 0.01 * 0.01
    block = np.rint((np.concatenate([c.samples[:, 0] for c in chunks]) / 32768 - 0.1) / 0.001)
    true = begin + block * 512 / 16000 + np.where(block * 512 / 16000 >= 3.0, 0.25, 0.0)
    off = (times - true)[::512]
    assert np.abs(off[: len(first) // 512]).max() < 0.04
    assert np.abs(off[-len(last) // 512 :]).max() < 0.04


@pytest.mark.parametrize("own", [44100.0, 48000.0, 8000.0])
def test_a_device_of_another_rate_is_resampled(monkeypatch: pytest.MonkeyPatch, own: float) -> None:
    pytest.importorskip("soxr", reason="soxr is not installed")
    sound = FakeSound(rates=(own,), own_rate=own)
    driver = driver_of("duo", load=no_models, raw_audio=True)
    items = started(monkeypatch, sound, driver)
    wait_for(lambda: bool(sound.streams), "the device is never opened")
    assert sound.streams[0].samplerate == own
    feed(sound.streams[0], 3.0, time.monotonic() - 3.0)
    driver.stop()
    items += driver.drain()
    n = sum(len(i.times) for i in items if isinstance(i, Chunk) and i.info.role is Role.CLIENT)
    assert n == pytest.approx((3.0 - 16 * 0.032) * 16000, rel=0.02)


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
