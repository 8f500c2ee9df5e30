"""The sound of a video as it comes out of the sound server, against the cursor of the review: real time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.acquisition.pulse import need_pulse, null_sink
from tests.viewer.video.conftest import BEGIN
from tests.viewer.video.made import BASE, LONG, STEP, Sung, bursts, even, film

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
APART = 0.08
"""Sound and cursor are never further apart [s]."""
STALLED = 0.2
"""A window that stood still for longer ran on a machine too busy to tell anything of real time [s]."""


@dataclass(frozen=True)
class Tone:
    """Hold a tone that was heard: when, of which second of the video, how far its pitch was off, how long."""

    at: float
    second: int
    off: float
    length: float


@dataclass(frozen=True)
class Run:
    """Hold what was done, where the cursor was, and what was heard."""

    done: dict[str, tuple[float, float]]
    looks: NDArray[np.float64]
    tones: list[Tone]
    words: str

    def during(self, name: str) -> list[Tone]:
        begin, end = self.done[name]
        return [tone for tone in self.tones if begin <= tone.at < end]

    def whole(self, name: str, speed: float) -> list[Tone]:
        """Return the tones of a part that were heard in full, none while the window stood still."""
        least, most = 0.9 * LONG / speed, 1.2 * LONG / speed + 0.02
        full = [tone for tone in self.during(name) if least < tone.length < most]
        times = self.looks[:, 0]
        stood = times[1:][np.diff(times) > STALLED]
        return [tone for tone in full if not np.any(np.abs(stood - tone.at) < 1.0)]

    def apart(self, tone: Tone, speed: float) -> float:
        """Return how far the cursor was from where a tone belongs when it was heard [s, as seen]."""
        cursor = float(np.interp(tone.at, self.looks[:, 0], self.looks[:, 1]))
        return (cursor - BEGIN - tone.second - LONG / 2) / max(speed, 1.0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Play it once, in a process of its own: PortAudio and ALSA read the environment once."""
    need_pulse()
    folder = tmp_path_factory.mktemp("heard")
    sung = Sung([(0.0, bursts(40.0))], layout="stereo")
    video = film(folder / "camera.mp4", even(40.0, 10.0), sound=sung)
    with null_sink(folder) as environment:
        command = [sys.executable, "-m", "tests.viewer.video.sound_child", str(video)]
        child = subprocess.run(
            command,
            cwd=ROOT,
            env=environment | {"QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert child.returncode == 0, child.stdout + child.stderr
    told = json.loads(child.stdout.splitlines()[-1])
    tones = []
    for at, pitch, length in told["tones"]:
        second = round((pitch - BASE) / STEP)
        tones.append(Tone(at, second, pitch / (BASE + STEP * second) - 1.0, length))
    done = {name: (begin, end) for name, begin, end in told["done"]}
    return Run(done, np.array(told["looks"]), tones, told["words"])


@pytest.mark.parametrize(("part", "speed"), [("x1", 1.0), ("x2", 2.0), ("jump", 1.0), ("x0.5", 0.5)])
def test_what_is_heard_belongs_to_the_cursor_and_keeps_its_pitch(run: Run, part: str, speed: float) -> None:
    tones = run.whole(part, speed)
    if not tones:
        pytest.skip("this machine is too busy to play in real time")
    apart = [run.apart(tone, speed) for tone in tones]
    assert np.abs(apart).max() < APART, f"cursor − sound [ms]: {np.round(1000 * np.array(apart), 1)}"
    assert max(abs(tone.off) for tone in tones) < 0.02


def test_nothing_is_heard_of_a_cursor_that_stands_nor_with_the_sound_off(run: Run) -> None:
    assert run.during("stand") == [] and run.during("off") == []
    assert len([tone for tone in run.during("pause") if tone.at > run.done["pause"][0] + 0.1]) == 0
    assert run.words.startswith("the sound is off")


def test_after_a_jump_nothing_of_before_is_heard(run: Run) -> None:
    after = [tone for tone in run.during("jump") if tone.at > run.done["jump"][0] + 0.1]
    assert all(tone.second >= 30 for tone in after)
