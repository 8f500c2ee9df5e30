"""A review of a made-up session with videos linked to it, and what its window of the video shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import write_links
from tests.viewer.conftest import MakeWindow
from tests.viewer.review.test_review import recorded
from tests.viewer.video.made import even, film, number_in, pixels_of
from viewer.review.reviewing import Reviewing
from viewer.video.following import Following
from viewer.video.pane import VideoPane
from viewer.window import OperatorWindow

BEGIN = 20.0
"""When the first video begins in the hour [s]."""
Filmed = Callable[..., "Screened"]


def linked(path: Path, offset: float, duration: float, **more: object) -> VideoLink:
    """Return a link to a file that begins at a stamp of the recording [s]."""
    size = path.stat().st_size if path.exists() else 0
    fields: dict[str, object] = {"drift": 0.0, "error": 0.02, "method": "start", "aligned": True}
    fields |= {"path": path, "sha256": "0" * 64, "size": size, "duration": duration, "has_sound": False}
    return VideoLink(**fields | {"offset": offset} | more)  # type: ignore[arg-type]


def number_of(pane: VideoPane) -> int:
    """Return the number that a pane shows on the screen."""
    whole = pixels_of(pane.grab().toImage())
    size = pane._image.size().scaled(pane.size(), Qt.AspectRatioMode.KeepAspectRatio)
    left, above = (pane.width() - size.width()) // 2, (pane.height() - size.height()) // 2
    return number_in(whole[above : above + size.height(), left : left + size.width()])


class Screened:
    """A review with its video, read back from what its pixels show."""

    def __init__(self, window: OperatorWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot

    @property
    def video(self) -> Following:
        assert self.window.beside.video is not None
        return self.window.beside.video

    @property
    def pane(self) -> VideoPane:
        return self.video.window.pane

    def number(self) -> int:
        """Return the number that the pane shows on the screen."""
        return number_of(self.pane)

    def settle(self) -> None:
        """Wait until the picture of the moment is there."""
        self.window.tick()
        self.qtbot.waitUntil(lambda: self.pane.exact, timeout=60_000)

    def go_to(self, seconds: float) -> int:
        """Put the cursor of the lanes somewhere; return the number that is shown then."""
        self.window.panel.go_to(seconds)
        self.settle()
        return self.number()

    def words_at(self, seconds: float) -> str:
        """Put the cursor where there is no picture; return what is said instead."""
        self.window.panel.go_to(seconds)
        self.window.tick()
        self.qtbot.waitUntil(lambda: bool(self.pane.words), timeout=60_000)
        return self.pane.words


@pytest.fixture
def filmed(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> Filmed:
    """Return a function that opens a review with videos linked, and their window unless told not to."""

    def make(
        links: Sequence[VideoLink] | None = None,
        *,
        rater: str = "",
        opens: bool = True,
    ) -> Screened:
        model = recorded()
        if links is None:
            path = film(tmp_path / "camera.mp4", even(60.0))
            links = [linked(path, model.t0 + BEGIN, 60.0)]
        write_links(tmp_path, links)
        window = make_window(
            model, control=None, reviewing=Reviewing(tmp_path, rater=rater), reviewer="" if rater else "R2"
        )
        if opens and window.beside.video is None:
            window.beside.show_video()
        return Screened(window, qtbot)

    return make
