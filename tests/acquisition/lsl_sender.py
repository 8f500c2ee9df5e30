"""Send LSL streams for tests, here or as a process: python -m tests.acquisition.lsl_sender SOURCE_ID FIRST.

More words: skip: what was due while the process stood still is never sent, as of a device that slept;
ends: told to end, one more sample is sent, its value printed, and the process is gone at once;
abroad: in another LSL session, under the same name; rate=, channels=, label=: another stream than else.

Tests see only streams of their own SessionID, and of names that hold it, so that runs beside each other do
not meet.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("ATTUNEMENT_LSL_SESSION", f"test-{os.getpid()}")

import pylsl

from acquisition.drivers import Drained
from acquisition.drivers.lsl import LslDriver
from acquisition.lsl.binding import Binding
from acquisition.lsl.network import SESSION_VARIABLE, configure
from acquisition.lsl.outlet import Announcement, Outlet
from acquisition.stream import Chunk, Modality, Role
from tests.waiting import DEADLINE, wait_for


def name_of(source_id: str) -> str:
    """Return the name of a stream, which no other run of the tests on this machine gives to one.

    liblsl's own search for an outlet that was restarted does not ask for the SessionID, only for name, type
    and source_id: while another run has a stream of these three, it goes on with neither, or with that one.
    """
    return f"stream {source_id} of {os.environ[SESSION_VARIABLE]}"


def announcement(source_id: str, **changes: Any) -> Announcement:
    """Return what a one-channel ECG stream says of itself, with changes."""
    said: dict[str, Any] = {
        "name": name_of(source_id),
        "type": "ECG",
        "sfreq": 100.0,
        "format": "double64",
        "labels": ("ECG",),
        "units": ("mV",),
        "source_id": source_id,
    }
    return Announcement(**(said | changes))


def outlet(source_id: str, **changes: Any) -> Outlet:
    """Open an outlet in this process."""
    configure()
    return Outlet(announcement(source_id, **changes))


def binding(source_id: str = "", **changes: Any) -> Binding:
    """Return an entry of the allow list for the client's ECG, with changes."""
    said: dict[str, Any] = {"place": f"device {source_id}", "role": Role.CLIENT, "modality": Modality.ECG}
    return Binding(**(said | {"source_id": source_id} | changes))


class Listening:
    """Run a driver and keep all that it delivers."""

    def __init__(self, *bindings: Binding) -> None:
        self.driver = LslDriver(bindings)
        self.items: list[Drained] = []

    def drain(self) -> list[Drained]:
        """Keep what arrived."""
        self.items += self.driver.drain()
        return self.items

    def until(self, condition: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
        """Drain until a condition holds."""

        def drained() -> bool:
            self.drain()
            return condition()

        wait_for(drained, what, seconds=seconds)

    def values(self, name: str) -> NDArray[Any]:
        """Return the samples of a stream so far, shape (n_samples, n_channels)."""
        chunks = [c.samples for c in self.items if isinstance(c, Chunk) and c.info.name == name]
        return np.concatenate(chunks) if chunks else np.empty((0, 1))

    def times(self, name: str) -> NDArray[np.float64]:
        """Return the raw stamps of a stream so far [s]."""
        return np.concatenate(
            [np.empty(0), *(c.times for c in self.items if isinstance(c, Chunk) and c.info.name == name)]
        )


@contextmanager
def listening(*bindings: Binding, ready: bool = True) -> Iterator[Listening]:
    """Run a driver for some bindings; with `ready`, from the moment when all streams are open."""
    listener = Listening(*bindings)
    listener.driver.start()
    try:
        if ready:
            listener.until(listener.driver.ready, "streams open")
        yield listener
    finally:
        listener.driver.stop()
        listener.drain()


@contextmanager
def sender(source_id: str, first: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run another process that sends first, first + 1, … at 100 Hz; killed at the end."""
    command = [sys.executable, "-m", "tests.acquisition.lsl_sender", source_id, str(first), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close() if process.stdout else None


def main() -> None:
    """Send until killed."""
    source_id, first, skips = sys.argv[1], int(sys.argv[2]), "skip" in sys.argv
    said = dict(word.split("=") for word in sys.argv[3:] if "=" in word)
    name, n, sfreq = name_of(source_id), int(said.get("channels", "1")), float(said.get("rate", "100"))
    if "abroad" in sys.argv:
        os.environ[SESSION_VARIABLE] += "-abroad"
    labels = (said.get("label", "ECG"), *map(str, range(1, n)))
    out = outlet(source_id, name=name, sfreq=sfreq, labels=labels, units=("mV",) * n)
    print("ready", flush=True)  # noqa: T201
    begin, sent = pylsl.local_clock(), 0
    told: list[int] = []
    if "ends" in sys.argv:
        signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    while True:
        if told:
            out.push(np.array([pylsl.local_clock()]), np.full((1, n), first + 500_000.0))
            time.sleep(0.02)  # liblsl sends in a thread of its own
            print(first + 500_000.0, flush=True)  # noqa: T201
            os._exit(0)
        due = int((pylsl.local_clock() - begin) * 100)
        if skips and due - sent > 100:
            sent = due - 1
        numbers = np.arange(sent, due)
        out.push(begin + numbers / 100, np.repeat((first + numbers)[:, np.newaxis].astype(float), n, axis=1))
        sent = due
        time.sleep(0.02)


if __name__ == "__main__":
    main()
