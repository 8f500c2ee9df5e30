"""Whether there is a display to open a window on."""

from __future__ import annotations

import os
import sys

from acquisition.errors import AttunementError
from acquisition.machine.window import INSTALL


def has_display() -> bool:
    """Tell whether a window can be shown; an offscreen platform counts as none."""
    if os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


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
