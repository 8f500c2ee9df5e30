"""The pane of a video: the picture of the moment, or in one line why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.lanes.header import font
from viewer.theme import Theme
from viewer.video.cover import ABSENT, Cover, Film
from viewer.video.hearing import FASTEST, Hearing, loudest

if TYPE_CHECKING:
    from viewer.video.decoder import Decoder
    from viewer.video.picture import Picture

PATIENCE = 1.0
"""So long the cursor waits for a picture that does not come; then it goes on without [s]."""
STALE = 0.06
"""So long the picture of before stays as it is; then a veil says that it is not that of the moment [s]."""
BRINK = 2e-3
"""The cursor stops this much before the end of what is ready [s]."""
JUMP = 0.5
"""A longer way of the cursor is a jump [s]."""
OLD = 1.0
"""An older picture says when it is from: the file has a variable rate, or cannot be read here [s]."""
LOOKING = 0.3
"""From here on it is said that the picture is looked for [s]."""
BEHIND, WORDS, VEIL = "#000000", "#E8ECF0", QColor(0, 0, 0, 150)
LEFT_ABOVE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
LEFT_BELOW = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
LARGEST = 2560
"""Pictures are made no wider or higher than this, however dense the screen [px]."""


class VideoPane(QWidget):
    """Show the linked videos of a recording at the moments that are asked for, and let them be heard.

    Nothing is opened before the first moment is asked for.

    Parameters
    ----------
    level : callable, optional
        Returns how loud they are, of the loudest; 0 for off.
    """

    stepped = Signal(float)
    """A picture was stepped to: its moment of the hour [s]."""
    _arrived = Signal()
    _step_done = Signal(object, float)

    def __init__(
        self,
        cover: Cover,
        theme: Theme,
        parent: QWidget | None = None,
        level: Callable[[], float] = loudest,
    ) -> None:
        super().__init__(parent)
        self.hearing = Hearing(cover, level, self)
        self.hearing.changed.connect(self.update)
        self.cover, self._theme = cover, theme
        self.seconds, self.speed = 0.0, 0.0
        self.film: Film | None = None
        self.words = ""
        """What stands in place of a picture, or over one that is not that of the moment."""
        self.age = 0.0
        """How long the picture that is shown has lasted at the moment [s]."""
        self._picture: Picture | None = None
        self._image, self._pixels = QImage(), b""
        self._decoder: Decoder | None = None
        self._waits_since = 0.0
        self._patience = QTimer(self)
        self._patience.setInterval(round(1000 * STALE))
        self._patience.timeout.connect(self._look)
        self._arrived.connect(self._look)
        self._step_done.connect(self._tell_step)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 90)
        self.setAccessibleName("Video")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(960, 540)

    def _decoding(self) -> Decoder | None:
        """Return the decoder, begun with its first use; None where it cannot be had."""
        if self._decoder is None and not self.cover.fault:
            try:
                from viewer.video.decoder import Decoder  # the extra comes with it
            except ImportError:
                self.cover.fault = ABSENT
                return None
            self._decoder = Decoder(self.cover.file_of, self._arrived.emit, self._step_done.emit)
        return self._decoder

    def show_at(self, seconds: float, speed: float = 0.0) -> None:
        """Show a moment of the hour [s]; `speed` is how fast it runs, 0 where it stands."""
        film = self.cover.at(seconds)
        jumped = abs(seconds - self.seconds) > JUMP
        if self.exact or jumped or (film, speed) != (self.film, self.speed):
            self._waits_since = time.monotonic()
        self.seconds, self.speed, self.film = seconds, speed, film
        self._ask()
        self._look()
        limit = self._furthest(seconds) if speed else seconds
        self.hearing.follow(film if self.isVisible() else None, seconds, speed, limit)

    def _ask(self) -> None:
        begins = self.film is not None and self.isVisible()
        if (decoder := self._decoding() if begins else self._decoder) is None:
            return
        from viewer.video.decoder import Wanted

        film = self.film if self.speed <= FASTEST and self.isVisible() else None
        if film is None:
            decoder.want(Wanted())
            return
        ratio = self.devicePixelRatioF()
        place = tuple(min(round(side * ratio), LARGEST) for side in (self.width(), self.height()))
        stamp, lead = film.stamp(self.seconds), self.hearing.lead
        decoder.want(Wanted(film, stamp, (place[0], place[1]), self.speed, lead))

    def _look(self) -> None:
        """Take the picture of the moment, if there is one by now."""
        picture, words = None, ""
        if self.film is None or self.cover.fault:
            words = self.cover.why_not(self.seconds)
        elif self.speed > FASTEST:
            words = f"no pictures above × {FASTEST:g}"
        elif self._decoder is not None:
            picture = self._decoder.picture(self.film.stamp(self.seconds))
            if picture is not None and picture.exact:
                self._waits_since = time.monotonic()
                self.age = self.film.stamp(self.seconds) - picture.begin
            else:
                words = self._decoder.fault
        waits = self.film is not None and (picture is None or not picture.exact) and not words
        if waits != self._patience.isActive():
            self._patience.start() if waits else self._patience.stop()
        self._show(picture, words)

    @property
    def _waited(self) -> float:
        return time.monotonic() - self._waits_since

    @property
    def late(self) -> bool:
        """Tell whether there should be a picture, and it has not come for too long."""
        due = self.film is not None and not self.words and not self.exact
        return due and self._waited > LOOKING

    @property
    def exact(self) -> bool:
        """Tell whether what is shown is the picture of the moment."""
        return self._picture is not None and self._picture.exact and not self.words

    def _show(self, picture: Picture | None, words: str) -> None:
        same = picture is self._picture and words == self.words and (picture is not None or words)
        if same and self.age < OLD:
            return
        if picture is not None and picture is not self._picture:
            self._pixels = picture.data  # the image reads from it, and does not keep it
            self._image = QImage(
                self._pixels, picture.width, picture.height, 4 * picture.width, QImage.Format.Format_RGB32
            )
        self._picture, self.words = picture, words
        self.setAccessibleDescription(words)
        if self.speed:
            self.repaint()  # at once: the lanes are painted within the next milliseconds, too
        else:
            self.update()

    def room(self, seconds: float) -> float:
        """Return how far a cursor may run on from a moment without leaving the picture behind [s]."""
        return max(self._furthest(seconds) - BRINK - seconds, 0.0)

    def _furthest(self, seconds: float) -> float:
        """Return up to which moment pictures are ready [s]."""
        if self.film is None or self._decoder is None or self.speed > FASTEST or not self.isVisible():
            return float("inf")
        if self._waited > PATIENCE:
            return float("inf")
        return self.film.seconds(self._decoder.furthest(self.film.stamp(seconds)))

    def step(self, by: int) -> None:
        """Go so many pictures on, or back; `stepped` tells where that is."""
        if self._decoder is not None and self.film is not None:
            self._decoder.step(by)

    def _tell_step(self, film: object, stamp: float) -> None:
        if film is self.film and isinstance(film, Film):
            self.stepped.emit(film.seconds(stamp))

    def choose_other(self) -> None:
        """Show another video of the same moment, where there are several."""
        self.cover.choose_other(self.seconds)
        self.show_at(self.seconds, self.speed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._ask()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # a window that is only out of sight goes on
            self.close_video()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.film is not None:
            self.show_at(self.seconds, self.speed)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(BEHIND))
        if not self._image.isNull() and (self._picture is not None or (self.film and not self.words)):
            self._paint_picture(painter)
        words = self.words
        if self.late:
            words = "looking for the picture of this moment …"
        self._paint_words(painter, words)
        painter.setFont(font(13))
        place = QRectF(self.rect()).adjusted(8, 6, -8, -6)
        if self.exact and self.age >= OLD:
            painter.fillRect(QRectF(0, self.height() - 26, self.width(), 26), VEIL)
            painter.drawText(place, int(LEFT_BELOW), f"this picture is from {self.age:.1f} s before")
        if note := self.hearing.note:
            box = painter.boundingRect(place, int(LEFT_ABOVE), note)
            painter.fillRect(QRectF(0, 0, self.width(), box.height() + 12), VEIL)
            painter.drawText(place, int(LEFT_ABOVE), note)
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(
            (self.width() - size.width()) / 2,
            (self.height() - size.height()) / 2,
            size.width(),
            size.height(),
        )
        painter.drawImage(place.toAlignedRect(), self._image)
        if not self.exact and (self._waited > STALE or self._picture is not None):
            painter.fillRect(self.rect(), VEIL)

    def _paint_words(self, painter: QPainter, words: str) -> None:
        painter.setFont(font(15))
        painter.setPen(QColor(WORDS))
        room = QRectF(self.rect()).adjusted(16, 8, -16, -8)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), words)

    def close_video(self) -> None:
        """End decoder and sound; asked again, they begin anew."""
        self.hearing.close()
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        self._patience.stop()
        self._image, self._pixels, self._picture = QImage(), b"", None
