"""A window on a real display for `test_real_window`: prints what its keys mark, one JSON line each."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from acquisition.event import Event
from acquisition.events.vocabulary import load_vocabulary
from tests.viewer import synthetic
from tests.viewer.model.test_marking import FakeRecorder
from viewer import settings as persistence
from viewer.window import OperatorWindow, application

SHOWN = ("code", "phase", "t_shift", "note", "id", "ref")


class Printing(FakeRecorder):
    """Print each event."""

    def mark(self, event: Event) -> Event:
        sys.stdout.write(json.dumps({name: getattr(event, name) for name in SHOWN}) + "\n")
        sys.stdout.flush()
        return event


def main() -> None:
    """Show a window until it is told to end by its standard input."""
    app = application()
    model = synthetic.model()
    synthetic.fill(model, 60.0)
    model.facts = replace(model.facts, glance=True)
    window = OperatorWindow(
        model,
        None,
        control=Printing(),
        codes=load_vocabulary().profile("technician"),
        path=None,
        now=lambda: model.now,
        kept=persistence.store(Path(tempfile.mkdtemp()) / "settings.ini"),
    )
    window.resize(1280, 720)
    window.show()
    window.start()
    window.activateWindow()
    sys.stdout.write(json.dumps({"platform": app.platformName()}) + "\n")
    sys.stdout.flush()
    app.exec()


if __name__ == "__main__":
    main()
