"""The video follows the cursor of a review, and the cursor goes where somebody goes in the video."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from viewer.desktop import place
from viewer.keys import bind_keys, unbind
from viewer.theme import THEMES
from viewer.video.cover import Cover
from viewer.video.window import USUAL, VideoWindow

if TYPE_CHECKING:
    from PySide6.QtGui import QShortcut

    from viewer.operator import Operator

HERE = frozenset(
    {"play", "faster", "slower", "half_back", "half_on", "second_back", "second_on", "previous", "next"}
    | {"begin", "end", "picture_back", "picture_on", "video", "theme", "undo_edit", "add"}
    | {"mute", "louder", "less_loud"}
)
"""Commands whose keys work in the window of the video, too, beside those of the markers."""


class Following:
    """Keep a window of the video at the cursor of the operator's window.

    Parameters
    ----------
    closed : callable
        Is told, with its place, when the window is closed.
    """

    def __init__(self, window: Operator, cover: Cover, closed: Callable[[bytes], object]) -> None:
        self._operator = window
        title = f"Attunement — video — {window.model.facts.id}"
        theme = THEMES[window.settings.theme]
        self._level = window.beside.level
        self.window = VideoWindow(
            cover, theme, window.model.elapsed, title=title, closed=closed, level=self._level
        )
        place(self.window, USUAL, window.settings.video)
        if not window.settings.video:
            self._to_corner()
        self._keys: list[QShortcut] = []
        shown = self.window
        shown.play.clicked.connect(window.play_or_pause)
        shown.back.clicked.connect(partial(self.step, -1))
        shown.on.clicked.connect(partial(self.step, 1))
        shown.other.clicked.connect(shown.pane.choose_other)
        shown.speed.activated.connect(self._speed_chosen)
        shown.volume.activated.connect(lambda: self._level.choose(float(shown.volume.currentData())))
        shown.track.chosen.connect(self._go)
        shown.pane.stepped.connect(self._stand)
        self.renew()
        shown.show()
        self.follow()

    def _to_corner(self) -> None:
        """Leave as much of the lanes in sight as there is room, before somebody has moved the window."""
        room = self.window.screen().availableGeometry()
        self.window.move(room.right() - self.window.width() - 4, room.bottom() - self.window.height() - 4)

    def renew(self) -> None:
        """Give the window the keys that work now."""
        unbind(self._keys)
        self._keys = bind_keys(self._operator, self.window, HERE)

    def allowed(self, seconds: float) -> float:
        """Return how long the cursor may run on of a time [s], so that the picture keeps up with it."""
        panel = self._operator.panel
        return min(seconds, self.window.pane.room(panel.pointer) / panel.speed)

    def follow(self) -> None:
        """Show the moment of the cursor."""
        panel = self._operator.panel
        self.window.show_at(panel.pointer, panel.speed, playing=panel.playing)

    def step(self, by: int) -> None:
        """Stop, and go so many pictures on, or back."""
        self._operator.panel.playing = False
        self.window.pane.step(by)

    def _stand(self, seconds: float) -> None:
        if self._operator.review is not None:
            self._operator.review.stand_at(seconds)
        self.follow()

    def _go(self, seconds: float) -> None:
        self._operator.panel.playing = False
        self._stand(seconds)

    def _speed_chosen(self) -> None:
        if self._operator.review is not None:
            speed = self._operator.review.bar.speed
            speed.setCurrentIndex(speed.findData(self.window.speed.currentData()))

    def close(self) -> None:
        """Close the window."""
        unbind(self._keys)
        self._keys = []
        self.window.close()
        self.window.deleteLater()
