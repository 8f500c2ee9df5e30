"""Moments for a cued review: from the whole range of the index, apart, outside of what is not asked about."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.codings.cues import LEAST, LENGTH, MOST, Moment, propose

T = np.arange(0.0, 3000.0)
A = 2.0 * np.sin(T / 150.0) + 0.3 * np.sin(T / 11.0)


def moments(a: np.ndarray = A, **changes: object) -> list[Moment]:
    given = {"excluded": [(0.0, 430.0)], "anchors": [], "begin": 0.0, "end": 2999.0} | changes
    rng = np.random.default_rng(7)
    return propose(T, a, rng=rng, **given)  # type: ignore[arg-type]  # each test changes one


def level(m: Moment, a: np.ndarray = A) -> float:
    return float(np.mean(a[(m.stop - 10 < T) & (m.stop >= T)]))


def test_they_cover_the_whole_range_of_the_index() -> None:
    found = moments()
    levels = sorted(level(m) for m in found)
    assert len(found) == MOST and levels[0] < -1.9 and levels[-1] > 1.9
    assert max(np.diff(levels)) < 1.0
    assert sum(v > 1.0 for v in levels) >= 3 and sum(v < -1.0 for v in levels) >= 3


def test_they_are_twenty_seconds_in_order_and_apart() -> None:
    found = moments()
    assert all(m.stop - m.start == LENGTH for m in found)
    stops = [m.stop for m in found]
    assert stops == sorted(stops) and min(np.diff(stops)) >= 60.0


def test_baselines_breaks_and_pauses_are_not_asked_about() -> None:
    excluded = [(0.0, 430.0), (1000.0, 1300.0)]
    for m in moments(excluded=excluded):
        assert all(m.stop <= a or m.start >= b for a, b in excluded)


def test_marked_events_lie_in_the_middle_of_a_quarter_of_them() -> None:
    anchors = [700.0, 900.0, 1500.0, 2000.0, 2200.0, 2600.0]
    found = moments(anchors=anchors)
    around = [a for a in anchors if any(m.start <= a <= m.stop for m in found)]
    assert len(around) >= 4 and len(found) == MOST


def test_where_there_is_no_index_nothing_is_asked() -> None:
    a = A.copy()
    a[1500:2500] = np.nan
    assert all(m.stop <= 1503 or m.stop >= 2507 for m in moments(a))


def test_without_any_index_they_are_spread_over_the_hour() -> None:
    found = moments(np.full(len(T), np.nan))
    stops = np.array([m.stop for m in found])
    assert len(found) == MOST and stops[0] < 600 and stops[-1] > 2900 and np.diff(stops).max() < 400


def test_a_short_hour_has_them_closer_and_a_shorter_one_fewer() -> None:
    short = moments(excluded=[], end=420.0)
    assert len(short) >= LEAST and min(np.diff([m.stop for m in short])) >= LENGTH
    assert 1 <= len(moments(excluded=[], end=100.0)) < LEAST
    assert moments(excluded=[], end=10.0) == []
    assert moments(excluded=[(0.0, 3000.0)]) == []


def test_the_same_recording_gives_the_same_moments() -> None:
    assert moments(anchors=[700.0, 900.0]) == moments(anchors=[700.0, 900.0])


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 2500))
@settings(max_examples=25, deadline=None)
def test_whatever_the_signal_there_are_at_most_sixteen_and_none_overlap(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.cumsum(rng.normal(0, 0.2, n))
    a[rng.random(n) < rng.random() * 0.5] = np.nan
    found = propose(T[:n], a, [], (rng.random(5) * n).tolist(), rng, begin=0.0, end=float(n))
    assert len(found) <= MOST
    assert all(b.start >= a.stop for a, b in pairwise(found))
    if n > 1000 and np.isfinite(a).mean() > 0.95:
        assert len(found) >= LEAST
