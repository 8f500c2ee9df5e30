"""The sound of a video follows the cursor: heard while it runs, at no other time. The output is made up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import DeviceError, VideoError
from acquisition.machine.speaker import Block, Fill, Speaker
from tests.viewer.video.made import BASE, STEP, Sung
from tests.viewer.video.test_sound_reader import RATE, sound_file
from tests.waiting import wait_for
from viewer.video import sound as sound_module
from viewer.video.sound import Sound

DELAY = 0.05
N = 2400


class Output(Speaker):
    """An output without a device; `hear` takes what would be heard in the next moments."""

    def __init__(self, fill: Fill) -> None:
        super().__init__(fill)
        self.rate, self.opened, self.there, self.fault = float(RATE), 0, False, ""
        self.dropped, self.refused, self.gone, self.dry = 0, 0, False, False

    @property
    def is_open(self) -> bool:
        return self.there

    @property
    def lost(self) -> bool:
        return self.there and self.gone

    @property
    def starved(self) -> bool:
        return self.there and self.dry

    def open(self) -> None:
        if self.fault:
            self.refused += 1
            raise DeviceError(self.fault)
        self.there, self.gone, self.dry, self.opened = True, False, False, self.opened + 1

    def flush(self) -> None:
        self.dropped += 1

    def close(self) -> None:
        self.there = False

    def hear(self) -> Block:
        """Return the next 50 ms as they would be heard."""
        block, now = np.zeros((N, 2), np.float32), time.monotonic()
        self._fill(block, now, now + DELAY)
        return block


def second_of(block: Block) -> int | None:
    """Return which second of the film a block is from, by its pitch; None for silence."""
    if not np.abs(block).max() > 0.05:
        return None
    spectrum = np.abs(np.fft.rfft(block[:, 0] * np.hanning(N), 1 << 16))
    return round((float(np.argmax(spectrum)) * RATE / (1 << 16) - BASE) / STEP)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return two films that sing all the time, each second higher; the other is 20 seconds further up."""
    folder = tmp_path_factory.mktemp("films")
    t = np.arange(20 * RATE) / RATE
    out = {}
    for name, first in (("one", 0), ("two", 20)):
        wave = (0.4 * np.sin(2 * np.pi * (BASE + STEP * (np.floor(t) + first)) * t)).astype(np.float32)
        out[name] = sound_file(folder / f"{name}.mkv", Sung([(0.0, wave)], codec="flac"))
    return out


class Bench:
    """A sound, its made-up output, and a cursor that is told of as a window does."""

    def __init__(self, find: Callable[[object], Path]) -> None:
        self.told: list[str] = []
        self.output: Output | None = None
        self.sound = Sound(find, lambda: self.told.append(self.sound.words), self._made)

    def _made(self, fill: Fill) -> Output:
        self.output = Output(fill)
        return self.output

    @property
    def out(self) -> Output:
        assert self.output is not None
        return self.output

    def hears(self, second: int | None, film: str = "one", stamp: float = 0.5, speed: float = 1.0) -> None:
        """Tell of the cursor until that second of a film is heard; nothing else may be, once it was."""

        def heard() -> bool:
            self.sound.want(film, stamp, speed, gain=1.0)
            return second_of(self.out.hear()) == second

        wait_for(heard, f"second {second} is not heard")


@pytest.fixture
def bench(films: dict[str, Path]) -> Iterator[Bench]:
    made = Bench(lambda film: films[str(film)])
    yield made
    made.sound.close()
    assert not made.sound._thread.is_alive() and not made.out.is_open


def test_it_is_heard_while_the_cursor_runs_and_at_no_other_time(bench: Bench) -> None:
    bench.sound.want("one", 3.5, 0.0, gain=1.0)
    assert bench.out.opened == 0, "nothing is opened for a cursor that stands"
    bench.hears(3, stamp=3.5)
    bench.sound.want("one", 3.6, 0.0, gain=1.0)
    assert second_of(bench.out.hear()) is None
    wait_for(lambda: bench.out.dropped >= 1, "what the output holds is not dropped")
    bench.hears(3, stamp=3.5)
    bench.sound.want("one", 3.6, 1.0, gain=0.0)
    assert second_of(bench.out.hear()) is None, "muted"
    bench.sound.want(None, 0.0, 1.0, gain=1.0)
    assert second_of(bench.out.hear()) is None, "no film covers the moment"


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_a_jump_another_speed_and_another_film_drop_what_is_held(bench: Bench, speed: float) -> None:
    bench.hears(3, stamp=3.5)
    out = bench.out
    out.dropped = 0
    bench.sound.want("one", 12.5, 1.0, gain=1.0)
    assert second_of(out.hear()) is None
    wait_for(lambda: out.dropped, "the jump")
    bench.hears(12, stamp=12.5)
    out.dropped = 0
    bench.sound.want("one", 12.5, speed, gain=1.0)
    wait_for(lambda: out.dropped, "the speed")
    bench.hears(12, stamp=12.5, speed=speed)
    out.dropped = 0
    bench.sound.want("two", 4.5, 1.0, gain=1.0)
    wait_for(lambda: out.dropped, "the film")
    bench.hears(24, film="two", stamp=4.5)
    assert out.opened == 1 and bench.told == []


def test_pictures_that_are_late_keep_it_back(bench: Bench) -> None:
    bench.hears(3, stamp=3.5)
    bench.sound.want("one", 3.5, 1.0, gain=1.0, limit=3.5)
    assert second_of(bench.out.hear()) is None
    assert bench.sound.lead >= DELAY


def test_an_output_that_nobody_uses_is_given_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_module, "IDLE", 0.1)
    bench.hears(3, stamp=3.5)
    bench.sound.want("one", 3.6, 0.0, gain=1.0)
    wait_for(lambda: not bench.out.is_open, "it is kept")
    bench.hears(3, stamp=3.5)
    assert bench.out.opened == 2


def test_a_card_that_is_absent_is_said_once_and_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "AGAIN", 0.1)
    bench.out.fault = "there is no sound output"
    bench.sound.want("one", 3.5, 1.0, gain=1.0)
    wait_for(lambda: bool(bench.told), "nothing is said")
    wait_for(lambda: bench.out.refused >= 3, "it is not tried again")
    assert bench.told == ["no sound: there is no sound output"]
    bench.out.fault = ""
    bench.hears(3, stamp=3.5)
    assert bench.sound.words == ""


def test_a_card_that_is_pulled_out_is_opened_again_or_said(bench: Bench) -> None:
    bench.hears(3, stamp=3.5)
    bench.sound._opened_at -= 60.0
    bench.out.gone = True
    wait_for(lambda: bench.out.opened == 2, "it is not opened again")
    bench.hears(3, stamp=3.5)
    assert bench.told == [], "another output took its place"
    bench.out.gone = True
    wait_for(lambda: bool(bench.told), "nothing is said")
    assert bench.told == ["no sound: the sound output is gone"]


def test_an_output_that_runs_dry_is_opened_again_at_once_and_nothing_is_said(bench: Bench) -> None:
    bench.hears(3, stamp=3.5)
    for opened in (2, 3):
        bench.out.dry = True
        wait_for(partial(_opened, bench, opened), "it is not opened again")
    bench.hears(3, stamp=3.5)
    assert bench.told == []


def _opened(bench: Bench, times: int) -> bool:
    return bench.out.opened == times


def test_a_film_that_cannot_be_read_is_said_and_the_next_is_heard(films: dict[str, Path]) -> None:
    def find(film: object) -> Path:
        if film == "gone":
            raise VideoError("gone.mp4 is not there")
        return films[str(film)]

    bench = Bench(find)
    bench.sound.want("gone", 3.5, 1.0, gain=1.0)
    wait_for(lambda: bool(bench.told), "nothing is said")
    bench.hears(23, film="two", stamp=3.5)
    assert bench.told == ["no sound: gone.mp4 is not there", ""]
    bench.sound.close()


def test_it_ends_in_silence_where_the_file_ends(bench: Bench) -> None:
    bench.hears(19, stamp=19.5)
    bench.hears(None, stamp=25.0)
    assert bench.told == []
