"""How a review is laid out: panel, bar and event list, one above the other; for a blind rater the codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QSplitter, QVBoxLayout, QWidget

from acquisition.events.vocabulary import Code
from viewer.live.marker_bar import SKIP, MarkerButton
from viewer.panel import OperatorPanel
from viewer.review.bar import ReviewBar
from viewer.review.event_table import EventTable
from viewer.theme import Theme

ROOMY = 860
"""Height of a window that has a place for the lag map beside the event list [px]."""
SHARES = (600, 240)
"""How the height is shared between the panel and the event list, at first."""
COLUMNS = 8
BLIND_HEIGHT = 250
"""Height of the panel of a blind rater, who has no lanes but that of the events [px]."""


class Palette(QWidget):
    """Hold a button for each code, with its key; an interval that runs says so."""

    def __init__(self, codes: Sequence[Code], theme: Theme, press: Callable[[str], object]) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 2, 10, 4)
        grid.setSpacing(4)
        self.buttons = [MarkerButton(code, theme) for code in codes if code.code not in SKIP]
        for k, button in enumerate(self.buttons):
            button.setFixedHeight(30)
            button.clicked.connect(partial(press, button.code.code))
            grid.addWidget(button, k // COLUMNS, k % COLUMNS)

    def show_running(self, running: frozenset[str]) -> None:
        """Show which intervals are open."""
        for button in self.buttons:
            button.set_running(button.code.code in running)


class Frame(QSplitter):
    """Hold panel, bar and list, one above the other.

    Parameters
    ----------
    palette : Palette or None
        Of a blind rater, in whose panel there is little to see.
    """

    def __init__(
        self, panel: OperatorPanel, bar: ReviewBar, table: EventTable, palette: Palette | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._panel = panel
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        if palette is not None:
            column.addWidget(palette)
            panel.setMaximumHeight(BLIND_HEIGHT)
        holder = QVBoxLayout()
        holder.setContentsMargins(10, 0, 10, 6)
        holder.addWidget(table)
        column.addLayout(holder, 1)
        table.setMinimumHeight(70)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(5)
        self.addWidget(panel)
        self.addWidget(below)
        self.setStretchFactor(0, 5)
        self.setStretchFactor(1, 1)
        self.share()

    def share(self) -> None:
        """Give panel and list their usual shares of the height."""
        self.setSizes(list(SHARES))

    def make_room(self) -> bool:
        """Take the lag map off a low window, where the list needs its place; tell whether that changed."""
        heat = self._panel.heat
        there = "Synchrony" in self._panel.lanes.lanes and self.window().height() >= ROOMY
        if heat.isHidden() != there:
            return False
        heat.setVisible(there)
        return True
