"""The sound output: when a block is heard, one output at a time, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acquisition.errors import DeviceError
from acquisition.machine.speaker import MOST, NO_LIBRARY, NO_PORTAUDIO, Block, Speaker

N = 1200


@dataclass
class Stream:
    """An output as far as it is used; `serve` asks for a block as PortAudio does."""

    settings: dict[str, Any]
    active: bool = False
    calls: list[str] = field(default_factory=list)

    @property
    def latency(self) -> float:
        return float(self.settings["latency"])

    def start(self) -> None:
        self.calls.append("start")
        self.active = True

    def abort(self, ignore_errors: bool = False) -> None:
        self.calls.append("abort")
        self.active = False

    def close(self, ignore_errors: bool = False) -> None:
        self.calls.append("close")

    def serve(self, delay: float, *, dry: bool = False) -> Block:
        block = np.full((N, self.settings["channels"]), 9.0, np.float32)
        times = SimpleNamespace(currentTime=50.0, outputBufferDacTime=50.0 + delay)
        self.settings["callback"](block, N, times, SimpleNamespace(output_underflow=dry))
        return block


class PortAudio(SimpleNamespace):
    """PortAudio with one output, or none."""

    class PortAudioError(Exception):
        pass

    def __init__(self, channels: int = 2, fault: str = "") -> None:
        super().__init__(channels=channels, fault=fault, streams=[], lists=0)

    def query_devices(self, device: object, kind: str) -> dict[str, Any]:
        if not self.channels:
            raise self.PortAudioError("Error querying device -1")
        return {"max_output_channels": self.channels, "default_samplerate": 48_000.0}

    def OutputStream(self, **settings: Any) -> Stream:
        if self.fault:
            raise self.PortAudioError(self.fault)
        self.streams.append(Stream(settings))
        made: Stream = self.streams[-1]
        return made

    def _terminate(self) -> None:
        assert not any(s.active for s in self.streams), "it would end a stream that plays"

    def _initialize(self) -> None:
        self.lists += 1


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[PortAudio]:
    portaudio = PortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    yield portaudio
    if Speaker._holder is not None:
        Speaker._holder.close()


def test_a_block_comes_with_the_time_at_which_it_is_heard(sound: PortAudio) -> None:
    asked: list[tuple[float, float]] = []
    clock = [7.0]
    speaker = Speaker(lambda block, now, when: asked.append((now, when)), lambda: clock[0])
    speaker.open()
    (stream,) = sound.streams
    assert (speaker.rate, speaker.channels) == (48_000.0, 2)
    for _ in range(4):  # the buffer is filled before it plays: what is told of the delay is wrong
        assert not stream.serve(0.0).any()
    assert asked == []
    stream.serve(0.125)
    stream.serve(0.0)  # a system that does not tell
    stream.serve(0.0, dry=True)
    assert asked == [(7.0, 7.125), (7.0, 7.1)]


def test_what_is_dropped_leaves_it_open(sound: PortAudio) -> None:
    speaker = Speaker(lambda *_: None)
    speaker.flush()
    speaker.open()
    speaker.flush()
    assert sound.streams[0].calls == ["start", "abort", "start"] and speaker.is_open and not speaker.lost
    speaker.close()
    assert sound.streams[0].calls[-1] == "close" and not speaker.is_open


def test_whoever_opens_it_takes_it_from_who_had_it(sound: PortAudio) -> None:
    first, second = Speaker(lambda *_: None), Speaker(lambda *_: None)
    first.open()
    second.open()
    assert [first.is_open, second.is_open, first.lost] == [False, True, False]
    first.close()
    assert sound.streams[1].active
    first.open()
    assert [first.is_open, second.is_open] == [True, False]


def test_an_output_that_is_gone_is_lost_and_devices_are_listed_anew(sound: PortAudio) -> None:
    clock = [0.0]
    speaker = Speaker(lambda *_: None, lambda: clock[0])
    speaker.open()
    sound.streams[0].active = False
    assert speaker.lost
    speaker.close()
    speaker.open()
    lost = [speaker.lost]
    clock[0] += 10.0
    lost.append(speaker.lost)  # nobody asked for sound
    assert sound.lists == 1 and lost == [False, True]


def test_an_output_that_runs_dry_often_holds_more_when_opened_again(sound: PortAudio) -> None:
    speaker = Speaker(lambda *_: None)
    latencies, starved = [], []
    for _ in range(4):
        speaker.open()
        latencies.append(sound.streams[-1].latency)
        for _ in range(3):
            sound.streams[-1].serve(0.1, dry=True)
        starved.append(speaker.starved)
        assert not speaker.lost
        speaker.close()
    assert latencies == [0.1, 0.2, 0.4, MOST] and starved == [True, True, False, False] and sound.lists == 0


def test_a_card_of_one_channel_gets_one(sound: PortAudio) -> None:
    sound.channels = 1
    speaker = Speaker(lambda *_: None)
    speaker.open()
    assert speaker.channels == 1 and sound.streams[0].settings["channels"] == 1


@pytest.mark.parametrize(
    ("channels", "fault", "words"),
    [
        (0, "", "there is no sound output"),
        (2, "Device unavailable [PaErrorCode -9985]", "Device unavailable [PaErrorCode -9985]"),
    ],
)
def test_an_output_that_cannot_be_opened_is_said(
    sound: PortAudio, channels: int, fault: str, words: str
) -> None:
    sound.channels, sound.fault = channels, fault
    speaker = Speaker(lambda *_: None)
    with pytest.raises(DeviceError) as told:
        speaker.open()
    assert str(told.value) == words
    opened = [speaker.is_open]
    sound.channels, sound.fault = 2, ""
    speaker.open()
    assert [*opened, speaker.is_open] == [False, True] and sound.lists == 1


@pytest.mark.parametrize("absent", ["package", "library"])
def test_what_has_to_be_installed_is_said(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    if absent == "package":
        monkeypatch.setitem(sys.modules, "sounddevice", None)
    else:
        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)

        class Missing:
            def find_spec(self, name: str, *_: object) -> None:
                if name == "sounddevice":
                    raise OSError("PortAudio library not found")

        monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(DeviceError) as told:
        Speaker(lambda *_: None).open()
    assert str(told.value) == (NO_LIBRARY if absent == "package" else NO_PORTAUDIO)
