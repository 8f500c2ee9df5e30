"""Streams that wait for a confirmation, as the recorder tells: who sends them, and why that is doubted."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from acquisition.errors import AttunementError
from acquisition.text import clean_line

logger = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two questions to the recorder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Name a stream that waits, who sends it, and why that is doubted."""

    stream: str
    sender: str
    why: str


class Doubts:
    """Ask a recorder now and then, in a thread of its own: a slow answer holds up neither window nor marks.

    Parameters
    ----------
    ask : callable
        Returns the streams that wait, as `acquisition.recorder.control.Client.waiting` does.
    clock : callable
        Returns a clock [s].
    """

    def __init__(self, ask: Callable[[], Any], clock: Callable[[], float]) -> None:
        self._ask, self._clock = ask, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="doubts")
        self._asked: Future[Any] | None = None
        self._due = -math.inf
        self.waiting: tuple[Doubt, ...] = ()

    def poll(self) -> tuple[Doubt, ...]:
        """Return what waits, as far as it is known; never wait for it."""
        if self._asked is not None and self._asked.done():
            self.waiting, self._asked = _answer(self._asked), None
        if self._asked is None and not self._clock() < self._due:
            self._due = self._clock() + EVERY
            self._asked = self._thread.submit(self._ask)
        return self.waiting

    def answered(self, doubt: Doubt) -> None:
        """Leave one out that was answered, until the recorder says that it still waits."""
        self.waiting = tuple(one for one in self.waiting if one != doubt)
        self._asked, self._due = None, self._clock() + EVERY

    def close(self) -> None:
        """Ask no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _answer(asked: Future[Any]) -> tuple[Doubt, ...]:
    """Read an answer; a recorder that is gone has nothing that waits, and the window says so elsewhere."""
    try:
        return tuple(_doubt(one) for one in asked.result())
    except (AttunementError, OSError):
        return ()
    except Exception:  # of an older recorder, or of no recorder: the window shows the session all the same
        logger.exception("the recorder did not say what waits")
        return ()


def _doubt(one: Mapping[str, Any]) -> Doubt:
    why = clean_line(str(one["why"]))
    return Doubt(stream=f"{one['role']} {one['name']}", sender=str(one["sender"]), why=why)
