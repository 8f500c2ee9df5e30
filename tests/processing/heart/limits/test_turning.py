"""A breath that turns the heart moves R: said where RMSSD may be mostly that, in no other heart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray, Modality
from benchmarks.turned import turned
from processing.heart.limits.turning import APART, PART, turning_share
from processing.heart.rpeaks_refine import TURNING
from processing.heart.windows import PLACING
from processing.index import IndexSample
from tests.drawing import few
from tests.processing.heart.test_heart import run, stream

WHOLE = (np.array([0]), np.array([60]))
LENGTH = 60.0


def shapes(size: float, seed: int = 0, n: int = 60) -> FloatArray:
    """Return changes of slopes that move R by `size` ms (sd) for each, over a curvature of 500 mV per s²."""
    rng = np.random.default_rng(seed)
    out = 500.0 * size / 1e3 * rng.standard_normal((n, TURNING))
    out[:, -1] = 500.0
    return np.asarray(out, np.float64)


def share(change: FloatArray, turning: FloatArray) -> float:
    counted = np.ones(len(change), np.bool_)
    return float(turning_share(change, counted, turning, WHOLE, LENGTH)[0])


def test_it_is_what_the_regression_on_the_changes_of_slopes_expects() -> None:
    turning = shapes(0.4)
    rng = np.random.default_rng(1)
    change = 2.0 * rng.standard_normal(60) + 1e3 * turning[:, 4] / turning[:, -1]
    slopes = 1e3 * turning[:, :-1] / turning[:, -1:]
    own = np.mean(change**2) * 60 / (LENGTH / APART)  # variance, as many times as differences are too many
    spread = np.linalg.inv(slopes.T @ slopes / own + np.eye(9) / PART**2)
    likely = spread @ slopes.T @ change / own
    drawn = np.random.default_rng(2).multivariate_normal(likely, spread, 40_000) @ slopes.T
    assert share(change, turning) == pytest.approx(np.mean(drawn**2) / np.mean(change**2), rel=0.02)


def test_a_shape_that_hardly_changes_moves_no_peak() -> None:
    change = 20.0 * np.random.default_rng(1).standard_normal(60)
    assert share(change, shapes(0.4)) == 0.0
    assert share(change, np.full((60, TURNING), np.nan)) == 0.0


def test_differences_that_go_with_the_shape_are_in_more_doubt_than_others() -> None:
    turning = shapes(1.0)
    slopes = 1e3 * turning[:, :-1] / turning[:, -1:]
    along = slopes @ np.array([0, 0, 1.0, 1.0, 0, -1.0, 0, 0, 0])
    beside = np.random.default_rng(5).standard_normal(60) * np.sqrt(np.mean(along**2))
    fitted = np.linalg.lstsq(slopes, beside, rcond=None)[0]
    beside = beside - slopes @ fitted
    assert share(along, turning) > share(beside, turning) + 0.2


@few(25)
@given(
    st.floats(0.0, 20.0),
    st.floats(0.0, 20.0),
    st.integers(0, 50),
    st.floats(0.01, 100.0),
    st.integers(0, 40),
)
def test_it_is_a_share_whatever_the_gain_and_whatever_lies_outside(
    size: float, level: float, seed: int, gain: float, beside: int
) -> None:
    turning = shapes(size, seed, 60 + 2 * beside)
    change = level * np.random.default_rng(seed + 1).standard_normal(len(turning))
    counted = np.ones(len(change), np.bool_)
    inside = (np.array([beside]), np.array([beside + 60]))
    here = turning_share(change, counted, turning, inside, LENGTH)
    part = slice(beside, beside + 60)
    assert 0.0 <= here[0] <= 1.0
    assert here[0] == turning_share(change[part], counted[part], turning[part], WHOLE, LENGTH)[0]
    assert here == pytest.approx(turning_share(change, counted, gain * turning, inside, LENGTH), abs=1e-6)


def out_of(level: float, degrees: float) -> list[IndexSample]:
    seen = turned(np.random.default_rng(5), level, degrees).recording
    part = seen.times < 110.0
    return run(stream(Modality.ECG, seen.sfreq), seen.times[part], seen.signals["ecg"][part], 500)


def picked_rmssd(out: list[IndexSample], name: str = "rmssd") -> list[IndexSample]:
    return [s for s in out if s.index == name and np.isfinite(s.value)]


def test_a_quiet_heart_that_a_breath_turns_says_so_and_one_that_moves_does_not() -> None:
    still, quiet, lively = (picked_rmssd(out_of(*how)) for how in ((2.0, 0.0), (2.0, 9.0), (25.0, 9.0)))
    assert min(map(len, (still, quiet, lively))) > 40
    assert {s.reason for s in quiet} == {PLACING} and max(s.quality for s in quiet) < 0.5
    assert {s.reason for s in still} == {""} == {s.reason for s in lively}


def test_the_lower_limit_reaches_down_by_what_may_have_been_added() -> None:
    reach = []
    for degrees in (0.0, 9.0):
        out = out_of(2.0, degrees)
        low, value = picked_rmssd(out, "rmssd_low"), picked_rmssd(out)
        reach.append(np.median([a.value / b.value for a, b in zip(low, value, strict=True)]))
    assert reach[1] < 0.8 * reach[0]


def test_a_turning_heart_does_not_depend_on_the_chunks() -> None:
    seen = turned(np.random.default_rng(5), 2.0, 9.0).recording
    part = seen.times < 80.0
    times, ecg = seen.times[part], seen.signals["ecg"][part]
    whole = run(stream(Modality.ECG, seen.sfreq), times, ecg, 500)
    assert PLACING in {s.reason for s in whole}, "or nothing is tested"
    assert repr(run(stream(Modality.ECG, seen.sfreq), times, ecg, 7)) == repr(whole)
