"""Reading alone: how loud each microphone is comes into the session file, and from there to the recorder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acquisition.drivers import Driver
from acquisition.drivers.table import opener
from acquisition.drivers.wav_file import WavFileDriver
from acquisition.errors import DeviceError
from acquisition.session.session import Session, permitted
from acquisition.session.toml import load_session
from acquisition.stream import PEOPLE, Role
from acquisition.voice.calibration import Calibration
from acquisition.voice.check import calibrated, voice_findings
from acquisition.voice.ears import KEPT, Ears
from acquisition.voice.gains import store_gains
from acquisition.voice.models import SFREQ, Samples
from acquisition.voice.read_alone import Microphones, microphones_of, read_alone
from processing.commands.devices import check_command
from tests.acquisition.speech import CROSSTALK, dialogue, need_models, write_wav
from tests.acquisition.voice.test_wav_file import FastClock

SESSION = """
[session]
id = "D01_S01"
crisis_contact = "test"
[client]
code = "C01"
consent = {{ version = "test", voice = {voice} }}
[therapist]
code = "T01"
consent = {{ version = "test", voice = true }}

[[device]]
role = "client"                 # sits at the window
profile = "wav_file"
channel = 1
settings = {{ path = "{path}" }}   # the recorder of the room

[[device]]
role = "therapist"
profile = "wav_file"
channel = 0
[device.settings]
path = "{path}"
gain_db = 4.5                   # from last week
[events]
profile = "rater"               # as always
"""


def session_file(folder: Path, *, voice: bool = True) -> Path:
    path = folder / "session.toml"
    path.write_text(SESSION.format(path=folder / "two.wav", voice=str(voice).lower()))
    return path


def readings(seconds: float, *, quiet_client: float = 1.0) -> dict[Role, Samples]:
    """Return what both microphones hear while first the client and then the therapist reads alone."""
    parts = [dialogue([(Role.CLIENT, 0.2)], seconds)[0], dialogue([(Role.THERAPIST, 0.2)], seconds + 3.0)[0]]
    whole = {role: np.concatenate([part[role] for part in parts]) for role in PEOPLE}
    factor = {Role.CLIENT: quiet_client, Role.THERAPIST: 1.0}
    return {r: np.asarray(factor[r] * x, np.float32) for r, x in whole.items()}


class Silent:
    """Says nothing and never asks again."""

    def __init__(self) -> None:
        self.said: list[tuple[Role, float]] = []

    def begin(self, role: Role, seconds: float) -> bool:
        return True

    def heard(self, role: Role, speech: float) -> bool:
        self.said.append((role, speech))
        return False


class Fast:
    """Microphones that hear files by a clock that runs ahead."""

    def __init__(self, session: Session, clock: FastClock) -> None:
        self.session, self.clock = session, clock

    def drivers(self, ears: Ears) -> list[Driver]:
        driver = opener("wav_file")(permitted(self.session)[0], self.session)
        assert isinstance(driver, WavFileDriver)
        return [WavFileDriver(driver.places, clock=self.clock, listening=ears)]


def read(session: Session, guide: Any, seconds: float) -> Calibration | None:
    clock = FastClock()

    def sleep(passed: float) -> None:
        clock.now += passed

    fast = cast(Microphones, Fast(session, clock))
    return read_alone(fast, guide, seconds=seconds, clock=clock, sleep=sleep)


def test_a_quiet_microphone_gets_the_gain_it_lacks(tmp_path: Path) -> None:
    need_models()
    seconds = 4.5
    guide = Silent()
    found = {}
    for name, factor in (("alike", 1.0), ("quiet", 0.25)):
        mics = readings(seconds, quiet_client=factor)
        write_wav(tmp_path / "two.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
        got = read(load_session(session_file(tmp_path)), guide, seconds)
        assert got is not None
        found[name] = got
    assert all(speech > 3.0 for _, speech in guide.said)
    more = found["quiet"].gains[Role.CLIENT] - found["quiet"].gains[Role.THERAPIST]
    less = found["alike"].gains[Role.CLIENT] - found["alike"].gains[Role.THERAPIST]
    assert more - less == pytest.approx(-20 * np.log10(0.25), abs=0.3)
    for got in found.values():
        assert sum(got.separation.values()) / 2 == pytest.approx(-CROSSTALK, abs=1.0)


def test_too_little_speech_is_told_by_person(tmp_path: Path) -> None:
    need_models()
    write_wav(tmp_path / "two.wav", [np.zeros(SFREQ), np.zeros(SFREQ)])
    with pytest.raises(DeviceError, match=r"client: 0\.0 s of speech in the reading"):
        read(load_session(session_file(tmp_path)), Silent(), 4.0)


def test_a_file_without_samples_is_named(tmp_path: Path) -> None:
    need_models()
    write_wav(tmp_path / "two.wav", [np.zeros(0), np.zeros(0)])
    with pytest.raises(DeviceError, match=r"two\.wav: no samples in it"):
        read(load_session(session_file(tmp_path)), Silent(), 4.0)


def test_gains_come_into_the_session_file_and_the_rest_of_it_stays(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(160), np.zeros(160)])
    path = session_file(tmp_path)
    before = path.read_text().splitlines()
    microphones = microphones_of(load_session(path))
    assert microphones is not None and not microphones.calibrated
    store_gains(path, {Role.CLIENT: 3.14159, Role.THERAPIST: -3.14159}, microphones.devices)
    after = path.read_text().splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [b for _, b in changed] == [
        f'settings = {{ path = "{tmp_path / "two.wav"}", gain_db = 3.1 }}   # the recorder of the room',
        "gain_db = -3.1                   # from last week",
    ]
    again = load_session(path)
    driver = opener("wav_file")(permitted(again)[0], again)
    assert isinstance(driver, WavFileDriver)
    assert {p.role: p.gain for p in driver.places} == {Role.CLIENT: 3.1, Role.THERAPIST: -3.1}
    found = microphones_of(again)
    assert found is not None and found.calibrated


def test_a_device_without_settings_gets_them(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(160), np.zeros(160)])
    path = session_file(tmp_path)
    text = (
        path.read_text().replace("wav_file", "microphone").replace(f'settings = {{ path = "{tmp_path}', "#")
    )
    text = text.replace(f'path = "{tmp_path / "two.wav"}"\n', "")
    path.write_text(text)
    microphones = microphones_of(load_session(path))
    assert microphones is not None
    store_gains(path, {Role.CLIENT: 1.0, Role.THERAPIST: -1.0}, microphones.devices)
    assert [d.settings for d in load_session(path).devices] == [{"gain_db": 1.0}, {"gain_db": -1.0}]
    assert "# sits at the window" in path.read_text()


def check(path: Path, *options: str) -> Result:
    return CliRunner().invoke(
        check_command, [str(path), "--seconds", "1", "--out", str(path.parent), *options]
    )


def test_a_program_is_led_through_the_reading_without_questions(tmp_path: Path) -> None:
    need_models()
    seconds = 4.5
    # One file is heard by the check and, from its beginning, by the reading.
    mics = readings(seconds)
    write_wav(tmp_path / "two.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
    path = session_file(tmp_path)
    result = check(path, "--json", "--read", "--reading", str(seconds))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [(line["event"], line["role"]) for line in lines[:-1]] == [
        (event, role) for role in PEOPLE for event in ("read", "heard")
    ]
    voice = [f for f in lines[-1]["findings"] if f["part"] == "voice"]
    assert {f["what"]: f["ok"] for f in voice} == {"gain": True, "cross-talk": True}, voice
    settings = {d.role: d.settings for d in load_session(path).devices}
    gains = [float(settings[role]["gain_db"]) for role in PEOPLE]
    assert sum(gains) == pytest.approx(0.0, abs=0.11)


def test_without_a_terminal_nothing_is_asked_and_the_file_is_left_alone(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(SFREQ), np.zeros(SFREQ)])
    path = session_file(tmp_path)
    before = path.read_text()
    (finding,) = voice_findings(load_session(path), path, read=None, as_json=True, seconds=10.0)
    assert finding.ok and "not calibrated" in finding.text
    assert path.read_text() == before


def test_one_voice_alone_needs_no_calibration(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(160), np.zeros(160)])
    path = session_file(tmp_path, voice=False)  # the client's microphone may not be opened
    assert voice_findings(load_session(path), path, read=True, as_json=True, seconds=10.0) == []


def test_microphones_that_hear_both_people_alike_do_not_pass(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", [np.zeros(160), np.zeros(160)])
    path = session_file(tmp_path)
    microphones = microphones_of(load_session(path))
    assert microphones is not None
    poor = Calibration({Role.CLIENT: 1.0, Role.THERAPIST: -1.0}, {Role.CLIENT: 2.0, Role.THERAPIST: 9.0})

    def fails(*_: object, **__: object) -> Calibration:
        raise DeviceError("client: 0.4 s of speech in the reading, 3 are needed")

    findings = calibrated(microphones, path, Silent(), seconds=10.0, measure=lambda *_, **__: poor)
    assert [(f.what, f.ok) for f in findings] == [("gain", True), ("cross-talk", False)]
    assert "client: their microphone is only 2.0 dB above the other" in findings[1].text
    (finding,) = calibrated(microphones, path, Silent(), seconds=10.0, measure=fails)
    assert not finding.ok and "0.4 s of speech" in finding.text


def test_ears_keep_a_minute_and_forget_it_at_the_end() -> None:
    ears = Ears(PEOPLE)
    for k in range(80):
        times = 100.0 + k + np.arange(8000) / 8000
        ears.push(Role.CLIENT, times, np.full(8000, 0.001 * k, np.float32), 8000.0)
    kept = ears.between(100.0, 180.0)[Role.CLIENT]
    assert not kept[: round((80 - KEPT - 2) * SFREQ)].any()
    assert kept[round(50.5 * SFREQ)] == pytest.approx(0.05, abs=1e-4)
    assert ears.deaf(179.0) == [Role.THERAPIST] and ears.deaf(181.0) == list(PEOPLE)
    ears.stop()
    assert not ears.between(100.0, 180.0)[Role.CLIENT].any()
