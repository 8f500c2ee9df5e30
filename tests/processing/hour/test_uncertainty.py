"""Intervals with known answers; benchmarks/session_intervals.py measures how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.hour.uncertainty import (
    correlation_interval,
    correlation_place,
    memory,
    remembering_interval,
    share_interval,
    student,
    time_share_interval,
    together_interval,
)
from processing.metrics.logistic import firth, midpoint_interval
from processing.surrogates.coupling_intervals import effect_interval, segment_means, z_interval
from tests.processing.hours import wandering


def test_students_t_is_that_of_the_tables() -> None:
    known = [12.706204736174705, 2.7764451051977934, 2.0638985616280254]
    assert student(np.array([1.0, 4.0, 24.0])) == pytest.approx(known, rel=1e-12)


def test_a_share_of_half_the_time_lies_in_the_middle_of_its_interval_and_never_leaves_0_to_100() -> None:
    low, high = share_interval(np.full(5, 60.0), 600)
    assert (low + high) / 2 == pytest.approx(50.0)
    away = 1.96 * math.sqrt(5 * 60.0**2) / 300.0
    assert high == pytest.approx(100.0 / (1.0 + math.exp(-away)))
    assert share_interval(np.array([500.0, 50.0, 40.0]), 600)[1] < 100.0


@pytest.mark.parametrize("durations", [[60.0, 60.0], [200.0, 200.0, 200.0], []])
def test_too_few_stretches_or_all_of_the_time_give_no_interval(durations: list[float]) -> None:
    assert np.isnan(share_interval(np.array(durations), 600)).all()


def test_any_number_of_stretches_gives_an_interval_of_their_share_of_time() -> None:
    uncut = np.zeros(3, np.bool_)
    assert time_share_interval(np.empty(0), uncut[:0], 3000) == pytest.approx((0.0, 13.7), abs=0.1)
    low, high = time_share_interval(np.full(3, 60.0), uncut, 3000)
    assert 0.0 < low < 6.0 < high < 100.0
    cut_low, cut_high = time_share_interval(np.full(3, 60.0), ~uncut, 3000)
    assert cut_low < low and cut_high > high, "a cut stretch is longer than was seen"
    assert time_share_interval(np.array([3000.0]), uncut[:1], 3000)[1] == 100.0


@settings(deadline=None)
@given(
    durations=st.lists(st.floats(1.0, 600.0), max_size=12),
    cuts=st.integers(0, 4095),
    more=st.integers(1, 5000),
)
def test_the_interval_of_a_share_of_time_holds_the_share(
    durations: list[float], cuts: int, more: int
) -> None:
    lengths = np.array(durations)
    cut = np.array([bool(cuts >> k & 1) for k in range(len(lengths))], np.bool_)
    seconds = int(lengths.sum()) + more
    low, high = time_share_interval(lengths, cut, seconds)
    assert 0.0 <= low <= 100.0 * lengths.sum() / seconds <= high <= 100.0


def test_two_who_are_out_together_less_than_three_times_have_no_interval() -> None:
    cycles = np.array([[5.0, 20.0, 10.0, 15.0, 100.0]] * 2 + [[0.0, 20.0, 20.0, 0.0, 100.0]] * 9)
    assert np.isnan(together_interval(cycles, lambda v: np.log(v[..., 0]))).all()


def test_the_memory_of_first_order_noise_is_found_and_widens_the_interval_of_its_mean() -> None:
    rng = np.random.default_rng(1)
    slow, fast = wandering(4000, 10.0, 1.0, rng), rng.normal(size=4000)
    assert memory(slow) == pytest.approx(math.exp(-0.1), abs=0.03)
    assert memory(fast) < 0.05
    widths = [high - low for low, high in map(remembering_interval, (slow, fast))]
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(19.0 / 1.0), rel=0.3)
    assert memory(np.ones(50)) == 0.0


def test_the_interval_of_a_correlation_of_white_noise_is_that_of_fisher() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 400))
    low, high = correlation_interval(x, y, 0.3)
    away = 1.97 / math.sqrt(397)
    assert (low, high) == pytest.approx(
        (math.tanh(math.atanh(0.3) - away), math.tanh(math.atanh(0.3) + away)), abs=5e-3
    )
    assert np.isnan(correlation_interval(x, x, 1.0)).all()


def test_the_interval_of_an_edge_holds_it_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = []
    for _ in range(60):
        a = rng.normal(1.0, 1.3, 40)
        y = (rng.random(40) < 1.0 / (1.0 + np.exp(-2.0 * (a - 1.5)))).astype(float)
        low, high = midpoint_interval(a, y, 1.0)
        assert not firth(a, y)[0] < low and not firth(a, y)[0] > high
        held.append(not low > 1.5 and not high < 1.5)
    assert sum(held) >= 53


def test_labels_of_one_place_or_a_wrong_slope_give_no_interval() -> None:
    a = np.linspace(0.0, 3.0, 30)
    assert np.isnan(midpoint_interval(a, (a < 1.5).astype(float), 1.0)).all()


def of_segments(x: FloatArray, y: FloatArray) -> FloatArray:
    return segment_means(x, y, sfreq=1.0, segment=30.0, max_lag=5.0)


def test_coupled_segments_have_intervals_around_what_was_found_whoever_comes_first() -> None:
    rng = np.random.default_rng(4)
    common, x, y = (wandering(2400, 6.0, 1.0, rng) for _ in range(3))
    pair = (common + x, common + y)
    means, turned = of_segments(*pair), of_segments(*pair[::-1])
    z, effect = z_interval(means), effect_interval(means, 6.0)
    assert z[0] < float(np.diagonal(means).mean()) < z[1]
    assert effect[1] - effect[0] == pytest.approx(4.0, abs=1.0)
    assert effect_interval(turned, 6.0) == effect
    few = of_segments(pair[0][:200], pair[1][:200])
    assert np.isnan([*z_interval(few), *effect_interval(few, 6.0)]).all()
    assert np.isnan(z_interval(of_segments(pair[0][:9], pair[1][:9]))).all()


def test_a_correlation_has_its_place_among_unrelated_series_that_remember_as_much() -> None:
    places = []
    for seed in range(60):
        rng = np.random.default_rng([7, seed])
        x, y = (wandering(60, 5.0, 1.0, rng) for _ in range(2))
        places.append(correlation_place(x, y, float(np.corrcoef(x, y)[0, 1])))
    assert sum(not 0.025 <= p <= 0.975 for p in places) <= 3  # of shuffles it would be a third
    x, y = np.random.default_rng(8).standard_normal((2, 200))
    assert correlation_place(x, y, 0.0) == pytest.approx(0.5)
    assert correlation_place(x, y, -0.5) < 1e-6 < 1.0 - 1e-6 < correlation_place(x, y, 0.5)
    low, _ = correlation_interval(x, y, 0.2)
    assert (low > 0.0) == (correlation_place(x, y, 0.2) > 0.975)
    assert math.isnan(correlation_place(x, y, 1.0))
