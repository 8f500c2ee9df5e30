"""Talk lane: a bar for each turn, a row for each person, and a mark where both speak at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg

from acquisition.stream import PEOPLE, Modality, Role
from viewer.lanes.lane import Lane
from viewer.model.definitions import definition
from viewer.model.model import SessionModel
from viewer.model.page import Page
from viewer.model.readouts import OLD, Readout
from viewer.model.talk import NONE, Stretches, both, joined, running, share, turns_between
from viewer.model.trace import Trace
from viewer.theme import Theme, blend

ROWS = {Role.CLIENT: (0.58, 0.90), Role.THERAPIST: (0.10, 0.42)}
"""Shares of the lane's height that a person's bars take."""
BETWEEN = (0.455, 0.545)
"""Shares of the height of the mark of overlap."""
RUNNING = 0.55
"""Opacity of what is not yet a whole turn."""

Heights = Callable[[], tuple[float, float]]
Source = Callable[[str], Trace | None]


class BarCurve:
    """Draw stretches of time as bars at a height of their own; what is not yet settled is paler."""

    def __init__(
        self,
        plot: Any,
        entity: str,
        colours: tuple[str, str],
        heights: Heights,
        read: Callable[[Page], tuple[Stretches, Stretches]],
        version: Callable[[], object],
    ) -> None:
        self.entity = entity
        self._heights, self._read, self._version = heights, read, version
        self._items = [_bars(plot, colour) for colour in colours]
        self._drawn: object = None

    def rebuild(self, page: Page, n_bins: int, live: bool) -> None:
        self._drawn = None
        self.refresh(page)

    def refresh(self, page: Page) -> bool:
        seen = self._version(), self._heights(), page
        if seen == self._drawn:
            return False
        self._drawn = seen
        low, high = self._heights()
        for item, stretches in zip(self._items, self._read(page), strict=True):
            x0, x1 = (np.clip(x, page.start, page.stop) for x in stretches)
            n = len(x0)
            item.setOpts(x0=x0, x1=x1, y0=np.full(n, low), height=np.full(n, high - low))
        return True

    def clear(self) -> None:
        self._drawn = None
        for item in self._items:
            item.setOpts(x0=[], x1=[], y0=[], height=[])

    def end(self) -> tuple[float, float] | None:
        return None

    def extent(self, page: Page) -> tuple[float, float]:
        return math.nan, math.nan


def _bars(plot: Any, colour: str) -> Any:
    item = pg.BarGraphItem(x0=[], x1=[], y0=[], height=[], pen=pg.mkPen(None), brush=pg.mkBrush(colour))
    plot.addItem(item, ignoreBounds=True)
    return item


def talk_lane(model: SessionModel, theme: Theme) -> Lane:
    """Return the lane that shows who speaks."""
    lane = Lane(definition("turn"), theme, span=1.0, fast=False, people=tuple(r.value for r in PEOPLE))
    lane.setMinimumHeight(44)
    lane.plot.axis.setStyle(tickLength=0)
    sources: dict[Role, Source] = {role: _source(model, role) for role in PEOPLE}
    for role, source in sources.items():
        colour = theme.person(role)
        lane.curves.append(
            BarCurve(
                lane.plot,
                role.value,
                (colour, blend(colour, theme.panel, RUNNING)),
                lambda row=ROWS[role]: lane.heights(*row),  # type: ignore[misc]
                lambda page, s=source: _of(s, page),  # type: ignore[misc]
                lambda s=source: _version(s),  # type: ignore[misc]
            )
        )
    lane.curves.append(
        BarCurve(
            lane.plot,
            "dyad",
            (theme.text, theme.text),
            lambda: lane.heights(*BETWEEN),
            lambda page: (_overlap(sources, page), NONE),
            lambda: tuple(_version(s) for s in sources.values()),
        )
    )
    return lane


def _source(model: SessionModel, role: Role) -> Source:
    return lambda index: model.traces.get((role.value, index))


def _of(source: Source, page: Page) -> tuple[Stretches, Stretches]:
    turns, speaking = source("turn"), source("speaking")
    return (
        turns_between(turns, page.start, page.stop),
        running(turns, speaking, page.start, page.stop),
    )


def _overlap(sources: Mapping[Role, Source], page: Page) -> Stretches:
    one, other = (joined(*_of(source, page)) for source in sources.values())
    return both(one, other)


def _version(source: Source) -> tuple[int, ...]:
    return tuple(-1 if trace is None else trace.n for trace in map(source, ("turn", "speaking")))


def talk_readouts(model: SessionModel) -> Callable[[float], tuple[Readout, ...]]:
    """Return what the header says: who speaks, and each person's share of the last five minutes."""
    return lambda now: tuple(_readout(model, role, now) for role in PEOPLE)


def _readout(model: SessionModel, role: Role, now: float) -> Readout:
    if model.is_paused(role, now):
        return Readout(role.value, "paused", is_value=False)
    trace, sample = model.traces.get((role.value, "speaking")), model.known(role.value, "speaking", now)
    if trace is None or sample is None or now - sample.available > OLD or not math.isfinite(sample.value):
        why = _unavailable(model, role)
        return Readout(role.value, "unavailable" if why else "no data", is_value=False, detail=why)
    word = "speaks" if sample.value >= 0.5 else "silent"
    said = share(trace, sample.time + 1e-6)
    return Readout(
        role.value,
        f"{word} · {100 * said:.0f} %",
        is_value=False,
        detail=f"spoke in {100 * said:.0f} % of the last 5 min",
    )


def _unavailable(model: SessionModel, role: Role) -> str:
    """Return why there is no voice, as the recorder told; "" if it did not."""
    health = {key: h for key, h in model.health.items() if h.info.modality is Modality.VOICE}
    told = [n for n in model.notices if n.role is role and (n.role, n.stream) in health and n.kind == "lost"]
    lost = any(math.isfinite(h.lost) for key, h in health.items() if key[0] is role)
    return told[-1].message if told and lost else ""
