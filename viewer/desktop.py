"""Whether there is a display to open a window on, and where on it the window goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquisition.errors import AttunementError
from acquisition.machine.window import INSTALL, display

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtWidgets import QWidget

FRAMED = (4, 30, 4, 4)
"""What a desktop puts around a window: left, above, right, below [logical pixels]."""


def has_display() -> bool:
    """Tell whether a window can be shown: a display answers; an offscreen platform counts as none."""
    return all(finding.state != "missing" for finding in display())


def require_qt() -> None:
    """Say in one line which system library Qt lacks.

    Raises
    ------
    AttunementError
        If Qt cannot be loaded.
    """
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        raise AttunementError(
            f"Qt cannot be loaded: {error}. On Debian or Ubuntu: sudo apt-get install {INSTALL}; "
            "`attune doctor` names what is missing"
        ) from error


def place(window: QWidget, usual: QSize, geometry: bytes) -> None:
    """Put a window where it was, or give it its usual size; never more than the screen has.

    Parameters
    ----------
    usual : QSize
        Its size where the screen has room [logical pixels].
    geometry : bytes
        What `QWidget.saveGeometry` gave last time; b"" for the first time. The screen is in it.
    """
    from PySide6.QtCore import QMargins

    margins = QMargins(*FRAMED)
    window.resize(usual)
    if geometry:
        window.restoreGeometry(geometry)
    room = window.screen().availableGeometry().marginsRemoved(margins)
    window.resize(window.size().boundedTo(room.size()))
    x = min(max(window.x(), room.left()), room.right() + 1 - window.width())
    y = min(max(window.y(), room.top()), room.bottom() + 1 - window.height())
    if (x, y) != (window.x(), window.y()) or not geometry:
        window.move(x, y - margins.top())
