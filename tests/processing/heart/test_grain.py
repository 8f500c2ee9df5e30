"""Intervals on a coarse grid: what it makes of variability is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.heart.limits.grain import ENOUGH, Grain
from processing.index import IndexSample
from tests.drawing import few
from tests.processing.heart.test_heart import banded


def beats(swing: float) -> FloatArray:
    """Return R times of 5 min whose intervals swing with breath [s]."""
    n = 350
    noise = 0.2 * np.random.default_rng(3).standard_normal(n)
    return np.asarray(np.cumsum(0.85 + swing * (np.sin(2 * np.pi * 0.25 * 0.85 * np.arange(n)) + noise)))


def rmssd(ends: FloatArray) -> list[IndexSample]:
    """Return the RMSSD that a band's intervals between these beats give."""
    rows = banded(ends[1:], np.round(1000.0 * np.diff(ends), 3)[:, None], 295.0)
    return [r for r in rows if r.index == "rmssd" and r.value == r.value and r.time > 60.0]


@pytest.mark.parametrize("rate", [32.0, 64.0])
def test_pulses_found_to_a_sample_say_that_a_low_rmssd_is_uncertain(rate: float) -> None:
    """At 64 Hz 8 ms become 12, at quality 1 before."""
    low, usual = (rmssd(np.round(rate * beats(swing)) / rate) for swing in (0.006, 0.05))
    assert len(low) > 150
    assert {r.reason for r in low} == {"beat times too uncertain"}
    assert all(r.quality < 0.5 for r in low)
    assert {(r.quality, r.reason) for r in usual} == {(1.0, "")}


@pytest.mark.parametrize("step", [1e-3, 1.0 / 1024.0, 0.0])
def test_fine_intervals_are_as_they_were(step: float) -> None:
    ends = beats(0.006)
    found = rmssd(np.round(ends / step) * step if step else ends)
    assert {(r.quality, r.reason) for r in found} == {(1.0, "")}


def test_the_step_is_that_of_the_grid_and_known_after_a_dozen() -> None:
    grid = np.round(64.0 * beats(0.03)) / 64.0
    told = Grain().spread(np.round(np.diff(grid), 6))
    assert np.isnan(told[: ENOUGH - 1]).all()
    assert told[-1] == pytest.approx(1.0 / 64.0 / np.sqrt(12.0), rel=1e-3)


def test_one_interval_all_along_tells_of_no_grid() -> None:
    assert np.isnan(Grain().spread(np.full(50, 0.8))).all()


@few(30)
@given(cuts=st.lists(st.integers(0, 100), max_size=6))
def test_pieces_change_nothing(cuts: list[int]) -> None:
    steps = np.round(np.diff(np.round(128.0 * beats(0.03)) / 128.0), 6)[:100]
    grain = Grain()
    pieces = [grain.spread(part) for part in np.split(steps, sorted(cuts))]
    assert np.array_equal(np.concatenate(pieces), Grain().spread(steps), equal_nan=True)
