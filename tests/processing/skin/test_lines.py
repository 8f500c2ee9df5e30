"""A straight line between noisy samples was filled by a tool; what bends, or goes in steps, was measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.eda_quality import REASONS, Fault
from processing.skin.found import Stretch
from processing.skin.lines import LineFinder
from tests.processing.skin_signals import column, comparable, eda_with, feed, respond

FILLED = REASONS[Fault.FILLED]


def lines(t: FloatArray, eda: FloatArray, sfreq: float, cuts: list[int] | None = None) -> FloatArray:
    """Return which samples are said to be filled, and when that was known [s], else infinite."""
    finder, out, at = LineFinder(sfreq), list[Stretch](), sorted(cuts or [])
    for tt, xx in zip(np.split(t, at), np.split(eda, at), strict=True):
        out += finder.push(tt, xx)
    known = np.full(len(t), np.inf)
    for one in out:
        inside = (t > one.start) & (t <= one.stop)
        known[inside] = np.minimum(known[inside], np.maximum(one.known, t[inside]))
    return known


def fill(t: FloatArray, eda: FloatArray, start: float, stop: float) -> FloatArray:
    """Return it with all between the samples at two moments laid on a line [s]."""
    a, b = np.searchsorted(t, (start, stop)).tolist()
    return np.where((t > t[a]) & (t < t[b]), np.interp(t, (t[a], t[b]), (eda[a], eda[b])), eda)


def hold(t: FloatArray, eda: FloatArray, start: float, stop: float) -> FloatArray:
    """Return it with the sample at one moment held up to that at another [s]."""
    a, b = np.searchsorted(t, (start, stop)).tolist()
    return np.where((t > t[a]) & (t <= t[b]), eda[a], eda)


@pytest.mark.parametrize("sfreq", [4.0, 32.0, 100.0])
@pytest.mark.parametrize("digits", [16, 6, 5])
@pytest.mark.parametrize("filled", [fill, hold])
def test_a_filled_gap_is_found_whole_and_known_in_time(
    sfreq: float, digits: int, filled: Callable[..., FloatArray]
) -> None:
    """A value that was held had a level for ten seconds, and what it hid was no response."""
    t, eda = eda_with(120.0, sfreq)
    x = eda
    for start, stop in ((40.0, 44.0), (60.0, 100.0), (110.0, 111.5)):
        x = filled(t, x, start, stop)
    known = lines(t, np.round(x, digits), sfreq)
    long = ((t > 40.0) & (t < 44.0)) | ((t > 60.0) & (t < 100.0))
    found = np.isfinite(known)
    assert found[long].all() and np.count_nonzero(found & ~long) <= 2, "a true end may lie on its line"
    assert (known - t)[long].max() < 5.0, "before a sample is settled"


def test_what_was_filled_has_no_quality_no_level_and_no_response() -> None:
    t, eda = eda_with(150.0, 4.0, (20.0, 81.0, 120.0), (0.4, 1.0, 0.4))
    x = fill(t, eda, 75.0, 83.0)
    rows = feed(t, x, 4.0)
    assert comparable(feed(t, x, 4.0, cuts=np.arange(0.3, 150.0, 0.7).tolist())) == comparable(rows)
    assert {r.reason for r in rows if r.index == "eda_quality" and 76 <= r.time <= 82} == {FILLED}
    times, level = column(rows, "scl")
    assert np.isnan(level[(times >= 76) & (times <= 82)]).all()
    assert np.isfinite(level[(times >= 10) & (times <= 68) | (times >= 90)]).all()
    np.testing.assert_allclose(column(rows, "scr")[0], [22.0, 122.0], atol=0.6)


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
@pytest.mark.parametrize("step", [0.0, 0.005, 0.02])
@pytest.mark.parametrize("noise", [0.0, 0.0016])
@pytest.mark.parametrize("drift", [0.0, 0.02, 0.08])
def test_what_was_measured_is_on_no_line(sfreq: float, step: float, noise: float, drift: float) -> None:
    rng = np.random.default_rng(8)
    t = np.arange(round(300.0 * sfreq)) / sfreq
    x = 5.0 + 0.2 * np.sin(t / 70.0) + drift * t + noise * rng.standard_normal(len(t))
    for onset in np.arange(10.0, 280.0, 9.0):
        x += respond(t, onset, float(np.exp(rng.uniform(np.log(0.06), np.log(2.0)))))
    assert not np.isfinite(lines(t, np.round(x / step) * step if step else x, sfreq)).any()


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
@pytest.mark.parametrize(("calm", "step"), [(0.0001, 0.0), (0.002, 0.0), (0.0, 0.001), (0.0001, 0.0001)])
def test_a_sensor_that_is_calm_after_a_movement_draws_no_line(sfreq: float, calm: float, step: float) -> None:
    t, eda = eda_with(300.0, sfreq, np.arange(10.0, 290.0, 12.0).tolist(), [0.1, 0.3, 0.6, 1.0] * 6)
    rough = np.where((t // 30.0) % 2 == 0.0, 0.05, calm)
    x = eda + rough * np.random.default_rng(5).standard_normal(len(t))
    assert not np.isfinite(lines(t, np.round(x / step) * step if step else x, sfreq)).any()


@pytest.mark.parametrize("step", [0.003, 0.005, 0.02])
def test_a_sensor_of_coarse_steps_that_is_calm_after_a_movement_holds_nothing(step: float) -> None:
    """A wrist that moved for a minute, then stood on one step of 5 nS for two seconds."""
    t, eda = eda_with(120.0, 4.0, (), ())
    rough = np.where(t < 60.0, 0.05, 0.0001)
    x = eda + rough * np.random.default_rng(5).standard_normal(len(t)) - 0.0005 * t
    assert not np.isfinite(lines(t, np.round(x / step) * step, 4.0)).any()


def test_samples_that_another_rate_was_laid_on_are_not_filled() -> None:
    t, eda = eda_with(120.0, 4.0)
    fast = np.arange(0.0, 119.0, 1.0 / 32.0)
    assert not np.isfinite(lines(fast, np.interp(fast, t, eda), 32.0)).any()


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    sfreq=st.sampled_from([4.0, 8.0]),
    cuts=st.lists(st.integers(0, 480), max_size=12),
)
def test_any_chunking_finds_the_same_lines_at_the_same_time(seed: int, sfreq: float, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(480) / sfreq
    x = 2.0 + 0.003 * rng.standard_normal(480)
    for k, start in enumerate(rng.uniform(0.0, t[-1] - 1.0, 5).tolist()):
        x = (fill, hold)[k % 2](t, x, start, min(start + float(rng.uniform(1.0, 30.0)), t[-1]))
    whole = lines(t, x, sfreq)
    for at in (cuts, list(range(1, 480, 5))):
        np.testing.assert_array_equal(lines(t, x, sfreq, at), whole)
