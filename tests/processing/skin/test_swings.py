"""Drifts, swings and recoveries from slow dips are no responses; responses beside them are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.eda import detect_scrs
from tests.processing.skin_signals import eda_with

RATES = [4.0, 8.0, 25.0, 100.0]


def noise(t: FloatArray, seed: int = 0) -> FloatArray:
    return np.asarray(0.003 * np.random.default_rng(seed).standard_normal(len(t)))


def quick(t: FloatArray, onset: float, height: float, rise: float, decay: float) -> FloatArray:
    """Return a response as the difference of two exponentials."""
    late = np.maximum(t - onset, 0.0)
    wave = np.exp(-late / decay) - np.exp(-late / rise)
    return np.asarray(height * wave / wave.max())


@pytest.mark.parametrize("sfreq", [1.0, *RATES])
@pytest.mark.parametrize("slope", [0.01, 0.015, 0.02, 0.03, 0.05])
def test_a_level_that_rises_on_and_on_has_no_responses(sfreq: float, slope: float) -> None:
    """A hand that warms: 0.02 µS/s with noise of 3 nS gave five responses a minute."""
    t = np.arange(round(300.0 * sfreq)) / sfreq
    assert len(detect_scrs(4.0 + slope * t + noise(t), sfreq).onset) <= 2


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize(
    ("slope", "least"), [(-0.02, 0.1), (-0.01, 0.1), (0.01, 0.1), (0.02, 0.4), (0.03, 0.5)]
)
def test_responses_on_a_drift_are_found(sfreq: float, slope: float, least: float) -> None:
    """Of those that fall faster than the drift rises: others have no peak."""
    onsets = (20.0, 60.0, 100.0, 140.0)
    t, eda = eda_with(180.0, sfreq, onsets, (least, 1.5 * least, 2.0 * least, 4.0 * least))
    found = detect_scrs(eda + slope * t, sfreq).onset
    assert max(np.abs(found - onset).min() for onset in onsets) < 0.8
    assert len(found) <= 6


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("length", [2.0, 3.0, 4.0])
@pytest.mark.parametrize("height", [0.1, 0.2, 0.4])
def test_what_falls_back_as_fast_as_it_rose_is_no_response(
    sfreq: float, length: float, height: float
) -> None:
    t, eda = eda_with(90.0, sfreq, (60.0,), (0.4,))
    inside = (t >= 30.0) & (t < 30.0 + length)
    bump = height * np.where(inside, 0.5 - 0.5 * np.cos(2.0 * np.pi * (t - 30.0) / length), 0.0)
    np.testing.assert_allclose(detect_scrs(eda + bump, sfreq).onset, [60.0], atol=0.8)


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("length", [2.0, 4.0, 6.0, 8.0])
@pytest.mark.parametrize("depth", [0.08, 0.15, 0.4])
def test_the_recovery_from_a_slow_dip_is_no_response(sfreq: float, length: float, depth: float) -> None:
    """A dip of 0.1 µS over four seconds was one."""
    t, eda = eda_with(90.0, sfreq, (60.0,), (0.4,))
    inside = (t >= 30.0) & (t < 30.0 + length)
    dip = depth * np.where(inside, 0.5 - 0.5 * np.cos(2.0 * np.pi * (t - 30.0) / length), 0.0)
    np.testing.assert_allclose(detect_scrs(eda - dip, sfreq).onset, [60.0], atol=0.8)


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("frequency", [0.08, 0.1, 0.13, 0.3])
@pytest.mark.parametrize("size", [0.03, 0.05, 0.1, 0.3])
def test_slow_breathing_in_the_signal_gives_no_responses(sfreq: float, frequency: float, size: float) -> None:
    """Nothing before the first three says that they are none."""
    t = np.arange(round(300.0 * sfreq)) / sfreq
    eda = 5.0 + noise(t) + size * np.sin(2.0 * np.pi * frequency * t)
    assert len(detect_scrs(eda, sfreq).onset) <= 9


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
@pytest.mark.parametrize("frequency", [0.1, 0.2, 0.3])
def test_a_breath_goes_on_being_none_between_responses(sfreq: float, frequency: float) -> None:
    """Each response began the row anew, and three swings after it were responses: five a minute."""
    onsets = np.arange(20.0, 290.0, 30.0)
    t, eda = eda_with(300.0, sfreq, tuple(onsets), (0.8,) * len(onsets))
    pace = frequency * (t + 1.5 * np.sin(2.0 * np.pi * t / 40.0) / (2.0 * np.pi))
    found = detect_scrs(eda + 0.05 * np.sin(2.0 * np.pi * pace), sfreq).onset
    near = np.array([np.abs(found - onset).min() < 1.5 for onset in onsets])
    assert near.mean() > 0.75 and len(found) - near.sum() <= 6


@pytest.mark.parametrize("sfreq", RATES)
def test_what_goes_up_and_down_at_no_pace_is_noise_and_responses_above_it_are_found(sfreq: float) -> None:
    """Noise whose power falls with frequency gave 52 to 58 in nine minutes."""
    onsets = tuple(np.arange(100.0, 580.0, 40.0))
    t, eda = eda_with(600.0, sfreq, onsets, (0.6,) * len(onsets))
    frequency = np.fft.rfftfreq(len(t), 1.0 / sfreq)
    inside = (frequency > 0.005) & (frequency <= 2.0)
    size = np.where(inside, np.maximum(frequency, 0.005) ** -0.75, 0.0)
    wave = np.fft.irfft(size * np.exp(2j * np.pi * np.random.default_rng(1).random(len(size))), len(t))
    wave *= 0.05 / wave.std()
    alone = detect_scrs(5.0 + noise(t) + wave, sfreq).peak
    assert np.count_nonzero(alone > 60.0) <= 24
    found = detect_scrs(eda + wave, sfreq).onset
    assert np.count_nonzero([np.abs(found - onset).min() < 1.5 for onset in onsets]) >= 11


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("every", [4.0, 5.0, 10.0])
@pytest.mark.parametrize("decay", [4.0, 8.0])
def test_responses_that_come_evenly_are_responses(sfreq: float, every: float, decay: float) -> None:
    t = np.arange(round(240.0 * sfreq)) / sfreq
    onsets = np.arange(5.0, 225.0, every)
    eda = 5.0 + noise(t) + sum(quick(t, onset, 0.4, 0.75, decay) for onset in onsets)
    found = detect_scrs(eda, sfreq).onset
    assert np.mean([np.abs(found - onset).min() < 1.0 for onset in onsets]) > 0.9


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_a_response_after_a_row_of_swings_is_found(sfreq: float) -> None:
    t, eda = eda_with(150.0, sfreq, (120.0,), (0.4,))
    eda += np.where(t < 90.0, 0.1 * np.sin(2.0 * np.pi * 0.2 * t), 0.0)
    found = detect_scrs(eda, sfreq).onset
    assert np.abs(found - 120.0).min() < 0.8


@settings(max_examples=40, deadline=None)
@given(
    rise=st.floats(0.6, 1.2),
    decay=st.floats(2.0, 15.0),
    height=st.floats(0.1, 2.0),
    sfreq=st.sampled_from(RATES),
    place=st.floats(0.0, 1.0),
)
def test_a_response_out_of_a_still_level_is_found_whatever_its_shape(
    rise: float, decay: float, height: float, sfreq: float, place: float
) -> None:
    t = np.arange(round(60.0 * sfreq)) / sfreq
    eda = 5.0 + noise(t) + quick(t, 20.0 + place, height, rise, max(decay, 2.5 * rise))
    np.testing.assert_allclose(detect_scrs(eda, sfreq).onset, [20.0 + place], atol=1.0)
