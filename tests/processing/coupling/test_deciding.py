"""The deciding p in closed form: against draws, exact moments, exchanged people, missing pairs."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

from acquisition.stream import FloatArray
from processing.coupling.deciding import (
    decide,
    p_of_largest,
    p_of_mean,
    studentised,
    studentised_by_shifts,
)
from processing.coupling.statement import compared
from processing.coupling.wclc import TableShape, lead_contrast
from tests.processing.dyads import autoregressive, coupled

SHAPE = TableShape(window=40, max_lag=8, coverage=0.8, renew=10_000)


def table(seed: int, mix: float, lead: float = 1.0, n: int = 2400) -> FloatArray:
    x, y = coupled(np.random.default_rng(seed), n, sfreq=4.0, lead=lead, mix=mix)
    return compared(x, y, np.arange(47, n, 40), SHAPE)[0]


def test_mean_and_spread_are_those_of_every_permutation() -> None:
    z = np.random.default_rng(1).standard_normal((3, 6, 6))
    every = np.array([z[:, np.arange(6), list(p)].mean(axis=1) for p in permutations(range(6))])
    matched = np.einsum("kii->k", z) / 6
    t, joined = studentised(z)
    np.testing.assert_allclose(t, (matched - every.mean(axis=0)) / every.std(axis=0), atol=1e-9)
    expected = [np.corrcoef(every[:, k], every[:, k + 1])[0, 1] for k in range(2)]
    np.testing.assert_allclose(joined, expected, atol=1e-9)


def test_shifts_keep_two_segments_apart() -> None:
    z = np.random.default_rng(2).standard_normal((1, 7, 7))
    shifted = np.array([z[0, np.arange(7), (np.arange(7) + d) % 7].mean() for d in range(2, 6)])
    spread = shifted.std(ddof=1) * np.sqrt(1.0 + 1.0 / 4.0)
    t, _ = studentised_by_shifts(z)
    np.testing.assert_allclose(t, [(np.trace(z[0]) / 7 - shifted.mean()) / spread], atol=1e-9)


@pytest.mark.parametrize("c", [2.0, 2.5, 3.3, 4.5])
def test_the_p_of_the_largest_of_neighbours_bounds_that_of_draws_closely(c: float) -> None:
    rho, rng = 0.9, np.random.default_rng(3)
    draws = np.empty((400_000, 21))
    draws[:, 0] = rng.standard_normal(len(draws))
    for k in range(1, 21):
        draws[:, k] = rho * draws[:, k - 1] + np.sqrt(1.0 - rho**2) * rng.standard_normal(len(draws))
    p = p_of_largest(np.array([0.0, c, 1.0]), np.full(20, rho))
    share = float(np.mean(np.abs(draws).max(axis=1) >= c))
    assert share <= p * 1.1 + 1e-5
    assert p <= 1.45 * share + 1e-5


def test_one_value_alone_has_its_own_p_and_none_is_told_as_0() -> None:
    assert p_of_largest(np.array([1.96]), np.empty(0)) == pytest.approx(2 * norm.sf(1.96))
    assert p_of_largest(np.array([0.0]), np.empty(0)) == 1.0
    assert p_of_largest(np.array([30.0]), np.empty(0)) == 1e-12


def test_a_coupling_is_found_at_its_lag_and_on_its_side() -> None:
    found = decide(table(4, 0.6))
    assert found.p < 1e-4
    assert found.p == max(found.p_permuted, found.p_shifted)
    assert (found.side, found.lag) == (1, 4)
    assert found.p_lead < 0.01
    assert p_of_mean(table(4, 0.6)) < 0.05


def test_uncoupled_people_have_a_p_of_at_most_05_in_about_5_of_100_hours() -> None:
    ps = []
    for k in range(200):
        rng = np.random.default_rng([5, k])
        x, y = (autoregressive(rng, 1800, sfreq=4.0, tau=2.0) for _ in range(2))
        ps.append(decide(compared(x, y, np.arange(47, 1800, 40), SHAPE)[0]).p)
    assert np.mean(np.array(ps) <= 0.05) <= 0.08


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.3, 0.9]), st.booleans())
def test_exchanging_the_people_turns_side_and_lag_and_no_bit_of_a_p(
    seed: int, mix: float, holes: bool
) -> None:
    x, y = coupled(np.random.default_rng(seed), 800, sfreq=4.0, lead=1.0, mix=mix)
    if holes:
        x[100:109], y[300:309] = np.nan, np.nan
    ends = np.arange(47, 800, 40)
    there, back = (decide(compared(a, b, ends, SHAPE)[0]) for a, b in ((x, y), (y, x)))
    assert (there.p, there.p_lead, there.n) == (back.p, back.p_lead, back.n)
    assert (there.side, there.lag) == (-back.side, -back.lag)


def test_pairs_with_too_little_in_common_count_for_nothing() -> None:
    z = table(6, 0.0)
    z[:, 3, 7] = z[:, 7, 3] = np.nan
    with_gaps, whole = decide(z), decide(table(6, 0.0))
    assert with_gaps.p == pytest.approx(whole.p, abs=0.05)
    assert np.isfinite([with_gaps.p, with_gaps.p_lead]).all()


def test_the_same_numbers_in_every_segment_say_nothing() -> None:
    assert decide(np.full((17, 8, 8), 0.3)).p == 1.0


@pytest.mark.parametrize("seed", range(12))
def test_both_nulls_are_asked_and_the_larger_p_counts(seed: int) -> None:
    """That of shifts is a Student's t with n − 4 degrees of freedom, in the place of its normal deviate."""
    n = 9
    z = np.random.default_rng(seed).standard_normal((5, n, n))
    z[:, np.arange(n), np.arange(n)] += 0.6
    (permuted, joined), (shifted, joined_shifted) = studentised(z), studentised_by_shifts(z)
    as_normal = norm.isf(student.sf(np.abs(shifted), n - 4))
    found = decide(z)
    assert found.p_permuted == pytest.approx(p_of_largest(np.abs(permuted), joined))
    assert found.p_shifted == pytest.approx(p_of_largest(as_normal, joined_shifted), rel=1e-6)
    assert found.p == max(found.p_permuted, found.p_shifted)
    contrast = lead_contrast(np.moveaxis(z, 0, -1))[None]
    by_all, by_shifts = (np.abs(way(contrast)[0][0]) for way in (studentised, studentised_by_shifts))
    assert found.p_lead == pytest.approx(max(2.0 * norm.sf(by_all), 2.0 * student.sf(by_shifts, n - 4)))
