"""Which marks both people live through, and which segments they leave."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.event import Event, Phase
from acquisition.events.vocabulary import load_vocabulary
from processing.coupling.common import Marked, is_common

STARTS = np.arange(0.0, 300.0, 30.0)
STOPS = STARTS + 30.0


def mark(code: str, time: float, actor: str = "dyad", phase: Phase = "point") -> Event:
    return Event(time=time, code=code, actor=actor, phase=phase, id=f"{code}{time:g}{phase}")


@pytest.mark.parametrize(
    ("code", "actor", "common"),
    [
        ("sync_mark", "tech", True),
        ("break", "tech", True),
        ("play_humor", "dyad", True),
        ("stimulus 12", "dyad", True),
        ("now_moment", "dyad", True),
        ("note", "dyad", False),
        ("eye_contact", "dyad", False),
        ("int_support", "therapist", False),
        ("client_slow", "client", False),
        ("segment", "tech", False),
        ("auto_sync", "system", False),
        ("baseline_rest", "tech", False),
        ("consent_pause", "client", False),
        ("suds", "client", False),
    ],
)
def test_what_both_live_through(code: str, actor: str, common: bool) -> None:
    assert is_common(code, actor) == common


def test_nothing_that_software_writes_is_common() -> None:
    codes = load_vocabulary().codes.values()
    assert not [c.code for c in codes if c.actor == "system" and is_common(c.code, c.actor)]


def test_segments_from_40_s_before_an_event_to_it_are_left_out() -> None:
    for time, taken in ((100.0, [3, 4]), (111.0, [3, 4, 5]), (129.9, [4, 5]), (150.0, [5, 6]), (5.0, [0, 1])):
        clear = Marked.by([mark("sync_mark", time, "tech")], 300.0).clear(STARTS, STOPS)
        assert np.flatnonzero(~clear).tolist() == taken


def test_an_interval_of_both_begins_and_ends_with_an_event_and_what_was_undone_is_none() -> None:
    events = [mark("corrective_exp", 60.0, phase="on"), mark("corrective_exp", 240.0, phase="off")]
    assert Marked.by(events, 300.0).moments.tolist() == [60.0, 240.0]
    assert Marked.by([], 300.0).clear(STARTS, STOPS).all()


def test_a_moment_meant_earlier_counts_there() -> None:
    late = Event(time=200.0, code="play_humor", t_shift=-100.0, id="a")
    assert Marked.by([late], 300.0).moments.tolist() == [100.0]


def test_baselines_breaks_and_what_lies_outside_the_session_are_not_the_hour() -> None:
    events = [
        mark("baseline_rest", 30.0, "tech", "on"),
        mark("baseline_rest", 90.0, "tech", "off"),
        mark("break", 240.0, "tech", "on"),
    ]
    inside = Marked.by(events, 300.0).inside(STARTS, STOPS)
    assert np.flatnonzero(~inside).tolist() == [1, 2, 8, 9]
    begun = Marked.by([mark("session_start", 45.0, "system")], 300.0).inside(STARTS, STOPS)
    assert np.flatnonzero(~begun).tolist() == [0, 1]
    ended = Marked.by([mark("session_end", 255.0, "system")], 300.0).inside(STARTS, STOPS)
    assert np.flatnonzero(~ended).tolist() == [8, 9]
