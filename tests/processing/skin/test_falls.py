"""Falls that no skin makes are found, those of responses are not, however the signal is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.eda_quality import REASONS, Fault
from processing.skin.falls import Fall, FallConfig, FallFinder
from tests.processing.skin_signals import column, comparable, eda_with, feed, respond

ANEW = REASONS[Fault.ANEW]


def falls_of(eda: FloatArray, sfreq: float) -> list[Fall]:
    return FallFinder(sfreq, FallConfig()).push(np.arange(len(eda)) / sfreq, eda)[0]


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 25.0, 100.0])
@pytest.mark.parametrize("depth", [0.2, 1.0])
def test_a_dip_is_found_where_it_is_with_the_level_it_fell_from(sfreq: float, depth: float) -> None:
    t, eda = eda_with(60.0, sfreq, (), ())
    eda[(t >= 30.0) & (t < 31.0)] -= depth
    (fall,) = falls_of(eda, sfreq)
    assert fall.back
    assert fall.start == pytest.approx(30.0, abs=0.5) and fall.stop == pytest.approx(31.0, abs=0.5)
    assert fall.level == pytest.approx(5.0, abs=0.02)
    assert fall.start < fall.seen <= fall.known < fall.start + 5.0


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_an_electrode_that_sits_anew_is_a_fall_that_does_not_come_back(sfreq: float) -> None:
    t, eda = eda_with(60.0, sfreq, (), ())
    (fall,) = falls_of(eda - 0.5 * (t >= 30.0), sfreq)
    assert not fall.back and fall.stop == fall.seen < 31.0


@pytest.mark.parametrize("sfreq", [4.0, 5.0, 8.0, 25.0, 100.0])
@pytest.mark.parametrize("height", [0.3, 1.0])
def test_a_fall_back_from_a_spike_of_one_mean_is_decided_at_once(sfreq: float, height: float) -> None:
    t, eda = eda_with(60.0, sfreq, (), ())
    place = round(30.0 * sfreq)
    eda[place] += height * max(1.0, sfreq // 8.0)
    (fall,) = falls_of(eda, sfreq)
    assert fall.spike and fall.start < t[place] <= fall.stop < fall.start + 0.3
    assert fall.seen == fall.known < t[place] + 0.75


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_what_falls_from_a_spike_to_below_where_it_was_or_from_a_plateau_is_no_spike(sfreq: float) -> None:
    t, eda = eda_with(60.0, sfreq, (), ())
    plateau = np.where((t >= 30.0) & (t < 31.0), 1.0, 0.0)
    below = np.where(t == 30.0, 1.0, 0.0) - np.where(t > 30.0, 0.8, 0.0)
    for change in (plateau, below):
        found = falls_of(eda + change, sfreq)
        assert found and not any(fall.spike for fall in found)


def test_spikes_every_few_seconds_hide_few_responses() -> None:
    sfreq = 4.0
    rng = np.random.default_rng(8)
    t = np.arange(600 * sfreq) / sfreq
    eda = 5.0 + 0.003 * rng.standard_normal(len(t))
    onsets = np.arange(20.0, 580.0, 13.0)
    for onset in onsets.tolist():
        eda += respond(t, onset, 0.3)
    at = np.arange(10.3, 590.0, 7.0)
    eda[np.rint(at * sfreq).astype(int)] += rng.uniform(0.3, 2.0, len(at))
    peaks, _ = column(feed(t, eda, sfreq), "scr")
    found = sum(np.any(np.abs(peaks - onset - 2.0) < 1.5) for onset in onsets.tolist())
    assert found >= 0.8 * len(onsets)


@pytest.mark.parametrize("sfreq", [1.0, 2.0, 4.0, 25.0, 100.0])
@pytest.mark.parametrize("half", [1.2, 2.0, 6.0, 14.0])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_no_response_falls_too_fast(sfreq: float, half: float, noise: float) -> None:
    rng = np.random.default_rng(3)
    t = np.arange(300 * sfreq) / sfreq
    eda = 5.0 + noise * rng.standard_normal(len(t))
    for onset in np.cumsum(rng.uniform(2.0, 9.0, 60)):
        eda += respond(t, float(onset), float(np.exp(rng.uniform(np.log(0.05), np.log(4.0)))), half=half)
    assert falls_of(eda, sfreq) == []


def test_a_stretch_may_begin_on_the_tail_of_a_response() -> None:
    t = np.arange(400) / 4.0
    assert falls_of(5.0 + respond(t + 3.0, 0.0, 4.0, half=2.0), 4.0) == []


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 1500), max_size=8), sfreq=st.sampled_from([4.0, 25.0]))
def test_any_chunking_gives_equal_falls(cuts: list[int], sfreq: float) -> None:
    t, eda = eda_with(60.0, sfreq)
    rng = np.random.default_rng(5)
    for start in rng.uniform(5, 55, 6):
        eda[(t >= start) & (t < start + rng.uniform(0.3, 4.0))] -= rng.uniform(0.1, 1.0)
    whole = falls_of(eda, sfreq)
    assert whole
    finder, at = FallFinder(sfreq, FallConfig()), sorted(c for c in cuts if c < len(t))
    parts = zip(np.split(t, at), np.split(eda, at), strict=True)
    assert [fall for tt, xx in parts for fall in finder.push(tt, xx)[0]] == whole


def unlevelled(eda: FloatArray, sfreq: float) -> FloatArray:
    """Return where there is no level for a jump that stayed [s]."""
    rows = feed(np.arange(len(eda)) / sfreq, eda, sfreq)
    return np.array([r.time for r in rows if r.index == "scl" and r.reason == ANEW and r.value != r.value])


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
@pytest.mark.parametrize(("edge", "to"), [(0.01, 0.75), (0.01, 1.35), (0.01, 3.0), (0.4, 0.6), (1.0, 0.4)])
def test_there_is_no_level_across_a_jump_that_stays(sfreq: float, edge: float, to: float) -> None:
    """At 1 µS no slope is above 10 µS/s: the index moved by up to 4 SD at quality 1, without a word."""
    t, eda = eda_with(90.0, sfreq, (20.0, 70.0), (0.6, 0.6))
    eda = eda / 5.0 * np.interp(t, (44.8, 44.8 + edge), (1.0, to))
    at = unlevelled(eda, sfreq)
    assert len(at) >= 5 and at.min() >= 39.0 and at.max() <= 54.0
    times, level = column(feed(t, eda, sfreq), "scl")
    assert np.isfinite(level[(times >= 10.0) & (times <= 38.0) | (times >= 55.0)]).all()


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
@pytest.mark.parametrize("lasts", [0.25, 1.0, 2.5])
@pytest.mark.parametrize("to", [0.3, 0.7, 1.5, 3.0])
def test_a_level_that_is_back_within_seconds_did_not_jump(sfreq: float, lasts: float, to: float) -> None:
    t, eda = eda_with(90.0, sfreq, (20.0, 70.0), (0.6, 0.6))
    eda = eda / 5.0 * np.where((t >= 44.8) & (t < 44.8 + lasts), to, 1.0)
    assert not len(unlevelled(eda, sfreq))


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
@pytest.mark.parametrize("level", [0.1, 0.4, 2.0])
@pytest.mark.parametrize("half", [2.0, 6.0, 14.0])
def test_skin_that_responds_does_not_jump(sfreq: float, level: float, half: float) -> None:
    """Up to fifteen times its level within a second."""
    rng = np.random.default_rng(6)
    t = np.arange(300 * sfreq) / sfreq
    eda = level + 0.003 * rng.standard_normal(len(t))
    for onset in np.cumsum(rng.uniform(3.0, 12.0, 40)):
        eda += respond(t, float(onset), float(np.exp(rng.uniform(np.log(0.05), np.log(1.5)))), 1.0, half)
    assert not len(unlevelled(eda, sfreq))


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.floats(0.1, 89.0), max_size=8), sfreq=st.sampled_from([4.0, 25.0]))
def test_any_chunking_gives_the_same_jumps(cuts: list[float], sfreq: float) -> None:
    t, eda = eda_with(90.0, sfreq, (20.0, 70.0), (0.6, 0.6))
    eda = eda / 5.0 * np.where(t < 30.0, 1.0, np.where(t < 60.0, 1.5, 0.9))
    whole = feed(t, eda, sfreq)
    assert any(r.reason == ANEW for r in whole)
    assert comparable(feed(t, eda, sfreq, cuts=cuts)) == comparable(whole)
