"""Publish a recording over LSL as if its devices were there.

Ticks, notices and raw device stamps are not published; clock offsets are applied, so that all streams are on
one clock. At a speed other than 1 the stamps are drawn together and the rates raised: for testing transport.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pylsl
from numpy.typing import NDArray

from acquisition.errors import StreamError
from acquisition.lsl.confinement import possible
from acquisition.lsl.network import configure
from acquisition.lsl.outlet import Announcement, Outlet
from acquisition.replay.tracks import Track, load_tracks
from acquisition.stream import FloatArray

logger = logging.getLogger(__name__)

PUSH_PERIOD = 0.05
WAIT = 5.0
"""Seconds to wait for a receiver of every stream."""
FLUSH = 2.0
"""Seconds the outlets stay after the last sample, so that receivers get all of it."""


class Published(NamedTuple):
    """Say how many samples of a stream were sent."""

    stream: Announcement
    n_samples: int


@dataclass(slots=True, eq=False)
class _Playing:
    """Hold a stream while it is played: when each sample is due [s from the start], and how far it came."""

    outlet: Outlet
    due: FloatArray
    shown: FloatArray
    samples: NDArray[Any]
    cursor: int = 0
    sent: int = 0


def replay(
    path: str | Path,
    *,
    speed: float = 1.0,
    session_id: str | None = None,
    seconds: float | None = None,
    loop: bool = False,
    wait: float = WAIT,
    flush: float = FLUSH,
    ready: Callable[[list[Announcement]], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Published]:
    """Publish a recording until its end, for some seconds, or until `stop` is set or Ctrl+C is pressed.

    Parameters
    ----------
    path : str or Path
        A recording directory or any .xdf file.
    speed : float
        How many recorded seconds pass in one.
    session_id : str, optional
        liblsl's SessionID; "default" if not given.
    seconds : float, optional
        Stop after so long.
    loop : bool
        Begin anew at the end.
    wait : float
        How long to wait for a receiver of every stream before the first sample is sent [s].
    flush : float
        How long the streams stay after the last sample [s].
    ready : callable, optional
        Called with the streams once they can be found.
    stop : threading.Event, optional
        Set it to end.

    Raises
    ------
    StreamError
        If the speed is not positive, or there is nothing to publish.
    RecordingError
        If the recording cannot be read.
    """
    if not (speed > 0 and np.isfinite(speed)):
        raise StreamError(f"speed {speed:g}: must be more than 0")
    tracks = load_tracks(Path(path))
    if not tracks:
        raise StreamError(f"{path}: no stream with samples to publish")
    configure(session_id=session_id or "default")
    if not possible():
        logger.warning(
            "this system cannot keep LSL on the machine: everybody on the network can read the replay"
        )
    stop = stop or threading.Event()
    playing = _published(tracks, speed)
    try:
        if ready is not None:
            ready([p.outlet.announcement for p in playing])
        _await_receivers(playing, wait, stop)
        _play(playing, seconds, loop, stop)
        stop.wait(flush)
    except KeyboardInterrupt:
        stop.set()
    finally:
        for p in playing:
            p.outlet.close()
    return [Published(p.outlet.announcement, p.sent) for p in playing]


def _published(tracks: Sequence[Track], speed: float) -> list[_Playing]:
    begin = min(float(np.min(track.times)) for track in tracks)
    playing = []
    for track in tracks:
        said = replace(track.announcement, sfreq=track.announcement.sfreq * speed)
        shown = (track.times - begin) / speed
        outlet = Outlet(said, insist=False)
        playing.append(_Playing(outlet, np.maximum.accumulate(shown), shown, track.samples))
    return playing


def _await_receivers(playing: Sequence[_Playing], wait: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline and not stop.is_set():
        if all(p.outlet.heard for p in playing):
            return
        stop.wait(PUSH_PERIOD)


def _play(playing: Sequence[_Playing], seconds: float | None, loop: bool, stop: threading.Event) -> None:
    start = pylsl.local_clock()
    until = np.inf if seconds is None else seconds
    span = max(float(p.due[-1]) for p in playing)
    lap = 0.0
    while not stop.is_set():
        passed = min(pylsl.local_clock() - start, until)
        for p in playing:
            _push(p, start + lap, passed - lap)
        if passed >= until:
            return
        if all(p.cursor == len(p.due) for p in playing):
            if not loop:
                return
            lap += span + PUSH_PERIOD
            for p in playing:
                p.cursor = 0
        stop.wait(PUSH_PERIOD)


def _push(p: _Playing, start: float, passed: float) -> None:
    """Send what is due by now, so that no stamp lies ahead of the clock."""
    end = int(np.searchsorted(p.due, passed, side="right"))
    if end > p.cursor:
        p.outlet.push(start + p.shown[p.cursor : end], p.samples[p.cursor : end])
        p.sent += end - p.cursor
        p.cursor = end
