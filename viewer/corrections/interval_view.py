"""Under the signal: intervals as detected and as corrected with their limits, or the size of responses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.stream import FloatArray
from processing.heart.ibi import NORMAL, Intervals
from processing.heart.rhythm import BY_SHAPE
from viewer.corrections.bench import Lane
from viewer.corrections.look import LEFT, RIGHT, View, colour_of, letter_of, lines, steps
from viewer.lanes.header import font
from viewer.theme import Theme, blend

TOP, BOTTOM = 18, 6
USUAL = 9
"""NN intervals whose median is the usual one."""
AROUND = 20.0
"""What lies so far from the page is looked at for its limits, too [s]."""


class Series(NamedTuple):
    """Hold intervals at the beats that end them: times [s], intervals [ms], classes, whether each counts."""

    times: FloatArray
    intervals: FloatArray
    classes: FloatArray
    counts: FloatArray


def series(beats: Intervals, start: float, stop: float) -> Series:
    """Return the intervals of a stretch [s]; between any two beats, normal or not."""
    first, last = np.searchsorted(beats.times, (start, stop)).tolist()
    part = slice(max(first - 1, 0), last)
    times = beats.times[part]
    intervals = 1e3 * np.diff(times, prepend=np.nan)
    return Series(times, intervals, beats.classes[part], np.isfinite(beats.values[part]).astype(np.float64))


def limits(beats: Intervals, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the limits of an interval at each moment [ms]: shares of the median of the last NN intervals.

    They are those from which a beat is early if a pause follows, and an interval is long; others depend on
    what comes before and after (docs/ecg.md).
    """
    known = np.isfinite(beats.values)
    values, ends = beats.values[known], beats.times[known]
    usual = np.full(len(times), np.nan)
    if len(values) >= USUAL:
        medians = np.median(np.lib.stride_tricks.sliding_window_view(values, USUAL), axis=1)
        last = np.searchsorted(ends, times, side="right") - USUAL
        usual[last >= 0] = medians[last[last >= 0]]
    return BY_SHAPE.early * usual, BY_SHAPE.long * usual


class IntervalView(QWidget):
    """Draw the intervals, or the responses, of one page."""

    def __init__(self, theme: Theme, view: View) -> None:
        super().__init__()
        self._theme, self.view = theme, view
        self.lane: Lane | None = None
        self.t0 = 0.0
        self._scale = (0.0, 1.0)
        self.setMinimumHeight(96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Intervals as detected and as corrected")

    def sizeHint(self) -> QSize:
        return QSize(900, 150)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(theme.panel))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.lane is not None and self.lane.key[1] == "heart":
            self._intervals(painter, self.lane)
        elif self.lane is not None:
            self._amplitudes(painter, self.lane)
        painter.setPen(QPen(QColor(theme.text), 1))
        if self.view.start <= self.view.cursor <= self.view.stop:
            x = self.view.x(self.view.cursor, self.width())
            painter.drawLine(QPointF(x, TOP), QPointF(x, self.height() - BOTTOM))
        painter.end()

    def _intervals(self, painter: QPainter, lane: Lane) -> None:
        start, stop = self.view.start + self.t0, self.view.stop + self.t0
        before = series(lane.before.rows.beats, start, stop)
        after = series(lane.after.rows.beats, start, stop)
        at = np.linspace(start, stop, 80)
        low, high = limits(lane.after.rows.beats, at)
        every = np.concatenate((before.intervals, after.intervals, low, high))
        every = every[np.isfinite(every)]
        every = np.clip(every, 200.0, 2600.0)
        self._scale = (float(every.min()) - 40, float(every.max()) + 40) if len(every) else (400.0, 1200.0)
        self._axis(painter, "IBI [ms]", "as detected ○   as corrected ●   limits - -")
        painter.setClipRect(QRectF(LEFT, 0, self.width() - LEFT - RIGHT, self.height()))
        painter.setPen(QPen(QColor(self._theme.dim), 1, Qt.PenStyle.DashLine))
        for line in (low, high):
            known = np.isfinite(line)
            for drawn in lines(
                self._xs(at[known]), self._ys(line[known]), np.zeros(int(known.sum()), np.bool_)
            ):
                painter.drawPolyline(drawn)
        if lane.before is not lane.after:
            self._points(painter, before, QColor(self._theme.dim), hollow=True)
        self._points(painter, after, QColor(self._theme.text), hollow=False)
        painter.setClipping(False)

    def _points(self, painter: QPainter, found: Series, colour: QColor, *, hollow: bool) -> None:
        known = np.isfinite(found.intervals) & (found.intervals < 2500.0)
        xs, ys = self._xs(found.times[known]), self._ys(found.intervals[known])
        painter.setPen(QPen(QColor(blend(colour.name(), self._theme.panel, 0.6)), 1))
        for line in lines(
            xs, ys, np.diff(found.times[known], prepend=found.times[:1][0] if len(found.times) else 0.0) > 2.5
        ):
            painter.drawPolyline(line)
        columns = zip(
            xs.tolist(), ys.tolist(), found.classes[known].tolist(), found.counts[known].tolist(), strict=True
        )
        for x, y, kind, counts in columns:
            odd = kind != NORMAL or not counts
            own = QColor(colour_of(kind, self._theme)) if odd and not hollow and kind != NORMAL else colour
            painter.setPen(QPen(own, 1.4))
            painter.setBrush(Qt.BrushStyle.NoBrush if hollow or not counts else own)
            painter.drawEllipse(QPointF(x, y), 3.2, 3.2)
            if odd and not hollow and letter_of(kind):
                painter.setFont(font(11, bold=True))
                painter.drawText(QRectF(x + 4, y - 14, 16, 13), Qt.AlignmentFlag.AlignLeft, letter_of(kind))

    def _amplitudes(self, painter: QPainter, lane: Lane) -> None:
        start, stop = self.view.start + self.t0, self.view.stop + self.t0
        after = lane.responses_in(start, stop)
        there = (lane.found.peaks >= start) & (lane.found.peaks < stop)
        every = np.concatenate((lane.found.amplitudes[there], after.amplitudes))
        self._scale = (0.0, max(1.15 * float(every.max()), 0.05) if len(every) else 1.0)
        self._axis(painter, "SCR [µS]", "as detected ○   as corrected ●")
        painter.setClipRect(QRectF(LEFT, 0, self.width() - LEFT - RIGHT, self.height()))
        base = float(self._ys(np.zeros(1))[0])
        pairs = (
            (lane.found.peaks[there], lane.found.amplitudes[there], QColor(self._theme.dim), True),
            (after.peaks, after.amplitudes, QColor(self._theme.text), False),
        )
        for times, values, colour, hollow in pairs:
            painter.setPen(QPen(colour, 1.4))
            painter.setBrush(Qt.BrushStyle.NoBrush if hollow else colour)
            for x, y in zip(self._xs(times).tolist(), self._ys(values).tolist(), strict=True):
                painter.drawLine(QPointF(x, base), QPointF(x, y))
                painter.drawEllipse(QPointF(x, y), 3.6, 3.6)
        painter.setClipping(False)

    def _xs(self, times: FloatArray) -> FloatArray:
        share = (times - self.t0 - self.view.start) / self.view.seconds
        return LEFT + share * (self.width() - LEFT - RIGHT)

    def _ys(self, values: FloatArray) -> FloatArray:
        low, high = self._scale
        return self.height() - BOTTOM - (values - low) / (high - low) * (self.height() - TOP - BOTTOM)

    def _axis(self, painter: QPainter, title: str, legend: str) -> None:
        theme = self._theme
        painter.setFont(font(11))
        for value in steps(*self._scale, 3):
            y = float(self._ys(np.array([value]))[0])
            painter.setPen(QPen(QColor(theme.grid), 1))
            painter.drawLine(QPointF(LEFT, y), QPointF(self.width() - RIGHT, y))
            painter.setPen(QColor(theme.dim))
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), side, f"{value:g}")
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(LEFT + 4, 1, 200, 15), Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(QColor(theme.dim))
        painter.drawText(
            QRectF(LEFT, 1, self.width() - LEFT - RIGHT - 4, 15), Qt.AlignmentFlag.AlignRight, legend
        )
