"""The operator's panel: strip, lanes, gauges, event lane, overview, marker bar, all drawn from one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from acquisition.events.vocabulary import Code
from acquisition.stream import PEOPLE
from viewer.lanes.event_lane import EventLane
from viewer.lanes.lane import Lane
from viewer.lanes.lanes import build_lanes
from viewer.lanes.overview import Overview
from viewer.live.baseline_bar import BaselineBar
from viewer.live.desk import Desk
from viewer.live.marker_bar import MarkerBar
from viewer.model.markers import Marker, markers
from viewer.model.model import SessionModel
from viewer.model.page import Page, centred, follow, length_of
from viewer.settings import Settings
from viewer.side.side import Side
from viewer.status.device_state import device_states, streams_up
from viewer.status.strip import Strip, StripFacts
from viewer.theme import Theme

LOW = 640
"""A panel less high than this has no room for gauges and the map of lags [px]."""


class OperatorPanel(QWidget):
    """Show a session to the technician.

    Parameters
    ----------
    model : SessionModel
        Fed by whoever owns the panel; the panel only reads it.
    codes : sequence of Code
        Marker buttons.
    desk : Desk or None
        What the marker bar talks to; a finished recording has none.
    live : bool
        Whether to follow the newest second, at first.
    now : callable
        Returns the LSL clock [s]: the age of a value is told against the clock, not against the newest data,
        so that a recorder that hangs does not look like one that is well.
    """

    def __init__(
        self,
        model: SessionModel,
        theme: Theme,
        settings: Settings,
        codes: Sequence[Code],
        desk: Desk | None,
        *,
        live: bool,
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        self.model, self.theme, self.settings = model, theme, settings
        self.live, self._now = live, now
        self.built_for = set(model.sources)
        self.page: Page | None = None
        self.pointer = model.elapsed
        self.playing = False
        self.speed = 1.0
        self.shown: list[Marker] = []
        self._shown_revision = -1
        self._paused: frozenset[str] = frozenset()
        self.strip: Strip = Strip(model.facts, theme, on_stop=desk.ask_stop if desk else None)
        self.lanes = build_lanes(model, theme, settings.sync_signal)
        self.lanes.arrange(settings.order, dict(settings.sizes), dict(settings.scales))
        self.events = EventLane(theme)
        self.overview = Overview(theme)
        self.side = Side(model, theme, settings.sync_signal)
        self.gauges, self.planes, self.heat = self.side.gauges, self.side.planes, self.side.heat
        self.bar: MarkerBar = MarkerBar(codes, theme, desk)
        self.baselines = BaselineBar(theme, self.bar.press if desk else None)
        self.live_button = QPushButton("Live")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self._set_up()

    def _set_up(self) -> None:
        self.live_button.hide()
        self.live_button.setToolTip("Return to the newest second (End)")
        self.live_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.live_button.clicked.connect(self.go_live)
        self.overview.scrubbed.connect(self.go_to)
        self.show_side(self.settings.side)
        self._fit()
        self.strip.show_length(self.settings.seconds)
        self.strip.length.currentIndexChanged.connect(self._length_chosen)
        for name, lane in self.lanes.lanes.items():
            lane.setVisible(name not in self.settings.hidden and name not in self.lanes.late)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addWidget(self.baselines)
        middle = QHBoxLayout()
        middle.setContentsMargins(10, 2, 10, 2)
        middle.setSpacing(8)
        left = QVBoxLayout()
        left.setSpacing(2)
        for name, lane in self.lanes.lanes.items():
            left.addWidget(lane, self.lanes.heights[name])
        left.addWidget(self.events)
        below = QWidget()
        stack = QVBoxLayout(below)
        stack.setContentsMargins(0, 4, 0, 0)
        stack.addWidget(self.overview)
        left.addWidget(below)
        self.side.column.addWidget(self.live_button)
        middle.addLayout(left, 1)
        middle.addLayout(self.side.column)
        column.addLayout(middle, 1)
        column.addWidget(self.bar)

    def _fit(self) -> None:
        """Leave the map of lags out where the gauges need its room."""
        self.heat.setVisible("Synchrony" in self.lanes.lanes and self.height() >= LOW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        spare = 0 if self.heat.isHidden() else self.heat.minimumHeight() + self.side.column.spacing()
        return QSize(hint.width(), hint.height() - spare)

    def put_on_top(self, widget: QWidget) -> None:
        """Show something above everything else."""
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(0, widget)

    @property
    def seconds(self) -> float:
        """Return the length of the page [s]."""
        return length_of(self.chosen, self.model.elapsed, grows=self.model.state == "growing")

    @property
    def chosen(self) -> float:
        """Return the length that was chosen [s]; `WHOLE` for the whole session."""
        return float(self.strip.length.currentData())

    def _length_chosen(self) -> None:
        self.settings = self.settings.changed(seconds=self.chosen)
        now = self.model.elapsed
        self.show_page(follow(None, now, self.seconds) if self.live else self._around(self.pointer))

    def _around(self, time: float) -> Page:
        return centred(time, self.seconds, self.model.elapsed)

    @property
    def moment(self) -> float:
        """Return the moment that numbers and gauges speak of [s]: now, or the cursor of a review."""
        elapsed = self.model.elapsed
        if self.model.state == "growing":
            late = self._now() - self.model.now
            return elapsed + late if late > 0 else elapsed
        return elapsed if self.live else self.pointer

    def _clock(self) -> float:
        """Return the moment that chips speak of [s, LSL clock]."""
        behind = min(self.moment - self.model.elapsed, 0.0) if self.model.state != "growing" else 0.0
        return self.model.now + (behind or max(self.moment - self.model.elapsed, 0.0))

    def go_to(self, time: float) -> None:
        """Put the cursor at a time [s since the first tick]; the newest second is no longer followed."""
        self.live, self.pointer = False, min(max(time, 0.0), self.model.elapsed)
        self.show_page(self._around(self.pointer))

    def point_at(self, time: float) -> None:
        """Put the cursor on the page that is shown; a live page stays live."""
        if not self.live:
            self.pointer = min(max(time, 0.0), self.model.elapsed)
            self._show_cursor()

    def go_live(self) -> None:
        """Follow the newest second again."""
        self.live, self.playing = True, False
        self.show_page(follow(None, self.model.elapsed, self.seconds))

    def step(self, pages: float) -> None:
        """Move by a share of the page, back if negative."""
        if self.page is not None:
            begin = self.page.stop if self.live else self.pointer
            self.go_to(begin + self.page.seconds * pages)

    def jump(self, direction: int) -> None:
        """Go to the next (1) or the previous (−1) event."""
        begin = self.model.elapsed if self.live else self.pointer
        times = [m.start for m in self.shown]
        there = [t for t in times if (t > begin + 0.05 if direction > 0 else t < begin - 0.05)]
        if there:
            self.go_to(min(there) if direction > 0 else max(there))

    def play(self, seconds: float) -> None:
        """Move the cursor on, and the page with it when it is full; stop at the end."""
        self.pointer = min(self.pointer + seconds * self.speed, self.model.elapsed)
        self.playing = self.pointer < self.model.elapsed
        page = follow(self.page, self.pointer, self.seconds)
        if page != self.page:
            self.show_page(page)
        self._show_cursor()

    def _show_cursor(self) -> None:
        at = None if self.live else self.pointer
        self.events.show_cursor(at)
        for lane in self._visible():
            lane.show_cursor(at)

    def show_page(self, page: Page) -> None:
        """Draw a page from scratch."""
        self.page = page
        for lane in self._visible():
            lane.pauses = self.model.pauses_of(lane.people)
            lane.show_page(page, live=self.live)
        self._show_marks()
        self._show_cursor()
        self.overview.show_page(page)
        self.live_button.setVisible(self.model.state == "growing" and not self.live)

    def _visible(self) -> list[Lane]:
        return [lane for lane in self.lanes.lanes.values() if not lane.isHidden()]

    def _show_late_lanes(self) -> None:
        """Show lanes whose index has come by now; before, they would only be empty."""
        for name, trace_is_there in list(self.lanes.late.items()):
            if trace_is_there():
                del self.lanes.late[name]
                self.set_lane_shown(name, name not in self.settings.hidden)

    def set_lane_shown(self, name: str, shown: bool) -> None:
        """Show or hide a lane."""
        self.lanes.lanes[name].setVisible(shown)
        rest = set(self.settings.hidden) - {name}
        self.settings = self.settings.changed(hidden=tuple(sorted(rest if shown else rest | {name})))
        if self.page is not None:
            self.show_page(self.page)

    def frame(self) -> None:
        """Draw the newest raw samples."""
        if self.page is None and not self.live:
            self.go_to(self.model.elapsed)
        if self.live:
            page = follow(self.page, self.model.elapsed, self.seconds)
            if page != self.page:
                self.show_page(page)
            for lane in self._visible():
                if lane.fast:
                    lane.refresh()

    def quarter(self) -> None:
        """Draw what changes a few times a second: indices, gauges, markers, pauses."""
        self._show_pauses()
        if self.live:
            for lane in self._visible():
                if not lane.fast:
                    lane.refresh()
        if self.model.event_revision != self._shown_revision or any(m.open for m in self.shown):
            self._show_marks()

    def second(self, facts: StripFacts) -> None:
        """Draw what changes once a second: scales, readouts, chips, strip."""
        self._show_late_lanes()
        if self.live:
            for lane in self._visible():
                lane.rescale()
        self._show_values()
        self.strip.show_facts(facts)
        self.strip.show_devices({r: device_states(self.model, r, self._clock()) for r in PEOPLE})

    def _show_values(self) -> None:
        """Draw what the numbers, gauges and the map say of the moment."""
        for name, lane in self.lanes.lanes.items():
            lane.header.show_readouts(self.lanes.readouts[name](self.moment))
        self.side.show_moment(self.moment)
        self.baselines.show_model(self.model, self.moment)

    def show_side(self, side: str) -> None:
        """Show gauges or planes beside the lanes."""
        self.settings = self.settings.changed(side=side)
        self.side.choose(side, self.moment)

    def slow(self) -> None:
        """Draw what changes slowly: the overview."""
        self.overview.show_session(self.model, self.shown)

    def facts(
        self, *, file: str, disk: float, latency: float, fault: str = "", loading: str = ""
    ) -> StripFacts:
        """Return what the strip shows."""
        return StripFacts(
            state=self.model.state,
            elapsed=self.moment,
            file=file,
            disk=disk,
            streams=streams_up(self.model, self._clock()),
            latency=latency,
            fault=fault,
            loading=loading,
        )

    def _show_pauses(self) -> None:
        paused = frozenset(role.value for role in self.model.paused)
        if paused:
            paused |= {"dyad"}
        if paused == self._paused:
            return
        self._paused = paused
        for lane in self.lanes.lanes.values():
            lane.set_paused(paused)
        self.bar.show_paused(paused)
        self._show_values()
        if self.page is not None:
            self.show_page(self.page)
        self.slow()

    def _show_marks(self) -> None:
        model = self.model
        if model.event_revision != self._shown_revision or self._hidden() != self._shown_hidden:
            self._shown_hidden = self._hidden()
            self.shown = markers(model.marked(), model.t0, self._shown_hidden)
            self._shown_revision = model.event_revision
        if self.page is None:
            return
        inside = [m.start for m in self.shown if self.page.start <= m.start <= self.page.stop]
        times = np.array(inside)
        for lane in self._visible():
            if not np.array_equal(times, lane.marks):
                lane.draw_marks(times)
        self.events.show_markers(self.page, self.shown, model.elapsed)

    _shown_hidden: frozenset[str] = frozenset()

    def _hidden(self) -> frozenset[str]:
        return frozenset(role.value for role in self.model.paused)
