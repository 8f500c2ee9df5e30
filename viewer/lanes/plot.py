"""The plot of a lane: it never rescales, moves or reacts by itself, and what stands in it never touches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsGridLayout, QSizePolicy

from viewer.lanes.header import WIDTH, font
from viewer.theme import Theme

AXIS = 44
"""Width of the vertical scale [px]."""
RIGHT = 10
LEFT = WIDTH + AXIS
"""Where the time axis begins within every lane [px]."""
TICKS = 14.0
"""Least distance between two numbers of a scale [px]."""


class LaneAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """A vertical scale whose numbers never touch, however low the lane."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Return one spacing and its offset; `size` is the height [px]."""
        spacing, offset = super().tickSpacing(minVal, maxVal, size)[0]
        height = abs(maxVal - minVal)
        while 0.0 < spacing < height and spacing / height * size < TICKS:
            spacing *= 2
        return [(spacing, offset)]


class LanePlot(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """A scale and, to the right of it, a view that never rescales, moves or reacts by itself.

    A `pg.PlotWidget` would also build a menu, buttons, a title and three more axes, none of which a lane
    shows: half of the time that a window takes to be built.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(background=theme.panel)
        self.enableMouse(False)
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(60, 24)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        body = pg.GraphicsWidget()
        self.view = pg.ViewBox(body, enableMenu=False, enableMouse=False, defaultPadding=0.0)
        self.view.disableAutoRange()
        self.axis = _scale(theme)
        self.axis.linkToView(self.view)
        layout = QGraphicsGridLayout(body)
        layout.setContentsMargins(0, 0, RIGHT, 0)
        layout.setSpacing(0)
        layout.addItem(self.axis, 0, 0)
        layout.addItem(self.view, 0, 1)
        layout.setColumnStretchFactor(1, 100)
        self.setCentralItem(body)

    def addItem(self, item: Any, ignoreBounds: bool = False) -> None:
        """Put something into the view."""
        self.view.addItem(item, ignoreBounds=ignoreBounds)

    def removeItem(self, item: Any) -> None:
        """Take something out of the view."""
        self.view.removeItem(item)


def _scale(theme: Theme) -> LaneAxis:
    axis = LaneAxis("left")
    axis.setWidth(AXIS)
    axis.setPen(pg.mkPen(theme.border))
    axis.setTextPen(pg.mkPen(theme.dim))
    axis.setTickFont(font(10))
    axis.enableAutoSIPrefix(False)
    axis.setStyle(maxTickLevel=0, tickLength=-4, hideOverlappingLabels=True)
    axis.setZValue(0.5)
    return axis


def apart(levels: Sequence[float], least: float, scale: tuple[float, float]) -> list[float]:
    """Return heights at least so far apart and within the scale, in the order given."""
    order = sorted(range(len(levels)), key=lambda k: levels[k])
    out = list(levels)
    low, high = scale[0] + least / 2, scale[1] - least / 2
    for k in order:
        out[k] = min(max(out[k], low), high)
    for before, after in pairwise(order):
        if out[after] - out[before] < least:
            middle = (out[after] + out[before]) / 2
            out[before], out[after] = middle - least / 2, middle + least / 2
            if out[after] > high:
                out[before], out[after] = high - least, high
            if out[before] < low:
                out[before], out[after] = low, low + least
    return out
