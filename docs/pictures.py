"""Draw the pictures of the window for these pages, from the simulated session.

    python docs/pictures.py [--out docs/images] [NAME …]

The session is recorded first (`attune demo`), and the set-up listens to emulated wearables: two minutes.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from acquisition.linking.link import VideoLink
from acquisition.simulation.demo_session import emulated_session
from acquisition.stream import Role
from viewer import settings as persistence
from viewer.model.model import SessionModel
from viewer.opening import codes_of, filled
from viewer.review.reviewing import Reviewing
from viewer.setup.setup_window import SetUpWindow
from viewer.side.glance import GlanceWindow
from viewer.theme import THEMES
from viewer.video.cover import Cover
from viewer.video.window import VideoWindow
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


def drawn_video(path: Path) -> Path:
    """Write a video of twenty seconds in which two drawn figures sit opposite each other and take turns."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for k in range(500):
            image = QImage(640, 360, QImage.Format.Format_RGB32)
            image.fill(QColor("#3A4652"))
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.fillRect(0, 290, 640, 70, QColor("#2B333B"))
            for side, colour in ((170, THEMES["dark"].client), (470, THEMES["dark"].therapist)):
                lean = 6 * math.sin(k / 20 + side)
                painter.setBrush(QColor(colour))
                painter.drawEllipse(QPointF(side + lean, 130), 40, 46)
                painter.drawRoundedRect(QRectF(side - 62, 186, 124, 130), 44, 44)
            painter.setBrush(QColor("#E8ECF0"))
            painter.drawEllipse(QPointF(170 + 52 if k // 125 % 2 else 470 - 52, 104), 9, 9)
            painter.end()
            pixels = np.frombuffer(image.constBits(), np.uint8).reshape(360, 640, 4)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels[..., :3].copy(), format="bgr24")))
        file.mux(stream.encode())
    return path


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

    def review_video_dark(self) -> None:
        """Draw the review with its video, of two drawn figures."""
        folder = Path(tempfile.mkdtemp())
        model = filled(self._path)
        at = 0.55 * model.elapsed
        path = drawn_video(folder / "camera-1.mp4")
        link = VideoLink(
            path=path, sha256="0" * 64, size=path.stat().st_size, duration=20.0, has_sound=False,
            offset=model.t0 + at - 10.0, drift=0.0, error=0.02, method="start", aligned=True,
        )  # fmt: skip
        window = window_of(model, self._path, (1366, 768), seconds=300.0)
        window.panel.go_to(at)
        window.draw_all()
        video = VideoWindow(
            Cover([link], folder, model.t0), THEMES["dark"], model.elapsed, title="", closed=len
        )
        video.resize(560, 370)
        video.show()
        video.show_at(at, 1.0, playing=False)
        settle(1.5)
        whole = window.grab()
        painter = QPainter(whole)
        painter.drawPixmap(whole.width() - 572, whole.height() - 382, video.grab())
        painter.end()
        whole.save(str(self._out / "review-video-dark.png"))
        video.close()
        window.close()

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
