"""The chance pool: symmetric, growing, silent where there is too little."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.coupling.chance import BLOCK, TAILS, ChancePool, _blocks, _Tails
from processing.coupling.permutation import permutation_pairs
from processing.coupling.wclc import R_LIMIT, LagTable, TableShape, strongest
from processing.coupling.windows import strongest_of_pairs, tables, windows_at
from tests.processing.dyads import autoregressive, coupled

SHAPE = TableShape(window=40, max_lag=8, coverage=0.8, renew=10_000)


def with_holes(seed: int, n: int = 1200) -> tuple[FloatArray, FloatArray]:
    x, y = coupled(np.random.default_rng(seed), n, sfreq=4.0, lead=1.0, mix=0.7)
    x[300:306], y[700:750] = np.nan, np.nan
    return x, y


def pooled(x: FloatArray, y: FloatArray) -> ChancePool:
    pool = ChancePool(SHAPE, apart=6, least=50)
    ends = np.arange(60, len(x), 10)
    for k in range(0, len(ends), 6):
        pool.add(x, y, ends[k : k + 6], k)
    return pool


@pytest.mark.parametrize("detrend", [False, True])
def test_tables_of_windows_equal_the_running_table(detrend: bool) -> None:
    shape = TableShape(window=40, max_lag=8, coverage=0.8, renew=10_000, detrend=detrend)
    x, y = with_holes(1)
    ends = np.arange(100, 1200, 7)
    running, _ = LagTable(shape).push(x, y)
    r = tables(windows_at(x, ends, shape), windows_at(y, ends, shape), shape)
    ours = np.arctanh(np.einsum("kii->ik", r))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(running[ends]))
    # With holes, windows lose their own straight line and the running table their common one.
    whole = (np.isfinite(x) & np.isfinite(y))[ends[:, None] - np.arange(48)].all(axis=1)
    np.testing.assert_allclose(ours[whole], running[ends][whole], atol=1e-9)
    if not detrend:
        np.testing.assert_allclose(ours, running[ends], atol=1e-9)


def test_the_strongest_lag_of_pairs_is_that_of_their_tables() -> None:
    x, y = autoregressive(np.random.default_rng(2), 600, sfreq=4.0, tau=2.0), with_holes(2)[1][:600]
    a, b = windows_at(x, np.arange(60, 250, 10), SHAPE), windows_at(y, np.arange(60, 250, 10), SHAPE)
    np.testing.assert_allclose(
        strongest_of_pairs(a, b, SHAPE), np.abs(tables(a, b, SHAPE)).max(axis=0), atol=1e-12
    )


def test_exchanging_the_people_leaves_the_band_as_it_is() -> None:
    x, y = with_holes(3)
    assert pooled(x, y).band() == pooled(y, x).band()


def test_the_band_holds_95_of_100_windows_that_never_met() -> None:
    rng = np.random.default_rng(4)
    x, y = (autoregressive(rng, 5000, sfreq=4.0, tau=1.0) for _ in range(2))
    low, high = pooled(x, y).band()
    z, _ = LagTable(SHAPE).push(x, y, every=4)
    value = strongest(z[20:])
    assert np.mean((value < low) | (value > high)) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("seed", [6, 7])
def test_the_band_is_that_of_all_values_though_those_further_in_are_let_go(seed: int) -> None:
    rng = np.random.default_rng(seed)
    most, tails, every = 40_000, _Tails(40_000), np.empty(0)
    for n in (150, 1, 3000, 5000, 12_000, 19_849):
        fresh = np.abs(rng.normal(0.2 + 0.1 * (n % 7), 0.1, n)).clip(0.0, 0.99)
        every = np.sort(np.concatenate([every, fresh]))
        tails.add([fresh[: n // 3], fresh[n // 3 :]])
        for share in TAILS:
            place = share * (len(every) - 1)
            low, high = np.arctanh(every[[int(place), min(int(place) + 1, len(every) - 1)]]).tolist()
            assert tails.quantile(share) == low + (high - low) * (place - int(place))
    assert tails.n == len(every) == most
    assert len(tails._ordered) <= 2 * (0.025 * most + 3)


@pytest.mark.parametrize("n", [1, 127, 128, 129, 255, 256, 257, 1000])
def test_blocks_of_earlier_windows_are_none_short_and_cover_all(n: int) -> None:
    blocks = _blocks(n)
    assert np.concatenate([np.arange(n)[b] for b in blocks]).tolist() == list(range(n))
    assert all(b.stop - b.start >= min(n, BLOCK) for b in blocks)


def test_a_small_pool_has_no_band() -> None:
    x, y = with_holes(5)
    assert np.isnan(pooled(x[:150], y[:150]).band()).all()
    assert np.isnan(pooled(np.full(1200, np.nan), y).band()).all()
    assert np.isnan(pooled(np.full(1200, 5.0), y).band()).all()


def test_permutations_come_with_their_inverses() -> None:
    pairs = permutation_pairs(9, 101, np.random.default_rng(0))
    assert len(pairs) == 100
    there, back = pairs[:50], pairs[50:]
    np.testing.assert_array_equal(np.take_along_axis(there, back, axis=1), np.tile(np.arange(9), (50, 1)))


def by_hand(x: FloatArray, y: FloatArray, apart: int) -> FloatArray:
    """Return, sorted, the largest |r| of every window of one with every one of the other, far apart."""
    ends = np.arange(60, len(x), 10)
    r = np.abs(tables(windows_at(x, ends, SHAPE), windows_at(y, ends, SHAPE), SHAPE)).max(axis=0)
    numbers = np.arange(len(ends))
    far = np.abs(numbers[:, None] - numbers[None, :]) >= apart
    return np.sort(r[far])


def test_the_pool_holds_every_pair_of_windows_that_are_far_apart_once() -> None:
    rng = np.random.default_rng(11)
    x, y = (autoregressive(rng, 400, sfreq=4.0, tau=2.0) for _ in range(2))
    pool = ChancePool(SHAPE, apart=6, least=1)
    ends = np.arange(60, len(x), 10)
    for k in range(len(ends)):
        pool.add(x, y, ends[k : k + 1], k)
    values = by_hand(x, y, 6)
    low, high = pool.band()
    place = np.array([0.025, 0.975]) * (len(values) - 1)
    z, below = np.arctanh(np.minimum(values, R_LIMIT)), place.astype(int)
    expected = z[below] + (z[np.minimum(below + 1, len(z) - 1)] - z[below]) * (place - below)
    np.testing.assert_allclose([low, high], expected, atol=1e-9)
    # What is one step too near, or kept at one side only, gives another pool.
    assert len(by_hand(x, y, 5)) > len(values) > len(by_hand(x, y, 7))


def test_a_band_needs_its_least_count_and_no_more() -> None:
    rng = np.random.default_rng(12)
    x, y = (autoregressive(rng, 300, sfreq=4.0, tau=2.0) for _ in range(2))
    ends = np.arange(60, len(x), 10)
    n = len(by_hand(x, y, 6))
    for least, there in ((n, True), (n + 1, False)):
        pool = ChancePool(SHAPE, apart=6, least=least)
        pool.add(x, y, ends, 0)
        pool.add(x, y, ends[:0], len(ends))
        assert np.isfinite(pool.band()).all() == there
