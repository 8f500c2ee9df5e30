"""HRV: equal to numpy where numpy can say it, to the standard's test pattern where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from processing.heart.hrv import mean_windows, rmssd, sdnn, sdnn_windows
from processing.heart.judging import judge_beats
from processing.heart.limits.rmssd import rmssd_windows
from processing.heart.respiration import breathing_rate
from processing.heart.spectrum import _IN_BAND, SEGMENT, hf_power, rsa_pb, rsa_series
from processing.splines import cubic, cubics
from tests.recordings import ec57_tp2, resting_nn


def test_rmssd_and_sdnn_equal_numpy() -> None:
    nn = resting_nn()
    assert rmssd(nn) == pytest.approx(np.sqrt(np.mean(np.diff(nn) ** 2)), rel=1e-12)
    assert sdnn(nn) == pytest.approx(np.std(nn, ddof=1), rel=1e-12)


def test_no_difference_is_taken_across_a_rejected_beat() -> None:
    assert rmssd([800.0, 810.0, np.nan, 900.0, 920.0]) == pytest.approx(np.sqrt((100 + 400) / 2))
    assert np.isnan(rmssd([800.0, np.nan, 810.0]))
    assert np.isnan(sdnn([800.0]))
    assert np.isnan(rmssd([]))


def test_sliding_windows_equal_numpy_on_the_same_intervals() -> None:
    rng = np.random.default_rng(0)
    beats = judge_beats(np.cumsum(0.8 + 0.02 * rng.standard_normal(400)))
    assert np.nanmax(beats.classes) == 0
    ends = beats.times[200:]
    short, long = rmssd_windows(beats, ends, 60.0), sdnn_windows(beats, ends, 120.0)
    pulse = mean_windows(beats, ends, 10.0)
    for j, end in enumerate(ends.tolist()):
        nn = beats.values[(beats.times > end - 60) & (beats.times <= end)]
        assert short.value[j] == pytest.approx(rmssd(nn), rel=1e-9)
        assert short.low[j] < short.value[j] < short.high[j]
        nn = beats.values[(beats.times > end - 120) & (beats.times <= end)]
        assert long.value[j] == pytest.approx(np.std(nn, ddof=1), rel=1e-9)
        nn = beats.values[(beats.times > end - 10) & (beats.times <= end)]
        assert pulse.value[j] == pytest.approx(nn.mean(), rel=1e-12)


def test_cover_is_the_time_under_accepted_intervals() -> None:
    times = np.arange(0.0, 100.0, 0.8)
    beats = judge_beats(times[(times < 40) | (times > 60)])
    cover = mean_windows(beats, beats.times[-1:], 60.0).cover[0]
    assert cover == pytest.approx(39.2 / 60, abs=0.03)


def test_hf_of_the_standard_pattern_is_within_two_percent() -> None:
    times, rr = ec57_tp2()
    for end in (200, 600, 1000):
        last = int(np.searchsorted(times, end))
        power = hf_power(times[last - 170 : last], 1e3 * rr[last - 170 : last])
        assert power == pytest.approx(606.4, rel=0.001)
        assert power == pytest.approx(612.5, rel=0.02)


def test_hf_needs_64_seconds() -> None:
    times = np.arange(0, 60, 0.8)
    assert np.isnan(hf_power(times, np.full(len(times), 800.0)))
    assert np.isnan(hf_power(times[:2], times[:2]))


def test_rsa_of_a_known_swing() -> None:
    t = np.arange(240) / 2.0
    assert rsa_pb(800 + 50 * np.sin(2 * np.pi * 0.25 * t)) == pytest.approx(7.357, abs=0.01)
    for frequency, gain in ((0.15, 0.660), (0.20, 1.215), (0.25, 1.121), (0.30, 0.862), (0.40, 0.548)):
        out = rsa_series(800 + 50 * np.sin(2 * np.pi * frequency * np.arange(2000) / 2.0))
        assert np.sqrt(2 * out.var()) / 50 == pytest.approx(gain, abs=0.003)
    assert np.isnan(rsa_pb(np.full(100, np.nan)))
    assert np.isnan(rsa_pb(np.full(40, 800.0)))


def test_the_spline_equals_scipy() -> None:
    rng = np.random.default_rng(1)
    times, values = np.cumsum(rng.uniform(0.5, 1.2, 60)), rng.standard_normal(60)
    at = np.linspace(times[0], times[-1], 500)
    assert cubic(times, values, at) == pytest.approx(CubicSpline(times, values)(at), abs=1e-10)


@pytest.mark.parametrize("rate", [9.0, 15.0, 21.0])
def test_breathing_rate_from_beats(rate: float) -> None:
    rng = np.random.default_rng(2)
    t = np.cumsum(0.8 + 0.01 * rng.standard_normal(80))
    breath = np.sin(2 * np.pi * rate / 60 * t)
    nn, heights = 800 + 25 * breath + 5 * rng.standard_normal(80), 1 + 0.05 * breath
    found, quality, reason = breathing_rate(t, nn, heights, 30.0)
    assert found == pytest.approx(rate, abs=0.6)
    assert quality > 0.5
    assert reason == ""
    assert breathing_rate(t, nn, None, 30.0)[0] == pytest.approx(rate, abs=0.6)


def test_breathing_rate_needs_agreement() -> None:
    t = np.arange(0.0, 60.0, 0.8)
    slow, fast = np.sin(2 * np.pi * 0.15 * t), np.sin(2 * np.pi * 0.35 * t)
    found, _, reason = breathing_rate(t, 800 + 20 * slow, 1 + 0.1 * fast, 30.0)
    assert np.isnan(found)
    assert "disagree" in reason
    assert "too few" in breathing_rate(t[:5], t[:5], None, 30.0)[2]


def test_many_splines_at_once_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(1)
    windows = [(np.cumsum(rng.uniform(0.3, 1.5, n)), rng.normal(800, 50, n)) for n in (4, 9, 40, 40, 7)]
    at = np.array([np.linspace(times[0], times[-1], 50) for times, _ in windows])
    alone = [cubic(*window, row) for window, row in zip(windows, at, strict=True)]
    assert (cubics(windows, at) == alone).all()


def test_a_window_without_a_spline_spoils_no_other() -> None:
    good = np.arange(8.0), np.random.default_rng(2).normal(800, 50, 8)
    bad = np.arange(8.0), np.full(8, np.nan)
    at = np.tile(np.linspace(0.5, 6.5, 20), (3, 1))
    found = cubics([bad, good, bad], at)
    assert np.isnan(found[[0, 2]]).all()
    assert (found[1] == cubic(*good, at[1])).all()


def test_hf_is_what_lies_from_0_15_to_0_40_hz_and_nothing_beside_it() -> None:
    """The bins of a segment of 64 s that lie in the band of the Task Force (1996)."""
    bins = np.arange(SEGMENT // 2 + 1) * 4.0 / SEGMENT
    assert bins[_IN_BAND].tolist() == [f for f in bins.tolist() if 0.15 <= f <= 0.40]


def slow_and_breath(rate: float, swing: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return R times, intervals and amplitudes of a heart whose waves of 0.1 Hz (20 ms) exceed breath."""
    rng = np.random.default_rng(seed)
    at = 0.8 * np.arange(60)
    breath = np.sin(2 * np.pi * rate / 60.0 * at)
    nn = 800 + swing * breath + 20 * np.sin(2 * np.pi * 0.1 * at + 1.0) + 4 * rng.standard_normal(60)
    return np.cumsum(nn) / 1000.0, nn, 1 + 0.03 * breath + 0.01 * rng.standard_normal(60)


@pytest.mark.parametrize("rate", [12.0, 16.0, 22.0])
def test_slow_waves_are_not_taken_for_breath(rate: float) -> None:
    found, alone = [], []
    for seed in range(40):
        t, nn, heights = slow_and_breath(rate, 8.0, seed)
        found.append(breathing_rate(t, nn, heights, float(t[30]))[0])
        alone.append(breathing_rate(t, nn, None, float(t[30]))[0])
    assert np.isfinite(found).mean() > 0.5
    assert np.nanmax(np.abs(np.array(found) - rate)) < 2.0
    # Intervals alone show little of it; what they follow is not the slow wave.
    assert not np.any(np.abs(np.array(alone) - 6.0) < 2.0)


def test_noise_seldom_looks_like_breath() -> None:
    rng = np.random.default_rng(4)
    given = {True: 0, False: 0}
    for _ in range(200):
        nn, heights = 800 + 20 * rng.standard_normal(60), 1 + 0.03 * rng.standard_normal(60)
        t = np.cumsum(nn) / 1000.0
        for alone in given:
            rate = breathing_rate(t, nn, None if alone else heights, float(t[30]))[0]
            given[alone] += bool(np.isfinite(rate))
    assert given[True] <= 30
    assert given[False] <= 45


def test_clear_amplitudes_that_say_otherwise_leave_no_rate() -> None:
    t = np.arange(0.0, 60.0, 0.8)
    nn, heights = 800 + 20 * np.sin(2 * np.pi * 0.2 * t), 1 + 0.1 * np.sin(2 * np.pi * 0.35 * t)
    assert breathing_rate(t, nn, None, 30.0)[0] == pytest.approx(12.0, abs=0.6)
    assert np.isnan(breathing_rate(t, nn, heights, 30.0)[0])


def test_no_breath_is_told_across_beats_that_are_missing() -> None:
    t = np.arange(0.0, 60.0, 0.8)
    nn = 800 + 25 * np.sin(2 * np.pi * 0.25 * t)
    hole = (t < 28.0) | (t > 32.0)
    assert breathing_rate(t, nn, None, 30.0)[0] == pytest.approx(15.0, abs=0.6)
    assert breathing_rate(t[hole], nn[hole], None, 30.0)[2] == "too few accepted beats"
