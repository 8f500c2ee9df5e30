"""The step of a converter: small changes at once, large ones when they come back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.skin.steps import AGAIN, COARSEST, Steps
from tests.processing.skin_signals import column, feed, respond

NOISE = "noise: responses of 0.05 µS do not stand out"


def test_a_small_change_is_a_step_at_once_and_a_smaller_one_after_it() -> None:
    known = Steps().push(np.array([0.0, 0.05, np.nan, 0.2, -0.02, 0.05]))
    np.testing.assert_array_equal(known, [math.inf, 0.05, 0.05, 0.05, 0.02, 0.02])


@pytest.mark.parametrize("size", [0.0601, 0.1, 0.25])
def test_a_large_change_is_a_step_when_it_has_come_back(size: float) -> None:
    changes = np.array([size, 2.0 * size, -size, 0.0, size, size])
    known = Steps().push(changes)
    np.testing.assert_allclose(known, [math.inf] * 4 + [size] * 2)


@pytest.mark.parametrize(("size", "at_once"), [(COARSEST - 1e-9, True), (COARSEST + 1e-9, False)])
def test_the_border_lies_at_the_coarsest(size: float, at_once: bool) -> None:
    known = Steps().push(np.full(AGAIN, size))
    assert bool(np.isfinite(known[0])) is at_once and np.isfinite(known[AGAIN - 1])


def test_jumps_of_a_sensor_that_is_stuck_are_no_steps() -> None:
    jumps = np.random.default_rng(0).uniform(0.07, 3.0, 500)
    assert np.isinf(Steps().push(jumps)).all()


@settings(max_examples=60, deadline=None)
@given(
    changes=st.lists(st.sampled_from([0.0, 0.1, 0.3, -0.1, 0.2, 0.05, math.nan, 1.7]), max_size=40),
    cut=st.integers(0, 40),
)
def test_any_cut_gives_equal_steps(changes: list[float], cut: int) -> None:
    whole, parts, given_ = Steps(), Steps(), np.array(changes)
    both = np.concatenate((parts.push(given_[:cut]), parts.push(given_[cut:])))
    np.testing.assert_array_equal(both, whole.push(given_))


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 8.0, 32.0])
@pytest.mark.parametrize("noise", [0.0, 0.04])
@pytest.mark.parametrize("responds", [False, True])
def test_steps_of_a_tenth_of_a_microsiemens_tell_a_level_and_no_response(
    sfreq: float, noise: float, responds: bool
) -> None:
    """The steps gave four responses a minute at rest, at quality 1."""
    t = np.arange(round(240.0 * sfreq)) / sfreq
    x = 5.0 + 0.2 * np.sin(t / 40.0) + noise * np.random.default_rng(2).standard_normal(len(t))
    if responds:
        x += sum(respond(t, onset, 0.5) for onset in np.arange(10.0, 230.0, 20.0))
    rows = feed(t, np.round(x / 0.1) * 0.1, sfreq, seconds=240.0)
    late = [r for r in rows if r.time > 60.0]
    assert not [r for r in late if r.index == "scr"]
    rates = [r for r in late if r.index == "scr_rate" and r.time < 200.0]
    assert rates
    assert all(np.isnan(r.value) and r.reason in (NOISE, "EDA flat") for r in rates)
    times, level = column(late, "scl")
    inside = (times > 60.0) & (times < 220.0)
    assert np.isfinite(level[inside]).mean() > (0.8 if noise or responds else 0.5)  # flat until three steps
    if not responds:
        off = level[inside] - (5.0 + 0.2 * np.sin(times[inside] / 40.0))
        assert np.nanmax(np.abs(off)) < 0.15
