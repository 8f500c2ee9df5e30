"""A low level that falls at once to a fraction of itself is an electrode; skin that is low keeps its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.contact import AGO, ANEW, KNOWN, OVER, Contact
from processing.skin.eda_quality import REASONS, Fault
from tests.processing.skin_signals import column, comparable, feed, respond

LOST = REASONS[Fault.LOST]


def lost_from(means: FloatArray) -> list[int]:
    """Return the seconds in which contact is lost, of one sample a second [µS]."""
    times = np.asarray(np.arange(len(means)) + 0.5, np.float64)
    return np.flatnonzero(Contact(0.05).push(times, means)).tolist()


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 32.0])
@pytest.mark.parametrize(("level", "left"), [(0.3, 0.08), (0.6, 0.2), (2.0, 0.1)])
@pytest.mark.parametrize("takes", [0.1, 3.0])
def test_what_an_electrode_leaves_is_no_level(sfreq: float, level: float, left: float, takes: float) -> None:
    t = np.arange(240 * sfreq) / sfreq
    off = np.clip((t - 80.0) / takes, 0.0, 1.0) - np.clip((t - 160.0) / 0.1, 0.0, 1.0)
    x = level + respond(t, 30.0, 0.5 * level) + off * (left - level)
    x = x + 0.001 * np.random.default_rng(1).standard_normal(len(t))
    rows = feed(t, x, sfreq)
    assert comparable(feed(t, x, sfreq, cuts=np.arange(70.0, 180.0, 1.3).tolist())) == comparable(rows)
    levels = [r for r in rows if r.index == "scl"]
    inside = [r for r in levels if 80.0 + takes <= r.time <= 160.0]
    assert inside and all(np.isnan(r.value) for r in inside)
    assert all(r.reason == LOST for r in inside if r.time >= 90.0)
    there = [r.value for r in levels if 10.0 <= r.time <= 70.0 or r.time >= 176.0]
    assert len(there) > 100 and min(there) > 0.9 * level
    np.testing.assert_allclose(column(rows, "scr")[0], [32.0], atol=0.6)


def test_skin_that_is_low_or_falls_slowly_or_was_held_up_by_responses_keeps_its_level() -> None:
    t = np.arange(0.0, 600.0, 0.25)
    noise = 0.001 * np.random.default_rng(2).standard_normal(len(t))
    drying = 0.08 + 0.6 * np.exp(-t / 40.0)
    busy = 0.15 + np.sum([respond(t, on, 0.3, 1.0, 4.0) for on in np.arange(100.0, 200.0, 3.0)], axis=0)
    for x in (drying, busy):
        _, level = column(feed(t, x + noise, 4.0), "scl")
        assert np.isfinite(level[5:]).all()


@pytest.mark.parametrize(
    ("left", "seconds", "lost"), [(0.195, 3, True), (0.205, 9, False), (0.195, 2, False), (0.02, 3, True)]
)
def test_it_falls_below_forty_per_cent_for_two_seconds(left: float, seconds: int, lost: bool) -> None:
    means = np.full(60, 0.5)
    means[25 : 25 + seconds] = left
    assert lost_from(means) == ([27] if lost else [])


@pytest.mark.parametrize(("share", "seconds", "lost"), [(0.69, 3, True), (0.71, 9, False), (0.69, 2, False)])
def test_it_falls_beneath_all_that_it_read_for_two_seconds(share: float, seconds: int, lost: bool) -> None:
    """Where the skin conducted a third of a microsiemens, half of that is what an electrode leaves."""
    means = np.tile([0.3, 0.34, 0.5], 50)
    means[90 : 90 + seconds] = share * 0.3
    assert lost_from(means) == ([92] if lost else [])


def test_what_it_read_so_low_long_before_and_a_slow_fall_are_the_skins() -> None:
    assert lost_from(np.repeat([0.2, 0.35, 0.2], [12, 90, 60])) == [], "it stood there"
    assert lost_from(np.repeat([0.35, 0.2], [90, 60])) == list(range(92, 150))
    assert lost_from(0.4 * np.exp(-np.arange(300.0) / 40.0).clip(0.16)) == []


def test_beneath_all_it_touches_again_near_the_least_or_where_skin_responds() -> None:
    slowly = np.concatenate((np.full(50, 0.3), np.linspace(0.15, 0.26, 111)))
    assert lost_from(slowly) == list(range(52, 155)), "to 0.255 µS, 85 % of the least"
    means = np.concatenate(
        (np.full(50, 0.3), np.full(50, 0.15), 0.15 + 0.01 * np.arange(4), np.full(50, 0.15))
    )
    assert lost_from(means) == list(range(52, 104)), "30 nS within three seconds"


def test_a_level_that_was_higher_than_a_quarter_microsiemens_away_is_a_step() -> None:
    assert lost_from(np.repeat([2.0, 0.26], 40)) == []
    assert lost_from(np.repeat([2.0, 0.24], 40)) == list(range(42, 80))


def test_what_only_comes_back_from_a_pressed_wrist_is_not_lost() -> None:
    assert lost_from(np.repeat([0.2, 0.6, 0.2, 0.7, 0.18], 40)) == []
    assert lost_from(np.repeat([0.3, 0.7, 0.2], 40)) == list(range(82, 120))
    often = np.concatenate([np.repeat([0.7, 0.2], [25, 5])] * 15)
    assert lost_from(often) == [30 * k + 25 + s for k in range(15) for s in (2, 3, 4)], "it never stood there"


def test_it_touches_again_at_half_of_the_level_before() -> None:
    assert lost_from(np.repeat([0.5, 0.1, 0.24, 0.26], 40)) == list(range(42, 120))


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_what_was_off_or_silent_for_long_is_attached_anew(nothing: float) -> None:
    for seconds, lost in ((ANEW - 1, True), (ANEW + 1, False)):
        means = np.concatenate((np.repeat([0.5, 0.1], 40), np.full(seconds, nothing), np.full(20, 0.1)))
        assert (79 + seconds + 2 in lost_from(means)) == lost


def test_nothing_is_said_before_enough_of_the_level_is_known() -> None:
    for known in (KNOWN - 1, KNOWN):
        means = np.full(60, np.nan)
        means[OVER - known : OVER] = 0.5
        means[OVER + AGO - 1 : OVER + AGO + 1] = 0.1
        means[OVER + AGO + 1 :] = 0.1
        assert bool(lost_from(means)) == (known == KNOWN)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 960), max_size=12))
def test_any_chunking_loses_the_same_samples(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0.0, 240.0, 960))
    x = np.repeat(rng.choice([0.02, 0.1, 0.15, 0.5, 1.0, np.nan], 24), 40) * rng.uniform(0.9, 1.1, 960)
    whole, parts = Contact(0.05).push(t, x), Contact(0.05)
    at = sorted(cuts)
    pieces = [parts.push(a, b) for a, b in zip(np.split(t, at), np.split(x, at), strict=True)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
