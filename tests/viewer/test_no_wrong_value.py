"""What happens to a window in an hour: nothing of it may leave a wrong value on screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLabel

from acquisition.event import Event
from acquisition.stream import Modality, Role
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import T0, Session, fill, index_samples, marks
from tests.viewer.test_window import n_pixels, picture
from viewer.model.model import SessionModel
from viewer.theme import DARK, LIGHT
from viewer.window import OperatorWindow

BERLIN = ZoneInfo("Europe/Berlin")


def told(window: OperatorWindow) -> list[str]:
    """Return all that the window says in words and numbers."""
    panel = window.panel
    headers = [lane.header.text() for lane in panel.lanes.lanes.values()]
    gauges = [gauge.text() for gauge in panel.gauges.values()]
    chips = [c.text() for chips in panel.strip.chips.values() for c in chips.chips]
    strip = [panel.strip.clock.text(), panel.strip.streams.text()]
    events = [label.text() for label in panel.bar.findChildren(QLabel)]
    return [*headers, *gauges, *chips, *strip, *events]


def with_walls(begin: datetime, jump: float = 0.0) -> SessionModel:
    """Return a session of two minutes that begins at a wall time; after one minute the wall clock jumps."""
    target = synthetic.model()
    session = Session(events=list(marks(120.0)))
    for k in range(12):
        batch = session.batch(100)
        walls = begin.timestamp() + batch.ticks - T0 + (jump if k >= 6 else 0.0)
        target.add_batch(replace(batch, walls=walls))
        target.add_samples(index_samples(10.0 * k, 10.0 * (k + 1)))
    return target


@pytest.mark.parametrize(
    ("begin", "jump"),
    [
        (datetime(2026, 11, 21, 23, 59, tzinfo=BERLIN), 0.0),
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), 0.0),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), 0.0),
        (datetime(2026, 6, 1, 12, 0, tzinfo=UTC), 3600.0),
        (datetime(2026, 6, 1, 12, 0, tzinfo=UTC), -3600.0),
    ],
    ids=["midnight", "end of summer time", "summer time", "clock set on", "clock set back"],
)
def test_wall_clock_changes_nothing_on_screen(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, begin: datetime, jump: float
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    if not STEADY:
        steady = make_window(with_walls(datetime(2026, 6, 1, 12, 0, tzinfo=UTC)))
        STEADY.append((steady.model.wall, told(steady), seen(steady)))
        steady.close()
    wall, words, usual = STEADY[0]
    window = make_window(with_walls(begin, jump))
    assert window.model.wall != wall  # the clock did differ
    assert told(window) == words
    for now, then in zip(seen(window), usual, strict=True):
        np.testing.assert_array_equal(now, then)


STEADY: list[tuple[float, list[str], tuple[np.ndarray, np.ndarray]]] = []
"""Wall time, words and pictures of a window whose clock is steady: it is opened once for all others."""


def seen(window: OperatorWindow) -> tuple[np.ndarray, np.ndarray]:
    return picture(window.panel.lanes.lanes["HR"]), picture(window.panel.events)


def go_on(window: OperatorWindow, session: Session, seconds: int, *, without: str = "") -> None:
    """Let a session go on, second by second; nothing is computed of a person whose device is lost."""
    for _ in range(seconds):
        start = session.done / 10
        window.model.add_batch(session.batch(10))
        samples = index_samples(start, start + 1.0)
        window.model.add_samples(s for s in samples if s.entity not in (without, "dyad" if without else ""))
    window.draw_all()


def test_device_that_is_lost_and_comes_back(make_window: MakeWindow) -> None:
    lost = {(Role.CLIENT, m): (60.0, 90.0) for m in (Modality.ECG, Modality.EDA)}
    session = Session(silent=lost)
    model = synthetic.model(session.infos)
    fill(model, 60.0, session)
    window = make_window(model)
    panel = window.panel
    assert panel.gauges[Role.CLIENT].reading.kind != "no data"
    go_on(window, session, 25, without="client")
    assert [c.text() for c in panel.strip.chips[Role.CLIENT].chips] == ["ECG lost 25 s", "EDA lost 25 s"]
    assert panel.gauges[Role.CLIENT].text().startswith("no data")
    for name in ("HR", "lnRMSSD", "EDA", "Arousal"):
        assert panel.lanes.lanes[name].header.text().startswith("C no data"), name
    assert panel.lanes.lanes["Synchrony"].header.text() == "no data"
    go_on(window, session, 10)
    assert [c.text() for c in panel.strip.chips[Role.CLIENT].chips] == ["ECG ok", "EDA ok"]
    hr = {(s.entity, s.index): s for s in index_samples(93.0, 94.0)}["client", "hr"]
    assert panel.lanes.lanes["HR"].header.text().startswith(f"C {hr.value:.0f}")
    view = panel.lanes.lanes["ECG client"].plot.view
    box = view.mapRectToScene(view.boundingRect())
    page = panel.page
    assert page is not None
    left, right = (round(box.left() + (t - page.start) / page.seconds * box.width()) for t in (61.0, 89.0))
    rgb = [int(DARK.client[i : i + 2], 16) for i in (1, 3, 5)]
    inside = picture(panel.lanes.lanes["ECG client"].plot)[:, left:right]
    assert right - left > 100 and not (np.abs(inside - rgb).max(axis=2) < 60).any()


def test_map_of_the_coupling_is_hidden_from_the_press_of_a_pause_on(make_window: MakeWindow) -> None:
    window = make_window(seconds=120.0)
    heat = window.panel.heat
    assert heat.text() != "paused"
    on = Event(time=window.model.now, code="consent_pause", phase="on", actor="client", id="p")
    window.model.add_batch(Session(done=1200, events=[on]).batch(1))
    window.panel.quarter()  # not only when the second is over
    assert (heat.picture, heat.reading, heat.text()) == (None, None, "paused")
    assert window.panel.gauges[Role.CLIENT].text().startswith("paused")
    assert n_pixels(heat, DARK.paused) > 10_000


def test_resumed_pause_stays_empty_and_says_so(make_window: MakeWindow) -> None:
    on = Event(time=T0 + 70.0, code="consent_pause", phase="on", actor="client", id="p")
    off = Event(time=T0 + 95.0, code="consent_pause", phase="off", actor="client", ref="p", id="q")
    quiet = {(Role.CLIENT, m): (70.0, 95.0) for m in (Modality.ECG, Modality.EDA)}
    session = Session(silent=quiet, events=[on, off])
    model = synthetic.model(session.infos)
    fill(model, 70.0, session)
    window = make_window(model)
    go_on(window, session, 10, without="client")
    lane = window.panel.lanes.lanes["ECG client"]
    assert n_pixels(lane.plot, DARK.client) == 0 and n_pixels(lane.plot, DARK.paused) > 10_000
    assert window.panel.gauges[Role.CLIENT].text().startswith("paused")
    go_on(window, session, 15, without="client")
    go_on(window, session, 5)
    page = window.panel.page
    assert page is not None and window.model.pauses[Role.CLIENT]
    view = lane.plot.view
    box = view.mapRectToScene(view.boundingRect())
    left, right = (round(box.left() + (t - page.start) / page.seconds * box.width()) for t in (71.0, 94.0))
    shown = picture(lane.plot)
    rgb = [int(DARK.client[i : i + 2], 16) for i in (1, 3, 5)]
    assert not (np.abs(shown[:, left:right] - rgb).max(axis=2) < 60).any()
    assert (np.abs(shown[:, right + 20 :] - rgb).max(axis=2) < 60).any()
    grey = [int(DARK.paused[i : i + 2], 16) for i in (1, 3, 5)]
    assert (np.abs(shown[5:-5, left:right] - grey).max(axis=2) < 6).mean() > 0.9


def test_theme_resize_and_restart_leave_every_value_as_it_was(make_window: MakeWindow) -> None:
    model = synthetic.model()
    fill(model, 120.0, Session(events=list(marks(120.0))))
    window = make_window(model)
    words = told(window)
    window.change(theme="light")
    QApplication.processEvents()
    window.draw_all()
    assert told(window) == words
    panel = window.panel
    for name, lane in panel.lanes.lanes.items():
        assert n_pixels(lane.plot, DARK.panel, 2) == 0, name
    assert n_pixels(panel.lanes.lanes["HR"].plot, LIGHT.client, 30) > 200
    for size in ((1280, 720), (1000, 600), (1600, 950)):
        window.resize(*size)
        QApplication.processEvents()
        window.draw_all()
        assert told(window) == words
    window.close()
    again = make_window(model)
    assert told(again) == words and again.settings.theme == "light"
