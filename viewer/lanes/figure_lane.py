"""A lane drawn for a file: in plain pixels and cut at its edges, which not every program does by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsRectItem

from acquisition.stream import FloatArray
from viewer.lanes.lane import Lane
from viewer.lanes.tail import TailStrip
from viewer.lanes.wave_curve import WaveCurve

KNOWN = (pg.PlotCurveItem, pg.TextItem, pg.BarGraphItem, QGraphicsRectItem)


def draw_lane(painter: QPainter, lane: Lane) -> None:
    """Draw a lane at the painter's origin; what it holds of other kinds of items makes it a picture."""
    painter.save()
    painter.translate(lane.header.pos())
    lane.header.render(painter, lane.header.rect().topLeft())
    painter.restore()
    painter.save()
    painter.translate(lane.plot.pos())
    painter.fillRect(QRectF(lane.plot.rect()), lane.plot.backgroundBrush())
    view = lane.plot.view
    items = sorted((i for i in view.childGroup.childItems() if i.isVisible()), key=lambda i: i.zValue())
    if all(isinstance(item, KNOWN) for item in items):
        _draw_axis(painter, lane)
        for item in items:
            _draw_item(painter, view, item)
        for curve in lane.curves:
            if isinstance(curve, WaveCurve) and curve.strip is not None:
                _draw_tail(painter, view, curve.strip)
    else:
        painter.drawPixmap(0, 0, lane.plot.grab())
    painter.restore()


def _draw_axis(painter: QPainter, lane: Lane) -> None:
    axis = lane.plot.axis
    painter.save()
    painter.translate(axis.mapToScene(QPointF(0, 0)))
    painter.setFont(axis.style["tickFont"] or painter.font())
    specs = axis.generateDrawSpecs(painter)
    if specs is not None:
        axis_spec, ticks, texts = specs
        for pen, one, other in (axis_spec, *ticks):
            painter.setPen(pen)
            painter.drawLine(QPointF(one), QPointF(other))
        painter.setPen(axis.textPen())
        for box, flags, text in texts:
            painter.drawText(QRectF(box), int(flags), text)
    painter.restore()


def _draw_item(painter: QPainter, view: Any, item: Any) -> None:
    box = view.mapRectToScene(view.boundingRect())
    if isinstance(item, pg.PlotCurveItem):
        _draw_curve(painter, view, item, box)
    elif isinstance(item, pg.TextItem):
        _draw_text(painter, item, view.mapViewToScene(item.pos()))
    elif isinstance(item, pg.BarGraphItem):
        opts = item.opts
        rows = zip(opts["x0"], opts["x1"], opts["y0"], opts["height"], strict=True)
        for left, right, low, height in rows:
            _fill(painter, view, QRectF(left, low, right - left, height), opts["brush"], box)
    else:
        _fill(painter, view, item.rect(), item.brush(), box)


def _fill(painter: QPainter, view: Any, rect: QRectF, brush: Any, box: QRectF) -> None:
    one, other = view.mapViewToScene(rect.topLeft()), view.mapViewToScene(rect.bottomRight())
    painter.fillRect(QRectF(one, other).normalized().intersected(box), brush)


def _draw_text(painter: QPainter, item: Any, at: QPointF) -> None:
    text = item.textItem
    bounds = text.boundingRect()
    box = QRectF(at.x() - item.anchor.x() * bounds.width(), at.y() - item.anchor.y() * bounds.height(), 0, 0)
    box.setSize(bounds.size())
    painter.setFont(text.font())
    painter.setPen(QColor(item.color))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text.toPlainText())


def _draw_curve(painter: QPainter, view: Any, item: Any, box: QRectF) -> None:
    x, y = item.getData()
    if x is None or len(x) == 0:
        return
    origin, unit = view.mapViewToScene(QPointF(0.0, 0.0)), view.mapViewToScene(QPointF(1.0, 1.0))
    xs = origin.x() + np.asarray(x, np.float64) * (unit.x() - origin.x())
    ys = origin.y() + np.asarray(y, np.float64) * (unit.y() - origin.y())
    ys = np.clip(ys, box.top(), box.bottom())
    pen = QPen(item.opts["pen"])
    pen.setCosmetic(False)
    pen.setWidthF(1.0)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for run in _runs(
        xs, ys, box, pairs=isinstance(item.opts["connect"], str) and item.opts["connect"] == "pairs"
    ):
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in run.tolist()]))


def _draw_tail(painter: QPainter, view: Any, strip: TailStrip) -> None:
    xs, ys = strip.points()
    box = view.mapRectToScene(view.boundingRect())
    painter.setPen(QPen(strip.colour, 1.0))
    for run in _runs(xs, np.clip(ys, box.top(), box.bottom()), box, pairs=False):
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in run.tolist()]))


def _runs(xs: FloatArray, ys: FloatArray, box: QRectF, *, pairs: bool) -> list[FloatArray]:
    """Return the stretches of a line without gaps, cut at the edges of the box; pairs are lines apart."""
    points = np.column_stack([xs, ys])
    finite = np.isfinite(points).all(axis=1)
    if pairs:
        inside = finite & (xs >= box.left()) & (xs <= box.right())
        return [points[k : k + 2] for k in range(0, len(points) - 1, 2) if inside[k : k + 2].all()]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], finite.astype(np.int8), [0]])))
    cut = [_cut(points[a:b], box) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [run for run in cut if len(run) > 1]


def _cut(run: FloatArray, box: QRectF) -> FloatArray:
    left, right = max(run[0, 0], box.left()), min(run[-1, 0], box.right())
    if not left < right:
        return run[:0]
    inside = run[(run[:, 0] > left) & (run[:, 0] < right)]
    ends = np.interp([left, right], run[:, 0], run[:, 1])
    return np.vstack([[left, ends[0]], inside, [right, ends[1]]])
