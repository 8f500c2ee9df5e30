"""A mark of somebody who is paused cannot be undone, and does not keep the older ones from it."""

from __future__ import annotations

from acquisition.event import Event
from acquisition.stream import Role
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import T0, Session


def test_undo_passes_over_a_mark_of_who_is_paused(make_window: MakeWindow) -> None:
    events = [
        Event(time=T0 + 10, code="now_moment", actor="dyad", source="key", id="older"),
        Event(time=T0 + 20, code="client_slow", actor="client", source="key", id="theirs"),
    ]
    window = make_window(session=Session(events=events))
    desk = window.desk
    assert desk is not None
    desk.show()
    last = desk.marking.undoable()
    assert last is not None and last.id == "theirs"
    window.model.paused[Role.CLIENT] = 30.0
    desk.show()
    last = desk.marking.undoable()
    assert last is not None and last.id == "older"
    desk.undo()
    assert "undone: now moment" in desk.last_text()
