"""The strip with the newest seconds of an ECG: what it shows is what the page would show there."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.stream import Modality, Role
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import Session, fill
from tests.viewer.test_window import picture
from viewer.lanes.lane import Lane
from viewer.theme import DARK
from viewer.window import OperatorWindow


def running(make_window: MakeWindow, session: Session, seconds: float) -> OperatorWindow:
    """Open a window on a session, and let it go on in frames of 100 ms."""
    infos = session.infos
    model = synthetic.model(infos)
    fill(model, seconds, session)
    return make_window(model)


def go_on(window: OperatorWindow, session: Session, frames: int) -> None:
    for _ in range(frames):
        window.model.add_batch(session.batch(1))
        window.tick()


def coloured(lane: Lane) -> np.ndarray:
    """Return which columns of the plot hold the client's colour, and how many pixels of it."""
    rgb = [int(DARK.client[i : i + 2], 16) for i in (1, 3, 5)]
    found: np.ndarray = (np.abs(picture(lane.plot) - rgb).max(axis=2) < 60).sum(axis=0)
    return found


@pytest.mark.parametrize("length", [60.0, 300.0])
def test_strip_shows_what_the_page_shows_when_drawn_anew(
    make_window: MakeWindow, qtbot: QtBot, length: float
) -> None:
    session = Session()
    window = running(make_window, session, 40.0)
    window.change(seconds=length)
    lane = window.panel.lanes.lanes["ECG client"]
    qtbot.waitUntil(lambda: lane.width() > 1000 and not lane._resized.isActive(), timeout=60_000)
    go_on(window, session, 57)
    page = window.panel.page
    assert page is not None and lane.strips[0].isVisible() and lane.strips[0].width() > 8
    there = picture(lane.plot)
    window.panel.live = False
    lane.show_page(page, live=False)
    assert not lane.strips[0].isVisible()
    once = picture(lane.plot)
    assert (np.abs(there - once).max(axis=2) > 60).mean() < 0.004
    assert (coloured(lane) > 0).sum() > 40 / length * 1000


def test_resize_and_new_scale_never_leave_the_line_where_it_was(make_window: MakeWindow) -> None:
    session = Session(silent={(Role.CLIENT, Modality.ECG): (45.0, 999.0)})
    window = running(make_window, session, 40.0)
    go_on(window, session, 70)
    lane = window.panel.lanes.lanes["ECG client"]
    strip = lane.strips[0]
    before = strip.geometry()
    window.resize(1280, 720)
    QApplication.processEvents()
    window.tick()
    assert strip.isVisible() and strip.geometry() != before
    view = lane.plot.view
    view.setYRange(-4.0, 4.0, padding=0)
    window.tick()
    x, y = strip.points()
    box = view.mapRectToScene(view.boundingRect())
    low, high = view.viewRange()[1]
    values = low + (box.bottom() - y[np.isfinite(y)]) / box.height() * (high - low)
    assert values.max() < 1.5 and (x[-1] - box.left()) / box.width() * 60.0 + view.viewRange()[0][0] < 46.0


def test_gap_within_the_newest_seconds_stays_a_gap_on_the_page(make_window: MakeWindow) -> None:
    session = Session(silent={(Role.CLIENT, Modality.ECG): (44.0, 50.0)})
    window = running(make_window, session, 43.0)
    go_on(window, session, 75)
    lane, page = window.panel.lanes.lanes["ECG client"], window.panel.page
    assert page is not None
    columns = coloured(lane)
    view = lane.plot.view
    box = view.mapRectToScene(view.boundingRect())
    scale = box.width() / page.seconds
    at = {t: round(box.left() + (t - page.start) * scale) for t in (43.0, 44.3, 49.7, 50.2)}
    assert columns[at[43.0] - 20 : at[43.0]].sum() > 20
    assert columns[at[44.3] : at[49.7]].sum() == 0
    assert columns[at[50.2] : at[50.2] + 8].sum() > 4


def test_markers_cross_the_newest_seconds_too(make_window: MakeWindow) -> None:
    session = Session()
    window = running(make_window, session, 40.0)
    go_on(window, session, 10)
    lane = window.panel.lanes.lanes["ECG client"]
    before = picture(lane.strips[0])
    lane.draw_marks(np.array([40.5]))
    assert np.any(before != picture(lane.strips[0]))


def test_strip_is_gone_while_the_past_is_looked_at(make_window: MakeWindow) -> None:
    session = Session()
    window = running(make_window, session, 100.0)
    go_on(window, session, 5)
    lane = window.panel.lanes.lanes["ECG client"]
    assert lane.strips[0].isVisible()
    window.panel.go_to(30.0)
    go_on(window, session, 5)
    assert not lane.strips[0].isVisible()
    window.panel.go_live()
    go_on(window, session, 2)
    assert lane.strips[0].isVisible()
