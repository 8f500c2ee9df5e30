"""Side: the column beside the lanes: a gauge or a plane for each person, and the map of their coupling."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from acquisition.stream import PEOPLE
from viewer.model.lag_map import LagMap
from viewer.model.model import SessionModel
from viewer.model.plane_reading import read_plane
from viewer.model.reading import read_gauge
from viewer.side.gauge import Gauge
from viewer.side.heat import HeatMap
from viewer.side.plane import Plane
from viewer.theme import Theme


class Side:
    """Hold what says where each person is at a moment, and lay it out in a column."""

    def __init__(self, model: SessionModel, theme: Theme, sync_signal: str) -> None:
        self._model = model
        self._planes_shown = False
        self.gauges = {r: Gauge(r, model.facts.code(r), theme) for r in PEOPLE}
        self.planes = {r: Plane(r, model.facts.code(r), theme) for r in PEOPLE}
        self.heat = HeatMap(theme, sync_signal)
        self._lag_map = LagMap(model, sync_signal)
        self.column = QVBoxLayout()
        self.column.setSpacing(8)
        for role, gauge in self.gauges.items():
            self.column.addWidget(gauge, 1)
            self.column.addWidget(self.planes[role], 1)
        self.column.addWidget(self.heat)

    def choose(self, side: str, moment: float) -> None:
        """Show gauges or planes ("gauge" or "plane")."""
        self._planes_shown = side == "plane"
        for role, gauge in self.gauges.items():
            gauge.setVisible(not self._planes_shown)
            self.planes[role].setVisible(self._planes_shown)
        if self._planes_shown:
            self._show_planes(moment)

    def show_moment(self, moment: float) -> None:
        """Show what is known at a moment [s since the first tick]."""
        for role, gauge in self.gauges.items():
            gauge.show_reading(read_gauge(self._model, role, moment))
        if self._planes_shown:
            self._show_planes(moment)
        if self.heat.isHidden():
            return
        if any(self._model.is_paused(role, moment) for role in PEOPLE):
            self.heat.show_paused()
        else:
            self.heat.show_map(self._lag_map.read(moment))

    def _show_planes(self, moment: float) -> None:
        for role, plane in self.planes.items():
            plane.show_reading(read_plane(self._model, role, moment))
