"""The lag table: equal to plain Pearson, for any cut of the input, mirrored when the people are exchanged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.coupling.peaks import pick, smoother
from processing.coupling.wclc import LagTable, TableShape, lead_contrast, mean_over_lags
from tests.processing.dyads import autoregressive, coupled

SHAPE = TableShape(window=40, max_lag=8, coverage=0.8, renew=150)


def pearson(x: FloatArray, y: FloatArray, t: int, k: int, shape: TableShape) -> float:
    a = x[max(t - max(k, 0) - shape.window + 1, 0) : max(t - max(k, 0) + 1, 0)]
    b = y[max(t - max(-k, 0) - shape.window + 1, 0) : max(t - max(-k, 0) + 1, 0)]
    n = min(len(a), len(b))
    a, b = a[len(a) - n :], b[len(b) - n :]
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < shape.coverage * shape.window:
        return float("nan")
    a, b = a[both], b[both]
    if shape.detrend:
        when = np.flatnonzero(both)
        a, b = (v - np.polyval(np.polyfit(when, v, 1), when) for v in (a, b))
    return float(np.arctanh(np.corrcoef(a, b)[0, 1]))


def with_gaps(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    x, y = coupled(rng, n, sfreq=4.0, lead=1.0, mix=0.5)
    x, y = 70.0 + 5.0 * x, 80.0 + 5.0 * y
    x[60:63], y[150:190], x[n - 12] = np.nan, np.nan, np.nan
    return x, y


@pytest.mark.parametrize("detrend", [False, True])
def test_table_equals_plain_pearson_with_gaps(detrend: bool) -> None:
    shape = TableShape(window=40, max_lag=8, coverage=0.8, renew=150, detrend=detrend)
    x, y = with_gaps(np.random.default_rng(1), 420)
    z, counts = LagTable(shape).push(x, y, every=3)
    lags = shape.lags.tolist()
    expected = np.array([[pearson(x, y, t, k, shape) for k in lags] for t in range(0, len(x), 3)])
    np.testing.assert_array_equal(np.isnan(z), np.isnan(expected))
    np.testing.assert_allclose(z, expected, atol=1e-10)
    assert counts.max() == shape.window
    assert np.isnan(z).any() and np.isfinite(z).any()


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 90), min_size=1, max_size=12), every=st.sampled_from([1, 4]))
def test_table_does_not_depend_on_how_the_samples_are_pushed(cuts: list[int], every: int) -> None:
    x, y = with_gaps(np.random.default_rng(2), max(sum(cuts), 200))
    x, y = x[: sum(cuts)], y[: sum(cuts)]
    z, counts = LagTable(SHAPE).push(x, y, every=every)
    table, at, parts = LagTable(SHAPE), 0, []
    for n in cuts:
        parts.append(table.push(x[at : at + n], y[at : at + n], every=every))
        at += n
    np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), z)
    np.testing.assert_array_equal(np.concatenate([p[1] for p in parts]), counts)


@pytest.mark.parametrize("detrend", [False, True])
def test_exchanging_the_people_mirrors_the_table_and_nothing_else(detrend: bool) -> None:
    shape = TableShape(window=40, max_lag=8, coverage=0.8, renew=150, detrend=detrend)
    x, y = with_gaps(np.random.default_rng(3), 400)
    z, _ = LagTable(shape).push(x, y)
    mirrored, _ = LagTable(shape).push(y, x)
    np.testing.assert_array_equal(z, mirrored[:, ::-1])
    np.testing.assert_array_equal(mean_over_lags(z), mean_over_lags(mirrored))
    np.testing.assert_array_equal(lead_contrast(z), -lead_contrast(mirrored))
    matrix = smoother(shape.max_lag)
    np.testing.assert_array_equal(pick(z, matrix), -pick(mirrored, matrix))


def test_fifty_minutes_of_pushes_with_gaps_stay_within_1e_9_of_pearson() -> None:
    shape = TableShape(window=120, max_lag=20, coverage=0.8, renew=2400)
    rng = np.random.default_rng(4)
    x, y = 70.0 + np.cumsum(rng.standard_normal((2, 12_000)), axis=1) * 0.2
    for at in range(500, 11_500, 1000):
        x[at : at + 10], y[at + 300 : at + 420] = np.nan, np.nan
    z, _ = LagTable(shape).push(x, y)
    for t in range(150, 12_000, 397):
        for k in (-20, -7, 0, 3, 20):
            np.testing.assert_allclose(z[t, k + 20], pearson(x, y, t, k, shape), atol=1e-9)


def test_constant_signals_have_no_correlation() -> None:
    x = autoregressive(np.random.default_rng(5), 400, sfreq=4.0, tau=2.0) * 100.0
    x[100:300] = x[100]
    z, counts = LagTable(SHAPE).push(x, np.full(400, 7.3))
    assert np.isnan(z).all()
    assert counts[-1, 0] == SHAPE.window
    own, _ = LagTable(SHAPE).push(x, np.roll(x, 3))
    assert np.isnan(own[160:290]).all()


def test_a_signal_with_itself_is_capped_at_ten() -> None:
    x = autoregressive(np.random.default_rng(6), 100, sfreq=4.0, tau=2.0)
    z, _ = LagTable(SHAPE).push(x, x)
    np.testing.assert_allclose(z[-1, SHAPE.max_lag], 10.0, atol=3.0)
    assert np.nanmax(z) <= 10.0


def test_missing_signals_give_nothing() -> None:
    z, counts = LagTable(SHAPE).push(np.full(90, np.nan), np.arange(90.0))
    assert np.isnan(z).all()
    assert (counts == 0).all()


def test_peak_of_a_smooth_bump_is_found_where_it_lies() -> None:
    lags = np.arange(-20, 21)
    matrix = smoother(20)
    for true in (-12.0, -0.5, 0.0, 7.5, 16.0):
        bump = np.exp(-(((lags - true) / 8.0) ** 2))
        assert pick(bump[None], matrix)[0] == true


def test_a_peak_at_the_edge_is_no_peak() -> None:
    matrix = smoother(20)
    rising = np.linspace(0.0, 1.0, 41)
    assert np.isnan(pick(rising[None], matrix)[0])
    assert np.isnan(pick(np.full((1, 41), np.nan), matrix)[0])


def test_of_two_peaks_the_one_nearer_to_lag_0_is_taken_and_of_two_alike_neither() -> None:
    lags, matrix = np.arange(-20, 21), smoother(20)
    near = np.exp(-(((lags - 5) / 3.0) ** 2)) + 2.0 * np.exp(-(((lags + 12) / 3.0) ** 2))
    assert pick(near[None], matrix)[0] == pytest.approx(5.0, abs=0.5)
    alike = np.exp(-(((np.abs(lags) - 10) / 3.0) ** 2))
    assert np.isnan(pick(alike[None], matrix)[0])


def test_rows_searched_one_by_one_have_the_peaks_of_rows_searched_together() -> None:
    rng, matrix = np.random.default_rng(7), smoother(20)
    z = np.apply_along_axis(np.convolve, 1, rng.standard_normal((200, 41)), np.ones(9), "same")
    z[3], z[4], z[5] = np.nan, 0.0, z[5] + z[5, ::-1]
    together = pick(z, matrix, 5)
    assert 0.5 < np.isfinite(together).mean() < 1.0
    np.testing.assert_array_equal(
        np.concatenate([pick(z[k : k + 1], matrix, 5 + k) for k in range(200)]), together
    )


def test_a_window_too_short_for_a_correlation_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        TableShape(window=2, max_lag=1, coverage=0.8, renew=10)
    with pytest.raises(ValueError, match="coverage"):
        TableShape(window=20, max_lag=1, coverage=0.0, renew=10)
