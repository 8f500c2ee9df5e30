"""Intervals that are missing between beats: what a series without them would have held."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.hrv import ERRORS, correction_errors
from processing.filling import filled
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.heart.spectrum import hf_power
from processing.index import IndexSample


def breathing(n: int = 170, noise: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return times [s] and intervals [ms] of a heart that follows breath and blood pressure."""
    t = 0.85 * np.arange(n)
    waves = 30 * np.sin(2 * np.pi * 0.24 * t) + 20 * np.sin(2 * np.pi * 0.1 * t)
    nn = 850 + waves + noise * np.random.default_rng(0).standard_normal(n)
    return np.cumsum(nn) / 1e3, nn


def without(n: int, *places: int) -> np.ndarray:
    """Tell of n intervals which remain."""
    left = np.ones(n, np.bool_)
    left[list(places)] = False
    return left


def test_a_series_without_a_hole_is_what_it_is() -> None:
    times, nn = breathing()
    found = filled(times, nn)
    assert found[0] is times and found[1] is nn


def test_two_intervals_around_a_missed_or_early_beat_come_back() -> None:
    times, nn = breathing(noise=3.0)
    left = without(len(nn), 60, 61, 100, 101, 102)
    found_times, found = filled(times[left], nn[left])
    assert len(found) == len(nn)
    np.testing.assert_array_equal(found[left], nn[left])
    assert found[60] + found[61] == pytest.approx(nn[60] + nn[61], rel=1e-9)
    assert found[100:103].sum() == pytest.approx(nn[100:103].sum(), rel=1e-9)
    assert np.abs(found - nn).max() < 12.0  # the waves take the interval from 800 to 900 ms
    np.testing.assert_allclose(np.diff(found_times)[58:104], found[59:105] / 1e3, rtol=1e-9)


def test_a_single_interval_has_the_length_of_its_hole() -> None:
    """Two marks where one beat was: the interval from the beat before to the one after is known."""
    times, nn = breathing(noise=3.0)
    left = without(len(nn), 80)
    assert filled(times[left], nn[left])[1][80] == pytest.approx(nn[80], rel=1e-9)


def test_a_pause_that_is_too_short_for_its_beats_is_not_shared_among_them() -> None:
    """An early beat that resets the node: what follows comes 0.3 s sooner."""
    times, nn = breathing(noise=3.0)
    left = without(len(nn), 80, 81)
    sooner = np.where(np.arange(len(nn)) > 81, times - 0.3, times)
    found_times, found = filled(sooner[left], nn[left])
    assert np.abs(found[80:82] - nn[80:82]).max() < 25.0
    assert sooner[79] < found_times[80] < found_times[81] == pytest.approx(sooner[82] - nn[82] / 1e3)


def test_holes_of_half_a_minute_and_short_series_are_left_alone() -> None:
    times, nn = breathing()
    left = without(len(nn), *range(60, 95))
    assert len(filled(times[left], nn[left])[1]) == left.sum()
    left = without(12, 5, 6)
    assert len(filled(times[:12][left], nn[:12][left])[1]) == 10


@pytest.mark.parametrize("places", [(60, 61), (40, 41, 90, 91, 92, 130)])
def test_hf_of_a_series_with_holes_is_that_of_the_whole(places: tuple[int, ...]) -> None:
    times, nn = breathing(noise=5.0)
    left = without(len(nn), *places)
    assert hf_power(times[left], nn[left]) == pytest.approx(hf_power(times, nn), rel=0.02)


@pytest.mark.parametrize(("kind", "most"), list(zip(ERRORS, (2.0, 0.5, 2.5, 2.0), strict=True)))
def test_hf_after_six_wrong_beats_is_within_two_percent(kind: str, most: float) -> None:
    """Without what is put in: 5.8, 1.2, 4.1 and 2-6 %."""
    assert correction_errors(kind, 20)[2] < most


def rows(intervals: FloatArray, step: float) -> list[IndexSample]:
    """Return HF and RSA of a stream of intervals [ms] that comes in pieces of `step` s."""
    info = StreamInfo(
        name="rr", role=Role.CLIENT, modality=Modality.RR, sfreq=0.0, unit="ms", channels=("rr",)
    )
    heart, out = Heart("client", Modality.RR, config=HeartConfig()), list[IndexSample]()
    times = np.cumsum(intervals) / 1e3
    for start in np.arange(0.0, 300.0, step).tolist():
        part = slice(*np.searchsorted(times, [start, start + step]))
        heart.update(Chunk(info, times[part], intervals[part, None]))
        ticks = np.arange(start, start + step - 1e-9, 0.1)
        out += heart.advance(ticks, {"heart": ticks})
    return [sample for sample in out if sample.index in ("hf", "rsa_pb")]


def test_hf_and_rsa_across_holes_do_not_depend_on_how_the_beats_come() -> None:
    _, nn = breathing(300, noise=4.0)
    for k in (260, 180, 90):
        nn[k : k + 2] += np.array([-270.0, 270.0])  # early, with a full pause
    live, whole = rows(nn, 0.5), rows(nn, 60.0)
    assert sum(np.isfinite(sample.value) for sample in whole) > 8
    key = [(s.index, s.time, s.value, s.reason) for s in whole]
    mine = [(s.index, s.time, s.value, s.reason) for s in live]
    assert sorted(map(repr, mine)) == sorted(map(repr, key))
