"""Whether there is a display to open a window on, and where on it the window goes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from acquisition.errors import AttunementError
from acquisition.machine.window import (
    INSTALL,
    LIBRARIES,
    display,
    first_library,
    opens_with_x11,
    plugin_fault,
    window,
)

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtWidgets import QWidget

FRAMED = (4, 30, 4, 4)
"""What a desktop puts around a window: left, above, right, below [logical pixels]."""


def has_display() -> bool:
    """Tell whether a window can be shown: a display answers; an offscreen platform counts as none."""
    return all(finding.state != "missing" for finding in display())


def draw_offscreen() -> None:
    """Let Qt draw without a display, unless told otherwise, without warning that nothing frames a window."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    def say(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if "propagateSizeHints" not in text:
            sys.stderr.write(f"{text}\n")

    qInstallMessageHandler(say)


def require_qt() -> None:
    """Say in one line which system library Qt lacks, also to open a window where there is a display.

    Qt itself ends the program there, and names a package that may not be the one.

    Raises
    ------
    AttunementError
        If Qt, or what it opens a window with, cannot be loaded.
    """
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        raise AttunementError(f"Qt cannot be loaded: {_lacking(str(error))}") from error
    if opens_with_x11() and (why := plugin_fault()):
        raise AttunementError(f"Qt cannot open a window: {_lacking(why)}")


def _lacking(error: str) -> str:
    """Return what the loader said, with the packages that mend it, as far as they are known."""
    named = first_library(error)
    missing = [f for f in window() if f.state == "missing" and f.packages]
    packages = dict.fromkeys(p for f in missing for p in f.packages)
    if named in LIBRARIES:
        packages = {LIBRARIES[named]: None} | packages
    said = " ".join(error.split())
    if named and not packages:
        return f"{said}; install what has {named}, and `attune doctor` says more"
    more = "`attune doctor` names all that is missing"
    return f"{said}. On Debian or Ubuntu: sudo apt-get install {' '.join(packages) or INSTALL}; {more}"


def place(shown: QWidget, usual: QSize, geometry: bytes) -> None:
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
    shown.resize(usual)
    if geometry:
        shown.restoreGeometry(geometry)
    room = shown.screen().availableGeometry().marginsRemoved(margins)
    shown.resize(shown.size().boundedTo(room.size()))
    x = min(max(shown.x(), room.left()), room.right() + 1 - shown.width())
    y = min(max(shown.y(), room.top()), room.bottom() + 1 - shown.height())
    if (x, y) != (shown.x(), shown.y()) or not geometry:
        shown.move(x, y - margins.top())
