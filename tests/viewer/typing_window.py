"""A window in a process of its own for `test_killed_window`: presses a marker's key, begins to type its
value, and then only waits, for whoever started it to kill it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

from acquisition.recorder.control import Client
from viewer.opened import open_window
from viewer.window import OperatorWindow, application


def press_and_type(window: OperatorWindow) -> None:
    """Press F8 (a segment, which takes a label), type half of the label, and say so on standard output."""
    QTest.keyClick(window, Qt.Key.Key_F8)
    box = window.panel.bar.value
    QTest.keyClicks(box, "op")
    sys.stdout.write(json.dumps({"typed": box.text(), "visible": box.isVisible()}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Open the recording that is named, and press once the window follows it."""
    app = application()
    path = Path(sys.argv[1])
    window = open_window(path, control=Client.find(path))
    looking = QTimer()

    def look() -> None:
        # A panel that was just built anew appears in the next turn, and hears no key before.
        if window.model.elapsed > 1.0 and window.panel.bar.buttons and window.panel.bar.isVisible():
            looking.stop()
            press_and_type(window)

    looking.timeout.connect(look)
    looking.start(50)
    QTimer.singleShot(300_000, app.quit)  # should nobody come to kill it
    app.exec()


if __name__ == "__main__":
    main()
