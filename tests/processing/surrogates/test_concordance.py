"""Concordance index: sign, lag, guards."""

from __future__ import annotations

import numpy as np
import pytest

from processing.surrogates.concordance import correlations, slopes
from processing.surrogates.synchrony import NoValueWarning, concordance, concordance_profile
from tests.processing.dyads import autoregressive, coupled


def test_slopes_and_correlations_are_those_of_numpy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 200))
    x[50] = np.nan
    ours = slopes(x, 20, 4)
    for i in range(len(ours)):
        part = x[4 * i : 4 * i + 20]
        there = np.isfinite(part)
        expected = np.polyfit(np.flatnonzero(there), part[there], 1)[0]
        assert ours[i] == pytest.approx(expected, abs=1e-12)
    a, b = slopes(x, 20, 4), slopes(y, 20, 4)
    np.testing.assert_allclose(correlations(a, b, 15)[3], np.corrcoef(a[3:18], b[3:18])[0, 1], atol=1e-12)


def test_like_signals_are_positive_and_mirrored_ones_negative() -> None:
    x = autoregressive(np.random.default_rng(2), 4800, sfreq=4.0, tau=10.0)
    assert concordance(x, x, sfreq=4.0) > 5.0
    assert concordance(x, -x, sfreq=4.0) == pytest.approx(-concordance(x, x, sfreq=4.0))
    assert np.isfinite(concordance(x, x, sfreq=4.0))


def test_lagged_coupling_is_missed_at_lag_0_and_found_at_its_lag() -> None:
    x, y = coupled(np.random.default_rng(3), 9600, sfreq=4.0, lead=5.0, mix=0.9)
    profile = concordance_profile(x, y, sfreq=4.0)
    assert profile.lags[np.nanargmax(profile.values)] == 5.0
    assert profile.values.max() > 2.0
    assert concordance(x, y, sfreq=4.0) < 0.5
    mirrored = concordance_profile(y, x, sfreq=4.0)
    np.testing.assert_allclose(mirrored.values, profile.values[::-1], atol=1e-12)


def test_a_hole_is_left_out() -> None:
    x, y = coupled(np.random.default_rng(4), 4800, sfreq=4.0, lead=0.0, mix=0.9)
    x[1000:1400] = np.nan
    assert concordance(x, y, sfreq=4.0) > 1.0


def test_what_has_no_index_is_nan_and_says_why() -> None:
    x, y = coupled(np.random.default_rng(5), 4800, sfreq=4.0, lead=0.0, mix=0.9)
    for a, b, lag, why in (
        (x, np.full(4800, np.nan), 0.0, "no data of the client"),
        (np.full(4800, 3.0), y, 0.0, "the therapist's signal is constant"),
        (x[:100], y[:100], 0.0, "25 s with data of both people"),
        (x[:300], y[:300], 0.0, "57 usable windows of 15 s, 60 are needed"),
        (x[:40], y[:40], 20.0, "0 usable windows"),
        (x[:0], y[:0], 0.0, "0 s with data of both people"),
    ):
        with pytest.warns(NoValueWarning, match=why):
            assert np.isnan(concordance(a, b, sfreq=4.0, lag=lag))
    assert np.isfinite(concordance(x[:320], y[:320], sfreq=4.0))
    profile = concordance_profile(x[:330], y[:330], sfreq=4.0)
    np.testing.assert_array_equal(np.isnan(profile.values), [bool(why) for why in profile.reasons])
    assert np.isfinite(profile.values[7]) and profile.reasons[0].endswith("with data of both people)")


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        concordance(np.zeros(100), np.zeros(99), sfreq=4.0)
    with pytest.raises(ValueError, match="window"):
        concordance(np.zeros(100), np.zeros(100), sfreq=4.0, window=1.0)
