"""Say things without ever waiting: a terminal that is held, or a window that hangs, holds up no recording."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable


class Speaker:
    """Run what writes to the terminal in a thread of its own; more than it can say is dropped.

    Parameters
    ----------
    longest : int
        How many things may wait.
    """

    def __init__(self, *, longest: int = 512) -> None:
        self.dropped = 0
        self.muted = False
        """True once nobody listens any more."""
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(longest)
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def say(self, speak: Callable[[], None]) -> None:
        """Have something said soon; return at once."""
        try:
            self._queue.put_nowait(speak)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        while (speak := self._queue.get()) is not None:
            if not self.muted:
                try:
                    speak()
                except (OSError, ValueError):  # the pipe is closed, or its file
                    self.muted = True

    def close(self, seconds: float = 2.0) -> bool:
        """Wait a little until all is said; tell whether it was."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=seconds)
        self._thread.join(seconds)
        return not (self._thread.is_alive() or self.muted)


def leave(code: int) -> None:
    """End the process when nobody takes its output: a flush at exit would fail, or wait for ever."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
