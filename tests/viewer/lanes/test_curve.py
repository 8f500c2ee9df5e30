"""Lines of a lane: a gap is never drawn across, and a slow line is drawn anew once something has moved."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QPainterPath
from pytestqt.qtbot import QtBot

from viewer.lanes.curve import BrokenLine, TraceCurve
from viewer.model.page import Page
from viewer.model.trace import Trace

NAN = math.nan


def segments(path: QPainterPath) -> set[tuple[float, float, float, float]]:
    """Return the lines that a path draws."""
    out, at = set(), (NAN, NAN)
    for k in range(path.elementCount()):
        element: Any = path.elementAt(k)
        if element.type == QPainterPath.ElementType.LineToElement:
            out.add((*at, element.x, element.y))
        at = (element.x, element.y)
    return {s for s in out if s[:2] != s[2:]}


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ([1, 2, NAN, 3, 4], {(0, 1, 1, 2), (3, 3, 4, 4)}),
        ([NAN, 2, NAN, 3, NAN], set()),
        ([NAN, NAN], set()),
        ([NAN, 1, 2, 3, NAN], {(1, 1, 2, 2), (2, 2, 3, 3)}),
    ],
)
def test_line_is_never_drawn_across_a_gap(
    values: list[float], lines: set[tuple[float, ...]], qtbot: QtBot
) -> None:
    item = BrokenLine(skipFiniteCheck=True)
    item.setData(np.arange(len(values), dtype=float), np.array(values, float), connect="finite")
    assert segments(item.getPath()) == lines


@pytest.mark.parametrize(("seconds", "drawn"), [(60.0, True), (3600.0, False)])
def test_slow_line_of_a_long_page_waits_until_a_pixel_or_a_second_has_gone(
    seconds: float, drawn: bool, qtbot: QtBot
) -> None:
    plot, trace = pg.PlotWidget(), Trace(5.0)
    qtbot.addWidget(plot)
    page = Page(0.0, seconds)
    curve = TraceCurve(plot, lambda: trace, "client", "#ffffff")

    def hear(time: float) -> None:
        trace.append(np.array([time]), np.array([time]), np.array([time]), [""])

    hear(10.0)
    curve.rebuild(page, 1000, True)
    hear(10.25)
    assert curve.refresh(page) is drawn
    hear(11.25)
    assert curve.refresh(page)
    assert curve.end() == (11.25, 11.25)
    assert not curve.refresh(page)
