"""Draw the pictures of the window for these pages, from the simulated session.

    python docs/pictures.py [--out docs/images] [NAME …]

The session is recorded first (`attune demo`), and the set-up listens to emulated wearables: two minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from acquisition.simulation.demo_session import emulated_session
from acquisition.stream import Role
from viewer import settings as persistence
from viewer.model.model import SessionModel
from viewer.opening import codes_of, filled
from viewer.review.reviewing import Reviewing
from viewer.setup.setup_window import SetUpWindow
from viewer.side.glance import GlanceWindow
from viewer.theme import THEMES
from viewer.window import OperatorWindow, application

ROOT = Path(__file__).resolve().parents[1]


class Deaf:
    """Take no commands: nothing is marked in a picture."""


def recorded(folder: Path) -> Path:
    """Record the simulated session; return where it is."""
    command = [
        sys.executable,
        "-m",
        "viewer.cli",
        "demo",
        "--headless",
        "--seconds",
        "20",
        "--out",
        str(folder),
    ]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return next(p.parent for p in folder.glob("*/dyad.xdf"))


def window_of(model: SessionModel, path: Path, size: tuple[int, int], **chosen: Any) -> OperatorWindow:
    """Return a window on a model, shown and drawn; a growing one has its markers."""
    kept = persistence.store(Path(tempfile.mkdtemp()) / "settings.ini")
    persistence.save(kept, persistence.Settings(**chosen))
    window = OperatorWindow(
        model,
        None,
        control=Deaf() if model.state == "growing" else None,  # type: ignore[arg-type]
        codes=codes_of(model.facts),
        path=path,
        now=lambda: model.now,
        kept=kept,
        reviewing=Reviewing(path),
    )
    window.resize(*size)
    window.show()
    settle()
    window.draw_all()
    settle()
    return window


def settle(seconds: float = 0.3) -> None:
    """Let Qt lay out and draw."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application().processEvents()


class Pictures:
    """Draw each picture by its name."""

    def __init__(self, path: Path, out: Path) -> None:
        self._path, self._out = path, out

    def _save(self, widget: QWidget, name: str) -> None:
        settle()
        widget.grab().save(str(self._out / f"{name}.png"))
        widget.close()

    def _live(self, size: tuple[int, int], **chosen: Any) -> OperatorWindow:
        model = filled(self._path)
        model.state = "growing"
        return window_of(model, self._path, size, **chosen)

    def operator_dark(self) -> None:
        """Draw the window while it records."""
        self._save(self._live((1600, 950)), "operator-dark")

    def operator_light(self) -> None:
        """Draw it on a small screen, with the plane."""
        self._save(self._live((1280, 720), theme="light", side="plane"), "operator-light")

    def hour_dark(self) -> None:
        """Draw the whole session in the review."""
        window = window_of(filled(self._path), self._path, (1600, 950), seconds=0.0)
        self._save(window, "hour-dark")

    def review_events_dark(self) -> None:
        """Draw the review with its list."""
        model = filled(self._path)
        window = window_of(model, self._path, (1600, 950), seconds=900.0)
        window.panel.go_to(0.55 * model.elapsed)
        window.draw_all()
        self._save(window, "review-events-dark")

    def cued_light(self) -> None:
        """Draw a moment of the cued review."""
        window = window_of(filled(self._path), self._path, (1280, 720), theme="light")
        assert window.reviewing is not None
        window.reviewing.turn(window, "cued")
        self._save(window, "cued-light")

    def set_up_live_dark(self) -> None:
        """Draw the set-up beside a recording."""
        window = self._live((1280, 720))
        self._save(window.beside.show_set_up(), "set-up-live-dark")
        window.close()

    def glance_dark(self) -> None:
        """Draw the glance."""
        from viewer.model.reading import GaugeReading

        places = {
            Role.THERAPIST: GaugeReading(kind="within", word=""),
            Role.CLIENT: GaugeReading(kind="above", word=""),
        }
        glance = GlanceWindow(THEMES["dark"], places.__getitem__, time.monotonic)
        glance.resize(480, 300)
        glance.show()
        self._save(glance, "glance-dark")

    def set_up_light(self) -> None:
        """Draw the set-up after a check, with emulated wearables."""
        folder = Path(tempfile.mkdtemp())
        file = folder / "session.toml"
        file.write_text(emulated_session(past=False), "utf-8")
        kept = persistence.store(folder / "settings.ini")
        persistence.save(kept, persistence.Settings(theme="light"))
        set_up = SetUpWindow(file, kept=kept, out=folder)
        set_up.resize(QSize(1180, 760))
        set_up.show()
        for look in (set_up.scan, set_up.check):
            look()
            settle(1.0)
            while set_up.probe.running:
                settle()
        self._save(set_up, "set-up-light")


def main() -> None:
    """Draw what is asked for, or all."""
    every = [n for n in vars(Pictures) if not n.startswith("_")]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(every))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    given = parser.parse_args()
    application()
    with tempfile.TemporaryDirectory() as folder:
        pictures = Pictures(recorded(Path(folder)), given.out)
        for name in given.names or every:
            draw: Callable[[], None] = getattr(pictures, name)
            draw()
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
