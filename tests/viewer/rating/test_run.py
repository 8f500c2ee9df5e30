"""A sitting as it goes: samples at their moments, ends that hold, pauses, and a window that stood still."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.rating.run import COUNTDOWN, Run
from viewer.rating.scale import PIXELS, Scale


class Sitting:
    """A run with a clock of its own, and all that it wrote."""

    def __init__(self, start: float = 100.02, stop: float = 400.0, *, bounded: bool = True) -> None:
        self.rows: list[tuple[float, tuple[float, ...]]] = []
        self.scale = Scale(bounded=bounded)
        self.run = Run(self.scale, lambda t, v: self.rows.append((t, v)), start, stop)
        self.now = 1000.0

    def go(self, seconds: float, step: float = 0.05) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            self.run.look(self.now)


def test_the_countdown_comes_first_and_samples_lie_on_an_even_grid() -> None:
    s = Sitting()
    s.go(1.0)
    s.run.begin(s.now)
    assert [s.run.left(s.now + x) for x in (0.0, 1.5, 2.9)] == [3, 2, 1]
    s.go(COUNTDOWN + 10.0)
    times = np.array([t for t, _ in s.rows])
    assert times[0] == pytest.approx(100.05)
    assert np.allclose(np.diff(times), 0.05)
    assert 198 <= len(times) <= 200


def test_a_sample_bears_what_the_scale_showed_at_its_moment_however_late_it_is_written() -> None:
    s = Sitting(start=100.0)
    s.run.begin(s.now)
    s.go(COUNTDOWN + 0.1)
    at = s.run.at
    s.now += 0.31
    s.scale.put(0, 0.5)
    s.run.changed(s.now)
    s.now += 0.4
    s.run.look(s.now)
    assert all(v == ((0.5,) if t >= at + 0.31 else (0.0,)) for t, v in s.rows)
    assert s.rows[-1][0] > at + 0.6


def test_a_pause_stands_still_and_goes_on_where_it_was() -> None:
    s = Sitting()
    s.run.begin(s.now)
    s.go(COUNTDOWN + 2.0)
    s.run.pause()
    n, at = len(s.rows), s.run.at
    s.go(60.0, step=1.0)
    assert (len(s.rows), s.run.at, s.run.state) == (n, at, "paused")
    s.run.begin(s.now)
    s.go(COUNTDOWN + 2.0)
    assert np.allclose(np.diff([t for t, _ in s.rows]), 0.05)


def test_where_the_window_stood_still_nothing_is_rated_and_nothing_is_left_out() -> None:
    s = Sitting()
    s.run.begin(s.now)
    s.go(COUNTDOWN + 2.0)
    n = len(s.rows)
    s.now += 3600.0
    s.run.look(s.now)
    assert len(s.rows) == n
    s.go(1.0)
    assert np.allclose(np.diff([t for t, _ in s.rows]), 0.05)


def test_it_ends_with_the_recording() -> None:
    s = Sitting(start=100.0, stop=101.0)
    s.run.begin(s.now)
    s.go(COUNTDOWN + 5.0)
    assert s.run.state == "done"
    assert s.rows[-1][0] == pytest.approx(101.0)


@given(st.lists(st.floats(-2000.0, 2000.0), max_size=40))
@settings(max_examples=30, deadline=None)
def test_a_pointer_never_leaves_the_scale_and_comes_back_at_once(ways: list[float]) -> None:
    scale = Scale()
    for way in ways:
        scale.move(way, 0.0)
        assert -1.0 <= scale.values[0] <= 1.0
    scale.move(1e6, 0.0)
    scale.move(-PIXELS / 2.0, 0.0)
    assert scale.values == (0.0,)


def test_a_scale_without_ends_has_none_and_keys_move_while_they_are_held() -> None:
    scale = Scale(2, bounded=False)
    for _ in range(10):
        scale.move(PIXELS, -PIXELS)
    assert scale.values == pytest.approx((20.0, -20.0))
    keys = Scale()
    keys.hold(0, -1)
    assert keys.advance(0.5)
    assert keys.values == pytest.approx((-0.4,))
    keys.let_go()
    assert not keys.advance(0.5)
