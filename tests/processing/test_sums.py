"""What stands in for numpy's functions on few values gives the same to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.pieces import steps_from
from processing.heart.waves.typical import KEPT, Latest
from processing.sums import after, cut, median

NUMBERS = st.lists(st.floats(-1e6, 1e6), max_size=20)


@given(NUMBERS, st.floats() | st.just(np.nan))
def test_steps_and_what_comes_before_are_those_of_numpy(values: list[float], before: float) -> None:
    x = np.array(values, np.float64)
    np.testing.assert_array_equal(steps_from(before, x), np.diff(x, prepend=before))
    np.testing.assert_array_equal(after(before, x), np.append(before, x))


def test_what_comes_before_takes_the_type_of_the_others() -> None:
    assert after(1, np.array([False])).tolist() == [True, False]
    assert after(-3, np.array([2])).dtype == np.int64


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_median_is_that_of_numpy(values: list[float]) -> None:
    assert median(values) == np.median(values)


@pytest.mark.parametrize("length", [1, 3, 10])
def test_rows_are_cut_where_they_begin(length: int) -> None:
    x, starts = np.arange(10.0), np.arange(11 - length)
    np.testing.assert_array_equal(cut(x, starts, length), x[starts[:, None] + np.arange(length)])


def test_the_last_shapes_are_kept_and_no_other() -> None:
    shapes, latest = np.random.default_rng(1).normal(size=(2 * KEPT + 3, 5)), Latest(5)
    for k, shape in enumerate(shapes, 1):
        latest.add(shape)
        kept = shapes[max(0, k - KEPT) : k]
        np.testing.assert_array_equal(latest.ordered(), np.sort(kept, axis=0).T)
        assert sorted(latest.held().tolist()) == sorted(kept.tolist())
