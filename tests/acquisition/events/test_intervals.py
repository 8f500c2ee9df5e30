"""The rules of intervals, each with its exact outcome; and what any marks at all may not break."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.event import Event, Phase
from acquisition.events.intervals import Intervals, that_hold
from acquisition.events.paused import Paused
from acquisition.stream import Role


def on(id: str, time: float, code: str = "segment", **more: Any) -> Event:
    return Event(time=time, code=code, phase="on", id=id, **more)


def off(time: float, ref: str = "", code: str = "segment", **more: Any) -> Event:
    return Event(time=time, code=code, phase="off", ref=ref, **({"id": f"off{time:g}"} | more))


def void(ref: str, time: float = 99.0) -> Event:
    return Event(time=time, code="segment", phase="void", ref=ref, id=f"void {ref}")


def bounds(*events: Event) -> list[tuple[str, float, float]]:
    return [(s.key, s.start, s.stop) for s in Intervals(events).spans]


OPEN = math.nan
CASES: dict[str, tuple[list[Event], list[tuple[str, float, float]]]] = {
    "first press on, second off": ([on("a", 10), off(30)], [("a", 10, 30)]),
    "two of one code, by their references": (
        [on("a", 10), on("b", 20), off(30, "a"), off(50, "b")],
        [("a", 10, 30), ("b", 20, 50)],
    ),
    "the same, ended the other way round": (
        [on("a", 10), on("b", 20), off(30, "b"), off(50, "a")],
        [("a", 10, 50), ("b", 20, 30)],
    ),
    "without a reference the last that began ends": (
        [on("a", 10), on("b", 20), off(30), off(50)],
        [("a", 10, 50), ("b", 20, 30)],
    ),
    "a later reference keeps its beginning free": (
        [on("a", 10), on("b", 20), off(30), off(50, "b")],
        [("a", 10, 30), ("b", 20, 50)],
    ),
    "one code of two people": (
        [on("a", 10, actor="client"), on("b", 20, actor="therapist"), off(30, actor="client")],
        [("a", 10, 30), ("b", 20, OPEN)],
    ),
    "an end by another actor, by its reference": (
        [on("a", 10, actor="client"), off(30, "a", actor="tech")],
        [("a", 10, 30)],
    ),
    "an end by another actor, without one": (
        [on("a", 10, actor="client"), off(30, actor="tech")],
        [("a", 10, OPEN)],
    ),
    "an end whose beginning was undone ends no other one": (
        [on("a", 10), on("b", 20), off(30, "a"), void("a")],
        [("b", 20, OPEN)],
    ),
    "an end of what is not there ends nothing": ([on("a", 10), off(30, "gone")], [("a", 10, OPEN)]),
    "of two ends the first counts": ([on("a", 10), off(30, "a"), off(40, "a")], [("a", 10, 30)]),
    "with the first undone the second counts": (
        [on("a", 10), off(30, "a"), off(40, "a"), void("off30")],
        [("a", 10, 40)],
    ),
    "an undone end opens its interval again": ([on("a", 10), off(30, "a"), void("off30")], [("a", 10, OPEN)]),
    "a void that comes first": ([void("a", 1.0), on("a", 10), off(30)], []),
    "a void of nothing takes back nothing": ([on("", 10), void("")], [("#10", 10, OPEN)]),
    "a void of a void": ([on("a", 10), void("a"), void("void a")], []),
    "a reference to another code is none": (
        [on("r", 5, "rupture_withdraw"), on("a", 10, "repair_attempt"), off(30, "r", "repair_attempt")],
        [("r", 5, OPEN), ("a", 10, 30)],
    ),
    "an end meant for an earlier moment": (
        [on("a", 10), off(12, "a", t_shift=-10.0)],
        [("a", 10, 10)],
    ),
    "the moment that is meant, not the press": (
        [on("a", 20, t_shift=-10.0), off(40, "a", t_shift=-5.0)],
        [("a", 10, 35)],
    ),
    "an end before any beginning": ([off(5), on("a", 10)], [("a", 10, OPEN)]),
    "a beginning without an id, named by its stamp": ([on("", 10), off(30, "#10")], [("#10", 10, 30)]),
    "an end with the id of its beginning": ([on("a", 10), off(30, "a", id="a")], [("a", 10, 30)]),
    "one id for every interval": (
        [on("a", 10), off(20, "a", id="a"), on("a", 30), off(40, "a", id="a")],
        [("a", 10, 20), ("a''", 30, 40)],
    ),
    "one and the same beginning twice": ([on("a", 10), on("a", 10), off(30, "a")], [("a", 10, 30)]),
    "points are no intervals": ([Event(time=1.0, code="segment", id="p"), off(3)], []),
}


@pytest.mark.parametrize("case", CASES)
def test_each_rule_has_its_outcome(case: str) -> None:
    events, wanted = CASES[case]
    found = bounds(*events)
    assert [(k, a) for k, a, _ in found] == [(k, a) for k, a, _ in wanted]
    assert [b for *_, b in found] == pytest.approx([b for *_, b in wanted], nan_ok=True)


def test_a_value_is_that_of_the_beginning_and_of_the_end_where_it_has_none() -> None:
    first = [on("a", 1, value=3.0), off(2, "a", value=5.0)]
    second = [on("b", 3), off(4, "b", value="work")]
    assert [s.value for s in Intervals([*first, *second]).spans] == [3.0, "work"]


def test_a_press_begins_and_the_next_ends_the_one_that_began_last() -> None:
    marks = Intervals()
    assert marks.toggled("segment", "dyad") == ("on", "")
    marks.add(on("a", 10))
    marks.add(on("b", 20))
    assert marks.toggled("segment", "dyad") == ("off", "b")
    assert marks.toggled("segment", "client") == ("on", "")
    marks.add(off(30, "b"))
    assert marks.toggled("segment", "dyad") == ("off", "a")
    assert marks.also([void("a")]).toggled("segment", "dyad") == ("on", "")
    assert marks.toggled("segment", "dyad") == ("off", "a")


def test_a_mark_tells_what_it_ends_and_what_it_takes_back() -> None:
    marks = Intervals([on("a", 10)])
    ended, taken = marks.act(off(30, "a"))
    assert ([s.key for s in ended], taken) == (["a"], [])
    ended, taken = marks.act(void("off30"))
    assert (ended, [(s.key, s.stop) for s in taken]) == ([], [("a", 30.0)])
    ended, taken = marks.act(off(40, "a"))
    assert [(s.key, s.stop) for s in ended] == [("a", 40.0)]
    ended, taken = marks.act(void("a"))
    assert [s.stop for s in taken] == [40.0]


PHASES: list[Phase] = ["on", "off", "off", "point", "void"]


@st.composite
def sequences(draw: st.DrawFn) -> list[Event]:
    """Return any marks: overlapping, undone, referring to what is not there, out of order."""
    n = draw(st.integers(0, 14))
    out = []
    times = [float(t) for t in draw(st.lists(st.integers(0, 40), min_size=n, max_size=n))]
    if draw(st.booleans()):  # as a recording grows
        times.sort()
    for k in range(n):
        phase = draw(st.sampled_from(PHASES))
        known = [f"e{i}" for i in range(n)]
        ref = "" if phase in ("on", "point") else draw(st.sampled_from(["", "gone", *known]))
        out.append(
            Event(
                time=times[k],
                code=draw(st.sampled_from(["segment", "break"])),
                phase=phase,
                actor=draw(st.sampled_from(["client", "dyad"])),
                ref=ref,
                t_shift=draw(st.sampled_from([0.0, 0.0, -10.0])),
                id=draw(st.sampled_from([f"e{k}", f"e{k}", f"e{k}", "", "e0"])),
            )
        )
    return out


@settings(max_examples=200, deadline=None)
@given(sequences())
def test_every_beginning_that_holds_is_one_interval_and_no_end_ends_two(events: list[Event]) -> None:
    marks = Intervals(events)
    held = that_hold(events)
    assert sorted(s.key for s in marks.spans) == sorted(k for k, e in held.items() if e.phase == "on")
    ends = [s.off_key for s in marks.spans if not s.open]
    assert sorted([*ends, *marks.loose]) == sorted(k for k, e in held.items() if e.phase == "off")
    assert all(s.open or s.stop >= s.start for s in marks.spans)
    assert all(s.off is None or s.off.code == s.code for s in marks.spans)


@settings(max_examples=100, deadline=None)
@given(sequences(), st.data())
def test_marks_one_by_one_and_all_at_once_give_the_same(events: list[Event], data: st.DataObject) -> None:
    one_by_one = Intervals()
    ended: list[str] = []
    for n, event in enumerate(events, 1):
        now, taken = one_by_one.act(event)
        for span in taken:
            ended.remove(f"{span.key} {span.off_key}")
        ended += [f"{span.key} {span.off_key}" for span in now]
        assert one_by_one.spans == Intervals(events[:n]).spans
    whole = Intervals(events)
    assert one_by_one.spans == whole.spans and one_by_one.loose == whole.loose
    assert one_by_one.open == whole.open and dict(one_by_one.held) == dict(whole.held)
    assert sorted(ended) == sorted(f"{s.key} {s.off_key}" for s in whole.spans if not s.open)
    assert Intervals.of(whole.held).spans == whole.spans


@settings(max_examples=100, deadline=None)
@given(sequences(), st.randoms())
def test_with_references_the_order_of_arrival_does_not_matter(events: list[Event], random: Any) -> None:
    named = [e for e in events if e.phase != "off" or e.ref]
    ids = [e.id for e in named]
    if len({e.onset for e in named}) < len(named) or len(set(ids)) < len(ids) or "" in ids:
        # Two at one moment, or with one name: then their order is all there is.
        return
    mixed = list(named)
    random.shuffle(mixed)
    assert Intervals(mixed).spans == Intervals(named).spans


def test_a_person_is_paused_while_any_of_their_pauses_is_open() -> None:
    paused = Paused()
    pause = {"code": "consent_pause", "actor": "client"}
    for event in (on("a", 10, **pause), on("b", 20, **pause), off(30, "a", **pause)):
        paused.hear(event)
    assert paused.now(Role.CLIENT) and paused.spans(Role.CLIENT) == [(10.0, math.inf)]
    paused.hear(off(50, "b", **pause))
    assert not paused.now(Role.CLIENT) and paused.spans(Role.CLIENT) == [(10.0, 50.0)]
    assert paused.spans(Role.THERAPIST) == []


def test_a_pause_cannot_be_taken_back_and_one_of_the_dyad_is_of_both() -> None:
    paused = Paused()
    paused.hear(on("a", 10, "consent_pause", actor="client"))
    paused.hear(Event(time=11.0, code="consent_pause", phase="void", actor="client", ref="a"))
    assert paused.spans(Role.CLIENT) == [(10.0, math.inf)]
    paused.hear(on("c", 12, "consent_pause"))
    assert paused.now(Role.THERAPIST)
