"""Chance: known coupling is found, exchanged people change nothing, independent people are left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.coupling.permutation import block_length, block_permutation_pairs
from processing.surrogates.circular import circular_shift_test
from processing.surrogates.segments import segment_table
from processing.surrogates.synchrony import (
    ChanceTest,
    NoValueWarning,
    benjamini_hochberg,
    coregulation,
    holm,
    lead,
    matched_coupling,
    permutation_test,
)
from tests.processing.dyads import autoregressive, coupled

Test = Callable[[FloatArray, FloatArray, int], ChanceTest]


def permuted(x: FloatArray, y: FloatArray, seed: int) -> ChanceTest:
    return permutation_test(x, y, sfreq=4.0, rng=np.random.default_rng(seed))


def permuted_signed(x: FloatArray, y: FloatArray, seed: int) -> ChanceTest:
    return permutation_test(x, y, sfreq=4.0, signed=True, rng=np.random.default_rng(seed))


def shifted(x: FloatArray, y: FloatArray, seed: int) -> ChanceTest:
    return circular_shift_test(x, y, sfreq=4.0, rng=np.random.default_rng(seed))


TESTS: dict[str, Test] = {
    "permuted segments": permuted,
    "permuted segments, signed": permuted_signed,
    "circular shifts": shifted,
}


@pytest.mark.parametrize("name", TESTS)
def test_coupling_is_found(name: str) -> None:
    x, y = coupled(np.random.default_rng(1), 9600, sfreq=4.0, lead=2.0, mix=0.6)
    result = TESTS[name](x, y, 0)
    assert result.p <= 0.005
    assert result.es_perm > 3.0
    assert result.null in name


@pytest.mark.parametrize("name", TESTS)
def test_exchanging_the_people_changes_nothing(name: str) -> None:
    x, y = coupled(np.random.default_rng(2), 4800, sfreq=4.0, lead=2.0, mix=0.2)
    x[700:760], y[3000:3004] = np.nan, np.nan
    there, back = TESTS[name](x, y, 7), TESTS[name](y, x, 7)
    assert there.p == back.p
    assert there.es_perm == pytest.approx(back.es_perm, abs=1e-9)
    assert there.observed == pytest.approx(back.observed, abs=1e-12)


@pytest.mark.parametrize("name", TESTS)
def test_independent_people_are_seldom_called_coupled(name: str) -> None:
    rng = np.random.default_rng(3)
    pairs = [[autoregressive(rng, 4800, sfreq=4.0, tau=10.0) for _ in range(2)] for _ in range(40)]
    p = [TESTS[name](x, y, seed).p for seed, (x, y) in enumerate(pairs)]
    assert sum(value <= 0.05 for value in p) <= 7
    assert 0.3 < np.mean(p) < 0.7


@pytest.mark.parametrize("name", TESTS)
def test_what_cannot_be_tested_is_nan_and_says_why(name: str) -> None:
    noise = np.random.default_rng(4).standard_normal(4800)
    for x, y, why in (
        (np.full(4800, np.nan), noise, "no data of the therapist"),
        (noise, np.full(4800, 70.0), "the client's signal is constant"),
        (noise[:300], noise[:300], "75 s"),
        (noise[:0], noise[:0], "0 s"),
    ):
        result = TESTS[name](x, y, 0)
        assert np.isnan(result.p)
        assert np.isnan(result.es_perm)
        assert why in result.reason


@pytest.mark.parametrize("name", TESTS)
def test_signals_of_unequal_length_are_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match="differ in length: therapist 4800, client 1200; both must be on one grid"
    ):
        TESTS[name](np.zeros(4800), np.zeros(1200), 0)


def test_the_unshifted_circular_table_is_the_plain_one() -> None:
    x, y = coupled(np.random.default_rng(5), 4800, sfreq=4.0, lead=1.0, mix=0.4)
    x[1000:1010] = np.nan
    sizes = []
    for s in range(0, 4800 - 120 + 1, 120):
        for k in range(-20, 21):
            first, later = (x, y) if k >= 0 else (y, x)
            a, b = first[s : s + 120], later[s + abs(k) : s + abs(k) + 120]
            if len(b) < 120:
                continue
            a, b = a - np.nanmean(a), b - np.nanmean(b)
            sizes.append(abs(np.arctanh(np.nansum(a * b) / np.sqrt(np.nansum(a * a) * np.nansum(b * b)))))
    result = circular_shift_test(x, y, sfreq=4.0, rng=np.random.default_rng(0))
    assert result.observed == pytest.approx(np.mean(sizes), abs=1e-10)


def test_the_permuted_statistic_is_the_mean_over_matched_segments() -> None:
    x, y = coupled(np.random.default_rng(6), 4800, sfreq=4.0, lead=1.0, mix=0.4)
    table = segment_table(x, y, 120, 20)
    expected = np.mean([np.abs(table.z[i, i]).mean() for i in range(40)])
    result = permutation_test(x, y, sfreq=4.0, rng=np.random.default_rng(0))
    assert result.observed == pytest.approx(expected, abs=1e-12)
    assert matched_coupling(x, y, sfreq=4.0) == pytest.approx(expected, abs=1e-12)
    with pytest.warns(NoValueWarning, match=r"no usable segment of 30 s \(no data of the therapist\)"):
        assert np.isnan(matched_coupling(np.full(len(x), np.nan), y, sfreq=4.0))


def test_neighbouring_segments_are_permuted_together() -> None:
    pairs = block_permutation_pairs(50, 3, 200, np.random.default_rng(0))
    assert pairs.shape == (200, 50)
    np.testing.assert_array_equal(np.sort(pairs, axis=1), np.tile(np.arange(50), (200, 1)))
    there, back = pairs[:100], pairs[100:]
    np.testing.assert_array_equal(np.take_along_axis(there, back, axis=1), np.tile(np.arange(50), (100, 1)))
    kept = (np.diff(there, axis=1) % 50 == 1).mean()
    assert 0.6 < kept < 0.75
    assert [block_length(n) for n in (8, 23, 24, 35, 36, 100)] == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(("true", "leader"), [(2.0, "therapist"), (3.5, "therapist")])
def test_a_true_lead_is_recovered_with_its_sign_and_an_interval(true: float, leader: str) -> None:
    x, y = coupled(np.random.default_rng(7), 9600, sfreq=4.0, lead=true, mix=0.5)
    there = lead(x, y, sfreq=4.0, rng=np.random.default_rng(0))
    back = lead(y, x, sfreq=4.0, rng=np.random.default_rng(0))
    assert there.lag == pytest.approx(true, abs=0.25)
    assert there.interval[0] <= true <= there.interval[1]
    assert there.interval[1] - there.interval[0] < 1.0
    assert (there.leader, back.leader) == (leader, "client")
    assert back.lag == pytest.approx(-there.lag, abs=1e-9)
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]), abs=1e-9)
    assert (back.p_coupling, back.p_lead) == (there.p_coupling, there.p_lead)


def test_no_interval_is_narrower_than_half_a_sample_and_a_lag_between_samples_lies_in_it() -> None:
    rng = np.random.default_rng(12)
    fine = autoregressive(rng, 96_000, sfreq=40.0, tau=2.0)
    own = autoregressive(rng, 9500, sfreq=4.0, tau=2.0)
    for true in (2.0, 2.1, 1.375):
        begin = 1000 - round(true * 40.0)
        x, follows = fine[1000::10][:9500], fine[begin::10][:9500]
        found = lead(x, 0.9 * own + 0.44 * follows, sfreq=4.0, rng=np.random.default_rng(0))
        low, high = found.interval
        assert low <= true <= high
        assert 0.125 - 1e-8 <= high - low < 0.25
        assert low <= found.lag <= high


def test_a_loss_of_samples_in_one_person_does_not_move_the_lag() -> None:
    x, y = coupled(np.random.default_rng(9), 4800, sfreq=4.0, lead=2.0, mix=0.6)
    holed = y.copy()
    holed[2000:2011] = np.nan  # 2.8 s
    whole, lossy = (lead(x, v, sfreq=4.0, rng=np.random.default_rng(0)) for v in (y, holed))
    assert lossy.lag == pytest.approx(whole.lag, abs=0.05)
    assert lossy.leader == whole.leader == "therapist"


def test_coupling_without_lag_has_no_leader() -> None:
    x, y = coupled(np.random.default_rng(8), 9600, sfreq=4.0, lead=0.0, mix=0.6)
    found = lead(x, y, sfreq=4.0, rng=np.random.default_rng(0))
    assert found.leader is None
    assert found.reason == "no clear leader"
    assert abs(found.lag) < 0.25


def test_independent_constant_and_missing_people_have_no_leader() -> None:
    rng = np.random.default_rng(9)
    x, y = (autoregressive(rng, 9600, sfreq=4.0, tau=5.0) for _ in range(2))
    assert lead(x, y, sfreq=4.0, rng=np.random.default_rng(0)).leader is None
    for other, why in ((1.0, "the client's signal is constant"), (np.nan, "no data of the client")):
        found = lead(x, np.full(9600, other), sfreq=4.0, rng=np.random.default_rng(0))
        assert found.leader is None
        assert np.isnan(found.lag)
        assert found.reason == f"0 usable segments of 30 s, 8 are needed ({why})"
    assert lead(x[:10], y[:10], sfreq=4.0, rng=np.random.default_rng(0)).reason


def test_false_discovery_rate_leaves_out_what_was_not_tested() -> None:
    found = benjamini_hochberg([0.01, 0.04, float("nan"), 0.03])
    np.testing.assert_allclose(found, [0.03, 0.04, np.nan, 0.04])
    assert len(benjamini_hochberg([])) == 0
    assert np.isnan(benjamini_hochberg([float("nan")])).all()
    with pytest.raises(ValueError, match=r"not at 1\.2"):
        benjamini_hochberg([1.2, float("inf")])


def test_holm_adjusts_by_rank_and_leaves_out_what_was_not_tested() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, float("nan"), 0.03]), [0.03, 0.06, np.nan, 0.06])
    np.testing.assert_allclose(holm([0.5, 0.02, 0.6]), [1.0, 0.06, 1.0])
    np.testing.assert_allclose(holm([0.02]), [0.02])
    assert len(holm([])) == 0
    assert np.isnan(holm([float("nan")])).all()
    with pytest.raises(ValueError, match=r"not at 1\.2"):
        holm([1.2, float("inf")])


def test_coregulation_recovers_both_gains() -> None:
    rng = np.random.default_rng(10)
    n, t, c = 20_000, np.zeros(20_000), np.zeros(20_000)
    for k in range(1, n):
        t[k] = 0.8 * t[k - 1] + rng.standard_normal()
        c[k] = 0.7 * c[k - 1] + 0.2 * t[k - 1] + rng.standard_normal()
    found = coregulation(t, c, sfreq=1.0)
    assert found.client_gain == pytest.approx(0.2 * t.std() / c.std(), abs=0.02)
    assert found.client_return == pytest.approx(-0.3, abs=0.03)
    assert found.therapist_gain == pytest.approx(0.0, abs=0.02)
    back = coregulation(c, t, sfreq=1.0)
    assert (back.client_gain, back.therapist_gain) == (found.therapist_gain, found.client_gain)


def test_coregulation_skips_holes_and_needs_a_minute() -> None:
    x, y = coupled(np.random.default_rng(11), 4000, sfreq=4.0, lead=1.0, mix=0.6)
    x[400:800] = np.nan
    found = coregulation(x, y, sfreq=4.0)
    assert 890 <= found.n <= 900
    assert found.client_gain > found.therapist_gain
    for other, why in ((np.nan, "no data of the client"), (2.0, "the client's signal is constant")):
        alone = coregulation(x, np.full(4000, other), sfreq=4.0)
        assert np.isnan(alone.client_gain)
        assert alone.reason == f"0 usable steps of 1 s, 60 are needed ({why})"
