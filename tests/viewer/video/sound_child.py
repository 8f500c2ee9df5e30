"""Play a video with its sound into the sink duo, and hear it: python -m tests.viewer.video.sound_child VIDEO.

Prints one JSON: where the cursor was at each look, what the sink played and when, and what was done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.viewer.video.conftest import BEGIN

RATE = 48_000
FRAGMENT = 0.01
"""The recorder of the sink hands sound over in such parts [s]; they come that much late in the mean."""


class Monitor:
    """Hear what the sink plays, each sample with the time at which it did."""

    def __init__(self) -> None:
        command = [
            "parec",
            "--device=duo.monitor",
            "--format=s16le",
            f"--rate={RATE}",
            "--channels=1",
            f"--latency-msec={1000 * FRAGMENT:.0f}",
            "--raw",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._parts: list[tuple[float, NDArray[np.int16]]] = []
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            self._parts.append((time.monotonic(), np.frombuffer(data, np.int16)))

    def stop(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the time of each sample and the sample."""
        self._process.terminate()
        self._thread.join(10.0)
        self._process.wait(10.0)
        ends = np.cumsum([len(part) for _, part in self._parts])
        late = np.array([at for at, _ in self._parts]) - ends / RATE
        # Nothing comes before its time: the earliest parts of some seconds are those that came at once.
        reach = 50
        least = np.array([late[max(k - reach, 0) : k + reach].min() for k in range(len(late))])
        x = np.concatenate([part for _, part in self._parts]) / 32_768.0
        times = np.arange(len(x)) / RATE + np.interp(np.arange(len(x)), ends, least) - FRAGMENT / 2
        return times, x


def tones(times: NDArray[np.float64], x: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Return each tone that was heard: when its middle was, its pitch [Hz] and how long it lasted [s]."""
    on = np.flatnonzero(np.abs(x) > 0.02)
    if not len(on):
        return []
    found = []
    for run in np.split(on, np.flatnonzero(np.diff(on) > 0.02 * RATE) + 1):
        part = x[run[0] : run[-1] + 1]
        if len(part) < 0.02 * RATE:
            continue
        power = part**2
        middle = run[0] + float((power * np.arange(len(part))).sum() / power.sum())
        inner = part[len(part) // 5 : -len(part) // 5]
        spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)), 1 << 18))
        pitch = float(np.argmax(spectrum)) * RATE / (1 << 18)
        found.append((float(np.interp(middle, np.arange(len(x)), times)), pitch, len(part) / RATE))
    return found


def main(video: Path) -> None:
    """Play, pause, jump, mute, at several speeds."""
    from benchmarks.video import opened, settle
    from viewer.window import application

    application()
    window = opened(video, Path(tempfile.mkdtemp()))
    monitor = Monitor()
    window.beside.show_video()
    panel, looks, done = window.panel, [], []
    follow = window.beside.video.window.show_at

    def show_at(seconds: float, speed: float, *, playing: bool) -> None:
        follow(seconds, speed, playing=playing)
        looks.append((time.monotonic(), seconds, speed if playing else 0.0))

    window.beside.video.window.show_at = show_at

    def act(name: str, seconds: float, does: Callable[[], Any] = lambda: None, **run: Any) -> None:
        does()
        for key, value in run.items():
            setattr(panel, key, value)
        begun = time.monotonic()
        settle(seconds)
        done.append((name, begun, time.monotonic()))

    act("stand", 0.4, lambda: panel.go_to(BEGIN + 2.0))
    act("begin", 0.9, playing=True)
    act("x1", 2.3)
    act("pause", 0.5, playing=False)
    act("x2", 1.6, speed=2.0, playing=True)
    act("jump", 1.4, lambda: panel.go_to(BEGIN + 29.9), speed=1.0, playing=True)
    act("x0.5", 2.3, speed=0.5)
    act("off", 0.4, lambda: window.beside.level.mute())
    words = window.beside.video.window.pane.hearing.words
    window.close()
    times, x = monitor.stop()
    out = {"looks": looks, "done": done, "words": words, "tones": tones(times, x)}
    sys.stdout.write(json.dumps(out) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
