"""Which marks both people live through, and which segments they leave."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.event import Event, Phase
from acquisition.events.vocabulary import load_vocabulary
from processing.coupling.common import Marked, is_common

STARTS = np.arange(0.0, 300.0, 30.0)
STOPS = STARTS + 30.0


def starts_of(marked: Marked, sfreq: float = 4.0) -> list[float]:
    """Return when the segments of five minutes that are taken begin [s]."""
    cut = marked.segments(reach=0, window=round(30 * sfreq), n=round(300 * sfreq), begin=0.0, sfreq=sfreq)
    assert (cut.ends == np.arange(1, 11) * 30 * sfreq - 1).all()
    return [(end + 1) / sfreq - 30.0 for end in cut.taken.tolist()]


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


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ([], [0, 30, 60, 90, 120, 150, 180, 210, 240, 270]),
        ([100.0], [0, 30, 60, 140.25, 170.25, 200.25, 230.25, 260.25]),
        ([90.0], [0, 30, 60, 130.25, 160.25, 190.25, 220.25, 250.25]),
        ([100.0, 165.0, 172.0], [0, 30, 60, 212.25, 242.25]),
        ([5.0, 76.0], [45.25, 116.25, 146.25, 176.25, 206.25, 236.25, 266.25]),
        ([-30.0, 299.0, 400.0], [10.25, 40.25, 70.25, 100.25, 130.25, 160.25, 190.25, 220.25, 250.25]),
    ],
)
def test_segments_end_before_an_event_and_begin_anew_40_s_after_it(
    times: list[float], taken: list[float]
) -> None:
    events = [mark("sync_mark", time, "tech") for time in times]
    assert starts_of(Marked.by(events, 300.0)) == taken


def test_segments_that_begin_anew_are_of_the_hour_proper_too() -> None:
    rest = [mark("baseline_rest", 0.0, "tech", "on"), mark("baseline_rest", 150.0, "tech", "off")]
    marked = Marked.by([*rest, mark("sync_mark", 100.0, "tech")], 300.0)
    assert starts_of(marked) == [170.25, 200.25, 230.25, 260.25]


def test_a_rate_that_divides_no_second_loses_no_segment() -> None:
    for sfreq in (1.0, 3.0, 4.0, 10.0):
        found = starts_of(Marked.by([mark("sync_mark", 100.0, "tech")], 300.0), sfreq)
        assert found[:3] == [0, 30, 60]
        assert found[3] == pytest.approx(140.0 + 1.0 / sfreq)


def test_an_interval_of_both_begins_and_ends_with_an_event_and_what_was_undone_is_none() -> None:
    events = [mark("corrective_exp", 60.0, phase="on"), mark("corrective_exp", 240.0, phase="off")]
    assert Marked.by(events, 300.0).moments.tolist() == [60.0, 240.0]
    assert not len(Marked.by([], 300.0).moments)


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
