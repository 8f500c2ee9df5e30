"""Speech over LSL: heard, turned into rows, never passed on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping

import numpy as np
import pylsl
import pytest

from acquisition.drivers import Drained, SignsOf, unopened
from acquisition.drivers.lsl import open_driver
from acquisition.errors import DeviceError
from acquisition.lsl.network import configure
from acquisition.session.profile import load_profile
from acquisition.session.session import Consent, Device, LslSettings, Participant, Session, permitted
from acquisition.stream import PEOPLE, Chunk, ClockOffset, Modality, Role, StreamInfo
from acquisition.voice.models import SFREQ, Models, Samples
from acquisition.voice.rows import TURN_CHANNELS
from acquisition.voice.sound_source import SoundSource
from tests.acquisition.speech import alternating, dialogue, need_models, spoken

pytestmark = pytest.mark.realtime

INFOS = {
    role: StreamInfo(
        name=f"mic {role} voice", role=role, modality=Modality.VOICE, sfreq=16000.0, unit="", channels=("m",)
    )
    for role in PEOPLE
}


class Sender:
    """Two microphones on machines whose clocks are 100 s and 300 s off."""

    def __init__(self, items: list[Drained]) -> None:
        self.items, self.stopped = items, False

    def streams(self) -> list[StreamInfo]:
        return list(INFOS.values())

    def ready(self) -> bool:
        return True

    def missing(self) -> list[str]:
        return unopened(self.streams())

    def signs(self) -> SignsOf:
        return {}

    def start(self) -> None:
        pass

    def drain(self) -> list[Drained]:
        out, self.items = self.items[:40], self.items[40:]
        return out

    def stop(self) -> None:
        self.stopped = True


def sent(mics: Mapping[Role, Samples]) -> list[Drained]:
    rng = np.random.default_rng(0)
    off = {Role.CLIENT: 100.0, Role.THERAPIST: 300.0}
    out: list[Drained] = [ClockOffset(INFOS[r], 0.0, -off[r]) for r in PEOPLE]
    n = len(mics[Role.CLIENT])
    for a in range(0, n, 800):
        for role in PEOPLE:
            k = np.arange(a, min(a + 800, n))
            times = 5000.0 + off[role] + k / SFREQ + rng.uniform(0, 0.01)
            out.append(Chunk(INFOS[role], times, mics[role][k][:, None]))
    return out


def test_speech_of_two_senders_becomes_turns_on_this_machines_clock() -> None:
    models = need_models()
    starts, seconds = alternating(2, pause=1.5)
    mics, truth = dialogue(starts, seconds)
    source = SoundSource(Sender(sent(mics)), load=lambda: models, clock=lambda: 5000.0 + seconds)
    assert {i.sfreq for i in source.streams()} == {0.0}
    source.start()
    deadline = time.monotonic() + 60.0
    while not source.ready():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    items: list[Drained] = []
    for _ in range(20):
        items += source.drain()
    assert source._listening is not None
    while source._listening.waiting() > 0.01:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    source.stop()
    items += source.drain()
    chunks = [i for i in items if isinstance(i, Chunk)]
    assert {c.info.sfreq for c in chunks} == {0.0}
    assert not [i for i in items if isinstance(i, ClockOffset)]
    for role, start, stop in truth:
        (turn,) = [
            (float(t) - float(x[0]) - 5000.0, float(t) - 5000.0)
            for c in chunks
            if c.info.role is role and c.info.channels == TURN_CHANNELS
            for t, x in zip(c.times, c.samples, strict=True)
        ]
        assert turn == pytest.approx((start, stop), abs=0.25)


def test_without_the_models_speech_is_not_passed_on() -> None:
    def none() -> Models:
        raise DeviceError("not there")

    mics = {role: np.zeros(SFREQ, np.float32) for role in PEOPLE}
    source = SoundSource(Sender(sent(mics)), load=none, clock=lambda: 5001.0)
    source.start()
    source.ready()
    items = [i for _ in range(5) for i in source.drain()]
    source.stop()
    items += source.drain()
    assert not [i for i in items if isinstance(i, Chunk)]
    assert any("voice rows are not available: not there" in getattr(i, "message", "") for i in items)


def test_an_outlet_of_sound_that_is_bound_as_voice_delivers_rows_only() -> None:
    need_models()
    starts, seconds = alternating(1, pause=0.5)
    mics, _ = dialogue(starts, seconds)
    configure()
    outlet = pylsl.StreamOutlet(
        pylsl.StreamInfo("mic", "Audio", 2, SFREQ, pylsl.cf_float32, f"two-mics-{time.monotonic_ns()}")
    )
    source_id = outlet.get_info().source_id()
    consent = Consent(version="test", voice=True)
    devices = tuple(
        Device(
            role=role,
            profile="lsl_audio",
            source_id=source_id,
            channel=k,
            definition=load_profile("lsl_audio"),
        )
        for k, role in enumerate((Role.THERAPIST, Role.CLIENT))
    )
    session = Session(
        id="D01_S01",
        crisis_contact="test",
        client=Participant("C01", consent),
        therapist=Participant("T01", consent),
        devices=devices,
        lsl=LslSettings(session_id=os.environ["ATTUNEMENT_LSL_SESSION"]),
    )
    source = open_driver(permitted(session)[0], session)
    source.start()
    deadline = time.monotonic() + 60.0
    while not source.ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert {i.name.split(" ", 1)[1] for i in source.streams()} == {
        "0 voice",
        "0 voice turns",
        "1 voice",
        "1 voice turns",
    }
    sound = np.stack([mics[Role.THERAPIST], mics[Role.CLIENT]], axis=1)
    items: list[Drained] = []
    begin = pylsl.local_clock()
    for a in range(0, len(sound), 800):
        while pylsl.local_clock() < begin + a / SFREQ:
            time.sleep(0.005)
        outlet.push_chunk(sound[a : a + 800], begin + (a + 799) / SFREQ)
        items += source.drain()
    while not any(isinstance(i, Chunk) and i.info.channels == TURN_CHANNELS for i in items):
        assert time.monotonic() < deadline, items
        items += source.drain()
        time.sleep(0.05)
        if pylsl.local_clock() > begin + seconds + 5.0:
            source.stop()
    source.stop()
    items += source.drain()
    chunks = [i for i in items if isinstance(i, Chunk)]
    assert {c.info.sfreq for c in chunks} == {0.0}
    (turn,) = [t for c in chunks if c.info.channels == TURN_CHANNELS for t in c.times.tolist()]
    assert turn - begin == pytest.approx(0.5 + len(spoken(Role.THERAPIST)) / SFREQ, abs=0.25)
