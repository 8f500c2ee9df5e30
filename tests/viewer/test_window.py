"""The operator's window: what it says, what its keys do, and what it never shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from acquisition.event import Event
from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import Modality, Role
from tests.viewer import pixels, synthetic
from tests.viewer.conftest import MakeWindow, runs_by_frames
from tests.viewer.synthetic import T0, Session, fill, marks
from tests.waiting import wait_for
from viewer.live.marker_bar import MarkerButton
from viewer.model.definitions import NOTICE, titled
from viewer.model.wording import forbidden
from viewer.status.chips import Chip
from viewer.theme import DARK
from viewer.window import OperatorWindow
from viewer.worker import Ended

NO_MODIFIER, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, KEYPAD = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.KeypadModifier


def recorder(window: OperatorWindow) -> Any:
    assert window.desk is not None
    return window.desk.marking._recorder


def marked(window: OperatorWindow, n: int) -> list[Event]:
    def came() -> bool:
        QApplication.processEvents()  # a letter is held back until it is clear that nobody types
        return len(recorder(window).events) >= n

    wait_for(came)
    events: list[Event] = recorder(window).events
    return events


def picture(widget: QWidget) -> np.ndarray:
    return pixels.of(widget.grab().toImage())


def n_pixels(widget: QWidget, colour: str, tolerance: int = 10) -> int:
    return pixels.n_near(widget.grab().toImage(), colour, tolerance)


def test_key_marks_the_moment_and_the_bar_says_so(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_M)
    event = marked(window, 1)[0]
    assert (event.code, event.t_shift, event.time) == ("mismatch", 0.0, window.model.now)
    assert window.panel.bar.last.text().startswith("mismatch at 0:01:59")


def test_shift_and_key_mean_ten_seconds_ago(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_N, SHIFT)
    assert (marked(window, 1)[0].code, marked(window, 1)[0].t_shift) == ("now_moment", -10.0)


def test_button_marks_like_its_key(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    button = next(b for b in window.panel.bar.buttons if b.code.code == "sync_mark")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert marked(window, 1)[0].code == "sync_mark"


def test_ctrl_z_voids_the_last_marker(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_M)
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    first, void = marked(window, 2)
    assert (void.phase, void.ref) == ("void", first.id)
    assert window.panel.bar.last.text() == "undone: mismatch at 0:01:59"


def test_interval_button_shows_that_it_runs(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    button = next(b for b in window.panel.bar.buttons if b.code.code == "baseline_rest")
    before = picture(button)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    assert marked(window, 1)[0].phase == "on"
    assert button.running and np.any(picture(button) != before)


def test_number_pad_types_a_value_and_enter_stores_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    for key in (Qt.Key.Key_4, Qt.Key.Key_5):
        qtbot.keyClick(window.panel, key, KEYPAD)
    assert window.panel.bar.last.text() == "suds 45 · Enter stores it"
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_twosuperior, KEYPAD, "²")
    QApplication.sendEvent(window, event)  # a digit by its name, and no number
    assert window.panel.bar.last.text() == "suds 45 · Enter stores it"
    assert recorder(window).events == []
    qtbot.keyClick(window.panel, Qt.Key.Key_Enter, KEYPAD)
    assert (marked(window, 1)[0].code, marked(window, 1)[0].value) == ("suds", 45.0)


def test_typing_a_note_sets_no_marker(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_Return)
    note = window.panel.bar.note
    note.setFocus()
    qtbot.keyClicks(note, "mmn sx")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    assert [(e.code, e.note) for e in marked(window, 1)] == [("note", "mmn sx")]
    assert note.text() == ""


def test_no_single_plain_key_pauses_stops_or_closes(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    keys = [Qt.Key(k) for k in range(Qt.Key.Key_A, Qt.Key.Key_Z + 1)] + [Qt.Key(k) for k in range(0x30, 0x3A)]
    for key in [*keys, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Escape, Qt.Key.Key_Space]:
        qtbot.keyClick(window, key)
    assert window.isVisible() and recorder(window).calls == []
    assert all(e.phase != "void" for e in recorder(window).events)


@pytest.mark.parametrize(("text", "calls"), [("Keep recording", []), ("Stop recording", ["stop"])])
def test_stop_asks_first(make_window: MakeWindow, qtbot: QtBot, text: str, calls: list[str]) -> None:
    window = make_window()
    asked: list[str] = []

    def reply() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        assert box.defaultButton().text() == "Keep recording"
        next(b for b in box.buttons() if b.text() == text).click()

    QTimer.singleShot(0, reply)
    window.panel.strip.stop.click()
    wait_for(lambda: recorder(window).calls == calls)
    assert asked == ["End this recording?"]


def test_pause_button_pauses_and_then_resumes(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_F12)
    wait_for(lambda: recorder(window).calls == ["pause client"])
    window.model.paused[Role.CLIENT] = 119.0
    window.panel.quarter()
    assert window.panel.bar.pauses["client"].text() == "Resume client  F12"
    qtbot.mouseClick(window.panel.bar.pauses["client"], Qt.MouseButton.LeftButton)
    wait_for(lambda: recorder(window).calls[-1] == "resume client")


def paused_session() -> Session:
    pause = Event(time=T0 + 119.0, code="consent_pause", phase="on", actor="client", id="p")
    return Session(events=[*marks(120.0), pause])


def test_nothing_of_a_paused_person_is_drawn(make_window: MakeWindow) -> None:
    before = make_window(session=Session(events=list(marks(120.0))))
    assert n_pixels(before.panel.lanes.lanes["HR"].plot, DARK.client) > 200  # they were there
    window = make_window(session=paused_session())
    lanes = window.panel.lanes.lanes
    for name in ("ECG client", "HR", "lnRMSSD", "EDA", "Arousal", "Synchrony"):
        assert n_pixels(lanes[name].plot, DARK.client) == 0, name
    assert n_pixels(lanes["HR"].plot, DARK.therapist) > 200
    assert n_pixels(lanes["ECG client"].plot, DARK.paused) > 10_000
    assert n_pixels(window.panel.overview, DARK.client) < 100  # no line; the mark of the pause itself may be
    assert lanes["HR"].header.text().startswith("C paused")
    assert window.panel.gauges[Role.CLIENT].text().startswith("paused")
    assert {c.text().split()[-1] for c in window.panel.strip.chips[Role.CLIENT].chips} == {"paused"}


def test_electrode_off_is_said_by_word(make_window: MakeWindow) -> None:
    model = synthetic.model()
    fill(model, 60.0)
    row = synthetic.index_samples(60.0, 61.0)[0]
    reason = "electrode off"
    for index in ("hr", "ecg_quality"):
        model.add_samples([row._replace(index=index, value=float("nan"), reason=reason, available=model.now)])
    window = make_window(model)
    assert window.panel.lanes.lanes["HR"].header.text().startswith("C electrode off")
    assert window.panel.strip.chips[Role.CLIENT].chips[0].text() == "ECG electrode off"


def test_f0_lane_comes_with_its_first_value(make_window: MakeWindow) -> None:
    infos = synthetic.streams(voice=True)
    model = synthetic.model(infos)
    fill(model, 20.0)
    del model.traces["client", "f0_shift"], model.traces["therapist", "f0_shift"]
    window = make_window(model)
    assert window.panel.lanes.lanes["F0"].isHidden()
    model.add_samples(synthetic.index_samples(20.0, 22.0))
    window.draw_all()
    assert not window.panel.lanes.lanes["F0"].isHidden()


def test_finished_recording_is_reviewed_with_the_same_widgets(make_window: MakeWindow, qtbot: QtBot) -> None:
    model = synthetic.model()
    fill(model, 400.0, Session(events=list(marks(400.0))))
    model.state = "closed"
    window = make_window(model)
    panel = window.panel
    assert panel.live_button.isHidden() and panel.bar.buttons == [] and panel.strip.stop.isHidden()
    assert panel.strip.recording.text() == "REVIEW"
    assert panel.page is not None and panel.page.stop == pytest.approx(model.elapsed)
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert panel.pointer == pytest.approx(394.0 - 0.1)
    qtbot.keyClick(window, Qt.Key.Key_Left)
    assert panel.pointer == pytest.approx(364.0 - 0.1)
    runs_by_frames(window)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    for _ in range(30):
        window.tick()
    assert panel.playing and panel.pointer == pytest.approx(364.9 - 0.1 + 0.09, abs=0.2)
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert recorder(window).events == []


def test_scrubbing_leaves_the_newest_second_and_live_returns(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(seconds=400.0)
    panel = window.panel
    assert panel.live_button.isHidden()
    middle = QPoint(panel.overview.width() // 2, 20)
    qtbot.mouseClick(panel.overview, Qt.MouseButton.LeftButton, pos=middle)
    assert not panel.live and panel.page is not None and panel.page.stop < 300
    assert not panel.live_button.isHidden()
    qtbot.mouseClick(panel.live_button, Qt.MouseButton.LeftButton)
    page = window.panel.page
    assert window.panel.live and page is not None and page.stop > 399


def all_texts(window: QWidget) -> Iterator[str]:
    for widget in [window, *window.findChildren(QWidget)]:
        yield from (
            widget.toolTip(),
            widget.accessibleName(),
            widget.accessibleDescription(),
            widget.windowTitle(),
        )
        if isinstance(widget, QLabel | QLineEdit | QPushButton | Chip):
            yield widget.text()
        if isinstance(widget, QLineEdit):
            yield widget.placeholderText()
        for action in widget.actions():
            yield action.text()
    for definition in titled():
        yield definition.hover()


@pytest.mark.parametrize("kind", ["live", "paused", "review", "empty"])
def test_no_text_on_screen_claims_a_state_of_mind(make_window: MakeWindow, kind: str) -> None:
    model = synthetic.model(synthetic.streams(voice=True))
    if kind != "empty":
        fill(model, 120.0, paused_session() if kind == "paused" else Session(events=list(marks(120.0))))
    model.state = "closed" if kind == "review" else "growing"
    window = make_window(model)
    texts = [t for t in all_texts(window) if t]
    codes = {re.sub("_", " ", b.code.code) for b in window.findChildren(MarkerButton)}
    assert len(texts) > 60
    for text in texts:
        bare = text.replace(NOTICE, "")
        for code in codes:
            bare = bare.replace(code, "")
        assert not forbidden(bare), text
    assert NOTICE in texts


def test_wording_rule_knows_what_it_forbids() -> None:
    for word in (
        "safe",
        "Shut down",
        "shut-down",
        "hyperarousal",
        "calming",
        "emotion",
        "a risk",
        "diagnosis",
    ):
        assert forbidden(f"the client is {word} now"), word
    assert not forbidden("arousal index above reference band; vagally mediated HRV; disk 4 GB free")


def test_every_number_says_unit_window_and_definition_on_hover(make_window: MakeWindow) -> None:
    window = make_window()
    for name, lane in window.panel.lanes.lanes.items():
        hover = lane.header.toolTip()
        assert "Window:" in hover and len(hover) > 60, name
    assert "Window:" in window.panel.gauges[Role.CLIENT].toolTip()


def test_latency_disk_and_streams_are_shown(make_window: MakeWindow) -> None:
    window = make_window()
    window.latency = 0.184
    window.panel.second(window.panel.facts(file="x", disk=41e9, latency=0.184))
    strip = window.panel.strip
    assert strip.latency.text() == "latency 184 ms"
    assert strip.disk.text() == "disk 41 GB free"
    assert strip.streams.text() == "streams 4/4"
    assert strip.clock.text() == "0:01:59"


@pytest.mark.parametrize(("theme", "size"), [("dark", (1280, 720)), ("light", (1600, 950))])
def test_everything_fits_into_the_window(make_window: MakeWindow, theme: str, size: tuple[int, int]) -> None:
    infos = synthetic.streams(voice=True)
    window = make_window(
        infos=infos, seconds=120.0, session=Session(infos=infos, events=list(marks(120.0))), theme=theme
    )
    window.resize(*size)
    QApplication.processEvents()
    window.draw_all()
    assert (window.width(), window.height()) == size
    panel = window.panel
    for widget in (panel.strip, panel.events, panel.overview, panel.bar, *panel.gauges.values()):
        corner = widget.mapTo(window, QPoint(widget.width(), widget.height()))
        assert corner.x() <= size[0] and corner.y() <= size[1], widget
        assert widget.height() >= widget.minimumHeight()
    tops = [lane.mapTo(window, QPoint(0, 0)).y() for lane in panel.lanes.lanes.values()]
    heights = [lane.height() for lane in panel.lanes.lanes.values()]
    assert all(h >= 36 for h in heights)
    bottoms = [top + height for top, height in zip(tops, heights, strict=True)]
    assert all(bottom <= top for (bottom, _), (_, top) in pairwise(zip(bottoms, tops, strict=True)))
    boxes = panel.events.boxes
    assert boxes and not any(a.intersects(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_time_axis_is_the_same_in_all_lanes(make_window: MakeWindow) -> None:
    window = make_window()
    spans = set()
    for lane in window.panel.lanes.lanes.values():
        view = lane.plot.view
        box = view.mapRectToScene(view.boundingRect())
        left = lane.plot.mapTo(window, QPoint(round(box.left()), 0)).x()
        spans.add((left, round(box.width()), tuple(view.viewRange()[0])))
    assert len(spans) == 1


def test_set_up_persists(make_window: MakeWindow) -> None:
    window = make_window()
    window.change(theme="light", seconds=300.0)
    window.show_lane("lnRMSSD", False)
    window.close()
    again = make_window()
    assert again.settings.theme == "light" and again.panel.seconds == 300.0
    assert again.panel.lanes.lanes["lnRMSSD"].isHidden()


def test_two_hundred_thousand_set_pen_do_not_abort(qtbot: QtBot) -> None:
    from PySide6.QtGui import QPainter, QPen

    image = QImage(20, 20, QImage.Format.Format_ARGB32_Premultiplied)
    painter, pen = QPainter(image), QPen(Qt.GlobalColor.red)
    for _ in range(200_000):
        painter.setPen(pen)
    assert painter.pen().color() == Qt.GlobalColor.red
    painter.end()


def test_silent_stream_leaves_a_hole_and_no_line(make_window: MakeWindow) -> None:
    session = Session(silent={(Role.CLIENT, Modality.ECG): (60.0, 90.0)})
    window = make_window(session=session)
    plot = window.panel.lanes.lanes["ECG client"].plot
    shown = picture(plot)
    page = window.panel.page
    assert page is not None
    view = plot.view
    box = view.mapRectToScene(view.boundingRect())
    left = round(box.left() + (70.0 - page.start) / page.seconds * box.width())
    right = round(box.left() + (88.0 - page.start) / page.seconds * box.width())
    rgb = [int(DARK.client[i : i + 2], 16) for i in (1, 3, 5)]
    assert right > left + 50
    assert not (np.abs(shown[:, left:right] - rgb).max(axis=2) < 20).any()


def test_recorder_that_hangs_does_not_look_like_one_that_is_well(make_window: MakeWindow) -> None:
    window = make_window()
    assert window.panel.gauges[Role.CLIENT].reading.kind == "above"
    frozen = window.model.now
    window.panel._now = window._now = lambda: frozen + 20.0  # nothing came for 20 s, and no word of an end
    window.draw_all()
    panel = window.panel
    assert panel.gauges[Role.CLIENT].text().startswith("no data")
    assert panel.strip.chips[Role.CLIENT].chips[0].text() == "ECG lost 20 s"
    assert panel.strip.streams.text() == "streams 0/4"
    assert panel.strip.latency.text() == "SCREEN 20 s BEHIND"
    assert panel.lanes.lanes["HR"].header.text() == "C no data; T no data"


def test_window_opened_before_its_streams_were_found_shows_them_later(make_window: MakeWindow) -> None:
    infos = synthetic.streams()
    window = make_window(synthetic.model([]))
    assert "ECG client" not in window.panel.lanes.lanes
    window.model.expect(infos)
    fill(window.model, 30.0, Session(infos=infos))
    window.tick()
    assert {"ECG client", "ECG therapist", "EDA"} <= set(window.panel.lanes.lanes)
    assert n_pixels(window.panel.lanes.lanes["ECG client"].plot, DARK.client) > 200


def test_broken_pipeline_stops_the_screen_and_not_the_markers(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window._ended(Ended("cut", "ZeroDivisionError: injected"))
    window.draw_all()
    assert window.panel.strip.latency.text() == "SCREEN STOPPED: ZeroDivisionError: injected"
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert marked(window, 1)[0].code == "mismatch"


@pytest.mark.parametrize("profile", ["therapist", "rater"])
def test_any_profile_of_keys_fits(make_window: MakeWindow, profile: str) -> None:
    window = make_window()
    window.profiles = lambda name: load_vocabulary().profile(name)
    window.change(profile=profile)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1600, 950)
    buttons = window.panel.bar.buttons
    assert len(buttons) == {"therapist": 3, "rater": 55}[profile]
    boxes = [b.geometry() for b in buttons]
    assert not any(a.intersects(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert min(lane.height() for lane in window.panel.lanes.lanes.values()) >= 30


def test_ticks_of_the_view_menu_say_how_the_lanes_are(make_window: MakeWindow) -> None:
    window = make_window()
    menu = window.panel.strip.menu.menu()

    def ticked() -> bool:
        return next(a for a in menu.actions() if a.text() == "EDA").isChecked()

    menu.aboutToShow.emit()
    assert ticked()
    window.panel.set_lane_shown("EDA", False)  # as the list of lanes does
    menu.aboutToShow.emit()
    assert not ticked()
    window.panel.set_lane_shown("EDA", True)
    menu.aboutToShow.emit()
    assert ticked()


def test_a_ticked_box_leaves_its_words_their_room(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    box = QCheckBox("Keys mark", window)
    box.show()
    free = box.sizeHint().width()
    box.setChecked(True)
    assert box.sizeHint().width() == free
    option = QStyleOptionButton()
    box.initStyleOption(option)
    part = QStyle.SubElement.SE_CheckBoxContents
    room = box.style().subElementRect(part, option, box)
    box.setChecked(False)
    option = QStyleOptionButton()
    box.initStyleOption(option)
    assert room.width() == box.style().subElementRect(part, option, box).width()
