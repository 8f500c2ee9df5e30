"""The correction editor by its keys and by the mouse, in both themes, at 1280 × 720 too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from acquisition.events.corrections import read_corrections
from acquisition.stream import FloatArray
from tests.viewer.conftest import MakeWindow
from tests.viewer.corrections import made
from viewer.corrections.bench import Bench
from viewer.corrections.desk import CorrectionDesk
from viewer.corrections.look import thinned
from viewer.corrections.page import CorrectionPage
from viewer.model.model import SessionModel
from viewer.opening import feed, new_model
from viewer.review.reviewing import Reviewing
from viewer.theme import DARK
from viewer.window import OperatorWindow

Open = Callable[..., tuple[OperatorWindow, CorrectionPage]]
CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def closed_model() -> SessionModel:
    """Return the model of a finished recording whose lanes nobody looks at."""
    model = new_model(feed(made.recording(), follow=False))
    model.state, model.t0, model.now = "closed", made.read().begin, made.read().end
    return model


@pytest.fixture
def opened(make_window: MakeWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return a function that opens the editor; what is corrected goes into a folder of its own."""
    monkeypatch.setattr("viewer.corrections.bench.read_bench", lambda *_, **__: made.bench())
    pages: list[CorrectionPage] = []

    def make(**set_up: object) -> tuple[OperatorWindow, CorrectionPage]:
        reviewing = Reviewing(tmp_path, editor="R2")
        window = make_window(closed_model(), control=None, reviewing=reviewing, **set_up)
        page = reviewing.beats
        assert page is not None
        page.wait()
        page.go_to(100.0)
        page.setFocus()
        pages.append(page)
        return window, page

    yield make
    for page in pages:
        if isValid(page):
            page.close_page()


def beats(page: CorrectionPage) -> FloatArray:
    assert page.desk is not None
    return np.asarray(page.desk.lane.beat_times() - page.desk.bench.begin)


def desk(page: CorrectionPage) -> CorrectionDesk:
    assert page.desk is not None
    return page.desk


def test_beats_are_corrected_by_the_keys_alone(opened: Open, qtbot: QtBot, tmp_path: Path) -> None:
    window, page = opened()
    before = beats(page)
    qtbot.keyClick(window, "]")
    beat = page.view.chosen
    assert beat == before[before > 100.0][0] and page.view.cursor == beat
    qtbot.keyClick(window, "3", CONTROL)
    qtbot.keyClick(window, "X")
    assert beat not in beats(page)
    qtbot.keyClick(window, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(window, "I")
    assert np.abs(beats(page) - beat).min() < 0.004
    qtbot.keyClick(window, "[")
    qtbot.keyClick(window, "R")
    qtbot.keyClick(window, "V")
    qtbot.keyClick(window, "M")
    for _ in range(5):
        qtbot.keyClick(window, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(window, "M")
    ops = [(c.op, c.why) for c in read_corrections(tmp_path)]
    why = "beat misplaced"
    assert ops == [("delete", why), ("insert", why), ("reject", why), ("mark", why)]
    for _ in range(4):
        qtbot.keyClick(window, "Z", CONTROL)
    assert not desk(page).by_hand and (beats(page) == before).all()
    for _ in range(4):
        qtbot.keyClick(window, "Y", CONTROL)
    assert desk(page).by_hand.counts()["marked_s"] == pytest.approx(0.5)
    page.wait()
    assert "1 inserted, 1 deleted, 1 rejected" in page.frame.counts.text()


def test_a_stretch_is_edged_cleared_and_dropped_by_the_keys(opened: Open, qtbot: QtBot) -> None:
    window, page = opened()
    page.point_at(101.0)
    qtbot.keyClick(window, "A")
    assert page.view.begun == 101.0
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert page.view.begun != page.view.begun and window.centralWidget() is page
    qtbot.keyClick(window, "A")
    page.point_at(102.0)
    qtbot.keyClick(window, "A")
    page.point_at(101.5)
    qtbot.keyClick(window, "B")
    page.point_at(103.0)
    qtbot.keyClick(window, "E")
    t0 = desk(page).bench.begin
    assert list(desk(page).by_hand.accepted) == [(t0 + 101.5, t0 + 103.0)]
    qtbot.keyClick(window, "C")
    assert not desk(page).by_hand.accepted
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.face == "review"


def test_doubtful_places_are_gone_through_and_ticked(opened: Open, qtbot: QtBot) -> None:
    window, page = opened()
    places = desk(page).lane.places
    assert len(places) > 2 and page.frame.places.count() == len(places)
    page.go_to(0.0)
    qtbot.keyClick(window, ".")
    first = page.view.cursor
    assert any(p.time == first for p in places)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    assert page.view.cursor > first and sum(page.done) >= 1
    assert page.frame.left.text().startswith(f"{sum(page.done)} of {len(places)}")
    qtbot.keyClick(window, ",")
    assert page.view.cursor == first or first in [p.time for p, d in zip(places, page.done, strict=True) if d]


def test_the_mouse_does_what_the_keys_do(opened: Open, qtbot: QtBot, tmp_path: Path) -> None:
    _, page = opened()
    signal, view = page.signal, page.view
    beat = float(beats(page)[np.searchsorted(beats(page), 100.0)])

    def at(seconds: float) -> QPoint:
        return QPoint(round(view.x(seconds, signal.width())), signal.height() // 2)

    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(signal, left, pos=at(beat))
    assert view.chosen == beat
    qtbot.mousePress(signal, left, pos=at(beat))
    qtbot.mouseMove(signal, at(beat + 0.2))
    page.mouse.grip(_moved(at(beat + 0.2)), "drag", beat + 0.2)
    qtbot.mouseRelease(signal, left, ALT, at(beat + 0.2))
    assert np.abs(beats(page) - beat - 0.2).min() < 0.02
    qtbot.mousePress(signal, left, SHIFT, at(102.0))
    page.mouse.grip(_moved(at(103.0)), "drag", 103.0)
    qtbot.mouseRelease(signal, left, SHIFT, at(103.0))
    ((start, stop),) = desk(page).by_hand.marked
    assert stop - start == pytest.approx(1.0, abs=0.03)
    edge = stop - desk(page).bench.begin
    qtbot.mousePress(signal, left, pos=at(edge))
    page.mouse.grip(_moved(at(edge + 0.5)), "drag", edge + 0.5)
    qtbot.mouseRelease(signal, left, pos=at(edge + 0.5))
    ((_, later),) = desk(page).by_hand.marked
    assert later - stop == pytest.approx(0.5, abs=0.03)
    assert [c.op for c in read_corrections(tmp_path)] == ["move", "mark", "edge"]


def _moved(at: QPoint) -> QMouseEvent:
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    return QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(at), Qt.MouseButton.NoButton, left, none)


def test_skin_and_the_other_person_have_a_page_too(opened: Open, qtbot: QtBot) -> None:
    window, page = opened()
    qtbot.keyClick(window, "S")
    assert desk(page).key == ("client", "skin")
    peaks = desk(page).lane.found.peaks - desk(page).bench.begin
    page.go_to(float(peaks[4]) - 0.1)
    qtbot.keyClick(window, "]")
    qtbot.keyClick(window, "R")
    assert len(desk(page).by_hand.rejected) == 1
    assert "/min  →" in page.frame.effect.text()
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    assert desk(page).key == ("therapist", "skin")
    qtbot.keyClick(window, "Z", CONTROL)
    assert desk(page).key == ("client", "skin") and not desk(page).by_hand


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_is_seen_at_1280_by_720(opened: Open, theme: str) -> None:
    window, page = opened(theme=theme)
    window.resize(1280, 720)
    QApplication.processEvents()
    assert window.width() == 1280 and window.height() == 720
    for part in (*page.frame.acts.values(), page.frame.who, page.frame.why, page.frame.close_button):
        assert part.isVisible()
        corner = part.mapTo(window, part.rect().bottomRight())
        assert window.rect().contains(corner), part.accessibleName()
        assert part.width() >= part.minimumSizeHint().width()
    assert page.signal.height() >= 300
    image: QImage = page.signal.grab().toImage()
    assert len({image.pixel(x, image.height() // 2) for x in range(image.width())}) > 3


def test_no_peak_is_lost_where_samples_share_a_pixel() -> None:
    times = np.arange(30_000) / 1000.0
    values = np.zeros(len(times))
    values[::997] = 1.0
    line = thinned(times, values, 0.0, 30.0, 900)
    assert len(line[0]) <= 1800
    assert int((line[1] == 1.0).sum()) == len(values[::997])


def test_what_cannot_be_read_is_told_on_the_page(make_window: MakeWindow, tmp_path: Path) -> None:
    reviewing = Reviewing(tmp_path, editor="R2")
    make_window(closed_model(), control=None, reviewing=reviewing)
    assert reviewing.beats is not None
    reviewing.beats.wait()
    assert str(tmp_path) in reviewing.beats.frame.message.text()
    reviewing.beats.close_page()


def test_what_is_waited_for_is_told_on_the_page(qtbot: QtBot) -> None:
    told, go_on = ["computing 51 %"], threading.Event()

    def read() -> Bench:
        go_on.wait(60.0)
        return made.bench()

    page = CorrectionPage(
        DARK,
        title="Correct beats",
        people={"client": "Client"},
        read=read,
        open_desk=lambda bench: CorrectionDesk(made.recording(), bench, clock=lambda: ""),
        leave=lambda: None,
        keep_who=lambda who: None,
        who="R2",
        waits=lambda: told[0],
    )
    qtbot.addWidget(page)
    page.look()
    assert page.frame.message.text().endswith("first the hour: computing 51 %")
    told[0] = ""
    go_on.set()
    page.wait()
    assert page.desk is not None and "computing" not in page.frame.message.text()
    page.close_page()


def test_pages_are_drawn_in_time(opened: Open) -> None:
    """A page takes well under a second of computing; how long, benchmarks/corrections.py tells."""
    _, page = opened()
    begun = time.process_time()
    for k in range(20):
        page.go_to(20.0 + 30.0 * k)
        page.signal.repaint()
        page.intervals.repaint()
    assert time.process_time() - begun < 20.0
