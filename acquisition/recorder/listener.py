"""Who hears what a recorder does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from acquisition.event import Notice

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
