"""The visible figure as a file: what the lanes and gauges show now, as SVG or PNG, live and in review."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication, QWidget

from acquisition.errors import AttunementError
from acquisition.private import only_for_owner
from viewer.lanes.figure_lane import draw_lane
from viewer.lanes.header import font
from viewer.lanes.lane import Lane
from viewer.model.definitions import NOTICE
from viewer.model.page import clock
from viewer.panel import OperatorPanel
from viewer.style import style_sheet
from viewer.theme import THEMES

KINDS = ("svg", "png")
HEAD, FOOT, EDGE = 34, 26, 10
SHARPNESS = 2.0
"""Pixels of a PNG for each one on screen."""


def save_figure(panel: OperatorPanel, path: Path, *, theme: str = "") -> Path:
    """Write what the lanes, the event lane and the gauges show now.

    Parameters
    ----------
    path : Path
        Ends in .svg or .png.
    theme : str
        dark or light; that of the panel unless told.

    Raises
    ------
    AttunementError
        If the file is of another kind or cannot be written.
    """
    kind = path.suffix.casefold().lstrip(".")
    if kind not in KINDS:
        raise AttunementError(f"{path.name}: a figure ends in {' or '.join(f'.{k}' for k in KINDS)}")
    with _in_theme(panel, theme) as shown:
        _save(shown, path, kind)
    return path


@contextmanager
def _in_theme(panel: OperatorPanel, theme: str) -> Iterator[OperatorPanel]:
    """Give a panel that shows the same in a theme, on no screen where it is not the panel's own."""
    if theme in ("", panel.theme.name):
        yield panel
        return
    moment = panel.model.t0 + panel.moment
    other = OperatorPanel(
        panel.model, THEMES[theme], panel.settings, (), None, live=panel.live, now=lambda: moment
    )
    other.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    other.setStyleSheet(style_sheet(THEMES[theme]))
    _show_the_same(other, panel)
    yield other
    other.close()
    other.deleteLater()


def _show_the_same(other: OperatorPanel, panel: OperatorPanel) -> None:
    """Let a panel show what another one does: the page, the cursor, the lanes, what stands beside them."""
    for name, lane in panel.lanes.lanes.items():
        other.lanes.lanes[name].setVisible(not lane.isHidden())
    for ours, theirs in ((other.gauges, panel.gauges), (other.planes, panel.planes)):
        for role, widget in theirs.items():
            ours[role].setVisible(not widget.isHidden())
    above_and_below = ((other.bar, panel.bar), (other.strip, panel.strip), (other.baselines, panel.baselines))
    for part, shown in above_and_below:
        part.setFixedHeight(shown.height())  # without buttons it would leave the lanes more room
        part.setVisible(shown.isVisible())
    other.heat.setVisible(panel.heat.isVisible())
    other.lanes.late.clear()
    other.pointer, other.page = panel.pointer, panel.page
    other.resize(panel.size())
    other.show()
    layout = other.layout()
    if layout is not None:
        layout.activate()
    QApplication.sendPostedEvents()
    other.quarter()
    other.second(panel.facts(file="", disk=math.nan, latency=math.nan))
    if panel.page is not None:
        other.show_page(panel.page)


def _save(panel: OperatorPanel, path: Path, kind: str) -> None:
    parts = _parts(panel)
    box = QRect()
    for part in parts:
        box = box.united(QRect(part.mapTo(panel, QPoint(0, 0)), part.size()))
    size = QSize(box.width() + 2 * EDGE, box.height() + HEAD + FOOT)
    if kind == "svg":
        _svg(panel, parts, box, size, path)
    else:
        _png(panel, parts, box, size, path)
    only_for_owner(path)


def _parts(panel: OperatorPanel) -> list[QWidget]:
    shown = [*panel.lanes.lanes.values(), panel.events, *panel.gauges.values(), *panel.planes.values()]
    return [part for part in shown if part.isVisible()]


def _svg(panel: OperatorPanel, parts: list[QWidget], box: QRect, size: QSize, path: Path) -> None:
    generator = (
        QSvgGenerator()
    )  # SVG Tiny: the clipping of its SVG 1.1 is not what other programs take it for
    generator.setFileName(str(path))
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(0, 0), size))
    generator.setResolution(96)
    generator.setTitle(title_of(panel))
    generator.setDescription(NOTICE)
    painter = QPainter()
    if not painter.begin(generator):
        raise AttunementError(f"{path}: the figure cannot be written")
    _draw(painter, panel, parts, box, size)
    painter.end()


def _png(panel: OperatorPanel, parts: list[QWidget], box: QRect, size: QSize, path: Path) -> None:
    image = QImage(size * SHARPNESS, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SHARPNESS)
    image.setText("Title", title_of(panel))
    image.setText("Description", NOTICE)
    painter = QPainter(image)
    _draw(painter, panel, parts, box, size)
    painter.end()
    if not image.save(str(path)):
        raise AttunementError(f"{path}: the figure cannot be written")


def _draw(painter: QPainter, panel: OperatorPanel, parts: list[QWidget], box: QRect, size: QSize) -> None:
    theme = panel.theme
    painter.fillRect(QRect(QPoint(0, 0), size), QColor(theme.window))
    for part in parts:
        painter.save()
        painter.translate(part.mapTo(panel, QPoint(0, 0)) - box.topLeft() + QPoint(EDGE, HEAD))
        if isinstance(part, Lane):
            draw_lane(painter, part)
        else:
            part.render(painter, QPoint(0, 0))
        painter.restore()
    middle = Qt.AlignmentFlag.AlignVCenter
    painter.setFont(font(14, bold=True))
    painter.setPen(QColor(theme.text))
    painter.drawText(QRectF(EDGE + 10, 0, size.width() - 2 * EDGE, HEAD), middle, title_of(panel))
    painter.setFont(font(11))
    painter.setPen(QColor(theme.dim))
    low = QRectF(EDGE + 10, size.height() - FOOT, size.width() - 2 * EDGE, FOOT)
    painter.drawText(low, middle, NOTICE)


def title_of(panel: OperatorPanel) -> str:
    """Return the session, its people, and the stretch that is shown."""
    facts, page = panel.model.facts, panel.page
    codes = (("client", facts.client), ("therapist", facts.therapist))
    people = ", ".join(f"{who} {code}" for who, code in codes if code)
    span = ""
    if page is not None:
        stop = min(page.stop, max(panel.model.elapsed, page.start))
        span = f"{clock(page.start)} to {clock(stop)}"
    return " · ".join(t for t in (facts.id, people, span) if t)


def name_of(panel: OperatorPanel) -> str:
    """Return a file name for the figure, without its ending."""
    start = 0.0 if panel.page is None else panel.page.start
    return f"{panel.model.facts.id}_{clock(start).replace(':', '-')}"
