"""What the operator's window offers to its commands, its menus, and what stands in it or beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QMenu

    from acquisition.events.vocabulary import Code
    from viewer.beside import Beside
    from viewer.command import Face
    from viewer.key_overlay import KeyList
    from viewer.live.desk import Desk
    from viewer.model.model import SessionModel
    from viewer.panel import OperatorPanel
    from viewer.review.review import Review
    from viewer.review.reviewing import Reviewing
    from viewer.settings import Settings


class Operator(Protocol):
    """Be the operator's window; none of those who use this imports it."""

    model: SessionModel
    path: Path | None
    panel: OperatorPanel
    settings: Settings
    kept: QSettings
    desk: Desk | None
    review: Review | None
    reviewing: Reviewing | None
    beside: Beside
    keys: KeyList
    profiles: Callable[[str], Sequence[Code]] | None

    @property
    def face(self) -> Face:
        """Return what the window is now: a recording, a review, …"""

    def rebuild(self) -> None:
        """Build the panel anew from the model."""

    def change(self, **changes: object) -> None:
        """Change a setting, keep it, and show it."""

    def keep(self, **changes: object) -> None:
        """Keep a setting that nothing on screen depends on."""

    def show_lane(self, name: str, shown: bool) -> None:
        """Show or hide a lane, and keep that."""

    def show_side(self, side: str = "") -> None:
        """Show gauges or planes beside the lanes, and keep that."""

    def choose_marker(self) -> QMenu:
        """Open a list of all markers."""

    def press(self, code: str) -> None:
        """Press a marker by its name."""

    def play_or_pause(self) -> None:
        """Let the cursor run, or stop it."""

    def disk(self) -> float:
        """Return the free space beside the recording [bytes]."""
