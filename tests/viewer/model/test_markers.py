"""Labels never touch; intervals have bars; what was undone or belongs to a paused person is not shown."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.event import Event
from acquisition.events.intervals import Intervals
from viewer.model.markers import SUFFIX, bar_slots, markers, place


@settings(max_examples=40, deadline=None)
@given(
    spots=st.lists(st.tuples(st.floats(0, 1400), st.floats(5, 200)), max_size=60),
    rows=st.integers(1, 4),
)
def test_labels_never_overlap_and_none_is_lost(spots: list[tuple[float, float]], rows: int) -> None:
    spots = sorted(spots)
    labels = place([s[0] for s in spots], [s[1] for s in spots], rows, 1400.0)
    boxes = [(lab.row, lab.left, lab.left + spots[lab.marker][1] + SUFFIX) for lab in labels]
    for k, (row, left, right) in enumerate(boxes):
        assert left >= 0 and right <= 1400.0 + 1e-6
        assert all(r != row or left >= b or right <= a for r, a, b in boxes[:k])
    assert sum(1 + lab.more for lab in labels) == len(spots)


def test_many_events_within_five_seconds_become_a_count() -> None:
    labels = place([100.0 + k for k in range(12)], [80.0] * 12, 3, 1400.0)
    assert len(labels) == 3
    assert sum(lab.more for lab in labels) == 9


def test_overlapping_intervals_have_bars_of_their_own() -> None:
    assert bar_slots([(0, 10), (2, 5), (6, 8), (11, 12)], 3) == [0, 1, 1, 0]


def event(code: str, time: float, phase: str = "point", actor: str = "dyad", **more: str) -> Event:
    return Event(time=time, code=code, phase=phase, actor=actor, id=f"{code}{time}", **more)  # type: ignore[arg-type]


def test_interval_reaches_from_on_to_off_and_open_ones_say_so() -> None:
    shown = markers(
        Intervals([event("break", 5, "on"), event("segment", 6, "on"), event("break", 9, "off")]),
        0.0,
        frozenset(),
    )
    assert [(m.code, m.start, m.stop, m.open) for m in shown] == [
        ("break", 5.0, 9.0, False),
        ("segment", 6.0, 6.0, True),
    ]


def test_undone_event_is_not_shown() -> None:
    one = event("mismatch", 5)
    assert markers(Intervals([one, event("mismatch", 6, "void", ref=one.id)]), 0.0, frozenset()) == []


def test_shifted_event_stands_at_the_moment_that_is_meant() -> None:
    shown = markers(Intervals([Event(time=30.0, code="mismatch", t_shift=-10.0, id="a")]), 0.0, frozenset())
    assert shown[0].start == 20.0


def test_of_a_paused_person_only_the_pause_is_shown() -> None:
    events = [
        event("client_slow", 5, actor="client"),
        event("consent_pause", 6, "on", "client"),
        event("mismatch", 7),
    ]
    shown = markers(Intervals(events), 0.0, frozenset({"client"}))
    assert [m.code for m in shown] == ["consent_pause", "mismatch"]
