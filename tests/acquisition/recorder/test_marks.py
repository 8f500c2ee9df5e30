from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import AttunementError, ControlError
from acquisition.event import Event
from acquisition.events.vocabulary import PAUSE, load_vocabulary
from acquisition.recorder.marks import Marks
from acquisition.stream import Role

NOW = 1000.0


def marked(marks: Marks, now: float = NOW, **fields: Any) -> Event:
    event = marks.make(fields, now)
    marks.note(event)
    return event


def test_a_mark_has_the_actor_of_its_code_and_the_stamp_of_the_press() -> None:
    event = marked(Marks(load_vocabulary()), code="suds", value="35", time=NOW - 0.4)
    assert (event.actor, event.time, event.value, event.phase) == ("client", NOW - 0.4, 35.0, "point")
    assert event.id


def test_an_interval_opens_and_closes() -> None:
    marks = Marks(load_vocabulary())
    on, off, again = (marked(marks, code="segment") for _ in range(3))
    assert [e.phase for e in (on, off, again)] == ["on", "off", "on"]
    assert off.ref == on.id
    assert marks.open == [again]


def test_open_intervals_end_censored_but_not_those_of_a_paused_person() -> None:
    marks = Marks(load_vocabulary())
    marked(marks, code="segment")
    marked(marks, code="over_observed")
    closing = marks.closing(NOW + 5, {Role.CLIENT})
    assert [(e.code, e.phase, e.note, e.time) for e in closing] == [("segment", "off", "censored", NOW + 5)]


def test_undo_voids_the_last_mark_however_old() -> None:
    marks = Marks(load_vocabulary())
    first, second = marked(marks, code="segment"), marked(marks, code="now_moment")
    assert marked(marks, NOW + 1, phase="void").ref == second.id
    void = marked(marks, NOW + 1, phase="void", ref="segment", id="mine")
    assert void.id == "mine"
    assert (void.phase, void.ref, void.code) == ("void", first.id, "segment")
    assert not marks.open
    third = marked(marks, code="mismatch")
    assert marked(marks, NOW + 3600, phase="void").ref == third.id
    with pytest.raises(ControlError, match="no mark to undo"):
        marks.void("", NOW + 3600)


def test_undo_goes_back_through_the_session_and_passes_over_pauses() -> None:
    marks = Marks(load_vocabulary())
    first, pause, second = (marked(marks, code=c) for c in ("now_moment", PAUSE, "mismatch"))
    assert [marked(marks, NOW + 3000 + k, phase="void").ref for k in (0, 1)] == [second.id, first.id]
    with pytest.raises(ControlError, match="no mark to undo"):
        marks.void("", NOW + 3002)
    assert marks.open == [pause]


def test_undo_passes_over_marks_of_who_is_paused_unless_one_is_named() -> None:
    marks = Marks(load_vocabulary())
    older, theirs = marked(marks, code="now_moment"), marked(marks, code="client_slow")
    assert marks.void("", NOW + 5, paused={Role.CLIENT}).ref == older.id
    assert marks.void("", NOW + 5).ref == theirs.id
    assert marks.void(theirs.id, NOW + 5, paused={Role.CLIENT}).ref == theirs.id


def test_undoing_the_end_of_an_interval_opens_it_again() -> None:
    marks = Marks(load_vocabulary())
    on = marked(marks, code="segment")
    marked(marks, code="segment")
    marked(marks, phase="void")
    assert marks.open == [on]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"code": "segmnt"}, r"no code named 'segmnt' \(near: segment"),
        ({"code": "suds", "value": 300}, "suds takes a number from 0 to 100"),
        ({"code": "suds", "value": "high"}, "suds takes a number from 0 to 100"),
        ({"code": "safety_test", "value": "won"}, "safety_test takes one of passed, failed, open"),
        ({"code": "now_moment", "value": 3}, "'now_moment' takes no value"),
        ({"code": "now_moment", "actor": "pilot"}, "actor = 'pilot': must be one of client"),
        ({"code": "now_moment", "actor": "any"}, "actor = 'any': must be one of client"),
        ({"code": "now_moment", "rater": "Anna"}, "rater: must be a code such as R2"),
        ({"code": "now_moment", "time": NOW + 60}, "time = 1060.0: must be a number from"),
        ({"code": "now_moment", "time": float("nan")}, "time = nan: must be a number"),
        ({"code": "now_moment", "colour": 1}, "unknown field 'colour'"),
        ({"code": "now_moment", "phase": "on"}, "phase = 'on': must be one of point"),
        ({"code": "segment", "phase": "off"}, "interval 'segment' is not open"),
        ({"code": "now_moment", "note": "x" * 2001}, "note: must be printable text"),
        ({"code": "auto_above"}, "written by the software only"),
        ({}, "no code named ''"),
    ],
)
def test_a_faulty_mark_is_refused(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(AttunementError, match=fault):
        Marks(load_vocabulary()).make(fields, NOW)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["code", "phase", "actor", "value", "note", "time", "ref", "id", "t_shift", "rater"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=5),
            st.lists(st.integers(), max_size=2),
        ),
    ),
    st.sampled_from(["suds", "segment", "now_moment", "safety_test", None]),
)
def test_any_fields_make_an_event_or_a_named_error(fields: dict[str, Any], code: str | None) -> None:
    try:
        event = Marks(load_vocabulary()).make(fields | ({"code": code} if code else {}), NOW)
    except AttunementError:
        return
    assert Event.from_json(event.time, event.to_json()).code == event.code
