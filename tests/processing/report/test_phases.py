"""Phases: what belongs to the hour, to baselines and to segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.event import Event
from processing.arousal.band import ArousalConfig
from processing.hour.timeline import Timeline, timeline
from processing.report.phases import Phase, phases, without


def hour(events: Sequence[Event]) -> Timeline:
    """Return an hour of 1000 s with nothing but marks."""
    return timeline("s", {}, events, {}, begin=0.0, end=1000.0, config=ArousalConfig())


def span(code: str, start: float, stop: float, value: str | None = None) -> list[Event]:
    """Return the two marks of an interval."""
    on = Event(time=start, code=code, phase="on", actor="tech", id=f"{code}{start}", value=value)
    return [on, Event(time=stop, code=code, phase="off", actor="tech", id=f"{code}{stop}", ref=on.id)]


def test_without_marks_the_hour_is_the_whole_recording() -> None:
    assert phases(hour([]), 1000.0) == [Phase("hour", ((0.0, 1000.0),))]


def test_the_hour_runs_from_start_to_end_without_baselines_and_breaks() -> None:
    marks = [
        Event(time=5.0, code="session_start", id="a"),
        *span("baseline_rest", 10.0, 300.0),
        *span("baseline_talk", 310.0, 400.0),
        *span("break", 600.0, 650.0),
        Event(time=900.0, code="session_end", id="z"),
    ]
    found = {p.title: p.spans for p in phases(hour(marks), 1000.0)}
    assert found == {
        "rest baseline": ((10.0, 300.0),),
        "talk baseline": ((310.0, 400.0),),
        "hour": ((5.0, 10.0), (300.0, 310.0), (400.0, 600.0), (650.0, 900.0)),
    }


def test_segments_keep_their_names_and_the_hour_keeps_their_time() -> None:
    marks = [*span("segment", 100.0, 200.0, "opening"), *span("segment", 200.0, 500.0, "work")]
    found = phases(hour(marks), 1000.0)
    assert [p.title for p in found] == ["hour", "segment 1: opening", "segment 2: work"]
    assert found[0].seconds == pytest.approx(1000.0)


spans = st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 100.0)).map(lambda s: (min(s), max(s)))


@given(spans, st.lists(spans, max_size=6))
def test_what_remains_is_what_lies_in_the_span_and_in_none_of_the_others(
    whole: tuple[float, float], apart: list[tuple[float, float]]
) -> None:
    at = np.linspace(-1.0, 101.0, 1021)
    left = Phase("hour", without(whole, apart))
    expected = Phase("hour", (whole,)).holds(at) & ~Phase("apart", tuple(apart)).holds(at)
    assert np.array_equal(left.holds(at), expected)
