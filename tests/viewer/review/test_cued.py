"""Cued review: no signal on screen, answers in the overlay with their actor, and taking it up again."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from acquisition.event import Event
from acquisition.events.overlay import effective, read_overlay
from acquisition.stream import Role
from processing.index import IndexSample
from tests.viewer import synthetic
from tests.viewer.review.test_review import OpenReview, open_review
from tests.viewer.review.test_review_desk import desk_on
from tests.viewer.synthetic import T0, Session, fill
from viewer.lanes.lane import Lane
from viewer.model.cued_session import CuedSession
from viewer.model.definitions import NOTICE
from viewer.model.model import SessionModel
from viewer.model.wording import forbidden
from viewer.review.cued import CuedReview
from viewer.theme import DARK
from viewer.window import OperatorWindow

__all__ = ["open_review"]
CONTROL = Qt.KeyboardModifier.ControlModifier


@cache
def arousal(seconds: float) -> list[IndexSample]:
    return [r for r in synthetic.index_samples(0.0, seconds) if r.index.startswith("arousal")]


def hour(seconds: float = 700.0, events: list[Event] | None = None) -> SessionModel:
    """Return a session of which only the arousal index and the ticks are there."""
    model = synthetic.model([])
    model.add_batch(Session(infos=[], events=events or []).batch(round(seconds * 10)))
    model.add_samples(arousal(seconds))
    model.state = "closed"
    return model


def session_on(path: Path, model: SessionModel, role: Role = Role.CLIENT) -> CuedSession:
    return CuedSession(model, desk_on(path, "R2", model), role)


def page_of(window: OperatorWindow) -> CuedReview:
    page = window.centralWidget()
    assert isinstance(page, CuedReview)
    return page


def test_an_answer_is_an_event_of_the_person_at_the_end_of_the_moment(tmp_path: Path) -> None:
    session = session_on(tmp_path, hour())
    assert 12 <= len(session.moments) <= 16
    moment = session.moments[session.at]
    assert session.store("felt_over", 8.0)
    (edit,) = read_overlay(tmp_path)
    event = effective([], [edit])[0]
    assert (event.code, event.actor, event.value, event.t_unc) == ("felt_over", "client", 8.0, 10.0)
    assert event.onset == pytest.approx(T0 + 0.1 + moment.stop)
    assert (edit.who, edit.why, event.source) == ("C07", "cued review", "review")
    assert session.progress() == f"moment 2 of {len(session.moments)} · 1 answered"


def test_it_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    model = hour()
    first = session_on(tmp_path, model)
    moments = first.moments
    for code in ("felt_ok", "felt_over"):
        first.store(code, None)
    first.go(1)
    first.store("felt_under", 3.0)
    again = session_on(tmp_path, hour())
    assert again.moments == moments
    assert again.answered[:5] == [True, True, False, True, False] and again.at == 2


def test_later_edits_of_other_events_do_not_change_the_moments(tmp_path: Path) -> None:
    model = hour(events=[Event(time=T0 + 400.0, code="insight", actor="client", id="i")])
    before = session_on(tmp_path, model).moments
    desk = desk_on(tmp_path, "R2", model)
    desk.add("insight", 300.0)
    assert session_on(tmp_path, model).moments == before


def test_an_answer_can_be_changed_and_is_then_one_answer(tmp_path: Path) -> None:
    session = session_on(tmp_path, hour())
    session.store("felt_over", 8.0)
    session.go(-1)
    assert session.store("felt_ok", 5.0)
    events = effective([], read_overlay(tmp_path))
    assert [(e.code, e.value) for e in events] == [("felt_ok", 5.0)]
    assert {e.why for e in read_overlay(tmp_path)[1:]} == {"answered again"}


def test_each_person_has_their_own_answers(tmp_path: Path) -> None:
    model = hour()
    session_on(tmp_path, model).store("felt_ok", None)
    therapist = session_on(tmp_path, model, Role.THERAPIST)
    assert not any(therapist.answered)
    therapist.store("felt_over", 2.0)
    events = effective([], read_overlay(tmp_path))
    assert {(e.actor, e.code) for e in events} == {("client", "felt_ok"), ("therapist", "felt_over")}


def test_pauses_and_baselines_are_not_asked_about(tmp_path: Path) -> None:
    events = [
        Event(time=T0 + 0.5, code="baseline_rest", actor="tech", phase="on", id="a"),
        Event(time=T0 + 120.0, code="baseline_rest", actor="tech", phase="off", id="b"),
        Event(time=T0 + 300.0, code="consent_pause", actor="client", phase="on", id="c"),
        Event(time=T0 + 400.0, code="consent_pause", actor="client", phase="off", id="d"),
    ]
    session = session_on(tmp_path, hour(events=events))
    assert len(session.moments) >= 8
    for m in session.moments:
        assert m.start >= 119.9 and (m.stop <= 299.9 or m.start >= 399.9)


def test_a_person_who_paused_for_good_is_not_asked_about_what_came_after(tmp_path: Path) -> None:
    pause = Event(time=T0 + 400.0, code="consent_pause", actor="client", phase="on", id="c")
    session = session_on(tmp_path, hour(events=[pause]))
    assert session.moments and all(m.stop <= 399.9 for m in session.moments)


def n_pixels(widget: QWidget, colour: str) -> int:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int(
        (
            np.abs(raw[:, : image.width(), 2::-1].astype(np.int16) - np.array(rgb, np.int16)).max(axis=2)
            <= 10
        ).sum()
    )


def test_no_signal_is_on_screen_while_a_person_answers(open_review: OpenReview, qtbot: QtBot) -> None:
    model = synthetic.model()
    fill(model, 300.0)
    model.state = "closed"
    window = open_review(model)
    assert n_pixels(window, DARK.client) > 500  # it was there
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    page = page_of(window)
    QApplication.processEvents()
    assert page.isVisible() and page.findChildren(Lane) == []
    behind = window.panel.model
    assert (
        not window.panel.isVisible() and behind.waves == {} and not any(t.n for t in behind.traces.values())
    )
    for colour in (DARK.client, DARK.therapist, DARK.above, DARK.below):
        assert n_pixels(window, colour) == 0
    for key in (Qt.Key.Key_F2, Qt.Key.Key_F3, Qt.Key.Key_Space):
        qtbot.keyClick(window, key)
    assert not window.panel.isVisible() and window.beside.set_up is None
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    QApplication.processEvents()
    for _ in range(40):
        window.tick()
    assert window.review is not None and n_pixels(window, DARK.client) > 500


def test_keys_alone_answer_all_of_it(open_review: OpenReview, qtbot: QtBot, tmp_path: Path) -> None:
    window = open_review(hour())
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    page = page_of(window)
    n = len(page.session.moments)
    qtbot.keyClick(window, Qt.Key.Key_2)
    assert page.chosen == "felt_over" and not (tmp_path / "overlay.jsonl").exists()  # nothing stored so far
    qtbot.keyClick(window, Qt.Key.Key_Backspace)
    assert page.chosen == ""
    for k in range(n):
        qtbot.keyClick(window, (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)[k % 3])
        qtbot.keyClick(window, Qt.Key.Key_Return if k == 0 else Qt.Key.Key_Plus if k == 1 else Qt.Key.Key_7)
    events = effective([], read_overlay(tmp_path))
    assert [e.code for e in events] == [("felt_ok", "felt_over", "felt_under")[k % 3] for k in range(n)]
    assert [e.value for e in events] == [None, 10.0, *[7.0] * (n - 2)]
    assert page.progress.text().endswith(f"{n} answered") and "All moments are answered" in page.hint.text()


def test_answers_are_kept_when_the_window_is_closed_in_between(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(hour())
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    for key in (Qt.Key.Key_1, Qt.Key.Key_9):
        qtbot.keyClick(window, key)
    window.close()
    again = open_review(hour())
    qtbot.keyClick(again, Qt.Key.Key_R, CONTROL)
    assert page_of(again).progress.text().startswith("moment 2 of ")
    qtbot.keyClick(again, Qt.Key.Key_Left)
    page = page_of(again)
    assert page.answers["felt_ok"].isChecked() and page.sure[9].isChecked()


def test_what_was_not_stored_is_said_on_the_page(
    open_review: OpenReview, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_review(hour())
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    asked = []

    def refused(path: object, *_: object) -> int:
        asked.append(path)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("acquisition.events.overlay_file.os.open", refused)
    for key in (Qt.Key.Key_1, Qt.Key.Key_9):
        qtbot.keyClick(window, key)
    assert asked and "is read-only" in page_of(window).hint.text()
    assert page_of(window).progress.text().startswith("moment 1 of ")


def test_the_other_person_may_be_asked(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(hour())
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    assert page_of(window).title.text() == "Cued review · Client C07"
    qtbot.mouseClick(page_of(window).other_button, Qt.MouseButton.LeftButton)
    assert page_of(window).title.text() == "Cued review · Therapist T02"


def test_a_recording_without_moments_says_so(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(hour(15.0))
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    page = page_of(window)
    assert page.question.text() == "this recording has no moment to ask about"
    qtbot.keyClick(window, Qt.Key.Key_1)
    assert page.chosen == "" and not page.on.isEnabled()


def test_no_word_of_the_page_claims_a_state_of_mind(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(hour())
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    page = page_of(window)
    said = [w.text() for w in page.findChildren(QLabel)] + [w.text() for w in page.findChildren(QPushButton)]
    said += [w.accessibleName() for w in page.findChildren(QWidget)]
    assert NOTICE in said and len([t for t in said if t]) > 20
    assert [t for t in said if forbidden(t.replace(NOTICE, ""))] == []


def test_a_baseline_that_nobody_closed_leaves_nothing_to_ask_about(
    open_review: OpenReview, qtbot: QtBot
) -> None:
    model = synthetic.model()
    fill(model, 300.0, Session(events=[Event(time=T0 + 5, code="baseline_rest", phase="on", actor="tech")]))
    model.state = "closed"
    window = open_review(model)
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    page = page_of(window)
    assert page.session.moments == []
    assert page.progress.text() == "this recording has no moment to ask about"
