"""Who hears what a recorder does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acquisition.event import Notice

logger = logging.getLogger(__name__)

Status = dict[str, Any]
"""What `attune status` shows, in plain values; unknown numbers are None."""


class Listener:
    """Hear what happens, and do nothing about it; the command line prints it."""

    def started(self, path: Path) -> None:
        """The directory is there, streams are being opened."""

    def recording(self, status: Status) -> None:
        """The first tick is about to be written."""

    def problem(self, line: str) -> None:
        """Something that the operator should know."""

    def notice(self, notice: Notice) -> None:
        """A notice was recorded."""

    def cycle(self, status: Callable[[], Status], now: float) -> None:
        """A cycle ended; `status` makes the status if it is wanted."""


class Sheltered(Listener):
    """Hand all on to another listener; when that breaks, the recording goes on and the log says so."""

    def __init__(self, inner: Listener) -> None:
        self._inner = inner

    def _try(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception:  # a report that cannot be made must not end the hour
            logger.exception("the listener failed")

    def started(self, path: Path) -> None:
        """Hand it on."""
        self._try(lambda: self._inner.started(path))

    def recording(self, status: Status) -> None:
        """Hand it on."""
        self._try(lambda: self._inner.recording(status))

    def problem(self, line: str) -> None:
        """Hand it on."""
        self._try(lambda: self._inner.problem(line))

    def notice(self, notice: Notice) -> None:
        """Hand it on."""
        self._try(lambda: self._inner.notice(notice))

    def cycle(self, status: Callable[[], Status], now: float) -> None:
        """Hand it on."""
        self._try(lambda: self._inner.cycle(status, now))
