"""A sensor whose values are repeated in rows of a faster table has the responses it has at its own rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.eda import detect_scrs
from processing.skin.held import Holds
from tests.processing.skin_signals import ONSETS, comparable, eda_with, feed


def repeated(own: float, sfreq: float, seconds: float = 180.0) -> FloatArray:
    """Return values of `own` Hz in rows of `sfreq` Hz."""
    _, eda = eda_with(seconds, own)
    place = np.floor(np.arange(round(seconds * sfreq)) / sfreq * own + 1e-9).astype(int)
    held: FloatArray = eda[np.minimum(place, len(eda) - 1)]
    return held


@pytest.mark.parametrize(
    ("own", "sfreq"), [(4.0, 32.0), (4.0, 100.0), (8.0, 32.0), (10.0, 64.0), (5.0, 16.0)]
)
def test_values_that_are_held_have_the_responses_of_their_own_rate(own: float, sfreq: float) -> None:
    """Of 4 Hz in rows of 64 Hz nineteen in twenty were lost, at quality 1."""
    found = detect_scrs(repeated(own, sfreq), sfreq)
    alone = detect_scrs(eda_with(180.0, own)[1], own)
    np.testing.assert_allclose(found.onset, alone.onset, atol=0.3)
    np.testing.assert_allclose(found.amplitude, alone.amplitude, atol=0.01)
    assert len(found.onset) >= len(ONSETS) - 1


@pytest.mark.parametrize("step", [0.0, 0.001, 0.01, 0.03])
@pytest.mark.parametrize("sfreq", [4.0, 32.0])
def test_a_sensor_in_steps_or_a_drift_in_steps_is_not_held(sfreq: float, step: float) -> None:
    t, eda = eda_with(180.0, sfreq)
    for x in (eda, 5.0 + 0.01 * t):
        assert (Holds().push(np.round(x / step) * step if step else x).length == 1.0).mean() > 0.95


def test_a_value_that_stands_for_two_is_taken_twice() -> None:
    values = np.repeat(np.random.default_rng(0).standard_normal(60), np.where(np.arange(60) == 40, 16, 8))
    held = Holds().push(values)
    late = held.taken[30 * 8 :]
    assert held.length[-1] == 8.0 and np.count_nonzero(late) == 31


@settings(max_examples=10, deadline=None)
@given(
    own=st.sampled_from([2.0, 4.0, 10.0]),
    sfreq=st.sampled_from([16.0, 32.0, 64.0]),
    cuts=st.lists(st.integers(0, 800), max_size=8),
)
def test_holds_are_the_same_for_any_chunks(own: float, sfreq: float, cuts: list[int]) -> None:
    eda = repeated(own, sfreq, 25.0)
    whole, holds = Holds().push(eda), Holds()
    parts = [holds.push(part) for part in np.split(eda, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate([part.length for part in parts]), whole.length)
    np.testing.assert_array_equal(np.concatenate([part.taken for part in parts]), whole.taken)


def test_rows_of_held_values_are_the_same_for_any_chunks() -> None:
    eda = np.concatenate((repeated(4.0, 32.0, 40.0), eda_with(40.0, 32.0)[1]))
    t = np.arange(len(eda)) / 32.0
    whole = comparable(feed(t, eda, 32.0))
    assert comparable(feed(t, eda, 32.0, cuts=np.arange(0.3, 80.0, 3.7).tolist())) == whole
