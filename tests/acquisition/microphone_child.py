"""Hear a file that is played into the sink duo: python -m tests.acquisition.microphone_child WAV [STALL].

The sound server stands still for STALL seconds in the first sentence.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import wave
from pathlib import Path

from acquisition.drivers import Drained
from acquisition.drivers.microphone import MicrophoneDriver
from acquisition.event import Notice
from acquisition.stream import Chunk
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS
from tests.acquisition.pulse import PID, play
from tests.acquisition.voice.test_microphone import driver_of

SPEAKS = 2.0
"""Seconds after the beginning, within the first sentence."""
AFTER = 1.8
"""Seconds until the last of it has been heard and written down."""


def main(wav: Path, stall: float) -> None:
    """Print between when it began to play, rows, turns and notices."""
    driver = driver_of("duo")
    driver.start()
    deadline = time.monotonic() + 60.0
    while not driver.ready():
        if time.monotonic() > deadline:
            sys.exit(f"not ready: {driver.missing()} {driver.drain()}")
        time.sleep(0.05)
    items = _hear(driver, wav, stall)
    driver.stop()
    for item in [*items, *driver.drain()]:
        _print(item)


def _hear(driver: MicrophoneDriver, wav: Path, stall: float) -> list[Drained]:
    items: list[Drained] = []
    with wave.open(str(wav)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    asked = time.monotonic()
    play(wav, dict(os.environ))
    sys.stdout.write(f"played {asked} {time.monotonic()}\n")
    if stall:
        time.sleep(SPEAKS)
        os.kill(int(os.environ[PID]), signal.SIGSTOP)
        time.sleep(stall)
        os.kill(int(os.environ[PID]), signal.SIGCONT)
    until = time.monotonic() + seconds + AFTER
    while time.monotonic() < until:
        items += driver.drain()
        time.sleep(0.05)
    return items


def _print(item: Drained) -> None:
    if isinstance(item, Notice):
        sys.stdout.write(f"{item.kind} {item.message}\n")
    if not isinstance(item, Chunk):
        return
    for stamp, x in zip(item.times.tolist(), item.samples.tolist(), strict=True):
        role = item.info.role
        if item.info.channels == ROW_CHANNELS:
            sys.stdout.write(f"row {role} {stamp} {x[ROW_CHANNELS.index('phonation')]}\n")
        elif item.info.channels == TURN_CHANNELS:
            sys.stdout.write(f"turn {role} {stamp} {x[0]} {x[TURN_CHANNELS.index('f0_median')]}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
