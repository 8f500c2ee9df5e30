"""Beside: what opens beside the operator's window: glance, set-up, video, lanes, where a figure goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from acquisition.batch import Batch
from acquisition.errors import AttunementError
from acquisition.protection.audit import keep
from acquisition.recording.contents import LINKS_NAME
from acquisition.recording.derived import note
from viewer.command import EDITED, LISTED
from viewer.desktop import place
from viewer.figure import name_of, save_figure
from viewer.keys import bind_markers, unbind
from viewer.lanes.lanes_dialog import LanesDialog
from viewer.model.reading import read_gauge
from viewer.operator import Operator
from viewer.side.glance import USUAL, GlanceWindow, Steady
from viewer.theme import THEMES
from viewer.video.level import Level

if TYPE_CHECKING:
    from viewer.live.live_setup import LiveSetUp
    from viewer.video.following import Following

FIGURES = {
    f"{kind.upper()}, {theme} theme (*.{kind})": theme
    for kind in ("svg", "png")
    for theme in ("light", "dark")
}
"""What a figure may be → its theme."""


STOOD_STILL = 0.25
"""However late a frame comes, the cursor of a review runs on by no more [s]."""


class Beside:
    """Open the other windows of a session, and close them with the operator's.

    Parameters
    ----------
    parent : QWidget
        The operator's window, as what its dialogs belong to.
    """

    def __init__(self, window: Operator, parent: QWidget) -> None:
        self._window, self._parent = window, parent
        self.glance: GlanceWindow | None = None
        self._glance_keys: list[QShortcut] = []
        self.lanes: LanesDialog | None = None
        self.set_up: LiveSetUp | None = None
        self.video: Following | None = None
        self.level: Level = Level(lambda: window.settings, window.keep)
        """How loud videos are."""
        self.opens_video = False
        """Whether the video opens by itself once there is a review."""
        self._reopens = False
        self.now: Callable[[], float] = time.monotonic
        """The clock by which the cursor of a review runs [s]."""
        self._played = self.now()

    @property
    def glancing(self) -> bool:
        """Tell whether the therapist's glance is open."""
        return self.glance is not None and self.glance.isVisible()

    @property
    def may_glance(self) -> bool:
        """Tell whether there is a glance view: only if the therapist agreed to see own values live."""
        model = self._window.model
        return model.facts.glance and model.state == "growing"

    def show_glance(self) -> None:
        """Open the therapist's view, in a window of its own, where the therapist may have one."""
        if self.may_glance:
            self._open_glance(None)

    def _open_glance(self, steady: Steady | None) -> GlanceWindow:
        window = self._window
        if self.glance is not None:
            self.glance.close()
        self.glance = GlanceWindow(
            THEMES[window.settings.theme],
            lambda role: read_gauge(window.model, role, window.panel.moment),
            time.monotonic,
            steady=steady,
            closed=lambda geometry: window.keep(glance=geometry),
        )
        place(self.glance, USUAL, window.settings.glance)
        self._glance_keys = bind_markers(window, self.glance)
        self.glance.show()
        return self.glance

    def renew(self) -> None:
        """Give the other windows the keys that work now; the video goes where it is not to be seen."""
        if self.glance is not None and self.glancing:
            unbind(self._glance_keys)
            self._glance_keys = bind_markers(self._window, self.glance)
        self._renew_video()

    def _renew_video(self) -> None:
        face = self._window.face
        if self.video is not None and face in LISTED:
            self.video.renew()
        elif self.video is not None:  # in a joint replay nothing of anybody is shown at first
            self._reopens = True
            self.video.close()
        elif face in LISTED and self.has_video and (self._reopens or self.opens_video):
            self._reopens = self.opens_video = False
            QTimer.singleShot(0, self._parent, self.show_video)

    @property
    def has_video(self) -> bool:
        """Tell whether a video is linked to what is reviewed."""
        return self._window.path is not None and (self._window.path / LINKS_NAME).exists()

    def show_video(self) -> None:
        """Open the window of the video; or close it, where it is open."""
        if self.video is not None:
            self.video.close()
        elif self._window.path is not None and self._window.face in EDITED:
            from viewer.video.cover import cover_of
            from viewer.video.following import Following  # not while a window opens

            cover = cover_of(self._window.path, self._window.model.t0)
            self.video = Following(self._window, cover, self._video_closed)

    def _video_closed(self, geometry: bytes) -> None:
        self.video = None
        self._window.keep(video=geometry)

    def step_video(self, by: int) -> None:
        """Go so many pictures on in the video, or back."""
        if self.video is not None:
            self.video.step(by)

    def play(self) -> None:
        """Let the cursor of a review run for the time since the last call, and the video with it."""
        now = self.now()
        passed, self._played = min(max(now - self._played, 0.0), STOOD_STILL), now
        panel = self._window.panel
        if panel.playing:
            panel.play(passed if self.video is None else self.video.allowed(passed))
        if self.video is not None:
            self.video.follow()

    def show_set_up(self) -> LiveSetUp:
        """Open what the technician needs around the recording: baselines, devices, taps; or bring it up."""
        from viewer.live.live_setup import (
            LiveSetUp,  # it needs the devices' modules, which the window does not
        )

        window, desk = self._window, self._window.desk
        if self.set_up is None:
            hands: dict[str, Callable[[], object]] = {}
            if desk is not None:
                hands = {"Replace a device…": desk.ask_replacement, "Client ⇄ therapist…": desk.ask_swap}
            self.set_up = LiveSetUp(
                window.model,
                THEMES[window.settings.theme],
                moment=lambda: window.panel.moment,
                disk=window.disk,
                press=window.press if window.desk is not None else None,
                hands=hands,
            )
        self.set_up.show()
        self.set_up.raise_()
        self.set_up.activateWindow()
        return self.set_up

    def hear(self, batch: Batch) -> None:
        """Let the set-up look for taps in new data."""
        if self.set_up is not None:
            self.set_up.hear(batch)

    def change_theme(self) -> None:
        """Open glance and set-up anew in the theme of the window, where they were."""
        if self.glance is not None and self.glancing:
            blank, full = self.glance.blank, self.glance.isFullScreen()
            again = self._open_glance(self.glance.steady)
            again.blank = blank
            if full:
                again.showFullScreen()
        if self.video is not None:
            self.video.close()
            self.show_video()
        if self.set_up is None:
            return
        shown, place = self.set_up.isVisible(), self.set_up.pos()
        self.set_up.close()
        self.set_up = None
        if shown:
            self.show_set_up().move(place)

    def show_lanes(self) -> LanesDialog:
        """Open the list in which lanes are shown, moved and scaled."""
        self.lanes = LanesDialog(self._window, self._parent)
        self.lanes.show()
        return self.lanes

    def ask_figure(self) -> None:
        """Ask where to, and write what the lanes and gauges show now as SVG or PNG."""
        proposed = str(Path.home() / f"{name_of(self._window.panel)}.svg")
        kinds = ";;".join(FIGURES)
        name, kind = QFileDialog.getSaveFileName(self._parent, "Save this figure", proposed, kinds)
        if not name:
            return
        # The window may have built another panel meanwhile: a recording that was loading has been read.
        panel = self._window.panel
        if self._window.path is not None:  # so that a withdrawal finds the figure
            note(self._window.path, Path(name), "picture")
            keep("exported", self._window.path, to="picture")
        try:
            save_figure(panel, Path(name), theme=FIGURES.get(kind, panel.theme.name))
        except AttunementError as error:
            QMessageBox.warning(self._parent, "Save this figure", str(error))

    def close(self) -> None:
        """Close all of them."""
        for window in (self.glance, self.set_up, self.video):
            if window is not None:
                window.close()
