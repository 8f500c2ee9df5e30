"""What is cut off at a limit of the sensor tells no level and no rate; what stands still in steps does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.found import Stretch
from processing.skin.limits import LimitConfig, LimitFinder, NoisyLimitFinder
from tests.processing.skin_signals import column, comparable, eda_with, feed, respond

CONFIG = LimitConfig()


def at_limit(t: FloatArray, eda: FloatArray, cuts: list[int] | None = None, noisy: float = 0.0) -> FloatArray:
    """Return which samples are said to be at a limit, and when that was known [s], else infinite.

    `noisy` is the rate of a signal [Hz] with noise behind the limit.
    """
    finder = NoisyLimitFinder(noisy) if noisy else LimitFinder()
    out, at = list[Stretch](), sorted(c for c in cuts or [] if c < len(t))
    for tt, xx in zip(np.split(t, at), np.split(eda, at), strict=True):
        out += finder.push(tt, xx)
    known = np.full(len(t), np.inf)
    for one in out:
        inside = (t > one.start) & (t <= one.stop)
        known[inside] = np.minimum(known[inside], np.maximum(one.known, t[inside]))
    return known


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 32.0, 100.0])
@pytest.mark.parametrize("step", [0.0, 0.001, 0.01])
@pytest.mark.parametrize("down", [False, True])
def test_a_signal_cut_off_is_found_from_where_it_was(sfreq: float, step: float, down: bool) -> None:
    t, eda = eda_with(120.0, sfreq, (20.0, 60.0), (1.0, 1.5))
    eda = 10.0 - eda if down else eda
    cut = np.maximum(eda, 4.6) if down else np.minimum(eda, 5.4)
    x = np.round(cut / step) * step if step else cut
    known = at_limit(t, x)
    inside = np.abs(eda - 5.0) > 0.42
    assert np.isfinite(known[inside]).mean() > 0.9
    assert not np.isfinite(known[np.abs(eda - 5.0) < 0.37]).any()
    assert (known - t)[np.isfinite(known)].max() < 5.0, "before a sample is settled"


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 32.0])
@pytest.mark.parametrize("step", [0.005, 0.01, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("noise", [0.0, 0.003])
@pytest.mark.parametrize("half", [2.0, 6.0, 14.0])
def test_peaks_seen_in_steps_are_at_no_limit(sfreq: float, step: float, noise: float, half: float) -> None:
    rng = np.random.default_rng(4)
    t = np.arange(round(600.0 * sfreq)) / sfreq
    x = 5.0 + 0.3 * np.sin(t / 60.0) + noise * rng.standard_normal(len(t))
    for onset in np.arange(10.0, 580.0, 12.0):
        x += respond(t, onset, float(np.exp(rng.uniform(np.log(0.06), np.log(3.0)))), half=half)
    assert np.isfinite(at_limit(t, np.round(x / step) * step)).mean() < 0.01, (
        "the level may hold a slow one up"
    )


@pytest.mark.parametrize(("stands", "found"), [(1.25, False), (6.0, True)])
def test_it_must_stand_longer_than_a_peak(stands: float, found: bool) -> None:
    t = np.arange(400) / 4.0
    x = np.minimum(4.0 + 0.2 * np.maximum(t - 20.0, 0.0), 5.0)
    x[t > 25.0 + stands] = 4.9 - 0.01 * t[: np.count_nonzero(t > 25.0 + stands)]
    assert np.isfinite(at_limit(t, x + 0.001 * (np.arange(400) % 2) * (x < 5.0))).any() == found


def test_a_limit_is_none_once_the_signal_goes_beyond_it() -> None:
    t = np.arange(800) / 4.0
    x = np.asarray(4.0 + 0.001 * (np.arange(800) % 2), np.float64)
    for begin, top in ((20.0, 5.0), (60.0, 7.0), (100.0, 5.0)):
        inside = (t >= begin) & (t < begin + 10.0)
        x[inside] = np.minimum(4.0 + 2.0 * (t[inside] - begin), top)
    known = np.isfinite(at_limit(t, x))
    assert known[(t > 23.0) & (t < 29.0)].all() and known[(t > 63.0) & (t < 69.0)].all()
    assert not known[t > 99.0].any()


def test_a_sensor_that_is_stuck_for_hours_takes_no_room() -> None:
    finder, t = LimitFinder(), np.arange(40_000) / 4.0
    for part in np.split(t, 100):
        finder.push(part, np.where(part < 5.0, 4.0 + 0.01 * part, 5.0))
    assert len(finder._t) < 400


@settings(max_examples=50, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 400), max_size=12),
    seed=st.integers(0, 10_000),
    step=st.sampled_from([0.0, 0.01, 0.05]),
)
def test_any_chunking_gives_equal_limits(cuts: list[int], seed: int, step: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(400) / 4.0
    x = np.asarray(4.0 + np.cumsum(rng.normal(0.0, 0.05, 400)), np.float64)
    x = np.clip(np.round(x / step) * step if step else x, 3.8, 4.3)
    np.testing.assert_array_equal(at_limit(t, x, cuts), at_limit(t, x))


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_responses_that_are_cut_off_leave_no_rate_and_the_same_rows_in_any_chunks(sfreq: float) -> None:
    """Half of them were lost, at quality 1."""
    t = np.arange(round(240.0 * sfreq)) / sfreq
    eda = 5.0 + 0.003 * np.random.default_rng(5).standard_normal(len(t))
    for onset in np.arange(8.0, 230.0, 8.0):
        eda += respond(t, onset, 1.0)
    cut = np.minimum(eda, 5.5)
    rows = feed(t, cut, sfreq)
    late = [r for r in rows if r.index == "scr_rate" and 60.0 < r.time < 200.0]
    assert late and all(np.isnan(r.value) and r.reason == "EDA flat" for r in late)
    times, level = column(rows, "scl")
    assert np.isfinite(level[(times > 60.0) & (times < 200.0)]).mean() < 0.6
    whole = comparable(rows)
    assert comparable(feed(t, cut, sfreq, cuts=np.arange(0.3, 240.0, 0.7).tolist())) == whole
    assert comparable(feed(t, cut, sfreq, cuts=[9.0, 33.1, 120.0])) == whole


@pytest.mark.parametrize("sfreq", [4.0, 32.0, 100.0])
@pytest.mark.parametrize("noise", [0.001, 0.003])
def test_a_signal_cut_off_before_noise_was_added_is_found(sfreq: float, noise: float) -> None:
    """No two samples of it are equal: its level was that of the limit, at quality 1."""
    rng = np.random.default_rng(8)
    t = np.arange(round(300.0 * sfreq)) / sfreq
    x = 5.0 + sum(respond(t, on, 1.5) for on in np.arange(20.0, 290.0, 30.0))
    x = np.minimum(x, 5.6)
    known = at_limit(t, x + noise * rng.standard_normal(len(t)), noisy=sfreq)
    inside = x == 5.6
    assert 0.2 < inside.mean() < 0.6, "the fault is there"
    assert np.isfinite(known[inside]).mean() > 0.9
    assert np.isfinite(known[x < 5.5]).mean() < 0.01
    assert (known - t)[np.isfinite(known)].max() < 5.0, "before a sample is settled"


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
@pytest.mark.parametrize("noise", [0.0005, 0.003, 0.01])
@pytest.mark.parametrize("half", [1.0, 6.0, 14.0])
def test_peaks_and_levels_in_noise_are_at_no_limit(sfreq: float, noise: float, half: float) -> None:
    rng = np.random.default_rng(5)
    t = np.arange(round(900.0 * sfreq)) / sfreq
    x = 5.0 + 0.001 * t + noise * rng.standard_normal(len(t))
    for onset in np.arange(10.0, 880.0, 17.0):
        x += respond(t, onset, float(np.exp(rng.uniform(np.log(0.06), np.log(3.0)))), half=half)
    assert np.isfinite(at_limit(t, x, noisy=sfreq)).mean() < 0.002
    assert np.isfinite(at_limit(t, 10.0 - x, noisy=sfreq)).mean() < 0.002


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 3000), max_size=12), seed=st.integers(0, 1000))
def test_any_chunking_gives_equal_limits_in_noise(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(3000) / 25.0
    x = 5.0 + sum(respond(t, on, 1.5) for on in (15.0, 40.0, 90.0))
    x = np.minimum(x, rng.uniform(5.3, 6.4)) + 0.002 * rng.standard_normal(len(t))
    np.testing.assert_array_equal(at_limit(t, x, cuts, noisy=25.0), at_limit(t, x, noisy=25.0))
