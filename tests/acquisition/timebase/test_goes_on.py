"""Packets whose line goes on at a rate that is none have no place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.timebase.lay import lay
from acquisition.timebase.missed import goes_on, is_saw
from tests.acquisition.timebase.stamped import PACKET, Push, bursts, changed_rate, deduced, stream
from tests.acquisition.timebase.test_timebase import pushed
from tests.drawing import few


@pytest.mark.parametrize("off", [0.0, 0.002, -0.002, 0.012, -0.012])
@pytest.mark.parametrize("length", [0.1, 0.56, 2.0])
def test_packets_tell_the_rate_by_those_that_are_late_least(off: float, length: float) -> None:
    rng, n = np.random.default_rng(0), 600
    counts = np.arange(1.0, n + 1.0) * round(130 * length)
    wait = 0.02 + rng.uniform(0.0, 0.03, n)
    wait[rng.random(n) < 0.1] += 0.7 * length
    line = np.stack((counts, 100.0 + counts / 130.0 * (1.0 + off) + wait))
    assert goes_on(line, 1.0 / 130.0, length) is (abs(off) < 0.005)
    assert goes_on(line[:, :10], 1.0 / 130.0, length)


@pytest.mark.parametrize("push", [bursts, deduced(130.0)])
@pytest.mark.parametrize("seed", range(3))
def test_packets_that_go_on_as_they_did_all_have_a_place(push: Push, seed: int) -> None:
    sent = stream(push, seed=seed, off=0.003)
    found = lay(sent.stamps, sent.sfreq)
    assert np.isfinite(found.times).all()
    assert not found.account.lines()


@pytest.mark.parametrize("change", [0.02, -0.02])
def test_a_change_of_rate_that_is_not_seen_gives_no_wrong_intervals(change: float) -> None:
    sent = changed_rate(bursts, change, seconds=180.0)
    times, _, _ = pushed(sent.stamps, None, sent.sfreq, [10**6])
    apart = round(0.85 * sent.sfreq)
    errors = 1e3 * ((times[apart:] - times[:-apart]) - (sent.true[apart:] - sent.true[:-apart]))
    later = errors[sent.true[:-apart] > 180.0]
    assert np.nanmax(np.abs(later)) < 6.0


@few(10)
@given(
    seed=st.integers(0, 10**6),
    by=st.sampled_from([0.3, 1.0]),
    cuts=st.lists(st.integers(1, 3 * PACKET), min_size=1, max_size=5),
)
def test_what_has_no_place_does_not_depend_on_pieces(seed: int, by: float, cuts: list[int]) -> None:
    sent = stream(bursts, seed=seed, seconds=90.0)
    stamps = sent.stamps + by * (np.floor(sent.true / 4.0) % 2)
    whole, cut = (pushed(stamps, None, 130.0, c) for c in ([10**6], cuts))
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert np.array_equal(whole[1], cut[1]) and whole[2] == cut[2]


def test_intervals_on_packets_that_are_slightly_off_stay() -> None:
    sent = stream(bursts, off=0.005)
    times, _, _ = pushed(sent.stamps, None, sent.sfreq, [10**6])
    assert np.isfinite(times).all()
    assert np.std((times - sent.true)[15 * 130 :]) < 0.01


@pytest.mark.parametrize("every", [4.0, 7.0])
@pytest.mark.parametrize("by", [0.3, -0.3])
def test_a_clock_set_the_same_way_again_and_again_gives_few_wrong_intervals(by: float, every: float) -> None:
    """Line and packets go on alike, at a rate that is none: of 7 s half of the intervals were wrong."""
    sent = stream(bursts)
    found = lay(sent.stamps + by * np.floor((sent.true - sent.true[0]) / every), sent.sfreq)
    apart = round(0.85 * sent.sfreq)
    errors = 1e3 * ((found.times[apart:] - found.times[:-apart]) - (sent.true[apart:] - sent.true[:-apart]))
    late = errors[round(60.0 * sent.sfreq) :]
    assert (np.abs(late) > 5.0).mean() < 0.15


@pytest.mark.parametrize("period", [8.0, 15.0, 40.0])
@pytest.mark.parametrize("interval", [0.0075, 0.03, 0.05])
def test_a_radio_whose_interval_nearly_divides_a_packet_costs_no_place(
    interval: float, period: float
) -> None:
    """Lateness is a saw then, too, as high as the interval is long, and the line through it is right."""
    rng, ends = np.random.default_rng(0), 1000.0 + np.arange(1, 320) * PACKET / 130.0
    came = ends + 0.003 + interval * ((ends / period) % 1.0) + rng.exponential(0.001, len(ends))
    stamps = (came[:, np.newaxis] + 8e-6 * np.arange(PACKET)).ravel()
    assert not np.isnan(lay(stamps, 130.0).times).any()


@pytest.mark.parametrize("every", [5.0, 10.0, 20.0])
def test_a_clock_that_is_set_to_and_fro_among_packets_leaves_the_line_true(every: float) -> None:
    rng, ends = np.random.default_rng(1), np.arange(1.0, 60.0) * PACKET
    stamps = 1000.0 + ends / 130.0 + rng.uniform(0.0, 0.02, len(ends))
    stamps += 0.3 * (np.floor(ends / 130.0 / every) % 2)
    assert not is_saw(np.stack((ends, stamps)), 1.0 / 130.0)
