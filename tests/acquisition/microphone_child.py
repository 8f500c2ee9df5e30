"""Hear a file that is played into the sink duo: python -m tests.acquisition.microphone_child WAV."""

from __future__ import annotations

import os
import sys
import time
import wave
from pathlib import Path

from acquisition.drivers import Drained
from acquisition.drivers.microphone import MicrophoneDriver
from acquisition.event import Notice
from acquisition.stream import Chunk
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS
from tests.acquisition.pulse import play
from tests.acquisition.voice.test_microphone import driver_of

SETTLING = 1.2
"""Seconds in which a sink that just opened sets its delay, which the device's clock says as a gap."""
AFTER = 1.8
"""Seconds until the last of it has been heard and written down."""


def main(wav: Path) -> None:
    """Print rows, turns and gaps."""
    driver = driver_of("duo")
    driver.start()
    deadline = time.monotonic() + 60.0
    while not driver.ready():
        if time.monotonic() > deadline:
            sys.exit(f"not ready: {driver.missing()} {driver.drain()}")
        time.sleep(0.05)
    time.sleep(SETTLING)
    driver.drain()
    items = _hear(driver, wav)
    driver.stop()
    for item in [*items, *driver.drain()]:
        _print(item)


def _hear(driver: MicrophoneDriver, wav: Path) -> list[Drained]:
    items: list[Drained] = []
    with wave.open(str(wav)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    play(wav, dict(os.environ))
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
    main(Path(sys.argv[1]))
