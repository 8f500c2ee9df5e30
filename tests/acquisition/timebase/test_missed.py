"""Packets that never came are told from those that came late, though late by much of their length."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from acquisition.timebase.lay import lay
from acquisition.timebase.missed import HISTORY, Run
from tests.acquisition.timebase.stamped import PACKET, bursts, interval_errors, late_packets, stream

SFREQ = 130.0


KINDS = [("exponential", 0.15), ("exponential", 0.3), ("uniform", 0.5), ("uniform", 0.8)]


@pytest.mark.parametrize("size", [18, PACKET])
@pytest.mark.parametrize(("law", "share"), KINDS)
def test_packets_that_are_lost_among_late_ones_are_found(size: int, law: str, share: float) -> None:
    sent = late_packets(size, law, share, lost=True)
    found = lay(sent.stamps, SFREQ)
    places = np.array([loss.at for loss in found.account.losses])
    assert len(places) == len(sent.lost)
    assert np.abs(places - sent.lost).max() <= 2 * size
    assert {loss.samples for loss in found.account.losses} == {size}
    off = (found.times - sent.true) * 1e3
    apart = round(0.85 * SFREQ)
    steps = np.abs(off[apart:] - off[:-apart])[int(30.0 * SFREQ) :]
    assert np.nanquantile(steps, 0.9) < 12.0  # the others lie across a hole


@pytest.mark.parametrize("size", [18, PACKET])
@pytest.mark.parametrize(("law", "share"), KINDS)
def test_packets_that_are_late_by_much_of_their_length_are_no_loss(size: int, law: str, share: float) -> None:
    for seed in range(2):
        sent = late_packets(size, law, share, lost=False, seed=seed)
        found = lay(sent.stamps, SFREQ)
        assert not found.account.losses
        assert np.isnan(found.times).mean() < 0.02
        assert np.abs(interval_errors(sent, found)).max() < 15.0


@pytest.mark.parametrize("lost", [2.25, 1.5, 3.0])
def test_a_part_of_a_packet_more_is_no_whole_number_of_them(lost: float) -> None:
    sent = stream(bursts, seconds=60.0)
    begin, n = 60 * PACKET, round(lost * PACKET)
    true = np.delete(sent.true, np.arange(begin, begin + n))
    stamps = bursts(true, np.random.default_rng(0))
    losses = lay(stamps, SFREQ).account.losses
    assert [round(loss.seconds * SFREQ / PACKET, 1) for loss in losses] == [pytest.approx(lost, abs=0.1)]


def test_a_rate_learned_from_packets_that_came_two_at_once_is_forgotten() -> None:
    """The first of all late by half a second: they seem to come at twice their rate."""
    sent = stream(bursts)
    packet = np.arange(len(sent.true)) // PACKET
    arrivals = sent.stamps[np.minimum((packet + 1) * PACKET - 1, len(packet) - 1)]
    pairs = np.minimum(((packet - 1) // 2 * 2 + 3) * PACKET - 1, len(packet) - 1)
    stamps = np.where(packet < 14, sent.stamps[pairs], arrivals) + np.arange(len(packet)) * 8e-9
    stamps[packet == 0] = arrivals[0] + 0.53
    found = lay(stamps, SFREQ)
    assert len(found.account.losses) <= 1
    assert not np.isnan(found.times).any()
    assert np.abs(interval_errors(sent, found, after=25.0)).max() < 6.0


def test_what_packets_say_adds_up_until_it_is_enough() -> None:
    rng = np.random.default_rng(0)
    usual: FloatArray = rng.exponential(0.3, HISTORY)
    run = Run()
    assert run.begin(usual, 1.0)
    told = [run.add(1.0 + late) for late in rng.exponential(0.3, 6)]
    assert told[0] == 0.0 and 1.0 in told
    for late in rng.exponential(0.3, 50):
        run.end()
        assert run.add(late) == 0.0
    assert not run.begin(rng.exponential(1.0, HISTORY), 1.0), "late by more than a packet they tell nothing"
