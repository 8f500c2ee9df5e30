"""Beside: what opens beside the operator's window: glance, set-up, the list of lanes, where a figure goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from acquisition.batch import Batch
from acquisition.errors import AttunementError
from acquisition.protection.audit import keep
from acquisition.recording.derived import note
from viewer.desktop import place
from viewer.figure import name_of, save_figure
from viewer.keys import bind_markers, unbind
from viewer.lanes.lanes_dialog import LanesDialog
from viewer.model.reading import read_gauge
from viewer.operator import Operator
from viewer.side.glance import USUAL, GlanceWindow, Steady
from viewer.theme import THEMES

if TYPE_CHECKING:
    from viewer.live.live_setup import LiveSetUp

FIGURES = {
    f"{kind.upper()}, {theme} theme (*.{kind})": theme
    for kind in ("svg", "png")
    for theme in ("light", "dark")
}
"""What a figure may be → its theme."""


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
        """Give the glance the keys that mark now."""
        if self.glance is not None and self.glancing:
            unbind(self._glance_keys)
            self._glance_keys = bind_markers(self._window, self.glance)

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
        for window in (self.glance, self.set_up):
            if window is not None:
                window.close()
