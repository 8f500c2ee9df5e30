"""The mouse in a review: a click puts the cursor on a lane, a drag moves a marker of the event lane."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from acquisition.events.vocabulary import PAUSE
from viewer.lanes.header import WIDTH
from viewer.lanes.plot import LEFT, RIGHT
from viewer.model.event_rows import Row, fine_clock
from viewer.model.markers import label_of
from viewer.panel import OperatorPanel
from viewer.review.event_table import EventTable

NEAR = 5.0
"""How far from a marker's line a press still takes it [px]."""
STILL = 3.0
"""A press that moves less is a click [px]."""


class Reviewed(Protocol):
    """Offer a panel and the list of its events, and take what was dragged; `Review` is one."""

    panel: OperatorPanel
    table: EventTable

    def move(self, row: Row, *, start: float | None = None, stop: float | None = None) -> None:
        """Put an event elsewhere."""

    def say(self, text: str, *, failed: bool) -> None:
        """Show what becomes of it."""


class Mouse(QObject):
    """Watch the lanes of a panel for presses and drags."""

    def __init__(self, review: Reviewed, parent: QObject) -> None:
        super().__init__(parent)
        self._review = review
        self._offsets: dict[QObject, float] = {}
        self._held: tuple[Row, str] | None = None
        self._from = 0.0
        panel = review.panel
        self._watch(panel.events, 0.0)
        panel.events.setMouseTracking(True)
        for lane in panel.lanes.lanes.values():
            self._watch(lane.plot.viewport(), float(WIDTH))

    def _watch(self, widget: QWidget, offset: float) -> None:
        """Watch a widget whose left edge is so far from the lane's [px]."""
        self._offsets[widget] = offset
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent) or self._review.panel.live or not isinstance(watched, QWidget):
            return False
        x = event.position().x() + self._offsets.get(watched, 0.0)
        lane = watched is self._review.panel.events
        match event.type():
            case QEvent.Type.MouseButtonPress if event.button() is Qt.MouseButton.LeftButton:
                self._press(x, lane)
            case QEvent.Type.MouseMove if event.buttons() & Qt.MouseButton.LeftButton:
                self._drag(x)
            case QEvent.Type.MouseMove if lane:
                watched.setCursor(Qt.CursorShape.SplitHCursor if self._at(x) else Qt.CursorShape.ArrowCursor)
                return False
            case QEvent.Type.MouseButtonRelease if event.button() is Qt.MouseButton.LeftButton:
                self._release(x)
            case _:
                return False
        return True

    def _time(self, x: float) -> float:
        page, events = self._review.panel.page, self._review.panel.events
        if page is None:
            return 0.0
        share = (x - LEFT) / max(events.width() - LEFT - RIGHT, 1)
        return min(max(page.start + share * page.seconds, 0.0), self._review.panel.model.elapsed)

    def _at(self, x: float) -> tuple[Row, str] | None:
        """Return the event whose line is at a place of the event lane, and which end of it."""
        page = self._review.panel.page
        if page is None:
            return None
        width = self._review.panel.events.width() - LEFT - RIGHT
        ends = [
            (abs(LEFT + (time - page.start) / page.seconds * width - x), row, what)
            for row in self._review.table.events.rows
            for what, time in (("start", row.start), ("stop", row.stop))
            if page.start <= time <= page.stop and row.code != PAUSE
        ]
        near = [e for e in ends if e[0] <= NEAR]
        if not near:
            return None
        _, row, what = min(near, key=lambda e: e[0])
        return row, what

    def _press(self, x: float, lane: bool) -> None:
        if x < LEFT:
            return
        self._from, self._held = x, self._at(x) if lane else None
        self._review.panel.playing = False
        if self._held is not None:
            self._review.table.select_key(self._held[0].key)
            row, what = self._held
            self._review.panel.point_at(row.start if what == "start" else row.stop)
        else:
            self._review.panel.point_at(self._time(x))

    def _drag(self, x: float) -> None:
        time = self._time(x)
        self._review.panel.point_at(time)
        if self._held is not None and abs(x - self._from) > STILL:
            self._review.say(f"{label_of(self._held[0].code)} → {fine_clock(time)}", failed=False)

    def _release(self, x: float) -> None:
        held, self._held = self._held, None
        if held is not None and abs(x - self._from) > STILL:
            row, what = held
            self._review.move(row, **{what: round(self._time(x), 1)})
