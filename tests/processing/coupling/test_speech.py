"""Speech taken out: what it did goes, what people share stays, what is not known is missing."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.coupling.deciding import decide
from processing.coupling.speech import regressors, without_speech
from processing.coupling.statement import Pair, compared
from processing.coupling.synchrony import SynchronyConfig
from tests.processing.coupling.talking_hours import FAST, on_fast_grid, on_slow_grid, talking_hour

HR = SynchronyConfig().shape("hr")
SLOW = SynchronyConfig().shape("scl")


def ends_of(n: int, fast: bool = True) -> np.ndarray:
    shape = HR if fast else SLOW
    return np.arange(shape.window + shape.max_lag - 1, n, shape.window)


def left_of(signal: FloatArray, own: FloatArray, other: FloatArray, *, courses: bool = False) -> FloatArray:
    """Return a signal at 1 Hz without what goes with speech."""
    mine, theirs = (regressors(said, sfreq=1.0, courses=courses) for said in (own, other))
    return without_speech(signal, mine, theirs, ends=ends_of(len(signal), fast=False), window=30)


def talk(seed: int, n: int = 1200) -> FloatArray:
    """Return speech of one person, second by second."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.integers(0, 2, n // 8).astype(np.float64), 8)


def test_what_speech_does_within_ten_seconds_is_gone() -> None:
    own, other = talk(1), talk(2)
    kernel = np.array([0.0, 0.2, 0.9, 0.5, 0.3, 0.1, 0.05])
    noise = np.random.default_rng(3).standard_normal(1200)
    signal = noise + 5.0 * np.convolve(own, kernel)[:1200] - 3.0 * np.concatenate([[0.0], other[:-1]])
    left = left_of(signal, own, other)
    assert np.corrcoef(left[5:], noise[5:])[0, 1] > 0.98
    assert np.std(left - noise) < 0.3


def test_what_follows_the_beginning_of_a_turn_for_a_minute_is_gone() -> None:
    own, other = np.zeros(3000), np.zeros(3000)
    for at in range(40, 2900, 70):
        own[at : at + 6] = 1.0
    course = np.exp(-np.arange(60.0) / 20.0) - np.exp(-np.arange(60.0) / 2.0)
    begins = np.concatenate([[0.0], np.maximum(np.diff(own), 0.0)])
    noise = 0.3 * np.random.default_rng(4).standard_normal(3000)
    signal = noise + np.convolve(begins, course)[:3000]
    kept, gone = (left_of(signal, own, other, courses=courses) for courses in (False, True))
    # An offset is no matter: windows lose their mean.
    assert np.std(gone - noise) < 0.5 * np.std(kept - noise)


def test_unknown_speech_leaves_a_hole_as_long_as_its_effect_may_last() -> None:
    own, other = talk(5), talk(6)
    other[600:603] = np.nan
    signal = np.random.default_rng(7).standard_normal(1200)
    left = left_of(signal, own, other)
    missing = np.flatnonzero(np.isnan(left))
    assert (missing[0], missing[-1]) == (598, 612)


def test_silence_changes_nothing_and_nobody_has_to_speak() -> None:
    signal = np.random.default_rng(8).standard_normal(1200)
    silent = np.zeros(1200)
    left = left_of(signal, silent, silent, courses=True)
    np.testing.assert_allclose(left, signal, atol=1e-9)


def test_an_offset_or_a_drift_of_the_hour_changes_no_coefficient() -> None:
    own, other = talk(9), talk(10)
    rng, ends = np.random.default_rng(11), ends_of(1200, False)
    signal = rng.standard_normal(1200) + 2.0 * own

    def taken(offset: FloatArray) -> FloatArray:
        left = left_of(signal + offset, own, other)
        return np.asarray(signal + offset - left)

    steps = np.zeros(1200)
    for k, end in enumerate(ends):
        steps[end - 29 : end + 1] = 3.0 * k  # another level and slope in each segment
    inside = slice(int(ends[0]) - 29, int(ends[-1]) + 1)
    np.testing.assert_allclose(taken(steps)[inside], taken(np.zeros(1200))[inside], atol=1e-9)


@pytest.mark.parametrize("kind", ["turns", "coupled turns"])
def test_taking_turns_alone_is_no_coupling_and_hides_none(kind: str) -> None:
    raw, clean = [], []
    for k in range(6):
        hour = talking_hour(kind, np.random.default_rng([12, k]))
        said = [on_fast_grid(s) for s in hour.speech]
        pair = Pair(x=hour.hr[0], y=hour.hr[1], x_speaks=said[0], y_speaks=said[1])
        ends = ends_of(len(hour.hr[0]))
        x, y = pair.without_speech(ends, HR.window, sfreq=FAST, courses=False)
        raw.append(decide(compared(hour.hr[0], hour.hr[1], ends, HR)[0]).p)
        clean.append(decide(compared(x, y, ends, HR)[0]).p)
    if kind == "turns":
        assert np.median(raw) < 0.05
        assert np.mean(np.array(clean) <= 0.05) <= 0.34
    else:
        assert np.mean(np.array(clean) <= 0.001) > 0.9


def test_exchanging_the_people_changes_no_bit_of_what_is_left() -> None:
    hour = talking_hour("turns", np.random.default_rng(13))
    said = [on_slow_grid(s) for s in hour.speech]
    ends = ends_of(3000, False)
    x, y = Pair(x=hour.scl[0], y=hour.scl[1], x_speaks=said[0], y_speaks=said[1]).without_speech(
        ends, 30, sfreq=1.0, courses=True
    )
    b, a = Pair(x=hour.scl[1], y=hour.scl[0], x_speaks=said[1], y_speaks=said[0]).without_speech(
        ends, 30, sfreq=1.0, courses=True
    )
    assert repr((x, y)) == repr((a, b))
    np.testing.assert_array_equal(np.stack([x, y]), np.stack([a, b]))
