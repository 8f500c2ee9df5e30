"""Memory of recorder and follower over accelerated hours: eight streams, marks, what a long session has.

    python -m benchmarks.flat recorder [--hours 3]
    python -m benchmarks.flat follower [--hours 3]

The recorder is the real one with its files, on a clock that runs as fast as there is work. The follower is
`attune process --follow` from its batches on: three ticks at a time, as it gets them live, with its samples
spooled. `used` is what is allocated, `free` what the C library keeps of what was given back [MB].
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does, before numpy is loaded

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acquisition.batch import Batch, StreamPart
from acquisition.drivers import Drained, SignsOf
from acquisition.event import Event
from acquisition.recorder.begin import record
from acquisition.session.toml import parse_session
from acquisition.simulation.dyad import Dyad, Feed
from acquisition.simulation.script import Script
from acquisition.stream import Chunk, ClockOffset, FloatArray, Modality, StreamInfo
from benchmarks.long_run import resident
from benchmarks.soak import infos, session
from processing.pipeline import Pipeline
from processing.results.spool import Spool

REPEATED = 1200.0
"""Seconds of simulated people that are made once and repeated."""
TICK, TICKS = 0.1, 3
"""Seconds of a tick, and ticks of a batch."""
EVERY = 600.0
"""Seconds between two lines."""
BEAT = 0.8
HEAP = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)
"""What mallinfo2 of glibc tells."""
Minute = list[dict[tuple, tuple[StreamInfo, FloatArray, np.ndarray]]]


class _Heap(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in HEAP]


def heap() -> str:
    """Return what the C library says it has given out and keeps."""
    if not sys.platform.startswith("linux"):
        return ""
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = _Heap
    found = ask()
    used, free = (found.uordblks + found.hblkhd) / 1e6, found.fordblks / 1e6
    return f"used {used:5.1f}, free {free:5.1f}, {sys.getallocatedblocks()} objects"


def line(seconds: float, begun: float) -> None:
    """Print a line."""
    gc.collect()
    cpu = time.process_time() - begun
    print(f"{seconds / 60:5.0f} min: {resident():6.1f} MB; {heap()}; {cpu:6.1f} CPU s", flush=True)


def pieces(length: float) -> Minute:
    """Return what comes in each piece of so many seconds, for the time that is repeated."""
    streams = infos()
    feed = Feed(Dyad(Script(3), tuple(i for i in streams if i.modality is not Modality.RR)), 0.0)
    feed.take(0.0)
    beats, out = np.arange(1, REPEATED / BEAT) * BEAT, Minute()
    for k in range(round(REPEATED / length)):
        stop = length * (k + 1)
        chunks: dict[tuple, list[Chunk]] = {}
        for item in feed.take(stop):
            if isinstance(item, Chunk):
                chunks.setdefault(item.info.key, []).append(item)
        piece = {key: _joined(parts) for key, parts in chunks.items()}
        mine = beats[(beats > stop - length) & (beats <= stop)]
        for info in streams:
            if info.modality is Modality.RR and len(mine):
                piece[info.key] = info, mine, np.full((len(mine), 1), 1e3 * BEAT)
        out.append(piece)
    return out


def _joined(parts: list[Chunk]) -> tuple[StreamInfo, FloatArray, np.ndarray]:
    times, samples = (np.concatenate([getattr(p, n) for p in parts]) for n in ("times", "samples"))
    return parts[0].info, times, samples


class Repeating:
    """A driver that repeats the pieces on a clock of its own, with clock offsets as LSL streams have."""

    def __init__(self, made: Minute) -> None:
        self.now, self._made, self._k = 0.0, made, 0

    def clock(self) -> float:
        """Return the time [s]."""
        return self.now

    def streams(self) -> list[StreamInfo]:
        """Return the eight streams."""
        return infos()

    def ready(self) -> bool:
        """Return True."""
        return True

    def missing(self) -> list[str]:
        """Return nothing."""
        return []

    def signs(self) -> SignsOf:
        """Return nothing."""
        return {}

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def drain(self) -> list[Drained]:
        """Return the pieces that are over by now."""
        out: list[Drained] = []
        while TICK * (self._k + 1) <= self.now:
            round_, at = divmod(self._k, len(self._made))
            for info, times, samples in self._made[at].values():
                if self._k % 50 == 0:
                    out.append(ClockOffset(info, self.now, 1e-6 * (self._k % 7)))
                out.append(Chunk(info, times + round_ * REPEATED, samples))
            self._k += 1
        return out


class Ahead(threading.Event):
    """An end that nobody waits for: the time goes on at once."""

    def __init__(self, driver: Repeating, hours: float) -> None:
        super().__init__()
        self._driver, self._stop, self._due, self._begun = driver, 3600 * hours, EVERY, time.process_time()

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass, and print a line now and then."""
        self._driver.now += timeout or TICK
        if self._driver.now >= self._due:
            line(self._driver.now, self._begun)
            self._due += EVERY
        return self.is_set()


def recorder(hours: float) -> None:
    """Record hours as fast as they can be written."""
    driver = Repeating(pieces(TICK))
    gc.collect()
    print(f"before: {resident():.1f} MB; {heap()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        kept = parse_session(session(), Path(folder))
        ahead = Ahead(driver, hours)
        wall = lambda: 1.7e9 + driver.now  # noqa: E731
        record(
            kept,
            Path(folder),
            seconds=3600 * hours,
            drivers=[driver],
            clock=driver.clock,
            wall=wall,
            stop=ahead,
        )


def batches(hours: float) -> Iterator[Batch]:
    """Give batches of three ticks, with a mark every twenty seconds."""
    made = pieces(TICK * TICKS)
    gc.collect()
    print(f"before: {resident():.1f} MB; {heap()}", flush=True)
    for k in range(round(hours * 3600 / (TICK * TICKS))):
        round_, at = divmod(k, len(made))
        ticks = TICK * (TICKS * k + np.arange(1, TICKS + 1))
        streams = {}
        for key, (info, times, samples) in made[at].items():
            stamps = times + round_ * REPEATED
            slices = np.minimum(np.searchsorted(ticks, stamps), TICKS - 1)
            streams[key] = StreamPart(info=info, times=stamps, samples=samples.copy(), slices=slices)
        mark = Event(time=float(ticks[0]), code="now_moment", id=str(k))
        numbers = np.arange(TICKS) + TICKS * k
        marks = [(0, mark)] if k % 67 == 0 else []
        yield Batch(numbers=numbers, ticks=ticks, walls=1.7e9 + ticks, streams=streams, events=marks)


def follower(hours: float) -> None:
    """Push hours through the pipeline as `process --follow` does."""
    pipeline, begun, due = Pipeline(tuple(infos()), session_id="flat"), time.process_time(), EVERY
    events: list[Event] = []
    with tempfile.TemporaryDirectory() as folder, Spool(Path(folder)) as spool:
        for batch in batches(hours):
            events += [event for _, event in batch.events]
            spool.add(pipeline.push(batch))
            if batch.ticks[-1] >= due:
                line(due, begun)
                due += EVERY


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["recorder", "follower"])
    parser.add_argument("--hours", type=float, default=3.0)
    given = parser.parse_args()
    {"recorder": recorder, "follower": follower}[given.what](given.hours)


if __name__ == "__main__":
    main()
