"""Placing: a window opens where it was last time, else in a usual place, and fits the screen."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QSize
from PySide6.QtWidgets import QWidget

FRAMED = QMargins(4, 30, 4, 4)
"""What a desktop puts around a window [logical pixels]."""


def place(window: QWidget, usual: QSize, geometry: bytes) -> None:
    """Put a window where it was, or give it its usual size; never more than the screen has.

    Parameters
    ----------
    usual : QSize
        Its size where the screen has room [logical pixels].
    geometry : bytes
        What `QWidget.saveGeometry` gave last time; b"" for the first time. The screen is in it.
    """
    window.resize(usual)
    if geometry:
        window.restoreGeometry(geometry)
    room = window.screen().availableGeometry().marginsRemoved(FRAMED)
    window.resize(window.size().boundedTo(room.size()))
    x = min(max(window.x(), room.left()), room.right() + 1 - window.width())
    y = min(max(window.y(), room.top()), room.bottom() + 1 - window.height())
    if (x, y) != (window.x(), window.y()) or not geometry:
        window.move(x, y - FRAMED.top())
