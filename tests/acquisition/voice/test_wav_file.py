"""The .wav driver end to end: a recorder that hears two voices, with and without consent and models."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers.table import opener
from acquisition.drivers.wav_file import WavFileDriver
from acquisition.errors import DeviceError
from acquisition.recorder.begin import record
from acquisition.recording.recording import Recording
from acquisition.session.profile import load_profile
from acquisition.session.session import Consent, Device, Participant, Session, permitted
from acquisition.stream import PEOPLE, Chunk, Role
from acquisition.voice import models, quality
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS
from tests.acquisition.speech import alternating, dialogue, need_models, write_wav
from tests.waiting import DEADLINE

pytestmark = pytest.mark.realtime


def session(path: Path, *, raw_audio: bool = False, channels: tuple[object, object] = (0, 1)) -> Session:
    consent = Consent(version="test", voice=True, raw_audio=raw_audio)
    profile = load_profile("wav_file")
    devices = tuple(
        Device(role=role, profile="wav_file", channel=c, settings={"path": str(path)}, definition=profile)  # type: ignore[arg-type]
        for role, c in zip((Role.THERAPIST, Role.CLIENT), channels, strict=True)
    )
    return Session(
        id="D01_S01",
        crisis_contact="test",
        client=Participant("C01", consent),
        therapist=Participant("T01", consent),
        devices=devices,
    )


class FastClock:
    """A clock that runs ahead of the real one by what it is told, so that a minute takes seconds."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


def heard(driver: WavFileDriver, clock: FastClock, seconds: float) -> list[Chunk]:
    """Play for a time and return what came of it."""
    driver.start()
    items = []
    while clock.now < 5000.0 + seconds:
        clock.now += 0.1
        items += driver.drain()
    deadline = time.monotonic() + 120.0
    while driver.listening.waiting() > 0.01:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    driver.stop()
    items += driver.drain()
    return [item for item in items if isinstance(item, Chunk)]


def open_wav(s: Session, clock: Callable[[], float]) -> WavFileDriver:
    driver = opener("wav_file")(permitted(s)[0], s)
    assert isinstance(driver, WavFileDriver)
    return WavFileDriver(driver.places, clock=clock)


@pytest.mark.parametrize("sfreq", [16000, 44100, 8000])
def test_turns_of_a_two_channel_file_are_found_at_any_rate(tmp_path: Path, sfreq: int) -> None:
    need_models()
    soxr = pytest.importorskip("soxr", reason="soxr is not installed")
    starts, seconds = alternating(2)
    mics, truth = dialogue(starts, seconds)
    sound = [soxr.resample(mics[r], 16000, sfreq) for r in (Role.THERAPIST, Role.CLIENT)]
    write_wav(tmp_path / "two.wav", sound, sfreq)
    clock = FastClock()
    chunks = heard(open_wav(session(tmp_path / "two.wav"), clock), clock, seconds)
    for role, start, stop in truth:
        (turn,) = [
            (float(t), float(x[0]))
            for c in chunks
            if c.info.role is role and c.info.channels == TURN_CHANNELS
            for t, x in zip(c.times, c.samples, strict=True)
        ]
        assert turn[0] - turn[1] - 5000.0 == pytest.approx(start, abs=0.25)
        assert turn[0] - 5000.0 == pytest.approx(stop, abs=0.25)


def test_a_recording_of_two_voices_holds_rows_turns_and_the_start_of_the_analysis(tmp_path: Path) -> None:
    need_models()
    mics, _ = dialogue([(Role.THERAPIST, 0.3), (Role.CLIENT, 0.3)], 4.0)
    write_wav(tmp_path / "two.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
    outcome = record(session(tmp_path / "two.wav"), tmp_path, seconds=4.0)
    recording = Recording(outcome.path)
    chunks = [item for item in recording if isinstance(item, Chunk)]
    assert {(c.info.role, c.info.name) for c in chunks} >= {(role, "Voice") for role in PEOPLE}
    assert {info.name for info in recording.streams} == {"Voice", "Voice turns"}
    notices = [item for item in Recording(outcome.path) if getattr(item, "kind", "") == "segment"]
    assert {n.role for n in notices} == set(PEOPLE)  # type: ignore[union-attr]


def test_without_the_models_the_rest_records_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(16000), np.zeros(16000)])
    monkeypatch.setattr(models, "find_spec", lambda name: None if name == "onnxruntime" else object())
    assert importlib.util.find_spec("json")  # only the models look with another's eyes
    outcome = record(session(tmp_path / "two.wav", raw_audio=True), tmp_path, seconds=1.5)
    items = list(Recording(outcome.path))
    notices = [i for i in items if getattr(i, "kind", "") == "lost"]
    assert {n.role for n in notices} == set(PEOPLE)  # type: ignore[union-attr]
    assert "voice rows are not available: onnxruntime not installed" in str(notices[0])
    sound = [i for i in items if isinstance(i, Chunk) and i.info.name == "Microphone"]
    assert sum(len(c.times) for c in sound) >= 16000


def test_voice_quality_is_measured_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_models()
    pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    mics, _ = dialogue([(Role.THERAPIST, 0.3)], 6.0)
    write_wav(tmp_path / "two.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
    plain = session(tmp_path / "two.wav")
    asked = [replace(d, settings={**d.settings, "quality": True}) for d in plain.devices]
    clock = FastClock()
    rows = [
        row
        for c in heard(open_wav(replace(plain, devices=tuple(asked)), clock), clock, 6.0)
        if c.info.role is Role.THERAPIST and c.info.channels == ROW_CHANNELS
        for row in c.samples
    ]
    hnr = np.array(rows)[:, ROW_CHANNELS.index("hnr")]
    assert np.isfinite(hnr).any() and (hnr[np.isfinite(hnr)] > 0.0).all()

    monkeypatch.setattr(quality, "find_spec", lambda name: None)
    clock = FastClock()
    driver = open_wav(replace(plain, devices=tuple(asked)), clock)
    driver.start()
    assert driver.listening.loaded.wait(60.0)
    driver.stop()
    told = [i for i in driver.drain() if "voice quality is not available" in getattr(i, "message", "")]
    assert len(told) == 2 and "praat-parselmouth not installed" in str(told[0])


def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(160), np.zeros(160)])
    good = session(tmp_path / "two.wav")

    def refused(s: Session, match: str) -> None:
        with pytest.raises(DeviceError, match=match):
            opener("wav_file")(permitted(s)[0], s)

    refused(session(tmp_path / "two.wav", channels=(0, 0)), "channel 0 .* is also that of")
    refused(session(tmp_path / "two.wav", channels=(0, 2)), "has 2 channels, none with number 2")
    refused(
        session(tmp_path / "two.wav", channels=("left", "middle")), "must be left, right or a number from 0"
    )
    refused(session(tmp_path / "none.wav"), "none.wav")
    odd = replace(good.devices[0], settings={"path": "x", "volume": 3})
    refused(replace(good, devices=(odd,)), "no setting 'volume'")
    vague = replace(good.devices[0], settings={"path": str(tmp_path / "two.wav"), "quality": "high"})
    refused(replace(good, devices=(vague,)), "quality = 'high': must be true or false")
    loud = replace(good.devices[0], settings={"path": str(tmp_path / "two.wav"), "gain_db": 100.0})
    refused(replace(good, devices=(loud,)), "gain_db = 100")


def test_loading_the_models_never_holds_up_the_recorder(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(16000), np.zeros(16000)])
    asked, go = threading.Event(), threading.Event()

    def slow() -> models.Models:
        asked.set()
        assert go.wait(DEADLINE)
        raise DeviceError("never mind")

    s = session(tmp_path / "two.wav")
    base = opener("wav_file")(permitted(s)[0], s)
    assert isinstance(base, WavFileDriver)
    driver = WavFileDriver(base.places, load=slow)
    driver.start()
    assert asked.wait(DEADLINE)
    assert not driver.ready()
    driver.drain()  # returns though the models are not there
    go.set()
    driver.stop()
    assert driver.ready()
    assert "never mind" in str(driver.drain())
