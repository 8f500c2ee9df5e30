"""A window on a real recording: it follows while it grows, survives its own death, and reviews the end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from acquisition.simulation.demo_session import simulated_session
from tests.viewer import synthetic
from tests.viewer.model.test_model import same
from tests.viewer.synthetic import Session, fill, marks
from tests.waiting import wait_for
from viewer.opened import open_window
from viewer.opening import filled
from viewer.screenshot import save
from viewer.window import OperatorWindow

ROOT = Path(__file__).resolve().parents[2]


def is_picture(png: Path, size: tuple[int, int]) -> None:
    image = QImage(str(png)).convertToFormat(QImage.Format.Format_RGB32)
    assert (image.width(), image.height()) == size
    pixels = np.frombuffer(image.constBits(), np.uint32)
    assert len(np.unique(pixels)) > 100, "blank"


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own settings out of the test, and the test out of them."""
    from viewer import settings as persistence

    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)


def pump(qtbot: QtBot, condition: Callable[[], bool], seconds: float) -> None:
    qtbot.waitUntil(condition, timeout=round(1000 * seconds))


@pytest.mark.slow
def test_window_follows_dies_and_comes_back_to_the_whole_session(
    qtbot: QtBot, tmp_path: Path, no_settings: None
) -> None:
    session = tmp_path / "session.toml"
    session.write_text(simulated_session(seed=3), "utf-8")
    command = [
        sys.executable,
        "-m",
        "acquisition.cli",
        "record",
        str(session),
        "--out",
        str(tmp_path),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as recorder:
        try:
            wait_for(lambda: bool(list(tmp_path.glob("*/client.xdf"))))
            path = next(tmp_path.glob("*/client.xdf")).parent
            first = open_window(path)
            pump(qtbot, lambda: first.model.elapsed > 60.0, 120.0)
            assert first.model.state == "growing"
            first.close()  # killed: whatever it knew is gone
            second = open_window(path)
            pump(qtbot, lambda: second.model.elapsed > 300.0, 120.0)
            assert second.model.state == "growing"
            recorder.terminate()
            pump(qtbot, lambda: second.caught_up, 240.0)
            check(second, path)
            second.close()
        finally:
            recorder.kill()


def check(window: OperatorWindow, path: Path) -> None:
    """Assert that a window that followed holds what one that reads the finished recording holds."""
    assert window.model.state == "closed" and window.model.elapsed > 720.0
    assert window.panel.strip.recording.text() == "REVIEW" and window.panel.bar.buttons == []
    same(window.model, filled(path))
    page = window.panel.page
    assert page is not None and page.stop == pytest.approx(window.model.elapsed)
    save(window.model, path.parent / "window.png")
    is_picture(path.parent / "window.png", (1600, 950))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_screenshot_is_there_and_not_blank(qtbot: QtBot, tmp_path: Path, theme: str) -> None:
    model = synthetic.model()
    fill(model, 120.0, Session(events=list(marks(120.0))))
    png = save(model, tmp_path / "window.png", size=(1280, 720), theme=theme)
    is_picture(png, (1280, 720))


def test_screenshot_that_cannot_be_written_is_an_error(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        save(synthetic.model(), tmp_path / "missing" / "window.png")
