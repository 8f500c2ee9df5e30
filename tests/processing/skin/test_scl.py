"""Tonic level: the signal reaches it, responding cannot press it down, its interval holds what is below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from acquisition.stream import FloatArray
from processing.skin.eda import tonic_interval, tonic_level
from processing.skin.found import Scr
from processing.skin.scl import CONSTANTS, Level, SclConfig, Second, SecondMeans
from tests.drawing import few
from tests.processing.skin_signals import column, eda_with, feed


def wave(t: FloatArray, onset: float, height: float, decay: float) -> FloatArray:
    """Return one response, the difference of two exponentials, time constants 0.75 s and `decay`."""
    late = np.maximum(t - onset, 0.0)
    top = np.log(decay / 0.75) / (1.0 / 0.75 - 1.0 / decay)
    shape = np.exp(-late / decay) - np.exp(-late / 0.75)
    return np.asarray(height * shape / (np.exp(-top / decay) - np.exp(-top / 0.75)))


def responding(
    level: float, decay: float, rate: float, seconds: float = 900.0, sfreq: float = 4.0
) -> FloatArray:
    """Return EDA [µS] at a still level with responses of 0.05-1 µS, `rate` a minute."""
    rng = np.random.default_rng(round(100 * decay + rate))
    t = np.arange(seconds * sfreq) / sfreq
    x = level + 0.005 * rng.standard_normal(len(t))
    onset = 3.0
    while (onset := onset + 0.8 + rng.exponential(60.0 / rate - 0.8)) < seconds:
        x += wave(t, onset, float(np.exp(rng.uniform(np.log(0.05), 0.0))), decay)
    return np.asarray(x)


def lowest_means(eda: FloatArray, sfreq: int, times: FloatArray) -> FloatArray:
    """Return the lowest mean of a whole second in the 10 s around each time [µS]."""
    n = len(eda) // sfreq
    means = np.nanmean(eda[: n * sfreq].reshape(n, sfreq), axis=1)
    return np.array([means[int(t) - 5 : int(t) + 5].min() for t in times.tolist()])


@pytest.mark.parametrize("level", [1.0, 15.0])
@pytest.mark.parametrize("decay", [2.0, 4.0, 8.0, 20.0])
@pytest.mark.parametrize("rate", [4.0, 9.0, 14.0])
def test_the_interval_holds_the_level_without_responses(level: float, decay: float, rate: float) -> None:
    eda = responding(level, decay, rate)
    times, scl, low, high = (column[60:] for column in tonic_interval(eda, 4.0))
    assert (scl >= lowest_means(eda, 4, times) - 1e-9).all()
    assert (low <= scl).all() and (scl <= high).all() and (low >= 0.0).all()
    assert ((low <= level) & (level <= high)).mean() >= (0.95 if decay <= 8.0 else 0.8)
    if decay <= 4.0 and rate <= 4.0:
        assert abs(float(np.mean(scl)) - level) <= 0.05
    assert scl.mean() >= level - 0.01, "responding holds the level up, it never presses it down"


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
def test_the_interval_is_that_under_ten_responses_a_minute(sfreq: float) -> None:
    rng = np.random.default_rng(8)
    onsets = np.sort(rng.uniform(5, 590, 100))
    _, eda = eda_with(600.0, sfreq, onsets.tolist(), rng.uniform(0.05, 0.5, 100).tolist())
    times, level, low, high = (column[60:] for column in tonic_interval(eda, sfreq))
    assert ((low <= 5.0) & (high >= 5.0)).mean() >= 0.95
    assert (level >= lowest_means(eda, round(sfreq), times) - 1e-9).all()
    # The median is further off on the same signal.
    assert 0.0 < np.nanmean(level) - 5.0 < np.median(eda) - 5.0


@pytest.mark.parametrize("decay", [2.0, 3.0, 4.0])
def test_a_person_at_one_microsiemens_who_responds_keeps_the_level(decay: float) -> None:
    """It was pulled down by 0.08-0.29 µS, which alone moved the arousal index by −2.6 SD."""
    still, busy = (tonic_level(responding(1.0, decay, rate), 4.0)[1][60:] for rate in (1.0, 9.0))
    assert np.mean(np.log(busy)) >= np.mean(np.log(still)) - 0.01


@few(20)
@given(
    eda=arrays(
        np.float64,
        st.integers(60, 600),
        elements=st.one_of(
            st.floats(-5.0, 80.0), st.floats(0.05, 2.0), st.just(np.nan), st.floats(allow_infinity=True)
        ),
        fill=st.floats(0.06, 50.0),
    ),
    sfreq=st.sampled_from([1, 4, 8]),
)
def test_the_level_lies_never_under_the_lowest_second_of_its_window(eda: FloatArray, sfreq: int) -> None:
    """Of the samples that can be conductance of a skin, whatever they are."""
    _holds_floor(eda, sfreq)


@few(12)
@given(seed=st.integers(0, 100_000), size=st.floats(0.001, 3.0), level=st.floats(0.06, 20.0))
def test_the_level_of_a_walk_lies_never_under_its_lowest_second(seed: int, size: float, level: float) -> None:
    rng = np.random.default_rng(seed)
    walk = level + np.cumsum(size * 0.1 * rng.standard_t(2, 800))
    _holds_floor(np.abs(walk), 4)


def _holds_floor(eda: FloatArray, sfreq: int) -> None:
    rows = feed(np.arange(len(eda)) / sfreq, eda, float(sfreq), seconds=len(eda) / sfreq + 20.0)
    times, level = column(rows, "scl")
    can = np.isfinite(eda) & (eda >= 0.05) & (eda <= 60.0)
    for t, value in zip(times.tolist(), level.tolist(), strict=True):
        if np.isnan(value):
            continue
        seconds = [eda[max(0, (s * sfreq)) : (s + 1) * sfreq] for s in range(int(t) - 5, int(t) + 5)]
        usable = [can[max(0, (s * sfreq)) : (s + 1) * sfreq] for s in range(int(t) - 5, int(t) + 5)]
        means = [float(x[ok].mean()) for x, ok in zip(seconds, usable, strict=True) if ok.any()]
        assert value >= min(means) - 1e-9 and value > 0.0


def test_a_level_without_responses_is_itself() -> None:
    times, level = tonic_level(np.full(400, 7.0), 4.0)
    assert times[0] == 5.0 and times[-1] == 95.0
    np.testing.assert_allclose(level, 7.0)


def test_there_is_no_level_without_signal() -> None:
    assert np.isnan(tonic_level(np.full(400, np.nan), 4.0)[1]).all()
    assert len(tonic_level(np.empty(0), 4.0)[0]) == 0


def test_a_window_without_two_whole_seconds_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"window = 1: must be 2 to 600 s"):
        SclConfig(window=1.0)


@few(15)
@given(
    cuts=st.lists(st.integers(0, 400), max_size=6),
    hole=st.tuples(st.integers(0, 300), st.integers(0, 200)),
)
def test_means_of_seconds_do_not_depend_on_how_samples_come(cuts: list[int], hole: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    times, eda = 7.3 + np.arange(400) / 7.0, rng.standard_normal(400)
    kept = (np.arange(400) < hole[0]) | (np.arange(400) >= hole[0] + hole[1])
    times, eda = times[kept], eda[kept]

    def parts(at: Sequence[int]) -> list[str]:
        means, out = SecondMeans(1000), list[Second]()
        for t, x in zip(np.split(times, at), np.split(eda, at), strict=True):
            means.push(t, x, x < 1.0)
            out += means.complete(float(t[-1]) if len(t) else -np.inf)
        return [repr(second) for second in out + means.complete(80.0)]

    whole = parts([])
    assert parts(sorted(c for c in cuts if c <= len(times))) == whole
    numbers = [second.number for second in _seconds(times, eda)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)) if numbers else not len(times)


def _seconds(times: FloatArray, eda: FloatArray) -> list[Second]:
    means = SecondMeans(1000)
    means.push(times, eda, np.ones(len(times), bool))
    return means.complete(80.0)


def test_a_real_wrist_recording_keeps_its_level_within_its_signal(data_dir: Path) -> None:
    with np.load(data_dir / "eda" / "wrist_e4_61min.npz") as data:
        eda = data["eda"].astype(float)
    times, level = tonic_level(eda, 4.0)
    assert np.isfinite(level).mean() > 0.95
    floor = lowest_means(eda, 4, times)
    top = np.array([eda[int((t - 5) * 4) : int((t + 5) * 4)].max() for t in times.tolist()])
    known = np.isfinite(level)
    assert (level[known] >= floor[known] - 1e-9).all() and (level[known] <= top[known] + 0.01).all()


def levels_of(means: list[float], scrs: Sequence[Scr]) -> Level:
    """Return the level after these seconds, all responses known from the start."""
    level = Level(SclConfig())
    level.push(scrs, [])
    for second, mean in enumerate(means):
        level.take(Second(second, mean, mean))
    return level


def test_what_lies_before_the_ten_seconds_of_a_window_is_no_floor_of_it() -> None:
    """The signal went from 2 to 8 µS for good, and the responses then leave less than that."""
    scrs = [Scr(29.0 + k, 30.0 + k, 3.0, 1.0, 0.0) for k in range(0, 14, 2)]
    level = levels_of([2.0] * 30 + [8.0] * 14, scrs)
    low, high = (level.at(np.array([at]))[0].level for at in (34.0, 39.0))
    assert low < 4.0 and high == 8.0, "from 29 to 39 s, and from 34 to 44 s"


@pytest.mark.parametrize("peak", [60.05, 60.45])
def test_the_tail_of_a_response_has_decayed_since_its_peak(peak: float) -> None:
    """Read at the middle of seconds, with each of the time constants."""
    level = levels_of([2.0] * 63, [Scr(peak - 1.0, peak, 1.5, 1.0, 0.0)])
    np.testing.assert_allclose(level._tail, 1.5 * np.exp(-(62.5 - peak) / CONSTANTS))
