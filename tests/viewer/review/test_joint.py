"""Joint replay: of each person only what their consent and their own press allow is there to be drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from acquisition.event import Event
from acquisition.events.overlay import read_overlay
from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import PEOPLE, Role
from tests.viewer import synthetic
from tests.viewer.review.test_cued import n_pixels
from tests.viewer.review.test_review import OpenReview, open_review
from tests.viewer.synthetic import T0, Session, fill, marks
from viewer.model.definitions import NOTICE
from viewer.model.model import SessionModel
from viewer.model.restricted import BOTH, restricted
from viewer.model.wording import forbidden
from viewer.review.joint import JointBar, shared_events
from viewer.theme import DARK
from viewer.window import OperatorWindow

__all__ = ["open_review"]
CONTROL = Qt.KeyboardModifier.ControlModifier


def recorded(views: frozenset[str], events: list[Event] | None = None) -> SessionModel:
    model = synthetic.model()
    fill(model, 120.0, Session(events=list(marks(120.0)) if events is None else events))
    model.state = "closed"
    model.facts = replace(model.facts, views=views)
    return model


def joint(window: OperatorWindow, qtbot: QtBot) -> JointBar:
    qtbot.keyClick(window, Qt.Key.Key_J, CONTROL)
    return bar_of(window)


def bar_of(window: OperatorWindow) -> JointBar:
    central = window.centralWidget()
    assert central is not None
    bar = central.findChild(JointBar)
    assert isinstance(bar, JointBar)
    return bar


def entities(model: SessionModel) -> set[str]:
    held = (
        {e for (e, _), trace in model.traces.items() if trace.n}
        | {r.value for r, _ in model.waves}
        | {r.value for r, _ in model.sources}
    )
    return held | {h.info.role.value for h in model.health.values()} | {s.role.value for s in model.streams}


@pytest.mark.parametrize("people", [frozenset(), frozenset({"client"}), frozenset({"therapist"}), BOTH])
def test_a_restricted_session_holds_nothing_of_the_others(people: frozenset[str]) -> None:
    model = recorded(BOTH)
    out = restricted(model, people, [])
    assert entities(out) <= people | ({"dyad"} if people == BOTH else set())
    assert ("dyad", "sync_hr") in model.traces
    assert (("dyad", "sync_hr") in out.traces) == (people == BOTH)
    assert out.elapsed == model.elapsed and out.events == []


def test_nothing_of_anybody_is_drawn_at_first_nor_after_coming_back(
    open_review: OpenReview, qtbot: QtBot
) -> None:
    window = open_review(recorded(BOTH))
    assert n_pixels(window, DARK.client) > 200 and n_pixels(window, DARK.therapist) > 200
    bar = joint(window, qtbot)
    assert entities(window.panel.model) == set()
    assert n_pixels(window.panel, DARK.client) == n_pixels(window.panel, DARK.therapist) == 0
    assert bar.why.text() == "nothing of a person is shown until they press their button"
    for key in (Qt.Key.Key_F2, Qt.Key.Key_F3):  # neither keys nor the menu bring up what is kept off
        qtbot.keyClick(window, key)
    assert window.beside.set_up is None and window.panel.strip.menu.isHidden()
    assert all(window.panel.gauges[r].isHidden() and window.panel.planes[r].isHidden() for r in PEOPLE)
    qtbot.keyClick(window, Qt.Key.Key_1, CONTROL)
    assert entities(window.panel.model) == {"client"}
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    central = window.centralWidget()
    assert central is not None and central.findChild(JointBar) is None
    assert window.panel.model is window.model
    joint(window, qtbot)
    assert entities(window.panel.model) == set()


def test_each_shows_their_own_lines_and_takes_them_back(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(recorded(BOTH))
    joint(window, qtbot)
    qtbot.keyClick(window, Qt.Key.Key_2, CONTROL)
    assert entities(window.panel.model) == {"therapist"}
    assert n_pixels(window.panel, DARK.therapist) > 200 and n_pixels(window.panel, DARK.client) == 0
    assert window.panel.gauges[Role.CLIENT].isHidden() and window.panel.strip.chips[Role.CLIENT].isHidden()
    qtbot.mouseClick(bar_of(window).boxes["client"], Qt.MouseButton.LeftButton)
    assert entities(window.panel.model) == {"client", "therapist", "dyad"}
    assert n_pixels(window.panel, DARK.client) > 200
    qtbot.keyClick(window, Qt.Key.Key_2, CONTROL)
    assert entities(window.panel.model) == {"client"}
    assert n_pixels(window.panel.lanes.lanes["HR"].plot, DARK.therapist) == 0


def test_without_consent_a_person_cannot_be_shown(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(recorded(frozenset({"therapist"})))
    bar = joint(window, qtbot)
    assert not bar.boxes["client"].isEnabled() and bar.boxes["therapist"].isEnabled()
    assert bar.why.text() == "nothing of the client is shown: no consent to see own values (view = true)"
    qtbot.keyClick(window, Qt.Key.Key_1, CONTROL)
    window.reviewing.agreed = BOTH  # type: ignore[union-attr]  # even if a press came through
    window.rebuild()
    assert entities(window.panel.model) == {"therapist"} and n_pixels(window.panel, DARK.client) == 0


def test_events_that_judge_somebody_and_notes_are_not_shown() -> None:
    codes = {
        "over_observed": "client",
        "rupture_withdraw": "client",
        "ther_unsafe": "therapist",
        "note": "dyad",
        "felt_ok": "client",
        "helpful_event": "therapist",
        "now_moment": "dyad",
        "segment": "tech",
        "foreign cue": "dyad",
    }
    events = {c: Event(time=T0, code=c, actor=a, id=c) for c, a in codes.items()}
    vocabulary = load_vocabulary()
    assert {e.code for e in shared_events(events, vocabulary, BOTH)} == {
        "felt_ok",
        "helpful_event",
        "now_moment",
        "segment",
    }
    assert {e.code for e in shared_events(events, vocabulary, frozenset())} == {"now_moment", "segment"}


def test_a_paused_stretch_stays_grey_and_empty(open_review: OpenReview, qtbot: QtBot) -> None:
    pause = [
        Event(time=T0 + 80.0, code="consent_pause", phase="on", actor="client", id="p1"),
        Event(time=T0 + 110.0, code="consent_pause", phase="off", actor="client", id="p2"),
    ]
    window = open_review(recorded(BOTH, pause))
    joint(window, qtbot)
    qtbot.keyClick(window, Qt.Key.Key_1, CONTROL)
    window.panel.go_to(95.0)
    window.draw_all()
    assert window.panel.gauges[Role.CLIENT].text().startswith("paused")
    assert window.panel.lanes.lanes["HR"].header.text().startswith("C paused")


def test_a_person_who_paused_for_good_is_not_drawn_even_if_they_press(
    open_review: OpenReview, qtbot: QtBot
) -> None:
    pause = Event(time=T0 + 100.0, code="consent_pause", phase="on", actor="client", id="p1")
    window = open_review(recorded(BOTH, [pause]))
    joint(window, qtbot)
    for key in (Qt.Key.Key_1, Qt.Key.Key_2):
        qtbot.keyClick(window, key, CONTROL)
    window.draw_all()
    for name in ("HR", "EDA", "Arousal"):
        assert n_pixels(window.panel.lanes.lanes[name].plot, DARK.client) == 0, name
    assert n_pixels(window.panel.lanes.lanes["HR"].plot, DARK.therapist) > 100


def test_what_is_found_helpful_is_added_and_seen_at_once(
    open_review: OpenReview, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_review(recorded(BOTH))
    joint(window, qtbot)
    review = window.review
    assert review is not None
    window.panel.go_to(60.0)
    assert review.bar.chosen_code == "helpful_event"
    review.bar.actor.setCurrentText("client")
    review.bar.value.setText("9")
    review.add()
    (edit,) = read_overlay(tmp_path)
    assert (edit.fields["code"], edit.fields["actor"], edit.fields["value"]) == (
        "helpful_event",
        "client",
        9.0,
    )
    qtbot.keyClick(window, Qt.Key.Key_1, CONTROL)  # the client's marks belong to the client
    window.draw_all()
    assert any(m.code == "helpful_event" for m in window.panel.shown)
    review = window.review
    assert review is not None
    window.panel.go_to(61.0)
    review.add()
    window.draw_all()
    assert sum(m.code == "helpful_event" for m in window.panel.shown) >= 1


def test_no_word_of_the_joint_replay_claims_a_state_of_mind(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(recorded(frozenset({"therapist"})))
    joint(window, qtbot)
    said = [w.text() for w in window.findChildren(QLabel)]
    said += [w.text() for w in window.findChildren(QAbstractButton)]
    said += [w.toolTip() for w in window.findChildren(QWidget)]
    assert len([t for t in said if t]) > 20
    assert [t for t in said if forbidden(t.replace(NOTICE, ""))] == []
