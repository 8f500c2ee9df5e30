"""Limits beside RMSSD: they hold the five minutes around, whether a person is steady or not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from acquisition.stream import FloatArray
from benchmarks.rmssd_interval import TONES, moving_person, of_beats
from processing.heart.hrv import rmssd
from processing.heart.ibi import Intervals
from processing.heart.judging import judge_beats
from processing.heart.limits.rmssd import IN_A_STEP, MEASURED, rmssd_levels, rmssd_windows
from processing.heart.limits.wandering import LARGEST, NOISE, SURE, VAGUE, WAYS, outlook
from processing.heart.rpeaks import detect_r_peaks
from tests.recordings import belt_ecg, chest_ecg, long_nn


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


def test_the_interval_beside_rmssd_of_a_steady_swing_is_narrow_and_wider_at_the_beginning() -> None:
    """Differences of ± 20 ms, 75 a minute: 225 of the five minutes around are measured, 150 are to come."""
    beats = judge_beats(np.cumsum(0.8 + 0.01 * (-1.0) ** np.arange(900)))
    found = rmssd_windows(beats, beats.times[-1:], 60.0)
    assert found.n[0] == 75
    assert found.value[0] == pytest.approx(20.0, rel=1e-9)
    assert found.low[0] < 20.0 < found.high[0] < 1.2 * found.low[0]
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
    assert found.low[0] < rmssd_levels(beats, end + 90.0, 300.0).value[0] < found.high[0]


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
    assert 1.2 < row.wide < 1.75


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
        level = rmssd_levels(beats, ends + 120.0, 300.0).value
        inside += int(((found.low <= level) & (level <= found.high)).sum())
        n += len(ends)
        wide.append(float(np.median(found.high / found.low)))
    assert 0.92 < inside / n <= 1.0
    assert np.median(wide) < (1.55, 1.75, 2.3)[round(wander / 0.15)]


def test_the_interval_beside_rmssd_does_not_depend_on_older_or_newer_beats_or_on_other_windows() -> None:
    """Eight lengths of the window are looked back on: 600 beats."""
    rng = np.random.default_rng(4)
    beats = judge_beats(np.cumsum(0.8 + 0.04 * rng.standard_normal(1000)))
    beats = beats._replace(placing=rng.uniform(0.0, 9.0, 1000))
    whole = rmssd_windows(beats, beats.times[800:900], 60.0)
    for start, stop in ((150, 1000), (17, 901), (110, 990)):
        part = Intervals._make(column[start:stop] for column in beats)
        for j in (0, 7, 99):
            alone = rmssd_windows(part, beats.times[800 + j : 801 + j], 60.0)
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


@pytest.mark.parametrize("kind", TONES)
def test_the_interval_beside_rmssd_holds_where_vagal_tone_moves_for_minutes(kind: str) -> None:
    """What is to come is not as the five minutes before: limits that take it so hold 78 to 98 of 100."""
    rows = [of_beats(moving_person(np.random.default_rng((seed, 2)), kind), 40) for seed in range(4)]
    assert np.mean([row.held for row in rows]) > 91.0
    assert np.mean([row.wide for row in rows]) < 1.9


def test_the_interval_beside_rmssd_opens_while_it_falls_and_closes_again() -> None:
    """Four minutes from 40 to 5 ms, after and before steady ones."""
    rng = np.random.default_rng(6)
    level = np.interp(np.arange(2600) * 0.8, [0, 700, 940, 2100], np.log([0.04, 0.04, 0.005, 0.005]))
    beats = judge_beats(np.cumsum(0.8 + np.exp(level) / np.sqrt(2.0) * rng.standard_normal(2600)))
    before, amid, late = (rmssd_windows(beats, np.array([at]), 60.0) for at in (690.0, 880.0, 1900.0))
    wide = [float(found.high[0] / found.low[0]) for found in (before, amid, late)]
    assert wide[0] < 1.45 and wide[2] < 1.45 and wide[1] > 1.8
    assert amid.low[0] < rmssd_levels(beats, np.array([1000.0]), 300.0).value[0] < amid.high[0]


def exact(
    levels: FloatArray, counts: FloatArray, step: float, to_come: float, ahead: float
) -> tuple[float, float]:
    """Return what `outlook` does from the covariances of all times at once."""
    known = np.isfinite(levels)
    at: FloatArray = np.asarray(step * np.arange(len(levels))[known], np.float64)
    y, n = levels[known], counts[known]
    first = at[-1] + (len(levels) - 1 - np.flatnonzero(known)[-1]) * step + step / 2
    fine: FloatArray = np.asarray(first + ahead * (np.arange(4000) + 0.5) / 4000, np.float64)
    seen = SURE + len(y) - 1
    weights, means, variances = [], [], []
    for way in WAYS:

        def shared(a: FloatArray, b: FloatArray, way: tuple[float, ...] = way) -> FloatArray:
            return VAGUE + way[0] ** 2 * np.exp(-np.abs(np.subtract.outer(a, b)) / way[1])

        cov = shared(at, at) + np.diag(NOISE / n)
        beside = shared(at, fine).mean(axis=1)
        solved = np.linalg.solve(cov, np.column_stack((y, beside)))
        scale = (SURE + y @ solved[:, 0]) / seen
        weights.append(np.log(way[2]) - 0.5 * np.linalg.slogdet(cov)[1] - 0.5 * seen * np.log(seen * scale))
        means.append(beside @ solved[:, 0])
        own = float(shared(fine[::10], fine[::10]).mean())
        variances.append((own - beside @ solved[:, 1] + NOISE / to_come) * scale)
    share = np.exp(np.array(weights) - max(weights))
    share /= share.sum()
    mean = float(share @ means)
    return mean, float(share @ (np.array(variances) + (np.array(means) - mean) ** 2))


@pytest.mark.parametrize("trend", [0.0, 0.05, -0.15])
def test_the_outlook_is_that_of_all_covariances_at_once(trend: float) -> None:
    rng = np.random.default_rng(9)
    levels = 6.0 + trend * np.arange(16) + 0.3 * rng.standard_normal((8, 16))
    counts = rng.integers(12, 50, (8, 16)).astype(np.float64)
    levels[rng.random((8, 16)) < 0.2] = np.nan
    levels[0, :9] = np.nan
    levels[1, -1] = np.nan
    to_come, ahead = rng.uniform(60.0, 200.0, 8), rng.uniform(2.0, 4.0, 8)
    found = outlook(levels.T, counts.T, 0.5, to_come, ahead)
    for k in range(8):
        mean, variance = exact(levels[k], counts[k], 0.5, float(to_come[k]), float(ahead[k]))
        assert found.mean[k] == pytest.approx(mean, abs=2e-3)
        assert found.variance[k] == pytest.approx(min(variance, LARGEST), rel=5e-3)


def test_the_outlook_of_no_past_is_open() -> None:
    found = outlook(np.full((16, 1), np.nan), np.zeros((16, 1)), 0.5, np.array([70.0]), np.array([4.0]))
    assert found.variance[0] == LARGEST


def test_what_places_may_have_added_lies_within_the_limits() -> None:
    """R peaks placed to 2 ms in a heart whose steps are 10 ms: 24 of 100 ms² may be that."""
    beats = judge_beats(np.cumsum(0.8 + 0.005 * (-1.0) ** np.arange(900)))
    at = beats.times[-1:]
    plain = rmssd_windows(beats, at, 60.0)
    assert plain.placing[0] == 0.0
    placed = rmssd_windows(beats._replace(placing=np.full(900, 2.0)), at, 60.0)
    assert placed.placing[0] == pytest.approx(IN_A_STEP * 4.0 / 100.0)
    assert placed.low[0] == pytest.approx(plain.low[0] * np.sqrt(0.76), rel=1e-6)
    assert (placed.value[0], placed.high[0]) == (plain.value[0], plain.high[0])
    assert plain.low[0] * np.exp(np.sqrt(MEASURED / 225)) <= 10.0
    none = rmssd_windows(beats._replace(placing=np.full(900, 20.0)), at, 60.0)
    assert (none.placing[0], none.low[0]) == (1.0, 0.0)
    even = judge_beats(np.linspace(0.0, 150.0, 201))
    assert rmssd_windows(even._replace(placing=np.full(201, 0.1)), even.times[-1:], 60.0).placing[0] == 1.0


def test_the_places_of_beats_that_count_in_nothing_count_in_nothing() -> None:
    beats = judge_beats(np.cumsum(0.8 + 0.005 * (-1.0) ** np.arange(900)))
    placing = np.full(900, 1.0)
    placing[850:860] = 9.0
    paired = beats.paired.copy()
    paired[850:860] = False
    few = beats._replace(placing=placing, paired=paired)
    assert rmssd_windows(few, beats.times[-1:], 60.0).placing[0] == pytest.approx(0.06)
    told = beats._replace(placing=np.where(placing == 9.0, np.nan, 1.0))
    assert rmssd_windows(told, beats.times[-1:], 60.0).placing[0] == pytest.approx(0.06)
