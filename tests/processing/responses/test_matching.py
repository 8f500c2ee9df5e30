"""Matched moments: known answers, gaps, gates, and how often marks that do nothing are found to act."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from processing.responses.matching import CLEAR, SPARED, TOO_FEW, comparable, effect
from processing.responses.moments import describe
from tests.processing.responses.marked_hours import found, marked_hour

MARKS = np.arange(200, 2900, 180)


def hour(series: np.ndarray, **more: Any) -> Any:
    nobody = np.zeros(len(series))
    return describe(series, nobody, nobody, np.ones(len(series), np.bool_), **more)


def noise(seed: int = 1) -> np.ndarray:
    return np.convolve(np.random.default_rng(seed).normal(size=3060), np.ones(61) / 7.8, "valid")


def test_means_before_and_after_are_those_of_the_seconds_they_name() -> None:
    x = noise()
    m = hour(x)
    assert m.level[100] == pytest.approx(x[95:100].mean())
    assert m.change[100] == pytest.approx(x[95:100].mean() - x[40:100].mean())
    assert m.after[100] == pytest.approx(x[100:160].mean())
    late = hour(x, ahead=30)
    assert late.level[100] == pytest.approx(x[65:70].mean())
    assert late.after[100] == pytest.approx(x[130:160].mean())


def test_what_follows_a_moment_does_not_decide_whether_it_is_comparable() -> None:
    x = noise()
    before = comparable(hour(x), MARKS[:8], MARKS[:8], SPARED)
    changed = x.copy()
    for second in (s for got in before.matches for s in got):
        changed[second + 1 : second + 2] += 1e-6
    assert comparable(hour(changed), MARKS[:8], MARKS[:8], SPARED).matches == before.matches
    for got in before.matches:
        gaps = np.array(got)[:, None] - MARKS[:8]
        assert not ((gaps >= -SPARED[1]) & (gaps <= SPARED[0])).any()
        assert (np.diff(np.sort(got)) >= 30).all()


def test_the_gate_asks_for_moments_clear_of_marks_on_both_sides() -> None:
    m = hour(noise())
    clear = comparable(m, MARKS, MARKS, CLEAR)
    for got in clear.matches:
        gaps = np.array(got)[:, None] - MARKS
        assert not ((gaps >= -60) & (gaps <= 59)).any()
    assert effect(m, np.arange(100, 2900, 61)).reason == TOO_FEW


@pytest.mark.parametrize("series", [np.zeros(3000), np.full(3000, np.nan), noise()[:300], np.empty(0)])
def test_what_does_not_vary_or_is_not_there_or_too_short_has_no_effect_and_says_so(
    series: np.ndarray,
) -> None:
    got = effect(hour(series), MARKS)
    assert math.isnan(got.value) and math.isnan(got.p) and got.reason == TOO_FEW


@pytest.mark.parametrize("seed", range(5, 10))
def test_what_another_index_showed_by_then_is_not_taken_for_what_a_mark_did(seed: int) -> None:
    body = np.convolve(np.random.default_rng(seed).normal(size=3029), np.ones(30) / 5.5, "valid")
    late = np.concatenate([np.full(10, body[0]), body[:-10]])  # an index that comes ten seconds after
    rises = (body - late)[240:2880].reshape(-1, 120)[:, :100]
    marks = 240 + 120 * np.arange(len(rises)) + rises.argmax(axis=1)
    alone, beside = effect(hour(late), marks), effect(hour(late, beside=[(body, 0)]), marks)
    assert alone.value > 0.2 and alone.p < 0.05
    assert abs(beside.value) < 0.1 and beside.p > 0.3
    assert beside.se < alone.se


def test_an_index_beside_that_is_mostly_unknown_takes_no_moments_with_it() -> None:
    x, body = noise(), noise(2)
    gone = np.where(np.arange(3000) < 2000, body, np.nan)
    assert effect(hour(x, beside=[(gone, 0)]), MARKS) == effect(hour(x), MARKS)
    few = np.where(np.arange(3000) < 2900, body, np.nan)
    held = hour(x, beside=[(few, 0)])
    assert np.count_nonzero(hour(x).usable) - np.count_nonzero(held.usable) > 0
    assert held.known.shape[1] == hour(x).known.shape[1] + 4


@settings(deadline=None, max_examples=20)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3))
def test_unit_and_zero_of_an_index_change_no_p(scale: float, shift: float) -> None:
    x = noise()
    one, other = effect(hour(x), MARKS), effect(hour(scale * x + shift), MARKS)
    assert other.p == pytest.approx(one.p, rel=1e-4)
    assert other.value == pytest.approx(scale * one.value, rel=1e-4, abs=1e-9 * scale)


@settings(deadline=None, max_examples=20)
@given(start=st.integers(0, 2900), length=st.integers(0, 900))
def test_a_gap_never_breaks_it_and_no_stretch_reaches_into_one(start: int, length: int) -> None:
    x = noise()
    x[start : start + length] = np.nan
    m = hour(x)
    got = effect(m, MARKS)
    assert math.isfinite(got.p) or got.reason == TOO_FEW
    if length > 30:
        assert not m.usable[start : start + length].any()


def test_interval_and_p_are_those_of_student_s_t_with_one_degree_less_than_sets() -> None:
    got = effect(hour(noise()), MARKS)
    assert (got.high - got.value) / got.se == pytest.approx(t.ppf(0.975, got.sets - 1), rel=1e-9)
    assert got.p == pytest.approx(2.0 * t.sf(abs(got.value / got.se), got.sets - 1), rel=1e-9)


def test_a_mark_outside_the_hour_is_no_mark_of_it() -> None:
    m = hour(noise())
    outside = ([-500, -1], [len(m.usable), 90000])
    assert effect(m, np.concatenate([outside[0], MARKS, outside[1]])).value == effect(m, MARKS).value


@pytest.mark.parametrize("null", ["random", "reactive", "after a crossing"])
def test_marks_that_do_nothing_are_rarely_found_to_do_something(null: str) -> None:
    every = [found(marked_hour(null, "arousal", np.random.default_rng([3, k])), "arousal") for k in range(80)]
    stated = [e for e in every if not e.reason]
    assert len(stated) > 40
    assert sum(e.p <= 0.05 for e in stated) <= 0.14 * len(stated), "5 % and three standard errors"


def test_a_true_response_is_found_where_marks_answer_the_state() -> None:
    draws = [np.random.default_rng([4, k]) for k in range(30)]
    every = [found(marked_hour("reactive", "arousal", r, size=-1.0, n=20), "arousal") for r in draws]
    assert sum(e.p <= 0.05 for e in every) >= 20


def test_where_every_rise_is_answered_at_one_phase_nothing_is_stated() -> None:
    draws = [np.random.default_rng([5, k]) for k in range(30)]
    every = [found(marked_hour("excursions, all answered", "arousal", r), "arousal") for r in draws]
    assert sum(e.reason == TOO_FEW for e in every) >= 27
