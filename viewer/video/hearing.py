"""What is heard of a pane's videos, begun with its first use; and in words, said once, why nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.commands import key_of
from viewer.video.cover import Cover, Film

if TYPE_CHECKING:
    from viewer.video.sound import Sound

FASTEST = 4.0
"""Up to this speed there are pictures and sound."""
SAID = 8.0
"""So long a line says why nothing is heard [s]."""
OFF = f"the sound is off ({key_of('mute', 'review')})"


def loudest() -> float:
    """Return the level of a pane that nobody changes."""
    return 1.0


class Hearing(QObject):
    """Follow a cursor with the sound of what covers its moments.

    Parameters
    ----------
    level : callable
        Returns how loud it is, of the loudest; 0 for off.
    """

    changed = Signal()
    """`note` is another."""
    _told = Signal()

    def __init__(self, cover: Cover, level: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cover, self._level = cover, level
        self._sound: Sound | None = None
        self._said: set[str] = set()
        self.words = ""
        """Why nothing is heard; "" if nothing is wrong."""
        self.note = ""
        """What is said of it now; of each reason once."""
        self._over = QTimer(self)
        self._over.setSingleShot(True)
        self._over.setInterval(round(1000 * SAID))
        self._over.timeout.connect(self._forget)
        self._told.connect(self._look)

    @property
    def lead(self) -> float:
        """Return how far ahead pictures have to be ready, so that sound need not wait for them [s]."""
        return 0.0 if self._sound is None else self._sound.lead

    def follow(self, film: Film | None, seconds: float, speed: float, limit: float) -> None:
        """Be at a moment of the hour; up to `limit` there are pictures [s]. Speed 0 is silence."""
        if self._cover.fault or speed > FASTEST:
            film = None
        level = self._level()
        if film is None or not speed or not film.link.has_sound or not level:
            if self._sound is not None:
                self._sound.want(None, seconds, 0.0, gain=0.0)
            if film is not None and speed:
                self._say(f"{film.name} has no sound" if not film.link.has_sound else OFF)
            return
        limit = min(limit, film.span.stop)
        sound = self._sounding()
        sound.want(film, film.stamp(seconds), speed, gain=level, limit=film.stamp(limit))
        self._look()

    def _sounding(self) -> Sound:
        if self._sound is None:
            from viewer.video.sound import Sound  # the extra comes with it

            self._sound = Sound(self._cover.file_of, self._told.emit)
        return self._sound

    def _look(self) -> None:
        if self._sound is not None:
            self._say(self._sound.words)

    def _say(self, words: str) -> None:
        self.words = words
        if words and words not in self._said:
            self._said.add(words)
            self.note = words
            self._over.start()
            self.changed.emit()

    def _forget(self) -> None:
        self.note = ""
        self.changed.emit()

    def close(self) -> None:
        """End the sound; asked again, it begins anew."""
        if self._sound is not None:
            self._sound.close()
            self._sound = None
