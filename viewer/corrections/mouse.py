"""The mouse on the signal: chooses and drags beats and edges; with Shift or Ctrl a stretch; twice inserts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent

from acquisition.events.corrected import Stretch

if TYPE_CHECKING:
    from viewer.corrections.page import CorrectionPage

STILL = 3.0
"""A press that moves less is a click [px]."""


class Mouse:
    """Follow the mouse on the signal of a page."""

    def __init__(self, page: CorrectionPage) -> None:
        self._page = page
        self._pressed: tuple[float, str, Stretch | None] | None = None

    def grip(self, event: QMouseEvent, what: str, time: float) -> None:
        """Take a press, a drag, its end, or a double click at a moment [s since the first tick]."""
        if self._page.desk is None or event.button() is Qt.MouseButton.RightButton:
            return
        self._page.setFocus()
        keep = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        x = event.position().x()
        if what == "press":
            self._press(x, time, event.modifiers())
        elif what == "drag" and self._pressed is not None:
            self._drag(x, time)
        elif what == "release" and self._pressed is not None:
            self._release(x, time, keep)
        elif what == "double":
            self._pressed = None
            self._page.view.cursor = time
            self._page.acts.insert(keep=keep)

    def _press(self, x: float, time: float, held: Qt.KeyboardModifier) -> None:
        edge, beat = self._page.signal.edge_at(x), self._page.signal.beat_at(x)
        if held & Qt.KeyboardModifier.ShiftModifier or held & Qt.KeyboardModifier.ControlModifier:
            op = "accept" if held & Qt.KeyboardModifier.ControlModifier else "mark"
            self._pressed = (x, op, None)
            self._page.view.begun_op, self._page.view.span = op, (time, time)
        elif edge is not None:
            self._pressed = (x, edge[1], edge[0])
        elif beat is not None:
            self._pressed = (x, "beat", None)
            self._page.choose(beat)
        else:
            self._pressed = (x, "", None)
            self._page.view.chosen = math.nan
        self._page.point_at(time if beat is None or edge is not None else beat)

    def _drag(self, x: float, time: float) -> None:
        assert self._pressed is not None and self._page.desk is not None
        begun, what, stretch = self._pressed
        if abs(x - begun) <= STILL:
            return
        if what == "beat" and self._page.desk.key[1] == "heart":
            self._page.view.dragged = time
        elif stretch is not None:
            start, stop = (edge - self._page.desk.bench.begin for edge in stretch)
            self._page.view.span = (time, stop) if what == "start" else (start, time)
        elif what:
            self._page.view.span = (self._page.view.time(begun, self._page.signal.width()), time)
        self._page.view.cursor = min(max(time, 0.0), self._page.strip.length)
        self._page.refresh()

    def _release(self, x: float, time: float, keep: bool) -> None:
        assert self._pressed is not None and self._page.desk is not None
        begun, what, stretch = self._pressed
        self._pressed, self._page.view.span, self._page.view.dragged = None, None, math.nan
        if abs(x - begun) <= STILL:
            self._page.refresh()
            return
        self._page.view.cursor = min(max(time, 0.0), self._page.strip.length)
        if what == "beat":
            self._page.acts.move(keep=keep)
        elif stretch is not None:
            self._page.acts.drag_edge(stretch, what)
        elif what:
            self._page.desk.stretch(what, self._page.view.time(begun, self._page.signal.width()), time)
        self._page.refresh()
