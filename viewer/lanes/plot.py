"""The plot of a lane: it never rescales, moves or reacts by itself, and what stands in it never touches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy

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


def new_plot(theme: Theme) -> Any:
    """Return an empty plot that never rescales, moves or reacts by itself."""
    plot = pg.PlotWidget(background=theme.panel, axisItems={"left": LaneAxis("left")})
    plot.setFrameShape(plot.Shape.NoFrame)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setMinimumSize(60, 24)
    plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    item = plot.getPlotItem()
    item.hideButtons()
    item.setMenuEnabled(False)
    item.hideAxis("bottom")
    item.layout.setContentsMargins(0, 0, RIGHT, 0)
    item.vb.disableAutoRange()
    item.vb.setMouseEnabled(False, False)
    item.vb.setDefaultPadding(0.0)
    axis = item.getAxis("left")
    axis.setWidth(AXIS)
    axis.setPen(pg.mkPen(theme.border))
    axis.setTextPen(pg.mkPen(theme.dim))
    axis.setTickFont(font(10))
    axis.enableAutoSIPrefix(False)
    axis.setStyle(maxTickLevel=0, tickLength=-4, hideOverlappingLabels=True)
    return plot


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
