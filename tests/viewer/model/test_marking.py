"""From a key to an event: stamped at the press, undone by a void, and never silently lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from acquisition.errors import ControlError
from acquisition.event import Event
from acquisition.events.intervals import Intervals
from acquisition.events.vocabulary import load_vocabulary
from tests.waiting import wait_for
from viewer.model.marking import Marking

CODES = load_vocabulary().codes


class FakeRecorder:
    """Keep what it is told; refuse or hang where a test wants that."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.calls: list[str] = []
        self.refusal = ""
        self.doubted: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()

    def mark(self, event: Event) -> Event:
        self.gate.wait(10.0)
        if self.refusal:
            raise ControlError(self.refusal)
        self.events.append(event)
        return event

    def pause(self, role: Any) -> None:
        self.calls.append(f"pause {role}")

    def resume(self, role: Any) -> None:
        self.calls.append(f"resume {role}")

    def swap(self, since: str, only: Sequence[str]) -> None:
        self.calls.append(f"swap from {since} {', '.join(only) or 'all'}")

    def replace(self, role: str, profile: str, **device: str) -> None:
        if self.refusal:
            raise ControlError(self.refusal)
        self.calls.append(f"replace {role} {profile} {device}")

    def stop(self) -> None:
        self.calls.append("stop")

    def waiting(self) -> list[dict[str, Any]]:
        return list(self.doubted)

    def confirm(self, stream: str, *, yes: bool, sender: str, source: str) -> None:
        if self.refusal:
            raise ControlError(self.refusal)
        self.calls.append(f"confirm {stream} {yes} {sender} {source}")
        self.doubted = [d for d in self.doubted if f"{d['role']} {d['name']}" != stream]


class Clock:
    """Tell a time that a test sets."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def desk() -> Any:
    recorder, clock = FakeRecorder(), Clock()
    marking = Marking(recorder, clock, rater="R2")
    yield recorder, clock, marking
    recorder.gate.set()
    marking.close()


def settled(marking: Marking) -> None:
    def answered() -> bool:
        marking.poll()
        return marking.waiting == 0

    wait_for(answered)


def test_press_is_stamped_at_the_press_and_not_at_the_answer(desk: Any) -> None:
    recorder, clock, marking = desk
    recorder.gate.clear()
    marking.press(CODES["mismatch"])
    clock.now = 507.0
    assert recorder.events == []  # the recorder has not answered yet
    recorder.gate.set()
    settled(marking)
    event = recorder.events[0]
    assert (event.time, event.code, event.phase, event.actor) == (500.0, "mismatch", "point", "dyad")
    assert event.id and event.rater == "R2" and event.source == "key" and event.t_unc == 5.0


def test_shift_means_about_ten_seconds_ago(desk: Any) -> None:
    recorder, _, marking = desk
    marking.press(CODES["client_slow"], ago=True)
    settled(marking)
    assert (recorder.events[0].time, recorder.events[0].t_shift, recorder.events[0].onset) == (
        500.0,
        -10.0,
        490.0,
    )


def test_first_press_opens_an_interval_and_second_closes_it(desk: Any) -> None:
    recorder, _, marking = desk
    for _ in range(3):
        marking.press(CODES["baseline_rest"])
    settled(marking)
    on, off, again = recorder.events
    assert (on.phase, off.phase, again.phase) == ("on", "off", "on")
    assert off.ref == on.id
    assert marking.is_running(CODES["baseline_rest"])


def test_interval_begun_before_a_restart_is_closed_by_the_next_press(desk: Any) -> None:
    recorder, _, marking = desk
    marking.adopt(Intervals([Event(time=1.0, code="break", phase="on", actor="tech", id="old-id")]))
    marking.press(CODES["break"])
    settled(marking)
    assert (recorder.events[0].phase, recorder.events[0].ref) == ("off", "old-id")


def test_undo_reaches_all_markers_of_the_session_one_after_another(desk: Any) -> None:
    recorder, clock, marking = desk
    earlier = Event(time=1.0, code="now_moment", source="pedal", id="of-another-window")
    pause = Event(time=2.0, code="consent_pause", phase="on", actor="client", id="pause")
    software = Event(time=3.0, code="auto_gap", source="auto", id="software")
    foreign = Event(time=4.0, code="sync_mark", source="lsl", id="foreign")
    marking.adopt(Intervals([earlier, pause, software, foreign]))
    sent = [marking.press(CODES[code]) for code in ("mismatch", "break", "break")]
    clock.now += 3600.0
    voids = [marking.undo() for _ in range(5)]
    settled(marking)
    assert [v.ref for v in voids] == [e.id for e in reversed(sent)] + ["foreign", "of-another-window"]
    assert {v.phase for v in voids} == {"void"} and {v.time for v in voids} == {clock.now}
    assert recorder.events == [*sent, *voids]
    assert marking.undo() is None and marking.message == "nothing to undo"


def test_undo_takes_a_press_and_its_value_as_one(desk: Any) -> None:
    _, _, marking = desk
    before, press = marking.press(CODES["mismatch"]), marking.press(CODES["suds"])
    valued = marking.complete(press, 40.0)
    assert [marking.undo().ref for _ in range(2)] == [valued.id, before.id]
    assert marking.undo() is None


def test_undo_that_was_refused_can_be_asked_for_again(desk: Any) -> None:
    recorder, _, marking = desk
    event = marking.press(CODES["mismatch"])
    settled(marking)
    recorder.refusal = "the client is paused"
    assert marking.undo().ref == event.id
    settled(marking)
    assert marking.message.startswith("NOT STORED") and marking.undo().ref == event.id


def test_undoing_the_end_of_an_interval_lets_it_run_on(desk: Any) -> None:
    _, _, marking = desk
    marking.press(CODES["break"])
    marking.press(CODES["break"])
    marking.undo()
    assert marking.is_running(CODES["break"])


def test_refused_marker_is_said_loudly(desk: Any) -> None:
    recorder, _, marking = desk
    recorder.refusal = "the client is paused"
    marking.press(CODES["break"])
    settled(marking)
    assert marking.failed and marking.message.startswith("NOT STORED: marker break: the client is paused")
    assert not marking.is_running(CODES["break"]) and marking.last is None


def test_note_is_shifted_to_its_first_key(desk: Any) -> None:
    recorder, clock, marking = desk
    clock.now = 530.0
    marking.note("window opened", 522.0)
    settled(marking)
    assert (recorder.events[0].note, recorder.events[0].onset) == ("window opened", 522.0)


def test_commands_reach_the_recorder_in_order(desk: Any) -> None:
    recorder, _, marking = desk
    marking.pause("client")
    marking.resume("client")
    marking.stop()
    settled(marking)
    assert recorder.calls == ["pause client", "resume client", "stop"]


def test_interval_runs_from_the_press_until_it_is_read_back_and_beyond(desk: Any) -> None:
    _, _, marking = desk
    on = marking.press(CODES["break"])
    settled(marking)
    marking.adopt(Intervals())
    assert marking.is_running(CODES["break"])  # stored, but not read back yet
    marking.adopt(Intervals([on]))
    off = marking.press(CODES["break"])
    marking.adopt(Intervals([on]))
    assert off.phase == "off" and not marking.is_running(CODES["break"])
