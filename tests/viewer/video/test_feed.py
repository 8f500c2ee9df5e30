"""Sound in step with a cursor: a sample is heard when the cursor is at its stamp. The output is made up."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.video.feed import LOOK, Cursor, Feed, Piece

RATE = 48_000
N = 1024
DELAY = 0.12
"""How long the made-up output takes until a block is heard [s]."""


def ramp(begin: float, end: float, speed: float = 1.0) -> Piece:
    """Return sound whose every sample is its own stamp."""
    stamps = begin + np.arange(round((end - begin) * RATE / speed)) * (speed / RATE)
    return Piece(begin, np.repeat(stamps[:, None], 2, axis=1).astype(np.float32), speed / RATE)


def held(*pieces: Piece) -> Feed:
    feed = Feed()
    for piece in pieces:
        feed.add(piece)
    return feed


def heard(
    feed: Feed, blocks: int, begin: float = 100.0, skew: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return when each sample is heard, and it; the output's clock may be faster than the cursor's."""
    times, samples = [], []
    for k in range(blocks):
        now = begin + k * N / RATE / skew
        block = np.zeros((N, 2), np.float32)
        feed.fill(block, now, now + DELAY)
        times.append(now + DELAY + np.arange(N) / RATE / skew)
        samples.append(block[:, 0])
    return np.concatenate(times), np.concatenate(samples)


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_each_sample_is_heard_when_the_cursor_is_seen_at_its_stamp(speed: float) -> None:
    feed = held(ramp(10.0, 10.5, speed), ramp(10.5, 20.0, speed))
    feed.tell(Cursor(12.0, 100.0, speed))
    times, x = heard(feed, 12)
    settled = times > 100.0 + DELAY + 0.006
    seen = 12.0 + speed * (times - 100.0 - LOOK / 2)
    assert np.abs(x[settled] - seen[settled]).max() < 2 * speed / RATE + 1e-5


def test_nothing_is_heard_of_a_cursor_that_stands_or_was_not_told_of() -> None:
    feed = held(ramp(0.0, 10.0))
    assert not heard(feed, 3)[1].any()
    feed.tell(Cursor(5.0, 100.0, 0.0))
    assert not heard(feed, 3)[1].any()
    feed.tell(Cursor(5.0, 100.0, 1.0))
    assert heard(feed, 3)[1].any() and not heard(feed, 3, begin=100.4)[1].any()


def test_what_is_missing_is_silent_and_what_follows_comes_at_its_own_moment() -> None:
    feed = held(ramp(10.0, 10.15), ramp(10.2, 11.0))
    feed.tell(Cursor(9.9, 100.0, 1.0))
    times, x = heard(feed, 12)
    stamps = 9.9 + times - 100.0 - LOOK / 2
    gap = ((stamps > 10.1501) & (stamps < 10.1999)) | (stamps < 9.9999)
    assert not x[gap].any()
    assert np.abs((x - stamps)[(stamps > 10.2001)]).max() < 1e-4
    assert np.abs((x - stamps)[(stamps > 10.01) & (stamps < 10.1499)]).max() < 1e-4


def test_sound_does_not_run_ahead_of_a_picture_that_is_late() -> None:
    feed = held(ramp(0.0, 10.0))
    feed.tell(Cursor(5.0, 100.0, 1.0, limit=5.2))
    assert 5.1 < heard(feed, 12)[1].max() <= 5.2


def test_a_jump_leaves_nothing_of_before() -> None:
    feed = held(ramp(0.0, 10.0))
    feed.tell(Cursor(5.0, 100.0, 1.0))
    assert heard(feed, 2)[1].any()
    feed.tell(Cursor(70.0, 100.05, 1.0))
    assert not heard(feed, 2, begin=100.05)[1].any()
    feed.clear()
    feed.add(ramp(70.0, 71.0))
    assert heard(feed, 2, begin=100.1)[1].max() > 70.0


@pytest.mark.parametrize("skew", [0.999, 1.0005, 1.001])
def test_a_card_whose_clock_is_off_stays_with_the_cursor_without_a_break(skew: float) -> None:
    feed = held(*(ramp(0.5 * k, 0.5 * (k + 1)) for k in range(80)))
    apart, steps = [], []
    for k in range(120):
        now = 100.0 + 5 * k * N / RATE / skew
        feed.tell(Cursor(now - 95.0, now, 1.0))
        times, x = heard(feed, 5, begin=now, skew=skew)
        apart.append(x[-1] - (5.0 + times[-1] - 100.0 - LOOK / 2))
        if k > 5:
            steps.append(np.diff(x).max())
    assert np.abs(apart[5:]).max() < 0.02
    assert max(steps) < 1.01 / RATE + 1e-5, "no sample is left out"


def test_the_gain_makes_it_quieter() -> None:
    feed = held(ramp(0.0, 10.0))
    feed.gain = 0.25
    feed.tell(Cursor(5.0, 100.0, 1.0))
    assert heard(feed, 2)[1].max() == pytest.approx(0.25 * 5.14, abs=0.02)
