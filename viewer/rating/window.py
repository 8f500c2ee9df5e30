"""The window of a rating afterwards: takes mouse or keys, looks twenty times a second, keeps what is said."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from acquisition.errors import AttunementError
from acquisition.ratings.files import SFREQ, RatingWriter, Sitting
from viewer.rating.kinds import PEDAL, Device
from viewer.rating.page import RatingPage
from viewer.rating.pointer import Lock
from viewer.rating.run import Run
from viewer.rating.scale import Scale
from viewer.rating.shown import Hour
from viewer.theme import Theme
from viewer.video.cover import Cover
from viewer.video.hearing import loudest
from viewer.video.level import Level, mutes
from viewer.video.pane import VideoPane

ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Down: (1, -1),
    Qt.Key.Key_Up: (1, 1),
}
OWN_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return)
"""Begin, pause, go on: no pedal can be one of these, nor Esc."""


FRAME = 33
"""Milliseconds between two looks at the video."""
LEAST = (300, 190)
"""Least width and height of the scale beside a video [px]."""


class RatingWindow(QWidget):
    """Rate a finished recording.

    Parameters
    ----------
    writer : RatingWriter
        Takes the samples; the window closes it.
    start : float
        Where the sitting begins [s, clock of the recording].
    device : Device, optional
        Moves the scale beside mouse and keys.
    cover : Cover, optional
        The videos that the rater sees with it, and hears.
    level : Level, optional
        How loud they are.
    """

    def __init__(
        self,
        writer: RatingWriter,
        sitting: Sitting,
        hour: Hour,
        theme: Theme,
        *,
        start: float,
        now: Callable[[], float] = time.monotonic,
        device: Device | None = None,
        cover: Cover | None = None,
        level: Level | None = None,
    ) -> None:
        super().__init__()
        self._level = level
        self._writer, self._sitting, self._now, self._device = writer, sitting, now, device
        self._said, self._gone, self._closed = "", "", False
        self.scale = Scale(len(sitting.axes), bounded=sitting.bounded)
        self._pedal(down=False)
        self.run = Run(self.scale, self._keep, start, hour.end)
        self.page = RatingPage(self.run, sitting.axes, hour, theme)
        self.lock = Lock(self)
        self.setWindowTitle("Rating")
        self.setMouseTracking(True)
        self.page.setMouseTracking(True)
        self.page.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._begin = hour.begin
        self.pane = VideoPane(cover, theme, level=level or loudest) if cover is not None else None
        self._lay_out(len(sitting.axes))
        self.resize(self.page.sizeHint())
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.look)
        self._timer.start(round(1000 / SFREQ))
        self._frames = QTimer(self)
        self._frames.setTimerType(Qt.TimerType.PreciseTimer)
        if self.pane is not None:
            self._frames.timeout.connect(self.watch)
            self._frames.start(FRAME)

    def _lay_out(self, n_axes: int) -> None:
        """Put the scale on the page alone, or below the video; one of two axes beside it."""
        room = QVBoxLayout(self) if n_axes == 1 else QHBoxLayout(self)
        room.setContentsMargins(0, 0, 0, 0)
        room.setSpacing(0)
        if self.pane is not None:
            self.page.heard = True
            self.pane.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self.pane.setMouseTracking(True)
            self.page.setMinimumSize(*LEAST)
            room.addWidget(self.pane, 3)
        room.addWidget(self.page, 2)

    def watch(self) -> None:
        """Show the video at the moment that is rated; where its picture does not come, the rating pauses."""
        if self.pane is None:
            return
        rates = self.run.state == "rating"
        self.pane.show_at(self.run.position(self._now()) - self._begin, 1.0 if rates else 0.0)
        if rates and self.pane.late:
            self.stand()

    def _keep(self, at: float, values: tuple[float, ...]) -> None:
        try:
            self._writer.add(at, values)
            self._said = ""
        except OSError as error:
            self._said = f"not stored yet: {error.strerror or error}; it is tried again"

    def look(self) -> None:
        """Go on to now."""
        self._hear()
        self.run.look(self._now())
        if self.run.state == "done":
            self.lock.free()
        self.page.show_now(self._now(), self._said or self._gone)

    def _hear(self) -> None:
        """Move the scale by what the device said; one that is gone says nothing any more: it pauses."""
        if self._device is None or self._gone:
            return
        try:
            moved = self._device.drive(self.scale)
        except AttunementError as error:
            self._gone = str(error)
            self.stand()
            return
        if moved:
            self.run.changed(self._now())

    def _pedal(self, *, down: bool) -> None:
        if self._sitting.input == PEDAL:
            self.scale.put(0, 1.0 if down else -1.0)

    def go_on(self) -> None:
        """Begin, or pause, or go on; not with a device that is gone."""
        if self._gone:
            return
        if self.run.state in ("waiting", "paused"):
            self.run.begin(self._now())
            if self._sitting.input == "mouse":
                self.lock.take()
        else:
            self.stand()
        self.look()

    def stand(self) -> None:
        """Stand still, and let the pointer go; a key let go meanwhile is not heard of."""
        self.run.pause()
        self._pedal(down=False)
        self.lock.free()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.isAutoRepeat() or (self._level is not None and mutes(event, self._level)):
            return
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key in OWN_KEYS:
            self.go_on()
        elif key in ARROWS and self._sitting.input == "keyboard":
            self.scale.hold(*ARROWS[key])
        elif self._sitting.input == PEDAL and self._device is None:
            self._pedal(down=True)
            self.run.changed(self._now())
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.isAutoRepeat():
            return
        if key in ARROWS:
            self.scale.hold(ARROWS[key][0], 0)
        if self._sitting.input == PEDAL and self._device is None and key not in OWN_KEYS:
            self._pedal(down=False)
            self.run.changed(self._now())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.lock.held:
            return
        at = event.globalPosition().toPoint()
        if self.lock.moves or not self.scale.bounded:
            self.scale.move(*self.lock.moved(at))
        else:
            for axis, value in enumerate(self.lock.place(at)):
                self.scale.put(axis, value)
        self.run.changed(self._now())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.run.state in ("waiting", "paused"):
            self.go_on()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.stand()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stand()
        self._timer.stop()
        self._frames.stop()
        if not self._closed:
            self._closed = True
            try:
                self._writer.close()
            except OSError as error:
                raise AttunementError(f"{self._writer.path}: {error.strerror or error}") from error
        super().closeEvent(event)
