"""Beat correction: errors are found, variability survives, strong sinus arrhythmia is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.heart.grid import spectral_points
from processing.heart.hrv import rmssd, sdnn
from processing.heart.ibi import ECTOPIC, LONG, SHORT, BeatCorrector, Intervals, correct_beats
from processing.heart.spectrum import hf_power
from processing.lookahead.beats import classify_two_sided, correct_two_sided
from tests.recordings import resting_nn


def rest(seed: int, n: int = 350) -> FloatArray:
    """Return beats [s] of a resting person: breathing, slow waves, noise; RMSSD about 32 ms."""
    rng = np.random.default_rng(seed)
    t = 0.85 * np.arange(n)
    waves = 0.03 * np.sin(2 * np.pi * 0.24 * t + rng.uniform(0, 6)) + 0.03 * np.sin(2 * np.pi * 0.1 * t)
    return np.concatenate(([0.0], np.cumsum(0.85 + waves + 0.012 * rng.standard_normal(n))))


def spoilt(beats: FloatArray, kind: str, rng: np.random.Generator, n: int = 6) -> FloatArray:
    at = rng.choice(np.arange(60, len(beats) - 5), n, replace=False)
    if kind == "missed":
        return np.delete(beats, at)
    if kind == "extra":
        extra = beats[at] + rng.uniform(0.15, 0.85, n) * (beats[at + 1] - beats[at])
        return np.sort(np.concatenate((beats, extra)))
    moved = beats.copy()
    moved[at] += rng.choice([-1.0, 1.0], n) * rng.uniform(0.15, 0.35, n)
    return np.sort(moved)


def clean_rmssd(found: Intervals) -> float:
    steps = np.diff(found.values)[found.paired[1:]]
    return float(np.sqrt(np.mean(steps**2)))


@pytest.mark.parametrize(("kind", "limit"), [("missed", 0.02), ("extra", 0.02), ("misplaced", 0.08)])
def test_variability_survives_simulated_errors(kind: str, limit: float) -> None:
    errors = []
    for seed in range(12):
        beats, rng = rest(seed), np.random.default_rng(100 + seed)
        bad = spoilt(beats, kind, rng)
        true = rmssd(1e3 * np.diff(beats))
        assert rmssd(1e3 * np.diff(bad)) > 1.3 * true, "the errors were put in"
        found = correct_beats(bad)
        times, nn = spectral_points(found, 0, len(found.times))
        power = hf_power(beats[1:], 1e3 * np.diff(beats))
        errors.append(
            [
                clean_rmssd(found) / true - 1,
                sdnn(found.values) / sdnn(1e3 * np.diff(beats)) - 1,
                hf_power(times, nn) / power - 1,
            ]
        )
    assert np.abs(errors).mean(axis=0)[:2].max() < limit
    assert np.abs(errors).mean(axis=0)[2] < max(limit, 0.04)


def test_a_missed_beat_is_split_and_an_extra_one_joined() -> None:
    beats = np.arange(0.0, 60.0, 0.8) + 0.001 * np.arange(75) % 0.003
    missed = correct_beats(np.delete(beats, 40))
    assert missed.classes[40] == LONG
    assert missed.values[40] == pytest.approx(800, abs=5)
    extra = correct_beats(np.sort(np.append(beats, beats[40] + 0.3)))
    assert np.isnan(extra.values[41])
    assert extra.reasons[41] == "early beat"
    assert extra.classes[42] == SHORT
    assert extra.values[42] == pytest.approx(800, abs=5)


def test_an_ectopic_beat_with_its_pause_is_shared_evenly() -> None:
    beats = np.arange(0.0, 60.0, 0.8)
    beats[40] -= 0.3
    found = correct_beats(beats)
    assert np.isnan(found.values[40])
    assert found.classes[41] == ECTOPIC
    assert found.values[41] == pytest.approx(800, abs=5)


def test_a_new_rhythm_is_taken_up() -> None:
    found = correct_beats(np.concatenate((np.arange(40) * 0.9, 35.1 + 0.5 * np.arange(1, 30))))
    assert np.isfinite(found.values[-20:]).all()
    assert (found.classes[-20:] == 0).all()


def test_strong_sinus_arrhythmia_is_left_alone() -> None:
    nn = resting_nn()
    found = correct_beats(np.cumsum(nn) / 1e3)
    assert np.nanmean(found.classes > 0) < 0.03
    assert clean_rmssd(found) == pytest.approx(rmssd(nn), rel=0.06)


def test_judging_piece_by_piece_changes_nothing() -> None:
    beats = spoilt(rest(3), "extra", np.random.default_rng(0))
    intervals = np.diff(beats, prepend=np.nan)
    whole, single = correct_beats(beats), BeatCorrector()
    for j, (time, interval) in enumerate(zip(beats.tolist(), intervals.tolist(), strict=True)):
        row = single.push([time], [interval], [False], [""])
        assert repr(row.values[0]) == repr(whole.values[j])
        assert row.paired[0] == whole.paired[j]


def test_the_two_sided_correction_finds_what_was_put_in() -> None:
    beats = rest(5)
    assert np.nansum(classify_two_sided(beats) > 0) <= 3
    values, classes = correct_two_sided(np.delete(beats, [100, 200]))
    assert classes[100] == LONG
    assert classes[199] == LONG
    assert np.nanstd(values) == pytest.approx(1e3 * np.std(np.diff(beats)), rel=0.03)
