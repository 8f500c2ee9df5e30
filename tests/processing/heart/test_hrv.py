"""HRV: equal to numpy where numpy can say it, to the standard's test pattern where it cannot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.stats import t as student

from acquisition.stream import FloatArray
from benchmarks.rmssd_interval import of_beats
from processing.heart.hrv import mean_windows, rmssd, rmssd_windows, sdnn, sdnn_windows
from processing.heart.ibi import Intervals
from processing.heart.judging import judge_beats
from processing.heart.respiration import breathing_rate
from processing.heart.rpeaks import detect_r_peaks
from processing.heart.spectrum import hf_power, rsa_pb, rsa_series
from processing.splines import cubic, cubics
from tests.recordings import belt_ecg, chest_ecg, ec57_tp2, long_nn, resting_nn


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


@pytest.mark.parametrize(("breathing", "noise"), [(0.25, 0.015), (0.12, 0.010), (0.33, 0.005), (0.25, 0.040)])
def test_the_interval_beside_rmssd_holds_the_level_about_as_often_as_it_says(
    breathing: float, noise: float
) -> None:
    inside, n = 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        t = 0.85 * np.arange(1500)
        depth = 0.02 * (1 + 0.4 * np.sin(2 * np.pi * t / 90))
        swing = depth * np.sin(2 * np.pi * breathing * t)
        beats = judge_beats(np.cumsum(0.85 + swing + noise * rng.standard_normal(1500)))
        level = rmssd(beats.values)
        found = rmssd_windows(beats, beats.times[100::70], 60.0)
        inside += int(((found.low <= level) & (level <= found.high)).sum())
        n += len(found.value)
    assert 0.93 < inside / n <= 1.0


def test_the_interval_beside_rmssd_is_wider_where_the_depth_of_breathing_wanders() -> None:
    rng = np.random.default_rng(3)
    t = 0.85 * np.arange(800)
    wide = []
    for share in (0.0, 0.7):
        depth: FloatArray = 0.03 * (1 + share * np.sin(2 * np.pi * t / 200))
        swing: FloatArray = depth * np.sin(2 * np.pi * 0.25 * t) + 0.004 * rng.standard_normal(800)
        beats = judge_beats(np.asarray(np.cumsum(0.85 + swing), np.float64))
        found = rmssd_windows(beats, beats.times[100:], 60.0)
        wide.append(float(np.median(found.high / found.low)))
    assert wide[1] > 1.3 * wide[0]


def test_the_interval_beside_rmssd_of_a_steady_swing_is_that_of_what_is_to_come() -> None:
    """Differences of ± 20 ms, 75 a minute: 225 of the five minutes around are measured, 150 are to come."""
    beats = judge_beats(np.cumsum(0.8 + 0.01 * (-1.0) ** np.arange(500)))
    found = rmssd_windows(beats, beats.times[-1:], 60.0)
    assert found.n[0] == 75
    assert found.value[0] == pytest.approx(20.0, rel=1e-9)
    away, beside = student.ppf(0.975, 16) * np.sqrt(2.5 / 150 / 2), np.exp(np.sqrt(0.4 / 225))
    ends = 20 * np.sqrt(0.6 + 0.4 * np.exp(2 * np.array([-away, away])))
    assert found.low[0] == pytest.approx(ends[0] / beside, rel=1e-3)
    assert found.high[0] == pytest.approx(ends[1] * beside, rel=1e-3)
    begun = rmssd_windows(beats, beats.times[75:76], 60.0)  # a minute is measured, four are to come
    assert begun.high[0] / begun.low[0] > 1.1 * found.high[0] / found.low[0]


def test_the_interval_beside_rmssd_counts_on_the_five_minutes_before_not_on_the_minute_alone() -> None:
    """A minute of small differences after minutes of large ones: the five minutes around stay large."""
    size = np.where(np.arange(600) < 400, 0.02, 0.005)
    beats = judge_beats(np.cumsum(0.8 + size * (-1.0) ** np.arange(600)))
    end = beats.times[480:481]
    found = rmssd_windows(beats, end, 60.0)
    assert found.value[0] == pytest.approx(10.0, rel=1e-6)
    assert found.low[0] < 10.0 < found.high[0]
    assert found.low[0] < rmssd_windows(beats, end + 90.0, 300.0).value[0] < found.high[0]


def belt(name: str) -> Intervals:
    """Return the beats of a chest belt."""
    ecg, sfreq = belt_ecg(name)
    return judge_beats(detect_r_peaks(ecg, sfreq))


@pytest.mark.parametrize(
    "beats",
    [
        pytest.param(lambda: judge_beats(np.cumsum(long_nn()) / 1e3), id="an hour of intervals"),
        pytest.param(lambda: belt("SUB_002"), id="a belt, with early beats and movement"),
        pytest.param(lambda: belt("SUB_013"), id="a belt"),
        pytest.param(lambda: judge_beats(detect_r_peaks(*chest_ecg())), id="a chest lead"),
    ],
)
def test_the_interval_beside_rmssd_holds_the_five_minutes_around_of_real_hearts(
    beats: Callable[[], Intervals],
) -> None:
    row = of_beats(beats())
    assert row.n > 500
    assert 92.0 <= row.held <= 100.0
    assert 1.2 < row.wide < 1.55


@pytest.mark.parametrize("wander", [0.0, 0.15, 0.30])
def test_the_interval_beside_rmssd_learns_how_much_a_minute_differs_from_the_five_around(
    wander: float,
) -> None:
    """The level wanders over a minute or two by an sd of its logarithm: the same width cannot fit all."""
    inside, n, wide = 0, 0, list[float]()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        white = rng.standard_normal(4000)
        slow = np.convolve(rng.standard_normal(4400), np.hanning(201) / 10.6, "same")[200:4200]
        assert abs(slow.std() - 0.82) < 0.25  # else the level does not wander
        beats = judge_beats(np.cumsum(0.85 + 0.02 * np.exp(wander * slow) * white))
        ends = beats.times[400:-200:25]
        found = rmssd_windows(beats, ends, 60.0)
        level = rmssd_windows(beats, ends + 120.0, 300.0).value
        inside += int(((found.low <= level) & (level <= found.high)).sum())
        n += len(ends)
        wide.append(float(np.median(found.high / found.low)))
    assert 0.92 < inside / n <= 1.0
    assert np.median(wide) < (1.55, 1.75, 2.3)[round(wander / 0.15)]


def test_the_interval_beside_rmssd_does_not_depend_on_older_or_newer_beats_or_on_other_windows() -> None:
    """Five lengths of the window are looked back on: 375 beats."""
    beats = judge_beats(np.cumsum(0.8 + 0.04 * np.random.default_rng(4).standard_normal(700)))
    whole = rmssd_windows(beats, beats.times[500:600], 60.0)
    for start, stop in ((100, 700), (17, 601), (110, 690)):
        part = Intervals._make(column[start:stop] for column in beats)
        for j in (0, 7, 99):
            alone = rmssd_windows(part, beats.times[500 + j : 501 + j], 60.0)
            assert (alone.low[0], alone.high[0]) == (whole.low[j], whole.high[j])


def test_the_interval_beside_rmssd_of_an_even_pulse_few_beats_and_none() -> None:
    even = judge_beats(np.linspace(0.0, 150.0, 201))
    found = rmssd_windows(even, even.times[-1:], 60.0)
    assert found.low[0] <= found.value[0] <= found.high[0] < 1e-6
    few = judge_beats(np.cumsum(0.8 + 0.03 * np.random.default_rng(5).standard_normal(9)))
    found = rmssd_windows(few, few.times[-1:], 60.0)
    assert 0 < found.low[0] < found.value[0] < found.high[0] < np.inf
    none = rmssd_windows(few, few.times[:1], 60.0)
    assert np.isnan([none.value[0], none.low[0], none.high[0]]).all()


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
