"""After a gap a filter of the device settles or rings: that tells no level and no responses; skin does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.eda_quality import REASONS, Fault
from processing.skin.found import Stretch
from processing.skin.settling import SettlingFinder
from tests.processing.skin_signals import column, comparable, eda_with, feed, respond

SETTLES = REASONS[Fault.SETTLES]
GAP = (60.0, 62.0)


def settles(t: FloatArray, x: FloatArray, sfreq: float, cuts: list[int] | None = None) -> list[Stretch]:
    """Return where a signal is said to settle."""
    finder, out, at = SettlingFinder(sfreq), list[Stretch](), sorted(cuts or [])
    for tt, xx in zip(np.split(t, at), np.split(x, at), strict=True):
        out += finder.push(tt, xx)
    return out


def begun_anew(
    sfreq: float, off: float, constant: float, frequency: float = 0.0, phase: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return two minutes of skin with a gap, after which a filter is off by so much at first [µS]."""
    t, x = eda_with(120.0, sfreq)
    there = (t < GAP[0]) | (t >= GAP[1])
    late = np.maximum(t - GAP[1], 0.0)
    wave = off * np.exp(-late / constant) * np.cos(2.0 * np.pi * frequency * late + phase)
    return t[there], (x + np.where(t >= GAP[1], wave, 0.0))[there]


@pytest.mark.parametrize("sfreq", [4.0, 10.0, 25.0, 128.0])
@pytest.mark.parametrize("constant", [0.7, 2.0, 6.0])
def test_what_comes_up_from_below_all_that_was_before_the_gap_settles(sfreq: float, constant: float) -> None:
    one = settles(*begun_anew(sfreq, -0.8, constant), sfreq)[-1]
    assert one.start == pytest.approx(GAP[1], abs=1.0 / sfreq)
    assert one.known < GAP[1] + 5.0
    left = 0.8 * np.exp(-(one.stop - GAP[1]) / constant)
    assert 0.005 < left < 0.06


@pytest.mark.parametrize("sfreq", [4.0, 10.0, 25.0, 128.0])
@pytest.mark.parametrize("frequency", [0.5, 0.7, 1.1])
def test_what_rings_and_dies_away_settles(sfreq: float, frequency: float) -> None:
    for phase in (0.0, 2.0, 4.0):
        one = settles(*begun_anew(sfreq, 0.6, 2.5, frequency, phase), sfreq)[-1]
        assert one.known < GAP[1] + 5.0
        assert 5.0 < one.stop - GAP[1] < 12.0


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_there_is_no_level_and_no_response_while_it_settles(sfreq: float) -> None:
    for frequency in (0.0, 0.5):
        out = feed(*begun_anew(sfreq, -1.0, 3.0, frequency), sfreq, seconds=120.0)
        peaks, _ = column(out, "scr")
        assert not np.any((peaks > GAP[0]) & (peaks < GAP[1] + 8.0))
        said = {s.time: s for s in out if s.index == "scl"}
        assert all(np.isnan(said[t].value) and said[t].reason == SETTLES for t in (66.0, 68.0))
        quality = {s.time: s for s in out if s.index == "eda_quality"}
        assert all(quality[t].value == 0.0 and quality[t].reason == SETTLES for t in (63.0, 66.0, 69.0))
        assert said[85.0].value == pytest.approx(5.0, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([4.0, 25.0]),
    st.floats(0.3, 12.0),
    st.floats(-3.0, 5.0),
    st.floats(0.05, 1.0),
    st.floats(1.0, 3.0),
    st.floats(2.0, 10.0),
)
def test_a_response_about_a_plain_gap_is_skin(
    sfreq: float, gap: float, onset: float, height: float, rise: float, half: float
) -> None:
    t, x = eda_with(120.0, sfreq, (20.0,), (0.3,))
    x += respond(t, 60.0 + gap + onset, height, rise, half)
    there = (t < 60.0) | (t >= 60.0 + gap)
    assert settles(t[there], x[there], sfreq) == []


def test_a_level_that_swings_on_does_not_settle() -> None:
    t, x = eda_with(120.0, 25.0)
    there = (t < GAP[0]) | (t >= GAP[1])
    for frequency in (0.25, 0.5, 1.2):
        swung = x + 0.2 * np.sin(2.0 * np.pi * frequency * t)
        assert settles(t[there], swung[there], 25.0) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.0, 120.0), max_size=6), st.sampled_from([4.0, 25.0]), st.booleans())
def test_cuts_do_not_matter(cuts: list[float], sfreq: float, wave: bool) -> None:
    t, x = begun_anew(sfreq, -0.7, 1.5, 0.6 if wave else 0.0)
    whole = settles(t, x, sfreq)
    assert whole and settles(t, x, sfreq, np.searchsorted(t, cuts).tolist()) == whole
    live = feed(t, x, sfreq, cuts=cuts, seconds=120.0)
    assert comparable(live) == comparable(feed(t, x, sfreq, seconds=120.0))
