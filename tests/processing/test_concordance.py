"""Concordance index: sign, lag, guards."""

from __future__ import annotations

import numpy as np
import pytest

from processing.offline.concordance import correlations, slopes
from processing.offline.synchrony import concordance, concordance_profile
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


def test_a_hole_is_left_out_and_what_has_no_window_is_nan() -> None:
    x, y = coupled(np.random.default_rng(4), 4800, sfreq=4.0, lead=0.0, mix=0.9)
    x[1000:1400] = np.nan
    assert concordance(x, y, sfreq=4.0) > 1.0
    for other in (np.full(4800, np.nan), np.full(4800, 3.0)):
        assert np.isnan(concordance(x, other, sfreq=4.0))
    assert np.isnan(concordance(x[:40], y[:40], sfreq=4.0))
    assert np.isnan(concordance(x[:40], y[:40], sfreq=4.0, lag=20.0))


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        concordance(np.zeros(100), np.zeros(99), sfreq=4.0)
    with pytest.raises(ValueError, match="window"):
        concordance(np.zeros(100), np.zeros(100), sfreq=4.0, window=1.0)
