"""How loud the sound of videos is: one setting for all windows that play them, kept as the others are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from viewer import settings as persistence
from viewer.settings import VOLUMES, Settings

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings
    from PySide6.QtGui import QKeyEvent


class Level:
    """Tell how loud it is, and change that.

    Parameters
    ----------
    read : callable
        Returns the settings as they are.
    keep : callable
        Keeps what is changed of them.
    """

    def __init__(self, read: Callable[[], Settings], keep: Callable[..., object]) -> None:
        self._read, self._keep = read, keep

    def __call__(self) -> float:
        """Return how loud it is, of the loudest; 0 where it is off."""
        settings = self._read()
        return 0.0 if settings.muted else settings.volume

    def mute(self) -> None:
        """Switch the sound off, or on as loud as it was."""
        self._keep(muted=not self._read().muted)

    def choose(self, volume: float) -> None:
        """Make it so loud; 0 switches it off, and how loud it was is kept."""
        self._keep(muted=True) if not volume else self._keep(volume=volume, muted=False)

    def step(self, by: int) -> None:
        """Make it louder, or less loud; the first louder step switches it on."""
        settings = self._read()
        at = VOLUMES.index(settings.volume)
        if not (settings.muted and by > 0):
            at = min(max(at + by, 0), len(VOLUMES) - 1)
        self._keep(volume=VOLUMES[at], muted=settings.muted and by < 0)


def mutes(event: QKeyEvent, level: Level) -> bool:
    """Switch the sound off, or on, with the key that does so in every window; tell whether it was that."""
    control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
    if Qt.Key(event.key()) != Qt.Key.Key_M or not control:
        return False
    level.mute()
    return True


def kept_level(kept: QSettings) -> Level:
    """Return the level of a window that has no settings but this one."""

    def keep(**changes: object) -> None:
        persistence.save(kept, persistence.load(kept).changed(**changes))

    return Level(lambda: persistence.load(kept), keep)
