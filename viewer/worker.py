"""Worker: a thread that reads the recording, runs the pipeline, and puts both into a queue. No Qt.

The window pulls from the queue with one timer; nothing is ever pushed into it.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from acquisition.batch import Batch
from acquisition.errors import Reassigned
from acquisition.stream import StreamInfo
from processing.arousal.baseline import BaselineVerdict
from processing.index import IndexSample

logger = logging.getLogger(__name__)

PAUSE = 0.02
"""Seconds between two looks at a recording that has nothing new."""
AHEAD = 8
"""Batches that may wait; a window that is busy slows the catching up, not the recorder."""


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """Carry a batch and what the pipeline made of it; the first one also names the expected streams.

    A worker that only computes leaves the batch out.

    `verdicts` are those of all baselines so far, `share` how much of a recording that is over was read, 0-1.
    """

    batch: Batch | None
    samples: list[IndexSample]
    streams: tuple[StreamInfo, ...] = ()
    verdicts: tuple[BaselineVerdict, ...] = ()
    share: float = math.nan


@dataclass(frozen=True, slots=True)
class Ended:
    """Say that the recording ended: closed or cut; `error` where reading failed."""

    state: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """Say that all comes once more, from the beginning: devices turned out to be another person's."""

    streams: tuple[StreamInfo, ...]
    epochs: tuple[tuple[int, tuple[StreamInfo, ...]], ...]


class Feed(Protocol):
    """Give batches of a recording without waiting; `acquisition.recording.recording.Recording` is one."""

    @property
    def state(self) -> str:
        """Return closed, growing or cut."""

    @property
    def ended(self) -> bool:
        """Tell whether everything was given and nothing more will come."""

    @property
    def streams(self) -> Sequence[StreamInfo]:
        """Return the expected streams; complete once there is a batch."""

    @property
    def epochs(self) -> Sequence[tuple[int, tuple[StreamInfo, ...]]]:
        """Return from which slice on which streams there are."""

    def again(self) -> None:
        """Read from the beginning."""

    @property
    def share(self) -> float:
        """Return how much of it was read, 0-1; nan while it grows."""

    def poll(self) -> Batch | None:
        """Return what is new, if anything; raise `Reassigned` where what was given is no longer so."""


class Push(Protocol):
    """Turn batches into index samples; `viewer.opening.Computing` is a pipeline that does."""

    def __call__(self, batch: Batch) -> list[IndexSample]:
        """Return what a batch made final."""

    def verdicts(self) -> tuple[BaselineVerdict, ...]:
        """Return what was said of the baselines so far."""

    def close(self) -> None:
        """End what was opened."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A function of batches that judges no baseline and opens nothing."""

    function: Callable[[Batch], list[IndexSample]]

    def __call__(self, batch: Batch) -> list[IndexSample]:
        """Return what the function makes of a batch."""
        return self.function(batch)

    def verdicts(self) -> tuple[BaselineVerdict, ...]:
        """Return nothing."""
        return ()

    def close(self) -> None:
        """Do nothing."""


class Worker:
    """Read and compute in a thread.

    Parameters
    ----------
    feed : Feed
    push : callable
        The pipeline: a batch in, index samples out. Made by `make_push` in the thread, since importing it
        takes a second that the window need not wait for, and with the first batch: streams are known then.
    indices_only : bool
        Whether the batches themselves are known already.
    """

    def __init__(self, feed: Feed, make_push: Callable[[], Push], *, indices_only: bool = False) -> None:
        self._feed, self._make_push, self._indices_only = feed, make_push, indices_only
        self._queue: queue.Queue[Update | Again | Ended] = queue.Queue(AHEAD)
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading and wait for the thread."""
        self._halt.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def take(self) -> Iterator[Update | Again | Ended]:
        """Give what is ready, without waiting."""
        while True:
            try:
                yield self._queue.get_nowait()
            except queue.Empty:
                return

    def _run(self) -> None:
        push: Push | None = None
        try:
            while not self._halt.is_set():
                try:
                    batch = self._feed.poll()
                except Reassigned:
                    self._begin_again(push)
                    push = None
                    continue
                if batch is not None and push is None:
                    push = self._make_push()
                    samples = push(batch)
                    streams = tuple(self._feed.streams)
                    self._put(Update(self._kept(batch), samples, streams, push.verdicts(), self._feed.share))
                elif batch is not None and push is not None:
                    samples = push(batch)
                    self._put(Update(self._kept(batch), samples, (), push.verdicts(), self._feed.share))
                elif self._feed.ended:
                    self._put(Ended(self._feed.state))
                    return
                else:
                    self._halt.wait(PAUSE)
        except Exception as error:
            # Whatever went wrong in this thread must be seen on screen, or the window would just stand still.
            logger.exception("reading stopped")
            self._put(Ended("cut", f"{type(error).__name__}: {error}"))
        finally:
            if push is not None:
                push.close()

    def _begin_again(self, push: Push | None) -> None:
        if push is not None:
            push.close()
        self._feed.again()
        self._put(Again(tuple(self._feed.streams), tuple(self._feed.epochs)))

    def _kept(self, batch: Batch) -> Batch | None:
        return None if self._indices_only else batch

    def _put(self, item: Update | Again | Ended) -> None:
        while not self._halt.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return
