"""Moments of the hour played one after another, each in a pane of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from viewer.video.pane import VideoPane

FRAME = 33
"""Milliseconds between two looks."""
STOOD_STILL = 0.25
"""However late a look comes, a moment goes on by no more [s]."""


class Moments(QObject):
    """Play moments, by the clock, no faster than their pictures come.

    Parameters
    ----------
    panes : sequence of VideoPane
        One for each moment that is shown at a time.
    length : float
        Of a moment [s].
    """

    changed = Signal()
    """It plays, or has stopped."""

    def __init__(
        self, panes: Sequence[VideoPane], length: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.panes, self._length, self._now = panes, length, now
        self._starts: list[float] = []
        self.at, self.gone = 0, 0.0
        """Which moment plays, and how far it has come [s]."""
        self._looked = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self.look)

    @property
    def playing(self) -> bool:
        """Tell whether it plays."""
        return self._timer.isActive()

    def stand(self, starts: Sequence[float]) -> None:
        """Stand at the beginnings of moments [s]."""
        if list(starts) != self._starts:
            self._starts = list(starts)
            self.stop()

    def stop(self) -> None:
        """Stop, and stand at the beginnings again."""
        self._timer.stop()
        self.at, self.gone = 0, 0.0
        for pane, start in zip(self.panes, self._starts, strict=False):
            pane.show_at(start)
        self.changed.emit()

    def play_or_stop(self) -> None:
        """Play the moments from their beginnings, or stop."""
        if self.playing or not self._starts:
            self.stop()
            return
        self._looked = self._now()
        self._timer.start()
        self.changed.emit()

    def look(self) -> None:
        """Go on to now; the last moment that is over stops it."""
        now = self._now()
        passed, self._looked = min(now - self._looked, STOOD_STILL), now
        pane, start = self.panes[self.at], self._starts[self.at]
        if not pane.isVisible():
            self.stop()
            return
        self.gone += min(passed, pane.room(start + self.gone))
        if self.gone < self._length:
            pane.show_at(start + self.gone, 1.0)
            return
        pane.show_at(start + self._length)
        self.at, self.gone = self.at + 1, 0.0
        if self.at >= min(len(self.panes), len(self._starts)):
            self.stop()
