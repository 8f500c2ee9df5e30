"""The page stands still until it is full, and the scale does not breathe with the signal."""

from __future__ import annotations

import math

import pytest

from viewer.model.page import HEAD_ROOM, WHOLE, Page, centred, clock, follow, length_of, rescaled, time_marks


def test_page_jumps_only_when_it_is_full() -> None:
    page = follow(None, 100.0, 60.0)
    assert page.start == 100.0 - (1 - HEAD_ROOM) * 60
    assert follow(page, page.stop - 0.01, 60.0) is page
    jumped = follow(page, page.stop, 60.0)
    assert jumped.start > page.start and jumped.start <= page.stop < jumped.stop


def test_page_begins_with_the_session() -> None:
    assert follow(None, 3.0, 60.0) == Page(0.0, 60.0)
    assert centred(2.0, 60.0, 500.0).start == 0.0
    assert centred(499.0, 60.0, 500.0).stop == 500.0


def test_scale_grows_at_once_and_shrinks_late() -> None:
    scale = rescaled(None, (60.0, 80.0), 10.0)
    assert scale is not None and scale[0] < 60.0 and scale[1] > 80.0
    assert rescaled(scale, (62.0, 79.0), 10.0) is None
    assert rescaled(scale, (60.0, 95.0), 10.0) is not None
    assert rescaled(scale, (69.0, 71.0), 2.0) is not None


def test_line_never_stays_on_the_very_edge_of_its_lane() -> None:
    for data in ((60.1, 75.0), (64.0, 79.9)):
        fresh = rescaled((60.0, 80.0), data, 10.0)
        assert fresh is not None and fresh[0] < data[0] - 0.5 and fresh[1] > data[1] + 0.5


def test_scale_without_data_stays() -> None:
    assert rescaled((0.0, 1.0), (math.nan, math.nan), 1.0) is None


def test_scale_settles_after_one_step() -> None:
    scale = rescaled(None, (1.0, 1.0), 4.0)
    assert scale is not None and rescaled(scale, (1.0, 1.0), 4.0) is None


def test_time_marks_are_round_and_few() -> None:
    marks = time_marks(Page(103.0, 60.0), 8)
    assert marks == [110.0, 120.0, 130.0, 140.0, 150.0, 160.0]
    assert len(time_marks(Page(0.0, 3600.0), 8)) <= 9
    assert clock(3725.9) == "1:02:05"


def test_a_session_that_is_over_fills_its_page() -> None:
    assert length_of(WHOLE, 2500.0, grows=False) == 2500.0
    assert follow(None, 2500.0, 2500.0) == Page(0.0, 2500.0)


@pytest.mark.parametrize("elapsed", [70.0, 300.0, 1000.0, 2500.0, 3300.0, 3700.0, 9000.0])
def test_a_session_that_grows_takes_most_of_its_page(elapsed: float) -> None:
    assert 0.7 < elapsed / length_of(WHOLE, elapsed) <= 0.95
