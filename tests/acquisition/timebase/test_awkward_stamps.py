"""Stamps that are missing, slip or jump in awkward places are laid rightly, and alike in any pieces."""

from __future__ import annotations

import time

import numpy as np
import pytest

from acquisition.stream import FloatArray
from acquisition.timebase.lay import lay
from acquisition.timebase.manner import Manner
from acquisition.timebase.missed import Run
from tests.acquisition.timebase.stamped import Push, deduced, even, jittered, rounded, stream
from tests.acquisition.timebase.test_timebase import pushed

PIECES = ([1], [13, 500, 1, 77], [7])


def same_in_pieces(stamps: FloatArray, arrivals: FloatArray | None, says: float) -> tuple[FloatArray, str]:
    """Return times and what is told, the same in any pieces."""
    whole = pushed(stamps, arrivals, says, [10**6])
    for cuts in PIECES:
        cut = pushed(stamps, arrivals, says, cuts)
        assert np.array_equal(whole[0], cut[0], equal_nan=True)
        assert np.array_equal(whole[1], cut[1])
        assert whole[2] == cut[2]
    return whole[0], whole[2]


@pytest.mark.parametrize(("push", "most"), [(even, 1e-6), (rounded, 1e-4), (jittered(0.003), 3.0)])
def test_samples_before_the_first_stamp_are_counted_back(push: Push, most: float) -> None:
    """`most` is in ms, from the times that all stamps give."""
    sent = stream(push, seconds=30.0)
    stamps = sent.stamps.copy()
    stamps[:65] = np.nan
    found, whole = lay(stamps, sent.sfreq), lay(sent.stamps, sent.sfreq)
    assert 1e3 * np.abs(found.times - whole.times).max() < most
    assert found.account.segments == 1
    assert not found.account.losses


def test_one_missing_stamp_does_not_make_rounded_ones_uneven() -> None:
    sent = stream(rounded, seconds=20.0)
    stamps = sent.stamps.copy()
    stamps[100] = np.nan
    found = lay(stamps, sent.sfreq)
    assert found.account.manner is Manner.JITTER
    assert np.abs(found.times - lay(sent.stamps, sent.sfreq).times).max() < 1e-5


def test_missing_stamps_among_deduced_ones_end_no_packet() -> None:
    sent = stream(deduced(130.0), seconds=60.0)
    stamps = sent.stamps.copy()
    for at in range(700, len(stamps) - 9, 400):  # some of them at the end of a packet
        stamps[at : at + 5] = np.nan
    off = 1e3 * (lay(stamps, sent.sfreq).times - lay(sent.stamps, sent.sfreq).times)
    assert np.abs(off).max() < 1.0


@pytest.mark.parametrize("scale", [1.0, 1e9])
def test_a_stream_without_stamps_goes_on_from_its_last(scale: float) -> None:
    """As where milliseconds are sent for seconds from somewhere on, or nothing."""
    sent = stream(even, seconds=14.0)
    stamps = sent.stamps.copy()
    stamps[1000:] = stamps[1000:] * scale if scale > 1.0 else np.nan
    for arrivals in (None, sent.true):
        times, _ = same_in_pieces(stamps, arrivals, sent.sfreq)
        assert np.abs(times - sent.true).max() < 1e-6


@pytest.mark.parametrize("missing", [450, 520, 600])
def test_missing_stamps_after_packets_with_one_stamp_are_the_same_in_any_pieces(missing: int) -> None:
    """What is known of the period grows between the beginning of the manner and the stamp."""
    at = np.arange(700)
    true = 100.0 + at / 4.0
    stamps = np.where(at < 250, np.where(at % 9 == 8, true + 0.01, np.nan), np.round(true, 1))
    stamps[missing], stamps[missing + 7] = np.nan, np.inf
    same_in_pieces(stamps, None, 8.0)


@pytest.mark.parametrize("after", [3.2, 3.5])
def test_jumps_are_told_in_their_order_in_any_pieces(after: float) -> None:
    """A clock that is set anew and, seconds later, back by a second, as the first samples are laid."""
    fast, slow = stream(jittered(0.003), seconds=20.0), stream(jittered(0.003), sfreq=65.0, seconds=20.0)
    back = np.where(slow.true < 100.0 + after, 40.0, 39.0)
    stamps = np.concatenate((fast.stamps, slow.stamps + back))
    _, told = same_in_pieces(stamps, np.concatenate((fast.true, slow.true + 20.0)), 130.0)
    assert told.index("jump by +20 s") < told.index("jump by -0.99")


def test_jumps_within_jumps_are_settled_by_what_came_last() -> None:
    true = 100.0 + np.arange(30 * 130) / 130.0
    rng, stamps = np.random.default_rng(13), true.copy()
    for at in np.sort(rng.integers(500, 3900, 6)):
        stamps[at:] += rng.choice([-8.0, 8.0, 20.0, -20.0, 1e5, -1e5])
    pushed(stamps, None, 130.0, [13])  # which looks at that


def test_even_stamps_that_wait_while_the_period_becomes_another_are_settled_later() -> None:
    """At a long step one more sample is waited for; with the longer period of that look it is none."""
    for at in range(86, 93):
        steps = np.where(np.arange(150) < 60, 0.1, 0.15)
        steps[at] = 0.2
        pushed(100.0 + np.cumsum(steps), None, 10.0, [1])  # which looks at that


def test_stamps_that_slip_again_and_again_cost_the_same_before_however_many_more() -> None:
    """Two streams in one: every other stamp is far off, and all that follow were looked through at each."""
    true = 100.0 + np.arange(1500) / 130.0
    stamps = np.stack((true, true + 1e5), axis=1).ravel()
    costs = []
    for n in (1, 400_000):
        begin = time.process_time()
        lay(np.append(stamps, true[-1] + np.arange(1, n + 1) / 130.0), 260.0)
        costs.append(time.process_time() - begin)
    assert costs[1] < 2.0 * costs[0] + 0.5


def test_packets_of_almost_no_length_are_not_weighed() -> None:
    """Else a million of them might be missing, and each is reckoned with."""
    assert not Run().begin(np.zeros(30), 1e-5)


@pytest.mark.parametrize("says", [130.0, 250.0])
def test_long_packets_whose_stamps_are_deduced_are_laid_on_a_line(says: float) -> None:
    """Packets of two seconds: a second, in which even stamps are looked at, holds the end of one at most."""
    sfreq, size = 130.0, 260
    true = 100.0 + np.arange(round(120.0 * sfreq)) / sfreq
    packet = np.arange(len(true)) // size
    came = true[size - 1 :: size] + np.random.default_rng(3).uniform(0.02, 0.05, len(true) // size)
    stamps = came[packet] - (size - 1 - np.arange(len(true)) % size) / says
    kept = ~np.isin(packet, [25, 35, 45])
    found = lay(stamps, says)
    off = 1e3 * (found.times - true)[round(60.0 * sfreq) :]
    assert np.abs(off[110:] - off[:-110]).max() < 1.0
    found = lay(stamps[kept], says)
    late = [loss for loss in found.account.losses if loss.at > 30.0 * sfreq]
    assert [round(loss.samples) for loss in late] == [size] * 3
    assert [loss.at for loss in late] == [25 * size, 34 * size, 43 * size]
    whole, cut = (pushed(stamps, true, says, cuts) for cuts in ([10**6], [13, 500, 1, 77]))
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert whole[2] == cut[2]


@pytest.mark.parametrize("size", [10, 20, 50, 100, 250])
def test_late_chunks_are_told_though_rounding_makes_all_steps_whole(size: int) -> None:
    """At 1000 Hz a chunk that is late by whole milliseconds looks like samples lost, and out of order."""
    rng, true = np.random.default_rng(size), 1000.0 + np.arange(60_000) / 1000.0
    late = np.maximum.accumulate(
        true[size - 1 :: size] + rng.uniform(0.02, 0.03, len(true[size - 1 :: size]))
    )
    stamps = (late[:, None] - np.arange(size)[::-1] / 1000.0).ravel()
    found = lay(np.round(stamps, 3), 1000.0)
    assert found.account.manner in (Manner.JITTER, Manner.PACKETS)
    assert not found.account.losses
    assert found.account.segments == 1
    beats = found.times[15_000::800]
    assert np.abs(np.diff(beats) - 0.8).max() < 0.001


@pytest.mark.parametrize("seed", range(4))
def test_samples_lost_and_chunks_overtaken_are_no_packets(seed: int) -> None:
    """Each sample has a place of its own then, however many places are left empty."""
    rng, order = np.random.default_rng(seed), np.arange(60_000)
    for at in range(3000, 55_000, 1500):
        size = int(rng.integers(100, 400))
        order[at : at + 2 * size] = np.roll(order[at : at + 2 * size], size)
    keep = np.ones(len(order), np.bool_)
    for at in rng.integers(1000, 59_000, 200):
        keep[at : at + int(rng.integers(1, 30))] = False
    found = lay(np.round(1000.0 + order[keep] / 1000.0, 3), 1000.0)
    assert found.account.manner is Manner.EXACT


@pytest.mark.parametrize("off", [0.0005, 0.003, -0.003, 0.01])
@pytest.mark.parametrize("sfreq", [100.0, 250.0, 500.0, 1000.0])
def test_rounded_stamps_are_no_packets_where_samples_are_lost(sfreq: float, off: float) -> None:
    """A step of 3 ms came among those of 4 at times; a third of the samples had no place, with losses."""
    rng = np.random.default_rng(1)
    true = 1000.0 + np.arange(int(120 * sfreq)) / (sfreq * (1.0 + off))
    chunk = np.arange(len(true)) // int(0.1 * sfreq)
    true = true[(rng.random(chunk[-1] + 1) > 0.01)[chunk]]
    found = lay(np.round(true, 3), sfreq)
    assert np.abs(found.times - true).max() < 0.0025
    assert not found.account.unplaced
    assert found.account.segments == 1


@pytest.mark.parametrize("off", [0.001, 0.003, 0.01])
def test_stamps_rounded_to_a_whole_step_lie_on_a_line(off: float) -> None:
    """A stamp that comes twice now and then was taken as it stood, 4 ms off."""
    true = 1000.0 + np.arange(30_000) / (250.0 * (1.0 + off))
    found = lay(np.round(true / 0.004) * 0.004, 250.0)
    beats = found.times[3750::200]
    assert np.abs(np.diff(beats) - 0.8 / (1.0 + off)).max() < 0.0015


@pytest.mark.parametrize("off", [-0.005, -0.002, -0.001, 0.003])
@pytest.mark.parametrize("sfreq", [100.0, 250.0, 500.0])
def test_rounding_leaves_no_step_that_looks_as_if_a_sample_was_missing(sfreq: float, off: float) -> None:
    """At 500 Hz a step of 3 ms is no whole number of samples: intervals across it had no value."""
    true = 1000.0 + np.arange(int(60 * sfreq)) / (sfreq * (1.0 + off))
    found = lay(np.round(true, 3), sfreq)
    assert np.diff(found.times[int(5 * sfreq) :]).max() < 1.4 / sfreq
