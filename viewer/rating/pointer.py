"""The pointer while rating: held in the middle of the window and hidden: it cannot slip off the scale."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget


class Lock:
    """Hold the pointer; what it does is told as movement, never as a place.

    Where the system lets no program move the pointer (Wayland), its place across the window stands for the
    place on the scale: beyond the window it stays at the end.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self.held = False
        self.moves = True
        """The system lets the pointer be moved."""

    def take(self) -> None:
        """Hold and hide the pointer."""
        if not self.held:
            self.held = True
            self._widget.setCursor(Qt.CursorShape.BlankCursor)
            self._widget.grabMouse()
            self._to_middle()
            self.moves = (QCursor.pos() - self._middle()).manhattanLength() <= 2

    def free(self) -> None:
        """Let the pointer go."""
        if self.held:
            self.held = False
            self._widget.releaseMouse()
            self._widget.unsetCursor()

    def moved(self, at: QPoint) -> tuple[int, int]:
        """Return how far the pointer went to the right and up since it was last asked [px].

        Parameters
        ----------
        at : QPoint
            Where it is on the screen.
        """
        if not self.held:
            return 0, 0
        way = at - self._middle()
        if way.isNull():
            return 0, 0
        self._to_middle()
        return way.x(), -way.y()

    def place(self, at: QPoint) -> tuple[float, float]:
        """Return where the pointer is across the window, from -1 to 1 to the right and up."""
        local, size = self._widget.mapFromGlobal(at), self._widget.size()
        x = 2.0 * local.x() / max(size.width(), 1) - 1.0
        return x, 1.0 - 2.0 * local.y() / max(size.height(), 1)

    def _middle(self) -> QPoint:
        return self._widget.mapToGlobal(self._widget.rect().center())

    def _to_middle(self) -> None:
        QCursor.setPos(self._middle())
