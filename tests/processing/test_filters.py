"""Filters with carried state: the same for any cutting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from processing.filters import Decimator, SosFilter, band_pass, low_pass
from processing.sums import trailing_sum

CUTS = st.lists(st.integers(0, 40), min_size=1, max_size=20)


def pieces(x: np.ndarray, cuts: list[int]) -> list[np.ndarray]:
    return np.split(x, np.minimum(np.cumsum(cuts), len(x)))


@settings(max_examples=25, deadline=None)
@given(CUTS)
def test_filters_do_not_depend_on_chunking(cuts: list[int]) -> None:
    x = np.random.default_rng(0).standard_normal(300)
    for make in (
        lambda: low_pass(2, 10.0, 130.0),
        lambda: band_pass(1, 6.0, 20.0, 130.0),
        lambda: Decimator(3),
    ):
        cut = make()
        assert np.array_equal(np.concatenate([cut(p) for p in pieces(x, cuts)]), make()(x))


def test_cascade_equals_scipy() -> None:
    x = np.random.default_rng(1).standard_normal(500)
    sos = butter(4, [2, 20], "band", fs=130, output="sos")
    assert SosFilter(sos, settle=False)(x) == pytest.approx(sosfilt(sos, x), abs=1e-12)


def test_a_constant_gives_no_step_response() -> None:
    assert low_pass(2, 5.0, 100.0)(np.full(50, 7.0)) == pytest.approx(np.full(50, 7.0))


def test_trailing_sum_is_the_sum() -> None:
    assert trailing_sum(np.arange(6.0), 3).tolist() == [3.0, 6.0, 9.0, 12.0]
    assert len(trailing_sum(np.arange(2.0), 3)) == 0
