"""The window of the video beside a review: pane, line of the hour, and the buttons of the cursor."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.chooser import Chooser
from viewer.commands import key_of
from viewer.model.event_rows import fine_clock
from viewer.review.bar import button, speed_box, time_label
from viewer.settings import VOLUMES
from viewer.style import style_sheet
from viewer.theme import Theme
from viewer.video.cover import Cover
from viewer.video.hearing import FASTEST, loudest
from viewer.video.pane import VideoPane
from viewer.video.track import Track

SPEEDS = (0.25, 0.5, 1.0, 2.0, FASTEST)
VOLUME = f"How loud the video is ({key_of('mute', 'review')}: off and on)"
USUAL = QSize(640, 440)
LEAST = QSize(500, 240)


class VideoWindow(QWidget):
    """Show the linked videos, each moment as the cursor of the review goes through the hour.

    Parameters
    ----------
    end : float
        Length of the recording [s].
    closed : callable
        Is told, with its place, when it is closed.
    level : callable
        Returns how loud videos are, of the loudest; 0 for off.
    """

    def __init__(
        self,
        cover: Cover,
        theme: Theme,
        end: float,
        *,
        title: str,
        closed: Callable[[bytes], object],
        level: Callable[[], float] = loudest,
    ) -> None:
        super().__init__()
        self._theme, self._closed, self._level = theme, closed, level
        self.cover = cover
        self.pane = VideoPane(cover, theme, level=level)
        self.track = Track(theme, cover.spans, end)
        self.back = _button("◀|", f"One picture back ({key_of('picture_back', 'review')})")
        self.play = _button("Play", f"Let the cursor run, or stop it ({key_of('play', 'review')})")
        self.on = _button("|▶", f"One picture on ({key_of('picture_on', 'review')})")
        self.other = _button("Other video", "Show another video of this moment")
        self.play.setFixedWidth(70)
        self.speed = speed_box(theme, SPEEDS)
        self.volume = volume_box(theme)
        self.time, self.name = time_label(theme), QLabel()
        self.name.setStyleSheet(f"color: {theme.dim};")
        self.name.setMinimumWidth(1)
        self.setWindowTitle(title)
        self.setStyleSheet(style_sheet(theme))
        self.setMinimumSize(LEAST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 6)
        column.setSpacing(2)
        column.addWidget(self.pane, 1)
        column.addWidget(self.track)
        row = QHBoxLayout()
        row.setContentsMargins(10, 0, 10, 0)
        row.setSpacing(6)
        parts: tuple[QWidget, ...] = (self.back, self.play, self.on, self.speed, self.volume, self.time)
        for part in parts:
            row.addWidget(part)
        row.addWidget(self.name, 1)
        row.addWidget(self.other)
        column.addLayout(row)

    def show_at(self, seconds: float, speed: float, *, playing: bool) -> None:
        """Show a moment [s], and at which speed the cursor runs there, or would run."""
        self.pane.show_at(seconds, speed if playing else 0.0)
        self.track.show_at(seconds)
        self.time.setText(fine_clock(seconds))
        word = "Pause" if playing else "Play"
        if self.play.text() != word:
            self.play.setText(word)
        self._show_film(seconds)
        _choose(self.speed, speed)
        self._show_level()

    def _show_level(self) -> None:
        _choose(self.volume, self._level())
        hover = self.pane.hearing.words or VOLUME
        if self.volume.toolTip() != hover:
            self.volume.setToolTip(hover)
            self.volume.setAccessibleDescription(hover)

    def _show_film(self, seconds: float) -> None:
        film = self.pane.film
        name = "" if film is None else film.name
        if self.name.text() != name:
            self.name.setText(name)
            self.name.setToolTip("" if film is None else str(film.link.path))
        several = len(self.cover.of(seconds)) > 1
        if self.other.isHidden() == several:
            self.other.setVisible(several)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._closed(bytes(self.saveGeometry().data()))
        super().closeEvent(event)


def volume_box(theme: Theme) -> Chooser:
    """Return a box to choose how loud videos are; it leaves the focus where it is."""
    made = Chooser(theme)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setToolTip(VOLUME)
    made.setAccessibleName("Volume of the video")
    for volume in reversed(VOLUMES):
        made.addItem(f"Sound {volume:.0%}", volume)
    made.addItem("Sound off", 0.0)
    return made


def _choose(box: Chooser, value: float) -> None:
    """Show a choice that was made elsewhere."""
    at = box.findData(value)
    if at != box.currentIndex():
        box.blockSignals(True)
        box.setCurrentIndex(at)
        box.blockSignals(False)


def _button(text: str, hover: str) -> QPushButton:
    made = button(text, hover)
    made.setAccessibleName(hover.partition(" (")[0])
    return made
