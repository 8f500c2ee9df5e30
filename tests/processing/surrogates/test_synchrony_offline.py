"""The lag table of whole arrays, and what live and offline share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.coupling.synchrony import Synchrony
from processing.surrogates import synchrony
from processing.surrogates.synchrony import lagged_correlation, lead
from tests.processing.dyads import coupled, grid_rows


def correlation(x: FloatArray, y: FloatArray) -> float:
    return float(np.arctanh(np.corrcoef(x, y)[0, 1]))


def test_the_causal_table_is_pearson_with_the_leaders_window_earlier() -> None:
    x, y = coupled(np.random.default_rng(1), 800, sfreq=4.0, lead=2.0, mix=0.5)
    table = lagged_correlation(x, y, sfreq=4.0, window=30.0, max_lag=5.0, step=1.0)
    assert table.times[0] == (120 + 20 - 1) / 4.0
    np.testing.assert_array_equal(np.diff(table.times), 1.0)
    np.testing.assert_array_equal(table.lags, np.arange(-20, 21) / 4.0)
    for row in (0, 57, len(table.times) - 1):
        t = round(table.times[row] * 4.0)
        for column, k in enumerate(range(-20, 21)):
            a, b = t - max(k, 0), t - max(-k, 0)
            expected = correlation(x[a - 119 : a + 1], y[b - 119 : b + 1])
            assert table.z[row, column] == pytest.approx(expected, abs=1e-10)
    assert (table.coverage == 1.0).all()


def test_the_forward_table_is_the_causal_one_sheared() -> None:
    x, y = coupled(np.random.default_rng(2), 600, sfreq=4.0, lead=2.0, mix=0.5)
    forward = lagged_correlation(x, y, sfreq=4.0, step=2.5, geometry="forward")
    assert len(forward.times) == -(-(600 - 120 - 20 + 1) // 10)
    for row in (0, len(forward.times) - 1):
        s = round(forward.times[row] * 4.0)
        for column, k in enumerate(range(-20, 21)):
            a, b = s + max(-k, 0), s + max(k, 0)
            expected = correlation(x[a : a + 120], y[b : b + 120])
            assert forward.z[row, column] == pytest.approx(expected, abs=1e-10)


def test_a_true_lag_is_the_highest_column() -> None:
    x, y = coupled(np.random.default_rng(3), 4800, sfreq=4.0, lead=1.5, mix=0.8)
    for table, true in (
        (lagged_correlation(x, y, sfreq=4.0), 1.5),
        (lagged_correlation(y, x, sfreq=4.0), -1.5),
    ):
        assert table.lags[np.nanmean(table.z, axis=0).argmax()] == true


def test_windows_under_80_percent_have_no_value_and_their_coverage_says_so() -> None:
    x, y = coupled(np.random.default_rng(4), 800, sfreq=4.0, lead=0.0, mix=0.5)
    x[300:325] = np.nan
    table = lagged_correlation(x, y, sfreq=4.0)
    np.testing.assert_array_equal(np.isnan(table.z), table.coverage < 0.8)
    assert table.coverage.min() == pytest.approx(95 / 120)


def test_short_missing_and_constant_signals_give_no_values() -> None:
    noise = np.random.default_rng(5).standard_normal(400)
    for n in (0, 1, 100, 139):
        for geometry in ("causal", "forward"):
            table = lagged_correlation(noise[:n], noise[:n], sfreq=4.0, geometry=geometry)
            assert table.z.shape == table.coverage.shape == (0, 41)
            assert table.reason == f"{n / 4:g} s are shorter than a window and a lag, 35 s"
    assert lagged_correlation(noise[:140], noise[:140], sfreq=4.0).z.shape == (1, 41)
    for other, why in ((np.nan, "no data of the client"), (7.0, "signal is constant"), (np.inf, "no data")):
        table = lagged_correlation(noise, np.full(400, other), sfreq=4.0)
        assert np.isnan(table.z).all()
        assert why in table.reason
    assert lagged_correlation(noise, noise, sfreq=4.0).reason == ""


def test_misuse_is_refused() -> None:
    noise = np.zeros(400)
    with pytest.raises(ValueError, match="known: causal, forward"):
        lagged_correlation(noise, noise, sfreq=4.0, geometry="centred")
    with pytest.raises(ValueError, match="differ in length"):
        lagged_correlation(noise, noise[1:], sfreq=4.0)
    with pytest.raises(ValueError, match="step"):
        lagged_correlation(noise, noise, sfreq=4.0, step=0.0)
    with pytest.raises(ValueError, match="window"):
        lagged_correlation(noise, noise, sfreq=4.0, window=float("nan"))


def test_live_values_are_those_of_the_offline_table() -> None:
    x, y = coupled(np.random.default_rng(6), 1200, sfreq=4.0, lead=2.0, mix=0.6)
    rates = 70.0 + 4.0 * x, 80.0 + 4.0 * y
    samples = [
        row
        for entity, v in zip(("therapist", "client"), rates, strict=True)
        for row in grid_rows("ibi", entity, 60_000.0 / v, sfreq=4.0)
    ]
    live = Synchrony("hr", config=PipelineConfig())
    live.hear(samples)
    ticks = np.arange(0.0, 310.0, 0.1)
    rows = [row for row in live.advance(ticks, {"heart": ticks - 0.05}) if row.index == "sync_hr"]
    table = lagged_correlation(*rates, sfreq=4.0, step=0.25)
    whole = [row for row in rows if table.times[0] <= row.time + 15.0 <= table.times[-1]]
    assert len(whole) > 200
    for row in whole[::10]:
        at = np.argmin(np.abs(table.times - (row.time + 15.0)))
        assert row.value == pytest.approx(np.abs(table.z[at]).max(), abs=1e-9)


def test_the_reference_dyads_tell_who_leads(data_dir: Path) -> None:
    for case, sfreq, leader, lag in (
        ("syn_hr4_lead2s", 4.0, "therapist", 2.0),
        ("syn_eda1_clientlead3s", 1.0, "client", -3.0),
        ("syn_hr4_null", 4.0, None, None),
    ):
        table = np.genfromtxt(data_dir / "sync" / f"{case}.csv", delimiter=",", skip_header=1)
        found = lead(table[:, 0], table[:, 1], sfreq=sfreq, rng=np.random.default_rng(0))
        assert found.leader == leader
        if lag is not None:
            assert found.lag == pytest.approx(lag, abs=0.25)


def test_the_names_that_are_promised_exist() -> None:
    for name in ("susy", "permutation_test", "lagged_correlation", "concordance", "lead"):
        assert callable(getattr(synchrony, name))
