"""Editing events in review: what holds afterwards, who may do what, and taking it back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.event import Event
from acquisition.events.overlay import effective, read_edits
from acquisition.events.vocabulary import load_vocabulary
from acquisition.protection.audit import entries
from tests.viewer import synthetic
from tests.viewer.synthetic import T0, Session, marks
from viewer.model.event_rows import Row, fine_clock, rows, seconds_of
from viewer.model.model import SessionModel
from viewer.review.desk import ReviewDesk


def ticking() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"2026-11-22T10:00:{next(numbers):02d}+00:00"


def reviewed(seconds: float = 600.0, events: list[Event] | None = None) -> SessionModel:
    model = synthetic.model([])
    session = Session(infos=[], events=list(marks(seconds)) if events is None else events)
    model.add_batch(session.batch(round(seconds * 10)))
    model.state = "closed"
    return model


def desk_on(path: Path, who: str = "R2", model: SessionModel | None = None, hour: int = 10) -> ReviewDesk:
    clock = ticking()
    return ReviewDesk(
        model or reviewed(),
        path / "overlay.jsonl",
        load_vocabulary(),
        clock=lambda: clock().replace("T10", f"T{hour}"),
        who=who,
    )


def row(desk: ReviewDesk, code: str) -> Row:
    return next(r for r in desk.rows() if r.code == code)


def times(desk: ReviewDesk) -> list[tuple[str, float]]:
    return [(r.code, round(r.start, 6)) for r in desk.rows()]


def test_intervals_are_one_row_and_open_ones_say_so(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    rest, segment = row(desk, "baseline_rest"), row(desk, "segment")
    assert (rest.start, rest.stop, rest.off) == (4.9, 304.9, "e1")
    assert segment.open and not rest.open and not row(desk, "now_moment").open


def test_the_log_says_once_that_somebody_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "store.json").write_text("{}")
    monkeypatch.setenv("ATTUNE_KEYS", str(keys))
    desk = desk_on(tmp_path)
    for at in (100.0, 110.0):
        desk.add("rupture_withdraw", at)
    (entry,) = entries(keys)[0]
    assert (entry.act, entry.more) == ("edited", {"file": "overlay"})


def test_an_added_event_is_on_the_disk_with_who_when_and_why(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    key = desk.add("rupture_withdraw", 100.0, value=3, note="looks away")
    edit = read_edits(tmp_path / "overlay.jsonl")[0]
    assert (edit.op, edit.id, edit.who, edit.when) == ("add", key, "R2", "2026-11-22T10:00:00+00:00")
    assert edit.why == "coded in review"
    event = effective([], [edit])[0]
    assert (event.time, event.phase, event.actor, event.value) == (T0 + 100.0 + 0.1, "on", "client", 3.0)
    assert (event.source, event.rater, event.t_unc, event.note) == ("review", "R2", 1.0, "looks away")


def test_the_second_press_ends_the_interval_that_is_open(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    first = desk.add("rupture_withdraw", 100.0)
    assert row(desk, "rupture_withdraw").open
    desk.add("rupture_withdraw", 130.0)
    ended = row(desk, "rupture_withdraw")
    assert (ended.start, ended.stop, ended.key) == (100.0, 130.0, first) and not ended.open
    assert desk.message == "rupture withdraw ends at 0:02:10.0"


def test_an_interval_cannot_end_before_it_begins(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    desk.add("rupture_withdraw", 100.0)
    assert desk.add("rupture_withdraw", 99.0) is None
    assert desk.failed and "before it begins" in desk.message
    desk.add("rupture_withdraw", 130.0)
    assert not desk.move(row(desk, "rupture_withdraw"), start=131.0)
    assert not desk.move(row(desk, "rupture_withdraw"), stop=99.0)
    assert row(desk, "rupture_withdraw").stop == 130.0


def test_moving_changes_only_the_moment_and_makes_it_exact(tmp_path: Path) -> None:
    shifted = Event(time=T0 + 50.0, code="mismatch", t_shift=-10.0, id="m", actor="dyad", note="n")
    desk = desk_on(tmp_path, model=reviewed(events=[shifted]))
    desk.why = "video"
    assert row(desk, "mismatch").start == pytest.approx(39.9)
    assert desk.move(row(desk, "mismatch"), start=42.5)
    event = desk.held()["m"]
    assert event.onset == pytest.approx(T0 + 42.6) and (event.t_shift, event.t_unc) == (0.0, 1.0)
    assert replace(event, time=shifted.time, t_shift=-10.0, t_unc=5.0) == shifted


def test_what_was_recorded_is_changed_only_with_a_reason(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    assert not desk.void(row(desk, "mismatch"))
    assert desk.failed and "say why" in desk.message and not (tmp_path / "overlay.jsonl").exists()
    desk.why = "pressed by mistake"
    assert desk.void(row(desk, "mismatch"))
    assert read_edits(tmp_path / "overlay.jsonl")[0].why == "pressed by mistake"


def test_ones_own_events_need_no_reason_but_those_of_another_rater_do(tmp_path: Path) -> None:
    mine = desk_on(tmp_path)
    mine.add("insight", 50.0)
    assert mine.move(row(mine, "insight"), start=51.0)
    other = desk_on(tmp_path, "R3", hour=11)
    assert not other.void(row(other, "insight"))
    assert "entered by R2" in other.message


def test_voiding_an_interval_takes_both_ends_and_undo_brings_both_back(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    before, desk.why = desk.held(), "no rest"
    desk.void(row(desk, "baseline_rest"))
    assert {"e0", "e1"}.isdisjoint(desk.held())
    assert desk.undo() and desk.held() == before
    assert desk.message == "undone: baseline rest"


def test_undo_goes_back_act_by_act_and_across_a_restart(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    desk.why = "video"
    states = [desk.held()]
    desk.add("insight", 50.0, note="x")
    states.append(desk.held())
    desk.change(row(desk, "insight"), "note", "y")
    states.append(desk.held())
    desk.void(row(desk, "mismatch"))
    assert desk.undo() and desk.held() == states.pop()
    again = desk_on(tmp_path, hour=11)
    assert again.held() == desk.held()
    assert again.undo() and again.held() == states.pop()
    assert again.undo() and again.held() == states.pop()
    assert not again.undo() and again.message == "nothing of yours to undo"
    assert len(read_edits(tmp_path / "overlay.jsonl")) == 6  # nothing is ever taken out of the file


def test_undo_leaves_alone_what_somebody_else_has_changed_since(tmp_path: Path) -> None:
    mine = desk_on(tmp_path)
    mine.add("insight", 50.0)
    other = desk_on(tmp_path, "R3", hour=11)
    other.why = "video"
    other.move(row(other, "insight"), start=60.0)
    mine.reload()
    assert not mine.undo() and "changed since by R3" in mine.message
    assert row(mine, "insight").start == 60.0


@pytest.mark.parametrize(
    ("what", "text", "got"),
    [
        ("start", "0:01:02.5", 62.5),
        ("actor", "therapist", "therapist"),
        ("unc", "2.5", 2.5),
        ("note", "said so", "said so"),
        ("code", "insight", "insight"),
    ],
)
def test_each_cell_can_be_changed(what: str, text: str, got: object, tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    desk.why = "video"
    key = row(desk, "mismatch").key
    assert desk.change(row(desk, "mismatch"), what, text), desk.message
    changed = next(r for r in desk.rows() if r.key == key)
    assert getattr(changed, what) == pytest.approx(got)
    assert changed.edited.startswith("R2 · 2026-11-22 10:00 · video")


@pytest.mark.parametrize(
    ("what", "text", "says"),
    [
        ("start", "soon", "is no time"),
        ("start", "9:00:00", "outside the recording"),
        ("stop", "-3", "is no time"),
        ("code", "segment", "add it, and void this one"),
        ("code", "nonsense", "no code named"),
        ("code", "auto_above", "software only"),
        ("actor", "nobody", "must be one of"),
        ("value", "7", "takes no value"),
        ("unc", "wide", "0 to 3600"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_in_words_and_nothing_is_written(
    what: str, text: str, says: str, tmp_path: Path
) -> None:
    desk = desk_on(tmp_path)
    desk.why = "video"
    assert not desk.change(row(desk, "mismatch"), what, text)
    assert desk.failed and says in desk.message and "\n" not in desk.message
    assert not (tmp_path / "overlay.jsonl").exists()


def test_values_are_checked_against_the_vocabulary(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    desk.add("suds", 10.0, value=40)
    assert desk.change(row(desk, "suds"), "value", "55") and row(desk, "suds").value == 55.0
    assert not desk.change(row(desk, "suds"), "value", "155") and "from 0 to 100" in desk.message


def test_a_typed_end_closes_an_open_interval(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    desk.why = "forgotten"
    assert desk.change(row(desk, "segment"), "stop", "9:00")
    assert row(desk, "segment").stop == 540.0
    assert desk.undo() and row(desk, "segment").open


def test_pauses_cannot_be_edited(tmp_path: Path) -> None:
    pause = [
        Event(time=T0 + 50.0, code="consent_pause", phase="on", actor="client", id="p1"),
        Event(time=T0 + 90.0, code="consent_pause", phase="off", actor="client", id="p2", ref="p1"),
    ]
    desk = desk_on(tmp_path, model=reviewed(events=pause))
    desk.why = "mistake"
    assert not desk.void(row(desk, "consent_pause")) and "a pause is as it was" in desk.message
    assert desk.add("consent_pause", 10.0) is None
    assert not (tmp_path / "overlay.jsonl").exists()


@pytest.mark.parametrize("who", ["", "Anna"])
def test_nothing_is_stored_without_a_code_of_who_edits(who: str, tmp_path: Path) -> None:
    desk = desk_on(tmp_path, who)
    assert desk.add("insight", 10.0) is None
    assert desk.failed and "a code such as R2" in desk.message


def test_a_faulty_overlay_is_said_once_and_stops_editing(tmp_path: Path) -> None:
    (tmp_path / "overlay.jsonl").write_text("nonsense\n", "utf-8")
    desk = desk_on(tmp_path)
    assert desk.failed and "line 1: not JSON" in desk.message
    assert len(desk.rows()) > 5  # what was recorded is still seen
    assert desk.add("insight", 10.0) is None
    assert (tmp_path / "overlay.jsonl").read_text("utf-8") == "nonsense\n"


def test_a_torn_last_line_does_not_stop_the_review(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    desk.add("insight", 10.0)
    path = tmp_path / "overlay.jsonl"
    path.write_bytes(path.read_bytes() + b'{"op": "void", "id"')
    again = desk_on(tmp_path, hour=11)
    assert not again.failed and times(again) == times(desk)
    assert again.add("insight", 20.0) is not None
    assert [e.op for e in read_edits(path)] == ["add", "add"]


def test_nothing_of_a_person_who_paused_for_good_is_listed() -> None:
    model = reviewed(
        events=[*marks(600.0), Event(time=T0 + 590, code="consent_pause", phase="on", actor="client")]
    )
    listed = rows(model.marked(), (), model.t0, frozenset({"client"}))
    assert {r.code for r in listed if r.actor == "client"} == {"consent_pause"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:12:03.5", 723.5),
        ("12:03", 723.0),
        ("723.5", 723.5),
        ("1:00:00", 3600.0),
        ("x", None),
        ("1:75", None),
    ],
)
def test_times_are_read_as_they_are_shown(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds
    if seconds is not None:
        assert seconds_of(fine_clock(seconds)) == seconds
