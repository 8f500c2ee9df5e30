"""Beat correction: errors are found, variability survives, strong sinus arrhythmia is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.heart.hrv import rmssd, sdnn
from processing.heart.ibi import ECTOPIC, LONG, NORMAL, SHORT, Arrival, Intervals, tabled
from processing.heart.judging import WAIT, BeatJudge, judge_beats
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
        found = judge_beats(bad)
        known = np.isfinite(found.values)
        times, nn = found.times[known], found.values[known]
        power = hf_power(beats[1:], 1e3 * np.diff(beats))
        errors.append(
            [
                clean_rmssd(found) / true - 1,
                sdnn(found.values) / sdnn(1e3 * np.diff(beats)) - 1,
                hf_power(times, nn) / power - 1,
            ]
        )
    assert np.abs(errors).mean(axis=0)[:2].max() < limit
    # a hole of two or three intervals costs power; of two marks moved in a row, one may stay unseen
    assert np.median(np.abs(errors), axis=0)[2] < 0.07


def test_a_missed_and_an_extra_beat_have_their_class_and_nothing_stands_in_for_them() -> None:
    beats = np.arange(0.0, 60.0, 0.8) + 0.001 * np.arange(75) % 0.003
    missed = judge_beats(np.delete(beats, 40))
    assert missed.classes[40] == LONG
    assert np.isnan(missed.values[40:42]).all()
    assert np.isfinite(missed.values[42:]).all()
    extra = judge_beats(np.sort(np.append(beats, beats[40] + 0.3)))
    assert extra.classes[41] == SHORT
    assert np.isnan(extra.values[41:43]).all()
    assert np.isfinite(extra.values[43:]).all()
    assert (np.delete(extra.classes, 41) == NORMAL).all()


def test_an_ectopic_beat_and_the_interval_after_it_enter_nothing() -> None:
    beats = np.arange(0.0, 60.0, 0.8)
    beats[40] -= 0.3
    found = judge_beats(beats)
    assert found.classes[40] == ECTOPIC
    assert (np.delete(found.classes, 40) == NORMAL).all(), "the normal beat beside it stays normal"
    assert np.flatnonzero(np.isnan(found.values)).tolist() == [0, 40, 41]
    assert np.flatnonzero(~found.paired).tolist() == [0, 1, 40, 41, 42]


@pytest.mark.parametrize("every", [2, 3, 4])
def test_what_is_rejected_cannot_widen_the_limits(every: int) -> None:
    rng = np.random.default_rng(every)
    intervals = 0.85 + 0.012 * rng.standard_normal(900)
    early = np.arange(60, 890, every)
    intervals[early] -= 0.30
    intervals[early + 1] += 0.28
    found = judge_beats(np.cumsum(intervals))
    late = np.arange(len(intervals)) > 450
    is_early = np.isin(np.arange(len(intervals)), early)
    assert (found.classes[late & is_early] == ECTOPIC).mean() > 0.99
    assert (found.classes[late & ~is_early] == NORMAL).mean() > 0.99
    if np.isfinite(found.values[late]).any():
        assert np.nanmin(found.values[late]) > 780


def test_a_new_rhythm_is_taken_up() -> None:
    found = judge_beats(np.concatenate((np.arange(40) * 0.9, 35.1 + 0.5 * np.arange(1, 30))))
    assert np.isfinite(found.values[-20:]).all()
    assert (found.classes[-20:] == 0).all()


def test_a_heart_that_gets_faster_step_by_step_has_no_early_beats() -> None:
    for beats_of_change in (6, 10, 25):
        faster = np.concatenate((np.full(40, 1.0), np.linspace(1.0, 0.6, beats_of_change), np.full(40, 0.6)))
        found = judge_beats(np.cumsum(faster + 0.01 * np.random.default_rng(1).standard_normal(len(faster))))
        assert (found.classes[1:] == NORMAL).mean() > 0.95
        assert (found.classes[-35:] == NORMAL).all()


def test_strong_sinus_arrhythmia_is_left_alone() -> None:
    nn = resting_nn()
    found = judge_beats(np.cumsum(nn) / 1e3)
    assert np.nanmean(found.classes > 0) < 0.03
    assert clean_rmssd(found) == pytest.approx(rmssd(nn), rel=0.06)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_when_the_clock_is_asked_changes_nothing(pauses: list[int], seed: int) -> None:
    beats = spoilt(rest(seed, 120), "missed", np.random.default_rng(seed), 4)
    beats[60:] += 3.0
    whole = judge_beats(beats)
    judge, verdicts, asked = BeatJudge(has_shapes=False), [], np.cumsum(pauses) / 10.0
    for time, interval in zip(beats.tolist(), np.diff(beats, prepend=np.nan).tolist(), strict=True):
        for until in asked[asked <= time].tolist():
            judge.settle(until)
        asked = asked[asked > time]
        judge.push(Arrival(time, time, interval, ""))
        verdicts += judge.taken()
    judge.settle(np.inf)
    assert repr(tabled(verdicts + judge.taken())[0]) == repr(whole)


def test_a_class_waits_for_the_next_beat_and_no_longer_than_said() -> None:
    beats = np.concatenate((np.arange(20) * 0.8, 15.2 + 2.2 * np.arange(1, 6)))
    judge = BeatJudge(has_shapes=False)
    for time, interval in zip(beats.tolist(), np.diff(beats, prepend=np.nan).tolist(), strict=True):
        judge.push(Arrival(time, time, interval, ""))
    judge.settle(np.inf)
    _, settled = tabled(judge.taken())
    assert settled[:18] == pytest.approx(beats[1:19])
    assert settled[19:] == pytest.approx(beats[19:] + WAIT)


def test_the_two_sided_correction_finds_what_was_put_in() -> None:
    beats = rest(5)
    assert np.nansum(classify_two_sided(beats) > 0) <= 3
    values, classes = correct_two_sided(np.delete(beats, [100, 200]))
    assert classes[100] == LONG
    assert classes[199] == LONG
    assert np.nanstd(values) == pytest.approx(1e3 * np.std(np.diff(beats)), rel=0.03)
