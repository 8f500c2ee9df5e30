"""Where a signal turns: exact places, whatever lies between them; and whether it swings at one frequency."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.index import IndexSample
from processing.skin.rhythm import turns
from processing.skin.skin import SWINGS
from tests.drawing import few
from tests.processing.skin_signals import comparable, eda_with, feed, respond


@pytest.mark.parametrize(
    ("signal", "least", "places"),
    [
        ([], 1.0, []),
        ([2.0, 2.0, 2.0], 1.0, []),
        ([0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0], 1.0, [0, 2, 4]),
        ([0.0, 2.0, 2.0, 1.5, 2.0, 0.0, 3.0], 1.0, [0, 1, 5]),  # of equal ones the first; half a step is none
        ([3.0, 0.0, 0.0, 3.0, 3.0, 0.0], 1.0, [1, 3]),  # it begins with a trough
        ([0.0, 1.0, 0.4, 1.4, 0.8, 1.8], 1.0, [0]),  # a climb with dips is one rise
    ],
)
def test_troughs_and_peaks_take_turns(signal: list[float], least: float, places: list[int]) -> None:
    assert turns(np.array(signal), least) == places


@given(signal=st.lists(st.integers(0, 6), max_size=40), least=st.integers(1, 4))
def test_each_turn_is_so_far_from_the_next_and_nothing_beyond_lies_between(
    signal: list[int], least: int
) -> None:
    places = turns(np.array(signal, float), float(least))
    assert places == sorted(set(places))
    for k, (a, b) in enumerate(itertools.pairwise(places)):
        between, rises = signal[a : b + 1], k % 2 == 0
        assert abs(signal[b] - signal[a]) >= least
        assert (min(between), max(between)) == ((signal[a], signal[b]) if rises else (signal[b], signal[a]))


def rates_in(sfreq: float, added: FloatArray, cuts: Sequence[float] = ()) -> list[IndexSample]:
    t, eda = eda_with(240.0, sfreq)
    return [s for s in feed(t, eda + added, sfreq, cuts=cuts) if s.index in ("scr_rate", "scr_amp")]


@pytest.mark.parametrize(
    ("sfreq", "frequency"), [(10.0, 0.6), (25.0, 0.6), (25.0, 1.2), (25.0, 1.6), (100.0, 1.2)]
)
def test_swings_as_large_as_responses_put_rates_in_doubt(sfreq: float, frequency: float) -> None:
    t = np.arange(round(240.0 * sfreq)) / sfreq
    for size, doubted in ((0.08, True), (0.01, False)):
        rates = rates_in(sfreq, size * np.sin(2.0 * np.pi * frequency * t))
        known = [s for s in rates if s.value == s.value]
        assert len(known) > 30
        assert all((s.quality == 0.0 and s.reason == SWINGS) == doubted for s in known)


def test_swings_are_in_doubt_however_the_signal_is_cut_and_only_while_they_last() -> None:
    t = np.arange(240 * 25) / 25.0
    added = np.where(t < 90.0, 0.1 * np.sin(2.0 * np.pi * 1.1 * t), 0.0)
    rates = rates_in(25.0, added)
    assert {s.time for s in rates if s.reason == SWINGS} == set(np.arange(20.0, 95.0, 5.0))
    assert comparable(rates) == comparable(rates_in(25.0, added, cuts=(7.0, 31.5, 60.0, 61.0, 130.0)))


def tugs(t: FloatArray, every: float, size: float) -> FloatArray:
    """Return what a cable adds that each breath tugs upwards for a third of its time."""
    place = np.cumsum(1.0 + 0.1 * np.sin(0.7 * t)) * (t[1] - t[0]) / every % 1.0
    return np.asarray(size * np.where(place < 0.35, np.sin(np.pi * place / 0.35) ** 2, 0.0))


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
@pytest.mark.parametrize("every", [3.0, 4.5, 6.0])
def test_tugs_of_each_breath_put_rates_and_responses_of_their_size_in_doubt(
    sfreq: float, every: float
) -> None:
    t, eda = eda_with(240.0, sfreq)
    rows = feed(t, eda + tugs(t, every, 0.15), sfreq)
    rates = [s for s in rows if s.index in ("scr_rate", "scr_amp") and s.value == s.value and s.time > 60.0]
    assert len(rates) > 30
    assert all(s.quality == 0.0 and s.reason == SWINGS for s in rates)
    late = [s for s in rows if s.index == "scr" and s.time > 70.0]
    assert late
    assert all((s.quality == 0.0) == (s.reason == SWINGS) == (s.value < 0.3) for s in late)
    levels = [s for s in rows if s.index == "scl" and s.value == s.value]
    assert levels and all(s.quality > 0.5 and s.reason == "" for s in levels)


@few(10)
@given(
    cuts=st.lists(st.floats(1.0, 239.0), max_size=8), begin=st.floats(0.0, 200.0), gap=st.floats(0.0, 40.0)
)
def test_swings_and_what_they_hide_are_the_same_however_the_signal_is_cut(
    cuts: list[float], begin: float, gap: float
) -> None:
    t, eda = eda_with(240.0, 4.0)
    eda = eda + np.where(t >= begin, tugs(t, 4.0, 0.12), 0.0)
    there = (t < 100.0) | (t >= 100.0 + gap)
    whole, cut = (feed(t[there], eda[there], 4.0, cuts=sorted(c)) for c in ([], cuts))
    assert comparable(whole) == comparable(cut)


@pytest.mark.parametrize("every", [3.0, 4.0, 5.0])
def test_responses_that_come_evenly_are_no_swings(every: float) -> None:
    t = np.arange(240 * 25) / 25.0
    added = np.sum([respond(t, onset, 0.4, 1.0, 2.0) for onset in np.arange(5.0, 230.0, every)], axis=0)
    assert not any(s.reason == SWINGS for s in rates_in(25.0, added))


@pytest.mark.parametrize("value", [1e155, -1e155, 1e300, -1.7e308])
@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_what_no_skin_can_be_disturbs_no_rate_but_of_its_own_minute(value: float, sfreq: float) -> None:
    """Its square is no number: that ends nothing, warns of nothing, and is no swing."""
    t = np.arange(round(240.0 * sfreq)) / sfreq
    eda = (
        3.0
        + 0.4 * respond(t, 200.0, 0.5, 1.0, 4.0)
        + 0.002 * np.random.default_rng(1).standard_normal(len(t))
    )
    marred = eda.copy()
    marred[round(45.0 * sfreq)] = value
    plain, found = (feed(t, x, sfreq, seconds=240.0) for x in (eda, marred))
    rates = [
        [(r.time, r.value, r.quality) for r in rows if r.index == "scr_rate" and r.time > 120.0]
        for rows in (plain, found)
    ]
    assert rates[0] == rates[1] and all(np.isfinite(value) for _, value, _ in rates[0])
    assert any(value > 0.0 for _, value, _ in rates[0])
    assert not any(r.reason == SWINGS for r in found)
