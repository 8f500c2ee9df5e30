"""Publish a stream until standard input ends: python -m … SCOPE|raw NAME. Says who can read it, in a line."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pylsl

from acquisition.lsl.exposure import exposures
from acquisition.lsl.network import configure, resolve
from acquisition.lsl.outlet import Announcement, Outlet


def main(scope: str, name: str) -> None:
    """Publish with our outlet in a scope, or with one of another program."""
    end = threading.Event()
    threading.Thread(target=_await_end, args=(end,), daemon=True).start()
    configure(scope="machine" if scope == "raw" else scope)
    ours = theirs = None
    if scope == "raw":
        theirs = pylsl.StreamOutlet(pylsl.StreamInfo(name, "ECG", 1, 100.0, "float32", name))
    else:
        ours = Outlet(
            Announcement(
                name=name,
                type="ECG",
                sfreq=100.0,
                format="float32",
                labels=("a",),
                units=("mV",),
                source_id=name,
            )
        )
    said = [words for stream, _, words in exposures(resolve(1.0)) if f"'{name}'" in stream]
    print("; ".join(said), flush=True)  # noqa: T201
    while not end.wait(0.02):
        if theirs is not None:
            theirs.push_sample([1.0])
        if ours is not None:
            ours.push(np.array([pylsl.local_clock()]), np.ones((1, 1), np.float32))


def _await_end(end: threading.Event) -> None:
    sys.stdin.read()
    end.set()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
